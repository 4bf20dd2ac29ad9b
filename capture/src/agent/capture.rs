//! One capture from its alert until it is sealed.

mod summary;

use super::alert::Trigger;
use super::cut::{Span, cut};
use super::folder::Files;
use super::members::Members;
use super::older::{self, Older};
use super::ring::Piece;
use super::select::World;
use super::sidecar::{self, Outcome};
use crate::record;
use afterimage_format::file::{Summary, TraceWriter, WriterOptions};
use afterimage_format::model::{Header, Loss, LossCause};
use afterimage_format::segment::EncodedSegment;
use afterimage_format::{Error, Result};
use afterimage_query::RowCopier;
use afterimage_query::row::SegmentRows;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Alerts whose payload a capture takes; of further ones the side-car has the number.
const ALERTS: usize = 64;
/// What is copied of others' segments is written at least so often: a crash costs no more.
const FLUSH: Duration = Duration::from_secs(1);

/// How long a capture may go on and how large it may become.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) max_extension: Duration,
    pub(crate) max_size: u64,
}

pub(crate) struct Capture {
    pub(crate) files: Files,
    pub(crate) members: Members,
    pub(crate) span: Span,
    /// The latest end that further alerts can bring about.
    latest: u64,
    /// The next piece that it takes.
    pub(crate) next: u64,
    /// The number of the first event behind what it has taken, and its time.
    next_num: u64,
    reached: u64,
    header: Header,
    writer: TraceWriter,
    copier: RowCopier,
    flushed: Instant,
    alerts: Vec<Value>,
    /// Ids of its alerts, for those that come again.
    pub(crate) ids: Vec<(String, String)>,
    joined: u64,
    max_size: u64,
    scope: String,
    note: String,
    counts: Counts,
    /// Counts of containers, where whole segments are taken.
    whole: Vec<(u64, u64)>,
    /// Ids of its containers: one that is started again is another one by its key, and the same by its id.
    container_ids: BTreeSet<String>,
    /// Keys of containers that were looked at for that.
    met: BTreeSet<u64>,
    /// What could not be taken, and is told when it is sealed.
    losses: Vec<Loss>,
    /// What comes before the ring.
    pub(crate) older: Option<Older>,
    /// There was no time for all of that.
    pub(crate) hurried: bool,
    /// Why it ends before its time.
    pub(crate) failed: Option<(Outcome, String)>,
}

/// What it has.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    events: u64,
    first: u64,
    last: u64,
    lost: u64,
    loss_records: u64,
}

/// What became of a capture.
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    pub(crate) summary: Value,
    /// Why the side-car could not be written.
    pub(crate) unwritten: Option<String>,
}

impl Capture {
    /// Begins it: the file has the alert before its first event.
    ///
    /// # Errors
    /// Those of creating the file; nothing is left behind.
    pub(crate) fn begin(new: New<'_>, trigger: &Trigger) -> Result<Capture> {
        let New {
            files,
            members,
            span,
            first,
            first_num,
            mut header,
            options,
            limits,
            world,
            note,
            older,
        } = new;
        let scope = members.text(&world.containers);
        header.scope.clone_from(&scope);
        header.tags.push(("capture".into(), files.id.clone()));
        if members != Members::Node {
            // Names of the host's users are not for the owner of a container.
            header.accounts = Default::default();
        }
        let mut writer = TraceWriter::create(&files.part(), &header, options)?;
        let begun = writer.add_custody(&record::created());
        let latest = span.to.max(span_end(span.to, limits.max_extension));
        let mut capture = Capture {
            members,
            span,
            latest,
            next: first,
            next_num: first_num,
            reached: 0,
            header,
            writer,
            copier: RowCopier::default(),
            flushed: Instant::now(),
            alerts: Vec::new(),
            ids: Vec::new(),
            joined: 0,
            max_size: limits.max_size,
            scope,
            note,
            counts: Counts::default(),
            whole: Vec::new(),
            container_ids: BTreeSet::new(),
            met: BTreeSet::new(),
            losses: Vec::new(),
            older,
            hurried: false,
            failed: None,
            files,
        };
        capture.learn(world);
        let begun = begun.and_then(|()| capture.take_alert(trigger)).and_then(|()| {
            let summary = capture.summary(Outcome::Running, "", None, world);
            sidecar::write(&capture.files.sidecar(), &summary).map_err(io("cannot write", &capture.files.sidecar()))
        });
        match begun {
            Ok(()) => Ok(capture),
            Err(error) => {
                let _ = std::fs::remove_file(capture.files.part());
                let _ = std::fs::remove_file(capture.files.sidecar());
                Err(error)
            }
        }
    }

