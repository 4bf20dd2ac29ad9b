//! Opens any bytes as a trace and walks over its index.
#![no_main]

use afterimage_format::file::Trace;
use afterimage_fuzz::{memory, read, trace_mutator};
use libfuzzer_sys::fuzz_target;

trace_mutator!();

fuzz_target!(|data: &[u8]| {
    memory::with_file(data, |path| {
        if let Ok(trace) = Trace::open(path) {
            read::index(&trace);
        }
    });
});
