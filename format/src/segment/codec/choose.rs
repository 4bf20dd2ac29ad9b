//! Which codec a long column gets: the smaller one, found by trying both now and then and remembered in between.

use super::super::column::Column;
use super::super::frame::FrameWriter;
use super::{CONSTANT, PCO, long, pco};
use hashbrown::HashMap;

/// After so many segments both are tried again.
const REMEMBER: u8 = 16;

/// What was chosen for each column, and for how many more segments.
#[derive(Default)]
pub(crate) struct Memory(HashMap<Column, (bool, u8)>);

/// A column ready to be stored as a frame of its own.
pub(crate) struct Packed {
    pub(crate) codec: u8,
    /// Bytes of the column.
    pub(crate) raw: usize,
    /// Bytes as stored; equal to `raw` in length where they are not compressed.
    pub(crate) stored: Vec<u8>,
}

impl Memory {
    /// Encodes a long column. `name` is what the choice is remembered by.
    pub(crate) fn encode(
        &mut self,
        name: Column,
        values: &[i64],
        frames: &mut FrameWriter,
        scratch: &mut Vec<u8>,
    ) -> Packed {
        let known = self.0.get_mut(&name).and_then(|(pco, left)| {
            *left = left.checked_sub(1)?;
            Some(*pco)
        });
        let packed = (known != Some(false)).then(|| pco(values)).flatten();
        if let (Some(packed), Some(true)) = (&packed, known) {
            return Packed {
                codec: PCO,
                raw: packed.len(),
                stored: packed.clone(),
            };
        }
        scratch.clear();
        let codec = long(values, scratch);
        let stored = frames.compress(scratch);
        let planes = Packed {
            codec,
            raw: scratch.len(),
            stored,
        };
        match packed {
            Some(packed) if codec != CONSTANT => {
                let better = packed.len() < planes.stored.len();
                self.0.insert(name, (better, REMEMBER));
                if better {
                    Packed {
                        codec: PCO,
                        raw: packed.len(),
                        stored: packed,
                    }
                } else {
                    planes
                }
            }
            _ => planes,
        }
    }
}
