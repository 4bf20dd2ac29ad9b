//! The agent under test, and what it and the kernel say about it.

use std::collections::HashMap;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process;

/// Attaching may have to read the kernel's types on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// `capture agent`; killed when dropped.
pub(super) struct Agent {
    child: Child,
    capture: PathBuf,
    socket: PathBuf,
    log: PathBuf,
}

/// What it says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Metrics {
    pub(super) events: u64,
    pub(super) lost: u64,
    /// Bytes of all segments that have ever been in the ring.
    pub(super) encoded: u64,
    /// Bytes of the ring as the agent counts them.
    pub(super) ring: u64,
    /// Seconds between the first and the last event of the ring.
    pub(super) span: f64,
}

/// What the kernel says of it: the recorder and its helpers together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Usage {
    /// Bytes resident in the recorder.
    pub(super) resident: u64,
    /// The most that were, ever.
    pub(super) peak: u64,
    /// Bytes of all processes, shared pages divided among those that share them.
    pub(super) proportional: u64,
    /// Seconds of processor time of all processes.
    pub(super) cpu: f64,
    /// Bytes written to storage by all processes.
    pub(super) stored: u64,
    /// Bytes handed to `write` by all processes, to whatever: sockets and pipes as well.
    pub(super) written: u64,
    pub(super) processes: u64,
}

impl Agent {
    /// Starts it with the configuration that it has by default, but for its folders, the ring's memory, and whom it records.
    pub(super) fn start(capture: &Path, folder: &Path, cgroup: &str, memory: &str) -> Result<Self> {
        let folder = folder.join("agent");
        fs::create_dir(&folder)?;
        let file = |name: &str| folder.join(name);
        let config = format!(
            "[recording.scope]\ncgroups = ['{cgroup}']\n[ring]\nmemory = '{memory}'\n[trigger.socket]\npath = '{}'\n\
             [captures]\nfolder = '{}'\n",
            file("socket").display(),
            file("captures").display()
        );
        fs::write(file("agent.toml"), config)?;
        let mut command = Command::new(capture);
        command
            .args(["agent", "--config"])
            .arg(file("agent.toml"))
            .arg("--ready-file")
            .arg(file("ready"))
            .stdin(Stdio::null())
            .stderr(File::create(file("log"))?)
            .process_group(0);
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", capture.display()))?;
        let mut agent = Self {
            child,
            capture: capture.to_owned(),
            socket: file("socket"),
            log: file("log"),
        };
        let ready = file("ready");
        let started = process::wait_until(PATIENCE, || {
            agent.check()?;
            Ok(ready.exists())
        })?;
        if !started {
            bail!("the agent was not ready within {} seconds", PATIENCE.as_secs());
        }
        Ok(agent)
    }

