//! Traces made by hand: a short story with hostile names in it, and a long one of any length.

use afterimage_format::file::{Summary, TraceWriter, WriterOptions};
use afterimage_format::model::*;
use afterimage_format::segment::{Entities, SegmentBuilder};
use std::path::Path;

/// 2026-11-21 10:00:00 UTC.
const START: u64 = 1_795_255_200_000_000_000;
const SECOND: u64 = 1_000_000_000;
const WEB: u64 = 5;
const DATABASE: u64 = 6;

struct World {
    threads: Vec<Thread>,
    containers: Vec<Container>,
    descriptors: Vec<Descriptor>,
}

impl Entities for World {
    fn thread(&self, id: u64) -> Option<&Thread> {
        self.threads.iter().find(|thread| thread.id == id)
    }
    fn container(&self, key: u64) -> Option<&Container> {
        self.containers.iter().find(|container| container.key == key)
    }
    fn descriptor(&self, id: u64) -> Option<&Descriptor> {
        self.descriptors.iter().find(|descriptor| descriptor.id == id)
    }
}

fn thread(id: u64, parent: u64, comm: &[u8], container: u64) -> Thread {
    Thread {
        id,
        life: id,
        parent,
        tid: 1000 + id as u32,
        pid: 1000 + id as u32,
        comm: comm.into(),
        exe: comm.into(),
        container,
        ..Thread::default()
    }
}

fn container(key: u64, full_id: &str, runtime: Runtime, name: Option<&str>, death: u64) -> Container {
    Container {
        key,
        full_id: full_id.into(),
        runtime,
        cgroup_id: 70 + key,
        cgroup: format!("/system.slice/{key}"),
        birth: START - 10 * SECOND,
        death,
        first: 0,
        last: 0,
        events: 0,
        name: name.map(str::to_string),
        image: name.map(|name| format!("registry:5000/{name}:2")),
        pod: None,
        labels: vec![],
        ..Container::default()
    }
}

fn world() -> World {
    let web = "3ad7b26ded6d".to_string() + &"0".repeat(52);
    World {
        threads: vec![
            thread(1, 0, b"httpd", WEB),
            thread(2, 1, b"sh", WEB),
            thread(3, 0, "データベース".as_bytes(), DATABASE),
            thread(4, 0, b"cron\x1b[2J", 0),
        ],
        containers: vec![
            container(WEB, &web, Runtime::Docker, Some("web"), START + 30 * SECOND),
            container(DATABASE, "db-1", Runtime::Runc, None, 0),
        ],
        descriptors: vec![
            Descriptor {
                ty: DescriptorType::File,
                name: b"/etc/shadow".to_vec(),
                ..Descriptor::unknown(1)
            },
            Descriptor {
                ty: DescriptorType::File,
                name: b"/dev/pts/3".to_vec(),
                ..Descriptor::unknown(2)
            },
        ],
    }
}

fn kinds() -> Vec<Kind> {
    let kind = |name: &str, category, syscall, params: &[(&str, ParamType)]| Kind {
        name: name.into(),
        category,
        syscall,
        params: params
            .iter()
            .map(|(name, ty)| Param {
                name: (*name).into(),
                ty: *ty,
            })
            .collect(),
    };
    use ParamType::{Bytes, Errno, Fd, OpenFlags, Path, TextList, Uint};
    vec![
        kind(
            "openat",
            Category::File,
            Some(257),
            &[("fd", Fd), ("name", Path), ("flags", OpenFlags)],
        ),
        kind(
            "read",
            Category::IoRead,
            Some(0),
            &[("res", Errno), ("data", Bytes), ("fd", Fd), ("size", Uint)],
        ),
        kind(
            "write",
            Category::IoWrite,
            Some(1),
            &[("res", Errno), ("data", Bytes), ("fd", Fd), ("size", Uint)],
        ),
        kind(
            "execve",
            Category::Process,
            Some(59),
            &[("res", Errno), ("filename", Path), ("args", TextList)],
        ),
    ]
}

