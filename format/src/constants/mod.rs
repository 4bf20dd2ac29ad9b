//! Names of Linux constants (x86-64 values), as the field writes them. From the kernel's uapi headers.

mod capabilities;
mod descriptor;
mod errno;
mod file;
mod flags;
mod ipc;
mod kernel;
mod memory;
mod network;
mod process;
mod sets;
mod signal;
mod special;
mod time;
mod uring;

pub use capabilities::capability_name;
pub use errno::errno_name;
pub use flags::{family_name, flag_names, ptrace_request_name, signal_name, socket_type_name};

use crate::model::ParamType;
use flags::joined;
use sets::{Names, Set, set};

/// How `value` is shown where its type has names: `O_RDONLY|O_CLOEXEC`, `SIGKILL`, `AF_INET`, `AT_FDCWD`. `None` for
/// types that are plain numbers, and for values without a name.
pub fn name(ty: ParamType, value: i64) -> Option<String> {
    match ty {
        ParamType::Errno => errno_name(value.checked_neg()?).map(str::to_owned),
        ParamType::DirFd => (value as i32 == -100).then(|| "AT_FDCWD".to_owned()),
        ParamType::Signal => signal_name(value),
        ParamType::Family => family_name(value).map(str::to_owned),
        ParamType::SocketType => Some(socket_type_name(value)),
        ParamType::PtraceRequest => ptrace_request_name(value).map(str::to_owned),
        ParamType::OpenFlags
        | ParamType::CloneFlags
        | ParamType::MountFlags
        | ParamType::AtFlags
        | ParamType::MsgFlags => Some(flag_names(ty, value)),
        ParamType::AccessMode if value == 0 => Some("F_OK".to_owned()),
        ParamType::Personality if value as u32 == u32::MAX => None,
        ParamType::QuotaCommand => Some(special::quota(value)),
        ParamType::FutexOperation => Some(special::futex(value)),
        ParamType::MsgIpcFlags => Some(special::ipc_flags(ipc::IPC, value)),
        ParamType::ShmgetFlags => Some(special::ipc_flags(ipc::SHMGET, value)),
        ParamType::SocketOption => special::socket_option(value).map(str::to_owned),
        ParamType::Duration => Some(special::duration(value)),
        ParamType::SignalSet => Some(special::signals(value)),
        ParamType::Device => Some(special::device(value)),
        ty => match set(ty)? {
            Set::One(names) | Set::OneUnsigned(names) => one(names, value).map(str::to_owned),
            Set::Flags(names) | Set::WideFlags(names) => Some(joined(names, value as u64)),
            Set::Bits(names) => Some(special::bits(names, value)),
        },
    }
}

/// The value of a register as the kernel takes it: registers hold 64 bits, most parameters are 32 wide.
pub fn of_register(ty: ParamType, register: u64) -> i64 {
    use ParamType as T;
    match ty {
        T::Fd | T::DirFd | T::Pid | T::Signal => i64::from(register as i32),
        T::Uid | T::Gid | T::OpenFlags | T::MsgFlags | T::AtFlags | T::Family | T::SocketType => {
            i64::from(register as u32)
        }
        T::QuotaCommand | T::FutexOperation | T::MsgIpcFlags | T::ShmgetFlags | T::Device => i64::from(register as u32),
        T::Mode => i64::from(register as u16),
        ty => match set(ty) {
            Some(Set::One(_)) => i64::from(register as i32),
            Some(Set::OneUnsigned(_) | Set::Flags(_)) => i64::from(register as u32),
            Some(Set::WideFlags(_) | Set::Bits(_)) | None => register as i64,
        },
    }
}

/// Poll events by name.
pub fn poll_events(events: u16) -> String {
    joined(descriptor::POLL, u64::from(events))
}

/// The constant with this value.
fn one(names: Names, value: i64) -> Option<&'static str> {
    names.iter().find(|(n, _)| *n == value).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ParamType as T;

    #[test]
    fn constants_of_each_kind_have_their_names() {
        for (ty, value, expected) in [
            (T::ProtFlags, 5, "PROT_READ|PROT_EXEC"),
            (T::MapFlags, 0x22, "MAP_PRIVATE|MAP_ANONYMOUS"),
            (T::MapFlags, 3, "MAP_SHARED_VALIDATE"),
            (T::PrctlOption, 15, "PR_SET_NAME"),
            (T::Capabilities, 1 << 21 | 1, "CAP_CHOWN|CAP_SYS_ADMIN"),
            (T::Capabilities, 1 << 62, "0x4000000000000000"),
            (T::BpfCommand, 5, "BPF_PROG_LOAD"),
            (T::RebootCommand, 0x4321_fedc, "LINUX_REBOOT_CMD_POWER_OFF"),
            (T::AccessMode, 0, "F_OK"),
            (T::AccessMode, 6, "W_OK|R_OK"),
            (T::QuotaCommand, 0x8000_0701, "Q_GETQUOTA|GRPQUOTA"),
            (
                T::FutexOperation,
                0x189,
                "FUTEX_WAIT_BITSET|FUTEX_PRIVATE_FLAG|FUTEX_CLOCK_REALTIME",
            ),
            (T::ShmgetFlags, 0o1600, "IPC_CREAT|0600"),
            (T::MsgIpcFlags, 0, "0000"),
            (T::SocketOption, 1 << 32 | 2, "SO_REUSEADDR"),
            (T::SocketOption, 6 << 32 | 1, "TCP_NODELAY"),
            (T::SocketLevel, 41, "SOL_IPV6"),
            (T::Key, -3, "KEY_SPEC_SESSION_KEYRING"),
            (T::Duration, 1_500_000_000, "1.5s"),
            (T::Duration, 2_000_000, "2ms"),
            (T::SignalSet, 1 << 8 | 1 << 14, "SIGKILL|SIGTERM"),
            (T::Device, 0x801, "8:1"),
            (T::IoctlRequest, 0x5412, "TIOCSTI"),
            (T::SignalCode, -6, "SI_TKILL"),
            (T::IoUringOperation, 18, "IORING_OP_OPENAT"),
            (T::StatxMask, 0x7ff, "STATX_BASIC_STATS"),
        ] {
            assert_eq!(name(ty, value).as_deref(), Some(expected), "{ty:?} {value}");
        }
        for (ty, value) in [
            (T::BpfCommand, 9999),
            (T::SocketOption, 2 << 32 | 2),
            (T::Key, 77),
            (T::Uint, 1),
        ] {
            assert_eq!(name(ty, value), None, "{ty:?} {value}");
        }
        assert_eq!(poll_events(5), "POLLIN|POLLOUT");
    }

    #[test]
    fn registers_have_the_width_of_their_type() {
        for (ty, register, expected) in [
            (T::Key, 0xffff_fffd, -3),
            (T::MemfdFlags, 0xdead_0000_0001, 1),
            (T::ProtFlags, 0x1_0000_0001, 0x1_0000_0001),
            (T::IoctlRequest, 0xffff_ffff_8004_5430, 0x8004_5430),
            (T::Fd, 0xffff_ffff, -1),
            (T::Int, u64::MAX, -1),
        ] {
            assert_eq!(of_register(ty, register), expected, "{ty:?} {register:#x}");
        }
    }
}
