//! Reads every row, column and entity of a trace, or of a segment where the bytes are no trace.
#![no_main]

use afterimage_format::file::Trace;
use afterimage_format::segment::Segment;
use afterimage_fuzz::{memory, read, trace_mutator};
use libfuzzer_sys::fuzz_target;

trace_mutator!();

fuzz_target!(|data: &[u8]| {
    if !data.starts_with(b"\x89AFTERIMG") {
        if let Ok(segment) = Segment::parse(data, 0) {
            read::segment(&segment);
        }
        return;
    }
    memory::with_file(data, |path| {
        if let Ok(trace) = Trace::open(path) {
            read::all(&trace);
        }
    });
});
