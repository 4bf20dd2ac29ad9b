//! `analyze info`

use super::containers;
use super::custody::{self, Custody};
use crate::input::{Input, Zone};
use crate::json;
use crate::output::{counted, hex, rfc3339, shown_path, shown_time, stdout, zone_name};
use crate::status::Status;
use afterimage_format::file::FORMAT_VERSION;
use afterimage_format::model::Loss;
use afterimage_query::output::escaped;
use afterimage_query::reconstruct::{duration, size};
use afterimage_query::{Losses, losses};
use anyhow::Result;
use serde::{Serialize, Serializer};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Say what is in a trace: span, events, containers, losses, integrity
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Trace
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// One JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    zone: Zone,
}

impl Args {
    /// The plain question about a file.
    pub(crate) fn of(file: &Path) -> Args {
        Args {
            file: file.to_owned(),
            json: false,
            zone: Zone::default(),
        }
    }
}

#[derive(Serialize)]
struct Object {
    format_version: u32,
    capture_id: String,
    host: String,
    kernel: String,
    arch: String,
    cpus: u32,
    recorder: String,
    scope: String,
    snaplen: u32,
    start: Option<String>,
    end: Option<String>,
    events: u64,
    segments: usize,
    bytes: u64,
    losses: LossCount,
    containers: Vec<containers::Object>,
    sealed: bool,
    complete: bool,
    signed: bool,
    signers: Vec<String>,
    encrypted: bool,
    root: Option<String>,
    file_number: u32,
    previous: Option<String>,
    next: Option<String>,
    attachments: usize,
    custody: Vec<Custody>,
    damage: Vec<String>,
    degraded: Vec<String>,
    #[serde(serialize_with = "as_object")]
    tags: Vec<(String, String)>,
    profile: Option<String>,
    filter: Option<String>,
    redactions: Vec<String>,
}

#[derive(Serialize)]
struct LossCount {
    events: u64,
    records: usize,
}

/// Tags in the order given. A key that was given twice keeps its last value, as JSON readers do.
fn as_object<S: Serializer>(tags: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(tags.iter().map(|(key, value)| (key, value)))
}

/// What is asked of the trace once.
struct Facts {
    losses: Losses,
    start: u64,
    end: u64,
    events: u64,
    damage: Vec<String>,
    complete: bool,
}

pub(crate) fn run(args: &Args) -> Result<Status> {
    let input = Input::open(&args.file, args.zone.get())?;
    let facts = facts(&input);
    let mut out = stdout();
    if args.json {
        json::write_line(&mut out, &object(&input, &facts))?;
    } else {
        write_page(&mut out, &input, &facts)?;
    }
    out.flush()?;
    Ok(Status::incomplete(!facts.complete))
}

fn facts(input: &Input) -> Facts {
    let trace = &input.trace;
    let losses = losses(trace, None, None);
    let of_file: Vec<String> = trace.damage().iter().map(ToString::to_string).collect();
    let damage: Vec<String> = of_file
        .into_iter()
        .chain(losses.damage.iter().map(ToString::to_string))
        .collect();
    let time = |time: i64| u64::try_from(time).unwrap_or(0);
    let (first, last) = (time(input.context.first()), time(input.context.last()));
    let began = trace.header().clock.realtime;
    let sealed = trace.summary().map_or(0, |summary| summary.end);
    // A quiet trace begins and ends with its recording, not with its events.
    let start = if began == 0 || first != 0 && first < began {
        first
    } else {
        began
    };
    Facts {
        start,
        end: last.max(sealed).max(start),
        events: trace.totals().events,
        complete: trace.summary().is_some() && damage.is_empty() && losses.records.is_empty(),
        damage,
        losses,
    }
}

fn object(input: &Input, facts: &Facts) -> Object {
    let (trace, header) = (&input.trace, input.trace.header());
    Object {
        format_version: FORMAT_VERSION,
        capture_id: header.capture_uuid(),
        host: header.host.hostname.clone(),
        kernel: header.host.kernel.clone(),
        arch: header.host.arch.clone(),
        cpus: header.host.cpus,
        recorder: header.recorder.clone(),
        scope: header.scope.clone(),
        snaplen: header.snaplen,
        start: rfc3339(facts.start),
        end: rfc3339(facts.end),
        events: facts.events,
        segments: trace.segment_count(),
        bytes: trace.bytes(),
        losses: LossCount {
            events: facts.losses.events(),
            records: facts.losses.records.len(),
        },
        containers: trace.containers().iter().map(containers::Object::of).collect(),
        sealed: trace.summary().is_some(),
        complete: facts.complete,
        signed: trace.signatures().iter().any(|signer| signer.valid),
        signers: trace
            .signatures()
            .iter()
            .map(|signer| signer.fingerprint.clone())
            .collect(),
        encrypted: trace.is_encrypted(),
        root: trace.root().map(|root| hex(&root)),
        file_number: header.series.number,
        previous: Some(header.series.previous_name.clone()).filter(|name| !name.is_empty()),
        next: trace
            .summary()
            .map(|summary| summary.next_name.clone())
            .filter(|name| !name.is_empty()),
        attachments: trace.attachments().len(),
        custody: trace.custody().iter().map(Custody::of).collect(),
        damage: facts.damage.clone(),
        degraded: header.degraded.clone(),
        tags: header.tags.clone(),
        profile: Some(header.profile.clone()).filter(|profile| !profile.is_empty()),
        filter: Some(header.filter.clone()).filter(|filter| !filter.is_empty()),
        redactions: header.redactions.clone(),
    }
}

