//! What is known to be missing from a trace in a span of time.

use afterimage_format::Error;
use afterimage_format::file::Trace;
use afterimage_format::model::Loss;

/// The recorded losses of a span of time.
#[derive(Debug, Default)]
pub struct Losses {
    /// The records, in the order of their beginning.
    pub records: Vec<Loss>,
    /// Loss records that could not be read.
    pub damage: Vec<Error>,
}

impl Losses {
    /// Events lost.
    pub fn events(&self) -> u64 {
        self.records.iter().map(|loss| loss.events).sum()
    }
}

/// The losses that touch the time from `from` to `to`, nanoseconds since 1970. Only segments that have any are read.
pub fn losses(trace: &Trace, from: Option<i64>, to: Option<i64>) -> Losses {
    let mut found = Losses::default();
    for (number, group) in trace.groups().iter().enumerate() {
        if group.loss_records == 0 {
            continue;
        }
        let entries = trace.group_entries(number);
        let entries = entries.map_err(|error| found.damage.push(error)).unwrap_or_default();
        for (at, _) in (trace.group_start(number)..)
            .zip(entries.iter())
            .filter(|(_, entry)| entry.zone.loss_records > 0)
        {
            match trace
                .segment(at)
                .and_then(|segment| segment.losses().map(<[Loss]>::to_vec))
            {
                Ok(records) => found.records.extend(records),
                Err(error) => found.damage.push(error),
            }
        }
    }
    found.records.extend(
        trace
            .summary()
            .into_iter()
            .flat_map(|summary| summary.losses.iter().cloned()),
    );
    found.records.retain(|loss| touches(loss, from, to));
    found.records.sort_by_key(|loss| (loss.from, loss.to));
    found
}

/// Whether a loss may have hit the span. One without a time may have hit any.
fn touches(loss: &Loss, from: Option<i64>, to: Option<i64>) -> bool {
    loss.to == 0
        || from.is_none_or(|from| i128::from(loss.to) >= i128::from(from))
            && to.is_none_or(|to| i128::from(loss.from) <= i128::from(to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use afterimage_format::model::LossCause;

    #[test]
    fn a_loss_touches_what_it_overlaps() {
        let loss = |from, to| Loss {
            cause: LossCause::RingFull,
            cpu: None,
            events: 1,
            from,
            to,
        };
        for (lost, from, to, expected) in [
            ((10, 20), None, None, true),
            ((10, 20), Some(20), None, true),
            ((10, 20), Some(21), None, false),
            ((10, 20), None, Some(10), true),
            ((10, 20), None, Some(9), false),
            ((10, 20), Some(12), Some(13), true),
            ((0, 0), Some(12), Some(13), true),
            ((u64::MAX, u64::MAX), Some(1), Some(2), false),
        ] {
            assert_eq!(
                touches(&loss(lost.0, lost.1), from, to),
                expected,
                "{lost:?} {from:?} {to:?}"
            );
        }
    }
}
