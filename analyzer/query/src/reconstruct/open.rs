//! Which descriptors were open at a time, and whose they were.

use super::replay::Replay;
use afterimage_format::Error;
use afterimage_format::file::Trace;
use afterimage_format::model::{Descriptor, Thread};
use std::rc::Rc;

/// The descriptors that were open at a time.
#[derive(Debug, Default)]
pub struct Open {
    /// The processes that were alive, as in [`super::Alive::processes`].
    pub processes: Vec<Thread>,
    /// By process id and number.
    pub descriptors: Vec<OpenDescriptor>,
    /// Damage met; what lay there is not known.
    pub damage: Vec<Error>,
}

/// A place in the descriptor table of a process.
#[derive(Debug, Clone)]
pub struct OpenDescriptor {
    /// Process id in the initial pid namespace.
    pub pid: u32,
    /// Number of the descriptor.
    pub fd: i32,
    /// What it refers to.
    pub descriptor: Rc<Descriptor>,
}

impl OpenDescriptor {
    /// Whether it is a socket of any kind.
    pub fn is_socket(&self) -> bool {
        self.descriptor.is_socket()
    }
}

impl Open {
    /// The process with this id; `None` where only its descriptors are known.
    pub fn process(&self, pid: u32) -> Option<&Thread> {
        let at = self.processes.binary_search_by_key(&pid, |process| process.pid);
        at.ok().and_then(|at| self.processes.get(at))
    }
}

/// The descriptors open at `time`, nanoseconds since 1970. Reads the segments from the last keyframe up to that time.
/// A process whose threads have descriptors of their own has those of its first thread here.
pub fn open_at(trace: &Trace, time: u64) -> Open {
    let replay = Replay::at(trace, time, true);
    let descriptors = replay
        .tables
        .open()
        .map(|(pid, fd, descriptor)| OpenDescriptor {
            pid,
            fd,
            descriptor: Rc::clone(descriptor),
        })
        .collect();
    Open {
        processes: replay.lives.processes().processes,
        descriptors,
        damage: replay.damage,
    }
}
