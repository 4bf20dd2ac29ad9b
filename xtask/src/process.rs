//! Running other programs, with errors that say which command failed and how.

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Runs a command with this program's own output; an unsuccessful exit is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start `{}`", describe(command)))?;
    if !status.success() {
        bail!("`{}` failed: {status}", describe(command));
    }
    Ok(())
}

/// Runs a command silently; its output is part of the error when it fails.
pub(crate) fn run_quietly(command: &mut Command) -> Result<()> {
    collect(command).map(drop)
}

/// What a command wrote to its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = collect(command)?;
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` wrote something other than UTF-8", describe(command)))
}

fn collect(command: &mut Command) -> Result<Output> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{}`", describe(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed: {}\n{}", describe(command), output.status, said.trim());
    }
    Ok(output)
}

/// Runs a command, passing its output on line by line, and also returns all of it.
pub(crate) fn run_and_keep(command: &mut Command) -> Result<(ExitStatus, String)> {
    let what = describe(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{what}`"))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let said = thread::scope(|scope| {
        let reader =
            scope.spawn(|| stderr.map_or_else(String::new, |stderr| pass_on(stderr, |line| eprint!("{line}"))));
        let said = stdout.map_or_else(String::new, |stdout| pass_on(stdout, |line| print!("{line}")));
        said + &reader.join().unwrap_or_default()
    });
    Ok((child.wait().with_context(|| format!("cannot wait for `{what}`"))?, said))
}

fn pass_on(stream: impl Read, print: impl Fn(&str)) -> String {
    let mut kept = String::new();
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while stream.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&line);
        print(&text);
        kept.push_str(&text);
        line.clear();
    }
    kept
}

/// A command as one would type it, shortened: enough to find it, not every flag.
pub(crate) fn describe(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Finds a program on PATH, or in the system folders that an ordinary user's PATH leaves out.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    file.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Whether this process may do everything (effective user id 0).
pub(crate) fn is_root() -> bool {
    // SAFETY: geteuid takes no arguments and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// Asks until `ready` says yes; false when `limit` has passed first.
pub(crate) fn wait_until(limit: Duration, mut ready: impl FnMut() -> Result<bool>) -> Result<bool> {
    let start = Instant::now();
    while !ready()? {
        if start.elapsed() > limit {
            return Ok(false);
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(true)
}

/// Sends a signal to a process that this program started.
pub(crate) fn signal(pid: u32, signal: libc::c_int) -> Result<()> {
    let pid = libc::pid_t::try_from(pid).context("process id out of range")?;
    // SAFETY: kill takes plain integers; the process is a child that was not waited for yet, so the id is its own.
    if unsafe { libc::kill(pid, signal) } != 0 {
        bail!("cannot signal process {pid}: {}", std::io::Error::last_os_error());
    }
    Ok(())
}
