//! Files, mounts, extended attributes.

#[rustfmt::skip]
pub(super) const RENAME: &[(i64, &str)] = &[
    (1, "RENAME_NOREPLACE"), (2, "RENAME_EXCHANGE"), (4, "RENAME_WHITEOUT"),
];

#[rustfmt::skip]
pub(super) const UMOUNT: &[(i64, &str)] = &[
    (1, "MNT_FORCE"), (2, "MNT_DETACH"), (4, "MNT_EXPIRE"), (8, "UMOUNT_NOFOLLOW"),
];

#[rustfmt::skip]
pub(super) const ACCESS: &[(i64, &str)] = &[
    (1, "X_OK"), (2, "W_OK"), (4, "R_OK"),
];

#[rustfmt::skip]
pub(super) const ACCESS_AT: &[(i64, &str)] = &[
    (0x100, "AT_SYMLINK_NOFOLLOW"), (0x200, "AT_EACCESS"), (0x1000, "AT_EMPTY_PATH"),
];

#[rustfmt::skip]
pub(super) const XATTR: &[(i64, &str)] = &[
    (1, "XATTR_CREATE"), (2, "XATTR_REPLACE"),
];

#[rustfmt::skip]
pub(super) const FALLOCATE: &[(i64, &str)] = &[
    (1, "FALLOC_FL_KEEP_SIZE"), (2, "FALLOC_FL_PUNCH_HOLE"), (4, "FALLOC_FL_NO_HIDE_STALE"),
    (8, "FALLOC_FL_COLLAPSE_RANGE"), (0x10, "FALLOC_FL_ZERO_RANGE"), (0x20, "FALLOC_FL_INSERT_RANGE"),
    (0x40, "FALLOC_FL_UNSHARE_RANGE"), (0x80, "FALLOC_FL_WRITE_ZEROES"),
];

#[rustfmt::skip]
pub(super) const SPLICE: &[(i64, &str)] = &[
    (1, "SPLICE_F_MOVE"), (2, "SPLICE_F_NONBLOCK"), (4, "SPLICE_F_MORE"), (8, "SPLICE_F_GIFT"),
];

#[rustfmt::skip]
pub(super) const INOTIFY: &[(i64, &str)] = &[
    (1, "IN_ACCESS"), (2, "IN_MODIFY"), (4, "IN_ATTRIB"), (8, "IN_CLOSE_WRITE"), (0x10, "IN_CLOSE_NOWRITE"),
    (0x20, "IN_OPEN"), (0x40, "IN_MOVED_FROM"), (0x80, "IN_MOVED_TO"), (0x100, "IN_CREATE"), (0x200, "IN_DELETE"),
    (0x400, "IN_DELETE_SELF"), (0x800, "IN_MOVE_SELF"), (0x2000, "IN_UNMOUNT"), (0x4000, "IN_Q_OVERFLOW"),
    (0x8000, "IN_IGNORED"), (0x1000000, "IN_ONLYDIR"), (0x2000000, "IN_DONT_FOLLOW"), (0x4000000, "IN_EXCL_UNLINK"),
    (0x10000000, "IN_MASK_CREATE"), (0x20000000, "IN_MASK_ADD"), (0x40000000, "IN_ISDIR"), (0x80000000, "IN_ONESHOT"),
];

#[rustfmt::skip]
pub(super) const FANOTIFY_INIT: &[(i64, &str)] = &[
    (1, "FAN_CLOEXEC"), (2, "FAN_NONBLOCK"), (4, "FAN_CLASS_CONTENT"), (8, "FAN_CLASS_PRE_CONTENT"),
    (0x10, "FAN_UNLIMITED_QUEUE"), (0x20, "FAN_UNLIMITED_MARKS"), (0x40, "FAN_ENABLE_AUDIT"),
    (0x80, "FAN_REPORT_PIDFD"), (0x100, "FAN_REPORT_TID"), (0x200, "FAN_REPORT_FID"), (0x400, "FAN_REPORT_DIR_FID"),
    (0x800, "FAN_REPORT_NAME"), (0x1000, "FAN_REPORT_TARGET_FID"), (0x2000, "FAN_REPORT_FD_ERROR"),
    (0x4000, "FAN_REPORT_MNT"),
];

#[rustfmt::skip]
pub(super) const FANOTIFY_MARK: &[(i64, &str)] = &[
    (1, "FAN_MARK_ADD"), (2, "FAN_MARK_REMOVE"), (4, "FAN_MARK_DONT_FOLLOW"), (8, "FAN_MARK_ONLYDIR"),
    (0x10, "FAN_MARK_MOUNT"), (0x20, "FAN_MARK_IGNORED_MASK"), (0x40, "FAN_MARK_IGNORED_SURV_MODIFY"),
    (0x80, "FAN_MARK_FLUSH"), (0x100, "FAN_MARK_FILESYSTEM"), (0x200, "FAN_MARK_EVICTABLE"), (0x400, "FAN_MARK_IGNORE"),
];

