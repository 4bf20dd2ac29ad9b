//! System V IPC and futexes.

#[rustfmt::skip]
pub(super) const FUTEX: &[(i64, &str)] = &[
    (0, "FUTEX_WAIT"), (1, "FUTEX_WAKE"), (2, "FUTEX_FD"), (3, "FUTEX_REQUEUE"), (4, "FUTEX_CMP_REQUEUE"),
    (5, "FUTEX_WAKE_OP"), (6, "FUTEX_LOCK_PI"), (7, "FUTEX_UNLOCK_PI"), (8, "FUTEX_TRYLOCK_PI"),
    (9, "FUTEX_WAIT_BITSET"), (10, "FUTEX_WAKE_BITSET"), (11, "FUTEX_WAIT_REQUEUE_PI"), (12, "FUTEX_CMP_REQUEUE_PI"),
    (13, "FUTEX_LOCK_PI2"),
];

#[rustfmt::skip]
pub(super) const IPC: &[(i64, &str)] = &[
    (0x200, "IPC_CREAT"), (0x400, "IPC_EXCL"), (0x800, "IPC_NOWAIT"), (0x1000, "MSG_NOERROR"), (0x2000, "MSG_EXCEPT"),
    (0x4000, "MSG_COPY"),
];

#[rustfmt::skip]
pub(super) const SHMGET: &[(i64, &str)] = &[
    (0x200, "IPC_CREAT"), (0x400, "IPC_EXCL"), (0x800, "SHM_HUGETLB"), (0x1000, "SHM_NORESERVE"),
];

#[rustfmt::skip]
pub(super) const SHMAT: &[(i64, &str)] = &[
    (0x1000, "SHM_RDONLY"), (0x2000, "SHM_RND"), (0x4000, "SHM_REMAP"), (0x8000, "SHM_EXEC"),
];

#[rustfmt::skip]
pub(super) const SEMOP: &[(i64, &str)] = &[
    (0x800, "IPC_NOWAIT"), (0x1000, "SEM_UNDO"),
];

#[rustfmt::skip]
pub(super) const SEMCTL: &[(i64, &str)] = &[
    (0, "IPC_RMID"), (1, "IPC_SET"), (2, "IPC_STAT"), (3, "IPC_INFO"), (11, "GETPID"), (12, "GETVAL"), (13, "GETALL"),
    (14, "GETNCNT"), (15, "GETZCNT"), (16, "SETVAL"), (17, "SETALL"), (18, "SEM_STAT"), (19, "SEM_INFO"),
    (20, "SEM_STAT_ANY"),
];

#[rustfmt::skip]
pub(super) const SHMCTL: &[(i64, &str)] = &[
    (0, "IPC_RMID"), (1, "IPC_SET"), (2, "IPC_STAT"), (3, "IPC_INFO"), (11, "SHM_LOCK"), (12, "SHM_UNLOCK"),
    (13, "SHM_STAT"), (14, "SHM_INFO"), (15, "SHM_STAT_ANY"),
];

#[rustfmt::skip]
pub(super) const MSGCTL: &[(i64, &str)] = &[
    (0, "IPC_RMID"), (1, "IPC_SET"), (2, "IPC_STAT"), (3, "IPC_INFO"), (11, "MSG_STAT"), (12, "MSG_INFO"),
    (13, "MSG_STAT_ANY"),
];

#[rustfmt::skip]
pub(super) const CALL: &[(i64, &str)] = &[
    (1, "SEMOP"), (2, "SEMGET"), (3, "SEMCTL"), (4, "SEMTIMEDOP"), (11, "MSGSND"), (12, "MSGRCV"), (13, "MSGGET"),
    (14, "MSGCTL"), (21, "SHMAT"), (22, "SHMDT"), (23, "SHMGET"), (24, "SHMCTL"),
];
