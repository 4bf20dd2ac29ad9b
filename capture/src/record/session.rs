//! One recording from start to seal.

use super::begin::begin;
use super::command::Command;
use super::drain::Drain;
use super::output::{Attached, Output, Rotation};
use super::sink::{Place as _, Sink};
use super::status::Status;
use crate::catalogue::Catalogue;
use crate::conduct::{self, CpuLimit};
use crate::containers::Asked;
use crate::executed::Executed;
use crate::filter::{self, Filter};
use crate::probe::Way;
use crate::profile::Profile;
use crate::redact::Redactor;
use crate::scope::Scope;
use crate::{clock, signals};
use afterimage_format::file::{Summary, WriterOptions};
use afterimage_format::segment::SegmentBuilder;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
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
    pub(crate) scope: Scope,
    pub(crate) profile: Profile,
    pub(crate) filter: Option<Filter>,
    pub(crate) redactor: Redactor,
    pub(crate) snaplen: u32,
    pub(crate) latency: bool,
    /// How records come from the kernel.
    pub(crate) way: Way,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) ready_file: Option<PathBuf>,
    pub(crate) nice: Option<i32>,
    /// Percent of one CPU.
    pub(crate) cpu_limit: Option<u32>,
    pub(crate) quiet: bool,
    /// Whether executed files that are new in their container are put into the trace.
    pub(crate) keep_executed: bool,
    /// Who is asked about containers and pods.
    pub(crate) asked: Asked,
}

impl Options {
    /// The calls that are recorded, and for what.
    pub(super) fn catalogue(&self) -> Catalogue {
        let mut catalogue = Catalogue::new();
        match &self.filter {
            Some(filter) => filter.choose(&mut catalogue, |kind| self.profile.takes(kind)),
            None => catalogue.choose(|kind| self.profile.takes(kind)),
        }
        catalogue
    }

    /// Says what the kernel decides and what user space, instead of recording.
    pub(crate) fn explain(&self) -> String {
        filter::explain(&self.profile, &self.catalogue(), &self.scope, self.filter.as_ref())
    }
}

/// Records until the command ends, the time is up or a signal comes; returns the exit status.
pub(crate) fn record(mut options: Options) -> Result<u8> {
    let attached = std::mem::take(&mut options.attached);
    let begun = begin(&mut options, &[])?;
    let options = &options;
    let (mut probe, tracker, header, mut command) = (begun.probe, begun.tracker, begun.header, begun.command);
    let since = header.clock.realtime as i64;
    // The file is made when nothing but the disk can fail any more: a refused recording leaves none behind.
    let scope_text = header.scope.clone();
    let (writer, rotation) = (options.writer.clone(), options.rotation);
    let output = Output::create(&options.output, header, writer, rotation, attached)?;
    let path = output.path().to_owned();
    let builder = || SegmentBuilder::new(tracker.catalogue.kinds.clone(), 1);
    let (first, spare) = (builder(), builder());
    // Each thread has its own capabilities, so they go before there is another one.
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    conduct::keep_what_is_needed(&[folder.unwrap_or(Path::new("."))])?;
    let executed = Executed::start(probe.take_executed()?, options.keep_executed, since)?;
    let mut drain = Drain::new(probe, tracker, first, Sink::start(output, spare), executed);
    conduct::OwnPages::find().forget();
    if let Err(error) = conduct::confine() {
        eprintln!("capture: {error:#}; going on without");
    }
    let ready = match &options.ready_file {
        Some(path) => std::fs::write(path, "").with_context(|| format!("cannot create {}", path.display())),
        None => Ok(()),
    };
    if !options.quiet {
        eprintln!(
            "capture: recording {scope_text} into {} (Ctrl-C ends and seals)",
            path.display()
        );
    }
    let started = ready.and_then(|()| command.as_mut().map_or(Ok(()), Command::start));
    let ended = match &started {
        Ok(()) => run(options, &mut drain, command.as_ref()),
        Err(error) => Ended {
            reason: format!("could not start: {error:#}"),
            status: Some(if options.scope.command.is_empty() { 1 } else { 127 }),
        },
    };
    let status = seal(drain, &ended, options.quiet)?;
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

struct Ended {
    reason: String,
    /// Exit status of the command; `None` where it runs on, or there is none.
    status: Option<u8>,
}

/// Drains until there is a reason to end.
fn run(options: &Options, drain: &mut Drain, command: Option<&Command>) -> Ended {
    let mut status = Status::new(options.quiet);
    let ended = turns(options, drain, command, &mut status);
    status.clear();
    ended
}

fn turns(options: &Options, drain: &mut Drain, command: Option<&Command>, status: &mut Status) -> Ended {
    let deadline = options.duration.map(|d| Instant::now() + d);
    let ended = |reason: &str| Ended {
        reason: reason.to_owned(),
        status: None,
    };
    let mut limit = options.cpu_limit.map(CpuLimit::new);
    loop {
        let pause = limit.as_mut().map_or(Duration::ZERO, CpuLimit::pause);
        if limit.is_some() {
            drain.hurry(pause > Duration::ZERO);
        }
        if pause > Duration::ZERO {
            std::thread::sleep(pause);
        } else if drain.turn().is_err() || drain.has_failed() {
            return ended("the file could not be written");
        }
        status.turn(|| drain.figures());
        if signals::wants_status() {
            status.tell(drain.figures());
        }
        if signals::wants_rotation() && drain.rotate().is_err() {
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
fn seal(drain: Drain, ended: &Ended, quiet: bool) -> Result<u8> {
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
    if !quiet {
        eprintln!(
            "capture: {events} events, {bytes} bytes, {lost} events lost; sealed {}{}",
            written.path().display(),
            match written.files() {
                1 => String::new(),
                files => format!(", the last of {files} files"),
            }
        );
    }
    let missing: Vec<String> = tracker.cgroups.unseen().collect();
    if !missing.is_empty() {
        bail!(
            "no {} appeared; `capture doctor` says which runtimes tell names, images and labels",
            missing.join(", no ")
        );
    }
    Ok(if lost > 0 || failure.is_some() { INCOMPLETE } else { 0 })
}
