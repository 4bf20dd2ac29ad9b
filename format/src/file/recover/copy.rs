//! Copying segments and attachments that pass every check.

use super::ranges::Ranges;
use super::report::{KindRecovery, Recovery};
use crate::error::Damage;
use crate::file::index::{Group, IndexEntry};
use crate::file::reader::scan::{MAX_DAMAGE, Missing};
use crate::file::{Sealed, Trace, TraceWriter, Verdict};
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A copy in progress.
pub(super) struct Copy<'c> {
    trace: &'c Trace,
    writer: &'c mut TraceWriter,
    saved: Missing,
    lost: Missing,
    known: Ranges,
    attachments: u64,
    damage: Vec<Damage>,
}

impl<'c> Copy<'c> {
    pub(super) fn new(trace: &'c Trace, writer: &'c mut TraceWriter) -> Copy<'c> {
        Copy {
            trace,
            writer,
            saved: Missing::default(),
            lost: Missing::default(),
            known: Ranges::default(),
            attachments: 0,
            damage: Vec::new(),
        }
    }

    /// Copies every segment that is as it was.
    pub(super) fn segments(&mut self) -> Result<()> {
        for (at, group) in self.trace.groups().iter().enumerate() {
            let entries = self.trace.group_entries(at)?;
            for entry in entries.iter() {
                self.segment(entry)?;
            }
            if entries.len() < group.segments as usize {
                self.rest_of(group, &entries);
            }
        }
        let missing = self.trace.missing();
        missing
            .ranges
            .iter()
            .for_each(|(first, rows)| self.known.add(*first, *rows));
        Ok(())
    }

    fn segment(&mut self, entry: &IndexEntry) -> Result<()> {
        let sums = Group::of([entry]);
        self.known.add(entry.zone.first_num, u64::from(entry.zone.rows));
        match self.trace.check_entry(entry) {
            Ok(body) => {
                self.writer.append_segment(&body, &entry.zone)?;
                self.saved.add(&sums);
            }
            Err(error) => {
                self.lost.add(&sums);
                self.note(entry.offset, &error);
            }
        }
        Ok(())
    }

    /// A group whose leaf is damaged has lost what its sums tell of beyond the segments that were found.
    fn rest_of(&mut self, group: &Group, found: &[Arc<IndexEntry>]) {
        let mut rest = group.clone();
        let sums = Group::of(found.iter().map(|e| &**e));
        rest.segments = rest.segments.saturating_sub(sums.segments);
        rest.rows = rest.rows.saturating_sub(sums.rows);
        rest.loss_records = rest.loss_records.saturating_sub(sums.loss_records);
        for kind in &mut rest.kinds {
            let known = sums.kinds.iter().find(|k| k.name == kind.name);
            kind.events = kind.events.saturating_sub(known.map_or(0, |k| k.events));
        }
        self.lost.add(&rest);
        self.known.add(group.first_num, group.rows);
    }

    /// Copies every attachment that is as it was.
    pub(super) fn attachments(&mut self) -> Result<()> {
        for entry in self.trace.attachments() {
            match self.trace.attachment(entry) {
                Ok(content) => {
                    self.writer.attach(&entry.name, &entry.media_type, &content)?;
                    self.attachments += 1;
                }
                Err(error) => {
                    self.lost.attachments += 1;
                    self.note(entry.offset, &error);
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, offset: u64, error: &Error) {
        if self.damage.len() < MAX_DAMAGE {
            let damage = match error {
                Error::Damage(damage) => damage.clone(),
                other => Damage {
                    offset,
                    what: other.to_string(),
                },
            };
            self.damage.push(damage);
        }
    }

    /// The counts; containers and the sealed file are for the caller to fill in.
    pub(super) fn finish(self, verdict: Verdict) -> Recovery {
        let missing = self.trace.missing();
        let mut kinds: BTreeMap<&Arc<str>, (u64, u64)> = BTreeMap::new();
        for (name, events) in &self.saved.kinds {
            kinds.entry(name).or_default().0 += events;
        }
        for (name, events) in self.lost.kinds.iter().chain(&missing.kinds) {
            let lost = &mut kinds.entry(name).or_default().1;
            *lost = lost.saturating_add(*events);
        }
        let of_unknown_kind = self.known.gaps();
        let events_lost = self
            .lost
            .rows
            .saturating_add(missing.rows)
            .saturating_add(of_unknown_kind);
        let kind = |(name, (saved, lost)): (&Arc<str>, (u64, u64))| KindRecovery {
            name: Arc::clone(name),
            saved,
            lost,
        };
        Recovery {
            kinds: kinds.into_iter().map(kind).collect(),
            events_saved: self.saved.rows,
            events_lost,
            events_lost_of_unknown_kind: of_unknown_kind,
            segments_saved: self.saved.segments,
            segments_lost: self.lost.segments + missing.segments,
            containers: 0,
            attachments_saved: self.attachments,
            attachments_lost: self.lost.attachments + missing.attachments,
            loss_records_saved: self.saved.loss_records,
            loss_records_lost: self.lost.loss_records.saturating_add(missing.loss_records),
            header_lost: self.trace.header_lost(),
            garbage: self.trace.garbage(),
            verdict,
            damage: self.damage,
            sealed: Sealed {
                bytes: 0,
                root: [0; 32],
            },
        }
    }
}
