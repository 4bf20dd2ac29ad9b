//! One run of one workload, with what it took.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::cgroup::Cgroup;
use super::hook::Hook;
use super::observer::Observer;
use super::web::ServerPrograms;
use super::workload::{self, Workload};
use crate::process;
use crate::recorder::Recorder;
use crate::workspace::Programs;

/// Everything that runs share.
pub(crate) struct Bench {
    /// The recorder under test, and the analyzer that counts.
    pub(crate) programs: Programs,
    /// Takes files, traces, the server's folder.
    pub(crate) scratch: PathBuf,
    /// Present where the web workload is wanted.
    pub(crate) server: Option<ServerPrograms>,
    /// Part of the work to do.
    pub(crate) scale: f64,
}

/// The runs of one workload with one observer.
#[derive(Debug)]
pub(crate) struct Measured {
    /// What was done.
    pub(crate) workload: Workload,
    /// Who looked on.
    pub(crate) observer: Observer,
    /// One for each repetition.
    pub(crate) runs: Vec<Run>,
}

impl Measured {
    /// Nothing measured yet.
    pub(crate) fn new(workload: Workload, observer: Observer) -> Self {
        Self {
            workload,
            observer,
            runs: Vec::new(),
        }
    }
}

/// What one run took.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// Of the work, without set-up.
    pub(crate) elapsed: Duration,
    /// Operations done in each thread.
    pub(crate) operations: u64,
    /// With [`Observer::Capture`] only.
    pub(crate) recording: Option<Recording>,
}

/// What the recorder took and kept.
#[derive(Clone, Debug)]
pub(crate) struct Recording {
    /// From its start to its readiness.
    pub(crate) start: Duration,
    /// From the request to end to the sealed file.
    pub(crate) stop: Duration,
    /// Processor time, all of it, from start to end.
    pub(crate) cpu: Duration,
    /// Largest resident memory in bytes.
    pub(crate) peak_memory: u64,
    /// Events in the trace.
    pub(crate) events: u64,
    /// Events counted as lost.
    pub(crate) lost: u64,
    /// Size of the trace in bytes.
    pub(crate) bytes: u64,
    /// Segments of the trace.
    pub(crate) segments: u64,
}

impl Bench {
    /// The files that the files workload reads.
    pub(crate) fn files(&self) -> PathBuf {
        self.scratch.join("files")
    }

    /// Runs a workload once.
    pub(crate) fn run(&self, workload: Workload, observer: Observer) -> Result<Run> {
        if observer.recorder().is_some() {
            let trace = self.scratch.join("bench.scap");
            let run = self.record(workload, observer, &trace)?;
            fs::remove_file(&trace)?;
            return Ok(run);
        }
        let _hook = (observer == Observer::Hook).then(Hook::attach).transpose()?;
        let operations = workload.scaled(self.scale * observer.share(workload));
        let work = self.command(workload, operations)?;
        let output = self.scratch.join("peer-output");
        let elapsed = finish(observer.around(work, &output))?;
        if output.exists() {
            fs::remove_file(&output)?;
        }
        Ok(Run {
            elapsed,
            operations,
            recording: None,
        })
    }

    /// Runs a workload once while the recorder writes what `observer` tells it to into `trace`, which is kept.
    pub(crate) fn record(&self, workload: Workload, observer: Observer, trace: &Path) -> Result<Run> {
        let cgroup = (observer == Observer::Elsewhere).then(Cgroup::make).transpose()?;
        let mut arguments = observer.recorder().unwrap_or_default().to_vec();
        if let Some(cgroup) = &cgroup {
            arguments.extend(["--cgroup", cgroup.name()]);
        }
        let operations = workload.scaled(self.scale);
        let work = self.command(workload, operations)?;
        let before = Instant::now();
        let recorder = Recorder::start(&self.programs.capture, trace, &self.scratch, &arguments)?;
        let start = before.elapsed();
        let elapsed = finish(work)?;
        let before = Instant::now();
        let sealed = recorder.seal()?;
        let stop = before.elapsed();
        sealed.check("the recorder")?;
        let counts = self.counts(trace)?;
        Ok(Run {
            elapsed,
            operations,
            recording: Some(Recording {
                start,
                stop,
                cpu: sealed.cpu,
                peak_memory: sealed.peak_memory,
                events: counts.events,
                lost: counts.lost,
                bytes: fs::metadata(trace)?.len(),
                segments: counts.segments,
            }),
        })
    }

    fn command(&self, workload: Workload, operations: u64) -> Result<Command> {
        let folder = if workload == Workload::Files {
            self.files()
        } else {
            self.scratch.clone()
        };
        let mut command = Command::new(env::current_exe()?);
        command
            .args([
                "workload",
                workload.name(),
                "--operations",
                &operations.to_string(),
                "--folder",
            ])
            .arg(folder);
        if let (Workload::Http, Some(server)) = (workload, &self.server) {
            command.arg("--nginx").arg(&server.nginx).arg("--ab").arg(&server.ab);
        }
        Ok(command)
    }

    fn counts(&self, trace: &Path) -> Result<Counts> {
        let info = self.programs.info(trace)?;
        let number = |pointer: &str| {
            info.pointer(pointer)
                .and_then(Value::as_u64)
                .with_context(|| format!("no number at {pointer} in {info}"))
        };
        Ok(Counts {
            events: number("/events")?,
            lost: number("/losses/events")?,
            segments: number("/segments")?,
        })
    }
}

/// What a trace says of itself.
struct Counts {
    events: u64,
    lost: u64,
    segments: u64,
}

/// Runs a workload's process to its end.
fn finish(mut work: Command) -> Result<Duration> {
    let output = work.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot start `{}`", process::describe(&work)))?;
    if !output.status.success() {
        bail!("`{}` failed: {}", process::describe(&work), output.status);
    }
    workload::read_elapsed(&String::from_utf8_lossy(&output.stdout))
}
