//! The blocks of a capture: as in pcapng a type, the whole length, a body padded to four bytes, and the length again.

use crate::source::Source;
use std::io::{self, Read};

/// What a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockType {
    /// Beginning of a section.
    Section,
    /// The machine.
    Machine,
    /// Processes, in this version of the list.
    Processes(u8),
    /// Descriptors of a process; entries of version 2 say how long they are.
    Descriptors(u8),
    /// Network interfaces.
    Interfaces(u8),
    /// Users and groups.
    Users(u8),
    /// An event.
    Event(EventShape),
    /// Something else, which is skipped.
    Other(u32),
}

/// How an event stands in its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventShape {
    /// Four bytes of flags stand before it.
    pub flags: bool,
    /// Its header has the number of its parameters.
    pub counted: bool,
    /// Lengths of its parameters have four bytes.
    pub large: bool,
}

/// Type of the first block of a section.
pub(crate) const SECTION: u32 = 0x0A0D_0D0A;

impl BlockType {
    /// What the number of a block's type means. Numbers from 0x8000ABCD on stood there before the format was published.
    pub fn of(code: u32) -> BlockType {
        use BlockType as B;
        let event = |flags, counted, large| B::Event(EventShape { flags, counted, large });
        match code {
            SECTION => B::Section,
            0x201 | 0x8002_ABCD => B::Machine,
            0x202 | 0x8000_ABCD => B::Processes(1),
            0x207 | 0x8013_ABCD => B::Processes(2),
            0x209 | 0x8014_ABCD => B::Processes(3),
            0x210..=0x215 => B::Processes((code - 0x210) as u8 + 4),
            0x203 | 0x8001_ABCD => B::Descriptors(1),
            0x218 => B::Descriptors(2),
            0x205 | 0x8011_ABCD => B::Interfaces(1),
            0x219 => B::Interfaces(2),
            0x206 | 0x8012_ABCD => B::Users(1),
            0x220 => B::Users(2),
            0x204 | 0x8010_ABCD => event(false, false, false),
            0x208 => event(true, false, false),
            0x216 => event(false, true, false),
            0x217 => event(true, true, false),
            0x221 => event(false, true, true),
            0x222 => event(true, true, true),
            other => B::Other(other),
        }
    }
}

/// The header of a block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    pub(crate) ty: BlockType,
    /// Where it begins.
    pub(crate) offset: u64,
    /// Bytes of the body with its padding.
    pub(crate) body: u64,
}

/// Why a block could not be read.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The input failed, or what is compressed is damaged.
    Io(io::Error),
    /// The capture says something that cannot be.
    What(String),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Broken {
        Broken::Io(error)
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Broken::Io(error) => write!(f, "it cannot be read or decompressed: {error}"),
            Broken::What(what) => f.write_str(what),
        }
    }
}

pub(crate) fn broken<T>(what: impl Into<String>) -> Result<T, Broken> {
    Err(Broken::What(what.into()))
}

impl Block {
    /// The next block; nothing at the end of the capture.
    pub(crate) fn next<R: Read>(source: &mut Source<R>) -> Result<Option<Block>, Broken> {
        let offset = source.offset();
        let mut header = [0; 8];
        match source.fill(&mut header)? {
            0 => return Ok(None),
            8 => {}
            read => return broken(format!("it ends {read} bytes into the header of a block")),
        }
        let [t0, t1, t2, t3, l0, l1, l2, l3] = header;
        let code = u32::from_le_bytes([t0, t1, t2, t3]);
        let length = u32::from_le_bytes([l0, l1, l2, l3]);
        if length < 12 {
            return broken(format!(
                "a block of type {code:#x} says it has {length} bytes, less than its header"
            ));
        }
        let body = u64::from(length - 12);
        Ok(Some(Block {
            ty: BlockType::of(code),
            offset,
            body,
        }))
    }

    /// Reads what is left of the block: the rest of its body, and the length at its end.
    pub(crate) fn finish<R: Read>(&self, source: &mut Source<R>) -> Result<(), Broken> {
        let left = (self.offset + 8 + self.body).saturating_sub(source.offset());
        let mut again = [0; 4];
        if source.skip(left)? < left || source.fill(&mut again)? < again.len() {
            return broken(format!("a block that begins at byte {} is cut off", self.offset));
        }
        let (length, again) = (self.body + 12, u64::from(u32::from_le_bytes(again)));
        if length != again {
            return broken(format!(
                "a block says {length} bytes at its beginning and {again} at its end"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_versions_have_their_numbers() {
        let lists: Vec<BlockType> = [0x202, 0x207, 0x209, 0x210, 0x211, 0x212, 0x213, 0x214, 0x215]
            .into_iter()
            .map(BlockType::of)
            .collect();
        let expected: Vec<BlockType> = (1..=9).map(BlockType::Processes).collect();
        assert_eq!(lists, expected);
        assert_eq!(BlockType::of(0x12), BlockType::Other(0x12));
    }

    #[test]
    fn lengths_that_cannot_be_are_refused() {
        let mut source = Source::new(&[4, 2, 0, 0, 11, 0, 0, 0][..]).unwrap();
        assert!(Block::next(&mut source).unwrap_err().to_string().contains("11 bytes"));
        let mut source = Source::new(&[4, 2, 0, 0, 11][..]).unwrap();
        assert!(Block::next(&mut source).unwrap_err().to_string().contains("5 bytes"));
    }
}
