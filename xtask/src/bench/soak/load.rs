//! The load: processes with threads that make calls at a given rate, `xtask load`.

use std::env;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;

use super::counts::{Counts, Done, Phase};
use super::kind::{self, Caller, Kind};
use crate::bench::cgroup::Cgroup;
use crate::process;

const PROCESSES: usize = 2;
/// Threads of each process that make calls; one more starts programs.
const CALLERS: usize = 2;
/// Programs that a mixed load starts, a second, in each process.
const PROGRAMS: f64 = 5.0;
/// Programs that are started to learn how many events one makes.
pub(super) const TRIED: u64 = 50;
/// What is as late as that is given up: a load that makes up for a minute of silence is no steady one.
const LATE: Duration = Duration::from_secs(1);
/// Starting takes no longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a process of the load is told.
#[derive(Args)]
pub(crate) struct Options {
    #[arg(long)]
    kind: Kind,
    /// Calls a second that are recorded
    #[arg(long)]
    rate: f64,
    #[arg(long)]
    folder: PathBuf,
    /// Which process it is
    #[arg(long)]
    number: usize,
    /// `cgroup.procs` of the cgroup that it goes to
    #[arg(long)]
    cgroup: PathBuf,
}

/// One process of it, to its end.
pub(crate) fn run(options: &Options) -> Result<()> {
    // SAFETY: no memory is involved. Whoever measures may be killed.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    fs::write(&options.cgroup, "0").with_context(|| format!("cannot join {}", options.cgroup.display()))?;
    block_sigchld();
    // Threads with memory of their own would call mprotect as it grows, which is recorded; this one calls brk, which is not.
    #[cfg(target_env = "gnu")]
    // SAFETY: the call has no conditions.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
    let counts = Counts::open(&options.folder.join("counts"))?;
    let starts_programs = options.kind.starts_programs();
    let callers = if options.kind == Kind::Exec { 0 } else { CALLERS };
    let programs = if options.kind == Kind::Exec {
        f64::INFINITY
    } else {
        PROGRAMS
    };
    thread::scope(|scope| {
        let counts = &counts;
        let mut threads = Vec::new();
        for at in 0..=CALLERS {
            let thread = options.number * (CALLERS + 1) + at;
            let mut caller = Caller::new(options.kind, &options.folder, thread)?;
            let work = move || match at < CALLERS {
                true if callers > 0 => work(counts, thread, caller, options.rate / callers as f64),
                false if starts_programs => start_programs(counts, thread, caller, options.rate, programs),
                _ => begin(counts, &mut caller).and_then(|()| stay()),
            };
            threads.push(scope.spawn(work));
        }
        threads.into_iter().try_for_each(|thread| match thread.join() {
            Ok(done) => done,
            Err(_) => bail!("a thread of the load panicked"),
        })
    })
}

/// In this thread and those that it will start: whether the signal is delivered, which is an event, depends on when a
/// program ends.
fn block_sigchld() {
    // SAFETY: a set of signals that is all zeros is valid, and so are the pointers for the calls.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigaddset(&raw mut set, libc::SIGCHLD);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
    }
}