#[rustfmt::skip]
pub(super) const FANOTIFY_MASK: &[(i64, &str)] = &[
    (1, "FAN_ACCESS"), (2, "FAN_MODIFY"), (4, "FAN_ATTRIB"), (8, "FAN_CLOSE_WRITE"), (0x10, "FAN_CLOSE_NOWRITE"),
    (0x20, "FAN_OPEN"), (0x40, "FAN_MOVED_FROM"), (0x80, "FAN_MOVED_TO"), (0x100, "FAN_CREATE"), (0x200, "FAN_DELETE"),
    (0x400, "FAN_DELETE_SELF"), (0x800, "FAN_MOVE_SELF"), (0x1000, "FAN_OPEN_EXEC"), (0x4000, "FAN_Q_OVERFLOW"),
    (0x8000, "FAN_FS_ERROR"), (0x10000, "FAN_OPEN_PERM"), (0x20000, "FAN_ACCESS_PERM"), (0x40000, "FAN_OPEN_EXEC_PERM"),
    (0x100000, "FAN_PRE_ACCESS"), (0x1000000, "FAN_MNT_ATTACH"), (0x2000000, "FAN_MNT_DETACH"),
    (0x8000000, "FAN_EVENT_ON_CHILD"), (0x10000000, "FAN_RENAME"), (0x40000000, "FAN_ONDIR"),
];

#[rustfmt::skip]
pub(super) const RESOLVE: &[(i64, &str)] = &[
    (1, "RESOLVE_NO_XDEV"), (2, "RESOLVE_NO_MAGICLINKS"), (4, "RESOLVE_NO_SYMLINKS"), (8, "RESOLVE_BENEATH"),
    (0x10, "RESOLVE_IN_ROOT"), (0x20, "RESOLVE_CACHED"),
];

#[rustfmt::skip]
pub(super) const FLOCK: &[(i64, &str)] = &[
    (1, "LOCK_SH"), (2, "LOCK_EX"), (4, "LOCK_NB"), (8, "LOCK_UN"), (0x20, "LOCK_MAND"),
];

#[rustfmt::skip]
pub(super) const WHENCE: &[(i64, &str)] = &[
    (0, "SEEK_SET"), (1, "SEEK_CUR"), (2, "SEEK_END"), (3, "SEEK_DATA"), (4, "SEEK_HOLE"),
];

#[rustfmt::skip]
pub(super) const STATX_MASK: &[(i64, &str)] = &[
    (0x7ff, "STATX_BASIC_STATS"), (1, "STATX_TYPE"), (2, "STATX_MODE"), (4, "STATX_NLINK"), (8, "STATX_UID"),
    (0x10, "STATX_GID"), (0x20, "STATX_ATIME"), (0x40, "STATX_MTIME"), (0x80, "STATX_CTIME"), (0x100, "STATX_INO"),
    (0x200, "STATX_SIZE"), (0x400, "STATX_BLOCKS"), (0x800, "STATX_BTIME"), (0x1000, "STATX_MNT_ID"),
    (0x2000, "STATX_DIOALIGN"), (0x4000, "STATX_MNT_ID_UNIQUE"), (0x8000, "STATX_SUBVOL"),
    (0x10000, "STATX_WRITE_ATOMIC"), (0x20000, "STATX_DIO_READ_ALIGN"),
];

#[rustfmt::skip]
pub(super) const OPEN_TREE: &[(i64, &str)] = &[
    (1, "OPEN_TREE_CLONE"), (0x100, "AT_SYMLINK_NOFOLLOW"), (0x800, "AT_NO_AUTOMOUNT"), (0x1000, "AT_EMPTY_PATH"),
    (0x8000, "AT_RECURSIVE"), (0x80000, "OPEN_TREE_CLOEXEC"),
];

#[rustfmt::skip]
pub(super) const MOVE_MOUNT: &[(i64, &str)] = &[
    (1, "MOVE_MOUNT_F_SYMLINKS"), (2, "MOVE_MOUNT_F_AUTOMOUNTS"), (4, "MOVE_MOUNT_F_EMPTY_PATH"),
    (0x10, "MOVE_MOUNT_T_SYMLINKS"), (0x20, "MOVE_MOUNT_T_AUTOMOUNTS"), (0x40, "MOVE_MOUNT_T_EMPTY_PATH"),
    (0x100, "MOVE_MOUNT_SET_GROUP"), (0x200, "MOVE_MOUNT_BENEATH"),
];

