//! The kernels: those of the distribution, downloaded with its own tools.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::machine::{ARM64, Machine, X86_64};
use crate::workspace;

/// A kernel to test on.
pub(crate) struct Kernel {
    /// Its series, and its machine where that is not x86-64.
    pub(crate) name: &'static str,
    /// What it runs on.
    pub(crate) machine: &'static Machine,
    /// Debian's package that depends on the newest one of the series.
    package: &'static str,
}

/// The oldest that is supported, and the one between that and what most machines run.
pub(crate) const KERNELS: [Kernel; 4] = [
    Kernel {
        name: "6.1",
        machine: &X86_64,
        package: "linux-image-cloud-amd64",
    },
    Kernel {
        name: "6.12",
        machine: &X86_64,
        package: "linux-image-6.12-cloud-amd64",
    },
    Kernel {
        name: "6.1-arm64",
        machine: &ARM64,
        package: "linux-image-cloud-arm64",
    },
    Kernel {
        name: "6.12-arm64",
        machine: &ARM64,
        package: "linux-image-6.12-cloud-arm64",
    },
];

impl Kernel {
    /// The image to boot, downloaded once.
    pub(crate) fn fetch(&self, root: &Path) -> Result<PathBuf> {
        let package = self.newest(root)?;
        let folder = workspace::target_dir(root).join("vm/kernels");
        let image = folder.join(&package);
        if image.is_file() {
            return Ok(image);
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        println!("xtask: downloading {package}");
        let unpacked = tempfile::tempdir_in(&folder)?;
        self.machine.apt(root)?.download(&package, unpacked.path())?;
        let version = package.trim_start_matches("linux-image-");
        let found = unpacked.path().join("boot").join(format!("vmlinuz-{version}"));
        fs::rename(&found, &image).with_context(|| format!("{package} has no {}", found.display()))?;
        Ok(image)
    }

    /// The package with a version in its name that the kernel's package stands for.
    fn newest(&self, root: &Path) -> Result<String> {
        let apt = self.machine.apt(root)?;
        let image = || {
            let names = apt.dependencies(self.package).unwrap_or_default();
            names.into_iter().find(|name| name.starts_with("linux-image-"))
        };
        if let Some(found) = image() {
            return Ok(found);
        }
        // No package lists, or old ones.
        apt.update()?;
        image().with_context(|| format!("{} depends on no kernel image", self.package))
    }
}
