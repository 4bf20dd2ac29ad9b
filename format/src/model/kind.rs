//! Kinds of events and their parameters. A segment carries the kinds that it uses, so a reader needs no table of its
//! own and old traces keep their meaning when names change.

use bincode::{Decode, Encode};

/// What an event is about; the names are those of `evt.category`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Category {
    /// Anything not below.
    Other,
    /// Operations on files by path or open.
    File,
    /// Sockets.
    Net,
    /// Pipes, message queues, shared memory.
    Ipc,
    /// Life and rights of processes.
    Process,
    /// Sleeping and waiting.
    Sleep,
    /// Waiting for several descriptors.
    Wait,
    /// Signals.
    Signal,
    /// Users and groups.
    User,
    /// Clocks.
    Time,
    /// Memory mappings.
    Memory,
    /// Reading from a descriptor.
    IoRead,
    /// Writing to a descriptor.
    IoWrite,
    /// Other operations on a descriptor.
    IoOther,
    /// Scheduling.
    Scheduler,
    /// What the recorder itself says (container life, losses).
    Internal,
}

impl Category {
    /// The name that `evt.category` shows.
    pub fn name(self) -> &'static str {
        match self {
            Category::Other => "other",
            Category::File => "file",
            Category::Net => "net",
            Category::Ipc => "ipc",
            Category::Process => "process",
            Category::Sleep => "sleep",
            Category::Wait => "wait",
            Category::Signal => "signal",
            Category::User => "user",
            Category::Time => "time",
            Category::Memory => "memory",
            Category::IoRead => "io_read",
            Category::IoWrite => "io_write",
            Category::IoOther => "io_other",
            Category::Scheduler => "processing",
            Category::Internal => "internal",
        }
    }
}

/// How a parameter is stored and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum ParamType {
    /// Signed decimal.
    Int,
    /// Unsigned decimal.
    Uint,
    /// Unsigned, shown in hexadecimal (addresses, opaque flags).
    Hex,
    /// Result: 0 or more, or a negative errno that is shown with its name.
    Errno,
    /// File descriptor number.
    Fd,
    /// Descriptor number of a directory that a path is relative to (`AT_FDCWD` by name).
    DirFd,
    /// Process or thread id.
    Pid,
    /// User id.
    Uid,
    /// Group id.
    Gid,
    /// File mode, shown in octal.
    Mode,
    /// Signal number, shown by name.
    Signal,
    /// `O_*` flags of open.
    OpenFlags,
    /// `CLONE_*` flags.
    CloneFlags,
    /// `MS_*` flags of mount.
    MountFlags,
    /// `AT_*` flags.
    AtFlags,
    /// `MSG_*` flags.
    MsgFlags,
    /// Address family (`AF_*`).
    Family,
    /// Socket type with its flags (`SOCK_*`).
    SocketType,
    /// `PTRACE_*` request.
    PtraceRequest,
    /// Path as given by the caller.
    Path,
    /// Other text.
    Text,
    /// Text with NUL between its elements (argv).
    TextList,
    /// Payload.
    Bytes,
    /// A raw `struct sockaddr` as the kernel has it, see [`crate::model::parse_sockaddr`].
    SockAddr,
}

impl ParamType {
    /// Whether values are byte strings (else integers).
    pub fn is_bytes(self) -> bool {
        matches!(
            self,
            ParamType::Path | ParamType::Text | ParamType::TextList | ParamType::Bytes | ParamType::SockAddr
        )
    }
}

/// A named parameter of an event kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Param {
    /// Name as in `evt.arg.NAME`.
    pub name: String,
    /// Type.
    pub ty: ParamType,
}

/// A kind of event: the name that `evt.type` shows, and what its rows carry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Kind {
    /// `evt.type`: `openat`, `procexit`, …
    pub name: String,
    /// Category.
    pub category: Category,
    /// System call number on the recording architecture; `None` for what is not a call.
    pub syscall: Option<u16>,
    /// Parameters in order.
    pub params: Vec<Param>,
}

impl Kind {
    /// Position of the parameter called `name`.
    pub fn param(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|p| p.name == name)
    }
}
