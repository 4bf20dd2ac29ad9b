//! Real captures: every block and event is there, queries of the original and of the converted trace agree, and what is cut
//! off anywhere is said. Skipped, saying so, where the corpus is absent.

mod corpus;

use afterimage_format::file::{Trace, TraceWriter, WriterOptions};
use afterimage_format::model::Value;
use afterimage_import::{Report, block_name};
use afterimage_query::check::TimeZone;
use afterimage_query::{EventRow, Filter, Query, TraceContext, scan};
use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

fn goes_on(_: afterimage_import::Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Imports bytes and hands on the open trace.
fn imported<T>(bytes: &[u8], with: impl FnOnce(&Trace, &Report) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.scap");
    let create = |header: &_| TraceWriter::create(&path, header, WriterOptions::default());
    let (_, report) = afterimage_import::import(bytes, "capture", create, &mut goes_on).unwrap();
    with(&Trace::open(&path).unwrap(), &report)
}

fn numbers(trace: &Trace, filter: &str, mut each: impl FnMut(EventRow<'_>)) -> Vec<u64> {
    let context = TraceContext::new(trace, TimeZone::Utc);
    let filter =
        Filter::compile(filter, &context.settings()).unwrap_or_else(|error| panic!("{}", error.render(filter)));
    let query = Query {
        filter: Some(&filter),
        ..Query::default()
    };
    let mut found = Vec::new();
    let outcome = scan(trace, &context, &query, |row| {
        found.push(row.num());
        each(row);
        ControlFlow::Continue(())
    });
    assert!(outcome.damage.is_empty(), "{:?}", outcome.damage);
    found
}

fn inventory() -> Option<(std::path::PathBuf, BTreeMap<String, serde_json::Value>)> {
    let path = corpus::locate("scap/INVENTORY.json")?;
    let list = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    Some((path.parent().unwrap().to_owned(), list))
}

#[test]
fn blocks_and_events_are_those_of_the_inventory() {
    let Some((folder, list)) = inventory() else { return };
    assert_eq!(list.len(), 23);
    for (name, expected) in list {
        let bytes = fs::read(folder.join(&name)).unwrap();
        imported(&bytes, |trace, report| {
            assert!(report.is_complete(), "{name}: {:?}", report.damage);
            assert_eq!((report.unknown, report.left_out), (0, 0), "{name}");
            assert_eq!(report.is_gzip, expected["gzip"].as_bool().unwrap(), "{name}");
            let blocks: BTreeMap<String, u64> = report
                .blocks
                .iter()
                .map(|(ty, count)| (block_name(*ty), *count))
                .collect();
            let wanted: BTreeMap<String, u64> = serde_json::from_value(expected["blocks"].clone()).unwrap();
            assert_eq!(blocks, wanted, "{name}");
            let totals = trace.totals();
            assert_eq!(totals.events, expected["events"].as_u64().unwrap(), "{name}");
            let span = (totals.time_min, totals.time_max);
            let first = expected["first_ts"].as_u64().unwrap();
            assert!(
                span.0 <= first && span.1 >= expected["last_ts"].as_u64().unwrap(),
                "{name}"
            );
            // In the order of the file, whatever the times say.
            let context = TraceContext::new(trace, TimeZone::Utc);
            let mut next = 1;
            scan(trace, &context, &Query::default(), |row| {
                assert_eq!(row.num(), next, "{name}");
                next += 1;
                ControlFlow::Continue(())
            });
            assert_eq!(next - 1, totals.events, "{name}");
        });
    }
}

#[test]
fn the_values_that_are_expected_are_found() {
    let Some((folder, _)) = inventory() else { return };
    let expected: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("EXPECTED.json")).unwrap()).unwrap();
    let sample = &expected["libs/sample.scap"];
    imported(&fs::read(folder.join("libs/sample.scap")).unwrap(), |trace, _| {
        for (name, count) in [("futex", 15), ("nanosleep", 38)] {
            let found = numbers(trace, &format!("evt.type = {name} and evt.dir = <"), |_| {});
            assert_eq!(found.len(), count, "{name}");
        }
        let event = &sample["event"];
        let filter = format!(
            "evt.num = {} and evt.type = nanosleep and evt.dir = < and evt.rawres = 0",
            event["num"]
        );
        let mut seen = 0;
        numbers(trace, &filter, |row| {
            seen += 1;
            assert_eq!(row.time() as u64, event["ts"].as_u64().unwrap());
            assert_eq!(row.thread().unwrap().tid, 762);
        });
        let enter = &sample["enter_event"];
        let filter = format!("evt.num = {} and evt.type = nanosleep and evt.dir = >", enter["num"]);
        numbers(trace, &filter, |row| {
            seen += 1;
            assert_eq!(row.time() as u64, enter["ts"].as_u64().unwrap());
            assert_eq!(row.segment().segment().arg(row.index(), 0).unwrap(), Value::Int(0));
        });
        assert_eq!(seen, 2);
    });
    let plain = fs::read(folder.join("libs/curl_google.scap")).unwrap();
    imported(&plain, |trace, _| {
        for case in expected["libs/curl_google.scap"]["cases"].as_array().unwrap() {
            let text = |name: &str| case[name].as_str().unwrap().to_owned();
            let filter = format!(
                "{} and fd.cip = {} and fd.cport = {} and fd.sip = {} and fd.sport = {} and fd.l4proto = {} and \
                 fd.is_server = {} and fd.cnet = {} and fd.snet = {}",
                text("filter"),
                text("client_ip"),
                text("client_port"),
                text("server_ip"),
                case["server_port"][0].as_str().unwrap(),
                text("l4proto"),
                case["is_server"],
                text("client_net"),
                text("server_net"),
            );
            assert!(!numbers(trace, &filter, |_| {}).is_empty(), "{filter}");
        }
    });
}