#[rustfmt::skip]
pub(super) const FSOPEN: &[(i64, &str)] = &[
    (1, "FSOPEN_CLOEXEC"),
];

#[rustfmt::skip]
pub(super) const FSMOUNT: &[(i64, &str)] = &[
    (1, "FSMOUNT_CLOEXEC"),
];

#[rustfmt::skip]
pub(super) const FSPICK: &[(i64, &str)] = &[
    (1, "FSPICK_CLOEXEC"), (2, "FSPICK_SYMLINK_NOFOLLOW"), (4, "FSPICK_NO_AUTOMOUNT"), (8, "FSPICK_EMPTY_PATH"),
];

#[rustfmt::skip]
pub(super) const FSCONFIG: &[(i64, &str)] = &[
    (0, "FSCONFIG_SET_FLAG"), (1, "FSCONFIG_SET_STRING"), (2, "FSCONFIG_SET_BINARY"), (3, "FSCONFIG_SET_PATH"),
    (4, "FSCONFIG_SET_PATH_EMPTY"), (5, "FSCONFIG_SET_FD"), (6, "FSCONFIG_CMD_CREATE"), (7, "FSCONFIG_CMD_RECONFIGURE"),
    (8, "FSCONFIG_CMD_CREATE_EXCL"),
];

#[rustfmt::skip]
pub(super) const MOUNT_ATTRIBUTES: &[(i64, &str)] = &[
    (0x70, "MOUNT_ATTR__ATIME"), (1, "MOUNT_ATTR_RDONLY"), (2, "MOUNT_ATTR_NOSUID"), (4, "MOUNT_ATTR_NODEV"),
    (8, "MOUNT_ATTR_NOEXEC"), (0x10, "MOUNT_ATTR_NOATIME"), (0x20, "MOUNT_ATTR_STRICTATIME"),
    (0x80, "MOUNT_ATTR_NODIRATIME"), (0x100000, "MOUNT_ATTR_IDMAP"), (0x200000, "MOUNT_ATTR_NOSYMFOLLOW"),
];

#[rustfmt::skip]
pub(super) const SYNC_RANGE: &[(i64, &str)] = &[
    (1, "SYNC_FILE_RANGE_WAIT_BEFORE"), (2, "SYNC_FILE_RANGE_WRITE"), (4, "SYNC_FILE_RANGE_WAIT_AFTER"),
];

#[rustfmt::skip]
pub(super) const FADVISE: &[(i64, &str)] = &[
    (0, "POSIX_FADV_NORMAL"), (1, "POSIX_FADV_RANDOM"), (2, "POSIX_FADV_SEQUENTIAL"), (3, "POSIX_FADV_WILLNEED"),
    (4, "POSIX_FADV_DONTNEED"), (5, "POSIX_FADV_NOREUSE"),
];

#[rustfmt::skip]
pub(super) const QUOTA: &[(i64, &str)] = &[
    (22529, "Q_XQUOTAON"), (22530, "Q_XQUOTAOFF"), (22531, "Q_XGETQUOTA"), (22532, "Q_XSETQLIM"),
    (22533, "Q_XGETQSTAT"), (22534, "Q_XQUOTARM"), (22535, "Q_XQUOTASYNC"), (22536, "Q_XGETQSTATV"),
    (22537, "Q_XGETNEXTQUOTA"), (8388609, "Q_SYNC"), (8388610, "Q_QUOTAON"), (8388611, "Q_QUOTAOFF"),
    (8388612, "Q_GETFMT"), (8388613, "Q_GETINFO"), (8388614, "Q_SETINFO"), (8388615, "Q_GETQUOTA"),
    (8388616, "Q_SETQUOTA"), (8388617, "Q_GETNEXTQUOTA"),
];

#[rustfmt::skip]
pub(super) const RWF: &[(i64, &str)] = &[
    (1, "RWF_HIPRI"), (2, "RWF_DSYNC"), (4, "RWF_SYNC"), (8, "RWF_NOWAIT"), (0x10, "RWF_APPEND"),
    (0x20, "RWF_NOAPPEND"), (0x40, "RWF_ATOMIC"), (0x80, "RWF_DONTCACHE"),
];

#[rustfmt::skip]
pub(super) const CLOSE_RANGE: &[(i64, &str)] = &[
    (2, "CLOSE_RANGE_UNSHARE"), (4, "CLOSE_RANGE_CLOEXEC"),
];
