//! The agent's Unix socket: a line of JSON in, a line of JSON out, then the end.

use super::config;
use super::desk::{Event, Request, Shared, What};
use super::group;
use super::log::Log;
use super::run::give_up;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// Bytes of a question.
const LONGEST: usize = 2 << 20;
/// How long somebody may take to say what is wanted.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the answer may take.
const ANSWER: Duration = Duration::from_secs(30);
/// How long an agent may take to go.
const GOING: Duration = Duration::from_secs(5);
/// How long it takes at most until the socket is left alone, where that can happen.
const LOOK: Duration = Duration::from_millis(100);
/// Connections at a time.
const AT_ONCE: usize = 64;

/// What can be asked.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Question {
    Trigger(Box<super::alert::Trigger>),
    Status {},
    Metrics {},
    Captures {},
}

/// The socket, gone when this is dropped, unless it is somebody else's.
pub(crate) struct Door {
    listener: UnixListener,
    path: PathBuf,
    group: Option<u32>,
    own: bool,
}

impl AsRawFd for Door {
    fn as_raw_fd(&self) -> i32 {
        self.listener.as_raw_fd()
    }
}

impl Door {
    /// Makes the socket.
    ///
    /// # Errors
    /// When there is an agent already, or the folder cannot be written to.
    pub(crate) fn open(config: &config::Socket) -> Result<Option<Door>> {
        let path = &config.path;
        if path.as_os_str().is_empty() {
            return Ok(None);
        }
        let what = || format!("cannot make the socket {} (`path` of [trigger.socket])", path.display());
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(what)?;
        }
        remove_stale(path)?;
        let listener = UnixListener::bind(path).with_context(what)?;
        let group = group_of(config);
        if group.is_some() {
            std::os::unix::fs::chown(path, None, group).with_context(what)?;
        }
        std::fs::set_permissions(path, PermissionsExt::from_mode(config.mode.0)).with_context(what)?;
        Ok(Some(Door {
            listener,
            path: path.clone(),
            group,
            own: true,
        }))
    }

    /// One that another process has made and keeps.
    pub(crate) fn given(listener: UnixListener, config: &config::Socket) -> Door {
        Door {
            listener,
            path: config.path.clone(),
            group: group_of(config),
            own: false,
        }
    }

    /// Answers on a thread of its own, until the process ends. While `closing` says so, nobody new is let in: who comes waits
    /// for the next process that answers here.
    pub(crate) fn serve(
        &self,
        desk: Sender<Event>,
        log: Log,
        folders: Vec<PathBuf>,
        closing: Option<Arc<Shared>>,
    ) -> Result<()> {
        let fd = self.listener.as_raw_fd();
        let group = self.group;
        let open = Arc::new(AtomicUsize::new(0));
        let thread = std::thread::Builder::new().name("socket".into());
        thread
            .spawn(move || {
                // Those for each connection have this one's rights.
                if give_up(&folders).is_err() {
                    return;
                }
                let mut said = 0;
                loop {
                    if let Some(shared) = &closing {
                        let round = shared.closing.load(Ordering::Acquire);
                        if round != 0 {
                            if round != said && open.load(Ordering::Acquire) == 0 {
                                said = round;
                                let _ = desk.send(Event::DoorClosed(round));
                            }
                            std::thread::sleep(LOOK / 10);
                            continue;
                        }
                        if !is_ready(fd, libc::POLLIN, LOOK) {
                            continue;
                        }
                    }
                    let Some(file) = accept(fd) else { return };
                    if open.load(Ordering::Relaxed) >= AT_ONCE {
                        continue;
                    }
                    open.fetch_add(1, Ordering::Relaxed);
                    let (desk, log, count) = (desk.clone(), log.clone(), Arc::clone(&open));
                    let spawned = std::thread::Builder::new().name("asked".into()).spawn(move || {
                        answer(file, group, &desk, &log);
                        count.fetch_sub(1, Ordering::Release);
                    });
                    if spawned.is_err() {
                        open.fetch_sub(1, Ordering::Relaxed);
                    }
                }
            })
            .context("cannot start the thread of the socket")?;
        Ok(())
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if self.own {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn group_of(config: &config::Socket) -> Option<u32> {
    match config.group.get_ref().as_str() {
        "" => None,
        name => group::id(name),
    }
}

/// Removes the socket of an agent that was killed.
fn remove_stale(path: &Path) -> Result<()> {
    let Ok(about) = std::fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !about.file_type().is_socket() {
        bail!(
            "{} is there and no socket; name another `path` in [trigger.socket]",
            path.display()
        );
    }
    // Of one that has just ended it may be open for a moment.
    let until = Instant::now() + GOING;
    while UnixStream::connect(path).is_ok() {
        if Instant::now() >= until {
            bail!("an agent listens at {} already", path.display());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    std::fs::remove_file(path).with_context(|| format!("cannot remove the old socket {}", path.display()))
}

/// The next connection. Only calls that the recorder may still make when it has confined itself.
fn accept(listener: i32) -> Option<File> {
    loop {
        // SAFETY: no address is asked for; the descriptor is that of a listener that is open as long as the process.
        let fd = unsafe {
            libc::accept4(
                listener,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK,
            )
        };
        if fd >= 0 {
            // SAFETY: the call has just made it, and nobody else owns it.
            return Some(File::from(unsafe { OwnedFd::from_raw_fd(fd) }));
        }
        match std::io::Error::last_os_error().raw_os_error() {
            Some(libc::EBADF | libc::EINVAL | libc::ENOTSOCK) => return None,
            // Too many files, or a client that has gone: the next one may be better off.
            _ => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Who is at the other end: process, user, group.
fn peer(file: &File) -> Option<libc::ucred> {
    let mut found = libc::ucred {
        pid: 0,
        uid: u32::MAX,
        gid: u32::MAX,
    };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the structure and its length are valid for the call.
    let done = unsafe {
        libc::getsockopt(
            file.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut found).cast(),
            &raw mut length,
        )
    };
    (done == 0).then_some(found)
}

fn answer(mut file: File, group: Option<u32>, desk: &Sender<Event>, log: &Log) {
    let peer = peer(&file);
    let allowed = peer.is_some_and(|peer| {
        peer.uid == 0
            || group.is_some_and(|group| peer.gid == group || group::has(u32::try_from(peer.pid).unwrap_or(0), group))
    });
    let reply = if allowed {
        let line = read_line(&mut file).map_err(|error| (400, error));
        line.and_then(|line| ask(&line, peer.map_or(0, |peer| peer.uid), desk))
    } else {
        let who = peer.map_or_else(String::new, |peer| format!("{}", peer.uid));
        log.warn("somebody may not use the socket", &[("uid", &who)]);
        Err((
            403,
            "only root and the group of `group` in [trigger.socket] may ask".to_owned(),
        ))
    };
    let reply = reply
        .unwrap_or_else(|(status, error)| json!({"ok": false, "status": status, "result": "refused", "error": error}));
    let mut text = reply.to_string();
    text.push('\n');
    write_all(&mut file, text.as_bytes());
}

/// Why there is no other answer, with the status that HTTP has for it.
type Refusal = (u16, String);

fn ask(line: &[u8], uid: u32, desk: &Sender<Event>) -> Result<Value, Refusal> {
    let question = serde_json::from_slice(line).map_err(|error| (400, format!("this is no question: {error}")))?;
    let what = match question {
        Question::Trigger(mut trigger) => {
            // Whoever is here is a person or a script, whatever they say.
            trigger.source = "socket".to_owned();
            if trigger.payload.is_empty() {
                trigger.payload =
                    json!({"reason": trigger.title, "selectors": trigger.selectors, "uid": uid}).to_string();
                trigger.payload_type = "application/json".to_owned();
            }
            What::Trigger(trigger)
        }
        Question::Status {} => What::Status,
        Question::Metrics {} => What::Metrics,
        Question::Captures {} => What::Captures,
    };
    let (answer, answers) = channel();
    let asked = desk.send(Event::Request(Request { what, answer }));
    let ending = || (503, "the agent is ending; try again when it has started".to_owned());
    asked.map_err(|_| ending())?;
    answers.recv_timeout(ANSWER).map_err(|error| match error {
        RecvTimeoutError::Disconnected => ending(),
        RecvTimeoutError::Timeout => (503, format!("the agent did not answer within {ANSWER:?}; try again")),
    })
}

fn wait(file: &File, events: libc::c_short, until: Instant) -> bool {
    is_ready(
        file.as_raw_fd(),
        events,
        until.saturating_duration_since(Instant::now()),
    )
}

fn is_ready(fd: i32, events: libc::c_short, within: Duration) -> bool {
    let left = within.as_millis();
    let mut poll = libc::pollfd { fd, events, revents: 0 };
    // SAFETY: one structure, valid for the call.
    left > 0 && unsafe { libc::poll(&raw mut poll, 1, i32::try_from(left).unwrap_or(i32::MAX)) } > 0
}

fn read_line(file: &mut File) -> Result<Vec<u8>, String> {
    let until = Instant::now() + PATIENCE;
    let mut line = Vec::new();
    let mut piece = [0; 16_384];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(line),
            Ok(got) => {
                line.extend_from_slice(&piece[..got]);
                if let Some(end) = line.iter().position(|byte| *byte == b'\n') {
                    line.truncate(end);
                    return Ok(line);
                }
                if line.len() > LONGEST {
                    return Err(format!("a question has at most {LONGEST} bytes"));
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if !wait(file, libc::POLLIN, until) {
                    return Err("nothing was asked in time".to_owned());
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.to_string()),
        }
    }
}

fn write_all(file: &mut File, mut bytes: &[u8]) {
    let until = Instant::now() + PATIENCE;
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::WouldBlock && wait(file, libc::POLLOUT, until) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Whoever asked has gone.
            Err(_) => return,
        }
    }
}
