//! Views that put events together.

use super::{Column, Of, Show, View};

const EVENTS: Column = Column::count("events");
const BYTES: Column = Column::sum("bytes", "evt.buflen", Show::Bytes);
const READ: Column = Column::sum("read", "evt.buflen", Show::Bytes).when("evt.is_io_read = true");
const WRITTEN: Column = Column::sum("written", "evt.buflen", Show::Bytes).when("evt.is_io_write = true");
const FILE: Column = Column::sum("file", "evt.buflen", Show::Bytes).when("fd.type = file");
const NET: Column = Column::sum("net", "evt.buflen", Show::Bytes).when("fd.type in (ipv4, ipv6)");
const ERRORS: Column = Column::sum("errors", "evt.count.error", Show::Number);
const TOOK: Column = Column::sum("took", "evt.latency", Show::Duration);
const FIRST: Column = Column::of("first", Of::Min, "evt.rawtime", Show::Time, 15);
const LAST: Column = Column::of("last", Of::Max, "evt.rawtime", Show::Time, 15);
const PROCESSES: Column = Column::of("procs", Of::Distinct, "proc.pid", Show::Number, 6);

const PID: Column = Column::number("pid", "proc.pid", 8);
const PROCESS: Column = Column::text("process", "proc.name", 15);
const CONTAINER: Column = Column::container(15);

