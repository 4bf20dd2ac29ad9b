//! Groups are what counting row by row gives; a copied trace says what the original says; fast lines are the slow ones.

mod recorded;

use afterimage_format::file::{Trace, TraceWriter, WriterOptions, verify};
use afterimage_format::model::{CustodyEntry, action};
use afterimage_query::aggregate::{Grouping, Groups, Measure, Total, group};
use afterimage_query::check::TimeZone;
use afterimage_query::output::{DEFAULT_FORMAT, LineWriter, shown};
use afterimage_query::{Filter, Format, Hits, Query, Row, TraceContext, Value, copy, count, scan, scan_fold};
use recorded::traces;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

type Counted = BTreeMap<(i64, Vec<Option<String>>), (i128, i128)>;

fn grouped(trace: &Trace, context: &TraceContext, grouping: &Grouping, filter: Option<&Filter>) -> Counted {
    let query = Query {
        filter,
        ..Query::default()
    };
    let mut all = Groups::default();
    let of_segment = |hits: &Hits<'_, '_>, groups: &mut Groups| group(hits, grouping, TimeZone::Utc, groups);
    let (made, outcome) = scan_fold(trace, context, &query, Groups::default, of_segment);
    made.into_iter().for_each(|made| all.merge(made));
    assert_eq!(outcome.matched, count(trace, context, &query).matched);
    let (groups, rest) = all.sorted(None);
    assert!(rest.is_none());
    let number = |total: &Total| total.shown().unwrap().parse().unwrap();
    let groups = groups.iter().map(|(key, totals)| {
        let values = key.values.iter().map(|value| value.as_deref().map(str::to_owned));
        ((key.time, values.collect()), (number(&totals[0]), number(&totals[1])))
    });
    groups.collect()
}

fn number(value: &Value<'_>) -> i128 {
    match value {
        Value::Int(number) => i128::from(*number),
        Value::Uint(number) => i128::from(*number),
        other => panic!("{other:?} is no number"),
    }
}

fn one_by_one(trace: &Trace, context: &TraceContext, grouping: &Grouping, filter: Option<&Filter>) -> Counted {
    let query = Query {
        filter,
        ..Query::default()
    };
    let mut counted = Counted::new();
    scan(trace, context, &query, |row| {
        let values = grouping.keys.iter();
        let values = values.map(|(def, arg)| shown(def.id, &row.value(def.id, arg), TimeZone::Utc));
        let time = grouping.every.map_or(0, |every| row.time().div_euclid(every) * every);
        let slot = counted.entry((time, values.collect())).or_default();
        let (def, arg) = grouping.measures[0].field().unwrap();
        let value = row.value(def.id, arg);
        slot.0 += value.iter().map(number).sum::<i128>();
        slot.1 += 1;
        ControlFlow::Continue(())
    });
    counted
}

#[test]
fn groups_are_what_counting_row_by_row_gives() {
    let mut found = 0;
    for path in traces() {
        let trace = Trace::open(&path).unwrap();
        let context = TraceContext::new(&trace, TimeZone::Utc);
        for (keys, every, sum, filter) in [
            ("%evt.type", None, "evt.buflen", ""),
            ("%fd.name", None, "evt.buflen", "fd.type = file"),
            ("%proc.name%evt.type", None, "evt.rawres", "evt.failed = false"),
            ("%proc.name%fd.name", None, "evt.buflen", "evt.is_io = true"),
            ("%evt.category%fd.type", None, "evt.rawres", ""),
            ("%evt.res%proc.pid", None, "evt.latency", ""),
            ("%fd.num%container.id", None, "fd.num", "fd.num >= 0"),
            ("%evt.cpu", Some(1_000_000), "evt.buflen", ""),
            (
                "%fd.name%fd.l4proto%proc.aname[1]",
                None,
                "evt.buflen",
                "not fd.name exists or evt.rawres > 3",
            ),
            ("", Some(1_000_000_000), "evt.rawres", ""),
        ] {
            let field = |name: &str| Format::field(name).unwrap();
            let grouping = Grouping {
                keys: keys.split('%').filter(|name| !name.is_empty()).map(field).collect(),
                every,
                measures: vec![Measure::Sum(field(sum).0, field(sum).1), Measure::Count],
            };
            let filter = (!filter.is_empty()).then(|| Filter::compile(filter, &context.settings()).unwrap());
            let got = grouped(&trace, &context, &grouping, filter.as_ref());
            assert_eq!(
                got,
                one_by_one(&trace, &context, &grouping, filter.as_ref()),
                "{path:?} {keys}"
            );
            found += got.len();
        }
    }
    assert!(found > 100, "{found}");
}

