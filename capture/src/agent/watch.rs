//! Conditions that are looked for in what is recorded: segment by segment, once each is finished, and never for each event
//! while it is recorded.

use super::alert::{Selector, Trigger};
use super::config;
use super::metrics::Metrics;
use super::ring::Piece;
use afterimage_query::row::SegmentRows;
use afterimage_query::{EventRow, Filter, Settings, search};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Share of one CPU that all conditions together may take on average. Beyond it segments are left out, and counted.
const SHARE: f64 = 0.1;
/// What may be saved up while there is little to look at.
const SAVED: Duration = Duration::from_millis(500);
/// Containers that are remembered for their cooldown.
const REMEMBERED: usize = 4096;
/// Longest cooldown: beyond, times cannot be added.
const LONGEST: Duration = Duration::from_secs(1 << 32);
/// Where nothing could be captured, the next hit of the container asks again after this time.
const REFUSED: Duration = Duration::from_secs(2);

struct Condition {
    name: String,
    text: String,
    filter: Filter,
    cooldown: Duration,
    /// Until when hits of each container do nothing.
    rests: HashMap<u64, Instant>,
}

/// What a condition has found.
pub(crate) struct Hit {
    pub(crate) trigger: Trigger,
    /// Which one.
    condition: usize,
    container: u64,
}

pub(crate) struct Watch {
    conditions: Vec<Condition>,
    next: u64,
    budget: Budget,
}

/// Time that may still be used.
struct Budget {
    left: f64,
    since: Instant,
}

impl Watch {
    pub(crate) fn new(conditions: &[config::Watch]) -> Watch {
        let mut watch = Watch {
            conditions: Vec::new(),
            next: 0,
            budget: Budget {
                left: SAVED.as_secs_f64(),
                since: Instant::now(),
            },
        };
        watch.set(conditions);
        watch
    }

    /// From now on these are looked for; what one that stays has found is remembered.
    pub(crate) fn set(&mut self, conditions: &[config::Watch]) {
        let mut before = std::mem::take(&mut self.conditions);
        for one in conditions {
            let text = one.condition.get_ref();
            // The configuration was checked.
            let Ok(filter) = Filter::compile(text, &Settings::default()) else {
                continue;
            };
            let same = before.iter().position(|old| old.name == one.name && old.text == *text);
            let rests = same.map(|at| before.swap_remove(at).rests).unwrap_or_default();
            self.conditions.push(Condition {
                name: one.name.clone(),
                text: text.clone(),
                filter,
                cooldown: one.cooldown.0,
                rests,
            });
        }
    }

    /// The number of the piece that it wants next, where it wants any.
    pub(crate) fn next(&self) -> Option<u64> {
        (!self.conditions.is_empty()).then_some(self.next)
    }

    /// Looks at a piece, once; what it finds is to be captured.
    pub(crate) fn look(&mut self, piece: &Piece, rows: &SegmentRows<'_>, metrics: &mut Metrics) -> Vec<Hit> {
        if self.conditions.is_empty() || piece.seq < self.next {
            return Vec::new();
        }
        self.next = piece.seq + 1;
        if !self.budget.has_some() {
            metrics.not_looked_at += 1;
            return Vec::new();
        }
        let began = Instant::now();
        let found = self
            .conditions
            .iter_mut()
            .enumerate()
            .flat_map(|(at, condition)| condition.look(at, rows))
            .collect();
        self.budget.left -= began.elapsed().as_secs_f64();
        found
    }

    /// Nothing came of a hit: it does not count for the cooldown.
    pub(crate) fn refused(&mut self, hit: &Hit) {
        if let Some(condition) = self.conditions.get_mut(hit.condition) {
            condition.rest(hit.container, REFUSED);
        }
    }
}

impl Budget {
    fn has_some(&mut self) -> bool {
        let now = Instant::now();
        let earned = now.duration_since(self.since).as_secs_f64() * SHARE;
        self.since = now;
        self.left = (self.left + earned).min(SAVED.as_secs_f64());
        self.left > 0.0
    }
}

impl Condition {
    fn look(&mut self, at: usize, rows: &SegmentRows<'_>) -> Vec<Hit> {
        // All hits: those of one container must not hide those of another.
        let Some(hits) = search(rows, &self.filter, usize::MAX) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let now = Instant::now();
        for row in hits.rows() {
            let row = EventRow::new(rows, *row as usize);
            let container = row.thread().map_or(0, |thread| thread.container);
            if self.rests.get(&container).is_some_and(|until| now < *until) {
                continue;
            }
            self.rest(container, self.cooldown);
            found.push(Hit {
                trigger: self.trigger(&row),
                condition: at,
                container,
            });
        }
        found
    }

    fn rest(&mut self, container: u64, time: Duration) {
        if self.rests.len() >= REMEMBERED {
            let now = Instant::now();
            self.rests.retain(|_, until| now < *until);
            if self.rests.len() >= REMEMBERED {
                self.rests.clear();
            }
        }
        self.rests.insert(container, Instant::now() + time.min(LONGEST));
    }

    fn trigger(&self, row: &EventRow<'_>) -> Trigger {
        let selector = match row.container() {
            Some(container) => Selector {
                container_id: container.full_id.clone(),
                ..Selector::default()
            },
            // On the host: the process that did it.
            None => Selector {
                pid: row.thread().map(|thread| thread.pid).filter(|pid| *pid != 0),
                ..Selector::default()
            },
        };
        Trigger {
            source: "filter".into(),
            id: format!("{}:{}", self.name, row.num()),
            title: self.name.clone(),
            severity: "medium".into(),
            time: Some(row.time()),
            selectors: vec![selector],
            ..Trigger::default()
        }
    }
}
