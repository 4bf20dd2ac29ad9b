//! Reads what is on the screen. A few segments stay decoded, so that memory does not grow with the file.

use super::Opened;
use super::detail::detail;
use super::row::{self, unreadable};
use super::tell;
use crate::message::{Message, Want};
use crate::state::{EventDetail, Notice, Position};
use crate::views::Column;
use afterimage_query::{EventRow, row::SegmentRows};

/// Segments that stay decoded: those of the screen, and where a person looked before.
const KEPT: usize = 4;

/// Reads rows by their places.
pub(crate) struct Reader<'t> {
    opened: &'t Opened,
    /// The segment used last is the last one.
    segments: Vec<(u32, SegmentRows<'t>)>,
}

impl<'t> Reader<'t> {
    /// A reader that has read nothing yet.
    pub(crate) fn new(opened: &'t Opened) -> Reader<'t> {
        let segments = Vec::with_capacity(KEPT);
        Reader { opened, segments }
    }

    /// Rows of a listing; `first` is the index of the first one.
    pub(crate) fn rows(&mut self, generation: u64, first: u64, positions: &[Position], columns: &[Column]) -> Message {
        let opened = self.opened;
        let cells = row::Cells::of(columns);
        let mut damage = None;
        let mut read = |position: &Position| match self.segment(position.segment) {
            Ok(rows) => {
                let text = cells.text(&EventRow::new(rows, position.row as usize), opened);
                damage = rows.take_damage().map(|error| error.to_string()).or(damage.take());
                text
            }
            Err(error) => {
                let text = unreadable(&error, columns.len());
                damage = Some(error);
                text
            }
        };
        let rows = positions.iter().map(&mut read).collect();
        Message::Rows {
            generation,
            first,
            rows,
            damage,
        }
    }

    /// Everything about one event.
    pub(crate) fn detail(&mut self, position: Position) -> Message {
        let opened = self.opened;
        let detail = match self.segment(position.segment) {
            Ok(rows) => detail(&EventRow::new(rows, position.row as usize), opened),
            Err(error) => EventDetail {
                title: error,
                items: Vec::new(),
            },
        };
        Message::Detail { position, detail }
    }

    /// Something of one event.
    pub(crate) fn tell(&mut self, position: Position, want: Want) -> Message {
        let opened = self.opened;
        match self.segment(position.segment) {
            Ok(rows) => tell::tell(&EventRow::new(rows, position.row as usize), want, opened),
            Err(error) => Message::Notice(Notice {
                text: super::text::cut(error.as_bytes(), 512),
                failed: true,
            }),
        }
    }

    /// Something of one event, made by `make`.
    pub(super) fn event<T>(&mut self, position: Position, make: impl FnOnce(&EventRow<'_>) -> T) -> Result<T, String> {
        let rows = self.segment(position.segment)?;
        Ok(make(&EventRow::new(rows, position.row as usize)))
    }

    fn segment(&mut self, number: u32) -> Result<&SegmentRows<'t>, String> {
        let rows = match self.segments.iter().position(|(known, _)| *known == number) {
            Some(at) => self.segments.remove(at).1,
            None => {
                let segment = self
                    .opened
                    .trace()
                    .segment(number as usize)
                    .map_err(|e| e.to_string())?;
                SegmentRows::new(self.opened.context(), segment)
            }
        };
        if self.segments.len() >= KEPT {
            self.segments.remove(0);
        }
        Ok(&self.segments.push_mut((number, rows)).1)
    }

    /// Numbers of the segments that are decoded, the one used last at the end.
    #[cfg(test)]
    pub(crate) fn kept(&self) -> Vec<u32> {
        self.segments.iter().map(|(number, _)| *number).collect()
    }
}