#[test]
fn a_copy_says_what_the_original_says() {
    let dir = tempfile::tempdir().unwrap();
    let format = Format::parse(
        "*%evt.time %evt.cpu %proc.cmdline %proc.aname[1] %thread.tid %evt.dir %evt.type %evt.args %evt.res %fd.name \
         %fd.type %container.id %container.name %evt.latency %proc.exepath %proc.cwd %user.uid",
    )
    .unwrap();
    for (at, path) in traces().iter().enumerate() {
        let trace = Trace::open(path).unwrap();
        let context = TraceContext::new(&trace, TimeZone::Utc);
        for (number, text) in ["evt.num >= 0", "evt.rawres >= 0 and proc.name exists", "evt.num = 0"]
            .iter()
            .enumerate()
        {
            let filter = Filter::compile(text, &context.settings()).unwrap();
            let query = Query {
                filter: Some(&filter),
                ..Query::default()
            };
            let lines = |trace: &Trace, context: &TraceContext, query: &Query<'_>| {
                let mut lines = Vec::new();
                scan(trace, context, query, |row| {
                    lines.push(format.line(&row, TimeZone::Utc).unwrap());
                    ControlFlow::Continue(())
                });
                lines
            };
            let out = dir.path().join(format!("{at}-{number}.scap"));
            let writer = TraceWriter::create(&out, trace.header(), WriterOptions::default()).unwrap();
            let entry = CustodyEntry::now(action::FILTERED, "test");
            let (outcome, _) = copy(&trace, &context, &query, writer, &entry).unwrap();
            assert!(verify(&out, &[]).unwrap().is_intact());
            let copied = Trace::open(&out).unwrap();
            let copied_context = TraceContext::new(&copied, TimeZone::Utc);
            let expected = lines(&trace, &context, &query);
            assert_eq!(outcome.matched, expected.len() as u64);
            assert_eq!(
                lines(&copied, &copied_context, &Query::default()),
                expected,
                "{path:?} {text}"
            );
            assert_eq!(copied.custody().len(), trace.custody().len() + 1);
            assert_eq!(copied.custody().last().unwrap().action, action::FILTERED);
            let events: u64 = copied.containers().iter().map(|container| container.events).sum();
            assert!(events <= outcome.matched);
        }
    }
}

#[test]
fn fast_lines_are_the_slow_ones() {
    for path in traces() {
        let trace = Trace::open(&path).unwrap();
        let context = TraceContext::new(&trace, TimeZone::Utc);
        for text in [
            DEFAULT_FORMAT,
            "%evt.time %proc.name %thread.tid %evt.args",
            "*%evt.num %fd.name",
            "%fd.sip",
        ] {
            let format = Format::parse(text).unwrap();
            let mut writer = LineWriter::default();
            scan(&trace, &context, &Query::default(), |row| {
                for zone in [TimeZone::Utc, TimeZone::Local] {
                    let mut out = Vec::new();
                    let written = writer.line(&format, &row, zone, &mut out);
                    let fast = written.then(|| String::from_utf8(out).unwrap());
                    assert_eq!(fast, format.line(&row, zone));
                }
                ControlFlow::Continue(())
            });
        }
    }
}
