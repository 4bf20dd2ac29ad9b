//! Sums over the whole file.

use super::Group;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindTotal {
    /// `evt.type`.
    pub name: Arc<str>,
    /// Rows.
    pub events: u64,
    /// Rows with a negative result.
    pub errors: u64,
}

/// Rows of one container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerTotal {
    /// [`crate::model::Container::key`]; 0: the host.
    pub key: u64,
    /// Rows.
    pub events: u64,
}

/// What all segments hold. Losses of the [`super::Summary`] are not in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Totals {
    /// Rows.
    pub events: u64,
    /// Segments.
    pub segments: u64,
    /// Earliest and latest row, nanoseconds since the Unix epoch; 0 where there are no rows.
    pub time_min: u64,
    /// See `time_min`.
    pub time_max: u64,
    /// Kinds by name.
    pub kinds: Vec<KindTotal>,
    /// Containers by key.
    pub containers: Vec<ContainerTotal>,
    /// Loss records, and the events that they count.
    pub loss_records: u64,
    /// See `loss_records`.
    pub loss_events: u64,
    /// Sum of [`crate::segment::Zone::incomplete`].
    pub incomplete: u64,
}

impl Totals {
    pub(crate) fn of(groups: &[Group]) -> Totals {
        let mut totals = Totals::default();
        let mut kinds: BTreeMap<&Arc<str>, (u64, u64)> = BTreeMap::new();
        let mut containers: BTreeMap<u64, u64> = BTreeMap::new();
        for group in groups {
            if group.rows > 0 {
                if totals.events == 0 {
                    totals.time_min = group.time_min;
                }
                totals.time_min = totals.time_min.min(group.time_min);
                totals.time_max = totals.time_max.max(group.time_max);
            }
            totals.events += group.rows;
            totals.segments += u64::from(group.segments);
            totals.loss_records = totals.loss_records.saturating_add(group.loss_records);
            totals.loss_events = totals.loss_events.saturating_add(group.loss_events);
            totals.incomplete = totals.incomplete.saturating_add(group.incomplete);
            for kind in &group.kinds {
                let sum = kinds.entry(&kind.name).or_default();
                sum.0 += u64::from(kind.events);
                sum.1 += u64::from(kind.errors);
            }
            for container in &group.containers {
                *containers.entry(container.key).or_default() += u64::from(container.events);
            }
        }
        let kind = |(name, (events, errors)): (&Arc<str>, _)| KindTotal {
            name: Arc::clone(name),
            events,
            errors,
        };
        totals.kinds = kinds.into_iter().map(kind).collect();
        let container = |(key, events)| ContainerTotal { key, events };
        totals.containers = containers.into_iter().map(container).collect();
        totals
    }
}
