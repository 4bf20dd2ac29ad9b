//! Constants as Linux numbers them, out of those that sysdig has numbers of its own for.

use crate::events::Values;
use afterimage_format::model::ParamType;

/// Bits of sysdig and the bits of Linux that they stand for.
type Bits = &'static [(u64, u64)];

const OPEN: Bits = &[
    (1 << 2, 0o100),
    (1 << 3, 0o2000),
    (1 << 4, 0o10_000),
    (1 << 5, 0o200),
    (1 << 6, 0o4000),
    (1 << 7, 0o4_010_000),
    (1 << 8, 0o1000),
    (1 << 9, 0o40_000),
    (1 << 10, 0o200_000),
    (1 << 11, 0o100_000),
    (1 << 12, 0o2_000_000),
    (1 << 13, 0o20_200_000),
];
const CLONE: Bits = &[
    (1, 0x400),
    (1 << 1, 0x200),
    (1 << 2, 0x8000_0000),
    (1 << 3, 0x0800_0000),
    (1 << 4, 0x4000_0000),
    (1 << 5, 0x0002_0000),
    (1 << 6, 0x2000_0000),
    (1 << 7, 0x0400_0000),
    (1 << 8, 0x8000),
    (1 << 9, 0x0010_0000),
    (1 << 10, 0x2000),
    (1 << 11, 0x800),
    (1 << 12, 0x0004_0000),
    (1 << 13, 0x0001_0000),
    (1 << 14, 0x0080_0000),
    (1 << 15, 0x100),
    (1 << 20, 0x1000_0000),
    (1 << 23, 0x0020_0000),
    (1 << 24, 0x0100_0000),
    (1 << 25, 0x0008_0000),
    (1 << 27, 0x4000),
    (1 << 28, 0x0200_0000),
];
const MAP: Bits = &[
    (1, 1),
    (1 << 1, 2),
    (1 << 2, 0x10),
    (1 << 3, 0x20),
    (1 << 4, 0x40),
    (1 << 6, 0x4000),
    (1 << 7, 0x8000),
    (1 << 8, 0x1_0000),
    (1 << 9, 0x100),
    (1 << 10, 0x800),
    (1 << 11, 0x1000),
    (1 << 14, 0x2000),
];
const PROT: Bits = &[
    (1, 1),
    (2, 2),
    (4, 4),
    (8, 8),
    (1 << 4, 0x0100_0000),
    (1 << 5, 0x0200_0000),
];
const RESOLVE: Bits = &[(1, 8), (2, 0x10), (4, 2), (8, 4), (16, 1), (32, 0x20)];
const URING_SETUP: Bits = &[(1, 1), (2, 2), (8, 4), (16, 8), (32, 16), (64, 32), (128, 64)];
const SEMGET: Bits = &[(1 << 13, 0o1000), (1 << 14, 0o2000)];
const SEMOP: Bits = &[(1, 0o4000), (2, 0x1000)];
const CHOWN_AT: Bits = &[(1 << 10, 0x100), (1 << 12, 0x1000)];
const EXECVE_AT: Bits = &[(1, 0x1000), (2, 0x100)];
const DELETE_MODULE: Bits = &[(1, 0o1000), (2, 0o4000)];

/// Commands of fcntl by sysdig's number.
const FCNTL: [i64; 33] = [
    -1, 0, 1, 2, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, -1, 11, -1, 12, 13, 14, -1, 15, 16, 1024, 1025, 1029, 1030, 1026,
    1031, 1032, 36, 37, 38,
];
/// Requests of ptrace by sysdig's number.
const PTRACE: [i64; 39] = [
    -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 24, 0x4200, 0x4201, 0x4202, 0x4203, 0x4204, 0x4205, 0x4206, 0x4207,
    0x4208, 0x4209, 0x420a, 0x420b, 12, 13, 14, 15, 18, 19, 21, 25, 26, 30, 31, 32, 33,
];
/// Commands of semctl: sysdig has a bit for each.
const SEMCTL: [(i64, i64); 13] = [
    (1, 2),
    (2, 1),
    (4, 0),
    (8, 3),
    (16, 19),
    (32, 18),
    (64, 13),
    (128, 14),
    (256, 11),
    (512, 12),
    (1024, 15),
    (2048, 17),
    (4096, 16),
];