    /// Puts an alert into the trace, as it came.
    fn take_alert(&mut self, trigger: &Trigger) -> Result<()> {
        let number = self.alerts.len() + 1;
        let name = format!("alert-{number}.json");
        let whole = trigger.payload.is_empty();
        let attached = match whole {
            // A person's or a filter's: there is nothing but what is known of it.
            true => serde_json::to_vec_pretty(trigger).unwrap_or_default(),
            false => super::alert::payload(trigger),
        };
        let media_type = match trigger.payload_type.as_str() {
            "" => "application/json",
            named => named,
        };
        self.writer.attach(&name, media_type, &attached)?;
        self.alerts.push(sidecar::alert(trigger, Some(&name)));
        self.note_id(trigger);
        Ok(())
    }

    fn note_id(&mut self, trigger: &Trigger) {
        if !trigger.id.is_empty() && self.ids.len() < 4096 {
            self.ids.push((trigger.source.clone(), trigger.id.clone()));
        }
    }

    /// Whether an alert has come to it already.
    pub(crate) fn knows(&self, trigger: &Trigger) -> bool {
        !trigger.id.is_empty()
            && self
                .ids
                .iter()
                .any(|(source, id)| *source == trigger.source && *id == trigger.id)
    }

    /// A further alert about the same: it goes on for longer, within its limit.
    pub(crate) fn join(&mut self, trigger: &Trigger, end: u64, world: &World) {
        self.joined += 1;
        self.span.to = self.span.to.max(end.min(self.latest));
        if self.knows(trigger) {
            // Nothing new.
        } else if self.alerts.len() >= ALERTS {
            self.note_id(trigger);
        } else if let Err(error) = self.take_alert(trigger) {
            self.fail(&error);
        }
        // For who looks, and for a recovery. Where it cannot be written, the trace has the alert.
        let summary = self.summary(Outcome::Running, "", None, world);
        let _ = sidecar::write(&self.files.sidecar(), &summary);
    }

    /// Takes in containers that have come since: of a pod or name that was asked for.
    pub(crate) fn learn(&mut self, world: &World) {
        self.members.learn(world, self.span.from);
        if let Members::Containers { .. } = self.members {
            let own = self.members.containers(&world.containers);
            self.container_ids
                .extend(own.iter().map(|container| container.full_id.clone()));
        }
    }

    /// Takes in containers of a segment that are its own, started again.
    fn meet(&mut self, rows: &SegmentRows<'_>) -> Result<()> {
        let Members::Containers { keys, .. } = &mut self.members else {
            return Ok(());
        };
        let segment = rows.segment();
        if segment
            .zone()
            .containers
            .iter()
            .all(|count| self.met.contains(&count.key))
        {
            return Ok(());
        }
        for container in segment.containers()? {
            self.met.insert(container.key);
            if self.container_ids.contains(&container.full_id) {
                keys.insert(container.key);
            }
        }
        Ok(())
    }

    /// Notes what could not be taken. It is written with the next rows, so that a recovered capture tells it, too; where whole
    /// segments are taken there is no place for it but the seal.
    pub(crate) fn lose(&mut self, loss: Loss) {
        match self.members {
            Members::Node => self.losses.push(loss),
            _ => self.copier.push_loss(loss),
        }
    }

    /// Takes a piece. `rows` are its rows, which all captures share.
    pub(crate) fn take(&mut self, piece: &Piece, rows: &SegmentRows<'_>) {
        let zone = &piece.segment.zone;
        if piece.seq > self.next {
            // The ring did not wait. How many of these events were its own is not known any more.
            self.lose(Loss {
                cause: LossCause::Write,
                cpu: None,
                events: zone.first_num.saturating_sub(self.next_num),
                from: self.reached.max(self.span.from),
                to: piece.from,
            });
        }
        self.next = piece.seq + 1;
        (self.next_num, self.reached) = (zone.first_num + u64::from(zone.rows), piece.to);
        self.take_piece(piece, rows);
    }

