//! What the other side of a socket does wrong costs time, and only that socket's.

mod support;

use afterimage_runtimes::{Kind, Socket, survey};
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, Instant};
use support::{Helper, cpu_time, nowhere};

/// An id as runtimes make them.
const ID: &str = "00000000000000000000000000000000000000000000000000000000000000ab";

fn socket(kind: Kind, path: &Path) -> Socket {
    Socket {
        kind,
        path: path.to_owned(),
    }
}

/// Listens and answers every connection with `answer`; with none, holds it open.
fn listener(path: &Path, answer: Option<&'static [u8]>) {
    let listener = UnixListener::bind(path).unwrap();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for mut stream in listener.incoming().flatten() {
            match answer {
                Some(answer) => {
                    let _ = stream.read(&mut [0; 256]);
                    let _ = stream.write_all(answer);
                }
                None => held.push(stream),
            }
        }
    });
}

/// The first answer about a container of `runtime`, and how long it took.
fn reason(kind: Kind, path: &Path) -> (String, Duration) {
    let mut settings = nowhere();
    settings.sockets = vec![socket(kind, path)];
    let mut helper = Helper::start(settings);
    let began = Instant::now();
    helper.ask(1, kind.name(), ID, None);
    let answer = helper.wait("a reason", 1, |a| !a.reason.is_empty());
    assert!(answer.metadata.is_none() && !answer.last);
    (answer.reason, began.elapsed())
}

#[test]
fn a_socket_that_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("none.sock");
    for kind in [Kind::Docker, Kind::Containerd, Kind::Cri] {
        let (reason, took) = reason(kind, &path);
        let expected = format!("no runtime socket of {kind} answers: {}: No such file", path.display());
        assert!(reason.starts_with(&expected), "{reason}");
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
}

#[test]
fn a_socket_that_hangs() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hang.sock");
    listener(&path, None);
    for kind in [Kind::Docker, Kind::Containerd, Kind::CriO] {
        let (reason, took) = reason(kind, &path);
        let expected = format!(
            "no runtime socket of {kind} answers: {}: timed out after 2s",
            path.display()
        );
        assert!(reason.starts_with(&expected), "{reason}");
        assert!(took < Duration::from_secs(4), "{took:?}");
    }
}

#[test]
fn a_socket_that_talks_garbage_or_hangs_up() {
    let dir = tempfile::tempdir().unwrap();
    for (name, answer) in [
        ("garbage", &b"\x00\xff\x1b[31mgarbage\r\n\r\n{{{{"[..]),
        ("json", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n[[[["),
        ("error", b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}"),
        ("closed", b""),
    ] {
        let path = dir.path().join(name);
        listener(&path, Some(answer));
        for kind in [Kind::Docker, Kind::Containerd, Kind::Cri] {
            let (reason, took) = reason(kind, &path);
            assert!(
                reason.contains(&format!("no runtime socket of {kind} answers")),
                "{reason}"
            );
            assert!(
                !reason.contains('\x1b') && took < Duration::from_secs(4),
                "{reason:?} {took:?}"
            );
        }
    }
}

#[test]
fn one_that_hangs_holds_up_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let hang = dir.path().join("hang.sock");
    listener(&hang, None);
    let containers = dir.path().join("containers");
    std::fs::create_dir_all(containers.join(ID)).unwrap();
    std::fs::write(containers.join(ID).join("config.v2.json"), r#"{"Name":"/web"}"#).unwrap();
    let mut settings = nowhere();
    settings.sockets = vec![
        socket(Kind::Docker, &hang),
        socket(Kind::Cri, &hang),
        socket(Kind::Podman, &dir.path().join("none.sock")),
    ];
    settings.roots.docker = vec![containers];
    let mut helper = Helper::start(settings);
    let began = Instant::now();
    helper.ask(1, "docker", ID, None);
    helper.ask(2, "podman", &ID.replace('a', "b"), None);
    let docker = helper.wait("the files", 1, |a| a.metadata.is_some());
    assert_eq!(docker.metadata.unwrap().name, "web");
    let podman = helper.wait("the other socket", 2, |_| true);
    assert!(podman.reason.contains("podman"), "{}", podman.reason);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[test]
fn waiting_costs_next_to_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let closed = dir.path().join("closed.sock");
    listener(&closed, Some(b""));
    let mut settings = nowhere();
    settings.sockets = vec![
        socket(Kind::Docker, &closed),
        socket(Kind::Cri, &closed),
        socket(Kind::Containerd, &dir.path().join("none")),
    ];
    let mut helper = Helper::start(settings);
    for key in 0..1000 {
        let id = format!("{key:064x}");
        helper.ask(key, "cri", &id, None);
    }
    helper.wait("the last of them", 999, |_| true);
    std::thread::sleep(Duration::from_secs(2));
    let before = cpu_time();
    std::thread::sleep(Duration::from_secs(3));
    let spent = cpu_time() - before;
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let memory = status.lines().find(|l| l.starts_with("VmRSS")).unwrap();
    println!("TIMING 3 s of waiting cost {spent:?} of CPU time, {memory}");
    // The other tests of this file run meanwhile: this is no measurement, but a loop without a pause would show.
    assert!(spent < Duration::from_millis(1500), "{spent:?}");
}

#[test]
fn lines_that_are_no_questions_are_passed_over() {
    let mut helper = Helper::start(nowhere());
    helper.write(b"\n{\"key\": \"x\"}\n\xff\xfe\n[[[[\n");
    helper.write(&vec![b'x'; 200_000]);
    helper.write(b"\n");
    helper.ask(5, "runc", "c1", None);
    let answer = helper.wait("the answer", 5, |_| true);
    assert_eq!((answer.reason.as_str(), answer.last), ("no file describes it", true));
    assert!(helper.end().is_empty());
}

#[test]
fn more_questions_than_are_held() {
    let dir = tempfile::tempdir().unwrap();
    let hang = dir.path().join("hang.sock");
    listener(&hang, None);
    let mut settings = nowhere();
    settings.sockets = vec![socket(Kind::Docker, &hang)];
    let mut helper = Helper::start(settings);
    for key in 0..5000 {
        helper.ask(key, "docker", &format!("{key:064x}"), None);
    }
    let first = helper.wait("the oldest to be given up", 0, |a| a.last);
    assert!(first.reason.contains("too many"), "{}", first.reason);
}

#[test]
fn doctor_hears_why() {
    let dir = tempfile::tempdir().unwrap();
    let hang = dir.path().join("hang.sock");
    listener(&hang, None);
    let mut settings = nowhere();
    settings.timeout = Duration::from_millis(300);
    settings.sockets = vec![
        socket(Kind::Docker, &hang),
        socket(Kind::CriO, &dir.path().join("none")),
    ];
    let found = survey(&settings);
    assert!(found[0].present && found[0].answer.as_ref().unwrap_err().contains("timed out"));
    assert!(!found[1].present && found[1].answer.as_ref().unwrap_err().contains("No such file"));
}
