//! `analyze follow`

use crate::json;
use crate::output::stdout;
use crate::selection::Selection;
use crate::status::{Status, Usage};
use afterimage_query::follow::{self, Chunk, HEX_LINE, MOVES_DATA, Target, chunks, hex_line, text_lines};
use afterimage_query::output::{escaped, time};
use anyhow::Result;
use clap::ValueEnum;
use serde::Serialize;
use std::io::{self, IsTerminal as _, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Show the data that went through a descriptor, connection or file, in both directions
#[derive(clap::Args)]
#[command(after_help = "TARGET is one of\n  \
    4711:5                                    descriptor 5 of process 4711\n  \
    10.0.0.5:40000->203.0.113.9:80            a connection, as fd.name has it: both ends, where both were recorded\n  \
    203.0.113.9:80                            all connections to this server\n  \
    /var/log/app.log, pipe:[123], /run/x.sock a file, pipe or socket, as fd.name has it\n  \
    pts/3                                     a terminal\n\n\
    `>>>` is what the process wrote or sent, `<<<` what it read or received. A recorder keeps the first bytes of each call \
    (80, or what --snaplen said): what lacks is said.\n\n\
    Examples:\n  \
    analyze follow t.scap '10.0.0.5:40000->203.0.113.9:80'\n  \
    analyze follow t.scap 4711:1 --hex\n  \
    analyze follow t.scap /tmp/stage2 --direction write --raw > stage2")]
pub(crate) struct Args {
    /// Trace
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What is followed
    #[arg(value_name = "TARGET")]
    target: String,
    #[command(flatten)]
    selection: Selection,
    /// Only what was read, or only what was written
    #[arg(long, value_enum)]
    direction: Option<Direction>,
    /// Bytes in hexadecimal
    #[arg(long, conflicts_with_all = ["raw", "json"])]
    hex: bool,
    /// The bytes themselves and nothing else; not to a terminal
    #[arg(long, conflicts_with = "json")]
    raw: bool,
    /// One JSON object for each call: number, time, pid, process, direction, name, bytes moved, data in hexadecimal
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Direction {
    /// What the process read or received
    Read,
    /// What it wrote or sent
    Write,
}

#[derive(Serialize)]
struct Moved {
    number: u64,
    time: String,
    pid: u32,
    process: String,
    direction: &'static str,
    name: Option<String>,
    bytes: u64,
    data: String,
}

pub(crate) fn run(args: &Args) -> Result<Status> {
    if args.raw && io::stdout().is_terminal() {
        let message =
            "--raw writes captured bytes as they are, which could control the terminal: send them to a file or a pipe";
        return Err(Usage(message.into()).into());
    }
    let target = Target::parse(&args.target).ok_or_else(|| {
        Usage("TARGET is empty: a process and its descriptor such as 4711:5, a connection or a path".into())
    })?;
    let mut condition = format!("{MOVES_DATA} and ({})", target.condition());
    match args.direction {
        Some(Direction::Read) => condition.push_str(" and evt.is_io_read = true"),
        Some(Direction::Write) => condition.push_str(" and evt.is_io_write = true"),
        None => {}
    }
    let selected = args.selection.open(&args.file, &condition)?;
    let input = &selected.input;
    let zone = input.context.zone();
    let mut out = stdout();
    let mut written: io::Result<()> = Ok(());
    let mut lacking = 0;
    let outcome = chunks(&input.trace, &input.context, &selected.query(), &|| false, |chunk| {
        lacking += chunk.lacks();
        written = if args.raw {
            out.write_all(&chunk.data)
        } else if args.json {
            json::write_line(&mut out, &object(&chunk))
        } else {
            write_chunk(&mut out, &chunk, args.hex, &time::short_clock(chunk.time, zone))
        };
        if written.is_err() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    written?;
    out.flush()?;
    if outcome.matched == 0 {
        let target = escaped(args.target.as_bytes());
        eprintln!(
            "analyze: nothing was read from or written to `{target}`; `analyze top FILE files` and `connections` show what there is"
        );
    } else if lacking > 0 && (args.raw || args.json) {
        eprintln!(
            "analyze: {lacking} bytes were not recorded: the recorder keeps the first bytes of each call (--snaplen)"
        );
    }
    Ok(input.warn(&outcome.losses, &outcome.damage))
}

fn object(chunk: &Chunk) -> Moved {
    Moved {
        number: chunk.number,
        time: time::rfc3339(chunk.time),
        pid: chunk.pid,
        process: json::text(&chunk.process),
        direction: match chunk.direction {
            follow::Direction::Read => "read",
            follow::Direction::Write => "write",
        },
        name: chunk.name.as_deref().map(json::text),
        bytes: chunk.bytes,
        data: crate::output::hex(&chunk.data),
    }
}

fn write_chunk(out: &mut impl Write, chunk: &Chunk, hex: bool, clock: &str) -> io::Result<()> {
    let (arrow, verb) = match chunk.direction {
        follow::Direction::Read => ("<<<", "read from"),
        follow::Direction::Write => (">>>", "wrote to"),
    };
    let (name, of) = (
        escaped(&chunk.process),
        escaped(chunk.name.as_deref().unwrap_or_default()),
    );
    let (pid, moved, number) = (chunk.pid, chunk.bytes, chunk.number);
    writeln!(
        out,
        "{arrow} {clock} {name} ({pid}) {verb} {of}: {moved} bytes, event {number}"
    )?;
    if hex {
        for (at, line) in chunk.data.chunks(HEX_LINE).enumerate() {
            writeln!(out, "    {}", hex_line(at * HEX_LINE, line))?;
        }
    } else {
        text_lines(&chunk.data).try_for_each(|line| writeln!(out, "    {line}"))?;
    }
    match chunk.lacks() {
        0 => Ok(()),
        lacks => writeln!(out, "    [{lacks} of {moved} bytes were not recorded]"),
    }
}
