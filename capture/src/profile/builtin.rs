//! The profiles that need no file.

use super::{Base, Changes, Profile, Take};
use afterimage_format::model::{Category, Kind};

/// A profile of ours.
pub(super) struct Builtin {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) base: Base,
}

/// All of them; the first is the default.
pub(super) const ALL: &[Builtin] = &[
    Builtin {
        name: "forensic",
        about: "everything that changes state or moves data",
        base: forensic,
    },
    Builtin {
        name: "full",
        about: "every system call",
        base: |_| Take::Always,
    },
    Builtin {
        name: "process",
        about: "life of processes, credentials, signals, and what makes memory executable",
        base: process,
    },
    Builtin {
        name: "network",
        about: "sockets and what goes through them, and the life of processes",
        base: network,
    },
    Builtin {
        name: "files",
        about: "files: names, content, rights, mounts, and the life of processes",
        base: files,
    },
];

impl Builtin {
    pub(super) fn profile(&self) -> Profile {
        Profile {
            name: self.name.to_owned(),
            about: self.about.to_owned(),
            snaplen: None,
            base: self.base,
            changes: Changes::default(),
        }
    }
}

fn when(taken: bool) -> Take {
    if taken { Take::Always } else { Take::Never }
}

/// What every profile has: who ran, and what.
const LIFE: &[&str] = &[
    "clone",
    "clone3",
    "fork",
    "vfork",
    "execve",
    "execveat",
    "exit",
    "exit_group",
];

/// Calls that only ask, wait, or arrange what nobody else notices. Whatever is not in this list changes something, or
/// moves data, or is not known well enough to leave it out.
#[rustfmt::skip]
const ASKING: &[&str] = &[
    // Files.
    "stat", "fstat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "getcwd",
    "statfs", "fstatfs", "ustat", "sysfs", "lseek", "getxattr", "lgetxattr", "fgetxattr", "getxattrat", "listxattr",
    "llistxattr", "flistxattr", "listxattrat", "fadvise64", "readahead", "fsync", "fdatasync", "sync", "syncfs",
    "sync_file_range", "cachestat", "statmount", "listmount", "file_getattr", "lookup_dcookie", "inotify_rm_watch",
    // Waiting.
    "poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait", "epoll_pwait2", "epoll_ctl", "epoll_wait_old",
    "epoll_ctl_old", "wait4", "waitid", "io_getevents", "io_pgetevents", "pause", "nanosleep", "clock_nanosleep", "futex",
    "futex_waitv", "futex_wake", "futex_wait", "futex_requeue", "set_robust_list", "get_robust_list", "restart_syscall",
    "rt_sigtimedwait", "rt_sigsuspend",
    // Ids, limits and names.
    "getpid", "gettid", "getppid", "getpgrp", "getpgid", "getsid", "getuid", "geteuid", "getgid", "getegid", "getgroups",
    "getresuid", "getresgid", "capget", "getrlimit", "getrusage", "times", "sysinfo", "uname", "umask", "set_tid_address",
    "kcmp", "rseq", "membarrier", "landlock_create_ruleset", "landlock_add_rule", "lsm_get_self_attr", "lsm_list_modules",
    "getrandom",
    // Own signals, memory and scheduling.
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "sigaltstack", "brk", "munmap", "madvise", "mincore",
    "msync", "mlock", "mlock2", "munlock", "mlockall", "munlockall", "mbind", "set_mempolicy", "get_mempolicy",
    "set_mempolicy_home_node", "migrate_pages", "move_pages", "pkey_alloc", "pkey_free", "map_shadow_stack",
    "set_thread_area", "get_thread_area", "sched_yield", "getcpu", "getpriority", "setpriority", "sched_setparam",
    "sched_getparam", "sched_setscheduler", "sched_getscheduler", "sched_get_priority_max", "sched_get_priority_min",
    "sched_rr_get_interval", "sched_setaffinity", "sched_getaffinity", "sched_setattr", "sched_getattr", "ioprio_set",
    "ioprio_get",
    // Clocks.
    "time", "gettimeofday", "clock_gettime", "clock_getres", "getitimer", "setitimer", "alarm", "timer_create",
    "timer_settime", "timer_gettime", "timer_getoverrun", "timer_delete", "timerfd_settime", "timerfd_gettime",
    // Addresses of sockets.
    "getsockname", "getpeername", "getsockopt",
];

/// The same of 32-bit calls that no 64-bit call has the name of.
#[rustfmt::skip]
const ASKING_COMPAT: &[&str] = &[
    "oldstat", "oldlstat", "oldfstat", "stat64", "lstat64", "fstat64", "fstatat64", "statfs64", "fstatfs64", "_llseek",
    "fadvise64_64", "_newselect", "pselect6_time64", "ppoll_time64", "io_pgetevents_time64", "futex_time64",
    "rt_sigtimedwait_time64", "clock_nanosleep_time64", "waitpid", "sigsuspend", "sigpending", "sigprocmask", "sgetmask",
    "ssetmask", "sigaction", "signal", "sigreturn", "getuid32", "getgid32", "geteuid32", "getegid32", "getgroups32",
    "getresuid32", "getresgid32", "ugetrlimit", "oldolduname", "olduname", "nice", "sched_rr_get_interval_time64",
    "clock_gettime64", "clock_getres_time64", "timer_settime64", "timer_gettime64", "timerfd_settime64",
    "timerfd_gettime64",
];

/// What moves data between descriptors, one of which may be a socket.
const MOVING: &[&str] = &["sendfile", "splice", "tee", "vmsplice", "copy_file_range"];

fn forensic(kind: &Kind) -> Take {
    let name = kind.name.as_str();
    when(!ASKING.contains(&name) && !ASKING_COMPAT.contains(&name))
}

#[rustfmt::skip]
fn process(kind: &Kind) -> Take {
    let named = [
        "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal", "mprotect", "pkey_mprotect",
        "memfd_create", "memfd_secret", "userfaultfd", "chroot", "pivot_root",
    ];
    let category = matches!(kind.category, Category::Process | Category::User);
    when((category || named.contains(&kind.name.as_str())) && forensic(kind) == Take::Always)
}

fn network(kind: &Kind) -> Take {
    let name = kind.name.as_str();
    match kind.category {
        _ if MOVING.contains(&name) || LIFE.contains(&name) => Take::Always,
        Category::Net => forensic(kind),
        Category::IoRead | Category::IoWrite => Take::Sockets,
        _ => Take::Never,
    }
}

fn files(kind: &Kind) -> Take {
    let name = kind.name.as_str();
    match kind.category {
        _ if MOVING.contains(&name) || LIFE.contains(&name) || name == "memfd_create" => Take::Always,
        Category::File => forensic(kind),
        Category::IoRead | Category::IoWrite => Take::Others,
        Category::IoOther if forensic(kind) == Take::Always => Take::Others,
        _ => Take::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    #[test]
    fn the_lists_name_calls_that_exist_once() {
        let catalogue = Catalogue::new();
        let mut all: Vec<&str> = [LIFE, ASKING, ASKING_COMPAT, MOVING].concat();
        for name in &all {
            assert!(catalogue.kinds.iter().any(|kind| kind.name == *name), "{name}");
        }
        all.sort_unstable();
        assert!(all.windows(2).all(|w| w[0] != w[1]));
    }
}
