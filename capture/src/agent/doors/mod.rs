//! The helper that takes alerts over HTTP and delivers what is finished. It is a process of its own, which the recorder cannot
//! start again once it has confined itself: so a small *keeper* stands between them, which starts the helper, again where it
//! ends, and passes on what both say.

mod backlog;
mod desk;
mod keeper;

pub(crate) use backlog::Waiting;
pub(crate) use keeper::{HELPER, KEEPER, help, keep};

use super::config::Config;
use super::desk::Event;
use super::run::give_up;
use afterimage_alerts::protocol::{LINE_MAX, Said, Told};
use afterimage_alerts::settings::Settings;
use anyhow::{Context, Result};
use backlog::Backlog;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

/// Lines that wait for the keeper. It reads whatever the helper does; beyond, answers are dropped and whoever asked is told to
/// try again.
const WAITING: usize = 256;

/// How long it may take to end.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// The keeper, and the pipes to it.
pub(crate) struct Keeper {
    child: Child,
    to: File,
    from: File,
}

impl Keeper {
    /// Starts it, where anything is configured that needs it. It starts nothing itself before it has settings. To be called
    /// while this process may still start others.
    ///
    /// # Errors
    /// When the process cannot be made.
    pub(crate) fn start(config: &Config) -> Result<Option<Keeper>> {
        if config.doors == Settings::default() {
            return Ok(None);
        }
        let mut command = Command::new("/proc/self/exe");
        command
            .arg0("capture-keeper")
            .arg(KEEPER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is for the recorder, which decides when this one ends.
            .process_group(0);
        let mut child = command
            .spawn()
            .context("cannot start the helper for alerts and deliveries")?;
        let to = child.stdin.take().map(OwnedFd::from).map(File::from);
        let from = child.stdout.take().map(OwnedFd::from).map(File::from);
        let (to, from) = to
            .zip(from)
            .context("no pipes to the helper for alerts and deliveries")?;
        Ok(Some(Keeper { child, to, from }))
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Talks to it on two threads: what it says goes to the desk.
    ///
    /// # Errors
    /// When the threads cannot be made.
    pub(crate) fn talk(self, desk: Sender<Event>, folders: Vec<PathBuf>) -> Result<Link> {
        let Keeper { child, to, from } = self;
        let (tell, told) = sync_channel(WAITING);
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            let started = std::thread::Builder::new().name(name.to_owned()).spawn(run);
            started
                .map(|_| ())
                .with_context(|| format!("cannot start the thread {name}"))
        };
        let tell_in = folders.clone();
        let given_up = |folders: &[PathBuf]| give_up(folders).is_ok();
        spawn(
            "doors-tell",
            Box::new(move || {
                if given_up(&tell_in) {
                    write(to, &told)
                }
            }),
        )?;
        spawn(
            "doors-hear",
            Box::new(move || {
                if given_up(&folders) {
                    read(from, &desk)
                }
            }),
        )?;
        Ok(Link {
            tell: Some(tell),
            child: Some(child),
        })
    }
}

/// The desk's end of it.
#[derive(Default)]
pub(crate) struct Link {
    tell: Option<SyncSender<Told>>,
    child: Option<Child>,
}

impl Link {
    /// Whether there is a helper at all.
    pub(crate) fn is_there(&self) -> bool {
        self.tell.is_some()
    }

    /// Says something, and waits for nothing. Returns whether it will be said.
    pub(crate) fn tell(&self, told: Told) -> bool {
        let Some(tell) = &self.tell else { return false };
        match tell.try_send(told) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.tell = None;
        let Some(mut child) = self.child.take() else { return };
        // Requests that are under way get their answers.
        let until = Instant::now() + LAST_WORDS;
        while Instant::now() < until && matches!(child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn write(mut to: File, told: &Receiver<Told>) {
    for told in told {
        let Ok(mut line) = serde_json::to_vec(&told) else {
            continue;
        };
        line.push(b'\n');
        // It would not be taken. What can become long is cut before (see `sidecar::brief`).
        if line.len() > LINE_MAX {
            continue;
        }
        if to.write_all(&line).is_err() {
            return;
        }
    }
}

fn read(from: File, desk: &Sender<Event>) {
    let mut from = BufReader::new(from);
    let backlog = Arc::new(Backlog::default());
    let mut line = Vec::new();
    loop {
        line.clear();
        let limit = LINE_MAX as u64 + 1;
        match std::io::Read::take(&mut from, limit).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        // A line that is none is the end of one of a helper that was killed, or of a newer version.
        if let Ok(said) = serde_json::from_slice::<Said>(&line)
            && desk
                .send(Event::Said(Box::new(said), backlog.wait(line.len())))
                .is_err()
        {
            return;
        }
    }
}
