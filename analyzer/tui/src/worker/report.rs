//! Bookmarks and notes as a report in Markdown, with what the trace is.

use super::export::Sources;
use super::job::Segments;
use super::reader::Reader;
use super::target::shown;
use super::tell::line;
use super::{Opened, text};
use crate::state::{About, Export, Mark, Position};
use afterimage_query::fields::{ContainerField, EvtField, FieldArg, FieldId, ProcField, UserField};
use afterimage_query::output::{DEFAULT_FORMAT, escaped, time};
use afterimage_query::scan::{Outcome, scan_several};
use afterimage_query::{EventRow, Filter, Query, losses};
use std::fmt::Write as _;
use std::ops::ControlFlow;

/// Bytes of a value.
const LIMIT: usize = 1024;

/// What is said of a mark.
struct Entry<'e> {
    mark: &'e Mark,
    time: Option<i64>,
    /// The line of the event, or of the first one of several.
    line: Option<String>,
    /// Names and values below it.
    facts: Vec<(&'static str, String)>,
}

/// The report, and what reading for it came to, as long as `go_on`.
pub(super) fn write(
    opened: &Opened,
    export: &Export,
    sources: &Sources,
    segments: &Segments,
    go_on: &mut dyn FnMut() -> bool,
) -> (String, Outcome) {
    let mut reader = Reader::new(opened);
    let (mut entries, outcome) = selections(opened, export, segments, (&mut reader, go_on));
    entries.extend(export.marks.iter().filter_map(|mark| match mark.about {
        About::Event(number) => Some(event(opened, mark, number, &mut reader)),
        About::Events(..) => None,
    }));
    entries.sort_by_key(|entry| (entry.time.is_none(), entry.time));
    let mut out = String::new();
    let _ = head(&mut out, opened, sources);
    for (at, entry) in entries.iter().enumerate() {
        let _ = section(&mut out, opened, at + 1, entry);
    }
    if entries.is_empty() {
        out.push_str("\nNothing was marked.\n");
    }
    (out, outcome)
}

/// What the trace is, as a table.
fn head(out: &mut String, opened: &Opened, sources: &Sources) -> std::fmt::Result {
    let trace = opened.trace();
    let info = opened.info();
    let name = sources
        .given
        .file_name()
        .map_or_else(String::new, |name| shown(name.as_ref()));
    writeln!(out, "# Notes on {}\n", inline(&name))?;
    writeln!(out, "| | |\n|---|---|")?;
    let mut row = |name: &str, value: &str| writeln!(out, "| {name} | {} |", inline(value));
    row("file", &shown(&sources.given))?;
    row(
        "root hash",
        info.key.root.as_deref().unwrap_or("none: the trace is not sealed"),
    )?;
    row("recording", &info.key.capture)?;
    row("host", &info.host)?;
    row("recorded", &info.span)?;
    row("events", &info.rows.len().to_string())?;
    row("integrity", &integrity(opened))?;
    let lost = match info.lost {
        0 => "nothing".to_owned(),
        lost => format!("{lost} events"),
    };
    row("lost while recording", &lost)?;
    for loss in losses(trace, None, None).records {
        let when = |time: u64| info.clock(i64::try_from(time).unwrap_or(i64::MAX));
        row(
            "",
            &format!("{} from {} to {}", loss.events, when(loss.from), when(loss.to)),
        )?;
    }
    row("written by", concat!("afterimage analyze ", env!("CARGO_PKG_VERSION")))
}

/// What is known of the trace without reading all of it.
fn integrity(opened: &Opened) -> String {
    let trace = opened.trace();
    let mut parts = vec![match trace.summary() {
        Some(_) => "sealed".to_owned(),
        None => "not sealed: recording did not come to its end, or goes on".to_owned(),
    }];
    let (valid, invalid): (Vec<_>, Vec<_>) = trace.signatures().iter().partition(|check| check.valid);
    if !valid.is_empty() {
        parts.push(format!("{} valid signatures of the root", valid.len()));
    }
    if !invalid.is_empty() {
        parts.push(format!("{} SIGNATURES THAT ARE NOT VALID", invalid.len()));
    }
    for damage in trace.damage() {
        parts.push(format!("DAMAGED: {}", escaped(damage.to_string().as_bytes())));
    }
    parts.push("`analyze verify` checks every byte".to_owned());
    parts.join("; ")
}

