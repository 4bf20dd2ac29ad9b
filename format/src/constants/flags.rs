//! Flag words and enumerations.

use crate::model::ParamType;

/// The flags of `value` by name, joined with `|`; what has no name is added in hexadecimal.
pub fn flag_names(ty: ParamType, value: i64) -> String {
    let mut rest = value as u64;
    let mut names: Vec<String> = Vec::new();
    if ty == ParamType::OpenFlags {
        let access = ["O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"][(rest & 3) as usize];
        names.push(access.to_owned());
        rest &= !3;
    }
    let table: &[(i64, &str)] = match ty {
        ParamType::OpenFlags => OPEN,
        ParamType::CloneFlags => {
            // The lowest byte is the signal that the parent gets.
            if rest & 0xff != 0 {
                names.extend(signal_name((rest & 0xff) as i64));
                rest &= !0xff;
            }
            CLONE
        }
        ParamType::MountFlags => MOUNT,
        ParamType::AtFlags => AT,
        ParamType::MsgFlags => MSG,
        _ => &[],
    };
    if rest != 0 || names.is_empty() {
        names.push(joined(table, rest));
    }
    names.join("|")
}

/// The flags of `value` by name, joined with `|`; what has no name is added in hexadecimal.
pub(super) fn joined(table: &[(i64, &str)], value: u64) -> String {
    let mut rest = value;
    let mut names: Vec<String> = Vec::new();
    for (bits, name) in table {
        let bits = *bits as u64;
        if rest & bits == bits {
            names.push((*name).to_owned());
            rest &= !bits;
        }
    }
    if rest != 0 {
        names.push(format!("{rest:#x}"));
    }
    if names.is_empty() {
        "0".to_owned()
    } else {
        names.join("|")
    }
}

/// `SIG*`; real-time signals as `SIGRT_n`.
pub fn signal_name(signal: i64) -> Option<String> {
    match signal {
        1..=31 => usize::try_from(signal - 1)
            .ok()
            .and_then(|at| SIGNALS.get(at))
            .map(|s| format!("SIG{s}")),
        32..=64 => Some(format!("SIGRT_{signal}")),
        _ => None,
    }
}

/// `AF_*`.
pub fn family_name(family: i64) -> Option<&'static str> {
    FAMILIES.iter().find(|(n, _)| *n == family).map(|(_, name)| *name)
}

/// `SOCK_*` with its flags.
pub fn socket_type_name(value: i64) -> String {
    let mut out = match value & 0xf {
        1 => "SOCK_STREAM".to_owned(),
        2 => "SOCK_DGRAM".to_owned(),
        3 => "SOCK_RAW".to_owned(),
        4 => "SOCK_RDM".to_owned(),
        5 => "SOCK_SEQPACKET".to_owned(),
        10 => "SOCK_PACKET".to_owned(),
        other => other.to_string(),
    };
    for (bit, name) in [(0o4000, "SOCK_NONBLOCK"), (0o2000000, "SOCK_CLOEXEC")] {
        if value & bit != 0 {
            out.push('|');
            out.push_str(name);
        }
    }
    out
}

/// `PTRACE_*`.
pub fn ptrace_request_name(request: i64) -> Option<&'static str> {
    PTRACE.iter().find(|(n, _)| *n == request).map(|(_, name)| *name)
}

// Flags of several bits come before those that they contain.
#[rustfmt::skip]
const OPEN: &[(i64, &str)] = &[
    (0o20200000, "O_TMPFILE"), (0o4010000, "O_SYNC"), (0o100, "O_CREAT"), (0o200, "O_EXCL"), (0o400, "O_NOCTTY"),
    (0o1000, "O_TRUNC"), (0o2000, "O_APPEND"), (0o4000, "O_NONBLOCK"), (0o10000, "O_DSYNC"), (0o20000, "O_ASYNC"),
    (0o40000, "O_DIRECT"), (0o100000, "O_LARGEFILE"), (0o200000, "O_DIRECTORY"), (0o400000, "O_NOFOLLOW"),
    (0o1000000, "O_NOATIME"), (0o2000000, "O_CLOEXEC"), (0o10000000, "O_PATH"),
];