/// A row: kind, thread, descriptor, result, arguments.
type Row<'a> = (u16, u64, u64, i64, &'a [Value<'a>]);

fn push(builder: &mut SegmentBuilder, (kind, thread, descriptor, result, args): Row<'_>) {
    builder.push(&Event {
        duration: 0,
        time: START + (builder.next_num() - 1) * SECOND,
        kind,
        cpu: 1,
        flags: EventFlags(EventFlags::HAS_RESULT),
        result,
        thread,
        descriptor,
        args,
    });
}

fn create(path: &Path) -> TraceWriter {
    let header = Header {
        host: Host {
            hostname: "node-1".into(),
            ..Host::default()
        },
        tags: vec![("ticket".into(), "INC-17".into())],
        ..Header::default()
    };
    TraceWriter::create(path, &header, WriterOptions::default()).expect("a new file")
}

fn close(builder: &mut SegmentBuilder, writer: &mut TraceWriter) {
    builder.close(&world());
    let segment = builder.encode(3).expect("an encoded segment");
    writer.append(&segment).expect("room on the disk");
    builder.clear();
}

fn seal(mut writer: TraceWriter) {
    let summary = Summary {
        end: START,
        reason: "done".into(),
        containers: world().containers,
        ..Summary::default()
    };
    writer.seal(&summary).expect("room on the disk");
}

/// Three segments: four events in a container that is gone, two in another one with seven lost, one on the host.
/// Names and payload try to take over the terminal.
pub(crate) fn story(path: &Path) {
    seal(told(path));
}

/// The story with alerts, one of them at its fourth event, as an attachment.
pub(crate) fn alerted(path: &Path) {
    let mut writer = told(path);
    let alerts = "{\"time\":\"2026-11-21T10:00:03Z\",\"priority\":\"Critical\",\"rule\":\"Survey\",\"output\":\"id ran in web\"}\n\
        this is no JSON \u{1b}[2J\n";
    writer
        .attach("falco-alerts.jsonl", "application/jsonl", alerts.as_bytes())
        .expect("room on the disk");
    seal(writer);
}

fn told(path: &Path) -> TraceWriter {
    let (int, bytes) = (Value::Int, Value::Bytes);
    let mut writer = create(path);
    let mut builder = SegmentBuilder::new(kinds(), 1);

    push(&mut builder, (0, 2, 1, 3, &[int(3), bytes(b"../etc/shadow"), int(0)]));
    let payload = b"root:x:0:0:root\n\x1b[31mred\x07\n\xff\x00end\n";
    let size = payload.len() as i64;
    push(
        &mut builder,
        (1, 2, 1, size, &[int(size), bytes(payload), int(3), int(4096)]),
    );
    let hostile = "/tmp/日本語/\u{202e}gpj.exe\n".as_bytes();
    push(&mut builder, (0, 2, 0, -13, &[int(-13), bytes(hostile), int(0o1101)]));
    push(
        &mut builder,
        (3, 2, 0, 0, &[int(0), bytes(b"/usr/bin/id"), bytes(b"id\0-u")]),
    );
    close(&mut builder, &mut writer);

    push(
        &mut builder,
        (1, 3, 0, -11, &[int(-11), Value::Missing, int(5), int(10)]),
    );
    push(
        &mut builder,
        (0, 3, 0, 4, &[int(4), bytes("/var/データ".as_bytes()), int(0)]),
    );
    let (cause, cpu) = (LossCause::RingFull, Some(1));
    builder.push_loss(Loss {
        cause,
        cpu,
        events: 7,
        from: START,
        to: START,
    });
    close(&mut builder, &mut writer);

    push(&mut builder, (0, 4, 0, 3, &[int(3), bytes(b"/etc/crontab"), int(0)]));
    close(&mut builder, &mut writer);
    writer
}

/// Segments of `rows` events each: every tenth a read on the host, the others opens of `/data/NUMBER` in a container.
pub(crate) fn long(path: &Path, segments: u64, rows: u64) {
    let int = Value::Int;
    let mut writer = create(path);
    let mut builder = SegmentBuilder::new(kinds(), 1);
    for _ in 0..segments {
        for _ in 0..rows {
            let num = builder.next_num();
            if num.is_multiple_of(10) {
                let args = [int(4), Value::Bytes(b"data"), int(3), int(4)];
                push(&mut builder, (1, 4, 0, 4, &args));
            } else {
                let name = format!("/data/{num}");
                push(
                    &mut builder,
                    (0, 1, 0, 3, &[int(3), Value::Bytes(name.as_bytes()), int(0)]),
                );
            }
        }
        close(&mut builder, &mut writer);
    }
    seal(writer);
}

/// A terminal session: a prompt, a command that is typed, colours, and what would take over the terminal.
pub(crate) fn session(path: &Path) {
    let mut writer = create(path);
    let mut builder = SegmentBuilder::new(kinds(), 1);
    let mut moved = |kind: u16, data: &[u8]| {
        let size = data.len() as i64;
        let args = [Value::Int(size), Value::Bytes(data), Value::Int(0), Value::Int(size)];
        push(&mut builder, (kind, 2, 2, size, &args));
    };
    moved(2, b"web$ ");
    moved(1, b"cat notes\n");
    moved(2, b"cat notes\r\n");
    moved(2, b"\x1b[31mred\x1b[0m and \x1b]0;title\x07plain\r\n");
    moved(2, "\x1b[5;20H日本語\u{202e}".as_bytes());
    close(&mut builder, &mut writer);
    seal(writer);
}

// Only the test in a real terminal needs one.
#[allow(dead_code)]
/// Writes `segments` segments of ten events, a pause after each, and seals the trace in the end.
pub(crate) fn growing(path: &Path, segments: u64, pause: std::time::Duration) {
    let mut writer = create(path);
    let mut builder = SegmentBuilder::new(kinds(), 1);
    for _ in 0..segments {
        for _ in 0..10 {
            push(
                &mut builder,
                (0, 2, 1, 3, &[Value::Int(3), Value::Bytes(b"/data"), Value::Int(0)]),
            );
        }
        close(&mut builder, &mut writer);
        std::thread::sleep(pause);
    }
    seal(writer);
}
