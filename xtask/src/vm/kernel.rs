//! The kernels: those of the distribution, downloaded with its own tools.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{packages, process, workspace};

/// A kernel to test on.
pub(crate) struct Kernel {
    /// Its series.
    pub(crate) name: &'static str,
    /// Debian's package that depends on the newest one of the series.
    package: &'static str,
}

/// The oldest that is supported, and the one between that and what most machines run.
pub(crate) const KERNELS: [Kernel; 2] = [
    Kernel {
        name: "6.1",
        package: "linux-image-cloud-amd64",
    },
    Kernel {
        name: "6.12",
        package: "linux-image-6.12-cloud-amd64",
    },
];

impl Kernel {
    /// The image to boot, downloaded once.
    pub(crate) fn fetch(&self, root: &Path) -> Result<PathBuf> {
        let package = newest(self.package)?;
        let folder = workspace::target_dir(root).join("vm/kernels");
        let image = folder.join(&package);
        if image.is_file() {
            return Ok(image);
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        println!("xtask: downloading {package}");
        let unpacked = tempfile::tempdir_in(&folder)?;
        packages::download(&package, unpacked.path())?;
        let version = package.trim_start_matches("linux-image-");
        let found = unpacked.path().join("boot").join(format!("vmlinuz-{version}"));
        fs::rename(&found, &image).with_context(|| format!("{package} has no {}", found.display()))?;
        Ok(image)
    }
}

/// The package with a version in its name that `package` stands for.
fn newest(package: &str) -> Result<String> {
    let depends = || process::output(Command::new("apt-cache").args(["depends", package]));
    let said = match depends() {
        Ok(said) if dependency(&said).is_some() => said,
        // No package lists, or old ones.
        _ => {
            packages::update()?;
            depends()?
        }
    };
    dependency(&said).with_context(|| format!("{package} depends on no kernel image"))
}

/// Reads `  Depends: linux-image-6.1.0-44-cloud-amd64`.
fn dependency(said: &str) -> Option<String> {
    let mut names = said.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    names.find(|name| name.starts_with("linux-image-")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meta_package_names_the_image() {
        let said = "linux-image-6.12-cloud-amd64\n  Depends: linux-image-6.12.117+deb12-cloud-amd64\n";
        assert_eq!(
            dependency(said).as_deref(),
            Some("linux-image-6.12.117+deb12-cloud-amd64")
        );
        assert_eq!(dependency("linux-image-amd64\n"), None);
    }
}
