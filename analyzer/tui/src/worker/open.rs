//! Opening a trace, and what is known of it at once.

use super::text::or_dash;
use crate::state::{ContainerLine, Part, RowSet, TraceInfo};
use afterimage_format::file::{OpenOptions, Trace};
use afterimage_format::model::Container;
use afterimage_query::TraceContext;
use afterimage_query::check::TimeZone;
use afterimage_query::lang::escape;
use chrono::{DateTime, Local, Utc};
use std::collections::HashMap;
use std::path::Path;

/// An open trace with what its rows share.
pub(crate) struct Opened {
    trace: Trace,
    context: TraceContext,
}

impl Opened {
    /// Opens `path`. `zone` is that of shown times.
    ///
    /// # Errors
    /// Those of [`Trace::open_with`].
    pub(crate) fn open(path: &Path, options: &OpenOptions, zone: TimeZone) -> Result<Opened, afterimage_format::Error> {
        let trace = Trace::open_with(path, options)?;
        let context = TraceContext::new(&trace, zone);
        Ok(Opened { trace, context })
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
        for (at, entry) in self.trace.entries() {
            // What is lost has no rows to show; the damage is told.
            let rows_of = entry.map_or(0, |entry| entry.zone.rows);
            rows.push(Part::all(u32::try_from(at).unwrap_or(u32::MAX), rows_of));
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
            containers: self.containers(),
            settings: self.context.settings(),
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
