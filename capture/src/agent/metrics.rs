//! What Prometheus is told.

use super::ring::Ring;
use super::sidecar::Outcome;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Instant;

/// Sources and results that are counted by name; beyond it is what strangers made up.
const NAMES: usize = 256;

pub(crate) struct Metrics {
    started: Instant,
    triggers: BTreeMap<(String, String), u64>,
    ended: BTreeMap<Outcome, u64>,
    requests: BTreeMap<(String, String), u64>,
    deliveries: BTreeMap<&'static str, u64>,
    pub(crate) begun: u64,
    pub(crate) deleted: u64,
    pub(crate) reloads: u64,
    /// Segments that conditions were not looked for in: they had taken too much time.
    pub(crate) not_looked_at: u64,
    /// Whether the ring on disk cannot be written at the moment.
    pub(crate) disk_failed: bool,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics {
            started: Instant::now(),
            triggers: BTreeMap::new(),
            ended: BTreeMap::new(),
            requests: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            begun: 0,
            deleted: 0,
            reloads: 0,
            not_looked_at: 0,
            disk_failed: false,
        }
    }
}

impl Metrics {
    pub(crate) fn triggered(&mut self, source: &str, result: &str) {
        count(&mut self.triggers, source, result, 1);
    }

    /// Requests that came over HTTP and did not become triggers.
    pub(crate) fn requests(&mut self, source: &str, result: &str, requests: u64) {
        count(&mut self.requests, source, result, requests);
    }

    pub(crate) fn delivered(&mut self, result: &'static str) {
        *self.deliveries.entry(result).or_default() += 1;
    }

    pub(crate) fn ended(&mut self, outcome: Outcome) {
        *self.ended.entry(outcome).or_default() += 1;
    }

    /// The text form of Prometheus, version 0.0.4.
    pub(crate) fn text(&self, ring: &Ring, running: usize, now: u64) -> String {
        let mut out = String::new();
        let mut one = |name: &str, kind: &str, help: &str, values: &[(String, f64)]| {
            let _ = writeln!(out, "# HELP afterimage_{name} {help}\n# TYPE afterimage_{name} {kind}");
            for (labels, value) in values {
                let _ = writeln!(out, "afterimage_{name}{labels} {value}");
            }
        };
        let plain = |value: f64| [(String::new(), value)];
        let seconds = |nanoseconds: u64| nanoseconds as f64 / 1e9;
        one(
            "uptime_seconds",
            "gauge",
            "Time since the agent started.",
            &plain(self.started.elapsed().as_secs_f64()),
        );
        one(
            "events_total",
            "counter",
            "Events recorded.",
            &plain(ring.totals.events as f64),
        );
        one(
            "events_lost_total",
            "counter",
            "Events lost while recording.",
            &plain(ring.totals.lost as f64),
        );
        one(
            "recorded_bytes_total",
            "counter",
            "Bytes of encoded segments.",
            &plain(ring.totals.bytes as f64),
        );
        one(
            "ring_bytes",
            "gauge",
            "Bytes of the ring in memory.",
            &plain(ring.bytes() as f64),
        );
        one(
            "ring_segments",
            "gauge",
            "Segments in the ring.",
            &plain(ring.len() as f64),
        );
        let span = ring.until().saturating_sub(ring.since());
        one(
            "ring_span_seconds",
            "gauge",
            "Time between the first and the last event of the ring.",
            &plain(seconds(span)),
        );
        let age = if ring.until() == 0 {
            0
        } else {
            now.saturating_sub(ring.until())
        };
        one(
            "ring_age_seconds",
            "gauge",
            "Time since the last event of the ring.",
            &plain(seconds(age)),
        );
        one(
            "ring_disk_failed",
            "gauge",
            "1 while the ring on disk cannot be written.",
            &plain(f64::from(u8::from(self.disk_failed))),
        );
        one(
            "captures_running",
            "gauge",
            "Captures that are being written.",
            &plain(running as f64),
        );
        one(
            "captures_begun_total",
            "counter",
            "Captures that were begun.",
            &plain(self.begun as f64),
        );
        let ended = Outcome::ALL
            .iter()
            .filter(|outcome| **outcome != Outcome::Running)
            .map(|outcome| {
                let count = self.ended.get(outcome).copied().unwrap_or(0);
                (format!("{{result=\"{}\"}}", outcome.name()), count as f64)
            });
        let ended: Vec<_> = ended.collect();
        one(
            "captures_total",
            "counter",
            "Captures that have ended, by result.",
            &ended,
        );
        one(
            "captures_deleted_total",
            "counter",
            "Captures that retention deleted.",
            &plain(self.deleted as f64),
        );
        one(
            "triggers_total",
            "counter",
            "Triggers, by source and result.",
            &by_source(&self.triggers),
        );
        let help = "Requests over HTTP that were refused or caused nothing, by source and why.";
        one(
            "requests_without_trigger_total",
            "counter",
            help,
            &by_source(&self.requests),
        );
        let deliveries = self
            .deliveries
            .iter()
            .map(|(result, count)| (format!("{{result=\"{result}\"}}"), *count as f64));
        let deliveries: Vec<_> = deliveries.collect();
        one(
            "deliveries_total",
            "counter",
            "Tries to deliver a capture, by result.",
            &deliveries,
        );
        one(
            "filter_segments_skipped_total",
            "counter",
            "Segments in which the conditions of [[trigger.filter]] were not looked for, to spare the CPU.",
            &plain(self.not_looked_at as f64),
        );
        one(
            "reloads_total",
            "counter",
            "Times that the configuration was read again.",
            &plain(self.reloads as f64),
        );
        out
    }
}

fn count(counts: &mut BTreeMap<(String, String), u64>, source: &str, result: &str, more: u64) {
    let mut key = (source.to_owned(), result.to_owned());
    if !counts.contains_key(&key) && counts.len() >= NAMES {
        key.0 = "other".to_owned();
    }
    *counts.entry(key).or_default() += more;
}

fn by_source(counts: &BTreeMap<(String, String), u64>) -> Vec<(String, f64)> {
    let one = |((source, result), count): (&(String, String), &u64)| {
        let labels = format!("{{source=\"{}\",result=\"{}\"}}", label(source), label(result));
        (labels, *count as f64)
    };
    counts.iter().map(one).collect()
}

/// The value of a label.
fn label(text: &str) -> String {
    let escaped = |c: char| match c {
        '\\' => "\\\\".to_owned(),
        '"' => "\\\"".to_owned(),
        '\n' => "\\n".to_owned(),
        c if c.is_control() => "?".to_owned(),
        c => c.to_string(),
    };
    text.chars().take(128).map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form() {
        let mut metrics = Metrics::default();
        metrics.triggered("falco", "captured");
        metrics.triggered("falco", "captured");
        metrics.triggered("a\"b\n", "refused");
        metrics.ended(Outcome::Complete);
        let text = metrics.text(&Ring::default(), 2, 5);
        for line in [
            "afterimage_triggers_total{source=\"falco\",result=\"captured\"} 2",
            "afterimage_triggers_total{source=\"a\\\"b\\n\",result=\"refused\"} 1",
            "afterimage_captures_total{result=\"complete\"} 1",
            "afterimage_captures_total{result=\"disk full\"} 0",
            "afterimage_captures_running 2",
            "# TYPE afterimage_events_total counter",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
        for number in 0..1000 {
            metrics.triggered(&format!("{number}"), "refused");
        }
        assert!(metrics.triggers.len() <= NAMES + 2);
    }
}
