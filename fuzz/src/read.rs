//! Asking for everything that a trace or a segment can tell.

use afterimage_format::file::Trace;
use afterimage_format::segment::Segment;
use std::hint::black_box;

/// Rows that are read one by one; all of them are read by column.
const MOST_ROWS: usize = 256;

/// The index: every entry, by number and by time.
pub fn index(trace: &Trace) {
    black_box((
        trace.header(),
        trace.totals(),
        trace.summary(),
        trace.custody(),
        trace.signatures(),
    ));
    for (at, entry) in trace.entries() {
        if let Ok(entry) = entry {
            assert!(
                entry.offset + entry.length <= trace.bytes(),
                "segment {at} lies outside"
            );
        }
        let _ = black_box(trace.entry(at));
    }
    let (from, to) = (trace.totals().time_min, trace.totals().time_max);
    let middle = from + to.saturating_sub(from) / 2;
    trace.entries_between(middle, middle).for_each(drop);
    for at in 0..trace.groups().len() {
        let _ = black_box((trace.group_entries(at), trace.group_start(at)));
    }
    black_box(trace.damage());
}

/// Everything in every segment, and the attachments.
pub fn all(trace: &Trace) {
    for at in 0..trace.segment_count() {
        if let Ok(found) = trace.segment(at) {
            segment(&found);
        }
        let _ = trace.check_segment(at);
    }
    for entry in trace.attachments() {
        let _ = black_box(trace.attachment(entry));
    }
    black_box(trace.containers());
}

/// Everything in a segment.
pub fn segment(segment: &Segment<'_>) {
    let rows = segment.rows();
    for column in [
        segment.times(),
        segment.kind_indexes(),
        segment.cpus(),
        segment.flag_bits(),
        segment.results(),
        segment.thread_indexes(),
        segment.descriptor_indexes(),
    ] {
        assert!(column.is_err() || column.is_ok_and(|values| values.len() == rows));
    }
    for (kind, spec) in segment.kinds().iter().enumerate() {
        let _ = black_box(segment.result_column(kind));
        for (at, param) in spec.params.iter().enumerate() {
            let values = segment.param_column(kind, at).unwrap_or_default();
            for value in values.iter().take(MOST_ROWS).filter(|_| param.ty.is_bytes()) {
                let _ = black_box(segment.string(param.ty, *value));
            }
        }
    }
    for row in (0..rows).take(MOST_ROWS).chain(rows.checked_sub(1)) {
        self::row(segment, row);
    }
    // Beyond the end there is nothing, and that is no panic either.
    self::row(segment, rows);
    let _ = black_box((segment.threads(), segment.containers(), segment.descriptors()));
    let _ = black_box((segment.live(), segment.fd_changes(), segment.losses(), segment.sizes()));
    let _ = black_box(segment.check());
}

fn row(segment: &Segment<'_>, row: usize) {
    let _ = black_box((
        segment.num(row),
        segment.flags(row),
        segment.result(row),
        segment.rank(row),
    ));
    let _ = black_box((segment.thread(row), segment.descriptor(row), segment.container(row)));
    let params = segment.kind(row).map_or(0, |kind| kind.params.len());
    for param in 0..=params.min(64) {
        let _ = black_box(segment.arg(row, param));
    }
}
