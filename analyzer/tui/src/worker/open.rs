//! Opening a trace, and what is known of it at once.

use super::text::or_dash;
use crate::state::{ContainerLine, Histogram, Part, RowSet, SegmentInfo, TraceInfo, TraceKey};
use afterimage_format::file::{OpenOptions, Trace};
use afterimage_format::model::Container;
use afterimage_query::check::TimeZone;
use afterimage_query::lang::escape;
use afterimage_query::{TraceContext, losses};
use chrono::{DateTime, Local, Utc};
use std::collections::HashMap;
use std::path::Path;

/// An open trace with what its rows share.
pub(crate) struct Opened {
    trace: Trace,
    context: TraceContext,
    /// What the index says of each segment.
    segments: Vec<SegmentInfo>,
    /// Names of containers by their ids, escaped.
    names: HashMap<String, String>,
}

impl Opened {
    /// Opens `path`. `zone` is that of shown times.
    ///
    /// # Errors
    /// Those of [`Trace::open_with`].
    pub(crate) fn open(path: &Path, options: &OpenOptions, zone: TimeZone) -> Result<Opened, afterimage_format::Error> {
        let trace = Trace::open_with(path, options)?;
        let context = TraceContext::new(&trace, zone);
        let time = |nanoseconds: u64| i64::try_from(nanoseconds).unwrap_or(i64::MAX);
        let mut segments: Vec<SegmentInfo> = Vec::with_capacity(trace.segment_count());
        for (_, entry) in trace.entries() {
            let last = segments.last().copied();
            segments.push(match entry {
                Ok(entry) => SegmentInfo {
                    first_num: entry.zone.first_num,
                    rows: entry.zone.rows,
                    from: time(entry.zone.time_min),
                    to: time(entry.zone.time_max),
                },
                // What is lost has no rows to show, and comes after what was before it; the damage is told.
                Err(_) => SegmentInfo {
                    first_num: last.map_or(0, |last| last.first_num + u64::from(last.rows)),
                    rows: 0,
                    from: last.map_or(0, |last| last.to),
                    to: last.map_or(0, |last| last.to),
                },
            });
        }
        let named = |container: Container| {
            let name = container.name.as_deref().filter(|name| !name.is_empty())?;
            Some((or_dash(container.short_id().into()), or_dash(name.into())))
        };
        let names = trace.containers().into_iter().filter_map(named).collect();
        Ok(Opened {
            trace,
            context,
            segments,
            names,
        })
    }

    /// The segment that the event with this number is in.
    pub(super) fn segment_of(&self, number: u64) -> Option<u32> {
        let behind = self.segments.partition_point(|segment| segment.first_num <= number);
        u32::try_from(behind.checked_sub(1)?).ok()
    }

    /// The time of the first and the last event in a span, or in the whole trace.
    pub(super) fn times_of(&self, span: Option<(i64, i64)>) -> (i64, i64) {
        let (first, last) = (self.context.first(), self.context.last());
        match span {
            None => (first, last.max(first)),
            Some((from, to)) => {
                let from = from.max(first);
                (from, to.min(last).max(from))
            }
        }
    }

    /// What the container with this id is called.
    pub(super) fn container_name(&self, id: &str) -> Option<&str> {
        self.names.get(id).map(String::as_str)
    }

    /// A time of day to the millisecond.
    pub(super) fn clock(&self, nanoseconds: i64) -> String {
        self.time(nanoseconds, "%H:%M:%S%.3f")
    }

    /// The trace.
    pub(super) fn trace(&self) -> &Trace {
        &self.trace
    }

    /// What its rows share.
    pub(super) fn context(&self) -> &TraceContext {
        &self.context
    }

    /// What is shown of it. Reads the index and no event.
    pub(crate) fn info(&self) -> TraceInfo {
        let mut rows = RowSet::default();
        let mut lost = self.trace.totals().loss_events;
        let (first, last) = self.times_of(None);
        let mut histogram = Histogram::new(first, last);
        for (at, segment) in self.segments.iter().enumerate() {
            rows.push(Part::all(u32::try_from(at).unwrap_or(u32::MAX), segment.rows));
            if segment.rows > 0 {
                histogram.spread(segment.from, segment.to, u64::from(segment.rows));
            }
        }
        let at_the_end = self.trace.summary().map(|summary| summary.losses.iter());
        for loss in at_the_end.into_iter().flatten() {
            lost = lost.saturating_add(loss.events);
        }
        TraceInfo {
            host: or_dash(self.context.header().host.hostname.as_str().into()),
            span: self.span(rows.len()),
            rows,
            sealed: self.trace.summary().is_some(),
            damage: self
                .trace
                .damage()
                .iter()
                .map(|damage| or_dash(damage.to_string().into()))
                .collect(),
            lost,
            losses: losses(&self.trace, None, None)
                .records
                .iter()
                .map(|loss| (signed(loss.from), signed(loss.to), loss.events))
                .collect(),
            histogram,
            times: (first, last),
            segments: self.segments.clone(),
            containers: self.containers(),
            key: self.key(first),
            settings: self.context.settings(),
        }
    }

