//! What the recorder keeps for itself: rights, calls, CPU; how it answers signals; what it says.

mod support;

use afterimage_format::file::Trace;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use support::{Recording, can_record, capture, count, lost, wait_for};

/// A field of /proc/PID/status of every thread of a process.
fn of_threads(pid: u32, field: &str) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    tasks
        .map(|task| {
            let status = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap();
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix(field)?.strip_prefix(":\t"));
            line.unwrap().to_owned()
        })
        .collect()
}

/// CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE.
const KEPT: &str = "0000000000080004";

#[test]
fn it_keeps_only_the_rights_that_it_uses() {
    if !can_record("it_keeps_only_the_rights_that_it_uses") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let recording = Recording::start(dir.path(), &path, &["--pid", &std::process::id().to_string()]);
    for (field, expected) in [
        ("CapEff", KEPT),
        ("CapPrm", KEPT),
        ("CapInh", "0000000000000000"),
        ("Seccomp", "2"),
        ("NoNewPrivs", "1"),
    ] {
        let found = of_threads(recording.pid(), field);
        assert!(
            found.len() > 1 && found.iter().all(|value| value == expected),
            "{field}: {found:?}"
        );
    }
    assert!(Command::new("true").status().unwrap().success());
    assert!(recording.seal().status.success());
    assert!(
        count(
            &Trace::open(&path).unwrap(),
            "evt.type=execve and proc.name=true and evt.dir=<"
        ) > 0
    );
}

/// As an ordinary user with four capabilities, with everything on: signature, encryption, rotation.
#[test]
fn four_capabilities_are_enough() {
    let name = "four_capabilities_are_enough";
    if !can_record(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let copy = dir.path().join("capture");
    std::fs::copy(env!("CARGO_BIN_EXE_capture"), &copy).unwrap();
    std::fs::set_permissions(&copy, PermissionsExt::from_mode(0o755)).unwrap();
    let path = dir.path().join("t.scap");
    let four = "-all,+bpf,+perfmon,+sys_ptrace,+dac_read_search";
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]);
    command.args([
        format!("--inh-caps={four}"),
        format!("--ambient-caps={four}"),
        format!("--bounding-set={four}"),
    ]);
    let script = "for i in $(seq 35); do cat /dev/null; sleep 0.1; done";
    let output = command
        .arg(&copy)
        .args(["record", "--rotate", "500ms", "--profile", "full", "-o"])
        .arg(&path)
        .args(["--", "bash", "-c", script])
        .output();
    let Ok(output) = output else {
        support::skip(name, "setpriv is not installed");
        return;
    };
    assert!(output.status.success(), "{output:?}");
    let trace = Trace::open(&dir.path().join("t.0001.scap")).unwrap();
    assert!(
        count(
            &trace,
            "evt.type=execve and proc.name=cat and evt.rawres=0 and evt.dir=<"
        ) > 0
    );
    assert!(dir.path().join("t.0002.scap").exists(), "it did not rotate: {output:?}");
}

/// A folder of somebody else's: making the next file there takes a right that is kept for it.
#[test]
fn it_rotates_in_a_folder_of_another_user() {
    if !can_record("it_rotates_in_a_folder_of_another_user") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("theirs");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
    std::os::unix::fs::chown(&folder, Some(65534), Some(65534)).unwrap();
    let path = folder.join("t.scap");
    let recording = Recording::start(dir.path(), &path, &["--pid", &std::process::id().to_string()]);
    // CAP_DAC_OVERRIDE beside the two.
    assert_eq!(of_threads(recording.pid(), "CapEff")[0], "0000000000080006");
    recording.signal(libc::SIGHUP);
    let work = || assert!(Command::new("true").status().unwrap().success());
    work();
    wait_for("another file", || {
        work();
        folder.join("t.0002.scap").exists()
    });
    assert!(recording.seal().status.success());
    for file in ["t.scap", "t.0002.scap"] {
        assert!(Trace::open(&folder.join(file)).unwrap().summary().is_some(), "{file}");
    }
}

#[test]
fn signals_ask_for_another_file_and_for_how_it_goes() {
    if !can_record("signals_ask_for_another_file_and_for_how_it_goes") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let recording = Recording::start(dir.path(), &path, &["--pid", &std::process::id().to_string()]);
    let work = || assert!(Command::new("true").status().unwrap().success());
    work();
    // Its records are taken within the longest sleep of the recorder.
    std::thread::sleep(std::time::Duration::from_millis(300));
    recording.signal(libc::SIGUSR1);
    recording.signal(libc::SIGHUP);
    wait_for("another file", || {
        work();
        dir.path().join("t.0002.scap").exists()
    });
    let output = recording.seal();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(" in 1 file, 0 lost, ring 0 % full"), "{said}");
    let (first, second) = (
        Trace::open(&path).unwrap(),
        Trace::open(&dir.path().join("t.0002.scap")).unwrap(),
    );
    assert_eq!(first.summary().unwrap().reason, "rotated");
    assert!(count(&first, "proc.name=true") > 0 && count(&second, "proc.name=true") > 0);
    assert_eq!(second.header().series.previous_name, "t.scap");
}

