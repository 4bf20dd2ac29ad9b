//! What a reconstruction tells: chapters by container, in each what happened line by line.

use afterimage_format::Error;
use afterimage_format::model::{Container, L4Proto, Loss, Thread};
use std::net::SocketAddr;

/// Everything that a trace tells about a span of time.
#[derive(Debug, Default)]
pub struct Story {
    /// One for every container that has events, and one for what runs in none; in the order of their beginning.
    pub chapters: Vec<Chapter>,
    /// Processes that are named, by [`ProcessId`].
    pub processes: Vec<Process>,
    /// Recorded losses that touch the span: what was lost may belong into any chapter.
    pub losses: Vec<Loss>,
    /// Damage met; what lay there is not in the story.
    pub damage: Vec<Error>,
}

impl Story {
    /// The process with this id.
    pub fn process(&self, id: ProcessId) -> &Process {
        &self.processes[id.0]
    }

    /// The parent of a process, its parent, and so on, as far as they are in the trace.
    pub fn ancestors(&self, id: ProcessId) -> impl Iterator<Item = ProcessId> {
        std::iter::successors(self.process(id).parent, |id| self.process(*id).parent)
    }

    /// Whether something may be missing.
    pub fn is_incomplete(&self) -> bool {
        !self.losses.is_empty() || !self.damage.is_empty()
    }
}

/// What happened in one container.
#[derive(Debug)]
pub struct Chapter {
    /// The container; none for what runs outside of containers.
    pub container: Option<Container>,
    /// First and last event, nanoseconds since 1970.
    pub first: u64,
    /// See `first`.
    pub last: u64,
    /// Events of the container in the span.
    pub events: u64,
    /// Events that no line tells of because they are noise: libraries, locale, `/proc` and the like.
    pub folded: u64,
    /// The lines in the order of their time.
    pub entries: Vec<Entry>,
}

/// A process of a [`Story`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProcessId(pub(super) usize);

/// A process from birth to end.
#[derive(Debug, Clone, Default)]
pub struct Process {
    /// Process id on the host.
    pub pid: u32,
    /// Process id as the container sees it; 0: unknown.
    pub vpid: u32,
    /// Parent's process id; 0: unknown.
    pub ppid: u32,
    /// The parent, if it is in the trace.
    pub parent: Option<ProcessId>,
    /// `comm` of the parent when this process was born; empty: unknown.
    pub parent_name: Vec<u8>,
    /// `comm`, the latest.
    pub name: Vec<u8>,
    /// [`Container::key`]; 0: none.
    pub container: u64,
    /// How many recorded ancestors of the same container are above it.
    pub depth: usize,
    /// Birth, nanoseconds since 1970; 0: unknown.
    pub start: u64,
    /// End, if it was recorded.
    pub end: Option<End>,
    /// Whether it is the container runtime's own, before the container's program replaces it.
    pub runtime: bool,
    /// Whether the container runtime brought it into the container.
    pub by_runtime: bool,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// When, nanoseconds since 1970.
    pub time: u64,
    /// Wait status as the kernel has it: exit code in the second byte, signal in the first.
    pub status: i64,
}

impl End {
    /// The signal that ended it.
    pub fn signal(&self) -> Option<i64> {
        Some(self.status & 0x7f).filter(|signal| *signal != 0)
    }

    /// The exit code, where no signal ended it.
    pub fn code(&self) -> Option<i64> {
        self.signal().is_none().then_some(self.status >> 8 & 0xff)
    }
}

/// A process with the name that it had at that moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The process.
    pub process: ProcessId,
    /// Its `comm` at that moment.
    pub name: Vec<u8>,
}

