//! Walking from block to block, over damage where there is some.

use super::map::Map;
use crate::evidence::chain::Hash;
use crate::file::block::{BLOCK_HEADER_LEN, Block, BlockHeader};
use crate::file::layout::{FOOTER_LEN, Footer};
use std::ops::Range;

/// What a walk comes by.
#[derive(Debug, Clone)]
pub(crate) enum Found<'a> {
    /// A block. Its body is not checked.
    Block(Block<'a>),
    /// Bytes that are no block; the next one comes behind them.
    Garbage(Range<usize>),
    /// A block whose number is not above that of the one before: repeated or moved.
    Misplaced(Block<'a>),
    /// The file ends inside a block.
    Cut { offset: usize, tag: Option<[u8; 4]> },
    /// Zeros up to the end: the file system had not written the rest when the power failed.
    Zeros { offset: usize },
}

/// A walk over the blocks of a file. It ends at the footer or the end.
pub(crate) struct Walk<'a> {
    map: &'a Map,
    at: usize,
    /// No block reaches behind this.
    end: usize,
    /// Number of the last block.
    last: Option<u64>,
    searched: usize,
}

impl<'a> Walk<'a> {
    /// A walk over `range`, where a block begins; `last` is the number of the block before.
    pub(crate) fn new(map: &'a Map, range: Range<usize>, last: Option<u64>) -> Walk<'a> {
        Walk {
            map,
            at: range.start,
            end: range.end.min(map.len()),
            last,
            searched: range.start,
        }
    }

    /// The next offset behind `from` where a block's header is that can stand here.
    fn search(&mut self, from: usize) -> usize {
        let bytes = &self.map[..self.end];
        let mut at = from;
        while at + BLOCK_HEADER_LEN <= bytes.len() {
            if at - self.searched.min(at) > 1 << 20 {
                self.map.touch(self.searched..at);
                self.searched = at;
            }
            let found = BlockHeader::parse(&bytes[at..]).is_some_and(|h| self.last.is_none_or(|last| h.number > last));
            if found {
                return at;
            }
            at += 1;
        }
        bytes.len()
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Found<'a>;

    fn next(&mut self) -> Option<Found<'a>> {
        let (offset, map) = (self.at, self.map);
        let bytes = map.get(..self.end)?;
        let rest = bytes.get(offset..).filter(|rest| !rest.is_empty())?;
        if rest.len() == FOOTER_LEN && Footer::parse(rest).is_some() {
            return None;
        }
        if let Some(header) = BlockHeader::parse(rest) {
            let Ok(block) = Block::at(bytes, offset as u64) else {
                self.at = self.end;
                let tag = Some(header.tag);
                return Some(Found::Cut { offset, tag });
            };
            self.at = block.end();
            self.searched = self.at;
            if self.last.is_some_and(|last| header.number <= last) {
                return Some(Found::Misplaced(block));
            }
            self.last = Some(header.number);
            return Some(Found::Block(block));
        }
        if rest.len() < BLOCK_HEADER_LEN {
            self.at = self.end;
            return Some(Found::Cut { offset, tag: None });
        }
        if is_zero(map, offset..self.end) {
            self.at = self.end;
            return Some(Found::Zeros { offset });
        }
        self.at = self.search(offset + 1);
        Some(Found::Garbage(offset..self.at))
    }
}

/// Whether there is nothing but zeros.
pub(crate) fn is_zero(map: &Map, range: Range<usize>) -> bool {
    let mut at = range.start;
    while at < range.end {
        let piece = at..range.end.min(at + (1 << 20));
        if map[piece.clone()].iter().any(|b| *b != 0) {
            return false;
        }
        at = piece.end;
        map.touch(piece);
    }
    true
}

/// A block's hash: what the block behind it says of it, or else computed. So a walk need not read what it passes over; a
/// check compares with the bytes.
pub(crate) fn hash_of(map: &Map, block: &Block<'_>) -> Hash {
    let next = map.get(block.end()..).and_then(BlockHeader::parse);
    match next.filter(|next| Some(next.number) == block.header.number.checked_add(1)) {
        Some(next) => next.prev,
        None => {
            map.touch(block.offset..block.end());
            block.hash()
        }
    }
}
