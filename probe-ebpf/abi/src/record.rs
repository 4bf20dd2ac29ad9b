//! What the program writes into a ring.

use core::mem::{offset_of, size_of};

/// First bytes of every record.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordHeader {
    /// Length of the whole record in bytes, a multiple of 8.
    pub len: u32,
    /// See [`kind`].
    pub kind: u8,
    /// See [`flags`].
    pub flags: u8,
    /// System call number of system call records. The last place of the table stands for all numbers beyond it; the
    /// number itself is then the first argument.
    pub nr: u16,
    /// `CLOCK_BOOTTIME` in nanoseconds.
    pub time: u64,
    /// `tgid << 32 | tid` in the initial pid namespace.
    pub tgid_tid: u64,
    /// Result of the call; for other kinds see [`kind`].
    pub result: i64,
    /// Cgroup v2 id of the thread.
    pub cgroup: u64,
}

const _: () = assert!(size_of::<RecordHeader>() == 40);
const _: () = assert!(offset_of!(RecordHeader, time) == 8 && offset_of!(RecordHeader, cgroup) == 32);

/// Kinds of records.
pub mod kind {
    /// A system call returned.
    pub const SYSCALL_EXIT: u8 = 1;
    /// A system call began: the strings and addresses that it takes, before anybody can change them.
    pub const SYSCALL_ENTER: u8 = 2;
    /// A new image runs. Arguments: tid before the exec, uid << 32 | gid, vtid << 32 | vpid, parent process
    /// id.
    pub const EXEC: u8 = 3;
    /// A task was made. Arguments: the child's tgid << 32 | tid, uid << 32 | gid, vtid << 32 | vpid, bits of
    /// [`super::shares`]. `result`: its parent process id. The header's cgroup is the child's.
    pub const FORK: u8 = 4;
    /// A task ends. `result`: exit code as of wait(2).
    pub const EXIT: u8 = 5;
    /// A cgroup was made. Arguments: its id, its parent's id.
    pub const CGROUP_MKDIR: u8 = 6;
    /// A cgroup was removed. Arguments: its id.
    pub const CGROUP_RMDIR: u8 = 7;
    /// A task moves into a cgroup. Arguments: its tgid << 32 | tid, uid << 32 | gid, vtid << 32 | vpid, parent process id.
    /// `result`: 1 where its whole process moves. The header's cgroup is the destination.
    pub const CGROUP_ATTACH: u8 = 8;
    /// What is behind a descriptor that the current task has got, or the directory that it is in; `result`: its number, or
    /// [`crate::AT_FDCWD`]. Comes behind the record of the
    /// call that brought it, or before that of the result of an operation of io_uring.
    pub const DESCRIPTOR: u8 = 9;
    /// A signal reaches the current task. Arguments: its number, `si_code`, `si_pid`, whether these two are known (for
    /// SIGKILL the kernel keeps none).
    pub const SIGNAL: u8 = 32;
    /// A task was chosen to be killed for its memory; the header's ids and cgroup are its own. Arguments: its
    /// uid << 32 | gid, the tgid << 32 | tid of the task that needed memory.
    pub const OOM_VICTIM: u8 = 33;
    /// An operation of io_uring begins. Arguments: its request's address, `IORING_OP_* | IOSQE_* << 8 | whether it
    /// makes or closes an entry of the ring's own table of descriptors << 16`, descriptor, user_data.
    pub const URING_SUBMIT: u8 = 34;
    /// It has a result. Arguments: its request's address, `IORING_OP_*`, `IORING_CQE_F_*`, user_data.
    pub const URING_COMPLETE: u8 = 35;
}

/// Bits of [`RecordHeader::flags`].
pub mod flags {
    /// The last item is [`super::item::ENTERED`].
    pub const TIMED: u8 = 0x80;
    /// Made through the 32-bit entry: `nr` is of the compat table.
    pub const COMPAT: u8 = 1;
    /// The thread's user is not in scope: it has just left, or was never in it.
    pub const OUTSIDE: u8 = 2;
}

/// What a new task has in common with the one that made it.
pub mod shares {
    /// The table of descriptors.
    pub const DESCRIPTORS: u64 = 1;
    /// Root and current directory.
    pub const DIRECTORY: u64 = 2;
}

/// Operations of io_uring with something that is looked up in their request (uapi/linux/io_uring.h).
#[allow(missing_docs, reason = "the names are `IORING_OP_*`")]
pub mod uring {
    pub const ACCEPT: u8 = 13;
    pub const OPENAT: u8 = 18;
    pub const CLOSE: u8 = 19;
    pub const OPENAT2: u8 = 28;
    pub const RENAMEAT: u8 = 35;
    pub const UNLINKAT: u8 = 36;
    pub const MKDIRAT: u8 = 37;
    pub const SYMLINKAT: u8 = 38;
    pub const LINKAT: u8 = 39;
    pub const SOCKET: u8 = 45;
    pub const FIXED_FD_INSTALL: u8 = 54;
}

/// First bytes of an item.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ItemHeader {
    /// Argument that the bytes belong to, or one of [`item`].
    pub arg: u8,
    /// See [`status`].
    pub status: u8,
    /// Explicit padding.
    pub pad: u16,
    /// Bytes that follow (then padding to 8).
    pub len: u32,
}

const _: () = assert!(size_of::<ItemHeader>() == 8);

