//! What a filter finds column by column is what it finds row by row: with every field, on recorded traces.

mod recorded;

use afterimage_format::file::Trace;
use afterimage_query::check::TimeZone;
use afterimage_query::fields::{self, ArgRule, FieldType};
use afterimage_query::row::SegmentRows;
use afterimage_query::{
    EventRow, Filter, Format, Hits, Query, Row, Settings, TraceContext, Value, count, scan, scan_pieces,
};
use recorded::traces;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// Numbers of the events that pass, row by row.
fn one_by_one(trace: &Trace, context: &TraceContext, filter: &Filter) -> Vec<u64> {
    let mut found = Vec::new();
    for at in 0..trace.segment_count() {
        let Ok(segment) = trace.segment(at) else { continue };
        let before = at.checked_sub(1).and_then(|before| trace.entry(before).ok());
        let before = before.map(|entry| entry.zone.time_max as i64);
        let rows = SegmentRows::new(context, segment).behind(before);
        for row in 0..rows.segment().rows() {
            let row = EventRow::new(&rows, row);
            if filter.matches(&row) {
                found.push(row.num());
            }
        }
    }
    found
}

fn by_column(trace: &Trace, context: &TraceContext, filter: &Filter) -> Vec<u64> {
    let query = Query {
        filter: Some(filter),
        ..Query::default()
    };
    let mut found = Vec::new();
    let numbers = |hits: &Hits<'_, '_>| {
        let segment = hits.segment().segment();
        let found: Vec<u64> = hits.rows().iter().map(|row| segment.num(*row as usize)).collect();
        assert_eq!(hits.count(), found.len() as u64);
        found
    };
    let pieces = |hits: &Hits<'_, '_>, piece: &mut dyn FnMut(Vec<u64>)| piece(numbers(hits));
    scan_pieces(trace, context, &query, pieces, |made| {
        found.extend(made);
        ControlFlow::Continue(())
    });
    let mut again = Vec::new();
    scan(trace, context, &query, |row| {
        again.push(row.num());
        ControlFlow::Continue(())
    });
    assert_eq!(found, again);
    found
}

#[track_caller]
fn check(trace: &Trace, context: &TraceContext, text: &str) -> usize {
    let filter = Filter::compile(text, &context.settings()).unwrap_or_else(|error| panic!("{}", error.render(text)));
    let expected = one_by_one(trace, context, &filter);
    assert_eq!(by_column(trace, context, &filter), expected, "{text}");
    expected.len()
}

/// Filters with values that fields have in the trace.
fn with_values(trace: &Trace, context: &TraceContext) -> BTreeSet<String> {
    let mut filters = BTreeSet::new();
    let Ok(segment) = trace.segment(trace.segment_count() / 2) else {
        return filters;
    };
    let rows = SegmentRows::new(context, segment);
    let step = (rows.segment().rows() / 5).max(1);
    for row in (0..rows.segment().rows()).step_by(step) {
        let row = EventRow::new(&rows, row);
        for def in fields::all() {
            let names = match def.arg {
                ArgRule::None => vec![def.name.to_string()],
                ArgRule::MayIndex => vec![def.name.to_string(), format!("{}[1]", def.name)],
                ArgRule::MayKey => vec![def.name.to_string()],
                ArgRule::Key => Vec::new(),
                ArgRule::NameOrIndex => {
                    let params = row.kind().map_or(&[][..], |kind| &kind.params);
                    params
                        .iter()
                        .map(|param| format!("{}.{}", def.name, param.name))
                        .collect()
                }
            };
            for name in names {
                let format = Format::parse(&format!("%{name}")).unwrap();
                let Some((def, arg)) = format.fields().next() else {
                    continue;
                };
                let value = row.value(def.id, arg);
                let Some(value) = value.iter().next() else { continue };
                match (def.ty, value) {
                    (FieldType::Str | FieldType::Bytes, Value::Str(text)) => {
                        let text = String::from_utf8_lossy(text);
                        if text.len() < 200 && text.chars().all(|c| c.is_ascii_graphic() && c != '\'' && c != '\\') {
                            filters.insert(format!("{name} = '{text}'"));
                        }
                    }
                    (_, Value::Int(number)) => drop(filters.insert(format!("{name} <= {number}"))),
                    (_, Value::Uint(number)) => drop(filters.insert(format!("{name} > {number}"))),
                    (_, Value::Ip(address)) => drop(filters.insert(format!("{name} = {address}"))),
                    _ => {}
                }
            }
        }
    }
    filters
}

