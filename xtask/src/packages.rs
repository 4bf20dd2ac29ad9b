//! Programs that the work needs from the distribution: installed from Debian by name where that is possible.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::apt::Apt;
use crate::process;

/// Something needed, and the Debian package that has it.
#[derive(Clone, Copy)]
pub(crate) struct Need {
    /// Debian's name of the package.
    pub(crate) package: &'static str,
    /// A program whose presence is enough, wherever it came from; None: only the package itself will do.
    pub(crate) program: Option<&'static str>,
}

impl Need {
    /// A program by the package that has it.
    pub(crate) const fn program(program: &'static str, package: &'static str) -> Self {
        Self {
            package,
            program: Some(program),
        }
    }

    /// A package that brings no program of its own.
    pub(crate) const fn package(package: &'static str) -> Self {
        Self { package, program: None }
    }

    fn is_met(&self) -> bool {
        match self.program {
            Some(program) => process::find(program).is_some(),
            None => is_installed(self.package),
        }
    }
}

/// Makes sure that everything in `needs` is there; `purpose` completes "needed for …".
///
/// Installs what is missing as root with apt-get; otherwise the error names the command to run.
pub(crate) fn ensure(needs: &[Need], purpose: &str) -> Result<()> {
    let missing: Vec<&str> = needs
        .iter()
        .filter(|need| !need.is_met())
        .map(|need| need.package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if process::find("apt-get").is_none() {
        bail!(
            "{purpose} needs programs that are missing here: {names} (Debian's package names). \
             There is no apt-get on this machine: install them with its own package manager"
        );
    }
    if !process::is_root() {
        bail!("{purpose} needs: {names}. Install with: sudo apt-get install --no-install-recommends {names}");
    }
    println!("xtask: installing from the distribution, for {purpose}: {names}");
    install(&missing)
}

/// Package lists on a new machine are absent, on an old one they may name versions that are gone.
fn install(packages: &[&str]) -> Result<()> {
    if !has_package_lists(Path::new("/var/lib/apt/lists")) {
        Apt::native().update()?;
        return try_install(packages);
    }
    if try_install(packages).is_ok() {
        return Ok(());
    }
    Apt::native().update()?;
    try_install(packages)
}

fn has_package_lists(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    entries
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().contains("_Packages"))
}

fn try_install(packages: &[&str]) -> Result<()> {
    let mut apt = Command::new("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    apt.args(["install", "-y", "-q", "--no-install-recommends"])
        .args(packages);
    process::run_quietly(&mut apt)
}

fn is_installed(package: &str) -> bool {
    let mut query = Command::new("dpkg-query");
    query.args(["-W", "-f=${Status}", package]);
    process::output(&mut query).is_ok_and(|status| status == "install ok installed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_on_the_path_meets_the_need_whatever_package_it_came_from() {
        assert!(Need::program("sh", "no-such-package").is_met());
        assert!(!Need::program("no-such-program-anywhere", "dash").is_met());
    }

    #[test]
    fn package_lists_are_recognised_by_their_names() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_package_lists(folder.path()));
        fs::write(folder.path().join("lock"), "").unwrap();
        assert!(!has_package_lists(folder.path()));
        fs::write(folder.path().join("deb_dists_bookworm_main_binary-amd64_Packages"), "").unwrap();
        assert!(has_package_lists(folder.path()));
        assert!(!has_package_lists(&folder.path().join("absent")));
    }
}
