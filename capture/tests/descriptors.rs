//! What a trace says was open at a moment is what /proc said then.

mod support;

use afterimage_format::file::Trace;
use afterimage_format::model::DescriptorType;
use afterimage_query::reconstruct::{OpenDescriptor, open_at};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};
use support::{Recording, can_record, capture, lost, select, wait_for, workload};

#[test]
fn a_commands_descriptors_are_known_at_every_moment() {
    if !can_record("a_commands_descriptors_are_known_at_every_moment") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let work = work(dir.path());
    let path = dir.path().join("t.scap");
    let mut command = capture();
    // In full, so that the pause is more than silence.
    command
        .args(["record", "--profile", "full", "-o"])
        .arg(&path)
        .arg("--")
        .arg(workload());
    let output = command.arg("descriptors").arg(&work).arg("slow").output().unwrap();
    assert!(output.status.success(), "{output:?}");

    let trace = Trace::open(&path).unwrap();
    let keyframes = trace.groups().iter().map(|group| group.keyframes).sum::<u32>();
    assert!(keyframes > 1, "the pause was too short for a second keyframe");
    compare(&trace, &work, "begin");
}

/// The process comes into the scope with what it has open.
#[test]
fn a_process_that_comes_later_brings_its_descriptors() {
    let name = "a_process_that_comes_later_brings_its_descriptors";
    if !can_record(name) {
        return;
    }
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    let root = mounts.lines().find(|line| line.contains(" cgroup2 "));
    let Some(root) = root.and_then(|line| line.split(' ').nth(1)) else {
        support::skip(name, "no cgroup v2");
        return;
    };
    let id = format!("afterimage-late-{}", std::process::id());
    let cgroup = Path::new(root).join(&id);
    std::fs::create_dir(&cgroup).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let work = work(dir.path());
    let mut process = Command::new(workload());
    process.arg("descriptors").arg(&work).arg("wait");
    let mut process = process.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    wait_for("the descriptors", || work.join("mark-copied").exists());
    let path = dir.path().join("t.scap");
    let recording = Recording::start(dir.path(), &path, &["--container", &id]);
    std::fs::write(cgroup.join("cgroup.procs"), process.id().to_string()).unwrap();
    // The recorder asks /proc when it reads the record of the arrival, at the latest after its longest sleep.
    std::thread::sleep(std::time::Duration::from_millis(500));
    std::fs::write(work.join("go"), "").unwrap();
    assert!(process.wait().unwrap().success());
    let sealed = recording.seal();
    std::fs::remove_dir(&cgroup).unwrap();
    assert!(sealed.status.success(), "{sealed:?}");
    compare(&Trace::open(&path).unwrap(), &work, "paused");
}

