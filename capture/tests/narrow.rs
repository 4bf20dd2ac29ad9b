//! Profiles, scopes beyond containers, and filters: what is in a trace, what is not, and that names are right all the
//! same.

mod support;

use afterimage_format::file::Trace;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use support::{Bundle, Recording, can_record, can_run_containers, capture, count, lost, select, wait_for};

/// Records a shell script.
fn record(dir: &Path, args: &[&str], script: &str) -> (Output, Trace) {
    let path = dir.join("t.scap");
    let mut command = capture();
    command.arg("record").arg("--force").arg("-o").arg(&path).args(args);
    let output = command.args(["--", "bash", "-c", script]).output().unwrap();
    (output, Trace::open(&path).unwrap())
}

const SCRIPT: &str =
    "cd /tmp; exec 5<hosts-copy; read -u 5 line; exec 5<&-; exec 3<>/dev/tcp/127.0.0.1/$PORT; echo GET >&3; true";

/// A server that takes one connection, and a file to read.
fn with_server(run: impl FnOnce(&str)) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let copy = format!("/tmp/afterimage-narrow-{}", std::process::id());
    std::fs::write(&copy, "hosts\n").unwrap();
    let script = SCRIPT
        .replace("hosts-copy", copy.rsplit('/').next().unwrap())
        .replace("$PORT", &port.to_string());
    run(&script);
    std::fs::remove_file(copy).unwrap();
}

#[test]
fn a_profile_writes_its_own_and_names_are_right_all_the_same() {
    if !can_record("a_profile_writes_its_own_and_names_are_right_all_the_same") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    with_server(|script| {
        for (profile, expected) in [
            // connect, write on the socket, openat, read of the file, execve of bash, getpid family
            ("full", [1, 1, 1, 1, 1, 1]),
            ("forensic", [1, 1, 1, 1, 1, 0]),
            ("network", [1, 1, 0, 0, 1, 0]),
            ("files", [0, 0, 1, 1, 1, 0]),
            ("process", [0, 0, 0, 0, 1, 0]),
        ] {
            let (output, trace) = record(dir.path(), &["--profile", profile], script);
            assert!(output.status.success(), "{output:?}");
            let found = [
                "evt.type=connect and fd.sip=127.0.0.1",
                "evt.type=write and fd.sip=127.0.0.1 and evt.buffer contains GET",
                "evt.type=openat and fd.name startswith /tmp/afterimage-narrow",
                "evt.type=read and fd.name startswith /tmp/afterimage-narrow and evt.buffer contains hosts",
                "evt.type=execve and evt.dir=< and proc.name=bash and evt.rawres=0",
                "evt.type in (getpid, geteuid, getuid, newfstatat, rt_sigprocmask)",
            ]
            .map(|filter| count(&trace, filter).min(1));
            assert_eq!(found, expected, "profile {profile}");
            assert_eq!(trace.header().profile, profile);
        }
    });
}

#[test]
fn a_profile_from_a_file() {
    if !can_record("a_profile_from_a_file") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mine.toml");
    let text =
        "base = 'process'\nsnaplen = 3\n[include]\ncategories = ['io_write']\n[exclude]\nsyscalls = ['exit_group']\n";
    std::fs::write(&file, text).unwrap();
    let (output, trace) = record(dir.path(), &["--profile", file.to_str().unwrap()], "echo marker");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(count(&trace, "evt.type=write and evt.buffer = mar"), 1);
    assert_eq!(count(&trace, "evt.type in (exit_group, openat)"), 0);
    assert_eq!(trace.header().snaplen, 3);
}

#[test]
fn a_filter_decides_in_the_kernel_and_here_and_keeps_the_state() {
    if !can_record("a_filter_decides_in_the_kernel_and_here_and_keeps_the_state") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    with_server(|script| {
        for filter in [
            // The open is not written, and the read has its name from it.
            "evt.type = read and fd.name startswith /tmp/afterimage-narrow",
            "evt.failed = true",
            "evt.rawres < 0 and evt.type = openat",
            "fd.sip = 127.0.0.1 and evt.dir = <",
            "proc.name = bash and evt.type in (execve, close)",
            "not evt.category in (file, process) and evt.is_io = true",
            "evt.arg.flags contains O_CLOEXEC or evt.type = procexit",
        ] {
            let (output, trace) = record(dir.path(), &["--profile", "full", "--filter", filter], script);
            assert!(output.status.success(), "{output:?}");
            let all = count(&trace, "evt.num > 0");
            assert!(all > 0, "nothing passes {filter}");
            assert_eq!(count(&trace, filter), all, "{filter}");
            assert_eq!(trace.header().filter, filter);
        }
    });
}

