//! `analyze query`

mod copy;
mod explain;
mod groups;
mod lines;
mod merge;
mod printer;
mod rules;

use crate::input::{Input, Span, Zone, any_trace, filter};
use crate::progress::Scanning;
use crate::status::{Status, Usage};
use afterimage_query::{Filter, Query};
use anyhow::Result;
use printer::Printer;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Show, count, sum up or save the events that pass a filter
#[derive(clap::Args)]
#[command(
    after_help = "Several files are merged by time; each line then begins with the name of its file.\n\n\
    Examples:\n  \
    analyze query t.scap -f 'evt.type = execve' -p '%evt.time %proc.pname -> %proc.cmdline'\n  \
    analyze query t.scap -f 'fd.name = /etc/shadow' --json\n  \
    analyze query t.scap -f 'container.id = web and evt.failed = true' --count\n  \
    analyze query t.scap -f 'fd.type = file' --by fd.name --sum evt.buflen --top 10\n  \
    analyze query t.scap -f 'evt.type = connect' --by proc.name,fd.sip --every 1m\n  \
    analyze query t.scap --around 4711 --before 2s --after 500ms\n  \
    analyze query t.scap -f 'container.name = web' -o web.scap\n  \
    analyze query t.scap --rules falco_rules.yaml --count\n  \
    analyze query t.scap --from -10s -n 50"
)]
pub(crate) struct Args {
    /// Traces
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Only events that pass, as in `proc.name = sh and evt.type in (open, openat)`; see `analyze fields`
    #[arg(short, long, value_name = "EXPR", allow_hyphen_values = true)]
    filter: Option<String>,
    #[command(flatten)]
    macros: crate::input::Macros,
    #[command(flatten)]
    rules: rules::Chosen,
    /// How a line looks: text with fields such as %proc.name; a leading * shows lines with missing fields, too. `c` and
    /// `k` are the usual line with the container or the pod
    #[arg(short = 'p', long = "print", value_name = "FORMAT")]
    format: Option<String>,
    /// One JSON object a line: the usual fields, or those of -p
    #[arg(long, conflicts_with = "count")]
    json: bool,
    /// Comma-separated values with a heading: the usual fields, or those of -p
    #[arg(long, conflicts_with_all = ["count", "json"])]
    csv: bool,
    /// Only how many
    #[arg(long, conflicts_with = "format")]
    count: bool,
    #[command(flatten)]
    groups: groups::Groups,
    #[command(flatten)]
    span: Span,
    #[command(flatten)]
    around: Around,
    /// At most so many events
    #[arg(short = 'n', long = "limit", value_name = "N")]
    limit: Option<u64>,
    /// Write the events to this new trace instead, with all that they refer to. Takes one FILE
    #[arg(short, long, value_name = "OUT", conflicts_with_all = ["count", "format", "json", "csv", "by"])]
    output: Option<PathBuf>,
    /// Replace OUT if it exists
    #[arg(long, requires = "output")]
    force: bool,
    /// Say on standard error what was read, skipped and decoded, and how long it took
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    zone: Zone,
}

/// The time around an event.
#[derive(clap::Args)]
struct Around {
    /// Only what happened around the event with this number (evt.num)
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["from", "to"])]
    around: Option<u64>,
    /// How long before it
    #[arg(long, value_name = "TIME", default_value = "1s", requires = "around")]
    before: String,
    /// How long after it
    #[arg(long, value_name = "TIME", default_value = "1s", requires = "around")]
    after: String,
}

/// What is asked of one file.
struct Asked {
    input: Input,
    filter: Option<Filter>,
    from: Option<i64>,
    to: Option<i64>,
    progress: Scanning,
}