/// One line of the story: one event, or several that belong together.
#[derive(Debug, Clone)]
pub struct Entry {
    /// First event, nanoseconds since 1970.
    pub time: u64,
    /// Last event.
    pub until: u64,
    /// How many events.
    pub events: u64,
    /// Who did it; none where the container itself did.
    pub who: Option<Who>,
    /// Effective user id at that moment; `u32::MAX`: unknown.
    pub uid: u32,
    /// What was done.
    pub what: What,
    /// Negative errno, if it was refused.
    pub error: Option<i64>,
    /// What else is known about it.
    pub notes: Vec<Note>,
    /// Whether a responder should look at it first.
    pub notable: bool,
}

/// What was done.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// The container's cgroup was made.
    ContainerStarted,
    /// The container's cgroup was removed.
    ContainerEnded,
    /// These ran already when the span began.
    Running(Vec<Who>),
    /// The container runtime prepared the container or entered it.
    SetUp,
    /// A process was born and ran on as a copy of its parent.
    Started,
    /// A program was executed.
    Executed(Program),
    /// The process ended in a way that deserves a line.
    Ended,
    /// A file was used or changed.
    File(FileUse),
    /// A socket was used.
    Net(NetUse),
    /// Effective user and group changed.
    Credentials {
        /// Before.
        from: (u32, u32),
        /// After, or what was asked for.
        to: (u32, u32),
    },
    /// A signal was sent.
    Signal {
        /// Its number.
        signal: i64,
        /// To whom.
        target: Target,
    },
    /// Another process was traced.
    Trace {
        /// `PTRACE_*`.
        request: i64,
        /// Which.
        target: Target,
    },
    /// Something was mounted.
    Mount {
        /// Device or directory.
        source: Vec<u8>,
        /// Where.
        target: Vec<u8>,
        /// Type of file system.
        fstype: Vec<u8>,
        /// `MS_*`.
        flags: i64,
    },
    /// Kubernetes' API server was asked for something.
    Asked {
        /// By whom.
        user: String,
        /// `create`, `delete`, …
        verb: String,
        /// `pods/exec shop/web-0`.
        what: String,
        /// Status of the answer; empty: there was none.
        code: String,
    },
    /// Another call that matters, as it was recorded.
    Call {
        /// Name of the system call.
        name: String,
        /// Its arguments as text.
        args: Vec<u8>,
    },
    /// More of the same by one process, not told one by one.
    More {
        /// Of what.
        of: Kind,
        /// How many.
        count: u64,
        /// Bytes read and received.
        read: u64,
        /// Bytes written and sent.
        written: u64,
        /// The directory that all of it lies in; empty where it is none.
        below: Vec<u8>,
    },
}

/// Lines that are counted together when one process has many of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Files read or opened.
    Read,
    /// Files written.
    Write,
    /// Files deleted.
    Delete,
    /// Other changes to files.
    Change,
    /// Connections made.
    Connect,
    /// Connections accepted.
    Accept,
    /// Signals sent.
    Signal,
    /// Everything else.
    Other,
}

/// A program that was executed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Program {
    /// Path of the executed file; empty: unknown.
    pub path: Vec<u8>,
    /// `argv`.
    pub argv: Vec<Vec<u8>>,
    /// Whether `argv` was cut when recording.
    pub cut: bool,
}

impl Program {
    /// What a thread executes.
    pub fn of(thread: &Thread) -> Program {
        let argv = std::iter::once(&thread.exe[..]).chain(thread.arguments());
        let known = !thread.exe.is_empty() || !thread.args.is_empty();
        Program {
            path: thread.program().to_vec(),
            argv: argv.filter(|_| known).map(<[u8]>::to_vec).collect(),
            cut: thread.args_truncated,
        }
    }
}

/// What was done to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileUse {
    /// What.
    pub op: FileOp,
    /// Its path: absolute where the directory that it is relative to is known.
    pub path: Vec<u8>,
    /// The second path of a rename or link; what a symbolic link holds. Empty otherwise.
    pub to: Vec<u8>,
    /// Bytes read or written.
    pub bytes: u64,
}

