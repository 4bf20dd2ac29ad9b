//! Those who mean ill: floods, slow ones, large ones. The helper is a process of its own here, so that its memory is its own.

mod support;

use afterimage_alerts::protocol::Said;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use support::http::post;
use support::payloads::FALCO;
use support::{Helper, accept, peak, resident, settings};

/// No test: what `Helper::start_process` runs.
#[test]
fn the_helper_itself() {
    if std::env::var_os("AFTERIMAGE_TEST_HELPER").is_some() {
        afterimage_alerts::run(std::io::stdin(), std::io::stdout()).unwrap();
    }
}

const MIB: u64 = 1 << 20;

fn started(limits: &str) -> (tempfile::TempDir, Helper) {
    let dir = tempfile::tempdir().unwrap();
    let token = dir.path().join("token");
    std::fs::write(&token, "t0ken").unwrap();
    let text = format!(
        "[http]\nlisten = [\"127.0.0.1:0\"]\n[http.limits]\n{limits}\n\
         [[source]]\nkind = \"falco\"\nauth = {{ token_file = {token:?} }}\n"
    );
    let helper = Helper::start_process(&settings(&text), accept);
    (dir, helper)
}

/// A connection on which requests follow each other; statuses of what was answered.
fn many(to: SocketAddr, request: &str, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    while statuses.len() < count {
        let stream = TcpStream::connect(to).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut stream = stream;
        while statuses.len() < count {
            if stream.write_all(request.as_bytes()).is_err() {
                break;
            }
            let Some((status, closes)) = answer(&mut reader) else {
                break;
            };
            statuses.push(status);
            if closes {
                break;
            }
        }
    }
    statuses
}

/// Status of an answer, and whether the connection ends with it.
fn answer(reader: &mut BufReader<TcpStream>) -> Option<(u16, bool)> {
    let (mut status, mut length, mut closes) = (None, 0, false);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(rest) = line.strip_prefix("http/1.1 ") {
            status = rest[..3].parse().ok();
        }
        if let Some(rest) = line.strip_prefix("content-length: ") {
            length = rest.parse().ok()?;
        }
        closes |= line == "connection: close";
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((status?, closes))
}

fn get_in(helper: &Helper, id: u32) {
    // What the flood used up of this address' rate comes back within a second.
    let until = Instant::now() + Duration::from_secs(5);
    let body = FALCO.replace("5a5c1c3d", &id.to_string());
    loop {
        let response = post(helper.address, "/v1/falco", "t0ken", &body);
        if response.status == 202 {
            return;
        }
        assert!(response.status == 429 && Instant::now() < until, "{response:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn ten_thousand_bad_requests() {
    let (_dir, helper) = started("");
    get_in(&helper, 1);
    let before = resident(helper.pid());
    let start = Instant::now();
    let head = "POST /v1/falco HTTP/1.1\r\nhost: x\r\n";
    let kinds = [
        format!("{head}content-length: 2\r\n\r\n{{}}"),
        format!("{head}authorization: Bearer wrong\r\ncontent-length: 2\r\n\r\n{{}}"),
        format!("{head}authorization: Bearer t0ken\r\ncontent-length: 2\r\n\r\n{{}}"),
        format!("{head}authorization: Bearer t0ken\r\ncontent-length: 3\r\n\r\n[[["),
        "GET /no/such/path HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
    ];
    let to = helper.address;
    let threads: Vec<_> = kinds
        .into_iter()
        .map(|kind| std::thread::spawn(move || many(to, &kind, 2000)))
        .collect();
    let statuses: Vec<u16> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    let took = start.elapsed();
    assert_eq!(statuses.len(), 10_000);
    assert!(statuses.iter().all(|status| [400, 401, 404, 429].contains(status)));
    // Most are beyond the rate of one address.
    let limited = statuses.iter().filter(|status| **status == 429).count();
    assert!(limited > 5_000, "{limited} in {took:?}");
    let after = peak(helper.pid());
    println!(
        "10000 bad requests in {took:?}; resident {} KiB before, {} KiB at most",
        before >> 10,
        after >> 10
    );
    assert!(after < before + 16 * MIB, "{before} -> {after}");
    get_in(&helper, 2);
    assert_eq!(helper.triggers().len(), 2);
    std::thread::sleep(Duration::from_millis(1200));
    let lines = helper.said_so_far();
    let counted: u64 = lines
        .iter()
        .map(|said| {
            if let Said::Refused { count, .. } = said {
                *count
            } else {
                0
            }
        })
        .sum();
    assert!(counted >= 10_000, "{counted}");
    assert!(lines.len() < 500, "{}", lines.len());
}

#[test]
fn slow_ones_do_not_keep_others_out() {
    let (_dir, helper) = started("header_ms = 1500");
    let start = Instant::now();
    // A header that never ends, one byte now and then; some have not even begun.
    let mut slow: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(helper.address).unwrap()).collect();
    for stream in slow.iter_mut().step_by(2) {
        stream.write_all(b"POST /v1/falco HTTP/1.1\r\nhost: x\r\n").unwrap();
    }
    get_in(&helper, 1);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    let mut open = true;
    while open && start.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(200));
        open = false;
        for stream in &mut slow {
            let _ = stream.write_all(b"x");
            stream.set_nonblocking(true).unwrap();
            let mut bytes = [0; 512];
            // Still waiting: open. Ended or broken: not.
            open |= matches!(stream.read(&mut bytes), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock);
            stream.set_nonblocking(false).unwrap();
        }
    }
    assert!(
        !open && start.elapsed() < Duration::from_secs(6),
        "{:?}",
        start.elapsed()
    );
    println!("200 slow connections were closed within {:?}", start.elapsed());
    get_in(&helper, 2);
}

