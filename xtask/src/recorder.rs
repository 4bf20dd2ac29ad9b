//! `capture record` as a child: started, known to be ready, sealed, and what it took.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::ended::{self, Ended};
use crate::process;

/// Attaching may have to read the kernel's types on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A recorder at work; killed when dropped before it was sealed.
pub(crate) struct Recorder {
    child: Child,
    ended: bool,
}

impl Recorder {
    /// Starts `capture record` into `trace`, with further arguments, and waits until it records.
    ///
    /// `scratch` takes the file that says so.
    pub(crate) fn start(capture: &Path, trace: &Path, scratch: &Path, arguments: &[&str]) -> Result<Self> {
        let ready = scratch.join("recorder-ready");
        // One of an earlier recorder would be taken for this one's.
        if ready.exists() {
            fs::remove_file(&ready).with_context(|| format!("cannot remove {}", ready.display()))?;
        }
        let mut command = Command::new(capture);
        command
            .args(["record", "--force", "-o"])
            .arg(trace)
            .arg("--ready-file")
            .arg(&ready)
            .args(arguments);
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", capture.display()))?;
        let mut recorder = Self { child, ended: false };
        let started = process::wait_until(PATIENCE, || match recorder.child.try_wait()? {
            Some(status) => {
                bail!("the recorder ended before it was ready: {status} (`capture doctor` says what is missing)")
            }
            None => Ok(ready.exists()),
        })?;
        if !started {
            bail!("the recorder was not ready within {} seconds", PATIENCE.as_secs());
        }
        Ok(recorder)
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the recording as Ctrl-C does, and waits for the sealed file.
    pub(crate) fn seal(mut self) -> Result<Ended> {
        process::signal(self.child.id(), libc::SIGINT)?;
        let ended = ended::wait(self.child.id())?;
        self.ended = true;
        Ok(ended)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if !self.ended {
            // Both fail only where it has ended already.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
