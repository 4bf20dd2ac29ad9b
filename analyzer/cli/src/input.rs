//! Traces, the parts of them that are asked for, and what is missing.

use crate::capture;
use crate::output::{counted, shown_path, shown_time};
use crate::status::{Status, Usage};
use afterimage_format::Error;
use afterimage_format::evidence::Identity;
use afterimage_format::file::{OpenOptions, Trace};
use afterimage_format::model::{Container, Loss};
use afterimage_import::Damage;
use afterimage_query::check::{TimeZone, parse_time};
use afterimage_query::output::escaped;
use afterimage_query::{Filter, Rules, Settings, TraceContext};
use anyhow::{Context as _, Result};
use clap::Args;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// What `--identity` named.
static IDENTITIES: OnceLock<Vec<Identity>> = OnceLock::new();

/// Reads the identity files of the command line, which every trace that is opened may need.
pub(crate) fn read_identities(files: &[PathBuf]) -> Result<()> {
    let mut all = Vec::new();
    for file in files {
        let read = Identity::read_all(file);
        all.extend(read.map_err(|error| anyhow::anyhow!(escaped(error.to_string().as_bytes())))?);
    }
    let _ = IDENTITIES.set(all);
    Ok(())
}

/// The identities of the command line.
pub(crate) fn identities() -> &'static [Identity] {
    IDENTITIES.get().map_or(&[], Vec::as_slice)
}

/// An open trace.
pub(crate) struct Input {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// The trace.
    pub(crate) trace: Trace,
    /// What all its events share.
    pub(crate) context: TraceContext,
    /// What could not be read of the capture that the trace was made from just now.
    import_damage: Vec<Damage>,
}

impl Input {
    /// Opens a trace.
    pub(crate) fn open(path: &Path, zone: TimeZone) -> Result<Input> {
        let options = OpenOptions {
            identities: identities().to_vec(),
        };
        let imported = capture::import(path)?;
        let trace = match &imported {
            Some(imported) => Trace::open_with(&imported.path(), &options),
            None => Trace::open_with(path, &options),
        };
        let trace = trace.map_err(|error| anyhow::anyhow!(escaped(error.to_string().as_bytes())))?;
        let context = TraceContext::new(&trace, zone);
        Ok(Input {
            path: path.to_owned(),
            trace,
            context,
            import_damage: imported.map_or(Vec::new(), |imported| imported.report.damage),
        })
    }

    /// `evt.num` of the first and the last event; nothing where there is none.
    pub(crate) fn numbers(&self) -> Option<(u64, u64)> {
        let groups = self.trace.groups();
        let last = groups.last()?;
        let end = last.first_num.saturating_add(last.rows);
        Some((groups.first()?.first_num, end.saturating_sub(1)))
    }

    /// Says on standard error what the answer may lack, once for each reason.
    pub(crate) fn warn(&self, losses: &[Loss], damage: &[Error]) -> Status {
        let path = shown_path(&self.path);
        let zone = self.context.zone();
        for damage in &self.import_damage {
            eprintln!("analyze: {path}: {}", escaped(damage.to_string().as_bytes()));
        }
        if !losses.is_empty() {
            let events: u64 = losses.iter().map(|loss| loss.events).sum();
            let from = losses.iter().map(|loss| loss.from).min().unwrap_or(0);
            let to = losses.iter().map(|loss| loss.to).max().unwrap_or(0);
            eprintln!(
                "analyze: {path}: {} lost while recording, between {} and {}; the answer may lack something",
                counted(events, "event"),
                shown_time(from, zone),
                shown_time(to, zone)
            );
        }
        let of_file = self.trace.damage().into_iter().map(|damage| damage.to_string());
        let all: Vec<String> = of_file.chain(damage.iter().map(ToString::to_string)).collect();
        for (at, what) in all.iter().enumerate().filter(|(at, what)| !all[..*at].contains(what)) {
            if at < 8 {
                eprintln!("analyze: {path}: {}", escaped(what.as_bytes()));
            }
        }
        if self.trace.summary().is_none() {
            eprintln!("analyze: {path}: the recorder did not seal this file; what came last may be missing");
        }
        let incomplete =
            !self.import_damage.is_empty() || !losses.is_empty() || !all.is_empty() || self.trace.summary().is_none();
        Status::incomplete(incomplete)
    }
}