impl Asked {
    fn query(&self, limit: Option<u64>) -> Query<'_> {
        Query {
            filter: self.filter.as_ref(),
            from: self.from,
            to: self.to,
            limit,
            progress: Some(&self.progress),
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<Status> {
    let zone = args.zone.get();
    let rules = match args.rules.are_any() {
        true => args.rules.load()?,
        false => args.macros.load()?,
    };
    // What is wrong for every file is said before any is opened.
    let printer = Printer::of(args)?;
    let grouping = args.groups.grouping()?;
    let settings = any_trace(zone).with_rules(&rules);
    if let Some(text) = &args.filter {
        filter(text, &settings)?;
    }
    if args.around.around.is_some() && args.files.len() > 1 {
        return Err(Usage("--around takes one FILE: each has events of its own numbers".into()).into());
    }
    // Lines come while the file is read; counts and groups in the end.
    let writes_lines = !args.count && grouping.is_none() && args.output.is_none();
    let open = |file: &PathBuf| -> Result<Asked> {
        let input = Input::open(file, zone)?;
        let settings = input.context.settings().with_rules(&rules);
        let (from, to) = match args.around.around {
            Some(number) => args.around.span(&input, number)?,
            None => args.span.resolve(&settings)?,
        };
        let filter = args.filter.as_ref().map(|text| filter(text, &settings)).transpose()?;
        Ok(Asked {
            progress: Scanning::new(file, &input.trace, writes_lines),
            input,
            filter,
            from,
            to,
        })
    };
    let explain = explain::Explain::new(args.explain);
    if let Some(output) = &args.output {
        let [file] = args.files.as_slice() else {
            return Err(Usage("-o takes one FILE: a trace is of one recording".into()).into());
        };
        return copy::run(&open(file)?, args, output, &explain);
    }
    if args.rules.are_any() {
        if grouping.is_some() {
            return Err(Usage("--rules shows or counts events; it does not group them".into()).into());
        }
        return rules::run(args, &printer, &settings, &open, &explain);
    }
    if let Some(grouping) = grouping {
        return groups::run(args, &grouping, &open, &explain);
    }
    match args.files.as_slice() {
        _ if args.count => count(args, &open, &explain),
        [file] => lines::run(&open(file)?, args, &printer, &explain),
        _ => merge::run(args, &printer, &open, &explain),
    }
}

fn count(args: &Args, open: &dyn Fn(&PathBuf) -> Result<Asked>, explain: &explain::Explain) -> Result<Status> {
    let (mut matched, mut status) = (0, Status::Done);
    for file in &args.files {
        let asked = open(file)?;
        let input = &asked.input;
        let limit = args.limit.map(|limit| limit.saturating_sub(matched));
        let outcome = afterimage_query::count(&input.trace, &input.context, &asked.query(None));
        matched += limit.map_or(outcome.matched, |limit| limit.min(outcome.matched));
        explain.say(input, asked.filter.as_ref(), &outcome);
        status = status.max(input.warn(&outcome.losses, &outcome.damage));
    }
    let mut out = crate::output::stdout();
    writeln!(out, "{matched}")?;
    out.flush()?;
    Ok(status)
}

impl Around {
    /// From before to after the event.
    fn span(&self, input: &Input, number: u64) -> Result<(Option<i64>, Option<i64>)> {
        let length = |name: &str, text: &str| -> Result<i64> {
            let length = afterimage_query::check::parse_duration(text);
            length.ok_or_else(|| Usage(format!("{name}: `{text}` is no length of time such as 500ms, 2s or 1m")).into())
        };
        let (before, after) = (length("--before", &self.before)?, length("--after", &self.after)?);
        let filter = filter(&format!("evt.num = {number}"), &any_trace(input.context.zone()))?;
        let query = Query {
            filter: Some(&filter),
            limit: Some(1),
            ..Query::default()
        };
        let mut time = None;
        afterimage_query::scan(&input.trace, &input.context, &query, |row| {
            time = Some(row.time());
            ControlFlow::Break(())
        });
        match time {
            Some(time) => Ok((Some(time.saturating_sub(before)), Some(time.saturating_add(after)))),
            None => {
                let path = crate::output::shown_path(&input.path);
                let all = input.numbers().map_or("it has no events".to_owned(), |(first, last)| {
                    format!("its events have the numbers {first} to {last}")
                });
                Err(Usage(format!("--around: {path} has no event {number}; {all}")).into())
            }
        }
    }
}
