//! What is in a scoped capture, and what is not.

mod support;

use afterimage_format::file::Trace;
use afterimage_query::reconstruct::open_at;
use std::process::{Command, Stdio};
use support::{Bundle, Recording, can_record, can_run_containers, count, select, wait_for, workload};

/// All captured text of a trace.
fn texts(trace: &Trace) -> Vec<Vec<u8>> {
    let mut out = vec![format!("{:?} {:?}", trace.header(), trace.summary()).into_bytes()];
    for at in 0..trace.segment_count() {
        let segment = trace.segment(at).unwrap();
        out.extend(segment.threads().unwrap().iter().map(|t| format!("{t:?}").into_bytes()));
        for thread in segment.threads().unwrap() {
            out.extend([&thread.comm, &thread.exe, &thread.exepath, &thread.args, &thread.cwd].map(|t| t.to_vec()));
        }
        out.extend(segment.descriptors().unwrap().iter().map(|d| d.name.clone()));
        for ty in [
            afterimage_format::model::ParamType::Path,
            afterimage_format::model::ParamType::Bytes,
        ] {
            for id in 1..=segment.string_count(ty).unwrap() {
                out.extend(segment.string(ty, id as i64).unwrap().map(<[u8]>::to_vec));
            }
        }
    }
    out
}

fn holds(trace: &Trace, marker: &str) -> bool {
    texts(trace)
        .iter()
        .any(|text| text.windows(marker.len()).any(|w| w == marker.as_bytes()))
}

#[test]
fn a_containers_capture_holds_nothing_of_others() {
    if !can_run_containers("a_containers_capture_holds_nothing_of_others") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let id = format!("afterimage-scope-{}", std::process::id());
    let other_id = format!("afterimage-other-{}", std::process::id());
    let outside = "outsidemarker";
    let bundle = Bundle::new(
        dir.path(),
        &id,
        &["/bin/sh", "-c", "cat /data/inside-marker; sleep 0.2; true"],
    );
    let other = Bundle::new(dir.path(), &other_id, &["/bin/sh", "-c", "cat /data/outsidemarker"]);
    std::fs::write(bundle.data().join("inside-marker"), "x").unwrap();
    std::fs::write(other.data().join(outside), outside).unwrap();
    let path = dir.path().join("t.scap");
    let recording = Recording::start(dir.path(), &path, &["--container", &id]);
    // Noise of the host and of another container, before and while the wanted one runs.
    let noise = format!("for i in 1 2 3 4 5 6 7 8 9 10; do echo {outside}; cat /dev/null {outside}; sleep 0.02; done");
    let mut host = Command::new("sh");
    host.args(["-c", &noise]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut host = host.spawn().unwrap();
    assert!(other.run(&other_id).status.success());
    let inside = bundle.run(&id);
    assert!(inside.status.success(), "{inside:?}");
    assert!(host.wait().unwrap().code().is_some());
    assert!(recording.seal().status.success());

    let trace = Trace::open(&path).unwrap();
    assert!(
        holds(&trace, "inside-marker"),
        "the capture does not hold the container's own file"
    );
    assert!(!holds(&trace, outside), "the capture holds what happened outside");
    assert_eq!(count(&trace, &format!("not container.id = {id}")), 0);
    // Nor the numbers of others' descriptors.
    let seen = select(&trace, "proc.pid exists", |row| row.thread().unwrap().pid);
    let with_descriptors = support::with_descriptors(&trace);
    assert!(!with_descriptors.is_empty());
    assert!(
        with_descriptors.iter().all(|pid| seen.contains(pid)),
        "{with_descriptors:?}"
    );
    // Nor the name of whoever started it: the ancestors end at the runtime's init inside the container.
    let test = std::fs::read_to_string("/proc/self/comm").unwrap();
    assert_eq!(
        count(&trace, &format!("proc.aname in (capture, runc, {})", test.trim())),
        0
    );
    let first = select(&trace, "proc.name = cat and evt.type = execve and evt.dir = <", |row| {
        row.thread().unwrap().exepath.clone()
    });
    assert_eq!(first.len(), 1);
}

#[test]
fn a_container_that_runs_already_is_known_with_its_descriptors() {
    if !can_run_containers("a_container_that_runs_already_is_known_with_its_descriptors") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let id = format!("afterimage-running-{}", std::process::id());
    let script = "exec 7>/data/log; while :; do echo line >&7; sleep 0.05; done";
    let bundle = Bundle::new(dir.path(), &id, &["/bin/bash", "-c", script]);
    let mut run = bundle.runc(&["run", &id]).stdin(Stdio::null()).spawn().unwrap();
    wait_for("the container's first line", || {
        bundle.data().join("log").metadata().is_ok_and(|m| m.len() > 0)
    });
    let path = dir.path().join("t.scap");
    let recording = Recording::start(dir.path(), &path, &["--container", &id]);
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(recording.seal().status.success());
    assert!(bundle.runc(&["kill", &id, "KILL"]).status().unwrap().success());
    run.wait().unwrap();

    let trace = Trace::open(&path).unwrap();
    // The shell opened the file before anybody recorded; /proc names it as the host sees it.
    assert!(
        count(
            &trace,
            "evt.type=write and proc.name=bash and fd.name endswith /data/log"
        ) > 2
    );
    assert_eq!(
        count(&trace, "proc.name=bash and not proc.cmdline startswith 'bash -c'"),
        0
    );
    let keyframe = trace.segment(0).unwrap();
    assert!(
        keyframe.live().unwrap().iter().any(|t| *t.comm == *b"bash"),
        "the first keyframe lacks what ran already"
    );
    let began = open_at(&trace, keyframe.zone().time_min);
    let log = began
        .descriptors
        .iter()
        .find(|open| open.descriptor.name.ends_with(b"/data/log"));
    let owner = log.and_then(|open| began.process(open.pid)).expect("the log is open");
    assert_eq!(*owner.comm, *b"bash");
}

#[test]
fn a_container_that_never_comes_is_an_error_and_an_honest_file() {
    if !can_record("a_container_that_never_comes_is_an_error_and_an_honest_file") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let recording = Recording::start(
        dir.path(),
        &path,
        &["--container", "no-such-container", "--duration", "300ms"],
    );
    let output = recording.wait();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("no container called no-such-container"), "{said}");
    let trace = Trace::open(&path).unwrap();
    assert!(trace.summary().is_some());
    assert_eq!(count(&trace, "evt.num > 0"), 0);
}