/// Times are shown in and read as.
#[derive(Args, Clone, Copy, Default)]
pub(crate) struct Zone {
    /// Show and read times in UTC instead of the zone of this machine
    #[arg(long)]
    utc: bool,
}

impl Zone {
    pub(crate) fn get(self) -> TimeZone {
        if self.utc { TimeZone::Utc } else { TimeZone::Local }
    }
}

/// A span of time.
#[derive(Args)]
pub(crate) struct Span {
    /// Nothing before this time: 10:00:03.5, '2026-11-21 10:00:00', RFC 3339, or -5m before the end of the trace
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    from: Option<String>,
    /// Nothing after this time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    to: Option<String>,
}

impl Span {
    /// Both ends in nanoseconds since 1970.
    pub(crate) fn resolve(&self, settings: &Settings) -> Result<(Option<i64>, Option<i64>)> {
        let resolve =
            |name: &str, text: &Option<String>| text.as_ref().map(|text| time(name, text, settings)).transpose();
        let (from, to) = (resolve("--from", &self.from)?, resolve("--to", &self.to)?);
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            return Err(Usage("--from is later than --to".to_string()).into());
        }
        Ok((from, to))
    }
}

/// A time from the command line; `name` is the option.
pub(crate) fn time(name: &str, text: &str, settings: &Settings) -> Result<i64> {
    parse_time(text, settings).map_err(|what| Usage(format!("{name}: {}", escaped(what.as_bytes()))).into())
}

/// Compiles a filter; an error shows the place.
pub(crate) fn filter(text: &str, settings: &Settings) -> Result<Filter> {
    Filter::compile(text, settings).map_err(|error| Usage(format!("in the filter: {}", error.render(text))).into())
}

/// Macros and lists that filters may name.
#[derive(Args, Default)]
pub(crate) struct Macros {
    /// Take macros and lists from this Falco rules file. May be given several times; later files change earlier ones
    #[arg(id = "macros_file", long = "macros", value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Macros {
    /// Reads the files.
    pub(crate) fn load(&self) -> Result<Arc<Rules>> {
        load_rules(&self.files)
    }
}

/// Reads rules files; later ones change earlier ones.
pub(crate) fn load_rules(files: &[PathBuf]) -> Result<Arc<Rules>> {
    let mut rules = Rules::default();
    for file in files {
        let path = shown_path(file);
        let mut text = String::new();
        // One byte more than allowed is refused; what has no end is not read to it.
        let read = File::open(file).and_then(|file| file.take(Rules::MAX_FILE as u64 + 1).read_to_string(&mut text));
        read.with_context(|| format!("cannot read {path}"))?;
        rules
            .add(&text)
            .map_err(|error| Usage(format!("{path}: {}", escaped(error.to_string().as_bytes()))))?;
    }
    Ok(Arc::new(rules))
}

/// Settings for checking a filter before there is a trace: times that count from its end are taken as right.
pub(crate) fn any_trace(zone: TimeZone) -> Settings {
    Settings {
        end: Some(0),
        zone,
        ..Settings::default()
    }
}

/// The containers that `wanted` names: id, beginning of the id, or name; `host` is what runs in none.
pub(crate) fn containers(input: &Input, wanted: &[String]) -> Result<Vec<u64>> {
    let all = input.trace.containers();
    let mut keys = Vec::new();
    for name in wanted {
        let found: Vec<u64> = all
            .iter()
            .filter(|container| is_called(container, name))
            .map(|c| c.key)
            .collect();
        match (name.as_str(), found.as_slice()) {
            ("host", []) => keys.push(0),
            (_, []) => return Err(no_container(name, &all)),
            _ => keys.extend(found),
        }
    }
    Ok(keys)
}

fn is_called(container: &Container, name: &str) -> bool {
    let id = container.full_id.as_str();
    id == name || container.name.as_deref() == Some(name) || name.len() >= 4 && id.len() == 64 && id.starts_with(name)
}

fn no_container(name: &str, all: &[Container]) -> anyhow::Error {
    let known: Vec<String> = all
        .iter()
        .take(8)
        .map(|container| escaped(container.short_id().as_bytes()))
        .collect();
    let known = if known.is_empty() {
        "it has none".to_string()
    } else {
        format!("it has {}", known.join(", "))
    };
    Usage(format!(
        "there is no container called {} in this trace; {known}",
        escaped(name.as_bytes())
    ))
    .into()
}
