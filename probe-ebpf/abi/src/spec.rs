//! What is taken from a system call: an entry of the table that the loader fills and the program follows.

use core::mem::size_of;

/// Extracts per call.
pub const MAX_EXTRACTS: usize = 3;

/// How one system call is recorded.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spec {
    /// See [`recorded`].
    pub recorded: u8,
    /// Register arguments to keep, 0 to 6.
    pub args: u8,
    /// Which of the kernel's files the call left behind, see [`file`]. Not an extract: the verifier would follow the walk
    /// anew for all that can have been extracted before.
    pub file: u8,
    /// Bits of [`mark`].
    pub marks: u8,
    /// What is read beside the registers; see [`extract`] for how they are packed.
    pub extracts: [u32; MAX_EXTRACTS],
}

const _: () = assert!(size_of::<Spec>() == 16);

/// Values of [`Spec::recorded`].
pub mod recorded {
    /// Never.
    pub const NO: u8 = 0;
    /// Always.
    pub const YES: u8 = 1;
    /// Where it fails.
    pub const FAILED: u8 = 2;
}

/// Values of [`Spec::file`]. From [`file::DIRECTORY`] on each file has a record of its own.
pub mod file {
    /// None.
    pub const NONE: u32 = 0;
    /// The one behind the descriptor that the call returns.
    pub const RESULT: u32 = 1;
    /// The directory that the task is in after the call.
    pub const DIRECTORY: u32 = 2;
    /// Those behind two descriptors at argument 0.
    pub const PAIR_AT_0: u32 = 3;
    /// Those behind two descriptors at argument 3.
    pub const PAIR_AT_3: u32 = 4;
    /// Those behind the descriptors that came with the msghdr at argument 1.
    pub const MESSAGE: u32 = 5;
    /// The same for as many mmsghdr as the call returns.
    pub const MESSAGES: u32 = 6;
}

/// Bits of [`Spec::marks`].
pub mod mark {
    /// Recorded also where the user is not in scope (any more), with [`crate::flags::OUTSIDE`].
    pub const LEAVING: u8 = 1;
    /// May use the part of the rings that is kept for what matters most.
    pub const IMPORTANT: u8 = 2;
}

/// Extracts: `op | pointer argument << 8 | second argument << 16`.
pub mod extract {
    /// Nothing; ends the list.
    pub const NONE: u32 = 0;
    /// A NUL-terminated string at the pointer argument.
    pub const STRING: u32 = 1;
    /// As many bytes as the result says, at the pointer argument.
    pub const BUFFER: u32 = 2;
    /// The bytes of an iovec array at the pointer argument, as many as the result says; the second argument is its
    /// length.
    pub const IOVEC: u32 = 3;
    /// A sockaddr at the pointer argument whose length is the second argument.
    pub const SOCKADDR: u32 = 4;
    /// A sockaddr at the pointer argument; the second argument points to its length.
    pub const SOCKADDR_OUT: u32 = 5;
    /// A msghdr at the pointer argument: its address and its bytes.
    pub const MSGHDR: u32 = 6;
    /// As many bytes as the second field says (not an argument number), at the pointer argument.
    pub const STRUCT: u32 = 7;
    /// The kernel's socket behind the descriptor in the pointer argument.
    pub const SOCKET_OF_ARG: u32 = 8;
    /// The kernel's socket behind the descriptor that the call returned.
    pub const SOCKET_OF_RESULT: u32 = 9;

    /// The task's effective `uid << 32 | gid`, as the kernel has them.
    pub const CREDENTIALS: u32 = 10;

    /// The first mmsghdr of the array at the pointer argument, as [`MSGHDR`]; the result counts messages.
    pub const MMSGHDR: u32 = 11;

    /// The addresses of the Unix socket behind the descriptor in the pointer argument.
    pub const UNIX_OF_ARG: u32 = 33;
    /// The addresses of the Unix socket behind the descriptor that the call returned.
    pub const UNIX_OF_RESULT: u32 = 34;
    /// As many bytes as the result says, at the pointer argument: a path, whatever the limit of payload.
    pub const TEXT_OUT: u32 = 48;
    /// Bytes at the pointer argument that the caller hands in; the second argument is their number.
    pub const BYTES_IN: u32 = 49;
    /// An array at the pointer argument. Of the second field the lower byte is the argument with the number of elements,
    /// the upper one the size of an element in bytes.
    pub const ARRAY: u32 = 50;

    /// Packs an extract.
    pub const fn pack(op: u32, pointer: u32, second: u32) -> u32 {
        op | pointer << 8 | second << 16
    }
}