    /// An error where it has ended, with what it said.
    pub(super) fn check(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            let said = fs::read_to_string(&self.log).unwrap_or_default();
            bail!("the agent ended early: {status}\n{}", said.trim());
        }
        Ok(())
    }

    /// What `capture status --metrics` says.
    pub(super) fn metrics(&self) -> Result<Metrics> {
        let mut command = Command::new(&self.capture);
        command.args(["status", "--metrics", "--socket"]).arg(&self.socket);
        Metrics::parse(&process::output(&mut command)?)
    }

    /// What the kernel says.
    pub(super) fn usage(&self) -> Result<Usage> {
        let recorder = self.child.id();
        let mut usage = Usage::default();
        for pid in family(recorder) {
            // A helper may have just ended.
            let Ok(one) = Usage::of(pid) else { continue };
            if pid == recorder {
                (usage.resident, usage.peak) = (one.resident, one.peak);
            }
            usage.proportional += one.proportional;
            usage.cpu += one.cpu;
            usage.stored += one.stored;
            usage.written += one.written;
            usage.processes += 1;
        }
        Ok(usage)
    }

    /// Nanoseconds and runs of its programs in the kernel since they were loaded; both grow only while the kernel counts
    /// them (`kernel.bpf_stats_enabled`).
    pub(super) fn kernel_programs(&self) -> Result<(u64, u64)> {
        let mut programs = HashMap::new();
        for entry in fs::read_dir(format!("/proc/{}/fdinfo", self.child.id()))? {
            let Ok(text) = fs::read_to_string(entry?.path()) else {
                continue;
            };
            let number = |key: &str| {
                text.lines()
                    .find_map(|line| line.strip_prefix(key)?.trim().parse::<u64>().ok())
            };
            // Programs have several descriptors, those of their links among them.
            if let (Some(id), Some(time), Some(runs)) = (number("prog_id:"), number("run_time_ns:"), number("run_cnt:"))
            {
                programs.insert(id, (time, runs));
            }
        }
        Ok(programs
            .values()
            .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1)))
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = process::signal(self.child.id(), libc::SIGTERM);
        let ended = process::wait_until(Duration::from_secs(5), || Ok(self.child.try_wait()?.is_some()));
        if !matches!(ended, Ok(true)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// A process and its descendants.
fn family(pid: u32) -> Vec<u32> {
    let mut all = vec![pid];
    let mut at = 0;
    while let Some(parent) = all.get(at) {
        for task in fs::read_dir(format!("/proc/{parent}/task"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            all.extend(
                children
                    .split_whitespace()
                    .filter_map(|child| child.parse::<u32>().ok()),
            );
        }
        at += 1;
    }
    all
}

/// The number behind a name at the beginning of a line.
fn field(text: &str, name: &str) -> Result<f64> {
    let found = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok());
    found.with_context(|| format!("no {name} in {text:?}"))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts, far below 2^53"
)]
fn count(text: &str, name: &str) -> Result<u64> {
    Ok(field(text, name)? as u64)
}

impl Metrics {
    fn parse(text: &str) -> Result<Self> {
        Ok(Self {
            events: count(text, "afterimage_events_total ")?,
            lost: count(text, "afterimage_events_lost_total ")?,
            encoded: count(text, "afterimage_recorded_bytes_total ")?,
            ring: count(text, "afterimage_ring_bytes ")?,
            span: field(text, "afterimage_ring_span_seconds ")?,
        })
    }
}

impl Usage {
    fn of(pid: u32) -> Result<Self> {
        let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}"));
        let (status, io, rollup) = (read("status")?, read("io")?, read("smaps_rollup")?);
        Ok(Self {
            resident: count(&status, "VmRSS:")? << 10,
            peak: count(&status, "VmHWM:")? << 10,
            proportional: count(&rollup, "Pss:")? << 10,
            cpu: cpu(&read("stat")?)?,
            stored: count(&io, "write_bytes:")?,
            written: count(&io, "wchar:")?,
            processes: 1,
        })
    }
}

/// Seconds of user and system time, from /proc/PID/stat; proc_pid_stat(5) numbers its fields.
fn cpu(stat: &str) -> Result<f64> {
    // The name, in brackets, may have spaces.
    let behind = stat.rsplit_once(')').map(|(_, behind)| behind);
    let fields: Vec<&str> = behind.unwrap_or_default().split_whitespace().collect();
    let ticks = |number: usize| fields.get(number - 3).and_then(|field| field.parse::<f64>().ok());
    let (user, system) = (ticks(14).context("no utime")?, ticks(15).context("no stime")?);
    // SAFETY: the call has no conditions.
    let each_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    Ok((user + system) / each_second as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_lines_of_name_and_number() {
        let text = "# HELP afterimage_events_total Events recorded.\nafterimage_events_total 12\n\
                    afterimage_events_lost_total 1\nafterimage_recorded_bytes_total 60\nafterimage_ring_bytes 2108\n\
                    afterimage_ring_span_seconds 1.5\n";
        let expected = Metrics {
            events: 12,
            lost: 1,
            encoded: 60,
            ring: 2108,
            span: 1.5,
        };
        assert_eq!(Metrics::parse(text).unwrap(), expected);
        assert!(Metrics::parse("").is_err());
    }

    #[test]
    fn this_process_can_be_read() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.resident > 0 && usage.peak >= usage.resident / 2 && usage.proportional > 0);
        assert!(family(std::process::id()).contains(&std::process::id()));
        assert_eq!(
            cpu("7 (a ) b) S 1 7 7 0 -1 4194560 1 0 0 0 150 50 0 0 20").unwrap(),
            2.0
        );
    }
}
