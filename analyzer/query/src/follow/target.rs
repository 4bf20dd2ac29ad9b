//! What can be followed, and how a person or an event names it.

use super::fd_number;
use crate::lang::escape;
use crate::row::EventRow;
use afterimage_format::model::{DescriptorType, L4Proto};
use std::net::SocketAddr;

/// What is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A descriptor of a process.
    Descriptor {
        /// Process id on the host.
        pid: u32,
        /// Its number.
        fd: i64,
    },
    /// All connections to this server.
    Server(SocketAddr),
    /// A TCP connection as `fd.name` has it, which is the same at both ends.
    Connection(Vec<u8>),
    /// What `fd.name` calls so: a file, a pipe, a terminal.
    Name(Vec<u8>),
}

impl Target {
    /// What a person wrote: `4711:5`, `203.0.113.9:80`, `pts/3`, or a name as `fd.name` has it. Nothing where it is empty.
    pub fn parse(text: &str) -> Option<Target> {
        if let Some((pid, fd)) = text.split_once(':')
            && let (Ok(pid), Ok(fd)) = (pid.parse::<u32>(), fd.parse::<u32>())
        {
            return Some(Target::Descriptor { pid, fd: i64::from(fd) });
        }
        if let Ok(server) = text.parse::<SocketAddr>() {
            return Some(Target::Server(server));
        }
        let name = match text.strip_prefix("pts/") {
            Some(number) => format!("/dev/pts/{number}"),
            None => text.to_owned(),
        };
        (!name.is_empty()).then(|| Target::Name(name.into_bytes()))
    }

    /// The condition in the filter language that events have to pass to be about it.
    pub fn condition(&self) -> String {
        match self {
            Target::Descriptor { pid, fd } => format!("proc.pid = {pid} and fd.num = {fd}"),
            Target::Server(server) => format!("fd.sip = {} and fd.sport = {}", server.ip(), server.port()),
            Target::Connection(name) => format!("fd.l4proto = tcp and fd.name = {}", escape(name)),
            Target::Name(name) => format!("fd.name = {}", escape(name)),
        }
    }
}

/// What the descriptor of an event is to be followed as: a TCP connection, a pipe and a terminal with all who use it, so
/// with both ends where both were recorded; everything else as a descriptor of its process. Nothing where the event has no
/// descriptor. [`super::lifetime`] says for how long.
pub fn target_of(row: &EventRow<'_>) -> Option<Target> {
    let descriptor = row.descriptor()?;
    let name = &descriptor.name;
    let connected = descriptor.tuple.is_some_and(|tuple| tuple.remote.1 != 0);
    if descriptor.l4 == L4Proto::Tcp && connected && !name.is_empty() {
        return Some(Target::Connection(name.clone()));
    }
    // A terminal stays when who used it is gone; the number of a pipe's inode is its own while it is open.
    let shared = descriptor.ty == DescriptorType::Pipe || name.starts_with(b"/dev/pts/");
    let pid = row.thread().map(|thread| thread.pid).filter(|pid| *pid != 0);
    match (pid, fd_number(row).filter(|fd| *fd >= 0)) {
        _ if shared && !name.is_empty() => Some(Target::Name(name.clone())),
        (Some(pid), Some(fd)) => Some(Target::Descriptor { pid, fd }),
        _ if !name.is_empty() => Some(Target::Name(name.clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Filter, Settings};

    #[test]
    fn targets_are_conditions() {
        for (target, expected) in [
            ("4711:5", "proc.pid = 4711 and fd.num = 5"),
            ("203.0.113.9:80", "fd.sip = 203.0.113.9 and fd.sport = 80"),
            ("[::1]:80", "fd.sip = ::1 and fd.sport = 80"),
            ("pts/3", "fd.name = \"/dev/pts/3\""),
            ("10.0.0.5:4->10.0.0.6:80", "fd.name = \"10.0.0.5:4->10.0.0.6:80\""),
            ("/a \"b\\", r#"fd.name = "/a \"b\x5c""#),
        ] {
            let got = Target::parse(target).expect("a target").condition();
            assert_eq!(got, expected);
            let filter = Filter::compile(&got, &Settings::default());
            assert!(filter.is_ok(), "{}", filter.unwrap_err().render(&got));
        }
        assert_eq!(Target::parse(""), None);
        let connection = Target::Connection(b"10.0.0.5:4->10.0.0.6:80".to_vec()).condition();
        assert!(
            Filter::compile(&connection, &Settings::default()).is_ok(),
            "{connection}"
        );
    }
}
