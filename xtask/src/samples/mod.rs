//! `cargo xtask samples`: makes the traces in samples/ anew, with where they came from.

mod v1;

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result};
use chrono::Utc;

use crate::demo;
use crate::workspace::{self, Profile};

const INCIDENT: &str = "incident.scap";

/// Which samples.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Set {
    /// The demo's incident, in the newest format
    Incident,
    /// The frozen files of format version 1; made once
    V1,
}

/// Makes a set of samples.
pub(crate) fn run(root: &Path, set: Set) -> Result<()> {
    match set {
        Set::Incident => incident(root),
        Set::V1 => v1::run(root),
    }
}

/// Records the demo's incident into samples/ and writes its README.
fn incident(root: &Path) -> Result<()> {
    let folder = root.join("samples");
    let programs = workspace::build_programs(root, Profile::Dev)?;
    // Recorded beside the build, and moved here only when it is whole.
    let scratch = workspace::target_dir(root).join(INCIDENT);
    leave_this_hosts_name_behind(&workspace::target_dir(root))?;
    demo::record(&programs, &scratch)?;
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let trace = folder.join(INCIDENT);
    fs::copy(&scratch, &trace).with_context(|| format!("cannot write {}", trace.display()))?;
    fs::remove_file(&scratch)?;

    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").context("cannot read the kernel's version")?;
    let bytes = fs::metadata(&trace)?.len();
    let readme = folder.join("README.md");
    fs::write(
        &readme,
        document(&Utc::now().format("%Y-%m-%d").to_string(), kernel.trim(), bytes),
    )
    .with_context(|| format!("cannot write {}", readme.display()))?;
    println!("xtask: {} ({bytes} bytes) and {}", trace.display(), readme.display());
    Ok(())
}

/// A trace names the host that it was recorded on. A sample is for everybody, so from here on this process and its
/// children see a host of another name, in namespaces of their own.
fn leave_this_hosts_name_behind(scratch: &Path) -> Result<()> {
    let check = |done: libc::c_int, what: &str| match done {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()).with_context(|| format!("cannot {what} (samples are recorded as root)")),
    };
    let machine_id = scratch.join("machine-id");
    fs::write(&machine_id, format!("{}\n", "0".repeat(32)))
        .with_context(|| format!("cannot write {}", machine_id.display()))?;
    let from = CString::new(machine_id.as_os_str().as_bytes())?;
    let name = "afterimage-demo";
    // SAFETY: this process has one thread here; all pointers are to strings that outlive the calls.
    unsafe {
        check(libc::unshare(libc::CLONE_NEWUTS | libc::CLONE_NEWNS), "make namespaces")?;
        check(
            libc::sethostname(name.as_ptr().cast(), name.len()),
            "set the host's name",
        )?;
        let (root, none) = (c"/".as_ptr(), std::ptr::null());
        check(
            libc::mount(none, root, none, libc::MS_REC | libc::MS_PRIVATE, none.cast()),
            "keep mounts to itself",
        )?;
        let id = c"/etc/machine-id".as_ptr();
        check(
            libc::mount(from.as_ptr(), id, none, libc::MS_BIND, none.cast()),
            "hide the machine's id",
        )
    }
}

fn document(date: &str, kernel: &str, bytes: u64) -> String {
    format!(
        "# Samples\n\n\
         Real traces that this project recorded itself. `cargo xtask samples` writes this page and the incident anew; [v1](v1/README.md) \
         is the frozen set of format version 1.\n\n\
         ## `{INCIDENT}`\n\n\
         | | |\n|---|---|\n\
         | what | an attack on a small web service in a container, from the first visit to the deletion of the container |\n\
         | made by | `cargo xtask samples` (the incident of `cargo xtask demo`: `xtask/src/demo/`) |\n\
         | when, where | {date}, Linux {kernel}, {arch}, runc |\n\
         | size | {bytes} bytes |\n\
         | scope | container `{container}` alone: no process of the host is in it |\n\
         | content | everything in the container was made up for the demo: users, password hashes, orders; \
         addresses are of the block for documentation (192.0.2.0/24) |\n\n\
         The attacker finds that the page passes a host name to a shell (`id`), reads `/etc/shadow`, fetches a second stage \
         with `wget`, makes it executable, runs it, deletes it, and sends what it packed out with `nc`. Look for it:\n\n\
         ```sh\nanalyze timeline samples/{INCIDENT}\nanalyze query samples/{INCIDENT} -f 'evt.type=execve'\n```\n",
        arch = std::env::consts::ARCH,
        container = demo::CONTAINER,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_tells_the_origin() {
        let text = document("2026-11-21", "6.18.44", 12345);
        for part in [
            "`incident.scap`",
            "cargo xtask samples",
            "2026-11-21, Linux 6.18.44",
            "12345 bytes",
            demo::CONTAINER,
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
    }
}
