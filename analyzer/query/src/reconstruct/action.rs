//! What an event of each kind means to the story. Looked up once for each kind of a segment.

use super::story::FileOp;
use afterimage_format::model::{Category, Kind, ParamType};

/// What to do with the events of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// They tell nothing beyond who was alive.
    None,
    /// A program is executed.
    Execute,
    /// A task ends.
    Exit,
    /// A file is opened.
    Open,
    /// Data is moved from (`write`: to) the descriptor; the number of the parameter with the payload.
    Move { write: bool, data: Option<usize> },
    /// Messages are moved, and the result counts them.
    Messages { write: bool },
    /// Data is moved from one descriptor to another one: parameters with their numbers.
    Transfer { from: usize, to: usize },
    /// A file is mapped: the parameter with its descriptor.
    Map { fd: usize },
    /// A descriptor is copied to the result.
    Duplicate,
    /// fcntl: may copy a descriptor to the result.
    Fcntl,
    /// A descriptor is closed.
    Close,
    /// A path is changed: the parameter with it, and the second one.
    Path { op: PathOp, path: usize, to: Option<usize> },
    /// The file behind the descriptor is changed.
    Descriptor(PathOp),
    /// A socket connects.
    Connect,
    /// A connection is accepted.
    Accept,
    /// A socket listens.
    Listen,
    /// A socket is bound to an address.
    Bind,
    /// User or group is asked to change.
    Credentials,
    /// A signal is sent; whether only one thread gets it.
    Signal { thread: bool },
    /// Another process is traced.
    Trace,
    /// Something is mounted.
    Mount,
    /// Told as recorded.
    Call,
}

/// Changes of files by path or descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PathOp {
    /// The operation is known from the kind alone.
    Is(FileOp),
    /// unlinkat: removes a directory if a flag says so.
    Unlink,
    /// Permissions are in parameter `mode`.
    Mode,
    /// Owner and group are in parameters `uid` and `gid`.
    Owner,
}

/// Calls that are told as they were recorded: each gives power over the kernel, over other processes or over what the
/// container sees.
const TOLD: [&str; 18] = [
    "setns",
    "unshare",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "process_vm_readv",
    "process_vm_writev",
    "open_by_handle_at",
    "move_mount",
    "fsmount",
    "mount_setattr",
    "mknod",
    "mknodat",
    "memfd_create",
    "reboot",
    "sethostname",
];

/// What events of this kind mean.
pub(super) fn action(kind: &Kind) -> Action {
    let data = kind.params.iter().position(|param| param.ty == ParamType::Bytes);
    let write = kind.category == Category::IoWrite || kind.name.starts_with("send");
    match kind.name.as_str() {
        "execve" | "execveat" => Action::Execute,
        "procexit" => Action::Exit,
        "open" | "openat" | "openat2" | "creat" => Action::Open,
        "sendfile" => pair(kind, "in_fd", "out_fd"),
        "splice" | "tee" => pair(kind, "fd_in", "fd_out"),
        "copy_file_range" if kind.param("fdin").is_some() => pair(kind, "fdin", "fdout"),
        "copy_file_range" => pair(kind, "fd_in", "fd_out"),
        "sendmmsg" | "recvmmsg" => Action::Messages { write },
        "mmap" => kind.param("fd").map_or(Action::None, |fd| Action::Map { fd }),
        "dup" | "dup2" | "dup3" => Action::Duplicate,
        "fcntl" => Action::Fcntl,
        "close" => Action::Close,
        "connect" => Action::Connect,
        "accept" | "accept4" => Action::Accept,
        "listen" => Action::Listen,
        "bind" => Action::Bind,
        "setuid" | "setgid" | "setreuid" | "setregid" | "setresuid" | "setresgid" => Action::Credentials,
        "kill" => Action::Signal { thread: false },
        "tkill" | "tgkill" => Action::Signal { thread: true },
        "ptrace" => Action::Trace,
        "mount" => Action::Mount,
        "fchmod" => Action::Descriptor(PathOp::Mode),
        "fchown" => Action::Descriptor(PathOp::Owner),
        name if TOLD.contains(&name) => Action::Call,
        _ => match path_op(kind) {
            Some(action) => action,
            None if matches!(kind.category, Category::IoRead | Category::IoWrite) => Action::Move { write, data },
            // Socket options have bytes, too.
            None if kind.category == Category::Net && data.is_some() && (write || kind.name.starts_with("recv")) => {
                Action::Move { write, data }
            }
            None => Action::None,
        },
    }
}

