//! What commands share that answer for one moment of a trace.

use crate::input::{self, Input, Zone};
use crate::output::{shown_time, zone_name};
use crate::status::{Status, Usage};
use afterimage_format::Error;
use afterimage_query::losses;
use afterimage_query::output::escaped;
use anyhow::Result;
use std::path::PathBuf;

/// Which moment of which trace.
#[derive(clap::Args)]
pub(crate) struct MomentArgs {
    /// Trace
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// When: 10:00:03.5, '2026-11-21 10:00:00', RFC 3339, or -5m before the end of the trace [default: its end]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    at: Option<String>,
    /// Only this container: id, beginning of the id, or name; `host` is what runs in none. May be given several times
    #[arg(long, value_name = "ID|NAME")]
    container: Vec<String>,
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    zone: Zone,
}

/// A moment of an open trace.
pub(crate) struct Moment {
    pub(crate) input: Input,
    /// Nanoseconds since 1970.
    pub(crate) time: u64,
    /// Keys of the wanted containers; all where empty.
    containers: Vec<u64>,
}

impl MomentArgs {
    /// Opens the trace and finds the moment.
    pub(crate) fn open(&self) -> Result<Moment> {
        let zone = self.zone.get();
        let input = Input::open(&self.file, zone)?;
        let at = match &self.at {
            Some(text) => input::time("--at", text, &input.context.settings())?,
            None => input.context.last(),
        };
        if at < input.context.first() && self.at.is_some() {
            let first = shown_time(u64::try_from(input.context.first()).unwrap_or(0), zone);
            return Err(Usage(format!("--at: the trace begins later, at {first}")).into());
        }
        let containers = input::containers(&input, &self.container)?;
        Ok(Moment {
            time: u64::try_from(at).unwrap_or(0),
            input,
            containers,
        })
    }
}

impl Moment {
    /// Whether a container is asked for; `None`: it is not known which.
    pub(crate) fn wants(&self, container: Option<u64>) -> bool {
        self.containers.is_empty() || container.is_some_and(|key| self.containers.contains(&key))
    }

    /// The time for a heading.
    pub(crate) fn shown(&self) -> String {
        let zone = self.input.context.zone();
        format!("{} {}", shown_time(self.time, zone), zone_name(zone))
    }

    /// A container for a column.
    pub(crate) fn container(&self, key: u64) -> String {
        match (key, self.input.context.container(key)) {
            (0, _) => "host".to_string(),
            (_, Some(container)) => escaped(container.short_id().as_bytes()),
            (_, None) => "?".to_string(),
        }
    }

    /// Says what the answer may lack.
    pub(crate) fn warn(&self, damage: Vec<Error>) -> Status {
        let lost = losses(&self.input.trace, None, i64::try_from(self.time).ok());
        let damage: Vec<_> = damage.into_iter().chain(lost.damage).collect();
        self.input.warn(&lost.records, &damage)
    }
}