/// The type under which Linux knows these values.
pub(super) fn param_type(values: Values) -> ParamType {
    use ParamType as T;
    match values {
        Values::Plain => T::Uint,
        Values::Hex => T::Hex,
        Values::Octal | Values::Mode => T::Mode,
        Values::Open => T::OpenFlags,
        Values::Clone => T::CloneFlags,
        Values::Families => T::Family,
        Values::Prot => T::ProtFlags,
        Values::Map => T::MapFlags,
        Values::Mount => T::MountFlags,
        Values::Umount => T::UmountFlags,
        Values::Whence => T::Whence,
        Values::Shutdown => T::ShutdownHow,
        Values::Resource => T::Resource,
        Values::Fcntl => T::FcntlCommand,
        Values::SocketLevel => T::SocketLevel,
        Values::SocketOption => T::SocketOption,
        Values::Ptrace => T::PtraceRequest,
        Values::Splice => T::SpliceFlags,
        Values::Access => T::AccessMode,
        Values::UnlinkAt | Values::LinkAt | Values::StatAt | Values::ChownAt | Values::ExecveAt => T::AtFlags,
        Values::Rename => T::RenameFlags,
        Values::Resolve => T::ResolveFlags,
        Values::UringSetup => T::IoUringSetupFlags,
        Values::UringFeatures => T::IoUringFeatures,
        Values::UringEnter => T::IoUringEnterFlags,
        Values::UringRegister => T::IoUringRegisterOp,
        Values::MlockAll => T::MlockallFlags,
        Values::Mlock => T::MlockFlags,
        Values::Fsconfig => T::FsconfigCommand,
        Values::EpollCreate | Values::DeleteModule => T::DescriptorFlags,
        Values::Prctl => T::PrctlOption,
        Values::Memfd => T::MemfdFlags,
        Values::PidfdOpen => T::PidfdFlags,
        Values::Bpf => T::BpfCommand,
        Values::CloseRange => T::CloseRangeFlags,
        Values::FinitModule => T::ModuleFlags,
        Values::Keyctl => T::KeyctlOperation,
        Values::Semctl => T::SemctlCommand,
        Values::Semget => T::MsgIpcFlags,
        Values::Semop => T::SemopFlags,
        Values::Flock => T::FlockOperation,
        Values::Futex => T::FutexOperation,
    }
}

fn bits(table: Bits, value: u64) -> i64 {
    let set = table.iter().filter(|(own, _)| value & own == *own);
    set.fold(0, |all, (_, linux)| all | linux) as i64
}

/// A value as Linux numbers it.
pub(super) fn linux(values: Values, value: u64) -> i64 {
    let one = |table: &[i64]| {
        usize::try_from(value)
            .ok()
            .and_then(|at| table.get(at))
            .copied()
            .unwrap_or(-1)
    };
    match values {
        Values::Open => {
            let access = match value & 3 {
                1 => 0,
                2 => 1,
                3 => 2,
                // Neither: what opens for nothing.
                _ => 3,
            };
            bits(OPEN, value) | access
        }
        Values::Clone => bits(CLONE, value),
        Values::Map => bits(MAP, value),
        Values::Prot => bits(PROT, value),
        Values::Resolve => bits(RESOLVE, value),
        Values::UringSetup => bits(URING_SETUP, value),
        Values::Semget => bits(SEMGET, value) | (value & 0o777) as i64,
        Values::Semop => bits(SEMOP, value),
        Values::ChownAt => bits(CHOWN_AT, value),
        Values::ExecveAt => bits(EXECVE_AT, value),
        Values::DeleteModule => bits(DELETE_MODULE, value),
        Values::EpollCreate => bits(&[(1, 0o2_000_000)], value),
        Values::PidfdOpen => bits(&[(1, 0o4000)], value),
        Values::Fcntl => one(&FCNTL),
        Values::Ptrace => one(&PTRACE),
        Values::Semctl => SEMCTL
            .iter()
            .find(|(own, _)| *own as u64 == value)
            .map_or(-1, |(_, linux)| *linux),
        Values::SocketLevel if value == 2 => 6,
        Values::SocketOption => 1 << 32 | (value & 0xffff_ffff) as i64,
        _ => value as i64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use afterimage_format::constants::name;

    #[test]
    fn numbers_become_those_of_linux() {
        for (values, value, expected) in [
            (Values::Open, 1 | 1 << 12, "O_RDONLY|O_CLOEXEC"),
            (Values::Open, 2 | 4 | 256, "O_WRONLY|O_CREAT|O_TRUNC"),
            (Values::Prot, 3, "PROT_READ|PROT_WRITE"),
            (Values::Map, 2 | 8, "MAP_PRIVATE|MAP_ANONYMOUS"),
            (Values::Clone, 1 | 1 << 13, "CLONE_FILES|CLONE_THREAD"),
            (Values::Fcntl, 1, "F_DUPFD"),
            (Values::Fcntl, 26, "F_DUPFD_CLOEXEC"),
            (Values::Ptrace, 11, "PTRACE_ATTACH"),
            (Values::Ptrace, 20, "PTRACE_SEIZE"),
            (Values::Whence, 2, "SEEK_END"),
            (Values::SocketOption, 2, "SO_REUSEADDR"),
            (Values::Resource, 7, "RLIMIT_NOFILE"),
            (Values::Semctl, 4, "IPC_RMID"),
        ] {
            let shown = name(param_type(values), linux(values, value)).unwrap_or_default();
            // The order of flags is the reader's.
            let mut sorted: Vec<&str> = shown.split('|').collect();
            let mut wanted: Vec<&str> = expected.split('|').collect();
            sorted.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(sorted, wanted, "{values:?} {value}");
        }
    }
}
