//! Views whose rows are events.

use super::{Column, Show, View};

const NUM: Column = Column::number("num", "evt.num", 7);
const TIME: Column = Column::text("time", "evt.time", 18);
const CONTAINER: Column = Column::container(12);
const PROCESS: Column = Column::text("process", "proc.name", 14);
const PID: Column = Column::number("pid", "proc.pid", 7);
const USER: Column = Column::text("user", "user.name", 10);
const TYPE: Column = Column::text("type", "evt.type", 10);
const RESULT: Column = Column::text("result", "evt.res", 12);
const INFO: Column = Column::text("info", "evt.info", 40);
const LATENCY: Column = Column {
    show: Show::Duration,
    ..Column::number("took", "evt.latency", 9)
};

/// What is shown of any event where there is room.
pub(crate) const WIDE_COLUMNS: &[Column] = &[
    NUM,
    TIME,
    Column::number("cpu", "evt.cpu", 3),
    CONTAINER,
    PROCESS,
    PID,
    Column::text("d", "evt.dir", 1),
    TYPE,
    INFO,
];

/// What is shown of any event in a narrow terminal.
pub(crate) const NARROW_COLUMNS: &[Column] = &[
    Column { width: 6, ..NUM },
    Column {
        show: Show::Clock,
        ..Column::text("time", "evt.time", 12)
    },
    Column { width: 8, ..CONTAINER },
    Column { width: 10, ..PROCESS },
    Column { width: 6, ..PID },
    Column { width: 8, ..TYPE },
    INFO,
];

const fn list(
    id: &'static str,
    name: &'static str,
    about: &'static str,
    condition: &'static str,
    columns: &'static [Column],
) -> View {
    View {
        id,
        name,
        about,
        condition,
        keys: 0,
        columns,
        sort: 0,
        is_spectrum: false,
        opens: "",
    }
}

/// The views, in the order of the menu.
pub(super) static VIEWS: &[View] = &[
    list("events", "Events", "Every event of the selection, in order.", "", &[]),
    list(
        "spy_users",
        "Commands",
        "What was run, by whom and on which terminal: the audit of activity.",
        "evt.type in (execve, execveat) and evt.dir = < and evt.failed = false",
        &[
            NUM,
            TIME,
            USER,
            CONTAINER,
            Column::number("tty", "proc.tty", 6),
            Column::text("shell", "proc.sname", 10),
            PID,
            Column::number("ppid", "proc.ppid", 7),
            Column::text("command", "proc.cmdline", 40),
        ],
    ),
    list(
        "file_opens",
        "File opens",
        "Every opening of a file, with what it was opened for.",
        "evt.type in (open, openat, openat2, creat, open_by_handle_at) and evt.dir = <",
        &[
            NUM,
            TIME,
            CONTAINER,
            PROCESS,
            PID,
            RESULT,
            Column::text("flags", "evt.arg.flags", 24),
            Column::text("file", "fs.path.name", 40),
        ],
    ),
    list(
        "slow_io",
        "Slow input and output",
        "Reads and writes that took longer than a millisecond. Needs a recording with --latency.",
        "evt.is_io = true and evt.latency > 1ms",
        &[
            NUM,
            TIME,
            LATENCY,
            CONTAINER,
            PROCESS,
            PID,
            TYPE,
            Column {
                show: Show::Bytes,
                ..Column::number("bytes", "evt.buflen", 8)
            },
            Column::text("file or peer", "fd.name", 40),
        ],
    ),
    list(
        "incoming_connections",
        "Incoming connections",
        "Connections that were accepted.",
        "evt.type in (accept, accept4) and evt.dir = < and evt.failed = false",
        &[
            NUM,
            TIME,
            CONTAINER,
            PROCESS,
            PID,
            Column::text("client", "fd.cip", 16),
            Column::number("port", "fd.sport", 6),
            Column::text("connection", "fd.name", 40),
        ],
    ),
    list(
        "outgoing_connections",
        "Outgoing connections",
        "Connections that were begun, and how that went.",
        "evt.type = connect and evt.dir = < and fd.type in (ipv4, ipv6)",
        &[
            NUM,
            TIME,
            CONTAINER,
            PROCESS,
            PID,
            RESULT,
            Column::text("server", "fd.sip", 16),
            Column::number("port", "fd.sport", 6),
            Column::text("connection", "fd.name", 40),
        ],
    ),
    list(
        "errors_list",
        "Failed calls",
        "Every call that failed, with the error and what it was about.",
        "evt.failed = true",
        &[NUM, TIME, CONTAINER, PROCESS, PID, TYPE, RESULT, INFO],
    ),
    list(
        "privileges",
        "Privileges and isolation",
        "Changes of users, capabilities and namespaces, mounts, ptrace, kernel modules, BPF.",
        "evt.dir = < and evt.type in (setuid, setgid, setresuid, setresgid, setreuid, setregid, capset, setns, unshare, mount, \
         umount2, umount, pivot_root, chroot, ptrace, init_module, finit_module, delete_module, bpf, kexec_load, seccomp)",
        &[NUM, TIME, CONTAINER, PROCESS, PID, USER, TYPE, RESULT, INFO],
    ),
    list(
        "spy_syslog",
        "Messages to syslog",
        "What was written to the system's log.",
        "evt.is_syslog = true and evt.is_io_write = true",
        &[
            NUM,
            TIME,
            CONTAINER,
            PROCESS,
            PID,
            Column::text("facility", "syslog.facility.str", 10),
            Column::text("severity", "syslog.severity.str", 10),
            Column::text("message", "syslog.message", 40),
        ],
    ),
    list(
        "docker_events",
        "Container and cluster events",
        "Births and ends of containers, and requests to the API server of Kubernetes.",
        "evt.type in (container, k8s_audit, notification, infra)",
        &[NUM, TIME, CONTAINER, TYPE, INFO],
    ),
    list(
        "deleted",
        "Changed names",
        "Files that were deleted, renamed, linked, or given other rights.",
        "evt.dir = < and evt.type in (unlink, unlinkat, rename, renameat, renameat2, link, linkat, symlink, symlinkat, rmdir, \
         mkdir, mkdirat, chmod, fchmod, fchmodat, fchmodat2, chown, fchown, lchown, fchownat)",
        &[NUM, TIME, CONTAINER, PROCESS, PID, TYPE, RESULT, INFO],
    ),
];
