//! Floods at the doors while the recorder works: refused cheaply, nothing is lost, memory has bounds, and who may gets in.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use support::doors::{Doors, Wanted, falco, memory};
use support::{Bundle, can_run_containers, count, http, lost, wait_for};

/// Requests that are refused.
const BAD: usize = 10_000;
const SLOW: usize = 300;
const OPENS: usize = 60_000;

/// A connection from another address of this machine: each has limits of its own.
fn connect(from: Ipv4Addr, to: SocketAddr) -> std::io::Result<TcpStream> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind((from, 0).into())?;
        socket.connect(to).await?.into_std()
    })?;
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    Ok(stream)
}

/// Status of an answer, and whether the connection goes on.
fn answer(reader: &mut impl BufRead) -> Option<(u16, bool)> {
    let (mut status, mut length, mut goes_on) = (None, 0, true);
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
            status = rest.get(..3)?.parse().ok();
        }
        if let Some(rest) = line.strip_prefix("content-length: ") {
            length = rest.parse().ok()?;
        }
        goes_on &= line != "connection: close";
    }
    reader.take(length).read_to_end(&mut Vec::new()).ok()?;
    Some((status?, goes_on))
}

/// Sends a request so many times; statuses of the answers.
fn many(from: Ipv4Addr, to: SocketAddr, request: &str, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    while statuses.len() < count {
        let Ok(mut stream) = connect(from, to) else {
            std::thread::sleep(Duration::from_millis(10));
            continue;
        };
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while statuses.len() < count && stream.write_all(request.as_bytes()).is_ok() {
            let Some((status, goes_on)) = answer(&mut reader) else {
                break;
            };
            statuses.push(status);
            if !goes_on {
                break;
            }
        }
    }
    statuses
}

/// A gigabyte, as far as it is taken: status of the answer, and bytes that were.
fn gigabyte(from: Ipv4Addr, to: SocketAddr, head: &str, chunked: bool) -> (Option<u16>, u64) {
    let mut stream = connect(from, to).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let part = vec![b' '; 1 << 20];
    let mut sent = 0;
    for _ in 0..1024 {
        let wrote = match chunked {
            true => stream
                .write_all(format!("{:x}\r\n", part.len()).as_bytes())
                .and_then(|()| stream.write_all(&part))
                .and_then(|()| stream.write_all(b"\r\n")),
            false => stream.write_all(&part),
        };
        if wrote.is_err() {
            break;
        }
        sent += part.len() as u64;
    }
    (answer(&mut BufReader::new(stream)).map(|(status, _)| status), sent)
}