fn write_page(out: &mut impl Write, input: &Input, facts: &Facts) -> io::Result<()> {
    let (trace, header, zone) = (&input.trace, input.trace.header(), input.context.zone());
    let text = |text: &str| escaped(text.as_bytes());
    let mut line = |name: &str, value: String| writeln!(out, "{name:<10}  {value}");
    let verdict = if facts.complete {
        "complete"
    } else {
        "INCOMPLETE, see below"
    };
    line("trace", format!("{} ({verdict})", shown_path(&input.path)))?;
    line(
        "capture",
        format!("{}, format version {FORMAT_VERSION}", header.capture_uuid()),
    )?;
    let host = &header.host;
    line(
        "host",
        format!(
            "{}, Linux {} {}, {} CPUs",
            text(&host.hostname),
            text(&host.kernel),
            text(&host.arch),
            host.cpus
        ),
    )?;
    line(
        "recorder",
        format!(
            "{}, payload up to {} bytes a call",
            text(&header.recorder),
            header.snaplen
        ),
    )?;
    line("scope", text(&header.scope))?;
    for (name, value) in [("profile", &header.profile), ("filter", &header.filter)] {
        if !value.is_empty() {
            line(name, text(value))?;
        }
    }
    let span = duration(facts.end.saturating_sub(facts.start));
    let (start, end) = (shown_time(facts.start, zone), shown_time(facts.end, zone));
    line("span", format!("{start} to {end} {} ({span})", zone_name(zone)))?;
    line("events", facts.events.to_string())?;
    let a_event = if facts.events > 0 {
        format!(", {:.1} bytes an event", trace.bytes() as f64 / facts.events as f64)
    } else {
        String::new()
    };
    line(
        "size",
        format!(
            "{} in {}{a_event}",
            size(trace.bytes()),
            counted(trace.segment_count() as u64, "segment")
        ),
    )?;
    let sealed = match trace.summary() {
        Some(summary) => format!("yes, at {}: {}", shown_time(summary.end, zone), text(&summary.reason)),
        None => "NO: the recorder did not end as it should; what came last may be missing".to_string(),
    };
    line("sealed", sealed)?;
    match trace.signatures() {
        [] => line("signed", "no".to_string())?,
        signers => {
            for signer in signers {
                let validity = if signer.valid { "" } else { ", NOT VALID" };
                let said = format!("{} ({}){validity}", signer.fingerprint, text(&signer.comment));
                line(
                    "signed",
                    format!("by {said}; `analyze verify` checks the file against it"),
                )?;
            }
        }
    }
    if trace.is_encrypted() {
        line("encrypted", "yes".to_string())?;
    }
    let series = &header.series;
    let next = trace.summary().map_or("", |summary| summary.next_name.as_str());
    if !series.previous_name.is_empty() || !next.is_empty() {
        let neighbour = |name: &str| {
            if name.is_empty() {
                "none".to_string()
            } else {
                text(name)
            }
        };
        let (before, after) = (neighbour(&series.previous_name), neighbour(next));
        line(
            "series",
            format!("file {}; before it {before}, after it {after}", series.number),
        )?;
    }
    for entry in trace.custody() {
        line("custody", custody::shown(entry, zone))?;
    }
    for attachment in trace.attachments() {
        line(
            "attached",
            format!("{} ({})", text(&attachment.name), size(attachment.size)),
        )?;
    }
    for (key, value) in &header.tags {
        line("tag", format!("{} = {}", text(key), text(value)))?;
    }
    for rule in &header.redactions {
        line("redacted", text(rule))?;
    }
    for note in &header.degraded {
        line("degraded", text(note))?;
    }
    match facts.losses.records.as_slice() {
        [] => line("losses", "none".to_string())?,
        _ => line("losses", format!("{} LOST:", counted(facts.losses.events(), "EVENT")))?,
    }
    for loss in facts.losses.records.iter().take(SHOWN_LOSSES) {
        line("", shown_loss(loss, input))?;
    }
    if facts.losses.records.len() > SHOWN_LOSSES {
        line(
            "",
            format!("and {} more records", facts.losses.records.len() - SHOWN_LOSSES),
        )?;
    }
    for damage in &facts.damage {
        line("DAMAGE", text(damage))?;
    }
    let containers = trace.containers();
    if !containers.is_empty() {
        writeln!(out)?;
        for line in containers::lines(&containers, zone) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

const SHOWN_LOSSES: usize = 12;

/// Cause, CPU, number and time of a loss.
pub(crate) fn shown_loss(loss: &Loss, input: &Input) -> String {
    let zone = input.context.zone();
    let cpu = loss.cpu.map_or(String::new(), |cpu| format!(" on CPU {cpu}"));
    let (from, to) = (shown_time(loss.from, zone), shown_time(loss.to, zone));
    format!(
        "{}{cpu} between {from} and {to}: {}",
        counted(loss.events, "event"),
        loss.cause.name()
    )
}
