//! A line on a terminal that says how far a scan has come.

use crate::output::shown_path;
use afterimage_format::file::Trace;
use afterimage_query::Progress;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A scan that is done sooner is not told of.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often the line is written anew.
const PAUSE: Duration = Duration::from_millis(100);

/// Says how far a scan of a trace has come, where somebody looks at it and the answer does not come through the same
/// terminal.
pub(crate) struct Scanning {
    path: PathBuf,
    segments: u64,
    begun: Instant,
    is_wanted: bool,
    is_shown: AtomicBool,
    /// Milliseconds since the beginning.
    last: AtomicU64,
}

impl Scanning {
    /// Of a trace at `path`. With `writes_lines`, the answer comes while it is scanned.
    pub(crate) fn new(path: &Path, trace: &Trace, writes_lines: bool) -> Scanning {
        Scanning {
            path: path.to_owned(),
            segments: trace.segment_count() as u64,
            begun: Instant::now(),
            is_wanted: io::stderr().is_terminal() && !(writes_lines && io::stdout().is_terminal()),
            is_shown: AtomicBool::new(false),
            last: AtomicU64::new(0),
        }
    }
}

impl Progress for Scanning {
    fn segments(&self, done: usize) {
        let now = self.begun.elapsed();
        let last = Duration::from_millis(self.last.load(Ordering::Relaxed));
        if !self.is_wanted || now < PATIENCE || now < last + PAUSE {
            return;
        }
        self.last.store(now.as_millis() as u64, Ordering::Relaxed);
        self.is_shown.store(true, Ordering::Relaxed);
        let percent = done as u64 * 100 / self.segments.max(1);
        // Whoever closed the terminal does not want to know.
        let _ = write!(io::stderr(), "\r\x1b[Kanalyze: {}: {percent} %", shown_path(&self.path));
    }

    fn done(&self) {
        if self.is_shown.swap(false, Ordering::Relaxed) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
