//! Losses: every gap is a record in the trace.

use crate::meta::{codes, record};

/// Why events or parts of the state are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LossCause {
    /// The CPU's ring was full: the recorder did not keep up.
    RingFull,
    /// A program met its own CPU's ring while another one was writing to it.
    RingBusy,
    /// The kernel's table of what is in scope was full.
    ScopeFull,
    /// A record could not be decoded.
    Decode,
    /// A segment could not be written.
    Write,
    /// A part of the file was damaged, and this one was recovered from it.
    Damage,
    /// Bytes were cut at a limit (payload, arguments, a path): the event is there, not all of it.
    Truncated,
    /// Memory of the caller could not be read: the event is there without it.
    Unreadable,
    /// One that this program does not know: the trace is newer.
    #[default]
    Other,
}
codes!(LossCause { RingFull = 0, RingBusy = 1, ScopeFull = 2, Decode = 3, Write = 4, Damage = 5, Other = 6, Truncated = 7, Unreadable = 8 } else |_| LossCause::Other);

impl LossCause {
    /// Name in output.
    pub fn name(self) -> &'static str {
        match self {
            LossCause::RingFull => "ring full",
            LossCause::RingBusy => "ring busy",
            LossCause::ScopeFull => "scope table full",
            LossCause::Decode => "undecodable record",
            LossCause::Write => "write failed",
            LossCause::Damage => "lost by damage to the file",
            LossCause::Truncated => "cut at a limit",
            LossCause::Unreadable => "memory not readable",
            LossCause::Other => "other",
        }
    }
}

/// A gap: `events` events of `cpu` between `from` and `to` are not in the trace, or not whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Loss {
    /// Why.
    pub cause: LossCause,
    /// CPU, where one can be named.
    pub cpu: Option<u16>,
    /// How many events.
    pub events: u64,
    /// Bounds of the gap, nanoseconds since the Unix epoch.
    pub from: u64,
    /// See `from`.
    pub to: u64,
}
record!(Loss {
    cause,
    cpu,
    events,
    from,
    to
});