#[test]
fn every_field_is_found_by_column_as_by_row() {
    let mut found = 0;
    for path in traces() {
        let trace = Trace::open(&path).unwrap();
        let context = TraceContext::new(&trace, TimeZone::Utc);
        for def in fields::all() {
            found += check(&trace, &context, def.example);
            check(&trace, &context, &format!("not {}", def.example));
            if def.arg != ArgRule::Key && def.arg != ArgRule::NameOrIndex {
                check(&trace, &context, &format!("{} exists", def.name));
            }
        }
        let filters = with_values(&trace, &context);
        for filter in &filters {
            found += check(&trace, &context, filter);
        }
    }
    assert!(found > 100_000, "{found} events are few for so many filters");
}

#[test]
fn conditions_together_are_found_by_column_as_by_row() {
    for path in traces() {
        let trace = Trace::open(&path).unwrap();
        let context = TraceContext::new(&trace, TimeZone::Utc);
        for text in [
            "evt.type in (open, openat) and fd.name contains etc",
            "not (evt.type = openat or evt.failed = true) and proc.name exists",
            "evt.args contains etc and not proc.name = sh",
            "(evt.rawres < 0 or evt.rawres > 100) and not (fd.type = file and not evt.is_io = true)",
            "not (not (evt.args contains 1) and fd.num > 2) or evt.cpu = 0",
            "tolower(proc.name) = sh or len(fd.name) > 20",
            "proc.aname contains s and evt.dir = < and evt.buffer contains a",
            "evt.arg.flags contains O_RDONLY or evt.arg.fd exists or evt.arg.res exists",
            "proc.name = val(proc.pname) or fd.num = val(evt.rawres)",
            "evt.num > 5 and evt.num <= 50 and evt.reltime > 1ms",
            "container.id != host or (container.id = host and evt.failed = true)",
            "concat(proc.name, '/', evt.type) = 'sh/execve'",
        ] {
            check(&trace, &context, text);
        }
    }
}

/// Tests of texts in every way, of values that are shown as they are and of others.
fn of_texts() -> impl Iterator<Item = String> {
    let values = ["etc", "z", "f", "<f>/etc", "3", "O_", "nowhere-at-all"];
    let fields = [
        "fd.name",
        "evt.arg.fd",
        "evt.arg.name",
        "evt.arg[0]",
        "evt.arg[1]",
        "evt.arg[2]",
        "evt.arg[3]",
        "proc.name",
        "evt.buffer",
        "evt.args",
    ];
    let tests = |value: &str| {
        [
            format!("= '{value}'"),
            format!("!= '{value}'"),
            format!("contains '{value}'"),
            format!("icontains '{}'", value.to_uppercase()),
            format!("startswith '{value}'"),
            format!("endswith '{value}'"),
            format!("glob '*{value}*'"),
            format!("iglob '{value}?*'"),
            format!("in ('{value}', '/etc/passwd', '0')"),
        ]
    };
    let all = values.into_iter().flat_map(tests);
    // Bytes are not tested in every way.
    let fits =
        |field: &&str, test: &str| *field != "evt.buffer" || !(test.contains("icontains") || test.contains("glob"));
    all.flat_map(move |test| {
        let fields = fields.into_iter().filter(|field| fits(field, &test));
        fields.map(|field| format!("{field} {test}")).collect::<Vec<_>>()
    })
}

#[test]
fn texts_are_found_by_column_as_by_row() {
    let mut found = 0;
    for path in traces()
        .iter()
        .filter(|path| !path.to_string_lossy().contains("rotated"))
    {
        let trace = Trace::open(path).unwrap();
        let context = TraceContext::new(&trace, TimeZone::Utc);
        for text in of_texts() {
            found += check(&trace, &context, &text);
        }
    }
    assert!(found > 1000, "{found} events are few for so many filters");
}

#[test]
fn a_span_of_time_cuts_segments() {
    for path in traces() {
        let trace = Trace::open(&path).unwrap();
        let context = TraceContext::new(&trace, TimeZone::Utc);
        let third = (context.last() - context.first()) / 3;
        let (from, to) = (context.first() + third, context.last() - third);
        let query = Query {
            from: Some(from),
            to: Some(to),
            ..Query::default()
        };
        let count = count(&trace, &context, &query).matched;
        let text = format!("evt.rawtime >= {from} and evt.rawtime <= {to}");
        let filter = Filter::compile(&text, &Settings::default()).unwrap();
        assert_eq!(count, one_by_one(&trace, &context, &filter).len() as u64, "{path:?}");
    }
}
