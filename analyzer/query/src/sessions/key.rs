//! Which session an event belongs to.

use super::Side;
use crate::lang::escape;
use crate::row::EventRow;

/// What tells sessions apart. Numbers of terminals and descriptors are used again: sessions with the same key follow one
/// another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// A slave: a terminal belongs to one session of processes at a time.
    Slave { container: u64, name: Vec<u8>, sid: u32 },
    /// A master: a descriptor of the process that has it.
    Master { container: u64, pid: u32, fd: i64 },
}

impl Key {
    /// That of an event; nothing where its descriptor is no terminal.
    pub(super) fn of(row: &EventRow<'_>) -> Option<Key> {
        let descriptor = row.descriptor()?;
        let thread = row.thread().filter(|thread| thread.pid != 0)?;
        let (container, name) = (thread.container, &descriptor.name);
        if name == b"/dev/ptmx" || name == b"/dev/pts/ptmx" {
            let fd = crate::follow::fd_number(row)?;
            let pid = thread.pid;
            return Some(Key::Master { container, pid, fd });
        }
        is_slave(name).then(|| Key::Slave {
            container,
            name: name.clone(),
            sid: thread.sid,
        })
    }

    pub(super) fn side(&self) -> Side {
        match self {
            Key::Slave { .. } => Side::Slave,
            Key::Master { .. } => Side::Master,
        }
    }

    /// A condition that all events with this key pass, and few others.
    pub(super) fn condition(&self) -> String {
        match self {
            Key::Slave { name, .. } => format!("fd.name = {}", escape(name)),
            Key::Master { pid, fd, .. } => format!("proc.pid = {pid} and fd.num = {fd}"),
        }
    }
}

/// `/dev/pts/3`, `/dev/console`, `/dev/tty1`, and what stands for the terminal of whoever opens it, `/dev/tty`.
fn is_slave(name: &[u8]) -> bool {
    let number = |rest: Option<&[u8]>| rest.is_some_and(|rest| rest.iter().all(u8::is_ascii_digit));
    name == b"/dev/console" || number(name.strip_prefix(b"/dev/pts/")) || number(name.strip_prefix(b"/dev/tty"))
}