/// What is said of marked selections, each read from the trace: how many events, and the first one.
fn selections<'e>(
    opened: &Opened,
    export: &'e Export,
    segments: &Segments,
    (reader, go_on): (&mut Reader<'_>, &mut dyn FnMut() -> bool),
) -> (Vec<Entry<'e>>, Outcome) {
    let settings = opened.context().settings();
    let mut entries = Vec::new();
    let mut compiled = Vec::new();
    for mark in &export.marks {
        let About::Events(filter, span) = &mark.about else {
            continue;
        };
        let mut facts = vec![("filter", filter.clone())];
        if let Some((from, to)) = span {
            let zone = opened.context().zone();
            facts.push(("from", time::date_time(*from, zone)));
            facts.push(("to", time::date_time(*to, zone)));
        }
        let filter = match filter.as_str() {
            "" => Some(None),
            text => match Filter::compile(text, &settings) {
                Ok(filter) => Some(Some(filter)),
                Err(error) => {
                    facts.push(("not found", format!("the filter is wrong: {}", error.message)));
                    None
                }
            },
        };
        if let Some(filter) = filter {
            compiled.push((entries.len(), filter, *span));
        }
        entries.push(Entry {
            mark,
            time: mark.time,
            line: None,
            facts,
        });
    }
    let queries: Vec<Query<'_>> = compiled
        .iter()
        .map(|(_, filter, span)| Query {
            filter: filter.as_ref(),
            from: span.map(|(from, _)| from),
            to: span.map(|(_, to)| to),
            limit: None,
            progress: Some(segments),
        })
        .collect();
    if queries.is_empty() {
        return (entries, Outcome::default());
    }
    let mut found: Vec<(u64, Option<Position>)> = vec![(0, None); queries.len()];
    let outcome = scan_several(
        opened.trace(),
        opened.context(),
        &queries,
        |segment| {
            let of = segment.hits().iter().map(|(number, hits)| {
                let place = opened.segment_of(EventRow::new(hits.segment(), 0).num());
                let first = hits.rows().first().zip(place);
                let first = first.map(|(row, segment)| Position { segment, row: *row });
                (*number, hits.count(), first)
            });
            of.collect::<Vec<_>>()
        },
        |made| {
            for (number, count, first) in made.value {
                if let Some(known) = found.get_mut(number) {
                    known.0 += count;
                    known.1 = known.1.or(first);
                }
            }
            match go_on() {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        },
    );
    for ((at, ..), (count, first)) in compiled.iter().zip(found) {
        let Some(entry) = entries.get_mut(*at) else { continue };
        entry.facts.push(("events", count.to_string()));
        if let Some(first) = first {
            let read = reader.event(first, |row| (row.time(), line(row, DEFAULT_FORMAT, opened)));
            if let Ok((time, line)) = read {
                (entry.time, entry.line) = (Some(time), Some(line));
            }
        }
    }
    (entries, outcome)
}

/// What is said of a marked event.
fn event<'e>(opened: &Opened, mark: &'e Mark, number: u64, reader: &mut Reader<'_>) -> Entry<'e> {
    let mut entry = Entry {
        mark,
        time: mark.time,
        line: None,
        facts: Vec::new(),
    };
    let Some(position) = opened.info().position_of(number) else {
        entry
            .facts
            .push(("not found", format!("the trace has no event {number}")));
        return entry;
    };
    let read = reader.event(position, |row| {
        let field = |id| text::field(row, id, &FieldArg::None, LIMIT, opened);
        let mut facts = Vec::new();
        let mut fact = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
        fact("time", field(FieldId::Evt(EvtField::Time)));
        fact("process", field(FieldId::Proc(ProcField::Cmdline)));
        fact("pid", field(FieldId::Proc(ProcField::Pid)));
        fact("parent", field(FieldId::Proc(ProcField::Pname)));
        fact("user", field(FieldId::User(UserField::Name)));
        fact("container", field(FieldId::Container(ContainerField::Id)));
        fact("container name", field(FieldId::Container(ContainerField::Name)));
        fact("image", field(FieldId::Container(ContainerField::Image)));
        (row.time(), line(row, DEFAULT_FORMAT, opened), facts)
    });
    match read {
        Ok((time, line, facts)) => {
            (entry.time, entry.line, entry.facts) = (Some(time), Some(line), facts);
        }
        Err(error) => entry.facts.push(("unreadable", text::cut(error.as_bytes(), LIMIT))),
    }
    entry
}

/// A mark, with what is said of it.
fn section(out: &mut String, opened: &Opened, number: usize, entry: &Entry<'_>) -> std::fmt::Result {
    let clock = entry.time.map_or("at no time".into(), |time| opened.clock(time));
    let what = match entry.mark.about {
        About::Event(number) => format!("event {number}"),
        About::Events(..) => entry.mark.text.clone(),
    };
    writeln!(out, "\n## {number}. {clock}, {}\n", inline(&what))?;
    if !entry.mark.note.is_empty() {
        writeln!(out, "{}\n", inline(&entry.mark.note))?;
    }
    if let Some(line) = &entry.line {
        // Indented: whatever stands in it is text, and it is one line.
        writeln!(out, "    {line}\n")?;
    }
    for (name, value) in &entry.facts {
        writeln!(out, "- {name}: {}", inline(value))?;
    }
    Ok(())
}

/// Text that Markdown takes for text: whoever is recorded chooses names.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' | '$' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            // Addresses do not become links.
            '@' => out.push_str("&#64;"),
            c => out.push(c),
        }
    }
    let out = out.replace("://", "&#58;//").replace("www.", "www&#46;");
    // Neither a list nor a heading begins a line.
    let behind = out.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = behind.len() < out.len() && behind.starts_with(['.', ')']);
    match out.starts_with(['-', '+', '=']) || numbered {
        true => format!("&#8203;{out}"),
        false => out,
    }
}

#[cfg(test)]
mod tests {
    use super::inline;

    #[test]
    fn captured_text_stays_text() {
        for (text, expected) in [
            ("plain text", "plain text"),
            ("<script>", "&lt;script&gt;"),
            ("[x](http://y)", "\\[x\\](http&#58;//y)"),
            ("a | b", "a \\| b"),
            ("`rm`", "\\`rm\\`"),
            ("- item", "&#8203;- item"),
            ("1. item", "&#8203;1. item"),
            ("10:00:00.5", "10:00:00.5"),
        ] {
            assert_eq!(inline(text), expected);
        }
    }
}