/// Also where the recorder runs in the cgroup that it records.
#[test]
fn the_recorder_does_not_record_itself_in_its_own_scope() {
    if !can_record("the_recorder_does_not_record_itself_in_its_own_scope") {
        return;
    }
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    let root = mounts
        .lines()
        .find(|l| l.contains(" cgroup2 "))
        .and_then(|l| l.split(' ').nth(1));
    let Some(root) = root else {
        support::skip("the_recorder_does_not_record_itself_in_its_own_scope", "no cgroup v2");
        return;
    };
    let id = format!("afterimage-self-{}", std::process::id());
    let cgroup = std::path::Path::new(root).join(&id);
    std::fs::create_dir(&cgroup).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let recording = Recording::start(dir.path(), &path, &["--container", &id]);
    let join = |pid: u32| std::fs::write(cgroup.join("cgroup.procs"), pid.to_string()).unwrap();
    join(recording.pid());
    let mut other = Command::new("sh");
    let script = format!("echo $$ > {}/cgroup.procs; cat /dev/null; sleep 0.1", cgroup.display());
    assert!(other.args(["-c", &script]).status().unwrap().success());
    let pid = recording.pid();
    assert!(recording.seal().status.success());
    std::fs::remove_dir(&cgroup).unwrap();
    let trace = Trace::open(&path).unwrap();
    assert_eq!(
        count(&trace, &format!("proc.pid={pid} and evt.type != cgroup_attach_task")),
        0
    );
    assert!(count(&trace, "proc.name=cat") > 0);
}

#[test]
fn the_recorder_does_not_record_itself() {
    if !can_record("the_recorder_does_not_record_itself") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let recording = Recording::start(dir.path(), &path, &[]);
    let pid = recording.pid();
    assert!(Command::new(workload()).arg("nothing").status().unwrap().success());
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(matches!(recording.seal().status.code(), Some(0 | 3)));
    let trace = Trace::open(&path).unwrap();
    let seen = count(&trace, "proc.name=workload and evt.type=execve");
    assert!(
        seen >= 1 || support::lost(&trace) > 0,
        "the workload is not in the trace, and nothing was lost"
    );
    assert_eq!(count(&trace, &format!("proc.pid={pid}")), 0);
}

#[test]
fn a_commands_capture_is_its_tree_and_nothing_else() {
    if !can_record("a_commands_capture_is_its_tree_and_nothing_else") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let mut noise = Command::new("sh");
    noise.args([
        "-c",
        "for i in 1 2 3 4 5 6 7 8; do cat /dev/null outsidemarker; sleep 0.02; done",
    ]);
    let mut noise = noise.stderr(Stdio::null()).spawn().unwrap();
    let mut command = support::capture();
    command
        .arg("record")
        .arg("-o")
        .arg(&path)
        .args(["--", "sh", "-c", "sh -c 'sleep 0.1; cat /dev/null'; exit 7"]);
    assert_eq!(command.output().unwrap().status.code(), Some(7));
    noise.wait().unwrap();
    let trace = Trace::open(&path).unwrap();
    assert_eq!(
        count(
            &trace,
            "evt.type=execve and evt.dir=< and evt.rawres=0 and proc.name=cat and proc.pname=sh"
        ),
        1
    );
    assert_eq!(count(&trace, "proc.name=capture"), 0);
    assert!(!holds(&trace, "outsidemarker"));
}
