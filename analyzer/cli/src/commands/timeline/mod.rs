//! `analyze timeline`

mod json;
mod text;

use crate::input::{self, Input, Span, Zone, any_trace};
use crate::output::{Look, stdout};
use crate::status::Status;
use afterimage_query::reconstruct::{Options, reconstruct};
use anyhow::Result;
use std::io::Write as _;
use std::path::PathBuf;

/// Tell what happened, container by container: who started what, files, connections, in order, with the noise folded
#[derive(clap::Args)]
#[command(
    after_help = "A line says when, which process (indented below its parent), what it did, and in [ ] what else is \
        known about it: where a file came from, what became of it, what a process had read before it sent something. \
        Lines with ! deserve a look first.\n\n\
        Process ids are those of the host. Reading and writing of one file by one process is one line, where it began, \
        with all its bytes. With --from, files are not traced back beyond it.\n\n\
        Examples:\n  \
        analyze timeline t.scap\n  \
        analyze timeline t.scap --container web --from 10:00:03 --to 10:00:09\n  \
        analyze timeline t.scap -f 'proc.aname = httpd'\n  \
        analyze timeline t.scap --json | jq 'select(.notable)'"
)]
pub(crate) struct Args {
    /// Trace
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only this container: id, beginning of the id, or name; `host` is what runs in none. May be given several times
    #[arg(long, value_name = "ID|NAME")]
    container: Vec<String>,
    /// Only lines with an event that passes, as in `proc.name = sh or fd.type = ipv4`
    #[arg(short, long, value_name = "EXPR", allow_hyphen_values = true)]
    filter: Option<String>,
    #[command(flatten)]
    span: Span,
    /// Leave nothing out: libraries, locale, /proc, the container runtime's work, every file of a long list
    #[arg(long)]
    all: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    zone: Zone,
}

pub(crate) fn run(args: &Args) -> Result<Status> {
    let zone = args.zone.get();
    if let Some(text) = &args.filter {
        input::filter(text, &any_trace(zone))?;
    }
    let input = Input::open(&args.file, zone)?;
    let settings = input.context.settings();
    let filter = args
        .filter
        .as_ref()
        .map(|text| input::filter(text, &settings))
        .transpose()?;
    let (from, to) = args.span.resolve(&settings)?;
    let containers = input::containers(&input, &args.container)?;
    let story = reconstruct(
        &input.trace,
        &input.context,
        &Options {
            filter: filter.as_ref(),
            containers,
            from,
            to,
            all: args.all,
        },
    );
    let mut out = stdout();
    if args.json {
        json::write(&mut out, &story)?;
    } else {
        text::write(&mut out, &story, &input, Look::of_stdout())?;
    }
    out.flush()?;
    Ok(input.warn(&story.losses, &story.damage))
}