#[test]
fn floods_cost_the_recorder_nothing() {
    let name = "floods_cost_the_recorder_nothing";
    if !can_run_containers(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let doors = Doors::start(
        dir.path(),
        &Wanted {
            recording: "kernel_ring = '64MiB'",
            sources: &["falco", "alertmanager"],
            captures: "pre = '60s'\npost = '1s'",
            more: "[ring]\nmemory = '32MiB'\n",
            ..Wanted::default()
        },
    );
    let id = format!("afterimage-flooded-{}", std::process::id());
    let opens = OPENS.to_string();
    let bundle = Bundle::new(dir.path(), &id, &["/workload", "count", "/data", &opens, "0", "0"]);
    let family = doors.family();
    assert_eq!(family.len(), 3, "{family:?}");
    let before: Vec<u64> = family.iter().map(|(_, pid)| memory(*pid, "VmRSS:")).collect();
    // Files' pages are the program's own, and those of a test build are many.
    let own = |pid: u32| memory(pid, "VmRSS:").saturating_sub(memory(pid, "RssFile:"));
    let most: Vec<AtomicU64> = family.iter().map(|_| AtomicU64::new(0)).collect();
    let (to, token) = (doors.address(), doors.token.as_str());
    let ends = AtomicBool::new(false);
    let start = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ends.load(Ordering::Relaxed) {
                for ((_, pid), most) in family.iter().zip(&most) {
                    most.fetch_max(own(*pid), Ordering::Relaxed);
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        // Slow ones, from two addresses: none is done with its header before the end.
        let slow = scope.spawn(|| {
            let mut open: Vec<TcpStream> = Vec::new();
            let mut made = 0;
            while !ends.load(Ordering::Relaxed) {
                while open.len() < SLOW {
                    let from = Ipv4Addr::new(127, 9, 0, 1 + (made % 2) as u8);
                    let Ok(mut stream) = connect(from, to) else { break };
                    let _ = stream.write_all(b"POST /v1/falco HTTP/1.1\r\nhost: x\r\nx-a: ");
                    open.push(stream);
                    made += 1;
                }
                open.retain_mut(|stream| stream.write_all(b"a").is_ok());
                std::thread::sleep(Duration::from_millis(200));
            }
            made
        });
        let head = "POST /v1/alertmanager HTTP/1.1\r\nhost: x\r\n";
        let shown = format!("authorization: Bearer {token}\r\n");
        let kinds = [
            format!("{head}content-length: 2\r\n\r\n{{}}"),
            format!("{head}authorization: Bearer wrong\r\ncontent-length: 2\r\n\r\n{{}}"),
            format!("{head}{shown}content-length: 2\r\n\r\n{{}}"),
            format!("{head}{shown}content-length: 3\r\n\r\n[[["),
            "GET /no/such/path HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        ];
        let flood: Vec<_> = kinds
            .into_iter()
            .enumerate()
            .map(|(at, kind)| {
                let from = Ipv4Addr::new(127, 9, 1, 1 + at as u8);
                scope.spawn(move || many(from, to, &kind, BAD / 5))
            })
            .collect();
        let length = "content-length: 1073741824\r\n\r\n";
        let large = [
            (format!("{head}{length}"), false),
            (format!("{head}{shown}{length}"), false),
            (format!("{head}{shown}transfer-encoding: chunked\r\n\r\n"), true),
        ];
        let large: Vec<_> = large
            .into_iter()
            .map(|(head, chunked)| scope.spawn(move || gigabyte(Ipv4Addr::new(127, 9, 2, 1), to, &head, chunked)))
            .collect();
        let mut load = bundle.start(&id);
        wait_for("the load", || bundle.data().join("opened-100").exists());
        // In the middle of it, somebody who may.
        let began = Instant::now();
        let alert = falco("in the middle", &id, None).to_string();
        let response = http::post(to, "/v1/falco", token, &alert);
        let took = began.elapsed();
        assert_eq!(response.status, 202, "{response:?}");
        let flooded = flood.iter().filter(|one| !one.is_finished()).count();
        let loaded = !load.has_ended();
        println!("an alert was answered after {took:?}, with {flooded} of 5 floods and the load ({loaded}) going on");
        assert!(took < Duration::from_secs(5), "{took:?}");
        let capture = response.json()["capture"].as_str().unwrap().to_owned();
        // The load may take longer than the capture would: it goes on as long as alerts about it come.
        let mut again = 0;
        while !load.has_ended() {
            again += 1;
            let response = http::post(
                to,
                "/v1/falco",
                token,
                &falco(&format!("again {again}"), &id, None).to_string(),
            );
            assert!(
                response.status == 202 && response.json()["capture"] == *capture,
                "{response:?}"
            );
            std::thread::sleep(Duration::from_millis(300));
        }
        load.wait();
        let worked = start.elapsed();
        let statuses: Vec<u16> = flood.into_iter().flat_map(|one| one.join().unwrap()).collect();
        let flooded = start.elapsed();
        for (at, one) in large.into_iter().enumerate() {
            let (status, sent) = one.join().unwrap();
            println!("body {at} of 1 GiB: {status:?} after {} MiB", sent >> 20);
            assert!(
                status.is_none_or(|status| [401, 413, 429].contains(&status)) && sent < 64 << 20,
                "{status:?} {sent}"
            );
        }
        ends.store(true, Ordering::Relaxed);
        let slow = slow.join().unwrap();
        assert!(statuses.len() == BAD && statuses.iter().all(|status| [400, 401, 404, 429].contains(status)));
        let of = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
        println!(
            "{BAD} bad requests in {flooded:?} ({} x 400, {} x 401, {} x 404, {} x 429), {slow} slow connections; \
             {OPENS} opens done after {worked:?}",
            of(400),
            of(401),
            of(404),
            of(429)
        );
        let summary = doors.agent.ended(&capture);
        assert_eq!(summary["result"], "complete", "{summary}");
        let trace = doors.agent.trace(&capture);
        let opens = count(
            &trace,
            "evt.type = openat and fd.name startswith /data/opened- and evt.rawres >= 0",
        );
        assert_eq!((opens, lost(&trace)), (OPENS, 0), "{summary}");
        assert_eq!(doors.agent.metric("events_lost_total"), 0.0);
    });
    for (at, (name, pid)) in family.iter().enumerate() {
        let most = most[at].load(Ordering::Relaxed);
        let peak = memory(*pid, "VmHWM:");
        println!(
            "{name}: resident {} MiB before, {} MiB at the peak, {} MiB of it its own",
            before[at] >> 10,
            peak >> 10,
            most >> 10
        );
        let bound = match name.as_str() {
            // The ring, and what recording takes.
            "agent" => 32 + 96,
            "keeper" => 24,
            _ => 64,
        };
        assert!(most >> 10 <= bound, "{name}: {} MiB", most >> 10);
    }
    assert_eq!(doors.family(), family, "one of them had to be started again");
}