/// The source at which [`stranger`]s are.
const SNS: &str = "[[source]]\nkind = \"guardduty\"\nauth = { sns_topics = [\"arn:aws:sns:us-east-1:1:t\"] }";

/// Somebody at a source of SNS who has sent so many bytes of a body, and then sends no more.
fn stranger(to: SocketAddr, bytes: usize) -> TcpStream {
    let mut stream = TcpStream::connect(to).unwrap();
    let head = "POST /v1/guardduty HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    let body = "x".repeat(bytes);
    // Who is refused may be closed upon.
    let _ = stream.write_all(format!("{head}{bytes:x}\r\n{body}\r\n").as_bytes());
    stream
}

/// How many of them were told that there are too many.
fn refused(strangers: &[TcpStream]) -> usize {
    let is_refused = |stream: &&TcpStream| {
        let mut bytes = [0; 12];
        stream.set_nonblocking(true).unwrap();
        stream.peek(&mut bytes).is_ok_and(|_| bytes.ends_with(b"503"))
    };
    strangers.iter().filter(is_refused).count()
}

/// Whose body it is shows in the body alone at sources of SNS: those who are not who they say must not have all the room.
#[test]
fn strangers_at_one_source_do_not_keep_others_out() {
    let (_dir, helper) = started(&format!("per_peer = 1000\n{SNS}"));
    // Each but a byte short of what a body may have. Four of them have the room that there is for them.
    let strangers: Vec<TcpStream> = (0..6).map(|_| stranger(helper.address, MIB as usize - 1)).collect();
    let start = Instant::now();
    while refused(&strangers) < 2 && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    // Some of those that had little room yet may have been told so, too, but never all.
    let count = refused(&strangers);
    assert!((2..6).contains(&count), "{count}");
    get_in(&helper, 1);
}

/// Who sends a byte has the room of a byte: messages of SNS itself are looked at meanwhile.
#[test]
fn strangers_that_send_nothing_keep_nobody_out() {
    let (_dir, helper) = started(&format!("per_peer = 1000\n{SNS}"));
    let mut strangers: Vec<TcpStream> = (0..40).map(|_| stranger(helper.address, 1)).collect();
    // With a length it is the same.
    strangers.extend((0..40).map(|_| {
        let mut stream = TcpStream::connect(helper.address).unwrap();
        let head = "POST /v1/guardduty HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n{";
        stream.write_all(head.as_bytes()).unwrap();
        stream
    }));
    get_in(&helper, 1);
    // Its Timestamp is what is wrong about it: it was judged.
    let message = format!(
        r#"{{"Type":"Notification","MessageId":"1","TopicArn":"arn:aws:sns:us-east-1:1:t","Message":"{}",
        "Timestamp":"2020-01-01T00:00:00Z","SignatureVersion":"2","Signature":"","SigningCertURL":"x"}}"#,
        "m".repeat(200_000)
    );
    let response = post(helper.address, "/v1/guardduty", "", &message);
    assert_eq!(response.status, 403, "{response:?}");
    assert!(response.body.contains("Timestamp"), "{response:?}");
    assert_eq!(refused(&strangers), 0);
}

