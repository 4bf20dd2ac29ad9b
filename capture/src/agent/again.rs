//! `mode = "on-demand"`: an agent that has recorded cannot record again, since it has given up the rights for it. So each is
//! used once, and this process starts the next one.

use super::config::Config;
use super::held::Held;
use super::run::AGAIN;
use crate::signals;
use anyhow::{Context, Result};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Command;
use std::time::Duration;

/// Starts agents, one behind the other, until one ends for good; passes signals on. `read` reads the configuration again.
pub(super) fn and_again(config: &Config, read: impl Fn() -> Result<Config>) -> Result<u8> {
    signals::install()?;
    let mut held = Held::open(config)?;
    loop {
        let mut command = Command::new("/proc/self/exe");
        command
            .arg0("capture-agent")
            .args(std::env::args_os().skip(1))
            .arg("--once");
        held.give(&mut command)?;
        // Ctrl-C is passed on from here.
        let mut child = command.process_group(0).spawn().context("cannot start the agent")?;
        let pid = child.id() as i32;
        let pass = |signal: i32| {
            // SAFETY: kill has no memory effects; the child has not been waited for, so the id is its own.
            unsafe { libc::kill(pid, signal) };
        };
        let mut ending = false;
        let status = loop {
            if let Some(signal) = signals::received() {
                ending = true;
                pass(signal);
            }
            if signals::wants_rotation() {
                pass(libc::SIGHUP);
            }
            if signals::wants_status() {
                pass(libc::SIGUSR1);
            }
            if let Some(status) = child.try_wait().context("cannot wait for the agent")? {
                break status;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        match status.code() {
            // What it could not read it has complained about.
            Some(code) if code == i32::from(AGAIN) && !ending => {
                if let Ok(config) = read() {
                    held.update(&config);
                }
            }
            Some(code) if code == i32::from(AGAIN) => return Ok(0),
            Some(code) => return Ok(u8::try_from(code).unwrap_or(1)),
            // One that had not got to noting signals.
            None if ending => return Ok(0),
            None => return Ok(128 + u8::try_from(status.signal().unwrap_or(0)).unwrap_or(0)),
        }
    }
}
