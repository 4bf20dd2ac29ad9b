//! What the keeper does: it has the helper run, whatever becomes of it, and loses no line of what both say.

use super::super::held;
use crate::conduct;
use afterimage_alerts::Outside;
use afterimage_alerts::protocol::{LINE_MAX, Said};
use anyhow::Result;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The hidden sub-command of the keeper.
pub(crate) const KEEPER: &str = "keep-alerts";
/// The hidden sub-command of the helper.
pub(crate) const HELPER: &str = "take-alerts";
/// Wait before the helper is started again: doubled each time, back to the first when it has run for long.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(60);
const RAN_LONG: Duration = Duration::from_secs(60);
/// Bytes that the helper may take: whatever is sent to it, the host keeps its memory.
const MEMORY: u64 = 512 << 20;
/// include/uapi/linux/capability.h: a door may be at a port below 1024.
const CAP_NET_BIND_SERVICE: u32 = 10;

/// What the two threads share.
#[derive(Default)]
struct State {
    /// The last settings, as a line: what every helper is told first.
    settings: Vec<u8>,
    /// The last ones that a helper could use.
    good: Vec<u8>,
    helper: Option<ChildStdin>,
    /// The helper was told to end, and is not to be started again before there are settings.
    stopped: bool,
    /// The recorder has ended.
    ending: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The keeper, until the recorder ends.
///
/// # Errors
/// When it cannot give up its rights.
pub(crate) fn keep() -> Result<()> {
    confine(u64::MAX)?;
    let shared = Arc::new(Shared::default());
    let hearing = Arc::clone(&shared);
    std::thread::Builder::new()
        .name("keeper".into())
        .spawn(move || hear(&hearing))?;
    let mut wait = FIRST;
    loop {
        let settings = {
            let mut state = shared.lock();
            while state.settings.is_empty() && !state.ending {
                state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if state.ending {
                return Ok(());
            }
            state.stopped = false;
            state.settings.clone()
        };
        let began = Instant::now();
        let ended = match start(&settings, &shared) {
            Ok(mut child) => {
                relay(&mut child, &shared);
                shared.lock().helper = None;
                child
                    .wait()
                    .map_or_else(|error| error.to_string(), |status| status.to_string())
            }
            Err(error) => error.to_string(),
        };
        {
            let state = shared.lock();
            if state.ending {
                return Ok(());
            }
            if state.stopped {
                wait = FIRST;
                continue;
            }
        }
        if began.elapsed() >= RAN_LONG {
            wait = FIRST;
        }
        say(&Said::Log {
            level: "error".into(),
            message: format!("the helper for alerts and deliveries ended ({ended}); it is started again in {wait:?}"),
        });
        let state = shared.lock();
        let ends = |state: &mut State| !state.ending;
        let _ = shared.changed.wait_timeout_while(state, wait, ends);
        wait = (wait * 2).min(LONGEST);
    }
}

fn start(settings: &[u8], shared: &Shared) -> io::Result<Child> {
    let mut child = Command::new("/proc/self/exe")
        .arg0("capture-alerts")
        .arg(HELPER)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut to) = child.stdin.take() {
        to.write_all(settings)?;
        let mut state = shared.lock();
        if state.stopped {
            // At the end of its input it ends.
            return Ok(child);
        }
        if state.settings != settings {
            // They changed meanwhile.
            to.write_all(&state.settings)?;
        }
        state.helper = Some(to);
    }
    Ok(child)
}

/// Passes on whole lines of the helper until it ends.
fn relay(child: &mut Child, shared: &Shared) {
    let Some(from) = child.stdout.take() else { return };
    let mut from = BufReader::new(from);
    while let Some(line) = next_line(&mut from) {
        let mut state = shared.lock();
        if line.starts_with(b"{\"ready\"") {
            state.good = state.settings.clone();
        }
        // A change that this helper cannot use is not for the next one either. Of the first settings there are none before:
        // they are tried again, since what they name may come.
        if line.starts_with(b"{\"failed\"") && !state.good.is_empty() && !state.settings.is_empty() {
            state.settings = state.good.clone();
        }
        drop(state);
        let mut out = io::stdout().lock();
        if out.write_all(&line).and_then(|()| out.flush()).is_err() {
            let _ = child.kill();
            return;
        }
    }
}

/// The recorder's lines, until it ends.
fn hear(shared: &Shared) {
    let mut from = BufReader::new(io::stdin());
    while let Some(line) = next_line(&mut from) {
        let mut state = shared.lock();
        if line.starts_with(b"{\"settings\"") {
            state.settings.clone_from(&line);
            shared.changed.notify_all();
        }
        if line.starts_with(b"{\"stop\"") {
            state.settings.clear();
            state.stopped = true;
        }
        // Answers to a helper that has gone are nobody's; what is to be delivered is said again.
        let helper = state.helper.take();
        drop(state);
        if let Some(mut to) = helper
            && to.write_all(&line).and_then(|()| to.flush()).is_ok()
        {
            let mut state = shared.lock();
            if state.helper.is_none() {
                state.helper = Some(to);
            }
        }
    }
    let mut state = shared.lock();
    state.ending = true;
    // The helper sees the end of its input.
    state.helper = None;
    shared.changed.notify_all();
}

/// A line with its end; nothing at the end of the input, or where the last one has none. One that is too long is left out:
/// what comes behind it still counts.
fn next_line(from: &mut impl BufRead) -> Option<Vec<u8>> {
    loop {
        let mut line = Vec::new();
        let most = LINE_MAX as u64;
        from.by_ref().take(most).read_until(b'\n', &mut line).ok()?;
        if line.last() == Some(&b'\n') {
            return Some(line);
        }
        if line.len() < LINE_MAX {
            return None;
        }
        from.skip_until(b'\n').ok()?;
        say(&Said::Log {
            level: "error".into(),
            message: format!("a line of more than {LINE_MAX} bytes, between the recorder and its helper, was left out"),
        });
    }
}

fn say(said: &Said) {
    if let Ok(mut line) = serde_json::to_vec(said) {
        line.push(b'\n');
        let _ = io::stdout().write_all(&line);
    }
}

/// The helper.
///
/// # Errors
/// When it cannot go on.
pub(crate) fn help() -> Result<()> {
    confine(MEMORY)?;
    let outside = Outside {
        listeners: held::doors().into(),
        ..Outside::default()
    };
    held::keep_to_oneself();
    afterimage_alerts::run_in(&outside, io::stdin(), io::stdout())?;
    Ok(())
}

/// Whoever is left alone ends, gets no more rights by what it runs, and keeps none of those that recording takes.
fn confine(memory: u64) -> Result<()> {
    // SAFETY: no memory is involved but the limit, which is valid for the call.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if memory != u64::MAX {
            let limit = libc::rlimit {
                rlim_cur: memory,
                rlim_max: memory,
            };
            libc::setrlimit(libc::RLIMIT_DATA, &raw const limit);
        }
    }
    conduct::keep_only(1 << CAP_NET_BIND_SERVICE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_left_out_and_the_next_one_counts() {
        let long = "x".repeat(LINE_MAX);
        let input = format!("one\n{long}\ntwo\n{}\nrest", &long[1..]);
        let mut from = BufReader::new(input.as_bytes());
        let mut next = || next_line(&mut from).map(|line| line.len());
        assert_eq!(next(), Some(4));
        assert_eq!(next(), Some(4));
        assert_eq!(next(), Some(LINE_MAX));
        assert_eq!(next(), None);
    }
}