#[rustfmt::skip]
const CLONE: &[(i64, &str)] = &[
    (0x100, "CLONE_VM"), (0x200, "CLONE_FS"), (0x400, "CLONE_FILES"), (0x800, "CLONE_SIGHAND"), (0x1000, "CLONE_PIDFD"),
    (0x2000, "CLONE_PTRACE"), (0x4000, "CLONE_VFORK"), (0x8000, "CLONE_PARENT"), (0x10000, "CLONE_THREAD"),
    (0x20000, "CLONE_NEWNS"), (0x40000, "CLONE_SYSVSEM"), (0x80000, "CLONE_SETTLS"), (0x100000, "CLONE_PARENT_SETTID"),
    (0x200000, "CLONE_CHILD_CLEARTID"), (0x400000, "CLONE_DETACHED"), (0x800000, "CLONE_UNTRACED"),
    (0x1000000, "CLONE_CHILD_SETTID"), (0x2000000, "CLONE_NEWCGROUP"), (0x4000000, "CLONE_NEWUTS"),
    (0x8000000, "CLONE_NEWIPC"), (0x10000000, "CLONE_NEWUSER"), (0x20000000, "CLONE_NEWPID"),
    (0x40000000, "CLONE_NEWNET"), (0x80000000, "CLONE_IO"), (0x1_0000_0000, "CLONE_CLEAR_SIGHAND"),
    (0x2_0000_0000, "CLONE_INTO_CGROUP"),
];

#[rustfmt::skip]
const MOUNT: &[(i64, &str)] = &[
    (0x1, "MS_RDONLY"), (0x2, "MS_NOSUID"), (0x4, "MS_NODEV"), (0x8, "MS_NOEXEC"), (0x10, "MS_SYNCHRONOUS"),
    (0x20, "MS_REMOUNT"), (0x40, "MS_MANDLOCK"), (0x80, "MS_DIRSYNC"), (0x100, "MS_NOSYMFOLLOW"), (0x400, "MS_NOATIME"),
    (0x800, "MS_NODIRATIME"), (0x1000, "MS_BIND"), (0x2000, "MS_MOVE"), (0x4000, "MS_REC"), (0x8000, "MS_SILENT"),
    (0x10000, "MS_POSIXACL"), (0x20000, "MS_UNBINDABLE"), (0x40000, "MS_PRIVATE"), (0x80000, "MS_SLAVE"),
    (0x100000, "MS_SHARED"), (0x200000, "MS_RELATIME"), (0x1000000, "MS_STRICTATIME"), (0x2000000, "MS_LAZYTIME"),
];

#[rustfmt::skip]
const AT: &[(i64, &str)] = &[
    (0x100, "AT_SYMLINK_NOFOLLOW"), (0x200, "AT_REMOVEDIR"), (0x400, "AT_SYMLINK_FOLLOW"), (0x800, "AT_NO_AUTOMOUNT"),
    (0x1000, "AT_EMPTY_PATH"), (0x2000, "AT_STATX_FORCE_SYNC"), (0x4000, "AT_STATX_DONT_SYNC"), (0x8000, "AT_RECURSIVE"),
];

#[rustfmt::skip]
const MSG: &[(i64, &str)] = &[
    (0x1, "MSG_OOB"), (0x2, "MSG_PEEK"), (0x4, "MSG_DONTROUTE"), (0x8, "MSG_CTRUNC"), (0x20, "MSG_TRUNC"),
    (0x40, "MSG_DONTWAIT"), (0x80, "MSG_EOR"), (0x100, "MSG_WAITALL"), (0x800, "MSG_CONFIRM"), (0x2000, "MSG_ERRQUEUE"),
    (0x4000, "MSG_NOSIGNAL"), (0x8000, "MSG_MORE"), (0x10000, "MSG_WAITFORONE"), (0x4000000, "MSG_ZEROCOPY"),
    (0x20000000, "MSG_FASTOPEN"), (0x40000000, "MSG_CMSG_CLOEXEC"),
];

#[rustfmt::skip]
const SIGNALS: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
    "PWR", "SYS",
];

#[rustfmt::skip]
const FAMILIES: &[(i64, &str)] = &[
    (0, "AF_UNSPEC"), (1, "AF_UNIX"), (2, "AF_INET"), (3, "AF_AX25"), (4, "AF_IPX"), (5, "AF_APPLETALK"),
    (6, "AF_NETROM"), (7, "AF_BRIDGE"), (8, "AF_ATMPVC"), (9, "AF_X25"), (10, "AF_INET6"), (11, "AF_ROSE"),
    (12, "AF_DECnet"), (13, "AF_NETBEUI"), (14, "AF_SECURITY"), (15, "AF_KEY"), (16, "AF_NETLINK"), (17, "AF_PACKET"),
    (18, "AF_ASH"), (19, "AF_ECONET"), (20, "AF_ATMSVC"), (21, "AF_RDS"), (22, "AF_SNA"), (23, "AF_IRDA"),
    (24, "AF_PPPOX"), (25, "AF_WANPIPE"), (26, "AF_LLC"), (27, "AF_IB"), (28, "AF_MPLS"), (29, "AF_CAN"),
    (30, "AF_TIPC"), (31, "AF_BLUETOOTH"), (32, "AF_IUCV"), (33, "AF_RXRPC"), (34, "AF_ISDN"), (35, "AF_PHONET"),
    (36, "AF_IEEE802154"), (37, "AF_CAIF"), (38, "AF_ALG"), (39, "AF_NFC"), (40, "AF_VSOCK"), (41, "AF_KCM"),
    (42, "AF_QIPCRTR"), (43, "AF_SMC"), (44, "AF_XDP"), (45, "AF_MCTP"),
];

