//! What each code of an event means: name, category, and parameters with their types.

use super::syscalls::native_number;
use afterimage_format::model::Category;
use std::sync::LazyLock;

/// Which side of a call an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// A call begins, or something happened that has no end.
    Enter,
    /// A call ended.
    Exit,
}

/// How a parameter stands in an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the format")]
pub enum Wire {
    Int,
    Uint,
    Errno,
    Fd,
    Pid,
    Uid,
    Gid,
    Flags,
    Mode,
    Signal,
    SignalSet,
    RelTime,
    AbsTime,
    Text,
    Bytes,
    Path,
    RelPath,
    SockAddr,
    SockTuple,
    FdList,
    Syscall,
    Dynamic,
    TextList,
    PairList,
    Ipv4,
    Ipv6,
    Port,
    /// Not known: the capture is newer.
    Unknown,
}

/// What the values of a parameter are, where they are not plain numbers: sysdig has numbers of its own for many constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the format")]
pub enum Values {
    Plain,
    Hex,
    Octal,
    Open,
    Clone,
    Families,
    Prot,
    Map,
    Mount,
    Umount,
    Whence,
    Shutdown,
    Resource,
    Fcntl,
    SocketLevel,
    SocketOption,
    Ptrace,
    Splice,
    Access,
    UnlinkAt,
    LinkAt,
    StatAt,
    ChownAt,
    ExecveAt,
    Mode,
    Rename,
    Resolve,
    UringSetup,
    UringFeatures,
    UringEnter,
    UringRegister,
    MlockAll,
    Mlock,
    Fsconfig,
    EpollCreate,
    Prctl,
    Memfd,
    PidfdOpen,
    Bpf,
    DeleteModule,
    CloseRange,
    FinitModule,
    Keyctl,
    Semctl,
    Semget,
    Semop,
    Flock,
    Futex,
}

/// A parameter.
#[derive(Debug, Clone, Copy)]
pub struct ParamInfo {
    /// Its name.
    pub name: &'static str,
    /// How it stands in the event.
    pub wire: Wire,
    /// What its values are.
    pub values: Values,
}

/// What is known of a code.
#[derive(Debug)]
pub struct EventInfo {
    /// `evt.type`.
    pub name: &'static str,
    /// What it is about.
    pub category: Category,
    /// Parameters in order; an event may have fewer, and newer ones more.
    pub params: Vec<ParamInfo>,
    /// The number of the call on x86-64, where it is one.
    pub syscall: Option<u16>,
    /// Makes a descriptor.
    pub creates_fd: bool,
    /// Works on a descriptor: the first parameter where the call begins.
    pub uses_fd: bool,
    /// Changes what is known of threads, descriptors or users: its row shows what is known afterwards.
    pub changes: bool,
    /// Belongs to no thread.
    pub bare: bool,
    /// Lengths of its parameters have four bytes.
    pub large: bool,
}

impl EventInfo {
    /// Position of the parameter called `name`.
    pub fn param(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|param| param.name == name)
    }
}

static TABLE: LazyLock<Vec<EventInfo>> = LazyLock::new(|| {
    let lines = include_str!("../../data/events.tsv").lines();
    lines.filter(|line| !line.starts_with('#')).map(event).collect()
});

/// What is known of a code; nothing where it is newer than this program.
pub fn info(code: u16) -> Option<&'static EventInfo> {
    TABLE.get(usize::from(code))
}

/// How many codes are known.
pub fn known_codes() -> u16 {
    TABLE.len() as u16
}

fn event(line: &'static str) -> EventInfo {
    let mut columns = line.split('\t');
    let mut column = || columns.next().unwrap_or_default();
    let (_code, name, about, flags, params) = (column(), column(), column(), column(), column());
    let is = |flag| flags.split(',').any(|one| one == flag);
    EventInfo {
        name,
        category: category(about),
        params: params.split(' ').filter(|param| *param != "-").map(param).collect(),
        syscall: if is("call") { native_number(name) } else { None },
        creates_fd: is("creates"),
        uses_fd: is("uses"),
        changes: is("changes"),
        bare: is("bare"),
        large: is("large"),
    }
}

fn param(text: &'static str) -> ParamInfo {
    let mut parts = text.split(':');
    let mut part = || parts.next().unwrap_or_default();
    ParamInfo {
        name: part(),
        wire: wire(part()),
        values: values(part()),
    }
}

pub(super) fn category(name: &str) -> Category {
    match name {
        "FILE" => Category::File,
        "NET" => Category::Net,
        "IPC" => Category::Ipc,
        "PROCESS" => Category::Process,
        "SLEEP" => Category::Sleep,
        "WAIT" => Category::Wait,
        "SIGNAL" => Category::Signal,
        "USER" => Category::User,
        "TIME" => Category::Time,
        "MEMORY" => Category::Memory,
        "IO_READ" => Category::IoRead,
        "IO_WRITE" => Category::IoWrite,
        "IO_OTHER" => Category::IoOther,
        "SCHEDULER" => Category::Scheduler,
        "INTERNAL" => Category::Internal,
        "SYSTEM" => Category::System,
        _ => Category::Other,
    }
}

