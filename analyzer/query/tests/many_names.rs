//! Segments with so many names that they say which runs of three bytes are in them: what a filter finds by these is what it
//! finds row by row, and where they deny a text, names are not decompressed.

use afterimage_format::file::{Summary, Trace, TraceWriter, WriterOptions};
use afterimage_format::model::*;
use afterimage_format::segment::{Entities, SegmentBuilder};
use afterimage_query::check::TimeZone;
use afterimage_query::row::SegmentRows;
use afterimage_query::{EventRow, Filter, Query, TraceContext, count, scan};
use std::ops::ControlFlow;

/// Names of a segment.
const NAMES: u64 = 800;

/// 2026-11-21 10:00:00 UTC.
const START: u64 = 1_795_255_200_000_000_000;

/// Descriptor `id` is that of a file whose name is its number's.
struct Files(Vec<Descriptor>);

impl Entities for Files {
    fn thread(&self, _: u64) -> Option<&Thread> {
        None
    }
    fn container(&self, _: u64) -> Option<&Container> {
        None
    }
    fn descriptor(&self, id: u64) -> Option<&Descriptor> {
        self.0.get(usize::try_from(id).ok()?.checked_sub(1)?)
    }
}

/// Each segment has a folder of its own; the second one also a file that stands out.
fn name(segment: u64, file: u64) -> String {
    match (segment, file) {
        (1, 700) => "/var/lib/Wombat-QUOKKA.key".to_owned(),
        _ => format!(
            "/srv/{}/{:x}",
            ["orders", "invoices", "clients"][segment as usize],
            file * 7919
        ),
    }
}

fn write() -> (tempfile::TempDir, Trace) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("names.scap");
    let params = [("fd", ParamType::Fd), ("name", ParamType::Path)].map(|(name, ty)| Param {
        name: name.to_owned(),
        ty,
    });
    let kind = Kind {
        name: "openat".to_owned(),
        category: Category::File,
        syscall: Some(257),
        params: params.into(),
    };
    let files = |segment: u64| {
        Files(
            (1..=NAMES)
                .map(|file| Descriptor {
                    ty: DescriptorType::File,
                    name: name(segment, file).into_bytes(),
                    ..Descriptor::unknown(file)
                })
                .collect(),
        )
    };
    let mut writer = TraceWriter::create(&path, &header(), WriterOptions::default()).unwrap();
    let mut builder = SegmentBuilder::new(vec![kind], 1);
    for segment in 0..3 {
        for file in 1..=NAMES {
            let name = name(segment, file);
            builder.push(&Event {
                time: START + segment * 1_000_000_000 + file,
                kind: 0,
                cpu: 0,
                flags: EventFlags(EventFlags::HAS_RESULT),
                duration: 0,
                result: 3,
                thread: 0,
                descriptor: file,
                args: &[Value::Int(3), Value::Bytes(name.as_bytes())],
            });
        }
        builder.close(&files(segment));
        writer.append(&builder.encode(3).unwrap()).unwrap();
        builder.clear();
    }
    writer.seal(&Summary::default()).unwrap();
    let trace = Trace::open(&path).unwrap();
    (folder, trace)
}

fn header() -> Header {
    Header {
        capture_id: [7; 16],
        ..Header::default()
    }
}

fn one_by_one(trace: &Trace, context: &TraceContext, filter: &Filter) -> Vec<u64> {
    let mut found = Vec::new();
    for at in 0..trace.segment_count() {
        let rows = SegmentRows::new(context, trace.segment(at).unwrap());
        let all = (0..rows.segment().rows()).map(|row| EventRow::new(&rows, row));
        found.extend(all.filter(|row| filter.matches(row)).map(|row| row.num()));
    }
    found
}

#[test]
fn names_are_found_as_row_by_row_and_not_read_where_they_cannot_be() {
    let (_folder, trace) = write();
    let context = TraceContext::new(&trace, TimeZone::Utc);
    for at in 0..3 {
        let segment = trace.segment(at).unwrap();
        segment.check().unwrap();
        // Else this test is about nothing.
        assert!(!segment.may_have(ParamType::Path, b"nowhere").unwrap(), "segment {at}");
    }
    let decoded = |text: &str| {
        let filter =
            Filter::compile(text, &context.settings()).unwrap_or_else(|error| panic!("{}", error.render(text)));
        let query = Query {
            filter: Some(&filter),
            ..Query::default()
        };
        let mut found = Vec::new();
        scan(&trace, &context, &query, |row| {
            found.push(row.num());
            ControlFlow::Continue(())
        });
        assert_eq!(found, one_by_one(&trace, &context, &filter), "{text}");
        let counted = count(&trace, &context, &query);
        assert_eq!(counted.matched, found.len() as u64, "{text}");
        (found.len(), counted.decoded.bytes)
    };
    for value in [
        "ombat",
        "Wombat-QUOKKA",
        "orders/",
        "s/1ee",
        "/srv/clients/1eef",
        "qu",
        "K",
        "nowhere",
        "keyx",
    ] {
        for field in ["fd.name", "evt.arg.name", "evt.arg.fd", "evt.args"] {
            for test in [
                format!("contains '{value}'"),
                format!("icontains '{}'", value.to_uppercase()),
                format!("startswith '{value}'"),
                format!("endswith '{value}'"),
                format!("glob '*{value}*'"),
                format!("iglob '*{}*'", value.to_lowercase()),
                format!("regex '.*{value}.*'"),
                format!("in ('{value}', '/srv/orders/1eef')"),
                format!("= '{value}'"),
            ] {
                decoded(&format!("{field} {test}"));
                decoded(&format!("not {field} {test}"));
            }
        }
    }
    let (nothing, of_nothing) = decoded("fd.name contains nowhere");
    let (one, of_one) = decoded("fd.name contains Wombat");
    let (all, of_all) = decoded("fd.name contains srv");
    assert_eq!((nothing, one, all), (0, 1, 3 * NAMES as usize - 1));
    assert!(
        of_nothing < of_one && of_one < of_all,
        "{of_nothing}, {of_one}, {of_all}"
    );
}
