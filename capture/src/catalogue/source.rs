//! Where the values of parameters come from.

/// Where the value of a parameter comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Source {
    /// The call's result.
    Result,
    /// A register argument.
    Arg(u8),
    /// The bytes of the item of an argument, or of an item that belongs to none.
    Item(u8),
    /// An integer of `size` bytes at `offset` in an item's bytes.
    Word(u8, u16, u8),
    /// As [`Source::Word`], but only where the call succeeded: what it left there otherwise is the caller's.
    Out(u8, u16, u8),
    /// Another source, but only where the call succeeded.
    Done(&'static Source),
    /// Another source, but only where the result is more than 0.
    Found(&'static Source),
    /// Two 32-bit words at these offsets in an item's bytes, the lower one first.
    Joined(u8, u16, u16),
    /// The item's bytes up to a NUL.
    Str(u8),
    /// The item's bytes where they are an integer: 1, 2, 4 or 8 of them.
    Whole(u8),
    /// Nanoseconds of a `struct timespec` at an offset in an item's bytes.
    Span(u8, u16),
    /// Nanoseconds of a `struct timeval`.
    SpanMicro(u8, u16),
    /// Nanoseconds of a `time_t`.
    Seconds(u8, u16),
    /// The lower half of a register argument, with a sign.
    Signed(u8),
    /// The lower half of a register argument.
    Low(u8),
    /// Lower and upper half of a 64-bit argument that takes two registers of 32 bits.
    Pair(u8, u8),
    /// As [`Source::Span`] with words of 32 bits, the parts of a second of so many nanoseconds each.
    OldSpan(u8, u16, u16),
    /// As [`Source::Seconds`], 32 bits.
    OldSeconds(u8, u16),
    /// Arguments that are the level and the name of a socket option.
    Option(u8, u8),
    /// The result of bpf, where the command returns a descriptor.
    BpfFd,
    /// As [`Source::Word`], but only where the result is not 0: the child of a clone sees memory that its parent
    /// may have gone on to change.
    WordOfParent(u8, u16, u8),
    /// Address of the other end: the kernel's socket, or where it has none the bytes of an item.
    Peer(u8),
    /// What the thread is after the call: `argv[0]`.
    Exe,
    /// `argv[1..]`.
    Args,
    /// Path of the executed file.
    Exepath,
    /// Current directory.
    Cwd,
    /// Name of the thread.
    Comm,
    /// Thread id.
    Tid,
    /// Process id.
    Pid,
    /// Parent process id.
    Ppid,
}
