//! `analyze top`

use crate::groups::{self, Form};
use crate::output::stdout;
use crate::selection::Selection;
use crate::status::Status;
use afterimage_query::aggregate::{Grouping, Groups, Measure, group};
use afterimage_query::{Format, Hits, scan_fold};
use anyhow::Result;
use clap::ValueEnum;
use std::io::Write as _;
use std::path::PathBuf;

/// Show who did most: processes, files, connections, … by events, bytes, time or errors
#[derive(clap::Args)]
#[command(
    after_help = "Columns: bytes moved by reads and writes, time spent in calls (recorded with --latency), calls that failed, \
    and all events.\n\n\
    Examples:\n  \
    analyze top t.scap                                 processes by events\n  \
    analyze top t.scap files --by bytes                which files were read and written most\n  \
    analyze top t.scap connections --by bytes -n 5\n  \
    analyze top t.scap errors -f 'container.name = web'\n  \
    analyze top t.scap syscalls --by time --json"
)]
pub(crate) struct Args {
    /// Trace
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Of what
    #[arg(value_enum, value_name = "WHAT", default_value_t = What::Processes)]
    what: What,
    /// What decides the order
    #[arg(long, value_enum, default_value_t = By::Events)]
    by: By,
    /// So many of them
    #[arg(short, long, value_name = "N", default_value_t = 20)]
    number: usize,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    form: Form,
}

/// What is counted.
#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// By name, id and container
    Processes,
    /// By name and tid
    Threads,
    /// By command line and container
    Commands,
    /// By path
    Files,
    /// By directory
    Directories,
    /// By both ends
    Connections,
    /// By the port of the server
    Ports,
    /// By the address of the server
    Hosts,
    /// By name and image
    Containers,
    /// By namespace and name
    Pods,
    /// By name or number
    Users,
    /// By name of the call
    Syscalls,
    /// By call and error
    Errors,
}

/// What decides the order.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum By {
    /// How many events
    Events,
    /// Bytes read and written
    Bytes,
    /// Time spent in calls
    Time,
    /// Calls that failed
    Errors,
}

impl What {
    /// The fields that tell apart, and which events count.
    fn fields(self) -> (&'static [&'static str], &'static str) {
        match self {
            What::Processes => (&["proc.name", "proc.pid", "container.name"], "proc.pid exists"),
            What::Threads => (&["proc.name", "proc.pid", "thread.tid"], "thread.tid exists"),
            What::Commands => (&["proc.cmdline", "container.name"], "proc.cmdline exists"),
            What::Files => (&["fd.name"], "fd.type = file"),
            What::Directories => (&["fd.directory"], "fd.type in (file, directory)"),
            What::Connections => (&["fd.name", "fd.l4proto", "proc.name"], "fd.type in (ipv4, ipv6)"),
            What::Ports => (&["fd.sport", "fd.l4proto"], "fd.sport exists"),
            What::Hosts => (&["fd.sip"], "fd.sip exists"),
            What::Containers => (&["container.name", "container.id", "container.image"], ""),
            What::Pods => (&["k8s.ns.name", "k8s.pod.name"], "k8s.pod.name exists"),
            What::Users => (&["user.name", "user.uid", "container.name"], "user.uid exists"),
            What::Syscalls => (&["evt.type"], ""),
            What::Errors => (&["evt.type", "evt.res"], "evt.failed = true"),
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<Status> {
    let (fields, condition) = args.what.fields();
    let field = |name: &str| Format::field(name).map_err(anyhow::Error::from);
    let sum = |name: &str| field(name).map(|(def, arg)| Measure::Sum(def, arg));
    let mut measures = vec![
        (By::Bytes, sum("evt.buflen")?, "BYTES"),
        (By::Time, sum("evt.latency")?, "TIME"),
        (By::Errors, sum("evt.failed")?, "ERRORS"),
        (By::Events, Measure::Count, "EVENTS"),
    ];
    // What decides comes first.
    measures.sort_by_key(|(by, ..)| *by != args.by);
    let titles: Vec<&str> = measures.iter().map(|(.., title)| *title).collect();
    let grouping = Grouping {
        keys: fields.iter().map(|name| field(name)).collect::<Result<_>>()?,
        every: None,
        measures: measures.into_iter().map(|(_, measure, _)| measure).collect(),
    };
    let selected = args.selection.open(&args.file, condition)?;
    let input = &selected.input;
    let zone = input.context.zone();
    let mut all = Groups::default();
    let of_segment = |hits: &Hits<'_, '_>, groups: &mut Groups| group(hits, &grouping, zone, groups);
    let (made, outcome) = scan_fold(
        &input.trace,
        &input.context,
        &selected.query(),
        Default::default,
        of_segment,
    );
    made.into_iter().for_each(|made| all.merge(made));
    let mut out = stdout();
    let status = groups::write(
        &mut out,
        &grouping,
        all,
        (Some(args.number), zone),
        (args.form, &titles),
    )?;
    out.flush()?;
    Ok(status.max(input.warn(&outcome.losses, &outcome.damage)))
}
