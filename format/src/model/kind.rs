//! Kinds of events and their parameters. A segment carries the kinds that it uses, so a reader needs no table of its
//! own and old traces keep their meaning when names change.

use crate::meta::{codes, record};

/// What an event is about; the names are those of `evt.category`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Category {
    /// Anything not below.
    #[default]
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
codes!(Category { Other = 0, File = 1, Net = 2, Ipc = 3, Process = 4, Sleep = 5, Wait = 6, Signal = 7, User = 8, Time = 9, Memory = 10, IoRead = 11, IoWrite = 12, IoOther = 13, Scheduler = 14, Internal = 15 } else |_| Category::Other);

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

/// How a parameter is stored and shown. Codes from 64 on are byte strings, so that a reader can tell them of types that it does
/// not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ParamType {
    /// Signed decimal.
    Int,
    /// Unsigned decimal.
    Uint,
    /// Unsigned, shown in hexadecimal (addresses, opaque flags).
    #[default]
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
codes!(ParamType { Int = 0, Uint = 1, Hex = 2, Errno = 3, Fd = 4, DirFd = 5, Pid = 6, Uid = 7, Gid = 8, Mode = 9, Signal = 10, OpenFlags = 11, CloneFlags = 12, MountFlags = 13, AtFlags = 14, MsgFlags = 15, Family = 16, SocketType = 17, PtraceRequest = 18, Path = 64, Text = 65, TextList = 66, Bytes = 67, SockAddr = 68 } else |code| if code < 64 { ParamType::Hex } else { ParamType::Text });

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
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Param {
    /// Name as in `evt.arg.NAME`.
    pub name: String,
    /// Type.
    pub ty: ParamType,
}
record!(Param { name, ty });

/// A kind of event: the name that `evt.type` shows, and what its rows carry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
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
record!(Kind {
    name,
    category,
    syscall,
    params
});

impl Kind {
    /// Position of the parameter called `name`.
    pub fn param(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|p| p.name == name)
    }
}