/// A line that is kept up to date on a terminal, nothing of it in a pipe.
#[test]
fn a_terminal_shows_how_it_goes() {
    let name = "a_terminal_shows_how_it_goes";
    if !can_record(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let run = |extra: &str| {
        let path = dir.path().join("t.scap");
        let line = format!(
            "{} record --force {extra} -o {} -- sleep 2.5",
            env!("CARGO_BIN_EXE_capture"),
            path.display()
        );
        // `script` gives it a terminal.
        Command::new("script")
            .args(["-qec", &line, "/dev/null"])
            .stdin(Stdio::null())
            .output()
    };
    let Ok(shown) = run("") else {
        support::skip(name, "script is not installed");
        return;
    };
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("events/s, ") && shown.contains("ring 0 %"), "{shown}");
    assert!(shown.contains("sealed"), "{shown}");
    let quiet = run("--quiet").unwrap();
    assert!(quiet.stdout.is_empty(), "{quiet:?}");
    let path = dir.path().join("t.scap");
    let piped = capture()
        .args(["record", "--force", "-o"])
        .arg(&path)
        .args(["--", "sleep", "1.5"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&piped.stderr);
    assert!(!said.contains("events/s") && !said.contains('\r'), "{said}");
}

/// CPU time of a process in seconds, so far.
fn cpu_time(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let rest = &stat[stat.rfind(')').unwrap() + 2..];
    let ticks = |at: usize| rest.split(' ').nth(at).unwrap().parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / 100.0
}

/// The recorder keeps to its share, and what that costs is in the trace.
#[test]
fn a_limit_on_cpu_holds_and_its_losses_are_counted() {
    if !can_record("a_limit_on_cpu_holds_and_its_losses_are_counted") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    // One byte a call.
    let mut dd = Command::new("dd");
    dd.args(["if=/dev/zero", "of=/dev/null", "bs=1", "count=100000000"]);
    let mut dd = dd.stderr(Stdio::null()).spawn().unwrap();
    let recording = Recording::start(
        dir.path(),
        &path,
        &["--pid", &dd.id().to_string(), "--cpu-limit", "5", "--nice", "5"],
    );
    let before = cpu_time(recording.pid());
    std::thread::sleep(std::time::Duration::from_secs(4));
    let used = cpu_time(recording.pid()) - before;
    let nice = std::fs::read_to_string(format!("/proc/{}/stat", recording.pid())).unwrap();
    let nice = nice[nice.rfind(')').unwrap() + 2..]
        .split(' ')
        .nth(16)
        .unwrap()
        .to_owned();
    dd.kill().unwrap();
    dd.wait().unwrap();
    let output = recording.seal();
    let trace = Trace::open(&path).unwrap();
    // 5 % of 4 seconds are 0.2, and 0.2 may have been saved up.
    assert!(used < 0.7, "{used} s of CPU in 4 s");
    assert_eq!(nice, "5");
    assert!(lost(&trace) > 0, "so little CPU was enough: {output:?}");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(count(&trace, "evt.type=read") > 0);
}

#[test]
fn doctor_and_record_say_which_capability_is_missing() {
    let name = "doctor_and_record_say_which_capability_is_missing";
    if !can_record(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    for (without, missing) in [
        ("bpf", "CAP_BPF"),
        ("perfmon", "CAP_PERFMON"),
        ("sys_ptrace", "CAP_SYS_PTRACE"),
        ("dac_read_search", "CAP_DAC_READ_SEARCH"),
    ] {
        let run = |args: &[&str]| {
            let drop = format!("--bounding-set=-{without},-sys_admin");
            let inherit = format!("--inh-caps=-{without},-sys_admin");
            Command::new("setpriv")
                .args([&drop, &inherit])
                .arg(env!("CARGO_BIN_EXE_capture"))
                .args(args)
                .output()
        };
        let Ok(output) = run(&["doctor"]) else {
            support::skip(name, "setpriv is not installed");
            return;
        };
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains(missing) && output.status.code() == Some(1), "{said}");
        let output = run(&["record", "-o", path.to_str().unwrap(), "--", "true"]).unwrap();
        if missing.starts_with("CAP_B") || missing.starts_with("CAP_P") {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.contains(missing) && output.status.code() == Some(1), "{said}");
            assert!(!path.exists());
        }
    }
}
