//! Losses: every gap is a record in the trace.

use bincode::{Decode, Encode};

/// Why events or parts of the state are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
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
}

impl LossCause {
    /// Name in output.
    pub fn name(self) -> &'static str {
        match self {
            LossCause::RingFull => "ring full",
            LossCause::RingBusy => "ring busy",
            LossCause::ScopeFull => "scope table full",
            LossCause::Decode => "undecodable record",
            LossCause::Write => "write failed",
        }
    }
}

/// A gap: `events` events of `cpu` between `from` and `to` are not in the trace.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
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