#[test]
fn a_converted_capture_tells_the_same() {
    let Some((folder, list)) = inventory() else { return };
    for name in list.keys() {
        let path = folder.join(name);
        let opened = afterimage_import::open(&path, &mut goes_on).unwrap();
        let lines = told(&Trace::open(&opened.path()).unwrap());
        let bytes = fs::read(&path).unwrap();
        assert_eq!(imported(&bytes, |trace, _| told(trace)), lines, "{name}");
    }
}

/// Everything that a row says, but for what names the trace itself.
fn told(trace: &Trace) -> Vec<String> {
    let context = TraceContext::new(trace, TimeZone::Utc);
    let format = afterimage_query::Format::parse(
        "*%evt.num %evt.rawtime %evt.type %evt.dir %evt.args %proc.pid %proc.cmdline %proc.pname %proc.cwd %fd.num %fd.name \
         %fd.type %user.name %container.id",
    )
    .unwrap();
    let mut lines = Vec::new();
    scan(trace, &context, &Query::default(), |row| {
        lines.extend(format.line(&row, TimeZone::Utc));
        ControlFlow::Continue(())
    });
    lines
}

#[test]
fn options_of_pcapng_and_compression_change_nothing() {
    let Some((folder, _)) = inventory() else { return };
    let plain = fs::read(folder.join("libs/curl_google.scap")).unwrap();
    let commented = fs::read(folder.join("libs/curl_google_comments.scap")).unwrap();
    let lines = imported(&plain, |trace, _| told(trace));
    assert_eq!(lines.len(), 1536);
    assert_eq!(imported(&commented, |trace, _| told(trace)), lines);
}

#[test]
fn what_is_cut_off_anywhere_is_said_and_what_comes_before_is_there() {
    let Some((folder, list)) = inventory() else { return };
    for name in list.keys() {
        let bytes = fs::read(folder.join(name)).unwrap();
        let whole = imported(&bytes, |trace, _| trace.totals().events);
        let step = (bytes.len() / 17).max(1);
        for cut in (40..bytes.len())
            .step_by(step)
            .chain(bytes.len().saturating_sub(5)..bytes.len())
        {
            let (events, report) = imported_or_refused(&bytes[..cut]);
            assert!(events <= whole, "{name} at {cut}");
            if events < whole
                && let Some(report) = report
            {
                // Where a block has just ended, nobody can tell that more should follow.
                let is_between = report.damage.is_empty();
                assert!(
                    is_between || report.damage.iter().any(|damage| damage.is_end),
                    "{name} at {cut}"
                );
            }
        }
    }
}

fn imported_or_refused(bytes: &[u8]) -> (u64, Option<Report>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.scap");
    let create = |header: &_| TraceWriter::create(&path, header, WriterOptions::default());
    match afterimage_import::import(bytes, "capture", create, &mut goes_on) {
        Ok((_, report)) => (Trace::open(&path).unwrap().totals().events, Some(report)),
        Err(error) => {
            assert!(matches!(error, afterimage_import::Error::NotACapture(_)), "{error}");
            (0, None)
        }
    }
}

#[test]
fn nothing_is_left_where_temporary_files_go() {
    let Some((folder, _)) = inventory() else { return };
    let before = count(&std::env::temp_dir());
    let imported = afterimage_import::open(&folder.join("libs/sample.scap"), &mut goes_on).unwrap();
    let trace = Trace::open(&imported.path()).unwrap();
    assert_eq!(count(&std::env::temp_dir()), before);
    drop(imported);
    // The trace is mapped: it does not need its file any more.
    assert_eq!(told(&trace).len(), 572);
}

fn count(folder: &Path) -> usize {
    let names = fs::read_dir(folder).unwrap().flatten();
    names
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(".afterimage-"))
        .count()
}
