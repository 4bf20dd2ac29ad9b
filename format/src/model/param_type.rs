//! Types of parameters.

use crate::meta::codes;

/// How a parameter is stored and shown. Codes from 64 to 255 are byte strings, so that a reader can tell them of types that
/// it does not know; from [`CONSTANTS`] on they are integers that stand for names of Linux constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ParamType {
    /// Signed decimal.
    Int,
    /// Unsigned decimal.
    Uint,
    /// Unsigned, shown in hexadecimal (addresses, opaque flags).
    #[default]
    Hex,
    /// Result: 0 or more, or a negative errno that is shown with its name.
    Errno,
    /// File descriptor number.
    Fd,
    /// Descriptor number of a directory that a path is relative to (`AT_FDCWD` by name).
    DirFd,
    /// Process or thread id.
    Pid,
    /// User id.
    Uid,
    /// Group id.
    Gid,
    /// File mode, shown in octal.
    Mode,
    /// Signal number, shown by name.
    Signal,
    /// `O_*` flags of open.
    OpenFlags,
    /// `CLONE_*` flags.
    CloneFlags,
    /// `MS_*` flags of mount.
    MountFlags,
    /// `AT_*` flags.
    AtFlags,
    /// `MSG_*` flags.
    MsgFlags,
    /// Address family (`AF_*`).
    Family,
    /// Socket type with its flags (`SOCK_*`).
    SocketType,
    /// `PTRACE_*` request.
    PtraceRequest,
    /// Path as given by the caller.
    Path,
    /// Other text.
    Text,
    /// Text with NUL between its elements (argv).
    TextList,
    /// Payload.
    Bytes,
    /// A raw `struct sockaddr` as the kernel has it, see [`crate::model::parse_sockaddr`].
    SockAddr,
    /// An array of `struct pollfd` as the caller has it.
    PollFds,
    /// `PROT_*` of a mapping.
    ProtFlags,
    /// `MAP_*` of mmap.
    MapFlags,
    /// `MREMAP_*`.
    MremapFlags,
    /// `MADV_*`.
    MadviseAdvice,
    /// `MS_*` of msync.
    MsyncFlags,
    /// `MLOCK_*`.
    MlockFlags,
    /// `MCL_*`.
    MlockallFlags,
    /// `MFD_*`.
    MemfdFlags,
    /// `PKEY_DISABLE_*`.
    PkeyRights,
    /// `PR_*`.
    PrctlOption,
    /// `ARCH_*`.
    ArchPrctlOption,
    /// `RLIMIT_*`.
    Resource,
    /// A set of capabilities: bit *n* is capability *n* (`CAP_*`).
    Capabilities,
    /// `WNOHANG` and others of wait4 and waitid.
    WaitOptions,
    /// `P_*` of waitid.
    WaitIdType,
    /// `SCHED_*`.
    SchedulerPolicy,
    /// `PRIO_*`.
    PriorityWhich,
    /// `PIDFD_*` of pidfd_open.
    PidfdFlags,
    /// `PIDFD_SIGNAL_*`.
    PidfdSignalFlags,
    /// `KCMP_*`.
    KcmpType,
    /// `MEMBARRIER_CMD_*`.
    MembarrierCommand,
    /// A personality with its flags.
    Personality,
    /// `PERF_FLAG_*`.
    PerfFlags,
    /// Commands of bpf.
    BpfCommand,
    /// `SECCOMP_SET_MODE_*` and other operations.
    SeccompOperation,
    /// `SECCOMP_FILTER_FLAG_*`.
    SeccompFlags,
    /// `KEYCTL_*`.
    KeyctlOperation,
    /// Serial number of a key, or `KEY_SPEC_*`.
    Key,
    /// `MODULE_INIT_*`.
    ModuleFlags,
    /// `KEXEC_*` of kexec_load; from bit 16 on the architecture.
    KexecFlags,
    /// `KEXEC_FILE_*`.
    KexecFileFlags,
    /// `LINUX_REBOOT_CMD_*`.
    RebootCommand,
    /// `SYSLOG_ACTION_*`.
    SyslogAction,
    /// `SWAP_FLAG_*`.
    SwapFlags,
    /// `LANDLOCK_RULE_*`.
    LandlockRule,
    /// `LANDLOCK_ACCESS_FS_*`.
    LandlockFsAccess,
    /// `LANDLOCK_ACCESS_NET_*`.
    LandlockNetAccess,
    /// `LANDLOCK_CREATE_RULESET_*`.
    LandlockCreateFlags,
    /// `LANDLOCK_RESTRICT_SELF_*`.
    LandlockRestrictFlags,
    /// `GRND_*`.
    GetrandomFlags,
    /// Flags of userfaultfd.
    UserfaultfdFlags,
    /// `IORING_OP_*`.
    IoUringOperation,
    /// `IORING_SETUP_*`.
    IoUringSetupFlags,
    /// `IORING_ENTER_*`.
    IoUringEnterFlags,
    /// `IORING_FEAT_*`.
    IoUringFeatures,
    /// `IORING_REGISTER_*` and `IORING_UNREGISTER_*`.
    IoUringRegisterOp,
    /// `IOSQE_*`.
    IoUringEntryFlags,
    /// `RENAME_*`.
    RenameFlags,
    /// `MNT_*` and `UMOUNT_NOFOLLOW`.
    UmountFlags,
    /// `R_OK`, `W_OK`, `X_OK`; 0 is `F_OK`.
    AccessMode,
    /// `AT_*` of faccessat2.
    AccessAtFlags,
    /// `XATTR_*`.
    XattrFlags,
    /// `FALLOC_FL_*`.
    FallocateMode,
    /// `SPLICE_F_*`.
    SpliceFlags,
    /// `IN_*`.
    InotifyMask,
    /// `FAN_*` of fanotify_init.
    FanotifyInitFlags,
    /// `FAN_MARK_*`.
    FanotifyMarkFlags,
    /// `FAN_*` events.
    FanotifyMask,
    /// `RESOLVE_*` of openat2.
    ResolveFlags,
    /// `LOCK_*`.
    FlockOperation,
    /// `SEEK_*`.
    Whence,
    /// `STATX_*`.
    StatxMask,
    /// Flags of open_tree.
    OpenTreeFlags,
    /// `MOVE_MOUNT_*`.
    MoveMountFlags,
    /// `FSOPEN_*`.
    FsopenFlags,
    /// `FSMOUNT_*`.
    FsmountFlags,
    /// `FSPICK_*`.
    FspickFlags,
    /// `FSCONFIG_*`.
    FsconfigCommand,
    /// `MOUNT_ATTR_*`.
    MountAttributes,
    /// `SYNC_FILE_RANGE_*`.
    SyncRangeFlags,
    /// `POSIX_FADV_*`.
    FadviseAdvice,
    /// `Q_*`, the kind of quota in the lowest byte.
    QuotaCommand,
    /// `RWF_*` of preadv2 and pwritev2.
    RwFlags,
    /// `CLOSE_RANGE_*`.
    CloseRangeFlags,
    /// `O_*` flags of a new descriptor that is not opened by path: without access mode.
    DescriptorFlags,
    /// Flags of eventfd2.
    EventfdFlags,
    /// `F_*`.
    FcntlCommand,
    /// `EPOLL_CTL_*`.
    EpollOperation,
    /// `EPOLL*` events.
    EpollEvents,
    /// Request of an ioctl, by name where it is well known.
    IoctlRequest,
    /// `FUTEX_*` with its flags.
    FutexOperation,
    /// `IPC_*` and `MSG_*` of System V queues and semaphores, with a mode in the lowest nine bits.
    MsgIpcFlags,
    /// Flags of shmget, with a mode in the lowest nine bits.
    ShmgetFlags,
    /// `SHM_*` of shmat.
    ShmatFlags,
    /// `SEM_UNDO` and `IPC_NOWAIT`.
    SemopFlags,
    /// Commands of semctl.
    SemctlCommand,
    /// Commands of shmctl.
    ShmctlCommand,
    /// Commands of msgctl.
    MsgctlCommand,
    /// `SHUT_*`.
    ShutdownHow,
    /// `SOL_*`.
    SocketLevel,
    /// An option of a socket; its name depends on the level, which is in the upper 32 bits.
    SocketOption,
    /// `CLOCK_*`.
    ClockId,
    /// `TIMER_ABSTIME`.
    TimerFlags,
    /// `TFD_TIMER_*`.
    TimerfdFlags,
    /// `ITIMER_*`.
    ItimerWhich,
    /// A time span in nanoseconds.
    Duration,
    /// A set of signals: bit *n* - 1 is signal *n*.
    SignalSet,
    /// `SIG_BLOCK`, `SIG_UNBLOCK`, `SIG_SETMASK`.
    SigmaskHow,
    /// `SA_*`.
    SigactionFlags,
    /// Where a signal comes from (`SI_*`).
    SignalCode,
    /// A device number, shown as `major:minor`.
    Device,
    /// Calls of socketcall (32-bit).
    Socketcall,
    /// Calls of ipc (32-bit); the version in the upper half.
    IpcCall,
}

