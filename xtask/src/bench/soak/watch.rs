//! One agent with its load, looked at once a second.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::agent::{Agent, Metrics, Usage};
use super::counts::{Done, Phase};
use super::kernel::Counted;
use super::kind::Kind;
use super::load::{Load, TRIED};
use crate::interrupt;

/// Between two looks.
const EACH: Duration = Duration::from_secs(1);
/// A segment is a second old at most when it is closed, and what it has is counted then.
const SETTLED: Duration = Duration::from_secs(3);
/// How long the kernel counts what its programs take.
const COUNTED: Duration = Duration::from_secs(5);
/// Between two lines about how it is going.
const TOLD: Duration = Duration::from_secs(60);

/// What is watched.
pub(super) struct Watch {
    pub(super) kind: Kind,
    /// Recorded calls a second.
    pub(super) rate: f64,
    /// Bytes of the ring.
    pub(super) memory: u64,
    pub(super) time: Duration,
}

/// A look at everything.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sample {
    /// Seconds since the load began.
    pub(super) at: f64,
    pub(super) metrics: Metrics,
    pub(super) usage: Usage,
    pub(super) done: Done,
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Before the load began; then one each second.
    pub(super) samples: Vec<Sample>,
    /// After it had stopped and everything had arrived.
    pub(super) end: Sample,
    /// Events of one program of the load.
    pub(super) each_program: u64,
    pub(super) kernel: Option<Kernel>,
    /// Whether it was told to end before its time.
    pub(super) interrupted: bool,
}

/// What the programs in the kernel took while that was counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Kernel {
    pub(super) nanoseconds: u64,
    pub(super) runs: u64,
    pub(super) seconds: f64,
    /// Recorded calls meanwhile.
    pub(super) selected: u64,
}

impl Watch {
    /// Starts agent and load in `folder`, which is made, and looks on.
    pub(super) fn run(&self, capture: &Path, folder: &Path) -> Result<Seen> {
        fs::create_dir(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let mut load = Load::prepare(folder)?;
        let memory = format!("{}KiB", self.memory >> 10);
        let mut agent = Agent::start(capture, folder, load.cgroup(), &memory)?;
        load.start(self.kind, self.rate, folder)?;
        let each_program = try_programs(&agent, &load)?;
        thread::sleep(SETTLED);
        let begun = Instant::now();
        let look = |agent: &Agent, load: &Load| -> Result<Sample> {
            Ok(Sample {
                done: load.done(),
                at: begun.elapsed().as_secs_f64(),
                metrics: agent.metrics()?,
                usage: agent.usage()?,
            })
        };
        let mut seen = Seen {
            samples: vec![look(&agent, &load)?],
            each_program,
            ..Seen::default()
        };
        load.counts.set_phase(Phase::Run);
        let mut told = begun;
        for number in 1.. {
            let next = begun + EACH * number;
            while Instant::now() < next && interrupt::check().is_ok() {
                thread::sleep(next.saturating_duration_since(Instant::now()).min(EACH / 10));
            }
            agent.check()?;
            load.check()?;
            let sample = look(&agent, &load)?;
            seen.samples.push(sample);
            seen.interrupted = interrupt::check().is_err();
            if told.elapsed() >= TOLD || number == 5 {
                told = Instant::now();
                eprintln!("xtask: {}", self.line(&sample));
            }
            if seen.interrupted || begun.elapsed() >= self.time {
                break;
            }
        }
        seen.kernel = (!seen.interrupted)
            .then(|| kernel(&agent, &load))
            .transpose()?
            .flatten();
        load.counts.set_phase(Phase::Stop);
        thread::sleep(SETTLED);
        seen.end = look(&agent, &load)?;
        Ok(seen)
    }

    fn line(&self, sample: &Sample) -> String {
        let Sample {
            at,
            metrics,
            usage,
            done,
        } = sample;
        format!(
            "{} {at:.0} s: {} calls, {} events, {} lost, ring {:.1} MB {:.0} s, resident {:.1} MB, {:.1} s of CPU",
            self.kind.name(),
            done.made,
            metrics.events,
            metrics.lost,
            metrics.ring as f64 / 1e6,
            metrics.span,
            usage.resident as f64 / 1e6,
            usage.cpu,
        )
    }
}

/// How many events one program makes, rounded.
fn try_programs(agent: &Agent, load: &Load) -> Result<u64> {
    if !load.starts_programs() {
        return Ok(0);
    }
    thread::sleep(SETTLED);
    let before = agent.metrics()?.events;
    load.counts.set_phase(Phase::Try);
    let until = Instant::now() + Duration::from_secs(30);
    while load.done().programs < TRIED && Instant::now() < until {
        thread::sleep(Duration::from_millis(10));
    }
    thread::sleep(SETTLED);
    let events = agent.metrics()?.events - before;
    if events % TRIED != 0 {
        eprintln!("xtask: {TRIED} programs made {events} events: not all the same");
    }
    let each = (events + TRIED / 2) / TRIED;
    load.counts.set_each_program(each);
    Ok(each)
}

/// What programs in the kernel take, where it tells.
fn kernel(agent: &Agent, load: &Load) -> Result<Option<Kernel>> {
    let Ok(counted) = Counted::begin() else {
        return Ok(None);
    };
    let (before, done, begun) = (agent.kernel_programs()?, load.done(), Instant::now());
    thread::sleep(COUNTED);
    let (after, now) = (agent.kernel_programs()?, load.done());
    drop(counted);
    let runs = after.1.saturating_sub(before.1);
    Ok((runs > 0).then(|| Kernel {
        nanoseconds: after.0.saturating_sub(before.0),
        runs,
        seconds: begun.elapsed().as_secs_f64(),
        selected: now.selected - done.selected,
    }))
}
