//! A Debian package: programs, unit, configuration, manual pages and completions, put together with `dpkg-deb`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

const PROGRAMS: [&str; 2] = ["capture", "analyze"];

/// What dpkg runs.
const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

/// Builds the programs, unless they are `built` already, and the package; prints where it is.
pub(crate) fn run(root: &Path, built: bool) -> Result<()> {
    if !built {
        let packages = ["-p", "afterimage-capture", "-p", "afterimage-analyze"];
        process::run(
            Command::new("cargo")
                .args(["build", "--release"])
                .args(packages)
                .current_dir(root),
        )?;
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let stage = target.join("deb");
    if stage.exists() {
        fs::remove_dir_all(&stage).context("cannot clear the folder of the package")?;
    }
    for program in PROGRAMS {
        let built = target.join("release").join(program);
        let installed = stage.join("usr/bin").join(program);
        install(&built, &installed, 0o755)?;
        // Two thirds of it are for debuggers.
        process::run_quietly(Command::new("strip").arg("--strip-debug").arg(&installed))?;
        let pages = stage.join("usr/share/man/man1");
        fs::create_dir_all(&pages)?;
        // Only the recorder writes its pages by itself.
        if program == "capture" {
            process::run_quietly(Command::new(&built).arg("man").arg("-o").arg(&pages))?;
        }
        let bash = process::output(Command::new(&built).args(["completions", "bash"]))?;
        write(
            &stage.join("usr/share/bash-completion/completions").join(program),
            &bash,
        )?;
        let zsh = process::output(Command::new(&built).args(["completions", "zsh"]))?;
        write(
            &stage
                .join("usr/share/zsh/vendor-completions")
                .join(format!("_{program}")),
            &zsh,
        )?;
        let fish = process::output(Command::new(&built).args(["completions", "fish"]))?;
        write(
            &stage
                .join("usr/share/fish/vendor_completions.d")
                .join(format!("{program}.fish")),
            &fish,
        )?;
    }
    let unit = root.join("packaging/afterimage-agent.service");
    install(
        &unit,
        &stage.join("usr/lib/systemd/system/afterimage-agent.service"),
        0o644,
    )?;
    install(
        &root.join("capture/src/agent/config/default.toml"),
        &stage.join("etc/afterimage/agent.toml"),
        0o640,
    )?;
    for document in ["LICENSE-MIT", "LICENSE-APACHE", "docs/operate.md"] {
        let name = Path::new(document).file_name().unwrap_or_default();
        install(
            &root.join(document),
            &stage.join("usr/share/doc/afterimage").join(name),
            0o644,
        )?;
    }
    write(
        &stage.join("usr/share/doc/afterimage/copyright"),
        "Afterimage is licensed under either of the Apache License, Version 2.0 (LICENSE-APACHE), or the MIT license (LICENSE-MIT), at\n\
         your option. Both are in this folder.\n",
    )?;
    let pages = stage.join("usr/share/man/man1");
    for page in fs::read_dir(&pages)?.flatten() {
        process::run_quietly(Command::new("gzip").arg("-9n").arg(page.path()))?;
    }
    for script in SCRIPTS {
        let from = root.join("packaging/debian").join(script);
        install(&from, &stage.join("DEBIAN").join(script), 0o755)?;
    }
    write(&stage.join("DEBIAN/conffiles"), "/etc/afterimage/agent.toml\n")?;
    let (version, arch) = (
        env!("CARGO_PKG_VERSION"),
        process::output(Command::new("dpkg").arg("--print-architecture"))?,
    );
    // Linked with this one, they run with it and later ones.
    let libc = process::output(Command::new("dpkg-query").args(["--show", "--showformat=${Version}", "libc6"]))?;
    let libc = libc.split('-').next().unwrap_or_default();
    write(&stage.join("DEBIAN/control"), &control(version, arch.trim(), libc))?;
    let package = target.join(format!("afterimage_{version}_{}.deb", arch.trim()));
    process::run_quietly(
        Command::new("dpkg-deb")
            .args(["--build", "--root-owner-group"])
            .arg(&stage)
            .arg(&package),
    )?;
    println!("{}", package.strip_prefix(root).unwrap_or(&package).display());
    Ok(())
}

fn control(version: &str, arch: &str, libc: &str) -> String {
    format!(
        "Package: afterimage\nVersion: {version}\nArchitecture: {arch}\nMaintainer: Afterimage\nSection: admin\nPriority: optional\n\
         Depends: libc6 (>= {libc}), libgcc-s1, procps\nDescription: flight recorder for Linux containers\n\
         \x20capture records what containers do with eBPF, into traces that outlive them; its agent keeps the last minutes\n\
         \x20and makes a capture of them when an alert comes. analyze opens the traces.\n"
    )
}

fn install(from: &Path, to: &Path, mode: u32) -> Result<()> {
    let parent = to.parent().context("a file without a folder")?;
    fs::create_dir_all(parent)?;
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    fs::set_permissions(to, fs::Permissions::from_mode(mode))?;
    Ok(())
}

fn write(to: &Path, text: &str) -> Result<()> {
    fs::create_dir_all(to.parent().context("a file without a folder")?)?;
    fs::write(to, text).with_context(|| format!("cannot write {}", to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_description_is_one() {
        let control = control("1.2.3", "amd64", "2.36");
        assert!(control.contains("Version: 1.2.3\nArchitecture: amd64\n"));
        assert!(
            control.lines().all(|line| line.starts_with(' ') || line.contains(": ")),
            "{control}"
        );
    }
}
