//! Kinds of events and their parameters. A segment carries the kinds that it uses, so a reader needs no table of its
//! own and old traces keep their meaning when names change.

use super::param_type::{CONSTANTS, ParamType};
use crate::meta::{codes, put, record, take};

/// What an event is about; the names are those of `evt.category`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Category {
    /// Anything not below.
    #[default]
    Other,
    /// Operations on files by path or open.
    File,
    /// Sockets.
    Net,
    /// Pipes, message queues, shared memory.
    Ipc,
    /// Life and rights of processes.
    Process,
    /// Sleeping and waiting.
    Sleep,
    /// Waiting for several descriptors.
    Wait,
    /// Signals.
    Signal,
    /// Users and groups.
    User,
    /// Clocks.
    Time,
    /// Memory mappings.
    Memory,
    /// Reading from a descriptor.
    IoRead,
    /// Writing to a descriptor.
    IoWrite,
    /// Other operations on a descriptor.
    IoOther,
    /// Scheduling.
    Scheduler,
    /// What the recorder itself says (container life, losses).
    Internal,
    /// The machine as a whole.
    System,
    /// Nothing that happened: what an imported capture says of the state that it begins or goes on with.
    State,
}
codes!(Category { Other = 0, File = 1, Net = 2, Ipc = 3, Process = 4, Sleep = 5, Wait = 6, Signal = 7, User = 8, Time = 9, Memory = 10, IoRead = 11, IoWrite = 12, IoOther = 13, Scheduler = 14, Internal = 15, System = 16, State = 17 } else |_| Category::Other);

impl Category {
    /// The name that `evt.category` shows.
    pub fn name(self) -> &'static str {
        match self {
            Category::Other => "other",
            Category::File => "file",
            Category::Net => "net",
            Category::Ipc => "ipc",
            Category::Process => "process",
            Category::Sleep => "sleep",
            Category::Wait => "wait",
            Category::Signal => "signal",
            Category::User => "user",
            Category::Time => "time",
            Category::Memory => "memory",
            Category::IoRead => "io_read",
            Category::IoWrite => "io_write",
            Category::IoOther => "io_other",
            Category::Scheduler => "processing",
            Category::Internal => "internal",
            Category::System => "system",
            Category::State => "state",
        }
    }
}

/// A named parameter of an event kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Param {
    /// Name as in `evt.arg.NAME`.
    pub name: String,
    /// Type.
    pub ty: ParamType,
}

/// The type is a code that every reader knows; where it stands for names of constants, another code says which.
impl bincode::Encode for Param {
    fn encode<E: bincode::enc::Encoder>(&self, to: &mut E) -> Result<(), bincode::error::EncodeError> {
        let mut body = Vec::new();
        put(&self.name, &mut body)?;
        match self.ty.code().checked_sub(CONSTANTS) {
            None => put(&self.ty, &mut body)?,
            Some(constants) => {
                put(&ParamType::Hex, &mut body)?;
                put(&constants, &mut body)?;
            }
        }
        bincode::Encode::encode(&body, to)
    }
}

impl<C> bincode::Decode<C> for Param {
    fn decode<D: bincode::de::Decoder<Context = C>>(from: &mut D) -> Result<Self, bincode::error::DecodeError> {
        let body: Vec<u8> = bincode::Decode::decode(from)?;
        let mut rest = body.as_slice();
        let (name, ty, constants): (_, u32, u32) = (take(&mut rest)?, take(&mut rest)?, take(&mut rest)?);
        // Other codes of constants than these have been made since: their numbers are shown as such.
        let ty = match constants {
            0 => ParamType::of_code(if ty < CONSTANTS { ty } else { u32::MAX }),
            _ => ParamType::of_code(constants.saturating_add(CONSTANTS)),
        };
        Ok(Param { name, ty })
    }
}
bincode::impl_borrow_decode!(Param);

impl Param {
    /// Whether it is no argument, but the number of the descriptor that the row refers to.
    pub fn is_number_of_descriptor(&self) -> bool {
        self.name.is_empty() && self.ty == ParamType::Fd
    }
}
impl crate::meta::Field for Param {}

/// A kind of event: the name that `evt.type` shows, and what its rows carry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Kind {
    /// `evt.type`: `openat`, `procexit`, …
    pub name: String,
    /// Category.
    pub category: Category,
    /// System call number on the recording architecture, or in its table of 32-bit calls if only such have this name;
    /// `None` for what is not a call.
    pub syscall: Option<u16>,
    /// Parameters in order.
    pub params: Vec<Param>,
}
record!(Kind {
    name,
    category,
    syscall,
    params
});

impl Kind {
    /// Position of the parameter called `name`.
    pub fn param(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|p| p.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::{decode, encode};

    #[test]
    fn names_of_constants_stand_behind_a_type_that_every_reader_knows() {
        let param = |ty| Param { name: "p".into(), ty };
        for (ty, bytes) in [
            (ParamType::Mode, [3, 1, b'p', 9].as_slice()),
            (ParamType::ProtFlags, &[4, 1, b'p', 2, 1]),
            (ParamType::Device, &[4, 1, b'p', 2, 101]),
        ] {
            assert_eq!(encode(&param(ty)), bytes);
            assert_eq!(decode(bytes), Ok(param(ty)));
        }
        // Codes that are not known yet, and one that cannot be.
        for (bytes, ty) in [
            ([4, 1, b'p', 2, 250].as_slice(), ParamType::Hex),
            (&[3, 1, b'p', 63], ParamType::Hex),
            (&[3, 1, b'p', 100], ParamType::Text),
            (&[5, 1, b'p', 251, 1, 1], ParamType::Hex),
        ] {
            assert_eq!(decode(bytes), Ok(param(ty)));
        }
    }
}
