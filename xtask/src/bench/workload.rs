//! The work whose cost is measured, each run as a process of its own: `xtask workload NAME`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use super::{losses, web};
use crate::{process, workspace};

/// Work to record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workload {
    /// 3 million getpid in one thread
    Getpid,
    /// find and cat over 40,000 small files
    Files,
    /// nginx answering 150,000 keep-alive requests of 8 clients
    Http,
    /// 3,000 times fork and exec
    Exec,
    /// Two processes with 4 million getpid each
    TwoGetpid,
    /// 3 million calls of mixed kinds a second for a minute, in two threads
    Mixed,
    /// Twenty bursts of 400,000 calls in two threads, each after a silence
    Bursts,
    /// cargo building one crate of this workspace
    Compile,
    /// A shell that 400 times starts 8 shells at once
    Storm,
}

impl Workload {
    /// Those whose recording is measured.
    pub(crate) fn recorded() -> Vec<Self> {
        vec![
            Workload::Getpid,
            Workload::Files,
            Workload::Http,
            Workload::Exec,
            Workload::TwoGetpid,
            Workload::Mixed,
            Workload::Bursts,
        ]
    }

    /// Whether it is to show losses alone; the others are compared with the same work without a recorder.
    pub(crate) fn is_for_losses(self) -> bool {
        matches!(self, Workload::Mixed | Workload::Bursts)
    }

    /// Those whose traces are looked at.
    pub(crate) fn traced() -> Vec<Self> {
        vec![
            Workload::Files,
            Workload::Http,
            Workload::Exec,
            Workload::Compile,
            Workload::Storm,
        ]
    }

    /// The chosen ones, or where none was chosen, these.
    pub(crate) fn or(chosen: &[Self], default: fn() -> Vec<Self>) -> Vec<Self> {
        if chosen.is_empty() { default() } else { chosen.to_vec() }
    }

    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Workload::Getpid => "getpid",
            Workload::Files => "files",
            Workload::Http => "http",
            Workload::Exec => "exec",
            Workload::TwoGetpid => "two-getpid",
            Workload::Mixed => "mixed",
            Workload::Bursts => "bursts",
            Workload::Compile => "compile",
            Workload::Storm => "storm",
        }
    }

    /// How often it does what it does, at full scale: calls in each thread, files, requests, programs, calls of all
    /// threads, bursts, builds, rounds of shells.
    pub(crate) fn operations(self) -> f64 {
        match self {
            Workload::Getpid => 3e6,
            Workload::Files => 40e3,
            Workload::Http => 150e3,
            Workload::Exec => 3e3,
            Workload::TwoGetpid => 4e6,
            Workload::Mixed => 60.0 * losses::MIXED_RATE as f64,
            Workload::Bursts => 20.0,
            Workload::Compile => 1.0,
            Workload::Storm => 400.0,
        }
    }

    /// The same at a part of the scale; never nothing.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 180 million times a small factor"
    )]
    pub(crate) fn scaled(self, scale: f64) -> u64 {
        (self.operations() * scale).max(1.0) as u64
    }
}

/// What the process that does the work is told.
#[derive(Args)]
pub(crate) struct Options {
    #[arg(value_enum)]
    name: Workload,
    /// How often
    #[arg(long)]
    operations: u64,
    /// Folder with the files (files), for the server (http), or for what is built (compile)
    #[arg(long)]
    folder: PathBuf,
    /// The web server and its client (http)
    #[arg(long)]
    nginx: Option<PathBuf>,
    /// See `nginx`
    #[arg(long)]
    ab: Option<PathBuf>,
}

/// The line with the result; set-up and clean-up are not in it.
const ELAPSED: &str = "elapsed-ns ";

/// Does the work and prints how long it took.
pub(crate) fn run(options: &Options) -> Result<()> {
    let elapsed = match options.name {
        Workload::Getpid => timed(|| {
            getpid(options.operations);
            Ok(())
        })?,
        Workload::Files => timed(|| find_and_cat(&options.folder))?,
        Workload::Http => {
            let (Some(nginx), Some(ab)) = (&options.nginx, &options.ab) else {
                bail!("http needs --nginx and --ab")
            };
            let server = web::Server::start(nginx, &options.folder)?;
            timed(|| server.requests(ab, options.operations))?
        }
        Workload::Exec => timed(|| fork_and_exec(options.operations))?,
        Workload::TwoGetpid => timed(|| two_processes(options))?,
        Workload::Mixed => timed(|| losses::mixed(options.operations, &options.folder))?,
        Workload::Bursts => timed(|| losses::bursts(options.operations, &options.folder))?,
        Workload::Compile => {
            let built = options.folder.join("built");
            if built.exists() {
                fs::remove_dir_all(&built).with_context(|| format!("cannot remove {}", built.display()))?;
            }
            timed(|| compile(&built))?
        }
        Workload::Storm => timed(|| fork_in_bursts(options.operations))?,
    };
    println!("{ELAPSED}{}", elapsed.as_nanos());
    Ok(())
}

