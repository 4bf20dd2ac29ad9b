//! Which constants a type of parameters stands for.

use super::{descriptor, file, ipc, kernel, memory, network, process, signal, time, uring};
use crate::model::ParamType as T;

/// Constants with their names.
pub(super) type Names = &'static [(i64, &'static str)];

/// How the values of a type are made of constants.
#[derive(Debug, Clone, Copy)]
pub(super) enum Set {
    /// Each value is one constant; the kernel takes 32 bits with a sign.
    One(Names),
    /// Each value is one constant; the kernel takes 32 bits without a sign.
    OneUnsigned(Names),
    /// Bits of 32.
    Flags(Names),
    /// Bits of 64.
    WideFlags(Names),
    /// Bit *n* stands for constant *n*.
    Bits(Names),
}

/// The constants of a type, where its values are made of them alone.
#[rustfmt::skip]
pub(super) fn set(ty: T) -> Option<Set> {
    Some(match ty {
        T::ProtFlags => Set::WideFlags(memory::PROT),
        T::MapFlags => Set::WideFlags(memory::MAP),
        T::MremapFlags => Set::WideFlags(memory::MREMAP),
        T::MadviseAdvice => Set::One(memory::MADVISE),
        T::MsyncFlags => Set::Flags(memory::MSYNC),
        T::MlockFlags => Set::Flags(memory::MLOCK),
        T::MlockallFlags => Set::Flags(memory::MLOCKALL),
        T::MemfdFlags => Set::Flags(memory::MEMFD),
        T::PkeyRights => Set::WideFlags(memory::PKEY),
        T::PrctlOption => Set::One(process::PRCTL),
        T::ArchPrctlOption => Set::One(process::ARCH_PRCTL),
        T::Resource => Set::One(process::RESOURCE),
        T::Capabilities => Set::Bits(process::CAPABILITY),
        T::WaitOptions => Set::Flags(process::WAIT),
        T::WaitIdType => Set::One(process::ID_TYPE),
        T::SchedulerPolicy => Set::One(process::SCHEDULER),
        T::PriorityWhich => Set::One(process::PRIORITY),
        T::PidfdFlags => Set::Flags(process::PIDFD),
        T::PidfdSignalFlags => Set::Flags(process::PIDFD_SIGNAL),
        T::KcmpType => Set::One(process::KCMP),
        T::MembarrierCommand => Set::One(process::MEMBARRIER),
        T::Personality => Set::Flags(process::PERSONALITY),
        T::PerfFlags => Set::WideFlags(process::PERF),
        T::BpfCommand => Set::One(kernel::BPF),
        T::SeccompOperation => Set::One(kernel::SECCOMP_OPERATION),
        T::SeccompFlags => Set::Flags(kernel::SECCOMP_FLAGS),
        T::KeyctlOperation => Set::One(kernel::KEYCTL),
        T::Key => Set::One(kernel::KEYRING),
        T::ModuleFlags => Set::Flags(kernel::MODULE),
        T::KexecFlags => Set::WideFlags(kernel::KEXEC),
        T::KexecFileFlags => Set::WideFlags(kernel::KEXEC_FILE),
        T::RebootCommand => Set::OneUnsigned(kernel::REBOOT),
        T::SyslogAction => Set::One(kernel::SYSLOG),
        T::SwapFlags => Set::Flags(kernel::SWAP),
        T::LandlockRule => Set::One(kernel::LANDLOCK_RULE),
        T::LandlockFsAccess => Set::WideFlags(kernel::LANDLOCK_FS),
        T::LandlockNetAccess => Set::WideFlags(kernel::LANDLOCK_NET),
        T::LandlockCreateFlags => Set::Flags(kernel::LANDLOCK_CREATE),
        T::LandlockRestrictFlags => Set::Flags(kernel::LANDLOCK_RESTRICT),
        T::GetrandomFlags => Set::Flags(kernel::GETRANDOM),
        T::UserfaultfdFlags => Set::Flags(kernel::USERFAULTFD),
        T::IoUringOperation => Set::One(uring::OPERATION),
        T::IoUringSetupFlags => Set::Flags(uring::SETUP),
        T::IoUringEnterFlags => Set::Flags(uring::ENTER),
        T::IoUringFeatures => Set::Flags(uring::FEATURES),
        T::IoUringRegisterOp => Set::One(uring::REGISTER),
        T::IoUringEntryFlags => Set::Flags(uring::ENTRY),
        T::RenameFlags => Set::Flags(file::RENAME),
        T::UmountFlags => Set::Flags(file::UMOUNT),
        T::AccessMode => Set::Flags(file::ACCESS),
        T::AccessAtFlags => Set::Flags(file::ACCESS_AT),
        T::XattrFlags => Set::Flags(file::XATTR),
        T::FallocateMode => Set::Flags(file::FALLOCATE),
        T::SpliceFlags => Set::Flags(file::SPLICE),
        T::InotifyMask => Set::Flags(file::INOTIFY),
        T::FanotifyInitFlags => Set::Flags(file::FANOTIFY_INIT),
        T::FanotifyMarkFlags => Set::Flags(file::FANOTIFY_MARK),
        T::FanotifyMask => Set::WideFlags(file::FANOTIFY_MASK),
        T::ResolveFlags => Set::WideFlags(file::RESOLVE),
        T::FlockOperation => Set::Flags(file::FLOCK),
        T::Whence => Set::One(file::WHENCE),
        T::StatxMask => Set::Flags(file::STATX_MASK),
        T::OpenTreeFlags => Set::Flags(file::OPEN_TREE),
        T::MoveMountFlags => Set::Flags(file::MOVE_MOUNT),
        T::FsopenFlags => Set::Flags(file::FSOPEN),
        T::FsmountFlags => Set::Flags(file::FSMOUNT),
        T::FspickFlags => Set::Flags(file::FSPICK),
        T::FsconfigCommand => Set::One(file::FSCONFIG),
        T::MountAttributes => Set::WideFlags(file::MOUNT_ATTRIBUTES),
        T::SyncRangeFlags => Set::Flags(file::SYNC_RANGE),
        T::FadviseAdvice => Set::One(file::FADVISE),
        T::RwFlags => Set::Flags(file::RWF),
        T::CloseRangeFlags => Set::Flags(file::CLOSE_RANGE),
        T::DescriptorFlags => Set::Flags(descriptor::DESCRIPTOR),
        T::EventfdFlags => Set::Flags(descriptor::EVENTFD),
        T::FcntlCommand => Set::One(descriptor::FCNTL),
        T::EpollOperation => Set::One(descriptor::EPOLL),
        T::EpollEvents => Set::Flags(descriptor::EPOLL_EVENTS),
        T::IoctlRequest => Set::OneUnsigned(descriptor::IOCTL),
        T::ShmatFlags => Set::Flags(ipc::SHMAT),
        T::SemopFlags => Set::Flags(ipc::SEMOP),
        T::SemctlCommand => Set::One(ipc::SEMCTL),
        T::ShmctlCommand => Set::One(ipc::SHMCTL),
        T::MsgctlCommand => Set::One(ipc::MSGCTL),
        T::ShutdownHow => Set::One(network::SHUTDOWN),
        T::SocketLevel => Set::One(network::LEVEL),
        T::ClockId => Set::One(time::CLOCK),
        T::TimerFlags => Set::Flags(time::TIMER),
        T::TimerfdFlags => Set::Flags(time::TIMERFD),
        T::ItimerWhich => Set::One(time::ITIMER),
        T::SigmaskHow => Set::One(signal::MASK),
        T::SigactionFlags => Set::WideFlags(signal::ACTION),
        T::SignalCode => Set::One(signal::CODE),
        _ => return None,
    })
}