/// What can be done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileOp {
    /// Opened, and neither read nor written.
    Open,
    /// Read.
    Read,
    /// Written; `created`: certainly a new file.
    Write {
        /// Whether it did not exist before.
        created: bool,
    },
    /// Deleted.
    Delete,
    /// Renamed to another path.
    Rename,
    /// Another name was made for it.
    Link,
    /// A symbolic link was made.
    Symlink,
    /// A directory was made.
    MakeDirectory,
    /// A directory was removed.
    RemoveDirectory,
    /// Permissions were set to these.
    Mode(i64),
    /// Owner and group were set to these; -1: left as it is.
    Owner(i64, i64),
    /// It became the root directory.
    Root,
    /// What was mounted there is not any more.
    Unmount,
}

/// What was done with a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetUse {
    /// What.
    pub op: NetOp,
    /// Transport.
    pub l4: L4Proto,
    /// This side.
    pub local: Option<SocketAddr>,
    /// The other side.
    pub remote: Option<SocketAddr>,
    /// Path of a Unix socket; abstract names begin with NUL.
    pub path: Vec<u8>,
    /// Bytes sent.
    pub sent: u64,
    /// Bytes received.
    pub received: u64,
    /// How many connections.
    pub count: u64,
    /// Whether the connection was begun, and the trace does not show that it came about.
    pub pending: bool,
}

/// What can be done with a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetOp {
    /// Connected.
    Connect,
    /// Accepted a connection.
    Accept,
    /// Waits for connections.
    Listen,
    /// Waits for datagrams.
    Bind,
    /// Used a connection whose beginning was not recorded.
    Use,
}

/// The process that another one acted on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// It is in the trace.
    Known(Who),
    /// Its number as the caller gave it.
    Number(i64),
}

/// What else is known about a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Note {
    /// The process of this line ended so, this many nanoseconds after the line.
    Ended(End, u64),
    /// The file was written by another process, that had taken in this before.
    WrittenBy(Who, u64, Sources),
    /// The file was made executable.
    MadeExecutable(Who, u64),
    /// The file was executed.
    ExecutedBy(Who, u64),
    /// The file was deleted.
    DeletedBy(Who, u64),
    /// The file got its name from another one.
    RenamedFrom(Vec<u8>, u64),
    /// The file was renamed.
    RenamedTo(Vec<u8>, u64),
    /// The process had taken in this before.
    After(Sources),
    /// Why the object matters.
    Sensitive(&'static str),
    /// The file was new, or what was in it before is gone.
    NewOrEmptied,
    /// Written behind what was in it before.
    Appended,
    /// The connection was used by these, too.
    UsedBy(Vec<Who>),
    /// The first line of what went over the connection, from this side or from the other one.
    FirstLine {
        /// Whether the other side said it.
        from_remote: bool,
        /// As far as it was recorded.
        text: Vec<u8>,
    },
    /// Names that were looked up.
    LookedUp(Vec<Vec<u8>>),
    /// The user changed with the execution, from the first to the second.
    BecameUser(u32, u32),
    /// The container runtime brought it into the running container.
    Entered,
    /// Who asked Kubernetes for it, as the audit log of the API server says.
    AskedBy(AskedBy),
    /// The same again: how often in all, and the last time.
    Repeated(u64, u64),
}

/// Who asked Kubernetes for a program.
#[derive(Debug, Clone, PartialEq)]
pub struct AskedBy {
    /// The user.
    pub user: String,
    /// As whom it acted; empty: as itself.
    pub impersonated: String,
    /// Where the request came from; empty: not known.
    pub from: String,
    /// When it was received, nanoseconds since 1970.
    pub time: u64,
    /// Why it is not known; empty: it is.
    pub missing: String,
}

/// Where data came from: what matters first, then the latest.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sources {
    /// The first of them.
    pub list: Vec<Source>,
    /// How many more there are.
    pub more: usize,
}

/// One place that data came from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A file: path, bytes read, and what its writer had taken in, where that is known.
    File(Vec<u8>, u64, Sources),
    /// The other side of a connection, and bytes received from it.
    Remote(SocketAddr, u64),
}
