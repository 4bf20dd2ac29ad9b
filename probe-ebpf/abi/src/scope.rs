//! Which threads are recorded. The kernel program decides by tables: cgroups by id, processes by tgid, users by id. The
//! conditions that are set must all hold.

/// Bits of the program's `SCOPE` global, set by the loader. Without any, everything but the recorder is in scope.
pub mod condition {
    /// The thread's cgroup is in the table.
    pub const CGROUP: u32 = 1;
    /// The process is in the table.
    pub const PROCESS: u32 = 2;
    /// The real or the effective user of the thread is in the table.
    pub const USER: u32 = 4;
    /// Some calls are recorded only where they fail, see [`crate::recorded`].
    pub const FAILED: u32 = 8;
}

/// Values of the tables.
pub mod member {
    /// In scope. Children of such a process join it.
    pub const ACTIVE: u32 = 1;
    /// A process that is in scope from its next execve on (the command that the recorder starts).
    pub const AT_EXEC: u32 = 2;
    /// In scope without its children, and still when the id belongs to another process.
    pub const ALONE: u32 = 3;
}

/// Places of a table that tells without a hash that an id is in no table: whatever was ever added has set the place of
/// its low part.
pub const HINTS: u32 = 1 << 13;

/// The place of an id.
pub const fn hint(id: u64) -> u32 {
    id as u32 & (HINTS - 1)
}
