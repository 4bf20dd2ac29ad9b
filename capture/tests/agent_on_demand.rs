//! `mode = "on-demand"`: between two recordings nobody is turned away.

mod support;

use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use support::agent::{Agent, ask};
use support::doors::{falco, free_port};
use support::{can_record, wait_for};

const TOKEN: &str = "a-token-for-on-demand";

/// A request on a connection of its own; the whole answer.
fn http(port: u16, head: &str, body: &str) -> std::io::Result<String> {
    http_within(Duration::from_secs(20), port, head, body)
}

fn http_within(time: Duration, port: u16, head: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(time))?;
    let length = body.len();
    write!(
        stream,
        "{head}\r\nHost: node\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// A trigger by an alert over HTTP.
fn post(port: u16, uuid: &str) -> Result<Value, String> {
    let mut alert = falco(uuid, "", None);
    alert["output_fields"]["proc.pid"] = std::process::id().into();
    let head = "POST /v1/falco HTTP/1.1\r\nContent-Type: application/json";
    let answer = http(port, head, &alert.to_string()).map_err(|error| error.to_string())?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    serde_json::from_str(body).map_err(|error| format!("{error}: {answer}"))
}

/// An agent on demand with a door for Falco, and the door's port.
fn start(dir: &Path) -> (Agent, u16) {
    let (port, token) = (free_port(), dir.join("token"));
    std::fs::write(&token, TOKEN).unwrap();
    let config = format!(
        "[http]\nlisten = ['127.0.0.1:{port}']\n[[source]]\nkind = 'falco'\nauth = {{ token_file = '{}' }}\n\
         [captures]\npost = '200ms'\n[retention]\nmin_free = '0'\n#on-demand\n",
        token.display()
    );
    let agent = Agent::start(dir, &config);
    wait_for("the door", || agent.log().contains("alerts are taken"));
    (agent, port)
}

/// Says that it is over, also where the test fails: those who ask would go on for ever.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Questions that keep no recording going come without pause at both doors, and triggers when a recording is about to end, ends
/// and has ended.
#[test]
fn who_comes_between_two_recordings_waits_for_the_next() {
    let name = "who_comes_between_two_recordings_waits_for_the_next";
    if !can_record(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (mut agent, port) = start(dir.path());
    let (ended, asked, slowest) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let path = dir.path();
    let own = std::process::id().to_string();
    let times = |text: &str| agent.log().matches(text).count();
    let triggered = std::thread::scope(|scope| {
        let over = Over(&ended);
        let keep_asking = |question: &(dyn Fn() -> Result<(), String> + Sync)| {
            while !ended.load(Ordering::Relaxed) {
                let began = Instant::now();
                if let Err(error) = question() {
                    ended.store(true, Ordering::Relaxed);
                    panic!("{error}");
                }
                asked.fetch_add(1, Ordering::Relaxed);
                slowest.fetch_max(began.elapsed().as_millis() as u64, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(20));
            }
        };
        scope.spawn(move || {
            keep_asking(&|| {
                let output = ask(path, "status", &[]);
                output
                    .status
                    .success()
                    .then_some(())
                    .ok_or_else(|| format!("{output:?}"))
            });
        });
        scope.spawn(move || {
            keep_asking(&|| {
                let answer = http(port, "GET /healthz HTTP/1.1", "").map_err(|error| error.to_string())?;
                answer.starts_with("HTTP/1.1 200").then_some(()).ok_or(answer)
            });
        });
        let mut triggered = Vec::new();
        // From before the agent makes up its mind to after the next one waits; the last ones as soon as the end is said.
        for round in 0..10u64 {
            let answer = if round % 2 == 0 {
                let output = ask(path, "trigger", &["--json", "--pid", &own]);
                serde_json::from_slice(&output.stdout).map_err(|error| format!("{error}: {output:?}"))
            } else {
                post(port, &format!("round-{round}"))
            };
            let answer: Value = answer.unwrap_or_else(|error| panic!("round {round}: {error}\n{}", agent.log()));
            assert!(answer["ok"] == true, "round {round}: {answer}");
            let id = answer["capture"].as_str().unwrap().to_owned();
            let summary = agent.ended(&id);
            assert_eq!(summary["result"], "complete", "round {round}: {summary}");
            triggered.push(id);
            if round < 6 {
                std::thread::sleep(Duration::from_millis(1950 + round * 40));
            } else {
                let before = times("nothing more to capture");
                wait_for("the end of a recording", || times("nothing more to capture") > before);
            }
        }
        drop(over);
        triggered
    });
    let recordings = times("nothing more to capture");
    println!(
        "{} questions, the slowest {} ms, over {recordings} ends of recordings",
        asked.load(Ordering::Relaxed),
        slowest.load(Ordering::Relaxed)
    );
    assert!(recordings >= 4, "{}", agent.log());
    let mut different = triggered.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), triggered.len(), "{triggered:?}");
    assert!(!agent.log().contains("the agent is ending"), "{}", agent.log());
    assert_eq!(agent.stop(), Some(0), "{}", agent.log());
    assert!(!path.join("s").exists(), "the socket was left behind");
    assert!(
        TcpStream::connect(("127.0.0.1", port)).is_err(),
        "the door was left behind"
    );
}

/// An alert that is under way when recording ends keeps it going; those after it find the doors open.
#[test]
fn who_keeps_a_recording_going_keeps_the_doors_open() {
    let name = "who_keeps_a_recording_going_keeps_the_doors_open";
    if !can_record(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (mut agent, port) = start(dir.path());
    let began = post(port, "first").unwrap();
    agent.ended(began["capture"].as_str().unwrap());

    // Its head is there before the agent makes up its mind, 2 s after the capture, and its body while it leaves.
    let mut alert = falco("slow", "", None);
    alert["output_fields"]["proc.pid"] = std::process::id().into();
    let body = alert.to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let (length, half) = (body.len(), body.len() / 2);
    let head = "POST /v1/falco HTTP/1.1\r\nContent-Type: application/json\r\nHost: node\r\nConnection: close";
    write!(
        stream,
        "{head}\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {length}\r\n\r\n{}",
        &body[..half]
    )
    .unwrap();
    // It leaves when nobody is let in any more.
    let soon = Duration::from_millis(250);
    wait_for("the doors to be closed", || {
        http_within(soon, port, "GET /healthz HTTP/1.1", "").is_err()
    });
    stream.write_all(&body.as_bytes()[half..]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    // However slowly it ended: whoever came was answered, by this recording or by the next.
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}\n{}", agent.log());
    let asked = Instant::now();
    let health = http(port, "GET /healthz HTTP/1.1", "").unwrap();
    let waited = asked.elapsed();
    assert!(health.starts_with("HTTP/1.1 200"), "{health}");
    let opened = agent.log().matches("alerts are taken").count();
    println!("the doors were open again after {waited:?}; they have been opened {opened} times");
    assert!(waited < Duration::from_secs(10), "{waited:?}: {}", agent.log());
    assert_eq!(agent.stop(), Some(0), "{}", agent.log());
}
