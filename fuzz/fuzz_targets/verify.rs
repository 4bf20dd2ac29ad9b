//! Verifies any bytes. What is intact opens, with the segments and the root that were verified.
#![no_main]

use afterimage_format::file::{Integrity, Trace, verify};
use afterimage_fuzz::{memory, trace_mutator};
use libfuzzer_sys::fuzz_target;

trace_mutator!();

fuzz_target!(|data: &[u8]| {
    memory::with_file(data, |path| {
        let Ok(verdict) = verify(path, &[]) else { return };
        match (&verdict.integrity, Trace::open(path)) {
            (Integrity::Intact, Ok(trace)) => {
                assert_eq!(trace.segment_count() as u64, verdict.segments);
                assert_eq!(trace.root(), verdict.root);
            }
            (Integrity::Truncated { segments, bytes, .. }, Ok(_)) => {
                assert!(*segments <= verdict.segments && *bytes <= verdict.bytes);
            }
            _ => {}
        }
    });
});
