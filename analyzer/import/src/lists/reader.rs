//! Reading the entries of a list from the body of its block, of which only one entry is in memory at a time.

use crate::blocks::{Broken, broken};
use crate::limits::MAX_TEXT;
use crate::source::Source;
use std::io::Read;

/// The body of a list.
pub(super) struct ListReader<'s, R: Read> {
    source: &'s mut Source<R>,
    /// Where the body ends.
    end: u64,
    /// Where the entry ends, if it said so.
    entry_end: Option<u64>,
}

impl<'s, R: Read> ListReader<'s, R> {
    /// A list whose body is `length` bytes from here on.
    pub(super) fn new(source: &'s mut Source<R>, length: u64) -> Self {
        let end = source.offset() + length;
        ListReader {
            source,
            end,
            entry_end: None,
        }
    }

    /// Whether another entry follows; fewer bytes than four are padding.
    pub(super) fn has_more(&self) -> bool {
        self.left() >= 4
    }

    /// Bytes of the body, or of the entry, that were not read.
    pub(super) fn left(&self) -> u64 {
        self.entry_end.unwrap_or(self.end).saturating_sub(self.source.offset())
    }

    /// Begins an entry; `sized` ones say first how many bytes they have, that number included where `inclusive`.
    pub(super) fn begin(&mut self, sized: bool, inclusive: bool) -> Result<(), Broken> {
        self.entry_end = None;
        if sized {
            let start = self.source.offset();
            let length = u64::from(self.u32()?);
            let end = if inclusive { start } else { start + 4 } + length;
            if end > self.end || end < self.source.offset() {
                return broken(format!("an entry of a list says it has {length} bytes"));
            }
            self.entry_end = Some(end);
        }
        Ok(())
    }

    /// Skips what is left of an entry that said how long it is: newer ones have more.
    pub(super) fn finish(&mut self) -> Result<(), Broken> {
        if let Some(end) = self.entry_end.take() {
            let left = end.saturating_sub(self.source.offset());
            self.skip(left)?;
        }
        Ok(())
    }

    fn skip(&mut self, count: u64) -> Result<(), Broken> {
        if self.source.skip(count)? < count {
            return broken("a list is cut off");
        }
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let mut bytes = [0; N];
        if (N as u64) > self.left() {
            return broken("an entry of a list is longer than its block");
        }
        if self.source.fill(&mut bytes)? < N {
            return broken("a list is cut off");
        }
        Ok(bytes)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Broken> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Broken> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Broken> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Broken> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn i64(&mut self) -> Result<i64, Broken> {
        self.array().map(i64::from_le_bytes)
    }

    /// `N` bytes.
    pub(super) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        self.array()
    }

    /// A text with two bytes of length before it.
    pub(super) fn text(&mut self) -> Result<Vec<u8>, Broken> {
        let length = usize::from(self.u16()?);
        if length as u64 > self.left() {
            return broken(format!("a text of {length} bytes is longer than its list"));
        }
        let kept = length.min(MAX_TEXT);
        let mut text = Vec::new();
        if self.source.append(&mut text, kept)? < kept {
            return broken("a list is cut off");
        }
        self.skip((length - kept) as u64)?;
        Ok(text)
    }

    /// The next integer, if the entry said that it is long enough for it.
    pub(super) fn more<T>(
        &mut self,
        size: u64,
        read: impl FnOnce(&mut Self) -> Result<T, Broken>,
    ) -> Result<Option<T>, Broken> {
        if self.entry_end.is_some() && self.left() >= size {
            read(self).map(Some)
        } else {
            Ok(None)
        }
    }
}
