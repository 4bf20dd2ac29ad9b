//! Each group of calls: what was recorded of them is what was done, every parameter of it. The program says what it
//! did; see capture/examples/syscalls.

mod support;

use afterimage_format::file::Trace;
use afterimage_query::check::TimeZone;
use afterimage_query::output::Format;
use std::path::Path;
use support::{can_record, capture, lost, select, workload};

/// Records the calls of a group and compares.
fn check(group: &str) {
    if !can_record(group) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let work = dir.path().join("work");
    std::fs::create_dir(&work).unwrap();
    check_in(group, &work, 5);
}

/// In a directory of the caller's; the group has to say as much.
fn check_in(group: &str, work: &Path, least: usize) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let mut command = capture();
    command.args(["record", "--profile", "full", "-o"]).arg(&path).arg("--");
    command.arg(workload().with_file_name("syscalls")).arg(group);
    let output = command.arg(work.canonicalize().unwrap()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    if let Some(reason) = said.strip_prefix("SKIPPED ") {
        support::skip(group, reason);
        return;
    }
    compare(&said, &recorded(&path));
    assert!(said.lines().count() >= least, "{said}");
}

/// `%evt.type %evt.args` of all that the program did.
fn recorded(path: &Path) -> Vec<String> {
    let trace = Trace::open(path).unwrap();
    assert_eq!(lost(&trace), 0);
    let format = Format::parse("%evt.type %evt.args").unwrap();
    let filter = "proc.exepath endswith /syscalls and not (evt.dir=> and evt.type=execve)";
    select(&trace, filter, |row| {
        format.line(row, TimeZone::Utc).unwrap_or_default()
    })
}

/// What was said has to be there in this order, with anything between.
fn compare(said: &str, recorded: &[String]) {
    let (mut from, mut wrong) = (0, Vec::new());
    for line in said.lines() {
        match recorded[from..].iter().position(|r| r == line) {
            Some(at) => from += at + 1,
            None => {
                let name = line.split(' ').next().unwrap();
                let alike = recorded[from..].iter().filter(|r| r.split(' ').next() == Some(name));
                let alike: Vec<&str> = alike.take(3).map(String::as_str).collect();
                wrong.push(format!("done:     {line}\nrecorded: {}", alike.join("\n          ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

macro_rules! groups {
    ($($group:ident)*) => {
        $(
            #[test]
            fn $group() {
                check(stringify!($group));
            }
        )*
    };
}
groups!(files attributes mounts transfer network memory processes kernel signals waiting ipc uring);

/// 32-bit calls: the same, and each is marked.
#[cfg(target_arch = "x86_64")]
#[test]
fn compat() {
    check("compat");
}

/// A process that reaches the limit of its cgroup.
#[test]
fn memory_limit() {
    let name = "memory_limit";
    if !can_record(name) {
        return;
    }
    let id = format!("afterimage-limit-{}", std::process::id());
    let places = [
        ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
        ("/sys/fs/cgroup", "memory.max"),
    ];
    let made = places.into_iter().find_map(|(root, limit)| {
        let cgroup = Path::new(root).join(&id);
        std::fs::create_dir(&cgroup).ok()?;
        if std::fs::write(cgroup.join(limit), "16777216").is_ok() {
            return Some(cgroup);
        }
        let _ = std::fs::remove_dir(&cgroup);
        None
    });
    let Some(cgroup) = made else {
        support::skip(name, "no cgroup with a limit of memory can be made");
        return;
    };
    check_in(name, &cgroup, 3);
    support::wait_for("the cgroup to be empty", || std::fs::remove_dir(&cgroup).is_ok());
}
