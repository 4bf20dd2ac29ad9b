//! `analyze why`

use crate::input::{Input, Zone};
use crate::json;
use crate::output::{rfc3339, stdout};
use crate::status::{Status, Usage};
use afterimage_query::Position;
use afterimage_query::output::{escaped, time};
use afterimage_query::reconstruct::why::{Object, Step, Why, WhyError, why};
use anyhow::Result;
use serde::Serialize;
use std::io::Write as _;
use std::path::PathBuf;

/// Say why an event happened: the processes, files and connections that led to it, back to the entry
#[derive(clap::Args)]
#[command(
    after_help = "From the event backwards in time: what its process had read and executed before, who wrote those \
    files and what these had read, who started it, and so on, up to the request that a server took and the beginning of the \
    container. What is only likely stands in brackets, with the reason.\n\n\
    Keys of --json: step, explains (the step that it led to; null for the event), time, kind, event (its number), pid, tid, \
    process, command, uid, path, connection, text, doubt; null where not known.\n\n\
    Examples:\n  \
    analyze why t.scap 17          what led to event 17\n  \
    analyze why t.scap 17 --json   for scripts\n  \
    analyze query t.scap -f 'evt.type = connect' -n 1 -p '%evt.num'   finds the number of an event"
)]
pub(crate) struct Args {
    /// Trace
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Number of the event, as `evt.num` has it
    #[arg(value_name = "EVENT")]
    event: u64,
    /// One JSON object for each step
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    zone: Zone,
}

#[derive(Serialize)]
struct Line<'s> {
    step: usize,
    explains: Option<usize>,
    time: Option<String>,
    kind: &'static str,
    event: Option<u64>,
    pid: Option<u32>,
    tid: Option<u32>,
    process: Option<String>,
    command: Option<&'s str>,
    uid: Option<u32>,
    path: Option<String>,
    connection: Option<String>,
    text: &'s str,
    doubt: Option<&'s str>,
}

pub(crate) fn run(args: &Args) -> Result<Status> {
    let zone = args.zone.get();
    let input = Input::open(&args.file, zone)?;
    let position = Position::of(&input.trace, args.event).ok_or_else(|| no_event(&input, args.event))?;
    let answer = why(&input.trace, &input.context, position, &|| false);
    let answer = answer.map_err(|error| match error {
        WhyError::Damage(damage) => anyhow::anyhow!(escaped(damage.to_string().as_bytes())),
        error => Usage(format!("event {}: {error}", args.event)).into(),
    })?;
    let mut out = stdout();
    if args.json {
        for (at, step) in answer.steps.iter().enumerate() {
            json::write_line(&mut out, &object(at, step))?;
        }
    } else {
        for (at, depth) in answer.tree() {
            let step = &answer.steps[at];
            let clock = match i64::try_from(step.time) {
                Ok(0) | Err(_) => "-".to_owned(),
                Ok(at) => time::short_clock(at, zone),
            };
            let event = step.event.map_or("-".to_owned(), |event| event.number.to_string());
            let doubt = step
                .doubt
                .as_ref()
                .map_or(String::new(), |doubt| format!("  [{doubt}]"));
            let (kind, text) = (step.kind.name(), &step.text);
            let indent = "  ".repeat(depth.min(24));
            writeln!(out, "{clock:<18} {event:>7}  {indent}{kind:<10} {text}{doubt}")?;
        }
    }
    out.flush()?;
    said(&answer);
    Ok(input.warn(&answer.losses, &answer.damage))
}

fn said(answer: &Why) {
    if answer.left_out > 0 {
        let count = answer.left_out;
        eprintln!("analyze: {count} more processes, files or connections could have led to it and are not shown");
    }
}

fn no_event(input: &Input, event: u64) -> anyhow::Error {
    let known = match input.numbers() {
        Some((first, last)) => format!("it has {first} to {last}"),
        None => "it has none".to_owned(),
    };
    Usage(format!("there is no event {event} in this trace; {known}")).into()
}

fn object(at: usize, step: &Step) -> Line<'_> {
    let subject = step.subject.as_ref();
    Line {
        step: at,
        explains: step.parent,
        time: rfc3339(step.time),
        kind: step.kind.name(),
        event: step.event.map(|event| event.number),
        pid: subject.map(|subject| subject.pid),
        tid: subject.map(|subject| subject.tid),
        process: subject.map(|subject| json::text(&subject.name)),
        command: subject.map(|subject| subject.command.as_str()),
        uid: subject.map(|subject| subject.uid).filter(|uid| *uid != u32::MAX),
        path: match &step.object {
            Object::File(path) => Some(json::text(path)),
            _ => None,
        },
        connection: match &step.object {
            Object::Connection { name, .. } => Some(json::text(name)),
            _ => None,
        },
        text: &step.text,
        doubt: step.doubt.as_deref(),
    }
}
