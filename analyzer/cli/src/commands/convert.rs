//! `analyze convert`

use crate::capture::{ProgressLine, said};
use crate::output::{counted, shown_path, stdout};
use crate::status::{Status, Usage};
use afterimage_format::file::{TraceWriter, WriterOptions};
use afterimage_query::output::escaped;
use anyhow::{Result, anyhow};
use clap::ValueEnum;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;

/// Make a native trace of a sysdig or Falco capture
#[derive(clap::Args)]
#[command(
    after_help = "The trace answers every query as the capture does, with the same event numbers, and at native speed. Its custody\n\
    log names the capture and its hash.\n\n\
    Exit status: 0 all of it was read; 3 the capture is damaged, the trace has what comes before; 1 could not be done.\n\n\
    Example:\n  \
    analyze convert old.scap.gz -o old.scap --to native"
)]
pub(crate) struct Args {
    /// Capture, plain or gzip
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// File to write
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// What to make of it
    #[arg(long, value_enum, default_value = "native")]
    to: Target,
    /// Replace OUT if it exists
    #[arg(long)]
    force: bool,
}

/// A format that can be written.
#[derive(Clone, Copy, ValueEnum)]
enum Target {
    /// A trace of Afterimage
    Native,
}

pub(crate) fn run(args: &Args) -> Result<Status> {
    let Target::Native = args.to;
    let file = File::open(&args.file).map_err(|error| anyhow!("cannot open {}: {error}", shown_path(&args.file)))?;
    if !afterimage_import::is_capture(&args.file) {
        return Err(anyhow!(
            "{} is no sysdig capture: there is nothing to convert",
            shown_path(&args.file)
        ));
    }
    let is_same = |other: &PathBuf| match (args.file.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    };
    if is_same(&args.output) {
        return Err(Usage("the output is the input".to_string()).into());
    }
    let name = args.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let options = WriterOptions {
        force: args.force,
        ..WriterOptions::default()
    };
    let mut line = ProgressLine::new(&args.file);
    let mut is_created = false;
    let create = |header: &_| {
        let trace = TraceWriter::create(&args.output, header, options);
        is_created = trace.is_ok();
        trace
    };
    let imported = afterimage_import::import(file, &name, create, &mut |progress| line.tell(progress));
    line.clear();
    let (trace, report) = match imported {
        Ok(imported) => imported,
        Err(error) => {
            if is_created {
                // Half a trace would be taken for one of a recorder that was killed.
                let _ = std::fs::remove_file(&args.output);
            }
            return Err(match error {
                afterimage_import::Error::Trace(error) => anyhow!(escaped(error.to_string().as_bytes())),
                error => said(&args.file, &error),
            });
        }
    };
    for damage in &report.damage {
        eprintln!(
            "analyze: {}: {}",
            shown_path(&args.file),
            escaped(damage.to_string().as_bytes())
        );
    }
    let mut out = stdout();
    writeln!(
        out,
        "{}: {} in {} bytes",
        shown_path(&args.output),
        counted(report.events, "event"),
        trace.bytes()
    )?;
    out.flush()?;
    Ok(Status::incomplete(!report.is_complete()))
}
