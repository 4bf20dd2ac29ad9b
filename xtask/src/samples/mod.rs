//! `cargo xtask samples`: makes the traces in samples/ anew, with where they came from.

mod v1;

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use afterimage_format::file::Trace;
use anyhow::{Context, Result};
use chrono::DateTime;

use crate::demo;
use crate::workspace::{self, Profile, Programs};

const INCIDENT: &str = "incident.scap";
const SESSION: &str = "session.scap";

/// Which samples.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Set {
    /// The demo's incident, in the newest format
    Incident,
    /// Somebody at work in a terminal, in the newest format
    Session,
    /// The frozen files of format version 1; made once
    V1,
}

/// Makes a set of samples.
pub(crate) fn run(root: &Path, set: Set) -> Result<()> {
    match set {
        Set::Incident => newest(root, INCIDENT, demo::record),
        Set::Session => newest(root, SESSION, demo::session::record),
        Set::V1 => v1::run(root),
    }
}

/// Records one of the samples in the newest format into samples/, and writes its README.
fn newest(root: &Path, name: &str, record: fn(&Programs, &Path) -> Result<()>) -> Result<()> {
    let folder = root.join("samples");
    let programs = workspace::build_programs(root, Profile::Dev)?;
    // Recorded beside the build, and moved here only when it is whole.
    let scratch = workspace::target_dir(root).join(name);
    leave_this_hosts_name_behind(&workspace::target_dir(root))?;
    record(&programs, &scratch)?;
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let trace = folder.join(name);
    fs::copy(&scratch, &trace).with_context(|| format!("cannot write {}", trace.display()))?;
    fs::remove_file(&scratch)?;
    let readme = folder.join("README.md");
    fs::write(
        &readme,
        document(&origin(&folder, INCIDENT)?, &origin(&folder, SESSION)?),
    )
    .with_context(|| format!("cannot write {}", readme.display()))?;
    println!("xtask: {} and {}", trace.display(), readme.display());
    Ok(())
}

/// When and where a sample was recorded, and its size: rows of its table.
fn origin(folder: &Path, name: &str) -> Result<String> {
    let path = folder.join(name);
    let trace = Trace::open(&path)?;
    let (header, start) = (trace.header(), trace.totals().time_min);
    let date = DateTime::from_timestamp_nanos(i64::try_from(start)?).format("%Y-%m-%d");
    Ok(format!(
        "| when, where | {date}, Linux {}, {}, runc |\n| size | {} bytes |\n",
        header.host.kernel,
        header.host.arch,
        fs::metadata(&path)?.len()
    ))
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

fn document(incident: &str, session: &str) -> String {
    let container = demo::CONTAINER;
    format!(
        "# Samples\n\n\
         Real traces that this project recorded itself. `cargo xtask samples` writes this page and the incident anew, \
         `cargo xtask samples session` the session; [v1](v1/README.md) is the frozen set of format version 1.\n\n\
         ## `{INCIDENT}`\n\n\
         | | |\n|---|---|\n\
         | what | an attack on a small web service in a container, from the first visit to the deletion of the container |\n\
         | made by | `cargo xtask samples` (the incident of `cargo xtask demo`: `xtask/src/demo/`) |\n\
         {incident}\
         | scope | container `{container}` alone: no process of the host is in it |\n\
         | content | everything in the container was made up for the demo: users, password hashes, orders; \
         addresses are of the block for documentation (192.0.2.0/24) |\n\n\
         The attacker finds that the page passes a host name to a shell (`id`), reads `/etc/shadow`, fetches a second stage \
         with `wget`, makes it executable, runs it, deletes it, and sends what it packed out with `nc`. Look for it:\n\n\
         ```sh\nanalyze timeline samples/{INCIDENT}\nanalyze query samples/{INCIDENT} -f 'evt.type=execve'\n```\n\n\
         ## `{SESSION}`\n\n\
         | | |\n|---|---|\n\
         | what | somebody with a shell in the same container, in a terminal: looks around, and changes an order with `vi` |\n\
         | made by | `cargo xtask samples session` (`xtask/src/demo/session.rs`) |\n\
         {session}\
         | scope, content | as above; with the time that calls took (`--latency`) |\n\n\
         ```sh\nanalyze sessions samples/{SESSION}\nanalyze commands samples/{SESSION}\n```\n",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_is_what_the_samples_are() {
        let folder = workspace::root().unwrap().join("samples");
        let origins = [INCIDENT, SESSION].map(|name| origin(&folder, name).unwrap());
        let text = fs::read_to_string(folder.join("README.md")).unwrap();
        assert_eq!(text, document(&origins[0], &origins[1]));
    }
}
