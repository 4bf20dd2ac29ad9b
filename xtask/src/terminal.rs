//! A program in a terminal of its own, which is typed into and looked at.

use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Nothing that is measured takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program with its terminal.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    /// Held: without it the program has no terminal any more.
    _master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    started: Instant,
}

impl Terminal {
    /// Starts a program in a terminal of so many columns and rows.
    pub(crate) fn start(mut command: CommandBuilder, (cols, rows): (u16, u16)) -> Result<Terminal> {
        let size = PtySize {
            rows,
            cols,
            ..PtySize::default()
        };
        let pair = native_pty_system().openpty(size)?;
        command.env("LC_ALL", "C.UTF-8");
        command.env("TERM", "xterm-256color");
        let mut from = pair.master.try_clone_reader()?;
        let keys = pair.master.take_writer()?;
        let started = Instant::now();
        let child = pair.slave.spawn_command(command)?;
        let (send, output) = channel();
        thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                if send.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Ok(Terminal {
            child,
            _master: pair.master,
            keys,
            output,
            screen: vt100::Parser::new(rows, cols, 0),
            started,
        })
    }

    /// Milliseconds from the start until the screen is as asked for.
    pub(crate) fn shows(&mut self, what: &str, holds: impl Fn(&str) -> bool) -> Result<f64> {
        let started = self.started;
        self.wait(started, what, holds)
    }

    /// Types, and gives the milliseconds until the screen is as asked for.
    pub(crate) fn press(&mut self, keys: &str, what: &str, holds: impl Fn(&str) -> bool) -> Result<f64> {
        let pressed = Instant::now();
        self.keys.write_all(keys.as_bytes())?;
        self.keys.flush()?;
        self.wait(pressed, what, holds)
    }

    fn wait(&mut self, since: Instant, what: &str, holds: impl Fn(&str) -> bool) -> Result<f64> {
        loop {
            if holds(&self.screen.screen().contents()) {
                return Ok(since.elapsed().as_secs_f64() * 1e3);
            }
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(RecvTimeoutError::Timeout) => bail!("never came: {what}\n{}", self.screen.screen().contents()),
                Err(RecvTimeoutError::Disconnected) => bail!("the program ended before: {what}"),
            }
        }
    }

    /// Largest resident memory so far, in megabytes.
    pub(crate) fn megabytes(&self) -> Result<f64> {
        let pid = self.child.process_id().context("the program has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        Ok(kilobytes.context("no VmHWM")? / 1024.0)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
