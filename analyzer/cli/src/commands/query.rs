//! `analyze query`

use crate::input::{Input, Span, Zone, any_trace, filter};
use crate::output::stdout;
use crate::status::{Status, Usage};
use afterimage_query::output::{DEFAULT_FORMAT, DEFAULT_JSON_FIELDS, JsonFields};
use afterimage_query::{Format, Query, scan, scan_segments};
use anyhow::Result;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Show the events that pass a filter
#[derive(clap::Args)]
#[command(after_help = "Several files are read one after the other, in the order given.\n\n\
    Examples:\n  \
    analyze query t.scap -f 'evt.type = execve' -p '%evt.time %proc.pname -> %proc.cmdline'\n  \
    analyze query t.scap -f 'fd.name = /etc/shadow' --json\n  \
    analyze query t.scap -f 'container.id = web and evt.failed = true' --count\n  \
    analyze query t.scap --from -10s -n 50")]
pub(crate) struct Args {
    /// Traces
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Only events that pass, as in `proc.name = sh and evt.type in (open, openat)`; see `analyze fields`
    #[arg(short, long, value_name = "EXPR", allow_hyphen_values = true)]
    filter: Option<String>,
    /// How a line looks: text with fields such as %proc.name; a leading * shows lines with missing fields, too. `c` and
    /// `k` are the usual line with the container or the pod
    #[arg(short = 'p', long = "print", value_name = "FORMAT")]
    format: Option<String>,
    /// One JSON object a line: the usual fields, or those of -p
    #[arg(long, conflicts_with = "count")]
    json: bool,
    /// Only how many
    #[arg(long, conflicts_with = "format")]
    count: bool,
    #[command(flatten)]
    span: Span,
    /// At most so many events
    #[arg(short = 'n', long = "limit", value_name = "N")]
    limit: Option<u64>,
    #[command(flatten)]
    zone: Zone,
}

const WITH_CONTAINER: &str = "*%evt.num %evt.outputtime %evt.cpu %container.name (%container.id) %proc.name \
    (%thread.tid:%thread.vtid) %evt.dir %evt.type %evt.info";
const WITH_POD: &str = "*%evt.num %evt.outputtime %evt.cpu %k8s.pod.name (%container.id) %proc.name \
    (%thread.tid:%thread.vtid) %evt.dir %evt.type %evt.info";

/// What is done with an event.
enum Show {
    Line(Format),
    Json(JsonFields),
    Count,
}

pub(crate) fn run(args: &Args) -> Result<Status> {
    let zone = args.zone.get();
    let show = show(args)?;
    // A filter that is wrong is wrong for every file: that is said before any is opened.
    if let Some(text) = &args.filter {
        filter(text, &any_trace(zone))?;
    }
    let mut out = stdout();
    let mut status = Status::Done;
    let mut matched = 0;
    for file in &args.files {
        let input = Input::open(file, zone)?;
        let settings = input.context.settings();
        let (from, to) = args.span.resolve(&settings)?;
        let filter = args.filter.as_ref().map(|text| filter(text, &settings)).transpose()?;
        let limit = args.limit.map(|limit| limit.saturating_sub(matched));
        let query = Query {
            filter: filter.as_ref(),
            from,
            to,
            limit,
        };
        if matches!(show, Show::Count) {
            let outcome = scan_segments(
                &input.trace,
                &input.context,
                &query,
                |_| (),
                |_| ControlFlow::Continue(()),
            );
            matched += outcome.matched;
            status = status.max(input.warn(&outcome.losses, &outcome.damage));
            continue;
        }
        let mut written: io::Result<()> = Ok(());
        let outcome = scan(&input.trace, &input.context, &query, |row| {
            written = match &show {
                Show::Line(format) => format.line(&row, zone).map_or(Ok(()), |line| writeln!(out, "{line}")),
                Show::Json(fields) => writeln!(out, "{}", fields.object(&row)),
                Show::Count => Ok(()),
            };
            if written.is_err() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        written?;
        out.flush()?;
        matched += outcome.matched;
        status = status.max(input.warn(&outcome.losses, &outcome.damage));
    }
    if matches!(show, Show::Count) {
        writeln!(out, "{matched}")?;
    }
    out.flush()?;
    Ok(status)
}

fn show(args: &Args) -> Result<Show> {
    if args.count {
        return Ok(Show::Count);
    }
    let text = match args.format.as_deref() {
        Some("c" | "container") => WITH_CONTAINER,
        Some("k" | "kubernetes") => WITH_POD,
        Some(text) => text,
        None if args.json => DEFAULT_JSON_FIELDS,
        None => DEFAULT_FORMAT,
    };
    let format = Format::parse(text).map_err(|error| Usage(format!("in the format: {}", error.render(text))))?;
    Ok(if args.json {
        Show::Json(JsonFields::of(&format))
    } else {
        Show::Line(format)
    })
}
