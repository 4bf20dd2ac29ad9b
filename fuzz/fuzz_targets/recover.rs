//! Recovers any bytes. What comes out is intact, holds what the report says, and reads without damage.
#![no_main]

use afterimage_format::file::{RecoverOptions, Trace, recover, verify};
use afterimage_fuzz::{memory, trace_mutator};
use libfuzzer_sys::fuzz_target;
use std::path::PathBuf;
use std::sync::LazyLock;

trace_mutator!();

static OUTPUT: LazyLock<PathBuf> = LazyLock::new(|| memory::folder().join("recovered.scap"));

fuzz_target!(|data: &[u8]| {
    let options = RecoverOptions {
        force: true,
        ..RecoverOptions::default()
    };
    memory::with_file(data, |path| {
        let Ok(recovery) = recover(path, &OUTPUT, &options) else {
            assert!(!OUTPUT.exists(), "a recovery that failed left its output");
            return;
        };
        let verdict = verify(&OUTPUT, &[]).expect("a trace");
        assert!(verdict.is_intact(), "{}", verdict.integrity);
        let trace = Trace::open(&OUTPUT).expect("a trace");
        assert_eq!(trace.segment_count() as u64, recovery.segments_saved);
        assert_eq!(trace.totals().events, recovery.events_saved);
        assert_eq!(trace.attachments().len() as u64, recovery.attachments_saved);
        for at in 0..trace.segment_count() {
            trace
                .check_segment(at)
                .expect("a segment that was checked before it was copied");
        }
        assert_eq!(trace.damage(), []);
    });
    let _ = std::fs::remove_file(&*OUTPUT);
});
