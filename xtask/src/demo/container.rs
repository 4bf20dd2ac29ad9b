//! The victim: a container under runc with a state folder of its own, gone at the latest when dropped.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use portable_pty::CommandBuilder;

use crate::process;

/// A running container.
pub(super) struct Container {
    state: PathBuf,
    id: String,
    deleted: bool,
}

impl Container {
    /// Starts the container of a bundle; `folder` takes runc's state and the container's output.
    pub(super) fn start(folder: &Path, bundle: &Path, id: &str) -> Result<Self> {
        let container = Self {
            state: folder.join("runc"),
            id: id.to_owned(),
            deleted: false,
        };
        let log = folder.join("container.log");
        let output = File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        let mut runc = container.runc();
        runc.args(["run", "--detach", "--bundle"]).arg(bundle).arg(id);
        // A detached container keeps these, so they must be neither the terminal nor pipes.
        runc.stdin(Stdio::null()).stderr(output.try_clone()?).stdout(output);
        if let Err(error) = process::run(&mut runc) {
            bail!(
                "{error:#}\n{}",
                std::fs::read_to_string(&log).unwrap_or_default().trim()
            );
        }
        Ok(container)
    }

    /// Kills everything in the container and deletes it.
    pub(super) fn delete(mut self) -> Result<()> {
        self.remove()
    }

    fn remove(&mut self) -> Result<()> {
        if self.status()? != "stopped" {
            process::run_quietly(self.runc().args(["kill", &self.id, "KILL"]))?;
        }
        let stopped = process::wait_until(Duration::from_secs(10), || Ok(self.status()? == "stopped"))?;
        if !stopped {
            bail!("container {} does not stop", self.id);
        }
        process::run_quietly(self.runc().args(["delete", &self.id]))?;
        self.deleted = true;
        Ok(())
    }

    /// `created`, `running` or `stopped`.
    pub(super) fn status(&self) -> Result<String> {
        let state = process::output(self.runc().args(["state", &self.id]))?;
        let state: serde_json::Value = serde_json::from_str(&state).context("`runc state` wrote no JSON")?;
        Ok(state["status"].as_str().unwrap_or_default().to_owned())
    }

    /// The command that runs a program in it, with a terminal.
    pub(super) fn enter(&self, program: &str) -> CommandBuilder {
        let mut runc = CommandBuilder::new("runc");
        runc.arg("--root");
        runc.arg(&self.state);
        runc.args(["exec", "--tty", &self.id, program]);
        runc
    }

    fn runc(&self) -> Command {
        let mut runc = Command::new("runc");
        runc.arg("--root").arg(&self.state);
        runc
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if !self.deleted {
            // After a failed step only the result counts: nothing may be left running. It may never have been created.
            let _ = process::run_quietly(self.runc().args(["delete", "--force", &self.id]));
        }
    }
}
