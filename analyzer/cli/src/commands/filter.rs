//! `analyze filter`

use crate::input::any_trace;
use crate::output::stdout;
use crate::status::{Status, Usage};
use afterimage_query::check::TimeZone;
use afterimage_query::{Filter, lang};
use anyhow::Result;
use std::io::Write as _;

/// Check a filter, or show how it is understood
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    analyze filter 'proc.name = sh and fd.name startswith /etc'\n  \
    analyze filter --ast 'a and not (b or evt.type in (open, openat))'")]
pub(crate) struct Args {
    /// The filter
    #[arg(value_name = "EXPR", allow_hyphen_values = true)]
    filter: String,
    /// Show the syntax tree, a line for each node with its place in bytes; names need not exist
    #[arg(long, conflicts_with = "check")]
    ast: bool,
    /// Check names and types and say nothing (this is what happens without an option, but for the `ok`)
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: &Args) -> Result<Status> {
    let text = &args.filter;
    let checked = match args.ast {
        true => lang::parse(text).map(|expr| lang::tree(&expr)),
        false => Filter::compile(text, &any_trace(TimeZone::Local)).map(|_| "ok\n".to_string()),
    };
    let shown = checked.map_err(|error| Usage(error.render(text)))?;
    if !args.check {
        let mut out = stdout();
        out.write_all(shown.as_bytes())?;
        out.flush()?;
    }
    Ok(Status::Done)
}