    fn key(&self, first: i64) -> TraceKey {
        TraceKey {
            capture: self.context.header().capture_uuid(),
            root: self
                .trace
                .root()
                .map(|root| root.iter().map(|byte| format!("{byte:02x}")).collect()),
            bytes: self.trace.bytes(),
            first,
        }
    }

    fn span(&self, events: u64) -> String {
        if events == 0 {
            return "no events".into();
        }
        let (first, last) = (self.context.first(), self.context.last());
        let length = last.saturating_sub(first).max(0) as f64 / 1e9;
        format!("{} +{length:.3} s", self.time(first, "%Y-%m-%d %H:%M:%S"))
    }

    fn time(&self, nanoseconds: i64, format: &str) -> String {
        let time: DateTime<Utc> = DateTime::from_timestamp_nanos(nanoseconds);
        match self.context.zone() {
            TimeZone::Utc => time.format(format).to_string(),
            TimeZone::Local => time.with_timezone(&Local).format(format).to_string(),
        }
    }

    /// Containers with their events as the index counts them, those with most events first.
    fn containers(&self) -> Vec<ContainerLine> {
        let mut events: HashMap<u64, u64> = HashMap::new();
        for count in &self.trace.totals().containers {
            events.insert(count.key, count.events);
        }
        // A container that did nothing is worth a line, too.
        for container in self.trace.containers() {
            events.entry(container.key).or_default();
        }
        let mut keys: Vec<(u64, u64)> = events.into_iter().collect();
        keys.sort_by_key(|(key, events)| (std::cmp::Reverse(*events), *key));
        let line = |(key, events)| match (key, self.context.container(key)) {
            (0, _) => Some(self.container("host", None, events)),
            (_, Some(container)) => Some(self.container(container.short_id(), Some(container), events)),
            (_, None) => None,
        };
        keys.into_iter().filter_map(line).collect()
    }

    fn container(&self, id: &str, container: Option<&Container>, events: u64) -> ContainerLine {
        let text = |of: fn(&Container) -> Option<&str>| or_dash(container.and_then(of).unwrap_or_default().into());
        let life = container.map_or_else(String::new, |container| self.life(container));
        ContainerLine {
            id: or_dash(id.into()),
            name: text(|container| container.name.as_deref()),
            image: text(|container| container.image.as_deref()),
            runtime: text(|container| Some(container.runtime.name())),
            life: or_dash(life.into()),
            events,
            lived: (
                container.and_then(|container| known(container.birth)),
                container.and_then(|container| known(container.death)),
            ),
            filter: format!("container.id = {}", quoted(id)),
        }
    }

    fn life(&self, container: &Container) -> String {
        let time = |nanoseconds| match i64::try_from(nanoseconds) {
            Ok(nanoseconds) if nanoseconds > 0 => Some(self.time(nanoseconds, "%H:%M:%S")),
            _ => None,
        };
        let birth = time(container.birth).unwrap_or_else(|| "before".into());
        match time(container.death) {
            Some(death) => format!("{birth} to {death}, gone"),
            None => format!("{birth}, alive"),
        }
    }
}

/// A time as the interface counts: with a sign.
fn signed(nanoseconds: u64) -> i64 {
    i64::try_from(nanoseconds).unwrap_or(i64::MAX)
}

/// A time, if it is known.
fn known(nanoseconds: u64) -> Option<i64> {
    (nanoseconds > 0).then(|| signed(nanoseconds))
}

/// An id as the filter language takes it: as it is, or quoted.
fn quoted(id: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if !id.is_empty() && id.bytes().all(plain) {
        id.to_string()
    } else {
        escape(id.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;
    use afterimage_query::{Filter, Settings};

    #[test]
    fn every_id_makes_a_filter() {
        for (id, expected) in [
            ("3ad7b26ded6d", "3ad7b26ded6d"),
            ("web-1", "web-1"),
            ("", "\"\""),
            ("a) or (b", "\"a) or (b\""),
            ("say \"hi\" \\", "\"say \\\"hi\\\" \\x5c\""),
            ("\u{1b}[2J", "\"\\x1b[2J\""),
        ] {
            assert_eq!(quoted(id), expected);
            let filter = format!("container.id = {expected}");
            assert!(Filter::compile(&filter, &Settings::default()).is_ok(), "{filter}");
        }
    }
}
