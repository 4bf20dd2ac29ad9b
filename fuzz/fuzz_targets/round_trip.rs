//! Whatever rows are written come back from the file, which is intact.
#![no_main]

use afterimage_format::file::{Summary, Trace, TraceWriter, WriterOptions, verify};
use afterimage_format::model::Header;
use afterimage_fuzz::{memory, rows};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: rows::Input| {
    let written = rows::timed(&input.rows);
    let rows_a_segment = usize::from(input.rows_a_segment) + 1;
    let (file, path) = memory::create();
    let storage = memory::Unsynced(file);
    let mut writer =
        TraceWriter::with_storage(storage, &path, &Header::default(), WriterOptions::default()).expect("memory");
    for segment in rows::encode(&written, input.keep, rows_a_segment) {
        writer.append(&segment).expect("memory");
    }
    if let Some(content) = &input.attachment {
        writer.attach("a", "b", content).expect("memory");
    }
    writer.seal(&Summary::default()).expect("memory");

    let verdict = verify(&path, &[]).expect("a trace");
    assert!(verdict.is_intact(), "{}", verdict.integrity);
    let trace = Trace::open(&path).expect("a trace");
    assert_eq!(trace.totals().events, written.len() as u64);
    let world = rows::world();
    for (at, rows) in written.chunks(rows_a_segment).enumerate() {
        trace.check_segment(at).expect("a whole segment");
        let segment = trace.segment(at).expect("a whole segment");
        assert_eq!(segment.rows(), rows.len());
        for (row, expected) in rows::expected(rows, input.keep).into_iter().enumerate() {
            assert_eq!(segment.num(row), (1 + at * rows_a_segment + row) as u64);
            rows::compare(&segment, row, expected, &world);
        }
    }
    for (entry, content) in trace.attachments().iter().zip(&input.attachment) {
        assert_eq!(&trace.attachment(entry).expect("a whole attachment"), content);
    }
});