fn wire(name: &str) -> Wire {
    match name {
        "INT8" | "INT16" | "INT32" | "INT64" => Wire::Int,
        "UINT8" | "UINT16" | "UINT32" | "UINT64" => Wire::Uint,
        "ERRNO" => Wire::Errno,
        "FD" | "FD32" => Wire::Fd,
        "PID" | "PID32" => Wire::Pid,
        "UID" => Wire::Uid,
        "GID" => Wire::Gid,
        "FLAGS8" | "FLAGS16" | "FLAGS32" | "ENUMFLAGS8" | "ENUMFLAGS16" | "ENUMFLAGS32" => Wire::Flags,
        "MODE" => Wire::Mode,
        "SIGTYPE" => Wire::Signal,
        "SIGSET" => Wire::SignalSet,
        "RELTIME" => Wire::RelTime,
        "ABSTIME" => Wire::AbsTime,
        "CHARBUF" => Wire::Text,
        "BYTEBUF" => Wire::Bytes,
        "FSPATH" => Wire::Path,
        "FSRELPATH" => Wire::RelPath,
        "SOCKADDR" => Wire::SockAddr,
        "SOCKTUPLE" => Wire::SockTuple,
        "FDLIST" => Wire::FdList,
        "SYSCALLID" => Wire::Syscall,
        "DYN" => Wire::Dynamic,
        "CHARBUFARRAY" => Wire::TextList,
        "CHARBUF_PAIR_ARRAY" => Wire::PairList,
        "IPV4ADDR" => Wire::Ipv4,
        "IPV6ADDR" => Wire::Ipv6,
        "PORT" => Wire::Port,
        _ => Wire::Unknown,
    }
}

fn values(name: &str) -> Values {
    match name {
        "hex" => Values::Hex,
        "oct" => Values::Octal,
        "file_flags" => Values::Open,
        "clone_flags" => Values::Clone,
        "socket_families" => Values::Families,
        "prot_flags" => Values::Prot,
        "mmap_flags" => Values::Map,
        "mount_flags" => Values::Mount,
        "umount_flags" => Values::Umount,
        "lseek_whence" => Values::Whence,
        "shutdown_how" => Values::Shutdown,
        "rlimit_resources" => Values::Resource,
        "fcntl_commands" => Values::Fcntl,
        "sockopt_levels" => Values::SocketLevel,
        "sockopt_options" => Values::SocketOption,
        "ptrace_requests" => Values::Ptrace,
        "splice_flags" => Values::Splice,
        "access_flags" => Values::Access,
        "unlinkat_flags" => Values::UnlinkAt,
        "linkat_flags" => Values::LinkAt,
        "newfstatat_flags" => Values::StatAt,
        "fchownat_flags" => Values::ChownAt,
        "execveat_flags" => Values::ExecveAt,
        "chmod_mode" | "mknod_mode" => Values::Mode,
        "renameat2_flags" => Values::Rename,
        "openat2_flags" => Values::Resolve,
        "io_uring_setup_flags" => Values::UringSetup,
        "io_uring_setup_feats" => Values::UringFeatures,
        "io_uring_enter_flags" => Values::UringEnter,
        "io_uring_register_opcodes" => Values::UringRegister,
        "mlockall_flags" => Values::MlockAll,
        "mlock2_flags" => Values::Mlock,
        "fsconfig_cmds" => Values::Fsconfig,
        "epoll_create1_flags" => Values::EpollCreate,
        "prctl_options" => Values::Prctl,
        "memfd_create_flags" => Values::Memfd,
        "pidfd_open_flags" => Values::PidfdOpen,
        "bpf_commands" => Values::Bpf,
        "delete_module_flags" => Values::DeleteModule,
        "close_range_flags" => Values::CloseRange,
        "finit_module_flags" => Values::FinitModule,
        "keyctl_operations" => Values::Keyctl,
        "semctl_commands" => Values::Semctl,
        "semget_flags" => Values::Semget,
        "semop_flags" => Values::Semop,
        "flock_flags" => Values::Flock,
        "futex_operations" => Values::Futex,
        "" => Values::Plain,
        _ => Values::Hex,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_numbered_without_gaps_and_types_are_known() {
        for (at, line) in include_str!("../../data/events.tsv")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .enumerate()
        {
            assert!(line.starts_with(&format!("{at}\t")), "{line}");
        }
        assert_eq!(known_codes(), 454);
        for code in 0..known_codes() {
            let info = info(code).unwrap();
            assert!(info.params.iter().all(|param| param.wire != Wire::Unknown), "{info:?}");
            assert!(info.params.len() <= crate::limits::MAX_PARAMS);
        }
    }
}
