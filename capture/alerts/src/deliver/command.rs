//! A program that is run with the path of the trace: no shell, nothing of this process' environment but PATH.

use super::job::{Outcome, Pending};
use crate::settings::Command;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::ChildStderr;
use tokio::time::timeout;

/// Bytes of what it complains about.
const COMPLAINT_MAX: usize = 2048;
/// Time for the last of it after it has ended.
const REST_WITHIN: Duration = Duration::from_millis(200);

/// One try.
pub(super) async fn run(settings: &Command, pending: &Pending) -> Outcome {
    let (Some((program, args)), Some(trace)) = (settings.argv.split_first(), pending.files.first()) else {
        return Outcome::never("there is no program, or no file");
    };
    let mut command = tokio::process::Command::new(program);
    command
        .args(args)
        .arg(trace)
        .env_clear()
        .env("AFTERIMAGE_CAPTURE", &pending.capture)
        .current_dir("/");
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    // A group of its own, so that its children end with it.
    let mut child = match command.process_group(0).kill_on_drop(true).spawn() {
        Ok(child) => child,
        Err(error) => return Outcome::again(format!("cannot run {program}: {error}")),
    };
    let group = Group(child.id());
    let stderr = child.stderr.take();
    let complaint = tokio::spawn(complaint(stderr));
    let within = Duration::from_millis(settings.timeout_ms);
    let ended = timeout(within, child.wait()).await;
    drop(group);
    match ended {
        Ok(Ok(status)) if status.success() => Outcome::Done { place: String::new() },
        Ok(Ok(status)) => {
            let complaint = timeout(REST_WITHIN, complaint)
                .await
                .ok()
                .and_then(Result::ok)
                .unwrap_or_default();
            Outcome::again(format!("{program} ended with {status}: {}", complaint.escape_debug()))
        }
        Ok(Err(error)) => Outcome::again(format!("{program}: {error}")),
        Err(_) => Outcome::again(format!("{program} did not end within {} ms", settings.timeout_ms)),
    }
}

/// Ends with all that the program started.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        let Some(id) = self.0.and_then(|id| libc::pid_t::try_from(id).ok()) else {
            return;
        };
        // SAFETY: plain system call. The number is that of a group that was made for this child; a group lives as long as
        // anything in it, and if nothing does, the call fails.
        unsafe { libc::kill(-id, libc::SIGKILL) };
    }
}

/// The first of what it complains about; the rest is read and forgotten, so that it does not wait for us.
async fn complaint(stderr: Option<ChildStderr>) -> String {
    let mut kept = Vec::new();
    let mut part = [0; 1024];
    let Some(mut stderr) = stderr else {
        return String::new();
    };
    while let Ok(count @ 1..) = stderr.read(&mut part).await {
        let room = COMPLAINT_MAX - kept.len();
        kept.extend_from_slice(&part[..count.min(room)]);
    }
    String::from_utf8_lossy(&kept).trim_end().to_owned()
}
