//! What an agent on demand listens at, held open by the process that starts its recordings: who comes between two of them
//! waits and is answered by the next.

use super::config::{Config, Socket};
use super::socket::Door;
use anyhow::{Context, Result};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::Command;

/// Descriptor of the Unix socket.
const SOCKET: &str = "AFTERIMAGE_SOCKET_FD";
/// Descriptors of the doors.
const DOORS: &str = "AFTERIMAGE_DOOR_FDS";

/// The sockets.
pub(super) struct Held {
    door: Option<Door>,
    doors: Vec<(SocketAddr, TcpListener)>,
}

impl Held {
    /// Makes the Unix socket. Where a door cannot be had, the helper says why when it tries.
    pub(super) fn open(config: &Config) -> Result<Held> {
        let mut held = Held {
            door: Door::open(&config.trigger.socket)?,
            doors: Vec::new(),
        };
        held.update(config);
        Ok(held)
    }

    /// Listens where the configuration says it, and nowhere else.
    pub(super) fn update(&mut self, config: &Config) {
        let listen = &config.doors.http.listen;
        let wanted: Vec<SocketAddr> = listen.iter().filter_map(|text| text.parse().ok()).collect();
        self.doors.retain(|(address, _)| wanted.contains(address));
        for address in wanted {
            if address.port() != 0
                && self.doors.iter().all(|(held, _)| *held != address)
                && let Ok(listener) = TcpListener::bind(address)
            {
                self.doors.push((address, listener));
            }
        }
    }

    /// Hands them on to a process that is to be started.
    pub(super) fn give(&self, command: &mut Command) -> Result<()> {
        let door = self.door.iter().map(AsRawFd::as_raw_fd);
        let doors: Vec<i32> = self.doors.iter().map(|(_, listener)| listener.as_raw_fd()).collect();
        for fd in door.clone().chain(doors.iter().copied()) {
            set_flags(fd, 0).context("cannot hand on what is listened at")?;
        }
        for fd in door {
            command.env(SOCKET, fd.to_string());
        }
        let doors: Vec<String> = doors.iter().map(ToString::to_string).collect();
        command.env(DOORS, doors.join(" "));
        Ok(())
    }
}

/// The Unix socket that this process was given, or a new one.
///
/// # Errors
/// As [`Door::open`].
pub(super) fn door(config: &Socket) -> Result<Option<Door>> {
    match given(SOCKET).pop() {
        Some(socket) => Ok(Some(Door::given(socket.into(), config))),
        None => Door::open(config),
    }
}

/// The doors that this process was given.
pub(super) fn doors() -> Vec<TcpListener> {
    given(DOORS).into_iter().map(TcpListener::from).collect()
}

/// Nobody whom this process starts from now on gets any of them.
pub(super) fn keep_to_oneself() {
    let [socket, doors] = [SOCKET, DOORS].map(numbers);
    for fd in socket.into_iter().chain(doors) {
        let _ = set_flags(fd, libc::FD_CLOEXEC);
    }
}

fn numbers(name: &str) -> Vec<i32> {
    let text = std::env::var(name).unwrap_or_default();
    let all = text.split_whitespace().filter_map(|text| text.parse().ok());
    all.filter(|fd| *fd > 2).collect()
}

/// Copies of descriptors that are this process's alone.
fn given(name: &str) -> Vec<OwnedFd> {
    let copy = |fd: i32| {
        // SAFETY: the command takes and gives numbers.
        let copy = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) };
        // SAFETY: the call has just made it, and nobody else owns it.
        (copy >= 0).then(|| unsafe { OwnedFd::from_raw_fd(copy) })
    };
    numbers(name).into_iter().filter_map(copy).collect()
}

fn set_flags(fd: i32, flags: i32) -> std::io::Result<()> {
    // SAFETY: the command takes and gives numbers.
    match unsafe { libc::fcntl(fd, libc::F_SETFD, flags) } {
        0.. => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}
