//! Captures of sysdig as input: they are imported into a file without a name, which is then opened as any trace.

use crate::output::{counted, shown_path};
use afterimage_import::{Error, Imported, Progress};
use afterimage_query::output::escaped;
use anyhow::{Result, anyhow};
use std::io::{self, IsTerminal as _, Write as _};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

/// An import that is done sooner is not told of.
const PATIENCE: Duration = Duration::from_millis(500);

/// The capture at `path` as a trace; nothing where its content is something else.
pub(crate) fn import(path: &Path) -> Result<Option<Imported>> {
    if !afterimage_import::is_capture(path) {
        return Ok(None);
    }
    let mut line = ProgressLine::new(path);
    let imported = afterimage_import::open(path, &mut |progress| line.tell(progress));
    line.clear();
    imported.map(Some).map_err(|error| said(path, &error))
}

/// The error for a person.
pub(crate) fn said(path: &Path, error: &Error) -> anyhow::Error {
    anyhow!("{}: {}", shown_path(path), escaped(error.to_string().as_bytes()))
}

/// A line on a terminal that says how far an import has come.
pub(crate) struct ProgressLine<'p> {
    path: &'p Path,
    size: u64,
    begun: Instant,
    is_terminal: bool,
    is_shown: bool,
}

impl<'p> ProgressLine<'p> {
    pub(crate) fn new(path: &'p Path) -> ProgressLine<'p> {
        ProgressLine {
            path,
            size: path.metadata().map_or(0, |metadata| metadata.len()),
            begun: Instant::now(),
            is_terminal: io::stderr().is_terminal(),
            is_shown: false,
        }
    }

    pub(crate) fn tell(&mut self, progress: Progress) -> ControlFlow<()> {
        if self.is_terminal && self.begun.elapsed() > PATIENCE {
            self.is_shown = true;
            let percent = progress.bytes.saturating_mul(100) / self.size.max(1);
            let events = counted(progress.events, "event");
            // Whoever closed the terminal does not want to know.
            let _ = write!(
                io::stderr(),
                "\r\x1b[Kanalyze: importing {}: {percent} %, {events}",
                shown_path(self.path)
            );
        }
        ControlFlow::Continue(())
    }

    /// Takes the line away.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