#[rustfmt::skip]
const PTRACE: &[(i64, &str)] = &[
    (0, "PTRACE_TRACEME"), (1, "PTRACE_PEEKTEXT"), (2, "PTRACE_PEEKDATA"), (3, "PTRACE_PEEKUSR"),
    (4, "PTRACE_POKETEXT"), (5, "PTRACE_POKEDATA"), (6, "PTRACE_POKEUSR"), (7, "PTRACE_CONT"), (8, "PTRACE_KILL"),
    (9, "PTRACE_SINGLESTEP"), (12, "PTRACE_GETREGS"), (13, "PTRACE_SETREGS"), (14, "PTRACE_GETFPREGS"),
    (15, "PTRACE_SETFPREGS"), (16, "PTRACE_ATTACH"), (17, "PTRACE_DETACH"), (18, "PTRACE_GETFPXREGS"),
    (19, "PTRACE_SETFPXREGS"), (21, "PTRACE_OLDSETOPTIONS"), (24, "PTRACE_SYSCALL"), (25, "PTRACE_GET_THREAD_AREA"),
    (26, "PTRACE_SET_THREAD_AREA"), (30, "PTRACE_ARCH_PRCTL"), (31, "PTRACE_SYSEMU"),
    (32, "PTRACE_SYSEMU_SINGLESTEP"), (33, "PTRACE_SINGLEBLOCK"),
    (0x4200, "PTRACE_SETOPTIONS"), (0x4201, "PTRACE_GETEVENTMSG"), (0x4202, "PTRACE_GETSIGINFO"),
    (0x4203, "PTRACE_SETSIGINFO"), (0x4204, "PTRACE_GETREGSET"), (0x4205, "PTRACE_SETREGSET"),
    (0x4206, "PTRACE_SEIZE"), (0x4207, "PTRACE_INTERRUPT"), (0x4208, "PTRACE_LISTEN"), (0x4209, "PTRACE_PEEKSIGINFO"),
    (0x420a, "PTRACE_GETSIGMASK"), (0x420b, "PTRACE_SETSIGMASK"), (0x420c, "PTRACE_SECCOMP_GET_FILTER"),
    (0x420d, "PTRACE_SECCOMP_GET_METADATA"), (0x420e, "PTRACE_GET_SYSCALL_INFO"),
    (0x420f, "PTRACE_GET_RSEQ_CONFIGURATION"), (0x4210, "PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG"),
    (0x4211, "PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG"), (0x4212, "PTRACE_SET_SYSCALL_INFO"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constants::name;

    #[test]
    fn names_as_the_field_writes_them() {
        for (ty, value, expected) in [
            (ParamType::OpenFlags, 0, "O_RDONLY"),
            (ParamType::OpenFlags, 0o2101, "O_WRONLY|O_CREAT|O_APPEND"),
            (ParamType::OpenFlags, 0o20200002, "O_RDWR|O_TMPFILE"),
            (ParamType::CloneFlags, 17, "SIGCHLD"),
            (
                ParamType::CloneFlags,
                0x1_0000_4111,
                "SIGCHLD|CLONE_VM|CLONE_VFORK|CLONE_CLEAR_SIGHAND",
            ),
            (ParamType::AtFlags, 0, "0"),
            (ParamType::MsgFlags, 0x4000 | 1 << 40, "MSG_NOSIGNAL|0x10000000000"),
            (
                ParamType::SocketType,
                0o2004001,
                "SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC",
            ),
            (ParamType::Errno, -2, "ENOENT"),
            (ParamType::DirFd, -100, "AT_FDCWD"),
            (ParamType::DirFd, 0xffff_ff9c, "AT_FDCWD"),
            (ParamType::Signal, 9, "SIGKILL"),
        ] {
            assert_eq!(name(ty, value).as_deref(), Some(expected));
        }
        assert_eq!(name(ParamType::Fd, 3), None);
        assert_eq!(name(ParamType::Errno, 3), None);
    }
}
