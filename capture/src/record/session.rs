//! One recording from start to seal.

use super::command::Command;
use super::drain::Drain;
use super::output::{Attached, Output, Rotation};
use super::sink::Sink;
use crate::events::Tracker;
use crate::executed::Executed;
use crate::probe::{Probe, Settings};
use crate::state::{Selector, show};
use crate::{clock, host, signals};
use afterimage_abi::ScopeMode;
use afterimage_format::file::{Summary, WriterOptions};
use afterimage_format::model::Header;
use afterimage_format::segment::SegmentBuilder;
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Exit status when the file is sealed but not everything that happened is in it.
const INCOMPLETE: u8 = 3;

/// What the user asked for.
pub(crate) struct Options {
    pub(crate) output: PathBuf,
    pub(crate) writer: WriterOptions,
    pub(crate) rotation: Rotation,
    pub(crate) attached: Vec<Attached>,
    pub(crate) duration: Option<Duration>,
    pub(crate) containers: Vec<String>,
    pub(crate) snaplen: u32,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) ready_file: Option<PathBuf>,
    pub(crate) command: Vec<OsString>,
    /// Whether executed files that are new in their container are put into the trace.
    pub(crate) keep_executed: bool,
}

impl Options {
    fn scope(&self) -> ScopeMode {
        match (self.command.is_empty(), self.containers.is_empty()) {
            (false, _) => ScopeMode::Process,
            (true, false) => ScopeMode::Cgroup,
            (true, true) => ScopeMode::All,
        }
    }

    fn scope_text(&self) -> String {
        if !self.command.is_empty() {
            let words: Vec<String> = self.command.iter().map(|w| show(w.as_bytes())).collect();
            format!("command: {}", words.join(" "))
        } else if !self.containers.is_empty() {
            format!("containers: {}", self.containers.join(", "))
        } else {
            "everything on this host".to_owned()
        }
    }
}

/// Records until the command ends, the time is up or a signal comes; returns the exit status.
pub(crate) fn record(mut options: Options) -> Result<u8> {
    let attached = std::mem::take(&mut options.attached);
    let options = &options;
    // The fork comes before everything that starts threads or holds the kernel's resources.
    let mut command = match options.command.as_slice() {
        [] => None,
        argv => Some(Command::prepare(argv)?),
    };
    signals::install()?;
    let clock = clock::anchor();
    let selectors = options
        .containers
        .iter()
        .map(|c| Selector {
            pattern: c.clone(),
            seen: false,
        })
        .collect();
    let mut tracker = Tracker::new(options.scope(), selectors, clock);
    let settings = Settings {
        scope: options.scope(),
        snaplen: options.snaplen,
        specs: tracker.catalogue.specs.clone(),
        entries: tracker.catalogue.entries.clone(),
    };
    let mut probe = Probe::load(&settings).map_err(crate::doctor::explain)?;
    if let Some(command) = &command {
        probe.add_command(command.pid())?;
    }
    probe.attach().map_err(crate::doctor::explain)?;
    let header = Header {
        capture_id: *uuid::Uuid::new_v4().as_bytes(),
        host: host::describe(),
        clock,
        recorder: concat!("afterimage capture ", env!("CARGO_PKG_VERSION")).to_owned(),
        scope: options.scope_text(),
        snaplen: options.snaplen,
        tags: options.tags.clone(),
        degraded: [degraded(), probe.degraded().to_vec()].concat(),
        ..Header::default()
    };
    let mut in_scope = Vec::new();
    tracker.snapshot(|id| in_scope.push(id));
    for id in in_scope {
        probe.add_cgroup(id)?;
    }
    if let Some(command) = &command {
        tracker.expect(command.pid());
    }
    // The file is made when nothing but the disk can fail any more: a refused recording leaves none behind.
    let scope = header.scope.clone();
    let (writer, rotation) = (options.writer.clone(), options.rotation);
    let output = Output::create(&options.output, header, writer, rotation, attached)?;
    let path = output.path().to_owned();
    let builder = || SegmentBuilder::new(tracker.catalogue.kinds.clone(), 1);
    let (first, spare) = (builder(), builder());
    let since = tracker.real_time(clock.boottime) as i64;
    let executed = Executed::start(probe.take_executed()?, options.keep_executed, since)?;
    let mut drain = Drain::new(probe, tracker, first, Sink::start(output, spare), executed);
    let ready = match &options.ready_file {
        Some(path) => std::fs::write(path, "").with_context(|| format!("cannot create {}", path.display())),
        None => Ok(()),
    };
    eprintln!(
        "capture: recording {} into {} (Ctrl-C ends and seals)",
        scope,
        path.display()
    );
    let started = ready.and_then(|()| command.as_mut().map_or(Ok(()), Command::start));
    let ended = match &started {
        Ok(()) => run(options, &mut drain, command.as_ref()),
        Err(error) => Ended {
            reason: format!("could not start: {error:#}"),
            status: Some(if options.command.is_empty() { 1 } else { 127 }),
        },
    };
    let status = seal(drain, &ended)?;
    if let Err(error) = &started {
        eprintln!("capture: {error:#}");
    }
    let command = match ended.status {
        // The recording ended first; the command goes on, and its status is still the answer.
        None => command.map_or(0, |command| outlast(&command)),
        Some(status) => status,
    };
    Ok(if command != 0 { command } else { status })
}

