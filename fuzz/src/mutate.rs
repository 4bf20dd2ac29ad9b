//! Mutations of one part of a trace.

use crate::file::{Body, File};
use crate::rng::Rng;
use crate::segment::Segment;

/// Changes some bytes, up to some more than there were.
pub(crate) type Bytes<'f> = &'f mut dyn FnMut(&mut Vec<u8>);

/// Numbers at which something changes its size or sign.
const CORNERS: [u64; 10] = [0, 1, 2, 8, 255, 256, 0xffff, 1 << 20, 0xffff_ffff, u64::MAX];

/// Changes one part of a file.
pub(crate) fn file(file: &mut File, rng: &mut Rng, bytes: Bytes<'_>) {
    file.renumber = rng.below(4) > 0;
    file.fix_leaves = rng.below(8) > 1;
    file.fix_root = rng.below(8) > 0;
    let (at, other) = (rng.below(file.blocks.len()), rng.below(file.blocks.len()));
    match rng.below(16) {
        0 if !file.blocks.is_empty() => file.blocks.swap(at, other),
        1 if !file.blocks.is_empty() => drop(file.blocks.remove(at)),
        2 if !file.blocks.is_empty() => file.blocks.insert(at, file.blocks[other].clone()),
        3 => file.blocks.truncate(at + 1),
        4 => bytes(&mut file.tail),
        5 => file.footer ^= true,
        _ => {
            // Segments are most of the format.
            let segments: Vec<usize> = (0..file.blocks.len())
                .filter(|at| matches!(file.blocks[*at].body, Body::Segment(_)))
                .collect();
            let at = if rng.once_in(3) || segments.is_empty() {
                at
            } else {
                segments[rng.below(segments.len())]
            };
            if let Some(found) = file.blocks.get_mut(at) {
                block(found, rng, bytes);
            }
        }
    }
}

fn block(block: &mut crate::file::Block, rng: &mut Rng, bytes: Bytes<'_>) {
    match (rng.below(24), &mut block.body) {
        (0, _) => {
            let tags = [
                b"HEAD", b"SEGM", b"LEAF", b"INDX", b"CUST", b"ATCH", b"SIGN", b"KEYS", b"NEW1",
            ];
            block.tag = *tags[rng.below(tags.len())];
        }
        (1, _) => block.flags ^= 1 << rng.below(4),
        (2, _) => block.number = CORNERS[rng.below(CORNERS.len())],
        (_, Body::Segment(found)) => segment(found, rng, bytes),
        (_, Body::Packed(raw) | Body::Plain(raw)) => bytes(raw),
    }
}

/// Changes one part of a segment.
pub(crate) fn segment(segment: &mut Segment, rng: &mut Rng, bytes: Bytes<'_>) {
    segment.pack = (rng.once_in(8), rng.once_in(4));
    let (at, other) = (rng.below(segment.columns.len()), rng.below(segment.columns.len()));
    let choice = rng.below(20);
    if choice < 2 || segment.columns.is_empty() {
        return bytes(if choice == 0 {
            &mut segment.kinds
        } else {
            &mut segment.zone
        });
    }
    match choice {
        2 => drop(segment.columns.remove(at)),
        3 => segment.columns.swap(at, other),
        4 => {
            let copy = segment.columns[other].clone();
            segment.columns.insert(at, copy);
        }
        5 => segment.frames = rng.below(segment.frames + 2),
        6..10 => {
            let data = segment.columns[other].data.clone();
            let codec = segment.columns[other].codec;
            let column = &mut segment.columns[at];
            match choice {
                6 => column.codec = rng.below(9) as u8,
                7 => column.numbers[rng.below(4)] = CORNERS[rng.below(CORNERS.len())],
                8 => {
                    let number = &mut column.numbers[rng.below(4)];
                    *number = number.wrapping_add(rng.below(5) as u64).saturating_sub(2);
                }
                _ => (column.codec, column.data) = (codec, data),
            }
        }
        10 => column_of_one_value(segment, at, rng),
        _ => bytes(&mut segment.columns[at].data),
    }
}

/// Gives a column a constant, so that its rows are right whatever their number is.
fn column_of_one_value(segment: &mut Segment, at: usize, rng: &mut Rng) {
    let mut folded = CORNERS[rng.below(CORNERS.len())];
    let column = &mut segment.columns[at];
    (column.codec, column.data) = (0, Vec::new());
    while folded >= 0x80 {
        column.data.push(folded as u8 | 0x80);
        folded >>= 7;
    }
    column.data.push(folded as u8);
}
