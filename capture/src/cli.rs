//! The command line.

use crate::{doctor, record};
use afterimage_abi::SNAPLEN_MAX;
use clap::{Args, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Record Linux containers into trace files that outlive them.
#[derive(Parser)]
#[command(name = "capture", version, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "Examples:
  capture record -o web.scap --container web      wait for the container `web`, record it until Ctrl-C
  capture record -o all.scap --duration 30s       record the whole host for 30 seconds
  capture record -o build.scap -- make -j2        record a command and its children
  capture doctor                                  say what is missing, in plain words

Exit status: 0 done (or that of the command); 1 could not do it; 2 usage; 3 sealed, but events are missing.";

#[derive(Subcommand)]
enum Command {
    /// Record into a file.
    Record(Record),
    /// Say what this kernel and host allow, what is missing, and how to get it.
    Doctor,
}

#[derive(Args)]
struct Record {
    /// File to write. It is created with mode 0600.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace FILE if it exists.
    #[arg(long)]
    force: bool,
    /// End after this time: 500ms, 30s, 5m, 2h. Without it, Ctrl-C ends.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    duration: Option<Duration>,
    /// Record only this container: its id, at least 4 characters of it, its name where the cgroup bears it (runc, ctr),
    /// or the whole path of its cgroup (/parent/NAME). It need not exist yet. May be given several times.
    #[arg(long = "container", value_name = "NAME|ID")]
    containers: Vec<String>,
    /// Bytes of payload to keep per call.
    #[arg(long, value_name = "BYTES", default_value_t = 80, value_parser = clap::value_parser!(u32).range(0..=i64::from(SNAPLEN_MAX)))]
    snaplen: u32,
    /// A note kept in the file, as KEY=VALUE. May be given several times.
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    tags: Vec<(String, String)>,
    /// Create this file when recording has begun, for scripts that have to wait.
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
    /// Command to run and record, with all processes that it starts.
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "containers")]
    command: Vec<OsString>,
}

/// `500ms`, `30s`, `5m`, `2h`; a bare number is seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number
        .parse()
        .map_err(|_| "expected a number with ms, s, m or h behind it".to_owned())?;
    let scale = match unit {
        "ms" => 1,
        "" | "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(format!("{unit:?} is no unit of time; use ms, s, m or h")),
    };
    number
        .checked_mul(scale)
        .map(Duration::from_millis)
        .ok_or_else(|| "too long".to_owned())
}

fn tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

/// Runs the command line of this process.
pub(crate) fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Doctor => Ok(doctor::report()),
        Command::Record(args) => record::record(&record::Options {
            output: args.output,
            force: args.force,
            duration: args.duration,
            containers: args.containers,
            snaplen: args.snaplen,
            tags: args.tags,
            ready_file: args.ready_file,
            command: args.command,
        }),
    };
    match result {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("capture: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, ms) in [
            ("500ms", 500),
            ("30s", 30_000),
            ("5m", 300_000),
            ("2h", 7_200_000),
            ("7", 7000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "s", "1d", "-1s", "99999999999999999999h", "18446744073709551615h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn tags() {
        assert_eq!(tag("env=prod=1"), Ok(("env".to_owned(), "prod=1".to_owned())));
        assert!(tag("env").is_err() && tag("=x").is_err());
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
