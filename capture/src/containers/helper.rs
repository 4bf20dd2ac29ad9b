//! The process that asks the runtimes and Kubernetes, and the pipes to it. Neither end waits for the other.

use super::asked::{Asked, HelperArgs};
use crate::conduct;
use afterimage_runtimes::{Answer, Question, Said};
use anyhow::{Context, Result};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The hidden sub-command that the process runs.
pub(crate) const COMMAND: &str = "ask-runtimes";
/// Longest line that is read: the answer about one container, escaped.
const LONGEST: usize = 4 << 20;
/// Bytes that are read at once and in a second where an audit log is read: whoever makes entries without end must not stop the
/// recording. What is more waits in the helper, and in whoever posts.
const AT_ONCE: usize = 4 << 20;
const IN_A_SECOND: f64 = (8 << 20) as f64;
/// Questions that wait for room in the pipe; there is no point in asking about more.
const WAITING: usize = 65_536;
/// Bytes that the process may take: whatever a runtime answers, the host keeps its memory. It needs some 7 MB.
const MEMORY: u64 = 256 << 20;
/// What becomes of the process's answers when it is not there any more.
pub(crate) const GONE: &str = "the recorder's helper that asks the runtimes has ended";

/// The process.
pub(crate) struct Helper {
    child: Child,
    to: Option<File>,
    from: Option<File>,
    unsent: VecDeque<Vec<u8>>,
    /// Bytes of the first of `unsent` that were written.
    sent: usize,
    received: Vec<u8>,
    /// What was said beside answers.
    news: Vec<Said>,
    /// How much may still be read, and since when that is so; `None`: all.
    credit: Option<(usize, Instant)>,
}

impl Helper {
    /// Starts it. To be called while this process may still start others.
    ///
    /// # Errors
    /// When the process cannot be made.
    pub(crate) fn start(asked: &Asked) -> Result<Helper> {
        let mut command = Command::new("/proc/self/exe");
        command
            .arg0("capture-runtimes")
            .arg(COMMAND)
            .args(asked.args()?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Ctrl-C is for the recorder, which decides when this one ends.
            .process_group(0);
        let mut child = command
            .spawn()
            .context("cannot start the helper that asks the container runtimes")?;
        let (to, from) = (child.stdin.take(), child.stdout.take());
        let file = |end: Option<OwnedFd>| end.map(|end| unblocked(end).map(File::from)).transpose();
        Ok(Helper {
            child,
            to: file(to.map(OwnedFd::from))?,
            from: file(from.map(OwnedFd::from))?,
            unsent: VecDeque::new(),
            sent: 0,
            received: Vec::new(),
            news: Vec::new(),
            credit: asked.reads_audit().then(|| (AT_ONCE, Instant::now())),
        })
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it can still answer.
    pub(crate) fn is_there(&self) -> bool {
        self.from.is_some()
    }

    /// Asks, and waits for nothing.
    pub(crate) fn ask(&mut self, question: &Question) {
        if self.to.is_none() || self.unsent.len() >= WAITING {
            return;
        }
        if let Ok(mut line) = serde_json::to_vec(question) {
            line.push(b'\n');
            self.unsent.push_back(line);
        }
        self.send();
    }

    fn send(&mut self) {
        while let (Some(to), Some(line)) = (&mut self.to, self.unsent.front()) {
            match to.write(&line[self.sent..]) {
                Ok(written) if self.sent + written < line.len() => self.sent += written,
                Ok(_) => {
                    self.sent = 0;
                    self.unsent.pop_front();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    self.to = None;
                    self.unsent.clear();
                }
            }
        }
    }

    /// What has been answered by now.
    pub(crate) fn answers(&mut self) -> Vec<Answer> {
        self.send();
        let mut piece = [0; 16_384];
        let mut room = match &mut self.credit {
            None => usize::MAX,
            Some((bytes, since)) => {
                let now = Instant::now();
                let more = now.duration_since(*since).as_secs_f64() * IN_A_SECOND;
                *since = now;
                (*bytes + more as usize).min(AT_ONCE)
            }
        };
        while let Some(from) = self.from.as_mut().filter(|_| room > 0) {
            match from.read(&mut piece) {
                Ok(0) => self.from = None,
                Ok(got) => {
                    self.received.extend_from_slice(&piece[..got]);
                    room = room.saturating_sub(got);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.from = None,
            }
            if self.received.len() > LONGEST && !self.received.contains(&b'\n') {
                // It is not what it should be.
                self.from = None;
            }
        }
        if let Some((bytes, _)) = &mut self.credit {
            *bytes = room;
        }
        let Some(end) = self.received.iter().rposition(|byte| *byte == b'\n') else {
            return Vec::new();
        };
        let lines: Vec<u8> = self.received.drain(..=end).collect();
        let mut answers = Vec::new();
        for said in lines
            .split(|byte| *byte == b'\n')
            .filter_map(|line| serde_json::from_slice(line).ok())
        {
            match said {
                Said::Answer(answer) => answers.push(*answer),
                news => self.news.push(news),
            }
        }
        answers
    }

    /// What has come with the answers: of pods, and of the audit log.
    pub(crate) fn take_news(&mut self) -> Vec<Said> {
        std::mem::take(&mut self.news)
    }

    /// Waits until something was answered, at most so long.
    pub(crate) fn wait(&self, time: Duration) {
        let Some(from) = &self.from else { return };
        let mut poll = libc::pollfd {
            fd: from.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        let milliseconds = libc::c_int::try_from(time.as_millis()).unwrap_or(libc::c_int::MAX);
        // SAFETY: one structure, valid for the call. A signal or an error only ends the wait.
        unsafe { libc::poll(&raw mut poll, 1, milliseconds) };
    }

    /// Answers until `enough` says so of one, at most for so long.
    pub(crate) fn answers_until(&mut self, time: Duration, mut enough: impl FnMut(&Answer) -> bool) -> Vec<Answer> {
        let end = Instant::now() + time;
        let mut all = Vec::new();
        loop {
            let new = self.answers();
            let is_enough = new.iter().any(&mut enough);
            all.extend(new);
            let left = end.saturating_duration_since(Instant::now());
            if is_enough || left < Duration::from_millis(1) || !self.is_there() {
                return all;
            }
            self.wait(left);
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // It ends when nobody asks any more; it may be waiting for a runtime just then.
        self.to = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn unblocked(end: OwnedFd) -> io::Result<OwnedFd> {
    let fd = end.as_fd().as_raw_fd();
    // SAFETY: the descriptor is open; both commands take and give numbers.
    unsafe {
        let flags = libc::fcntl(fd, libc::F_GETFL);
        if flags < 0 || libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK) < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(end)
}

/// What the process does.
///
/// # Errors
/// When it cannot go on.
pub(crate) fn run(args: HelperArgs) -> Result<()> {
    let settings = args.settings()?;
    // SAFETY: no memory is involved but the limit, which is valid for the call. Whoever is left alone ends; whoever runs
    // something gets no more rights by it.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        let limit = libc::rlimit {
            rlim_cur: MEMORY,
            rlim_max: MEMORY,
        };
        libc::setrlimit(libc::RLIMIT_DATA, &raw const limit);
    }
    // Sockets and files of runtimes are root's, which this process still is.
    conduct::keep_what_is_needed(&[Path::new("/")])?;
    afterimage_runtimes::run(&settings, io::stdin(), io::stdout())?;
    Ok(())
}