/// Descriptors in messages and from another process, tables and directories that are had in common, other roots and
/// mounts, close-on-exec that no open told of: after each the trace says what /proc said.
#[test]
fn what_comes_from_elsewhere_is_known() {
    let name = "what_comes_from_elsewhere_is_known";
    if !can_record(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let work = work(dir.path());
    let path = dir.path().join("t.scap");
    let mut command = capture();
    command
        .args(["record", "--profile", "full", "-o"])
        .arg(&path)
        .arg("--")
        .arg(workload());
    let output = command.arg("passing").arg(&work).output().unwrap();
    assert!(output.status.success(), "{output:?}");

    let trace = Trace::open(&path).unwrap();
    compare(&trace, &work, "begin");
    let looks = std::fs::read_to_string(work.join("looks")).unwrap();
    let mut wrong = Vec::new();
    for line in looks.lines() {
        let look: Value = serde_json::from_str(line).unwrap();
        let made = format!("evt.type = lseek and evt.arg.offset = {}", look["look"]);
        let fields = ["%thread.tid", "%proc.cwd", "%fd.name", "%fd.ino", "%fd.name.missing"];
        let found = select(&trace, &made, |row| fields.map(|field| support::text(row, field)));
        let [[tid, cwd, name, ino, missing]] = found.as_slice() else {
            panic!("{} events of {line}", found.len());
        };
        let target = look["target"].as_str().unwrap();
        let right = match target.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']')) {
            _ if look["known"] == false => name == "<NA>" && missing == "nothing that was recorded opened it",
            // The end of a pair is named by both.
            Some(number) => ino == number || ino == "<NA>" && name.contains("127.0.0.1:"),
            None => name.strip_prefix("(unreachable)").unwrap_or(name) == target && missing == "<NA>",
        };
        // As the field writes it, a directory ends with a slash.
        let there = format!("{}/", look["cwd"].as_str().unwrap().trim_end_matches('/'));
        let cwd = cwd.strip_prefix("(unreachable)").unwrap_or(cwd);
        if !right || tid.parse().ok() != look["tid"].as_u64() || cwd != there {
            wrong.push(format!("{line}: {found:?}"));
        }
    }
    assert!(looks.lines().count() >= 25, "{looks}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Both ends of a pipe have one name, in whichever process they are.
#[test]
fn a_pipeline_is_connected() {
    if !can_record("a_pipeline_is_connected") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let script = "echo along | cat > /dev/null";
    let mut command = capture();
    command
        .args(["record", "-o"])
        .arg(&path)
        .args(["--", "sh", "-c", script]);
    assert!(command.output().unwrap().status.success());
    let trace = Trace::open(&path).unwrap();
    let ends = |filter: &str| {
        let filter = format!("{filter} and fd.type = pipe and evt.rawres > 0");
        let mut names = select(&trace, &filter, |row| support::text(row, "%fd.name"));
        names.dedup();
        names
    };
    let written = ends("proc.name = sh and evt.type = write");
    let read = ends("proc.name = cat and evt.type = read");
    assert_eq!(written, read);
    assert!(
        matches!(written.as_slice(), [name] if name.starts_with("pipe:[")),
        "{written:?}"
    );
}

/// What an operation of io_uring opened has the name that the kernel knows.
#[test]
fn what_io_uring_opens_is_known() {
    let name = "what_io_uring_opens_is_known";
    if !can_record(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let work = work(dir.path());
    let path = dir.path().join("t.scap");
    let program = workload().with_file_name("syscalls");
    let mut command = capture();
    command.args(["record", "-o"]).arg(&path).arg("--").arg(program);
    let output = command.arg("uring").arg(&work).output().unwrap();
    if String::from_utf8_lossy(&output.stdout).contains("SKIPPED") {
        support::skip(name, "io_uring is not allowed here");
        return;
    }
    assert!(output.status.success(), "{output:?}");
    let trace = Trace::open(&path).unwrap();
    let written = "evt.type = io_uring_op and evt.arg.opcode = IORING_OP_WRITE";
    let names = select(&trace, written, |row| support::text(row, "%fd.name"));
    let expected = work.join("f").display().to_string();
    assert_eq!(names, [expected.clone(), expected]);
}

fn work(dir: &Path) -> std::path::PathBuf {
    let work = dir.join("work");
    std::fs::create_dir(&work).unwrap();
    work.canonicalize().unwrap()
}

/// Compares all marks from `first` on.
fn compare(trace: &Trace, work: &Path, first: &str) {
    assert_eq!(lost(trace), 0);
    let marks = std::fs::read_to_string(work.join("marks")).unwrap();
    let marks: Vec<Value> = marks.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let marks: Vec<&Value> = marks.iter().skip_while(|mark| mark["mark"] != first).collect();
    assert!(marks.len() >= 9, "marks are missing: {marks:#?}");
    let mut wrong = Vec::new();
    for mark in marks {
        let name = mark["mark"].as_str().unwrap();
        let made = format!("evt.type in (mkdir, mkdirat) and evt.rawres = 0 and evt.arg.path endswith '/mark-{name}'");
        let times = select(trace, &made, |row| row.time() as u64);
        assert_eq!(times.len(), 1, "{name}");
        let open = open_at(trace, times[0]);
        assert!(open.damage.is_empty(), "{:?}", open.damage);
        for process in mark["processes"].as_array().unwrap() {
            let pid = process["pid"].as_u64().unwrap() as u32;
            assert!(open.process(pid).is_some(), "{name}: process {pid} is not known");
            let mut expected: BTreeMap<i32, &str> = BTreeMap::new();
            for (fd, target) in process["open"].as_object().unwrap() {
                expected.insert(fd.parse().unwrap(), target.as_str().unwrap());
            }
            let found = open.descriptors.iter().filter(|open| open.pid == pid);
            for found in found {
                match expected.remove(&found.fd) {
                    None => wrong.push(format!(
                        "{name}: {} of {pid} is not open: {:?}",
                        found.fd, found.descriptor
                    )),
                    Some(target) if !fits(found, target, &process["ends"][found.fd.to_string()]) => {
                        wrong.push(format!(
                            "{name}: {} of {pid} is {target}, not {:?}",
                            found.fd, found.descriptor
                        ));
                    }
                    Some(_) => {}
                }
            }
            wrong.extend(
                expected
                    .iter()
                    .map(|(fd, target)| format!("{name}: {fd} of {pid} is open: {target}")),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a descriptor is what its link in /proc said, and a socket has these ends.
fn fits(open: &OpenDescriptor, target: &str, ends: &Value) -> bool {
    use DescriptorType::{Directory, Event, Eventpoll, File, Ipv4, Ipv6, Memfd, Pidfd, Pipe};
    let found = &open.descriptor;
    if target.starts_with("socket:") {
        let Some(ends) = ends.as_array() else {
            return open.is_socket();
        };
        let shown = |(ip, port): (IpAddr, u16)| match port {
            0 => String::new(),
            _ => SocketAddr::new(ip, port).to_string(),
        };
        let found_ends = found.tuple.map(|tuple| [shown(tuple.local), shown(tuple.remote)]);
        return matches!(found.ty, Ipv4 | Ipv6) && found_ends.is_some_and(|found| ends[..] == found[..]);
    }
    match target {
        "anon_inode:[eventfd]" => found.ty == Event,
        "anon_inode:[eventpoll]" => found.ty == Eventpoll,
        "anon_inode:[pidfd]" => found.ty == Pidfd,
        _ if target.starts_with("pidfd:") => found.ty == Pidfd,
        _ if target.starts_with("/memfd:") => found.ty == Memfd,
        _ if target.starts_with("anon_inode:") => open.descriptor.missing.is_empty(),
        _ => matches!(found.ty, File | Directory | Pipe) && found.name == target.as_bytes(),
    }
}