    /// The same, for one that is not in the ring.
    pub(crate) fn take_piece(&mut self, piece: &Piece, rows: &SegmentRows<'_>) {
        let taken = match self.members {
            Members::Node => self.take_whole(piece),
            _ => self.take_rows(piece, rows),
        };
        if let Err(error) = taken {
            self.fail(&error);
            self.losses.push(Loss {
                cause: LossCause::Write,
                cpu: None,
                events: u64::from(piece.segment.zone.rows),
                from: piece.from,
                to: piece.to,
            });
        } else if self.writer.bytes() >= self.max_size {
            self.failed = Some((Outcome::Limit, format!("the file has {} bytes", self.writer.bytes())));
        }
    }

    /// All of [`Older`] was taken; `next` is what the ring in memory has next. What has left that meanwhile is on disk, too.
    pub(crate) fn end_older(&mut self, next: Option<&Piece>) {
        let Some(older) = self.older.take() else { return };
        let time = next.map_or(older.reached.1, |next| next.from);
        if let Some(gap) = older::gap(older.reached, self.next_num, time) {
            self.lose(gap);
        }
        let Some(next) = next.filter(|next| next.seq > self.next) else {
            return;
        };
        self.next_num = self.next_num.max(older.reached.0);
        let first = next.segment.zone.first_num;
        self.older = older.rest(self.next_num..first);
        if self.next_num >= first {
            self.next = next.seq;
        }
    }

    /// Takes nothing more from before the ring in memory, where there is no time for it.
    pub(crate) fn leave_older(&mut self, next: Option<&Piece>) {
        let Some(older) = self.older.take() else { return };
        let (reached, since) = older.reached;
        self.hurried = true;
        self.lose(Loss {
            cause: LossCause::Write,
            cpu: None,
            // Where nothing was taken, nobody knows how many there are.
            events: if reached == 0 {
                1
            } else {
                self.next_num.saturating_sub(reached).max(1)
            },
            from: since,
            to: next.map_or(since, |next| next.from.max(since)),
        });
    }

    /// Whether it takes pieces of the ring in memory now.
    pub(crate) fn takes(&self) -> bool {
        self.failed.is_none() && self.older.is_none()
    }

    fn take_whole(&mut self, piece: &Piece) -> Result<()> {
        if piece.from > self.span.to {
            return Ok(());
        }
        self.writer.append(&piece.segment)?;
        let zone = &piece.segment.zone;
        for count in &zone.containers {
            match self.whole.iter_mut().find(|(key, _)| *key == count.key) {
                Some((_, events)) => *events += u64::from(count.events),
                None => self.whole.push((count.key, u64::from(count.events))),
            }
        }
        if zone.rows > 0 {
            self.count(u64::from(zone.rows), zone.time_min, zone.time_max);
        }
        self.counts.lost += zone.loss_events;
        self.counts.loss_records += u64::from(zone.loss_records);
        Ok(())
    }

