//! What a kernel must offer, and what a recording does without where it does not.
//!
//! `cargo xtask vm test` runs these on other kernels.

mod support;

use afterimage_format::file::{Trace, verify};
use std::path::Path;
use std::process::{Command, Output};
use support::{
    Bundle, Recording, can_record, can_run_containers, capture, count, lost, select, skip, wait_for, workload,
};

const BTF: &str = "/sys/kernel/btf/vmlinux";

/// The recorder with `args` on a kernel that has no such names, as far as it can see: they are spelt otherwise in the
/// types that it reads.
fn without_names(dir: &Path, names: &[&str], args: &[&str]) -> Output {
    let mut btf = std::fs::read(BTF).unwrap();
    for name in names {
        let text = [b"\0", name.as_bytes(), b"\0"].concat();
        let at = btf.windows(text.len()).position(|window| window == text);
        btf[at.unwrap_or_else(|| panic!("this kernel has no {name}")) + 1] = b'~';
    }
    let other = dir.join("btf");
    std::fs::write(&other, btf).unwrap();
    let script = format!("mount --bind {} {BTF} && exec \"$@\"", other.display());
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &script, "sh", env!("CARGO_BIN_EXE_capture")]);
    command.args(args).output().unwrap()
}

#[test]
fn a_kernel_without_what_is_optional_records_and_says_what_is_missing() {
    if !can_record("a_kernel_without_what_is_optional_records_and_says_what_is_missing") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let names = ["btf_trace_sched_process_free", "skc_v6_daddr"];
    let doctor = without_names(dir.path(), &names, &["doctor"]);
    let said = String::from_utf8_lossy(&doctor.stdout);
    assert!(doctor.status.success(), "{said}");
    assert!(said.contains("missing IPv6 addresses of sockets"), "{said}");
    let path = dir.path().join("t.scap");
    let args = ["record", "-o", path.to_str().unwrap(), "--", "cat", "/dev/null"];
    let output = without_names(dir.path(), &names, &args);
    assert!(output.status.success(), "{output:?}");
    let trace = Trace::open(&path).unwrap();
    assert_eq!(
        count(&trace, "evt.type=openat and fd.name=/dev/null and evt.rawres >= 0"),
        1
    );
    let degraded = &trace.header().degraded;
    for name in ["sched_process_free", "skc_v6_daddr"] {
        let line = degraded.iter().find(|line| line.contains(name));
        let line = line.unwrap_or_else(|| panic!("nothing about {name} in {degraded:?}"));
        assert!(said.contains(line), "the doctor does not say {line:?}: {said}");
    }
}

#[test]
fn a_kernel_without_what_is_essential_is_refused_by_name() {
    if !can_record("a_kernel_without_what_is_essential_is_refused_by_name") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    for name in ["btf_trace_sched_process_exec", "real_parent"] {
        let args = ["record", "-o", path.to_str().unwrap(), "--", "true"];
        let output = without_names(dir.path(), &[name], &args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(name.trim_start_matches("btf_trace_")), "{said}");
        assert!(!path.exists(), "a refused recording leaves nothing");
    }
}

/// Files, sockets, programs and a signal in a container, all of them counted.
#[test]
fn a_container_is_recorded_whole() {
    if !can_run_containers("a_container_is_recorded_whole") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let id = format!("afterimage-kernel-{}", std::process::id());
    let script = "/workload count /data 200 50 20; /bin/sleep 100 & kill -TERM $!; wait; /bin/true";
    let bundle = Bundle::new(dir.path(), &id, &["/bin/sh", "-c", script]);
    let path = dir.path().join("t.scap");
    let recording = Recording::start(dir.path(), &path, &["--container", &id]);
    let container = bundle.run(&id);
    assert!(container.status.success(), "{container:?}");
    let sealed = recording.seal();
    assert!(sealed.status.success(), "{sealed:?}");

    let trace = Trace::open(&path).unwrap();
    assert_eq!(lost(&trace), 0);
    let mut wrong = Vec::new();
    for (filter, expected) in [
        (
            "evt.type=openat and fd.name startswith /data/opened- and evt.rawres >= 0",
            200,
        ),
        ("evt.type=close and fd.name startswith /data/opened-", 200),
        (
            "evt.type=connect and evt.rawres=0 and fd.rip=127.0.0.1 and fd.l4proto=tcp",
            50,
        ),
        (
            "evt.type in (accept, accept4) and evt.rawres >= 0 and fd.cip=127.0.0.1",
            50,
        ),
        (
            "evt.type=execve and evt.dir=< and evt.rawres=0 and proc.args=nothing",
            20,
        ),
        ("evt.type=procexit and proc.args=nothing and evt.arg.status=0", 20),
        ("evt.type=kill and evt.rawres=0 and evt.arg.sig=SIGTERM", 1),
        // Whether it has become `sleep` by then is open.
        ("evt.type=procexit and evt.arg.sig=SIGTERM", 1),
    ] {
        let found = count(&trace, filter);
        if found != expected {
            wrong.push(format!("{found} instead of {expected}: {filter}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let names = select(&trace, "evt.type=openat and fd.name startswith /data/opened-", |row| {
        row.descriptor().unwrap().name.clone()
    });
    assert!((0..200).all(|at| names.contains(&format!("/data/opened-{at}").into_bytes())));
    let containers = trace.containers();
    assert_eq!(containers.len(), 1, "{containers:?}");
    assert_eq!(
        (containers[0].full_id.as_str(), containers[0].events),
        (id.as_str(), trace.totals().events)
    );
    assert!(containers[0].birth > 0 && containers[0].death > containers[0].birth);
    assert!(verify(&path, &[]).unwrap().is_intact());
}

/// Hides tracefs from a shell that runs `capture` with these arguments after `before`, and then looks for it.
fn without_tracefs(before: &str, args: &[&str]) -> Output {
    let script = format!(
        "for d in /sys/kernel/tracing /sys/kernel/debug; do mount -t tmpfs none $d; done; \
         {before} \"$@\" && test -z \"$(ls /sys/kernel/tracing)\""
    );
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &script, "sh", env!("CARGO_BIN_EXE_capture")]);
    command.args(args).output().unwrap()
}