/// As many pass the filter while recording as pass it afterwards.
#[test]
fn a_filter_says_the_same_while_recording_and_later() {
    if !can_record("a_filter_says_the_same_while_recording_and_later") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let script = "for i in 1 2 3 4 5 6 7 8; do cat /no/such/file 2>/dev/null; done; cat /dev/null; true";
    for filter in [
        "evt.type = openat and evt.failed = true and evt.arg.name = /no/such/file",
        "evt.type = execve and proc.name = cat and evt.dir = <",
        "evt.failed = true and proc.pname = bash",
    ] {
        let (_, everything) = record(dir.path(), &["--profile", "full"], script);
        let expected = count(&everything, filter);
        let (_, filtered) = record(dir.path(), &["--profile", "full", "--filter", filter], script);
        assert!(expected >= 8, "{expected} pass {filter}");
        assert_eq!(count(&filtered, "evt.num > 0"), expected, "{filter}");
    }
}

/// A shell that does what its standard input says.
struct Shell(Child);

impl Shell {
    fn start(prepare: impl FnOnce(&mut Command)) -> Shell {
        let mut command = Command::new("bash");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        prepare(&mut command);
        Shell(command.spawn().unwrap())
    }

    /// Runs a line to its end.
    fn run(&mut self, line: &str) {
        use std::io::{Read, Write};
        let stdin = self.0.stdin.as_mut().unwrap();
        stdin.write_all(format!("{line}\necho\n").as_bytes()).unwrap();
        assert_eq!(self.0.stdout.as_mut().unwrap().read(&mut [0]).unwrap(), 1);
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    fn end(mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

#[test]
fn a_process_and_its_descendants() {
    if !can_record("a_process_and_its_descendants") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let mut wanted = Shell::start(|_| {});
    let mut other = Shell::start(|_| {});
    let fifo = dir.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    // A grandchild that runs already, and has something open.
    wanted.run(&format!(
        "bash -c 'exec 7</etc/hostname; bash -c \"read line <{}; read -u 7 line; cat /dev/null; sleep 0.2\"; true' >/dev/null &",
        fifo.display()
    ));
    std::thread::sleep(std::time::Duration::from_millis(300));
    let recording = Recording::start(dir.path(), &path, &["--pid", &wanted.pid().to_string()]);
    other.run("cat /dev/null outsidemarker 2>/dev/null");
    wanted.run(&format!(
        "echo >{}; true; (exec head -c 1 /dev/zero >/dev/null)",
        fifo.display()
    ));
    wanted.run("wait");
    assert!(recording.seal().status.success());
    let (wanted_pid, other_pid) = (wanted.pid(), other.pid());
    wanted.end();
    other.end();
    let trace = Trace::open(&path).unwrap();
    // Descriptor 7 was opened before the recording by a process that the recorder had to find.
    assert_eq!(
        count(
            &trace,
            "evt.type=read and fd.num=7 and fd.name=/etc/hostname and evt.rawres > 0"
        ),
        1
    );
    assert_eq!(
        count(
            &trace,
            "evt.type=execve and evt.rawres=0 and proc.name in (cat, head) and evt.dir=<"
        ),
        2
    );
    assert_eq!(
        count(
            &trace,
            &format!("not (proc.pid={wanted_pid} or proc.apid={wanted_pid})")
        ),
        0
    );
    assert_eq!(count(&trace, &format!("proc.pid={other_pid}")), 0);
    assert_eq!(lost(&trace), 0);
}

#[test]
fn a_user_with_what_runs_set_user_id() {
    if !can_record("a_user_with_what_runs_set_user_id") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let file = dir.path().join("opened-before");
    std::fs::write(&file, "x").unwrap();
    std::fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    // Becomes the user while it is recorded, with a file that root opened; leaves; comes back with another one.
    let script = format!(
        "import os, time
f = os.open('{0}', os.O_RDONLY)
os.setresuid(54321, 54321, 0)
time.sleep(0.2)
os.read(f, 1)
os.setresuid(0, 0, 0)
os.close(f)
g = os.open('/etc/hostname', os.O_RDONLY)
assert f == g
os.lseek(g, 0, 0)
os.setresuid(54321, 54321, 0)
time.sleep(0.2)
os.read(g, 4)
if os.fork() == 0:
    os.execv('/bin/true', ['true'])
os.wait()
",
        file.display()
    );
    let recording = Recording::start(dir.path(), &path, &["--user", "54321", "--profile", "full"]);
    let python = Command::new("python3").args(["-c", &script]).status();
    let sealed = recording.seal();
    let Ok(status) = python else {
        support::skip("a_user_with_what_runs_set_user_id", "python3 is not installed");
        return;
    };
    assert!(status.success() && sealed.status.success(), "{sealed:?}");
    let trace = Trace::open(&path).unwrap();
    // Leaving is in it, what is done outside is not.
    assert_eq!(count(&trace, "evt.type=setresuid"), 3);
    assert_eq!(count(&trace, "evt.type=openat and fd.name=/etc/hostname"), 0);
    let reads = select(&trace, "evt.type=read and evt.rawres > 0 and fd.name exists", |row| {
        String::from_utf8_lossy(&row.descriptor().unwrap().name).into_owned()
    });
    assert!(reads.contains(&file.display().to_string()), "{reads:?}");
    assert!(reads.contains(&"/etc/hostname".to_owned()), "{reads:?}");
    assert_eq!(
        count(
            &trace,
            "evt.type=execve and proc.name=true and user.uid=54321 and evt.dir=<"
        ),
        1
    );
    assert_eq!(count(&trace, "not user.uid in (54321, 0)"), 0);
    assert_eq!(count(&trace, "user.uid=0 and evt.type != setresuid"), 0);
}

/// The cgroup v2 hierarchy.
fn hierarchy() -> Option<PathBuf> {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    let line = mounts.lines().find(|l| l.contains(" cgroup2 "))?;
    line.split(' ').nth(1).map(PathBuf::from)
}

/// Pods and paths: cgroups that appear while it records, without any runtime.
#[test]
fn pods_and_paths_that_appear_later() {
    if !can_record("pods_and_paths_that_appear_later") {
        return;
    }
    let Some(root) = hierarchy() else {
        support::skip("pods_and_paths_that_appear_later", "no cgroup v2");
        return;
    };
    let uid = format!("{:08x}-1111-2222-3333-444444444444", std::process::id());
    let pod = root.join("kubepods").join(format!("pod{uid}"));
    let container = format!("{:064x}", std::process::id());
    let other = root.join("kubepods").join(format!("podf{uid}"));
    let dir = tempfile::tempdir().unwrap();
    for (name, scope) in [
        ("pod", vec!["--pod", &uid[..13]]),
        ("path", vec!["--cgroup", pod.to_str().unwrap()]),
        ("both", vec!["--pod", &uid, "--container", &container[..]]),
    ] {
        let path = dir.path().join(name);
        let recording = Recording::start(dir.path(), &path, &scope);
        let run = |cgroup: &Path, what: &str| {
            std::fs::create_dir_all(cgroup).unwrap();
            let script = format!("echo $$ >{}/cgroup.procs; exec cat /dev/null {what}", cgroup.display());
            Command::new("bash")
                .args(["-c", &script])
                .stderr(Stdio::null())
                .status()
                .unwrap();
        };
        run(&pod.join(&container), "insidemarker");
        run(&other.join(container.replace('0', "f")), "outsidemarker");
        for cgroup in [
            pod.join(&container),
            pod.clone(),
            other.join(container.replace('0', "f")),
            other.clone(),
        ] {
            wait_for("the cgroup to be empty", || {
                std::fs::remove_dir(&cgroup).is_ok() || !cgroup.exists()
            });
        }
        let sealed = recording.seal();
        assert!(sealed.status.success(), "{scope:?}: {sealed:?}");
        let trace = Trace::open(&path).unwrap();
        assert_eq!(
            count(&trace, "evt.type=execve and proc.name=cat and evt.dir=<"),
            1,
            "{scope:?}"
        );
        assert_eq!(count(&trace, "evt.arg.name endswith outsidemarker"), 0, "{scope:?}");
        let ids = select(&trace, "proc.name=cat", |row| {
            row.container().map(|c| c.full_id.clone())
        });
        assert!(
            ids.iter().all(|id| id.as_deref() == Some(container.as_str())),
            "{scope:?}: {ids:?}"
        );
    }
    let _ = std::fs::remove_dir(root.join("kubepods"));
}

/// Of a tree and a container what is in both.
#[test]
fn scopes_of_different_kinds_must_all_hold() {
    if !can_run_containers("scopes_of_different_kinds_must_all_hold") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let id = format!("afterimage-both-{}", std::process::id());
    let bundle = Bundle::new(dir.path(), &id, &["/bin/sh", "-c", "cat /dev/null; sleep 0.1"]);
    let path = dir.path().join("t.scap");
    let mut shell = Shell::start(|_| {});
    let recording = Recording::start(
        dir.path(),
        &path,
        &[
            "--container",
            &id,
            "--pid",
            &shell.pid().to_string(),
            "--filter",
            "proc.name in (cat, runc)",
        ],
    );
    let runc = bundle.runc(&["run", &id]);
    let words: Vec<String> = std::iter::once(runc.get_program())
        .chain(runc.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    shell.run(&format!(
        "cd {}; {} </dev/null; cat /dev/null",
        bundle.data().parent().unwrap().parent().unwrap().display(),
        words.join(" ")
    ));
    assert!(recording.seal().status.success());
    shell.end();
    let trace = Trace::open(&path).unwrap();
    assert_eq!(
        count(
            &trace,
            &format!("proc.name=cat and container.id={id} and evt.type=execve and evt.dir=<")
        ),
        1
    );
    assert_eq!(
        count(&trace, &format!("not (container.id={id} and proc.name in (cat, runc))")),
        0
    );
}

#[test]
fn what_cannot_be_is_refused_in_plain_words() {
    if !can_record("what_cannot_be_is_refused_in_plain_words") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let check = |args: &[&str], status: i32, said: &str| {
        let output = capture()
            .arg("record")
            .arg("-o")
            .arg(&path)
            .args(args)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{stderr}");
        assert!(stderr.contains(said), "expected {said:?} in {stderr}");
        assert!(!path.exists(), "{args:?} left a file behind");
    };
    check(
        &["--profile", "paranoid"],
        1,
        "it is one of forensic, full, process, network, files",
    );
    check(&["--profile", "/no/such.toml"], 1, "cannot read profile /no/such.toml");
    check(&["--pid", "4194303"], 1, "there is no process 4194303");
    check(&["--pid", "0"], 2, "--pid");
    check(&["--user", "nobody-of-that-name"], 2, "knows no user");
    check(&["--filter", "proc.nam = x"], 1, "proc.name");
    check(
        &["--filter", "evt.type = read and evt.type = write"],
        1,
        "no event can pass",
    );
    check(
        &["--profile", "network", "--filter", "evt.type = unlink"],
        1,
        "nothing is left to record",
    );
    check(&["--redact", "("], 1, "--redact (");
    check(&["--container", "x", "--", "true"], 2, "cannot be used with");
}

#[test]
fn it_explains_without_recording() {
    let output = capture()
        .args([
            "record",
            "--explain",
            "--filter",
            "evt.type=connect and fd.sport=443",
            "--user",
            "33",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("users: 33"), "{output:?}");
    assert!(said.contains("fd.sport=443\n    user space"), "{said}");
    let profiles = capture().arg("profiles").output().unwrap();
    assert!(String::from_utf8_lossy(&profiles.stdout).contains("forensic  everything that changes state"));
    assert!(capture().args(["profiles", "process"]).status().unwrap().success());
}

/// Secrets in arguments and payload; what is not one stays.
#[test]
fn secrets_are_not_written() {
    if !can_record("secrets_are_not_written") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let secret = "s3cr3t-hunter2";
    let args = [
        "--redact",
        "hunter[0-9]+",
        "--redact",
        r"--password[= ](\S+)",
        "--no-default-redactions",
        "--profile",
        "full",
    ];
    // The word comes into the script in two halves, so that the command line of bash is not all that shows it.
    let script = "echo before hunter2 after; /bin/true --password s3cr3t-other x; sh -c 'exec cat' <<<'hunter7'; true";
    let (output, trace) = record(dir.path(), &args, script);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        count(
            &trace,
            "evt.type=write and evt.buffer contains 'before [redacted] after'"
        ),
        1
    );
    assert_eq!(
        count(
            &trace,
            "evt.type=write and evt.buffer startswith '[redacted]' and proc.name=cat"
        ),
        1
    );
    assert!(
        count(
            &trace,
            "evt.type=execve and proc.name=true and proc.args = '--password [redacted] x'"
        ) > 0
    );
    let marked = select(
        &trace,
        "evt.buffer contains [redacted] or evt.arg.args contains [redacted]",
        |row| row.flags().has(afterimage_format::model::EventFlags::REDACTED),
    );
    assert!(!marked.is_empty() && marked.iter().all(|marked| *marked));
    let bytes = trace_texts(&trace);
    for word in ["hunter2", "hunter7", "s3cr3t-other", secret] {
        assert!(
            !bytes.windows(word.len()).any(|w| w == word.as_bytes()),
            "{word} is in the trace"
        );
    }
    assert_eq!(trace.header().redactions.len(), 2);
}

/// All text of events and threads.
fn trace_texts(trace: &Trace) -> Vec<u8> {
    let mut out = Vec::new();
    for at in 0..trace.segment_count() {
        let segment = trace.segment(at).unwrap();
        for thread in segment.threads().unwrap() {
            out.extend_from_slice(&thread.args);
            out.extend_from_slice(&thread.exe);
        }
        for ty in [
            afterimage_format::model::ParamType::Bytes,
            afterimage_format::model::ParamType::TextList,
            afterimage_format::model::ParamType::Text,
        ] {
            for id in 1..=segment.string_count(ty).unwrap() {
                out.extend_from_slice(segment.string(ty, id as i64).unwrap().unwrap_or_default());
            }
        }
    }
    out
}