/// The first code of types that are names of constants. In a file they stand in a field of their own, behind a type that
/// older readers know.
pub(crate) const CONSTANTS: u32 = 256;

codes!(ParamType {
    Int = 0, Uint = 1, Hex = 2, Errno = 3, Fd = 4, DirFd = 5, Pid = 6, Uid = 7, Gid = 8, Mode = 9, Signal = 10,
    OpenFlags = 11, CloneFlags = 12, MountFlags = 13, AtFlags = 14, MsgFlags = 15, Family = 16, SocketType = 17,
    PtraceRequest = 18, Path = 64, Text = 65, TextList = 66, Bytes = 67, SockAddr = 68, PollFds = 69, ProtFlags = 257,
    MapFlags = 258, MremapFlags = 259, MadviseAdvice = 260, MsyncFlags = 261, MlockFlags = 262, MlockallFlags = 263,
    MemfdFlags = 264, PkeyRights = 265, PrctlOption = 266, ArchPrctlOption = 267, Resource = 268, Capabilities = 269,
    WaitOptions = 270, WaitIdType = 271, SchedulerPolicy = 272, PriorityWhich = 273, PidfdFlags = 274,
    PidfdSignalFlags = 275, KcmpType = 276, MembarrierCommand = 277, Personality = 278, PerfFlags = 279,
    BpfCommand = 280, SeccompOperation = 281, SeccompFlags = 282, KeyctlOperation = 283, Key = 284, ModuleFlags = 285,
    KexecFlags = 286, KexecFileFlags = 287, RebootCommand = 288, SyslogAction = 289, SwapFlags = 290,
    LandlockRule = 291, LandlockFsAccess = 292, LandlockNetAccess = 293, LandlockCreateFlags = 294,
    LandlockRestrictFlags = 295, GetrandomFlags = 296, UserfaultfdFlags = 297, IoUringOperation = 298,
    IoUringSetupFlags = 299, IoUringEnterFlags = 300, IoUringFeatures = 301, IoUringRegisterOp = 302,
    IoUringEntryFlags = 303, RenameFlags = 304, UmountFlags = 305, AccessMode = 306, AccessAtFlags = 307,
    XattrFlags = 308, FallocateMode = 309, SpliceFlags = 310, InotifyMask = 311, FanotifyInitFlags = 312,
    FanotifyMarkFlags = 313, FanotifyMask = 314, ResolveFlags = 315, FlockOperation = 316, Whence = 317,
    StatxMask = 318, OpenTreeFlags = 319, MoveMountFlags = 320, FsopenFlags = 321, FsmountFlags = 322,
    FspickFlags = 323, FsconfigCommand = 324, MountAttributes = 325, SyncRangeFlags = 326, FadviseAdvice = 327,
    QuotaCommand = 328, RwFlags = 329, CloseRangeFlags = 330, DescriptorFlags = 331, EventfdFlags = 332,
    FcntlCommand = 333, EpollOperation = 334, EpollEvents = 335, IoctlRequest = 336, FutexOperation = 337,
    MsgIpcFlags = 338, ShmgetFlags = 339, ShmatFlags = 340, SemopFlags = 341, SemctlCommand = 342,
    ShmctlCommand = 343, MsgctlCommand = 344, ShutdownHow = 345, SocketLevel = 346, SocketOption = 347, ClockId = 348,
    TimerFlags = 349, TimerfdFlags = 350, ItimerWhich = 351, Duration = 352, SignalSet = 353, SigmaskHow = 354,
    SigactionFlags = 355, SignalCode = 356, Device = 357, Socketcall = 358, IpcCall = 359,
} else |code| if (64..CONSTANTS).contains(&code) { ParamType::Text } else { ParamType::Hex });

impl ParamType {
    /// Whether values are byte strings (else integers).
    pub fn is_bytes(self) -> bool {
        matches!(
            self,
            ParamType::Path
                | ParamType::Text
                | ParamType::TextList
                | ParamType::Bytes
                | ParamType::SockAddr
                | ParamType::PollFds
        )
    }
}
