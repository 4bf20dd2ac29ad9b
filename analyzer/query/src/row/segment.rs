//! The rows of one segment, and the damage met while reading them.

use super::TraceContext;
use afterimage_format::Error;
use afterimage_format::model::{Container, Thread};
use afterimage_format::segment::Segment;
use hashbrown::HashMap;
use std::cell::{OnceCell, RefCell};

/// A segment whose rows are read. Columns are decoded when the first row asks for them.
pub struct SegmentRows<'s> {
    context: &'s TraceContext,
    segment: Segment<'s>,
    by_id: OnceCell<HashMap<u64, usize>>,
    /// When the last event before the segment happened.
    before: Option<i64>,
    damage: RefCell<Option<Error>>,
}

impl<'s> SegmentRows<'s> {
    /// The rows of `segment`.
    pub fn new(context: &'s TraceContext, segment: Segment<'s>) -> SegmentRows<'s> {
        SegmentRows {
            context,
            segment,
            by_id: OnceCell::new(),
            before: None,
            damage: RefCell::new(None),
        }
    }

    /// The same, behind an event at this time.
    #[must_use]
    pub fn behind(mut self, before: Option<i64>) -> SegmentRows<'s> {
        self.before = before;
        self
    }

    /// When the event before a row happened.
    pub(crate) fn before(&self, row: usize) -> Option<i64> {
        match row.checked_sub(1) {
            None => self.before,
            Some(before) => self.note(self.segment.times())?.get(before).copied(),
        }
    }

    /// The segment itself.
    pub fn segment(&self) -> &Segment<'s> {
        &self.segment
    }

    /// What all rows of the trace share.
    pub fn context(&self) -> &'s TraceContext {
        self.context
    }

    /// The first damage met, after which it is forgotten. Values that could not be read because of it were missing.
    pub fn take_damage(&self) -> Option<Error> {
        self.damage.take()
    }

    /// The result, or nothing and a note of the damage.
    pub(crate) fn note<T>(&self, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.damage.borrow_mut().get_or_insert(error);
                None
            }
        }
    }

    /// The thread version with this id.
    pub fn thread(&self, id: u64) -> Option<&Thread> {
        if id == 0 {
            return None;
        }
        let threads = self.note(self.segment.threads())?;
        let by_id = self
            .by_id
            .get_or_init(|| threads.iter().enumerate().map(|(at, thread)| (thread.id, at)).collect());
        threads.get(*by_id.get(&id)?)
    }

    /// The container with this key: as known in the end, or else as the segment knew it.
    pub(crate) fn container(&self, key: u64) -> Option<&Container> {
        if key == 0 {
            return None;
        }
        self.context.container(key).or_else(|| {
            let containers = self.note(self.segment.containers())?;
            containers.iter().find(|container| container.key == key)
        })
    }
}
