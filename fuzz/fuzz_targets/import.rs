//! Imports any bytes as a capture of sysdig, and reads all of the trace that comes of them.
#![no_main]

use afterimage_format::file::Trace;
use afterimage_fuzz::read;
use libfuzzer_sys::fuzz_target;
use std::ops::ControlFlow;

fuzz_target!(|data: &[u8]| {
    afterimage_fuzz::memory::with_file(data, |path| {
        if let Ok(imported) = afterimage_import::open(path, &mut |_| ControlFlow::Continue(()))
            && let Ok(trace) = Trace::open(&imported.path())
        {
            assert!(trace.summary().is_some() && trace.damage().is_empty());
            read::all(&trace);
        }
    });
});