/// Items that belong to no argument.
pub mod item {
    /// A [`super::KernelSocket`].
    pub const SOCKET: u8 = 0x80;
    /// Name of a thread (`comm`, with its NUL).
    pub const COMM: u8 = 0x81;
    /// Path of an executed file.
    pub const FILENAME: u8 = 0x82;
    /// argv, elements end with NUL.
    pub const ARGS: u8 = 0x83;
    /// Path of a cgroup.
    pub const CGROUP: u8 = 0x84;
    /// Address of a msghdr.
    pub const MESSAGE_NAME: u8 = 0x85;
    /// When the call began: `CLOCK_BOOTTIME` in nanoseconds (8 bytes).
    pub const ENTERED: u8 = 0x8f;
    /// A [`super::Credentials`].
    pub const CREDENTIALS: u8 = 0x86;
    /// A [`super::KernelPath`] and the names of its path.
    pub const PATH: u8 = 0x90;
    /// Environment of a new image, elements end with NUL.
    pub const ENV: u8 = 0x91;
    /// A [`super::ExecutedFile`].
    pub const EXECUTED: u8 = 0x92;
    /// Path of the program that loads a script.
    pub const INTERPRETER: u8 = 0x93;
    /// Address that a Unix socket is bound to: the path of `struct sockaddr_un`.
    pub const UNIX_LOCAL: u8 = 0x94;
    /// That of the socket that it is connected to.
    pub const UNIX_PEER: u8 = 0x95;
    /// Which descriptors are open after an exec: a bitmap in words of 64, from number 0 on.
    pub const OPEN: u8 = 0x96;
    /// The second path of an operation that has two.
    pub const NEW_FILENAME: u8 = 0xa0;
}

/// Bits of [`ItemHeader::status`].
pub mod status {
    /// The bytes were cut at a limit.
    pub const TRUNCATED: u8 = 1;
    /// The memory could not be read: there are no bytes.
    pub const FAULT: u8 = 2;
    /// The bytes are the kernel's own; without it they are the caller's memory as it was when the call returned.
    pub const KERNEL: u8 = 4;
}

/// What the kernel knows of a socket.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KernelSocket {
    /// `AF_*`.
    pub family: u16,
    /// `SOCK_*` without flags.
    pub ty: u16,
    /// `IPPROTO_*`.
    pub protocol: u16,
    /// Local port in host order.
    pub local_port: u16,
    /// Remote port in network order.
    pub remote_port_be: u16,
    /// Explicit padding.
    pub pad: [u16; 3],
    /// Local address: 4 or 16 bytes.
    pub local: [u8; 16],
    /// Remote address: 4 or 16 bytes.
    pub remote: [u8; 16],
}

const _: () = assert!(size_of::<KernelSocket>() == 48);

/// The file that the kernel has behind a descriptor or an executable: begins an [`item::PATH`]. Behind it stand the names
/// from the file up to the root of the task, each with a NUL.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KernelPath {
    /// Inode number; 0 for regular files and directories.
    pub ino: u64,
    /// Descriptor number; -1: none; [`crate::AT_FDCWD`]: the task's current directory.
    pub fd: i32,
    /// `st_mode`; 0 for the current directory.
    pub mode: u16,
    /// See [`walk`].
    pub marks: u16,
}

const _: () = assert!(size_of::<KernelPath>() == 16);

/// How the walk from a file to the root of its task ended: bits of [`KernelPath::marks`]. None: at the root.
pub mod walk {
    /// At the top of a tree of mounts that the task's root is not part of.
    pub const UNREACHABLE: u16 = 1;
    /// The file has been unlinked.
    pub const DELETED: u16 = 2;
    /// The file is in no tree: a pipe, a socket, a memfd.
    pub const NO_TREE: u16 = 4;
    /// There are more directories above than were followed.
    pub const TOO_DEEP: u16 = 8;
}

/// Credentials of a task (`struct cred`).
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Credentials {
    /// Effective `uid << 32 | gid`.
    pub effective_ids: u64,
    /// Real uid, real gid, saved uid, saved gid.
    pub ids: [u32; 4],
    /// Inheritable, permitted, effective, bounding, ambient capabilities.
    pub capabilities: [u64; 5],
}

const _: () = assert!(size_of::<Credentials>() == 64);

/// What an executed file is; beside its [`KernelPath`].
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExecutedFile {
    /// Inode number.
    pub ino: u64,
    /// Bytes.
    pub size: u64,
    /// Last change of the content, nanoseconds since the Unix epoch.
    pub mtime: i64,
    /// Last change of the attributes, nanoseconds since the Unix epoch.
    pub ctime: i64,
    /// Device (`s_dev`).
    pub dev: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Number of links; 0: deleted.
    pub nlink: u32,
    /// `s_magic` of its file system.
    pub magic: u32,
    /// `st_mode`.
    pub mode: u16,
    /// 1: in the upper layer of an overlay.
    pub upper: u8,
    /// 1: it is on the file system of the task's root.
    pub on_root: u8,
}

const _: () = assert!(size_of::<ExecutedFile>() == 56);

/// Tells the recorder of an executed file that it does not know, so that it opens it while it is there.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExecutedNow {
    /// The file.
    pub file: ExecutedFile,
    /// `tgid << 32 | tid` of who executes it.
    pub tgid_tid: u64,
    /// Cgroup v2 id of that.
    pub cgroup: u64,
}

const _: () = assert!(size_of::<ExecutedNow>() == 72);

/// What makes an executed file the same one: device, inode and change of attributes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ExecutedKey {
    /// Inode number.
    pub ino: u64,
    /// See [`ExecutedFile::ctime`].
    pub ctime: i64,
    /// See [`ExecutedFile::size`].
    pub size: u64,
    /// Device.
    pub dev: u64,
}
