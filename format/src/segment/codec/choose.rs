//! Which codec a long column gets: pco where it is notably smaller than planes, found by trying both now and then and
//! remembered in between.

use super::super::bases;
use super::super::column::Column;
use super::super::frame::{self, FrameInfo, FrameWriter};
use super::{PCO, long, pco};
use hashbrown::HashMap;

/// After so many segments both are tried again.
const REMEMBER: u8 = 64;

/// Values that are tried.
const SAMPLE: usize = 4096;

/// pco must save a byte in so many values: it takes several times as long, both ways.
const WORTH: usize = 16;

/// What was chosen for each column, and for how many more segments.
#[derive(Default)]
pub(crate) struct Memory(HashMap<(Column, Question), (bool, u8)>);

/// What is asked of a column.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Question {
    Pco,
    Bases,
}

impl Memory {
    /// Appends a long column to `out` as a frame of its own; returns its codec and the frame. `name` is what the choice
    /// is remembered by.
    pub(crate) fn encode(
        &mut self,
        name: Column,
        values: &[i64],
        frames: &mut FrameWriter,
        scratch: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> (u8, FrameInfo) {
        if self.choose(name, values, frames, scratch)
            && let Some(packed) = pco::encode(values)
        {
            // There is nothing left for zstd in it.
            return (PCO, frame::append(&packed, packed.len(), out));
        }
        scratch.clear();
        let codec = long(values, scratch);
        (codec, frames.write(scratch, out))
    }

    /// Whether pco is worth it, tried on a part of the column where it is not known.
    fn choose(&mut self, name: Column, values: &[i64], frames: &mut FrameWriter, scratch: &mut Vec<u8>) -> bool {
        self.remembered((name, Question::Pco), || {
            let (planes, packed) = sizes(sample(values), frames, scratch);
            packed.is_some_and(|packed| packed + sample(values).len() / WORTH < planes)
        })
    }

    /// Whether a column of addresses is smaller as distances from bases than as it is.
    pub(crate) fn prefers_bases(
        &mut self,
        name: Column,
        (numbers, distances): (&[i64], &[i64]),
        values: &[i64],
        frames: &mut FrameWriter,
        scratch: &mut Vec<u8>,
    ) -> bool {
        self.remembered((name, Question::Bases), || {
            let (planes, packed) = sizes(sample(values), frames, scratch);
            scratch.clear();
            bases::encode(sample(numbers), sample(distances), scratch);
            frames.compress(scratch).len() < packed.map_or(planes, |packed| packed.min(planes))
        })
    }

    fn remembered(&mut self, key: (Column, Question), trial: impl FnOnce() -> bool) -> bool {
        if let Some((answer, left)) = self.0.get_mut(&key)
            && *left > 0
        {
            *left -= 1;
            return *answer;
        }
        let answer = trial();
        self.0.insert(key, (answer, REMEMBER));
        answer
    }
}

/// The middle of a column.
fn sample(values: &[i64]) -> &[i64] {
    let start = values.len().saturating_sub(SAMPLE) / 2;
    &values[start..values.len().min(start + SAMPLE)]
}

/// Bytes of values as compressed planes and in pco.
fn sizes(values: &[i64], frames: &mut FrameWriter, scratch: &mut Vec<u8>) -> (usize, Option<usize>) {
    scratch.clear();
    long(values, scratch);
    let packed = pco::encode(values).map(|packed| packed.len());
    (frames.compress(scratch).len(), packed)
}