/// The views, in the order of the menu.
// One view after the other, its columns in as few lines as they need.
#[rustfmt::skip]
pub(super) static VIEWS: &[View] = &[
    View {
        id: "procs",
        name: "Processes",
        about: "What ran, and what each process did.",
        condition: "proc.pid exists",
        keys: 1,
        columns: &[
            PID, Column::number("ppid", "proc.ppid", 8), Column::text("user", "user.name", 9), CONTAINER,
            Column::text("command", "proc.cmdline", 32),
            EVENTS, FILE, NET, ERRORS, FIRST,
        ],
        sort: 5,
        opens: "",
    },
    View {
        id: "threads",
        name: "Threads",
        about: "What each thread did.",
        condition: "thread.tid exists",
        keys: 2,
        columns: &[PID, Column::number("tid", "thread.tid", 8), PROCESS, CONTAINER, EVENTS, FILE, NET, ERRORS, TOOK, FIRST, LAST],
        sort: 4,
        opens: "",
    },
    View {
        id: "executables",
        name: "Executed binaries",
        about: "Files that were executed, where they came from and what their contents hash to.",
        condition: "evt.type in (execve, execveat) and evt.dir = < and evt.failed = false",
        keys: 1,
        columns: &[
            Column::text("file", "proc.exepath", 40), CONTAINER, Column::text("sha256", "proc.exe.sha256", 16),
            Column::text("new in container", "proc.is_exe_upper_layer", 16),
            Column::count("runs"), FIRST, LAST,
        ],
        sort: 4,
        opens: "spy_users",
    },
    View {
        id: "containers",
        name: "Containers",
        about: "What happened in each container.",
        condition: "",
        keys: 1,
        columns: &[
            Column::text("id", "container.id", 13), Column::text("name", "container.name", 20),
            Column::text("image", "container.image", 28),
            PROCESSES, EVENTS, FILE, NET, ERRORS, FIRST, LAST,
        ],
        sort: 4,
        opens: "procs",
    },
    View {
        id: "kubernetes_pods",
        name: "Pods",
        about: "What happened in each pod.",
        condition: "k8s.pod.name exists",
        keys: 2,
        columns: &[
            Column::text("namespace", "k8s.ns.name", 18), Column::text("pod", "k8s.pod.name", 36),
            PROCESSES, EVENTS, FILE, NET, ERRORS, FIRST, LAST,
        ],
        sort: 3,
        opens: "procs",
    },
    View {
        id: "kubernetes_namespaces",
        name: "Namespaces",
        about: "What happened in each namespace of Kubernetes.",
        condition: "k8s.ns.name exists",
        keys: 1,
        columns: &[
            Column::text("namespace", "k8s.ns.name", 30), Column::of("pods", Of::Distinct, "k8s.pod.name", Show::Number, 6),
            PROCESSES, EVENTS, FILE, NET, ERRORS, FIRST, LAST,
        ],
        sort: 3,
        opens: "kubernetes_pods",
    },
    View {
        id: "kubernetes_deployments",
        name: "Deployments",
        about: "What happened in the pods of each deployment.",
        condition: "k8s.deployment.name exists",
        keys: 2,
        columns: &[
            Column::text("namespace", "k8s.ns.name", 18), Column::text("deployment", "k8s.deployment.name", 30),
            Column::of("pods", Of::Distinct, "k8s.pod.name", Show::Number, 6),
            PROCESSES, EVENTS, FILE, NET, ERRORS,
        ],
        sort: 4,
        opens: "kubernetes_pods",
    },
    View {
        id: "kubernetes_controllers",
        name: "Controllers",
        about: "What happened in the pods of each owner: deployment, set or job.",
        condition: "k8s.owners exists",
        keys: 2,
        columns: &[
            Column::text("namespace", "k8s.ns.name", 18), Column::text("owners", "k8s.owners", 44),
            Column::of("pods", Of::Distinct, "k8s.pod.name", Show::Number, 6),
            EVENTS, FILE, NET, ERRORS,
        ],
        sort: 3,
        opens: "kubernetes_pods",
    },
    View {
        id: "kubernetes_replicasets",
        name: "Replica sets",
        about: "What happened in the pods of each replica set.",
        condition: "k8s.rs.name exists",
        keys: 2,
        columns: &[
            Column::text("namespace", "k8s.ns.name", 18), Column::text("replica set", "k8s.rs.name", 36),
            Column::of("pods", Of::Distinct, "k8s.pod.name", Show::Number, 6),
            EVENTS, FILE, NET, ERRORS,
        ],
        sort: 3,
        opens: "kubernetes_pods",
    },
    View {
        id: "connections",
        name: "Connections",
        about: "Who talked to whom, and how much.",
        condition: "fd.type in (ipv4, ipv6) and fd.name exists",
        keys: 2,
        columns: &[
            Column::text("proto", "fd.l4proto", 5), Column::text("connection", "fd.name", 44), CONTAINER, PROCESS, PID,
            READ, WRITTEN, EVENTS, ERRORS, FIRST, LAST,
        ],
        sort: 7,
        opens: "",
    },
    View {
        id: "hosts",
        name: "Servers",
        about: "The servers that were talked to, by address.",
        condition: "fd.sip exists",
        keys: 2,
        columns: &[
            Column::text("server", "fd.sip", 40), Column::number("port", "fd.sport", 6),
            Column::text("proto", "fd.l4proto", 5),
            PROCESSES, READ, WRITTEN, EVENTS, ERRORS, FIRST, LAST,
        ],
        sort: 6,
        opens: "connections",
    },
    View {
        id: "sports",
        name: "Server ports",
        about: "The ports of servers, and what went through them.",
        condition: "fd.sport exists",
        keys: 2,
        columns: &[
            Column::number("port", "fd.sport", 6), Column::text("proto", "fd.l4proto", 5),
            Column::of("servers", Of::Distinct, "fd.sip", Show::Number, 8),
            PROCESSES, READ, WRITTEN, EVENTS, ERRORS,
        ],
        sort: 6,
        opens: "connections",
    },
    View {
        id: "port_bindings",
        name: "Listening ports",
        about: "Ports on which processes listened or waited for packets.",
        condition: "(evt.type in (bind, listen) and evt.failed = false or evt.type in (accept, accept4)) and fd.port exists",
        keys: 3,
        columns: &[
            Column::number("port", "fd.lport", 6), Column::text("proto", "fd.l4proto", 5), PID, PROCESS, CONTAINER,
            Column::count("accepted").when("evt.type in (accept, accept4)"), FIRST,
        ],
        sort: 5,
        opens: "",
    },
    View {
        id: "files",
        name: "Files",
        about: "Files that were read, written or opened.",
        condition: "fd.type = file and fd.name exists",
        keys: 1,
        columns: &[Column::text("file", "fd.name", 48), CONTAINER, PROCESSES, READ, WRITTEN, EVENTS, ERRORS, FIRST, LAST],
        sort: 5,
        opens: "",
    },
    View {
        id: "directories",
        name: "Directories",
        about: "The same, by the directory.",
        condition: "fd.type in (file, directory) and fd.directory exists",
        keys: 1,
        columns: &[
            Column::text("directory", "fd.directory", 48), CONTAINER,
            Column::of("files", Of::Distinct, "fd.name", Show::Number, 7),
            PROCESSES, READ, WRITTEN, EVENTS, ERRORS,
        ],
        sort: 6,
        opens: "files",
    },
    View {
        id: "io_by_type",
        name: "Input and output by type",
        about: "How much went through files, sockets, pipes and the rest.",
        condition: "evt.is_io = true and fd.type exists",
        keys: 1,
        columns: &[Column::text("type", "fd.type", 12), PROCESSES, READ, WRITTEN, EVENTS, ERRORS, TOOK],
        sort: 4,
        opens: "procs",
    },
    View {
        id: "syscalls",
        name: "System calls",
        about: "Which calls were made, how often, and how long they took.",
        condition: "",
        keys: 1,
        columns: &[
            Column::text("call", "evt.type", 20), EVENTS, ERRORS, PROCESSES, TOOK,
            Column::of("longest", Of::Max, "evt.latency", Show::Duration, 9),
        ],
        sort: 1,
        opens: "syscall_procs",
    },
    View {
        id: "syscall_procs",
        name: "Callers",
        about: "Which processes made the calls.",
        condition: "proc.pid exists",
        keys: 2,
        columns: &[PID, Column::text("call", "evt.type", 20), PROCESS, CONTAINER, EVENTS, ERRORS, TOOK],
        sort: 4,
        opens: "",
    },
    View {
        id: "errors",
        name: "Errors",
        about: "How calls failed, and how often.",
        condition: "evt.failed = true",
        keys: 2,
        columns: &[Column::text("call", "evt.type", 20), Column::text("error", "evt.res", 16), EVENTS, PROCESSES, FIRST, LAST],
        sort: 2,
        opens: "procs_errors",
    },
    View {
        id: "procs_errors",
        name: "Processes with errors",
        about: "Which processes had failing calls, on what.",
        condition: "evt.failed = true and proc.pid exists",
        keys: 1,
        columns: &[
            PID, PROCESS, CONTAINER, ERRORS,
            Column::sum("file", "evt.count.error.file", Show::Number), Column::sum("net", "evt.count.error.net", Show::Number),
            Column::sum("memory", "evt.count.error.memory", Show::Number), Column::sum("other", "evt.count.error.other", Show::Number),
        ],
        sort: 3,
        opens: "errors_list",
    },
    View {
        id: "containers_errors",
        name: "Containers with errors",
        about: "Which containers had failing calls, on what.",
        condition: "evt.failed = true",
        keys: 1,
        columns: &[
            Column::text("id", "container.id", 13), Column::text("name", "container.name", 20), ERRORS,
            Column::sum("file", "evt.count.error.file", Show::Number), Column::sum("net", "evt.count.error.net", Show::Number),
            Column::sum("memory", "evt.count.error.memory", Show::Number), Column::sum("other", "evt.count.error.other", Show::Number),
        ],
        sort: 2,
        opens: "procs_errors",
    },
    View {
        id: "users",
        name: "Users",
        about: "Who did how much.",
        condition: "user.uid exists",
        keys: 1,
        columns: &[
            Column::number("uid", "user.uid", 8), Column::text("user", "user.name", 16), CONTAINER,
            PROCESSES, EVENTS, FILE, NET, ERRORS, FIRST, LAST,
        ],
        sort: 4,
        opens: "procs",
    },
    View {
        id: "cores",
        name: "CPUs",
        about: "What ran on which CPU.",
        condition: "evt.cpu exists",
        keys: 1,
        columns: &[Column::number("cpu", "evt.cpu", 6), PROCESSES, EVENTS, BYTES, ERRORS, TOOK],
        sort: 2,
        opens: "procs",
    },
    View {
        id: "procs_fd_usage",
        name: "Open descriptors",
        about: "How many different descriptors each process used.",
        condition: "fd.num exists and proc.pid exists",
        keys: 1,
        columns: &[
            PID, PROCESS, CONTAINER,
            Column::of("descriptors", Of::Distinct, "fd.num", Show::Number, 11),
            Column::of("highest", Of::Max, "fd.num", Show::Number, 8),
            Column::of("names", Of::Distinct, "fd.name", Show::Number, 7), EVENTS,
        ],
        sort: 3,
        opens: "files",
    },
    View {
        id: "backlog",
        name: "Sockets",
        about: "Local sockets and what went through them.",
        condition: "fd.type = unix",
        keys: 1,
        columns: &[Column::text("socket", "fd.name", 48), PROCESSES, READ, WRITTEN, EVENTS, ERRORS],
        sort: 4,
        opens: "",
    },
];