/// The recorder mounts tracefs for itself, and for nobody else.
#[test]
fn a_host_without_tracefs_is_recorded_all_the_same() {
    if !can_record("a_host_without_tracefs_is_recorded_all_the_same") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let output = without_tracefs("", &["record", "-o", path.to_str().unwrap(), "--", "true"]);
    assert!(output.status.success(), "{output:?}");
    let trace = Trace::open(&path).unwrap();
    assert!(trace.header().degraded.is_empty(), "{:?}", trace.header().degraded);
    assert!(count(&trace, "evt.type=execve and evt.rawres=0") > 0);
}

/// Where it may not, the calls are read when they return.
#[test]
fn a_host_without_tracefs_says_so_where_it_cannot_be_mounted() {
    if !can_record("a_host_without_tracefs_says_so_where_it_cannot_be_mounted") {
        return;
    }
    let before = "setpriv --bounding-set=-sys_admin --";
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let doctor = without_tracefs(before, &["doctor"]);
    let said = String::from_utf8_lossy(&doctor.stdout);
    assert!(
        doctor.status.success() && said.contains("no syscalls in tracefs: mount -t tracefs"),
        "{said} {}",
        String::from_utf8_lossy(&doctor.stderr)
    );
    let output = without_tracefs(before, &["record", "-o", path.to_str().unwrap(), "--", "true"]);
    assert!(output.status.success(), "{output:?}");
    let trace = Trace::open(&path).unwrap();
    assert!(trace.header().degraded[0].contains("no syscalls in tracefs"));
    assert!(count(&trace, "evt.type=execve and evt.rawres=0") > 0);
}

/// Where version 2 is not mounted, the cgroups of a controller of version 1 tell containers apart.
#[test]
fn a_host_with_cgroups_of_version_1_alone() {
    let name = "a_host_with_cgroups_of_version_1_alone";
    if !can_run_containers(name) {
        return;
    }
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    if !mounts
        .lines()
        .any(|line| line.contains(" cgroup ") && line.contains(",pids"))
    {
        skip(name, "no controller of version 1 is mounted");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (path, ready) = (dir.path().join("t.scap"), dir.path().join("ready"));
    let id = format!("afterimage-v1-{}", std::process::id());
    let script = "for m in $(awk '$3 == \"cgroup2\" {print $2}' /proc/self/mounts); do umount -l $m; done; exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args([
        "--mount",
        "sh",
        "-c",
        script,
        "sh",
        env!("CARGO_BIN_EXE_capture"),
        "record",
        "-o",
    ]);
    command
        .arg(&path)
        .arg("--ready-file")
        .arg(&ready)
        .args(["--container", &id, "--runtime", "none"]);
    let mut recorder = command.spawn().unwrap();
    wait_for("the recorder", || {
        ready.exists() || recorder.try_wait().unwrap().is_some()
    });
    let bundle = Bundle::new(dir.path(), &id, &["/bin/sh", "-c", "cat /etc/hostname; exec /bin/true"]);
    assert!(bundle.run(&id).status.success());
    // SAFETY: kill has no memory effects; the recorder has not been waited for.
    unsafe { libc::kill(recorder.id() as i32, libc::SIGINT) };
    assert!(recorder.wait().unwrap().success());
    let trace = Trace::open(&path).unwrap();
    assert!(trace.header().degraded.is_empty(), "{:?}", trace.header().degraded);
    let containers = trace.containers();
    assert_eq!((containers.len(), containers[0].full_id.as_str()), (1, id.as_str()));
    assert!(containers[0].birth > 0 && containers[0].death > containers[0].birth);
    assert_eq!(containers[0].events, trace.totals().events);
    for program in ["sh", "cat", "true"] {
        let ran = format!("evt.type = execve and evt.rawres = 0 and proc.name = {program} and container.id = {id}");
        assert_eq!(count(&trace, &ran), 1, "{program}");
    }
}

/// Nothing is missing on the kernels that this project names.
#[test]
fn nothing_is_missing_here() {
    if !can_record("nothing_is_missing_here") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let mut command = capture();
    command.args(["record", "-o"]).arg(&path).arg("--").arg(workload());
    let output = command.arg("nothing").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(Trace::open(&path).unwrap().header().degraded, [""; 0]);
}
