//! The bytes that went through a descriptor, a connection, or whatever is selected.

use super::Position;

/// The screen with them.
#[derive(Debug, Default)]
pub(crate) struct Follow {
    /// What is followed, once that is known.
    pub(crate) title: String,
    /// The event that it began from; nothing where a whole selection is followed.
    pub(crate) from: Option<Position>,
    /// What was moved, call by call.
    pub(crate) chunks: Vec<Chunk>,
    /// Bytes that calls moved and that were not recorded.
    pub(crate) lacking: u64,
    /// Whether there is more than is kept.
    pub(crate) more: bool,
    /// Bytes in hexadecimal instead of text.
    pub(crate) hex: bool,
    /// The first line on the screen.
    pub(crate) top: Anchor,
}

/// Data that one call moved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// Where the event is.
    pub(crate) position: Position,
    /// Whether the process wrote it.
    pub(crate) written: bool,
    /// When, who, how much: one line.
    pub(crate) heading: String,
    /// What was recorded.
    pub(crate) data: Vec<u8>,
    /// Bytes that were moved and not recorded.
    pub(crate) lacks: u64,
}

/// A line: of which chunk, and which one of its lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Anchor {
    /// Index of the chunk.
    pub(crate) chunk: usize,
    /// Its heading is line 0.
    pub(crate) line: usize,
}

impl Follow {
    /// Moves the first line by so many lines down, or up. `lines` says how many a chunk has.
    pub(crate) fn scroll(&mut self, by: i64, lines: impl Fn(&Chunk) -> usize) {
        let mut left = by.unsigned_abs();
        while left > 0 {
            let of = |chunk: usize| self.chunks.get(chunk).map_or(1, &lines);
            if by > 0 {
                let here = of(self.top.chunk).saturating_sub(self.top.line + 1) as u64;
                let step = here.min(left);
                self.top.line += usize::try_from(step).unwrap_or(usize::MAX);
                left -= step;
                if left > 0 {
                    if self.top.chunk + 1 >= self.chunks.len() {
                        return;
                    }
                    self.top = Anchor {
                        chunk: self.top.chunk + 1,
                        line: 0,
                    };
                    left -= 1;
                }
            } else {
                let step = (self.top.line as u64).min(left);
                self.top.line -= usize::try_from(step).unwrap_or(usize::MAX);
                left -= step;
                if left > 0 {
                    let Some(chunk) = self.top.chunk.checked_sub(1) else {
                        return;
                    };
                    let line = of(chunk).saturating_sub(1);
                    self.top = Anchor { chunk, line };
                    left -= 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_scrolled_across_chunks() {
        let mut follow = Follow {
            chunks: vec![Chunk::default(); 3],
            ..Follow::default()
        };
        let lines = |_: &Chunk| 4;
        for (by, chunk, line) in [
            (1, 0, 1),
            (3, 1, 0),
            (5, 2, 1),
            (100, 2, 3),
            (-4, 1, 3),
            (-3, 1, 0),
            (-100, 0, 0),
            (0, 0, 0),
        ] {
            follow.scroll(by, lines);
            assert_eq!(follow.top, Anchor { chunk, line }, "{by}");
        }
    }
}