/// Waits for the command, passing signals on to it.
fn outlast(command: &Command) -> u8 {
    loop {
        if let Some(status) = command.exit_status() {
            return status;
        }
        if let Some(signal) = signals::received() {
            command.signal(signal);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What this host does not offer, for the header.
fn degraded() -> Vec<String> {
    let mut out = Vec::new();
    if crate::snapshot::cgroup_root().is_none() {
        out.push("cgroup v2 is not mounted: containers are not told apart".to_owned());
    }
    out
}

struct Ended {
    reason: String,
    /// Exit status of the command; `None` where it runs on, or there is none.
    status: Option<u8>,
}

/// Drains until there is a reason to end.
fn run(options: &Options, drain: &mut Drain, command: Option<&Command>) -> Ended {
    let deadline = options.duration.map(|d| Instant::now() + d);
    let ended = |reason: &str| Ended {
        reason: reason.to_owned(),
        status: None,
    };
    loop {
        if drain.turn().is_err() || drain.has_failed() {
            return ended("the file could not be written");
        }
        if let Some(signal) = signals::received() {
            if let Some(command) = command {
                command.signal(signal);
            }
            return ended(&format!("signal {signal}"));
        }
        if let Some(status) = command.and_then(Command::exit_status) {
            return Ended {
                reason: "the command ended".to_owned(),
                status: Some(status),
            };
        }
        if deadline.is_some_and(|d| Instant::now() >= d) {
            return ended("the time was up");
        }
    }
}

/// Takes the rest, writes index and footer, and says what came of it. Returns 3 where events are missing.
fn seal(drain: Drain, ended: &Ended) -> Result<u8> {
    let (tracker, sink) = drain.finish();
    let Ok(mut written) = sink.finish() else {
        bail!("the thread that writes the file ended early")
    };
    let (events, mut lost) = (written.events, written.lost);
    let failure = written.failed.as_ref().map(|(error, losses)| {
        lost += losses.iter().map(|l| l.events).sum::<u64>();
        error.to_string()
    });
    let reason = failure
        .clone()
        .map_or(ended.reason.clone(), |f| format!("{}: {f}", ended.reason));
    let end = tracker.real_time(clock::boottime());
    let summary = Summary {
        end,
        reason,
        containers: tracker.cgroups.containers(),
        ..Summary::default()
    };
    let bytes = written.seal(summary)?;
    if let Some(failure) = &failure {
        eprintln!("capture: {failure}; the file is sealed up to there");
    }
    eprintln!(
        "capture: {events} events, {bytes} bytes, {lost} events lost; sealed {}{}",
        written.path().display(),
        match written.files() {
            1 => String::new(),
            files => format!(", the last of {files} files"),
        }
    );
    let missing: Vec<&str> = tracker.cgroups.unseen().collect();
    if !missing.is_empty() {
        bail!(
            "no container called {} appeared; names are those of the cgroup (the id, or the name for runc and ctr)",
            missing.join(", ")
        );
    }
    Ok(if lost > 0 || failure.is_some() { INCOMPLETE } else { 0 })
}