#[test]
fn a_slow_body_and_a_kept_connection_have_an_end() {
    let (_dir, helper) = started("header_ms = 500\nrequest_ms = 1000");
    let start = Instant::now();
    let mut slow = TcpStream::connect(helper.address).unwrap();
    let head = "POST /v1/falco HTTP/1.1\r\nhost: x\r\nauthorization: Bearer t0ken\r\ncontent-length: 9\r\n\r\n{";
    slow.write_all(head.as_bytes()).unwrap();
    let (status, closes) = answer(&mut BufReader::new(slow)).unwrap();
    assert_eq!((status, closes), (408, true));
    assert!(start.elapsed() < Duration::from_secs(3));
    let idle = TcpStream::connect(helper.address).unwrap();
    (&idle).write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut reader = BufReader::new(idle);
    assert_eq!(answer(&mut reader).unwrap(), (200, false));
    let start = Instant::now();
    assert!(answer(&mut reader).is_none());
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[test]
fn a_gigabyte_is_refused_before_it_is_read() {
    let (_dir, helper) = started("");
    get_in(&helper, 1);
    let before = resident(helper.pid());
    let part = vec![b' '; 1 << 20];
    let send = |head: &str, chunked: bool| {
        let mut stream = TcpStream::connect(helper.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let mut sent = 0;
        for _ in 0..1024 {
            let wrote = match chunked {
                true => stream
                    .write_all(format!("{:x}\r\n", part.len()).as_bytes())
                    .and_then(|()| stream.write_all(&part)),
                false => stream.write_all(&part),
            };
            if wrote.is_err() || (chunked && stream.write_all(b"\r\n").is_err()) {
                break;
            }
            sent += part.len() as u64;
        }
        (answer(&mut BufReader::new(stream)), sent)
    };
    let head = "POST /v1/falco HTTP/1.1\r\nhost: x\r\n";
    let length = "content-length: 1073741824\r\n\r\n";
    let token = "authorization: Bearer t0ken\r\n";
    let (answered, sent) = send(&format!("{head}{length}"), false);
    assert!(answered.is_none_or(|(status, _)| status == 401), "{answered:?}");
    assert!(sent < 64 * MIB, "{sent}");
    let (answered, sent) = send(&format!("{head}{token}{length}"), false);
    assert!(answered.is_none_or(|(status, _)| status == 413), "{answered:?}");
    assert!(sent < 64 * MIB, "{sent}");
    let (answered, sent) = send(&format!("{head}{token}transfer-encoding: chunked\r\n\r\n"), true);
    assert!(answered.is_none_or(|(status, _)| status == 413), "{answered:?}");
    assert!(sent < 64 * MIB, "{sent}");
    let after = peak(helper.pid());
    println!(
        "three bodies of 1 GiB: resident {} KiB before, {} KiB at most",
        before >> 10,
        after >> 10
    );
    assert!(after < before + 16 * MIB, "{before} -> {after}");
    get_in(&helper, 2);
}

/// Large bodies of somebody who may: at most so many bytes at a time, whatever is sent.
#[test]
fn many_large_bodies_at_once_are_bounded() {
    let (_dir, helper) = started("bodies_bytes = 4194304\nper_peer = 1000\nper_source = 1000");
    get_in(&helper, 1);
    let before = resident(helper.pid());
    let to = helper.address;
    let pad = "x".repeat(1_000_000);
    let threads: Vec<_> = (0..100)
        .map(|number| {
            let body = FALCO.replace("5a5c1c3d", &number.to_string()).replace("A shell", &pad);
            std::thread::spawn(move || post(to, "/v1/falco", "t0ken", &body).status)
        })
        .collect();
    let statuses: Vec<u16> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert!(
        statuses.iter().all(|status| [202, 503].contains(status)),
        "{statuses:?}"
    );
    assert!(statuses.contains(&202));
    let after = peak(helper.pid());
    println!(
        "100 bodies of 1 MB at once: resident {} KiB before, {} KiB at most",
        before >> 10,
        after >> 10
    );
    assert!(after < before + 48 * MIB, "{before} -> {after}");
}

/// JSON that would be a hundred times as large in memory, of somebody who may.
#[test]
fn json_that_unfolds_is_bounded() {
    let (_dir, helper) = started("per_peer = 1000\nper_source = 1000");
    get_in(&helper, 1);
    let before = resident(helper.pid());
    let refused = format!("[{}0]", "{\"a\":1},".repeat(100_000));
    assert_eq!(post(helper.address, "/v1/falco", "t0ken", &refused).status, 400);
    let most = format!("[{}0]", "{\"a\":1},".repeat(32_000));
    let to = helper.address;
    let post_it = move || post(to, "/v1/falco", "t0ken", &most).status;
    let threads: Vec<_> = (0..8).map(|_| std::thread::spawn(post_it.clone())).collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap() == 400));
    let after = peak(helper.pid());
    println!(
        "JSON that unfolds: resident {} KiB before, {} KiB at most",
        before >> 10,
        after >> 10
    );
    assert!(after < before + 48 * MIB, "{before} -> {after}");
}