fn pair(kind: &Kind, from: &str, to: &str) -> Action {
    match (kind.param(from), kind.param(to)) {
        (Some(from), Some(to)) => Action::Transfer { from, to },
        _ => Action::None,
    }
}

fn path_op(kind: &Kind) -> Option<Action> {
    use FileOp::{Delete, Link, MakeDirectory, RemoveDirectory, Rename, Root, Symlink, Unmount};
    let (op, path, to) = match kind.name.as_str() {
        "rename" | "renameat" | "renameat2" => (PathOp::Is(Rename), "oldpath", Some("newpath")),
        "link" | "linkat" => (PathOp::Is(Link), "oldpath", Some("newpath")),
        "symlink" | "symlinkat" => (PathOp::Is(Symlink), "linkpath", Some("target")),
        "unlink" => (PathOp::Is(Delete), "path", None),
        "unlinkat" => (PathOp::Unlink, "name", None),
        "rmdir" => (PathOp::Is(RemoveDirectory), "path", None),
        "mkdir" | "mkdirat" => (PathOp::Is(MakeDirectory), "path", None),
        "chmod" | "fchmodat" | "fchmodat2" => (PathOp::Mode, "filename", None),
        "chown" | "lchown" => (PathOp::Owner, "path", None),
        "fchownat" => (PathOp::Owner, "pathname", None),
        "chroot" => (PathOp::Is(Root), "path", None),
        "pivot_root" => (PathOp::Is(Root), "new_root", None),
        "umount" | "umount2" => (PathOp::Is(Unmount), "name", None),
        _ => return None,
    };
    // Where a recorder kept only the pointer, there is no path to tell.
    let path = kind.param(path).filter(|at| kind.params[*at].ty.is_bytes())?;
    Some(Action::Path {
        op,
        path,
        to: to.and_then(|to| kind.param(to)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use afterimage_format::model::Param;

    fn kind(name: &str, category: Category, params: &[(&str, ParamType)]) -> Kind {
        let param = |(name, ty): &(&str, ParamType)| Param {
            name: name.to_string(),
            ty: *ty,
        };
        Kind {
            name: name.into(),
            category,
            syscall: None,
            params: params.iter().map(param).collect(),
        }
    }

    #[test]
    fn kinds_mean_what_they_do() {
        use ParamType::{Bytes, Fd, Hex, Path};
        let paths = [("oldpath", Path), ("newpath", Path)];
        for (name, category, params, expected) in [
            (
                "read",
                Category::IoRead,
                &[("data", Bytes)][..],
                Action::Move {
                    write: false,
                    data: Some(0),
                },
            ),
            (
                "pwritev2",
                Category::IoWrite,
                &[("fd", Fd)],
                Action::Move {
                    write: true,
                    data: None,
                },
            ),
            (
                "sendto",
                Category::Net,
                &[("fd", Fd), ("data", Bytes)],
                Action::Move {
                    write: true,
                    data: Some(1),
                },
            ),
            (
                "recvmsg",
                Category::Net,
                &[("data", Bytes)],
                Action::Move {
                    write: false,
                    data: Some(0),
                },
            ),
            (
                "sendfile",
                Category::IoWrite,
                &[("out_fd", Fd), ("in_fd", Fd)],
                Action::Transfer { from: 1, to: 0 },
            ),
            ("getpid", Category::Process, &[], Action::None),
            ("socket", Category::Net, &[("fd", Fd)], Action::None),
            (
                "rename",
                Category::File,
                &paths,
                Action::Path {
                    op: PathOp::Is(FileOp::Rename),
                    path: 0,
                    to: Some(1),
                },
            ),
            ("mkdir", Category::File, &[("path", Hex)], Action::None),
        ] {
            assert_eq!(action(&kind(name, category, params)), expected, "{name}");
        }
    }
}
