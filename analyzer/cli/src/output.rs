//! Standard output, and what is said beside it.

use afterimage_query::check::TimeZone;
use afterimage_query::output::{escaped, time};
use std::io::{self, BufWriter, IsTerminal as _, StdoutLock};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Standard output with a buffer. To be flushed in the end: dropping it would hide errors.
pub(crate) fn stdout() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(64 << 10, io::stdout().lock())
}

/// How lines may look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// Columns of the terminal; none where the output is not one.
    pub(crate) width: Option<usize>,
    /// Whether colours are wanted.
    pub(crate) colour: bool,
}

impl Look {
    /// As standard output is. `NO_COLOR` in the environment turns colours off.
    pub(crate) fn of_stdout() -> Look {
        let terminal = io::stdout().is_terminal();
        let width = || crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns));
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Look {
            width: terminal.then(width),
            colour: terminal && !no_colour,
        }
    }
}

/// A path, harmless.
pub(crate) fn shown_path(path: &Path) -> String {
    escaped(path.as_os_str().as_bytes())
}

/// `UTC` or `local time`, for headings.
pub(crate) fn zone_name(zone: TimeZone) -> &'static str {
    match zone {
        TimeZone::Utc => "UTC",
        TimeZone::Local => "local time",
    }
}

/// A time of a trace as date and time of day in microseconds; `-` where there is none.
pub(crate) fn shown_time(time: u64, zone: TimeZone) -> String {
    match i64::try_from(time) {
        Ok(0) | Err(_) => "-".to_string(),
        Ok(time) => {
            let text = time::date_time(time, zone);
            text.get(..text.len() - 3).unwrap_or(&text).to_string()
        }
    }
}

/// A time of a trace in RFC 3339; none where there is none.
pub(crate) fn rfc3339(time: u64) -> Option<String> {
    i64::try_from(time).ok().filter(|time| *time != 0).map(time::rfc3339)
}

/// `1 event`, `2 events`.
pub(crate) fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
