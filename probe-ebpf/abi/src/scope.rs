//! Which threads are recorded. The kernel program decides by two tables: cgroups by id, processes by tgid.

/// What is in scope; a value of the program's `SCOPE` global.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeMode {
    /// Everything but the recorder.
    All = 0,
    /// Threads whose cgroup is in the table.
    Cgroup = 1,
    /// Processes in the table; their children join it.
    Process = 2,
}

/// Values of the tables.
pub mod member {
    /// In scope.
    pub const ACTIVE: u32 = 1;
    /// A process that is in scope from its next execve on (the command that the recorder starts).
    pub const AT_EXEC: u32 = 2;
}
