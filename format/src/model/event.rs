//! One event as it is written: a row of a segment.

/// Which side of a system call an event is. Native events are exits; enter records exist only where the exit cannot
/// know (execve, execveat) and in imported captures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// `>`: the call was entered.
    Enter,
    /// `<`: the call returned, or the event has no duration.
    Exit,
}

impl Direction {
    /// The character of `evt.dir`.
    pub fn as_char(self) -> char {
        match self {
            Direction::Enter => '>',
            Direction::Exit => '<',
        }
    }
}

/// What is true of one row beside its columns. One byte on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EventFlags(pub u8);

impl EventFlags {
    /// An enter record (`evt.dir` is `>`).
    pub const ENTER: u8 = 1;
    /// The row has a result (`evt.res`, `evt.rawres`).
    pub const HAS_RESULT: u8 = 2;
    /// A 32-bit system call: numbers and names are those of the compat table.
    pub const COMPAT: u8 = 4;
    /// Some captured bytes of this row (string or payload) were cut at a limit.
    pub const TRUNCATED: u8 = 8;
    /// Memory behind a pointer of this call could not be read; the value is missing.
    pub const FAULTED: u8 = 16;
    /// Memory that the call was given was another when it returned: somebody changed it meanwhile. The row has what it was
    /// when the call began.
    pub const CHANGED: u8 = 32;
    /// Memory that the call was given could not be read when it began; the row has what was there when it returned.
    pub const UNVERIFIED: u8 = 64;
    /// Something in the arguments was replaced before it was written; the header says by what rule.
    pub const REDACTED: u8 = 128;

    /// Whether all bits of `mask` are set.
    pub fn has(self, mask: u8) -> bool {
        self.0 & mask == mask
    }

    /// The direction that the flags say.
    pub fn direction(self) -> Direction {
        if self.has(Self::ENTER) {
            Direction::Enter
        } else {
            Direction::Exit
        }
    }
}

/// The value of one parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// Not known: shown as `<NA>`, and every comparison with it is false.
    Missing,
    /// An integer; what it means is said by the parameter's type. Unsigned 64-bit values keep their bits.
    Int(i64),
    /// Bytes as captured: paths, strings, payload, addresses. Hostile; never printed raw.
    Bytes(&'a [u8]),
}

/// One event, borrowed from whoever produced it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Event<'a> {
    /// Nanoseconds since the Unix epoch.
    pub time: u64,
    /// Index into the kinds known to the [`crate::segment::SegmentBuilder`].
    pub kind: u16,
    /// CPU that the event happened on.
    pub cpu: u16,
    /// Flags, see [`EventFlags`].
    pub flags: EventFlags,
    /// Nanoseconds from entry to exit of the call; 0: not measured.
    pub duration: u64,
    /// Result of the call, negative errno on failure; 0 where the kind has none.
    pub result: i64,
    /// [`crate::model::Thread::id`] of the thread version that did it.
    pub thread: u64,
    /// [`crate::model::Descriptor::id`] of the descriptor it used or made; 0: none.
    pub descriptor: u64,
    /// Parameters in the order of [`crate::model::Kind::params`].
    pub args: &'a [Value<'a>],
}
