//! Why it is not known what a descriptor is.

/// The reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Missing {
    /// The table is known, and this number came into it in a way that is not recorded.
    #[default]
    Unseen,
    /// The process was never looked at.
    Gone,
    /// A call whose effects are not followed.
    NotFollowed,
    /// Too many have the table in common.
    Shared,
    /// An operation of io_uring opened it, and the kernel's file was not recorded.
    Uring,
    /// The number is not one of the process's table.
    RingTable,
}

impl Missing {
    /// The sentence that a trace has.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Missing::Unseen => "nothing that was recorded opened it",
            Missing::Gone => "opened before the recording, and its process could not be looked at",
            Missing::NotFollowed => "its process made a call whose effects are not followed",
            Missing::Shared => "too many processes have their descriptors in common with its process",
            Missing::Uring => "opened by an operation of io_uring whose file was not recorded",
            Missing::RingTable => "of the table of an io_uring, which is not followed",
        }
    }
}