/// Reads what [`run`] printed.
pub(crate) fn read_elapsed(said: &str) -> Result<Duration> {
    let elapsed = said.lines().find_map(|line| line.strip_prefix(ELAPSED)?.parse().ok());
    elapsed
        .map(Duration::from_nanos)
        .with_context(|| format!("the workload did not say how long it took: {said:?}"))
}

fn timed(work: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed())
}

fn getpid(times: u64) {
    for _ in 0..times {
        // SAFETY: getpid has no arguments and no effect. Through syscall(), since a library may remember the answer.
        unsafe { libc::syscall(libc::SYS_getpid) };
    }
}

fn find_and_cat(folder: &Path) -> Result<()> {
    let mut find = Command::new("find");
    find.arg(folder)
        .args(["-type", "f", "-exec", "cat", "{}", "+"])
        .stdout(Stdio::null());
    process::run(&mut find)
}

fn fork_and_exec(times: u64) -> Result<()> {
    // A shell forks and executes; its own size, small, is part of what fork costs.
    let script = format!("i=0; while [ $i -lt {times} ]; do /bin/true; i=$((i+1)); done");
    process::run(Command::new("sh").args(["-c", &script]))
}

/// The smallest crate of the workspace, without the network and with a build folder of its own.
fn compile(target: &Path) -> Result<()> {
    let mut build = workspace::cargo();
    build
        .current_dir(workspace::root()?)
        .args([
            "build",
            "--quiet",
            "--offline",
            "--package",
            "afterimage-abi",
            "--target-dir",
        ])
        .arg(target);
    process::run(&mut build)
}

fn fork_in_bursts(times: u64) -> Result<()> {
    let script =
        format!("i=0; while [ $i -lt {times} ]; do for j in 1 2 3 4 5 6 7 8; do (:) & done; wait; i=$((i+1)); done");
    process::run(Command::new("sh").args(["-c", &script]))
}

fn two_processes(options: &Options) -> Result<()> {
    let start = || -> Result<Child> {
        let mut half = Command::new(env::current_exe()?);
        half.args([
            "workload",
            "getpid",
            "--operations",
            &options.operations.to_string(),
            "--folder",
        ]);
        Ok(half.arg(&options.folder).stdout(Stdio::null()).spawn()?)
    };
    let mut halves = [start()?, start()?];
    for half in &mut halves {
        if !half.wait()?.success() {
            bail!("one of the two processes failed");
        }
    }
    Ok(())
}

/// Writes the files that [`Workload::Files`] reads, 200 in a folder.
pub(crate) fn make_files(folder: &Path, scale: f64) -> Result<()> {
    let content = "a small file, as there are many\n".repeat(8);
    for number in 0..Workload::Files.scaled(scale) {
        let parent = folder.join(format!("{}", number / 200));
        if number % 200 == 0 {
            fs::create_dir_all(&parent).with_context(|| format!("cannot create {}", parent.display()))?;
        }
        fs::write(parent.join(format!("{number}.txt")), &content)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_command_line() {
        for workload in Workload::value_variants() {
            assert_eq!(workload.to_possible_value().unwrap().get_name(), workload.name());
        }
    }

    #[test]
    fn the_elapsed_time_is_found_among_other_output() {
        assert_eq!(
            read_elapsed("ab says hello\nelapsed-ns 1500\n").unwrap(),
            Duration::from_nanos(1500)
        );
        assert!(read_elapsed("no result").is_err());
    }

    #[test]
    fn a_scale_shrinks_the_work_but_not_to_nothing() {
        assert_eq!(Workload::Exec.scaled(0.1), 300);
        assert_eq!(Workload::Exec.scaled(0.0), 1);
        assert_eq!(Workload::Compile.scaled(0.05), 1);
    }

    #[test]
    fn workloads_are_the_chosen_ones_or_the_default() {
        assert_eq!(Workload::or(&[], Workload::traced), Workload::traced());
        assert_eq!(Workload::or(&[Workload::Exec], Workload::traced), [Workload::Exec]);
    }

    #[test]
    fn the_files_are_as_many_as_promised() {
        let folder = tempfile::tempdir().unwrap();
        make_files(folder.path(), 0.01).unwrap();
        let folders = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        assert_eq!(
            folders
                .map(|folder| fs::read_dir(folder).unwrap().count())
                .sum::<usize>(),
            400
        );
    }
}
