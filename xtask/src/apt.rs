//! Packages that are downloaded and unpacked without being installed: no service is started, nothing outside changes.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// The distribution's archive, for one architecture.
pub(crate) struct Apt {
    options: Vec<String>,
}

impl Apt {
    /// For the architecture of this machine, with the system's package lists.
    pub(crate) fn native() -> Apt {
        Apt { options: Vec::new() }
    }

    /// For another architecture, with package lists of its own in `folder`: the system does not learn of it.
    pub(crate) fn foreign(architecture: &str, folder: &Path) -> Result<Apt> {
        for inner in ["lists/partial", "archives/partial"] {
            fs::create_dir_all(folder.join(inner)).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        // Nothing is installed.
        fs::write(folder.join("status"), "")?;
        let shown = folder.display();
        let options = [
            format!("APT::Architecture={architecture}"),
            format!("APT::Architectures={architecture}"),
            format!("Dir::State={shown}"),
            format!("Dir::State::status={shown}/status"),
            format!("Dir::Cache={shown}"),
        ];
        Ok(Apt {
            options: options
                .into_iter()
                .flat_map(|option| ["-o".to_owned(), option])
                .collect(),
        })
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(&self.options).args(arguments);
        command
    }

    /// Fetches the package lists anew.
    pub(crate) fn update(&self) -> Result<()> {
        println!("xtask: apt-get update");
        process::run_quietly(&mut self.command("apt-get", &["update", "-q"]))
    }

    /// Names of the packages that `package` depends on.
    pub(crate) fn dependencies(&self, package: &str) -> Result<Vec<String>> {
        let said = process::output(&mut self.command("apt-cache", &["depends", package]))?;
        let names = said.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
        Ok(names.map(str::to_owned).collect())
    }

    /// Unpacks one package into `folder`.
    pub(crate) fn download(&self, package: &str, folder: &Path) -> Result<()> {
        let fetch = || {
            let mut get = self.command("apt-get", &["download", "-q", package]);
            process::run_quietly(get.current_dir(folder))
        };
        if fetch().is_err() {
            self.update()?;
            fetch()?;
        }
        let archive = fs::read_dir(folder)?.flatten().map(|entry| entry.path());
        let mut archive = archive.filter(|file| file.extension().is_some_and(|extension| extension == "deb"));
        let archive = archive
            .next()
            .with_context(|| format!("apt-get download {package} left no archive"))?;
        process::run_quietly(Command::new("dpkg").arg("--extract").arg(&archive).arg(folder))
    }
}
