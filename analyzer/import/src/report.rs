//! What an import found.

use crate::blocks::BlockType;
use crate::error::Damage;

/// How far an import has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the file that were read.
    pub bytes: u64,
    /// Events so far.
    pub events: u64,
}

/// What was in a capture.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Rows of the trace: events of the capture.
    pub events: u64,
    /// How many blocks of each type there were.
    pub blocks: Vec<(BlockType, u64)>,
    /// Bytes of the file.
    pub bytes: u64,
    /// BLAKE3 of the file; zeros: it could not be read to its end.
    pub hash: [u8; 32],
    /// Whether it is compressed.
    pub is_gzip: bool,
    /// Places where something could not be read; the first ones.
    pub damage: Vec<Damage>,
    /// Events of codes that are newer than this program.
    pub unknown: u64,
    /// Threads, descriptors, containers and users that were more than is kept.
    pub left_out: u64,
}

/// Places of damage that are kept.
const MAX_DAMAGE: usize = 16;

impl Report {
    /// Whether everything could be read.
    pub fn is_complete(&self) -> bool {
        self.damage.is_empty()
    }

    pub(crate) fn damaged(&mut self, offset: u64, what: impl ToString, is_end: bool) {
        if self.damage.len() < MAX_DAMAGE || is_end {
            self.damage.push(Damage {
                offset,
                what: what.to_string(),
                is_end,
            });
        }
    }

    pub(crate) fn count(&mut self, ty: BlockType) {
        if let Some((_, count)) = self.blocks.iter_mut().find(|(known, _)| *known == ty) {
            *count += 1;
        } else if self.blocks.len() < 64 {
            // A crafted file could name any number.
            self.blocks.push((ty, 1));
        }
    }
}

/// The short name of a type of block, as in `EVv2`.
pub fn block_name(ty: BlockType) -> String {
    let versioned = |name: &str, version: u8| {
        if version > 1 {
            format!("{name}v{version}")
        } else {
            name.to_owned()
        }
    };
    match ty {
        BlockType::Section => "SHB".to_owned(),
        BlockType::Machine => "MI".to_owned(),
        BlockType::Processes(version) => format!("PLv{version}"),
        BlockType::Descriptors(version) => versioned("FDL", version),
        BlockType::Interfaces(version) => versioned("IL", version),
        BlockType::Users(version) => versioned("UL", version),
        BlockType::Event(shape) => format!(
            "{}{}{}",
            if shape.flags { "EVF" } else { "EV" },
            if shape.counted { "v2" } else { "" },
            if shape.large { "L" } else { "" }
        ),
        BlockType::Other(code) => format!("{code:#x}"),
    }
}
