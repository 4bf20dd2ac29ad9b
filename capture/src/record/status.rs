//! How a recording is going: a line on a terminal, and on SIGUSR1 anywhere.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Totals of a recording.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Figures {
    /// Events in segments, the open one included.
    pub(crate) events: u64,
    /// Bytes in files.
    pub(crate) bytes: u64,
    /// Events that are known to be missing.
    pub(crate) lost: u64,
    /// The fullest ring when it was last looked at, 0 to 1.
    pub(crate) fill: f64,
    /// Files so far.
    pub(crate) files: u32,
}

/// Shows it.
pub(super) struct Status {
    /// Whether there is a line to keep up to date.
    live: bool,
    shown: Instant,
    last: Figures,
    start: Instant,
}

const EVERY: Duration = Duration::from_secs(1);

impl Status {
    pub(super) fn new(quiet: bool) -> Status {
        Status {
            live: !quiet && std::io::stderr().is_terminal(),
            shown: Instant::now(),
            last: Figures::default(),
            start: Instant::now(),
        }
    }

    /// Once a turn; `figures` is asked for where there is something to show.
    pub(super) fn turn(&mut self, figures: impl FnOnce() -> Figures) {
        let passed = self.shown.elapsed();
        if !self.live || passed < EVERY {
            return;
        }
        let now = figures();
        let rate = |now: u64, before: u64| (now.saturating_sub(before) as f64 / passed.as_secs_f64()) as u64;
        let line = format!(
            "{} events/s, {}/s; {} events, {}; {} lost; ring {:.0} %",
            rate(now.events, self.last.events),
            size(rate(now.bytes, self.last.bytes)),
            now.events,
            size(now.bytes),
            now.lost,
            100.0 * now.fill
        );
        let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
        (self.last, self.shown) = (now, Instant::now());
    }

    /// A line for good, on SIGUSR1.
    pub(super) fn tell(&self, now: Figures) {
        self.clear();
        let _ = writeln!(
            std::io::stderr(),
            "capture: {:.0} s, {} events, {} bytes in {} file{}, {} lost, ring {:.0} % full",
            self.start.elapsed().as_secs_f64(),
            now.events,
            now.bytes,
            now.files,
            if now.files == 1 { "" } else { "s" },
            now.lost,
            100.0 * now.fill
        );
    }

    /// Takes the live line away: something else is to be said.
    pub(super) fn clear(&self) {
        if self.live {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

/// `1.2 MB`
fn size(bytes: u64) -> String {
    let (mut value, mut unit) = (bytes as f64, "B");
    for next in ["kB", "MB", "GB", "TB"] {
        if value < 1000.0 {
            break;
        }
        (value, unit) = (value / 1000.0, next);
    }
    if unit == "B" {
        format!("{bytes} B")
    } else {
        format!("{value:.1} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1_234_567, "1.2 MB"),
            (5_000_000_000_000_000, "5000.0 TB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