    fn take_rows(&mut self, piece: &Piece, rows: &SegmentRows<'_>) -> Result<()> {
        self.meet(rows)?;
        let zone = &piece.segment.zone;
        let wanted = self.members.may_be_in(zone) || zone.keyframe || zone.loss_records > 0;
        if wanted && self.span.touches(piece.from, piece.to) {
            let Capture {
                writer,
                copier,
                counts,
                losses,
                members,
                span,
                ..
            } = self;
            cut(rows, members, *span, copier, |copier| {
                write_out(copier, writer, counts, losses)
            })?;
        }
        if self.flushed.elapsed() >= FLUSH {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes what it has taken.
    fn flush(&mut self) -> Result<()> {
        self.flushed = Instant::now();
        write_out(&mut self.copier, &mut self.writer, &mut self.counts, &mut self.losses)
    }

    /// The same, where nothing more has come for a while.
    pub(crate) fn flush_if_due(&mut self) {
        if self.failed.is_none()
            && self.flushed.elapsed() >= FLUSH
            && let Err(error) = self.flush()
        {
            self.fail(&error);
        }
    }

    fn count(&mut self, events: u64, first: u64, last: u64) {
        self.counts.add(events, first, last);
    }

    fn fail(&mut self, error: &Error) {
        let outcome = if error.is_no_space() {
            Outcome::Full
        } else {
            Outcome::Failed
        };
        self.failed.get_or_insert((outcome, error.to_string()));
    }

    /// Whether everything in its time has been taken, once what comes next in the ring is `next` and everything until `time`
    /// is in there.
    pub(crate) fn is_over(&self, next: u64, time: u64) -> bool {
        self.failed.is_some() || self.older.is_none() && self.next >= next && time >= self.span.to
    }

    /// Bytes of its file so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.writer.bytes()
    }

    /// Seals it and gives it its name.
    pub(crate) fn end(mut self, why: Option<(Outcome, String)>, world: &World, now: u64, delivers: bool) -> Ended {
        // Also beyond the largest size: what was taken last belongs to it.
        let writes = matches!(self.failed, None | Some((Outcome::Limit, _)));
        match writes.then(|| self.flush()) {
            Some(Ok(())) => {}
            Some(Err(error)) => {
                self.failed = None;
                self.fail(&error);
            }
            None => {
                let left = self.copier.take().ok().flatten();
                self.losses.extend(left.and_then(|segment| unwritten(&segment)));
            }
        }
        let (outcome, reason) = self
            .failed
            .clone()
            .or(why)
            .unwrap_or((Outcome::Complete, String::new()));
        let text = match reason.as_str() {
            "" => outcome.name().to_owned(),
            reason => format!("{}: {reason}", outcome.name()),
        };
        let summary = Summary {
            end: now,
            reason: text,
            losses: self.losses.clone(),
            containers: self.containers(world),
            ..Summary::default()
        };
        let lost = self.losses.iter().map(|loss| loss.events).sum::<u64>();
        self.counts.lost += lost;
        self.counts.loss_records += self.losses.len() as u64;
        let sealed = record::seal(&mut self.writer, &summary)
            .and_then(|sealed| {
                let (part, trace) = (self.files.part(), self.files.trace());
                std::fs::rename(&part, &trace).map_err(io("cannot rename", &part))?;
                Ok(sealed)
            })
            .map_err(|error| error.to_string());
        let (outcome, reason) = match &sealed {
            Ok(_) => (outcome, reason),
            // The unfinished file stays: what is in it can be recovered.
            Err(error) => (
                if outcome == Outcome::Full {
                    outcome
                } else {
                    Outcome::Failed
                },
                error.clone(),
            ),
        };
        let mut summary = self.summary(outcome, &reason, sealed.ok(), world);
        // What could not be sealed is not delivered.
        if delivers && summary["sealed"] == true {
            summary["delivery"] = "pending".into();
        }
        let written = sidecar::write(&self.files.sidecar(), &summary);
        Ended {
            outcome,
            summary,
            unwritten: written.err().map(|error| error.to_string()),
        }
    }
}

/// What a capture begins with.
pub(crate) struct New<'a> {
    pub(crate) files: Files,
    pub(crate) members: Members,
    pub(crate) span: Span,
    pub(crate) first: u64,
    /// The number of its first event.
    pub(crate) first_num: u64,
    pub(crate) header: Header,
    pub(crate) options: WriterOptions,
    pub(crate) limits: Limits,
    pub(crate) world: &'a World,
    pub(crate) note: String,
    pub(crate) older: Option<Older>,
}

impl Counts {
    fn add(&mut self, events: u64, first: u64, last: u64) {
        self.events += events;
        self.first = if self.first == 0 { first } else { self.first.min(first) };
        self.last = self.last.max(last);
    }
}

/// Writes what was copied; where that cannot be, it is lost.
fn write_out(
    copier: &mut RowCopier,
    writer: &mut TraceWriter,
    counts: &mut Counts,
    losses: &mut Vec<Loss>,
) -> Result<()> {
    let path = writer.path().to_owned();
    let Some(segment) = copier.take().map_err(io("cannot compress for", &path))? else {
        return Ok(());
    };
    if let Err(error) = writer.append(&segment) {
        losses.extend(unwritten(&segment));
        return Err(error);
    }
    let zone = &segment.zone;
    if zone.rows > 0 {
        counts.add(u64::from(zone.rows), zone.time_min, zone.time_max);
    }
    counts.lost += zone.loss_events;
    counts.loss_records += u64::from(zone.loss_records);
    Ok(())
}

/// A segment that could not be written.
fn unwritten(segment: &EncodedSegment) -> Option<Loss> {
    let zone = &segment.zone;
    let events = u64::from(zone.rows) + zone.loss_events;
    (events > 0).then_some(Loss {
        cause: LossCause::Write,
        cpu: None,
        events,
        from: zone.time_min,
        to: zone.time_max,
    })
}

fn io<'p>(action: &'static str, path: &'p std::path::Path) -> impl FnOnce(std::io::Error) -> Error + 'p {
    move |source| Error::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

/// `time` and so much more.
pub(crate) fn span_end(time: u64, more: Duration) -> u64 {
    time.saturating_add(u64::try_from(more.as_nanos()).unwrap_or(u64::MAX))
}
