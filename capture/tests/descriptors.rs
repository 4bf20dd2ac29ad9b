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
    use DescriptorType::{Directory, Event, Eventpoll, File, Ipv4, Ipv6, Memfd, Pipe};
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
        _ if target.starts_with("pipe:") => found.ty == Pipe,
        _ if target.starts_with("/memfd:") => found.ty == Memfd,
        _ => matches!(found.ty, File | Directory) && found.name == target.as_bytes(),
    }
}
