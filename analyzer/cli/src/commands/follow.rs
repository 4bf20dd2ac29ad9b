//! `analyze follow`

use crate::json;
use crate::output::stdout;
use crate::selection::Selection;
use crate::status::{Status, Usage};
use afterimage_query::fields::EvtField;
use afterimage_query::lang::escape;
use afterimage_query::output::{escaped, time};
use afterimage_query::{EventRow, FieldArg, FieldId, Row as _, Value, scan};
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
    let mut condition = format!("evt.is_io = true and evt.rawres > 0 and ({})", condition(&args.target)?);
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
    let outcome = scan(&input.trace, &input.context, &selected.query(), |row| {
        let data = match value(&row, EvtField::Buffer) {
            Value::Str(data) => data.into_owned(),
            _ => Vec::new(),
        };
        let moved = match value(&row, EvtField::Buflen) {
            Value::Int(moved) => u64::try_from(moved).unwrap_or(0),
            _ => data.len() as u64,
        };
        let lacks = moved.saturating_sub(data.len() as u64);
        lacking += lacks;
        let reads = value(&row, EvtField::IsIoRead) == Value::Bool(true);
        written = if args.raw {
            out.write_all(&data)
        } else if args.json {
            json::write_line(&mut out, &object(&row, reads, moved, &data))
        } else {
            heading(&mut out, &row, reads, moved, time::short_clock(row.time(), zone))
                .and_then(|()| {
                    if args.hex {
                        hex(&mut out, &data)
                    } else {
                        text(&mut out, &data)
                    }
                })
                .and_then(|()| match lacks {
                    0 => Ok(()),
                    lacks => writeln!(out, "    [{lacks} of {moved} bytes were not recorded]"),
                })
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

fn value<'r>(row: &'r EventRow<'_>, field: EvtField) -> Value<'r> {
    row.value(FieldId::Evt(field), &FieldArg::None)
}

/// The condition that a target stands for.
fn condition(target: &str) -> Result<String> {
    if let Some((pid, fd)) = target.split_once(':')
        && let (Ok(pid), Ok(fd)) = (pid.parse::<u32>(), fd.parse::<u32>())
    {
        return Ok(format!("proc.pid = {pid} and fd.num = {fd}"));
    }
    if let Ok(server) = target.parse::<std::net::SocketAddr>() {
        return Ok(format!("fd.sip = {} and fd.sport = {}", server.ip(), server.port()));
    }
    let name = match target.strip_prefix("pts/") {
        Some(number) => format!("/dev/pts/{number}"),
        None => target.to_owned(),
    };
    if name.is_empty() {
        return Err(Usage(
            "TARGET is empty: a process and its descriptor such as 4711:5, a connection or a path".into(),
        )
        .into());
    }
    Ok(format!("fd.name = {}", escape(name.as_bytes())))
}

fn object(row: &EventRow<'_>, reads: bool, moved: u64, data: &[u8]) -> Moved {
    let thread = row.thread();
    Moved {
        number: row.num(),
        time: time::rfc3339(row.time()),
        pid: thread.map_or(0, |thread| thread.pid),
        process: thread.map_or(String::new(), |thread| json::text(&thread.comm)),
        direction: if reads { "read" } else { "write" },
        name: row.descriptor().map(|descriptor| json::text(&descriptor.name)),
        bytes: moved,
        data: crate::output::hex(data),
    }
}

fn heading(out: &mut impl Write, row: &EventRow<'_>, reads: bool, moved: u64, clock: String) -> io::Result<()> {
    let (name, pid) = row
        .thread()
        .map_or((String::new(), 0), |thread| (escaped(&thread.comm), thread.pid));
    let of = row
        .descriptor()
        .map_or(String::new(), |descriptor| escaped(&descriptor.name));
    let (arrow, verb) = if reads {
        ("<<<", "read from")
    } else {
        (">>>", "wrote to")
    };
    writeln!(
        out,
        "{arrow} {clock} {name} ({pid}) {verb} {of}: {moved} bytes, event {}",
        row.num()
    )
}

/// Lines as they are but for what could harm a terminal.
fn text(out: &mut impl Write, data: &[u8]) -> io::Result<()> {
    let data = data.strip_suffix(b"\n").unwrap_or(data);
    data.split(|byte| *byte == b'\n')
        .try_for_each(|line| writeln!(out, "    {}", escaped(line.strip_suffix(b"\r").unwrap_or(line))))
}

fn hex(out: &mut impl Write, data: &[u8]) -> io::Result<()> {
    for (at, line) in data.chunks(16).enumerate() {
        let bytes: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        let shown = |byte: &u8| {
            if byte.is_ascii_graphic() || *byte == b' ' {
                char::from(*byte)
            } else {
                '.'
            }
        };
        let text: String = line.iter().map(shown).collect();
        writeln!(out, "    {:06x}  {:<47}  {text}", 16 * at, bytes.join(" "))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use afterimage_query::{Filter, Settings};

    #[test]
    fn targets_are_conditions() {
        for (target, expected) in [
            ("4711:5", "proc.pid = 4711 and fd.num = 5"),
            ("203.0.113.9:80", "fd.sip = 203.0.113.9 and fd.sport = 80"),
            ("[::1]:80", "fd.sip = ::1 and fd.sport = 80"),
            ("pts/3", "fd.name = \"/dev/pts/3\""),
            ("10.0.0.5:4->10.0.0.6:80", "fd.name = \"10.0.0.5:4->10.0.0.6:80\""),
            ("/a \"b\\", r#"fd.name = "/a \"b\x5c""#),
        ] {
            let got = condition(target).unwrap_or_else(|error| panic!("{target}: {error}"));
            assert_eq!(got, expected);
            let filter = Filter::compile(&got, &Settings::default());
            assert!(filter.is_ok(), "{}", filter.unwrap_err().render(&got));
        }
        assert!(condition("").is_err());
    }

    #[test]
    fn hexadecimal_lines_are_aligned() {
        let mut out = Vec::new();
        hex(&mut out, b"0123456789abcdef\x1b[2J").unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "    000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef\n    \
             000010  1b 5b 32 4a                                      .[2J\n"
        );
    }
}
