//! Which codec a long column gets: the smaller one, found by trying both now and then and remembered in between.

use super::super::column::Column;
use super::super::frame::FrameWriter;
use super::{PCO, long, pco};
use hashbrown::HashMap;

/// After so many segments both are tried again.
const REMEMBER: u8 = 16;

/// Values that are tried.
const SAMPLE: usize = 8192;

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
        if self.choose(name, values, frames, scratch)
            && let Some(stored) = pco(values)
        {
            return Packed {
                codec: PCO,
                raw: stored.len(),
                stored,
            };
        }
        scratch.clear();
        let codec = long(values, scratch);
        Packed {
            codec,
            raw: scratch.len(),
            stored: frames.compress(scratch),
        }
    }

    /// Whether pco is smaller, on a part of the column where it is not known.
    fn choose(&mut self, name: Column, values: &[i64], frames: &mut FrameWriter, scratch: &mut Vec<u8>) -> bool {
        if let Some((pco, left)) = self.0.get_mut(&name)
            && *left > 0
        {
            *left -= 1;
            return *pco;
        }
        let middle = values.len().saturating_sub(SAMPLE) / 2;
        let sample = &values[middle..values.len().min(middle + SAMPLE)];
        scratch.clear();
        long(sample, scratch);
        let planes = frames.compress(scratch).len();
        let better = pco(sample).is_some_and(|packed| packed.len() < planes);
        self.0.insert(name, (better, REMEMBER));
        better
    }
}