/// What a thread allocates for its first work is not work.
fn begin(counts: &Counts, caller: &mut Caller) -> Result<()> {
    caller.warm_up()?;
    counts.add_ready();
    while counts.phase() == Phase::Wait {
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Stays until it is killed: its end is recorded as well, and not counted here.
fn stay() -> Result<()> {
    loop {
        thread::sleep(Duration::from_secs(1));
    }
}

/// Makes calls until it is told to stop.
fn work(counts: &Counts, thread: usize, mut caller: Caller, rate: f64) -> Result<()> {
    begin(counts, &mut caller)?;
    while matches!(counts.phase(), Phase::Wait | Phase::Try) {
        thread::sleep(Duration::from_millis(5));
    }
    let mut pace = Pace::new(rate);
    while counts.phase() == Phase::Run {
        caller.round()?;
        if let Some(ahead) = pace.ahead(caller.done().selected as f64) {
            caller.sleep(ahead);
        }
        counts.tell(thread, caller.done());
    }
    stay()
}

/// Starts programs: at most so many a second, and no more than the rate of calls allows.
fn start_programs(counts: &Counts, thread: usize, mut caller: Caller, rate: f64, most: f64) -> Result<()> {
    begin(counts, &mut caller)?;
    // One process alone tries: how its children interleave with others is no matter then.
    if counts.phase() == Phase::Try && thread == CALLERS {
        for _ in 0..TRIED {
            caller.program()?;
        }
        counts.tell(thread, caller.done());
    }
    while matches!(counts.phase(), Phase::Wait | Phase::Try) {
        thread::sleep(Duration::from_millis(5));
    }
    let each = counts.each_program().max(1) as f64;
    let begun = caller.done().programs;
    let mut pace = Pace::new((rate / each).min(most));
    while counts.phase() == Phase::Run {
        caller.program()?;
        counts.tell(thread, caller.done());
        if let Some(ahead) = pace.ahead((caller.done().programs - begun) as f64) {
            caller.sleep(ahead);
        }
    }
    stay()
}

/// Holds a rate.
struct Pace {
    rate: f64,
    since: Instant,
    /// Work that was done before `since`.
    before: f64,
}

impl Pace {
    fn new(rate: f64) -> Self {
        Self {
            rate: rate.max(0.001),
            since: Instant::now(),
            before: 0.0,
        }
    }

    /// How much too early this work is done; a shorter sleep would last longer than it says.
    fn ahead(&mut self, done: f64) -> Option<Duration> {
        let due = Duration::from_secs_f64((done - self.before) / self.rate);
        let elapsed = self.since.elapsed();
        if elapsed > due + LATE {
            (self.since, self.before) = (Instant::now(), done);
        }
        due.checked_sub(elapsed)
            .filter(|ahead| *ahead > Duration::from_millis(1))
    }
}

/// All its processes, in a cgroup of their own; killed when dropped.
pub(super) struct Load {
    processes: Vec<Child>,
    starts_programs: bool,
    pub(super) counts: Counts,
    cgroup: Cgroup,
}

impl Load {
    /// A cgroup to record, with nothing in it yet.
    pub(super) fn prepare(folder: &Path) -> Result<Self> {
        kind::make_files(folder)?;
        Ok(Self {
            processes: Vec::new(),
            starts_programs: false,
            counts: Counts::make(&folder.join("counts"))?,
            cgroup: Cgroup::make()?,
        })
    }

    /// As the configuration of a recorder names it.
    pub(super) fn cgroup(&self) -> &str {
        self.cgroup.name()
    }

    /// Starts the processes; they wait for [`Phase::Run`]. The rate is that of all of them.
    pub(super) fn start(&mut self, kind: Kind, rate: f64, folder: &Path) -> Result<()> {
        self.starts_programs = kind.starts_programs();
        for number in 0..PROCESSES {
            let mut command = Command::new(env::current_exe()?);
            command
                .args(["load", "--kind", kind.name(), "--number", &number.to_string(), "--rate"])
                .arg((rate / PROCESSES as f64).to_string())
                .arg("--folder")
                .arg(folder)
                .arg("--cgroup")
                .arg(self.cgroup.processes());
            // A group of its own: Ctrl-C ends the measuring, and that the load.
            command.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0);
            let child = command.spawn();
            self.processes.push(child.context("cannot start the load")?);
        }
        let all = (PROCESSES * (CALLERS + 1)) as u64;
        if !process::wait_until(PATIENCE, || {
            self.check()?;
            Ok(self.counts.ready() == all)
        })? {
            bail!("the load did not begin within {} seconds", PATIENCE.as_secs());
        }
        Ok(())
    }

    /// An error where a process has ended.
    pub(super) fn check(&mut self) -> Result<()> {
        for child in &mut self.processes {
            if let Some(status) = child.try_wait()? {
                bail!("a process of the load ended early: {status}");
            }
        }
        Ok(())
    }

    /// Whether it has to be known how many events a program makes.
    pub(super) fn starts_programs(&self) -> bool {
        self.starts_programs
    }

    /// What it has done.
    pub(super) fn done(&self) -> Done {
        self.counts.all()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for child in &mut self.processes {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_says_what_is_early_and_forgives_what_is_late() {
        let mut pace = Pace::new(100.0);
        assert!(pace.ahead(50.0).unwrap() > Duration::from_millis(400));
        pace.since = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
        assert_eq!(pace.ahead(50.0), None);
        let ahead = pace.ahead(150.0).unwrap();
        assert!(ahead > Duration::from_millis(900), "{ahead:?}");
    }
}
