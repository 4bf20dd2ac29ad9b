//! The kinds of events of a made-up incident, with the parameters that the recorder gives them.

use afterimage_format::model::{Category, Kind, Param, ParamType};

/// All of them.
pub(crate) fn kinds() -> Vec<Kind> {
    use Category::{File, Internal, IoOther, IoRead, IoWrite, Net, Process, Signal, User};
    use ParamType::{
        AtFlags, Bytes, DirFd, Errno, Fd, Int, MountFlags, OpenFlags, Pid, PtraceRequest, SockAddr, Text, Uid, Uint,
    };
    const P: ParamType = ParamType::Path;
    let kind = |name: &str, category, syscall, params: &[(&str, ParamType)]| Kind {
        name: name.into(),
        category,
        syscall,
        params: params
            .iter()
            .map(|(name, ty)| Param {
                name: (*name).into(),
                ty: *ty,
            })
            .collect(),
    };
    vec![
        kind(
            "openat",
            File,
            Some(257),
            &[("fd", Fd), ("dirfd", DirFd), ("name", P), ("flags", OpenFlags)],
        ),
        kind(
            "read",
            IoRead,
            Some(0),
            &[("res", Errno), ("data", Bytes), ("fd", Fd), ("size", Uint)],
        ),
        kind(
            "write",
            IoWrite,
            Some(1),
            &[("res", Errno), ("data", Bytes), ("fd", Fd), ("size", Uint)],
        ),
        kind(
            "sendfile",
            IoWrite,
            Some(40),
            &[("res", Errno), ("out_fd", Fd), ("in_fd", Fd), ("size", Uint)],
        ),
        kind("dup2", IoOther, Some(33), &[("res", Fd), ("oldfd", Fd), ("newfd", Fd)]),
        kind(
            "connect",
            Net,
            Some(42),
            &[("res", Errno), ("fd", Fd), ("addr", SockAddr)],
        ),
        kind("listen", Net, Some(50), &[("res", Errno), ("fd", Fd), ("backlog", Int)]),
        kind(
            "accept4",
            Net,
            Some(288),
            &[("fd", Fd), ("listenfd", Fd), ("addr", SockAddr)],
        ),
        kind("clone", Process, Some(56), &[("res", Pid)]),
        kind("execve", Process, Some(59), &[("res", Errno), ("filename", P)]),
        kind("procexit", Process, None, &[("status", Int)]),
        kind(
            "chmod",
            File,
            Some(90),
            &[("res", Errno), ("filename", P), ("mode", ParamType::Mode)],
        ),
        kind("unlink", File, Some(87), &[("res", Errno), ("path", P)]),
        kind(
            "unlinkat",
            File,
            Some(263),
            &[("res", Errno), ("dirfd", DirFd), ("name", P), ("flags", AtFlags)],
        ),
        kind(
            "rename",
            File,
            Some(82),
            &[("res", Errno), ("oldpath", P), ("newpath", P)],
        ),
        kind(
            "symlink",
            File,
            Some(88),
            &[("res", Errno), ("target", P), ("linkpath", P)],
        ),
        kind(
            "mount",
            File,
            Some(165),
            &[
                ("res", Errno),
                ("dev", Text),
                ("dir", P),
                ("type", Text),
                ("flags", MountFlags),
            ],
        ),
        kind("setuid", User, Some(105), &[("res", Errno), ("uid", Uid)]),
        kind(
            "kill",
            Signal,
            Some(62),
            &[("res", Errno), ("pid", Pid), ("sig", ParamType::Signal)],
        ),
        kind(
            "ptrace",
            Process,
            Some(101),
            &[("res", Errno), ("request", PtraceRequest), ("pid", Pid)],
        ),
        kind("cgroup_attach_task", Internal, None, &[("path", P)]),
        kind("getpid", Process, Some(39), &[("res", Errno)]),
        kind("close", IoOther, Some(3), &[("res", Errno), ("fd", Fd)]),
    ]
}
