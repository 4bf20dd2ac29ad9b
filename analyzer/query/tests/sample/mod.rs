//! A small trace made by hand: a web server in a container is made to run a shell, and the host does something too.

use afterimage_format::file::{Summary, Trace, TraceWriter, WriterOptions};
use afterimage_format::model::*;
use afterimage_format::segment::{Entities, SegmentBuilder};
use std::path::PathBuf;

/// 2026-11-21 10:00:00 UTC.
pub(crate) const START: u64 = 1_795_255_200_000_000_000;
const CONTAINER: u64 = 5;

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

fn thread(id: u64, parent: u64, comm: &str, exe: &str, args: &str) -> Thread {
    Thread {
        id,
        life: id,
        parent,
        tid: 1000 + id as u32,
        pid: 1000 + id as u32,
        ppid: if parent == 0 { 1 } else { 1000 + parent as u32 },
        vtid: id as u32,
        vpid: id as u32,
        sid: 1001,
        loginuid: u32::MAX,
        comm: comm.as_bytes().into(),
        exe: exe.as_bytes().into(),
        exepath: format!("/usr/bin/{comm}").into_bytes().into(),
        args: args.replace(' ', "\0").into_bytes().into(),
        cwd: b"/srv"[..].into(),
        start: START - 5_000_000_000,
        container: CONTAINER,
        cgroup: b"/system.slice/web"[..].into(),
        ..Thread::default()
    }
}

fn container(name: Option<&str>) -> Container {
    Container {
        key: CONTAINER,
        full_id: "3ad7b26ded6d".to_string() + &"0".repeat(52),
        runtime: Runtime::Docker,
        cgroup_id: 77,
        cgroup: "/system.slice/web".into(),
        birth: START - 10_000_000_000,
        death: 0,
        first: 0,
        last: 0,
        events: 0,
        name: name.map(str::to_string),
        image: name.map(|_| "registry:5000/team/web:2".to_string()),
        pod: name.map(|_| ("shop".into(), "web-1".into(), "6f1a".into())),
        labels: vec![],
        ..Container::default()
    }
}

fn descriptor(id: u64, ty: DescriptorType, name: &[u8]) -> Descriptor {
    let (l4, role, tuple) = match ty {
        DescriptorType::Ipv4 => {
            let end = |text: &str, port| (text.parse().expect("an address"), port);
            let tuple = Tuple {
                local: end("10.0.0.5", 40000),
                remote: end("203.0.113.9", 4444),
            };
            (L4Proto::Tcp, Role::Client, Some(tuple))
        }
        _ => (L4Proto::Unknown, Role::Unknown, None),
    };
    Descriptor {
        id,
        ty,
        l4,
        role,
        name: name.to_vec(),
        tuple,
        ..Descriptor::unknown(id)
    }
}

fn kind(name: &str, category: Category, syscall: Option<u16>, params: &[(&str, ParamType)]) -> Kind {
    let params = params
        .iter()
        .map(|(name, ty)| Param {
            name: name.to_string(),
            ty: *ty,
        })
        .collect();
    Kind {
        name: name.to_string(),
        category,
        syscall,
        params,
    }
}

fn kinds() -> Vec<Kind> {
    use ParamType::{Bytes, DirFd, Errno, Fd, Mode, OpenFlags, Path, SockAddr, TextList, Uint};
    vec![
        kind(
            "openat",
            Category::File,
            Some(257),
            &[
                ("fd", Fd),
                ("dirfd", DirFd),
                ("name", Path),
                ("flags", OpenFlags),
                ("mode", Mode),
            ],
        ),
        kind(
            "read",
            Category::IoRead,
            Some(0),
            &[("res", Errno), ("data", Bytes), ("fd", Fd), ("size", Uint)],
        ),
        kind("connect", Category::Net, Some(42), &[("fd", Fd), ("addr", SockAddr)]),
        kind(
            "execve",
            Category::Process,
            Some(59),
            &[("res", Errno), ("cwd", Path), ("filename", Path), ("args", TextList)],
        ),
        kind(
            "rename",
            Category::File,
            Some(82),
            &[("oldpath", Path), ("newpath", Path)],
        ),
        kind("procexit", Category::Process, None, &[("status", ParamType::Int)]),
    ]
}

/// The events in order; each line of the tests names them by `evt.num`, from 1 on.
fn push_all(builder: &mut SegmentBuilder, first: u64) {
    let result = EventFlags(EventFlags::HAS_RESULT);
    let base = Event {
        duration: 0,
        time: START,
        kind: 0,
        cpu: 1,
        flags: result,
        result: 0,
        thread: 2,
        descriptor: 0,
        args: &[],
    };
    let at = |num: u64| START + (num - 1) * 1_000_000_000;
    let (int, bytes) = (Value::Int, Value::Bytes);
    let address = [2, 0, 0x11, 0x5c, 203, 0, 113, 9, 0, 0, 0, 0, 0, 0, 0, 0];
    match first {
        1 => {
            let args = [
                int(3),
                int(-100),
                bytes(b"../etc/shadow"),
                int(0o2000000),
                Value::Missing,
            ];
            builder.push(&Event {
                duration: 0,
                result: 3,
                descriptor: 1,
                args: &args,
                ..base
            });
            let args = [int(11), bytes(b"root:\x1b[31m\n"), int(3), int(4096)];
            builder.push(&Event {
                duration: 0,
                time: at(2),
                kind: 1,
                result: 11,
                descriptor: 1,
                args: &args,
                ..base
            });
            let args = [int(-13), int(-100), bytes(b"/root/\xff"), int(0o1101), int(0o4755)];
            builder.push(&Event {
                duration: 0,
                time: at(3),
                result: -13,
                args: &args,
                ..base
            });
        }
        4 => {
            let args = [int(4), bytes(&address)];
            builder.push(&Event {
                duration: 0,
                time: at(4),
                kind: 2,
                result: -115,
                descriptor: 2,
                args: &args,
                ..base
            });
            let args = [int(0), bytes(b"/srv"), bytes(b"/usr/bin/id"), bytes(b"id\0-u")];
            builder.push(&Event {
                duration: 0,
                time: at(5),
                kind: 3,
                thread: 3,
                args: &args,
                ..base
            });
            let args = [bytes(b"a"), bytes(b"/tmp/./b")];
            builder.push(&Event {
                duration: 0,
                time: at(6),
                kind: 4,
                thread: 3,
                args: &args,
                ..base
            });
        }
        _ => {
            let args = [int(0)];
            builder.push(&Event {
                duration: 0,
                time: at(7),
                kind: 5,
                flags: EventFlags(0),
                thread: 4,
                args: &args,
                ..base
            });
        }
    }
}

/// Writes the trace: segments of events 1-3, 4-6 (with 7 lost) and 7 (on the host).
pub(crate) fn write() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sample.scap");
    let host = Host {
        hostname: "node-1".into(),
        ..Host::default()
    };
    let header = Header {
        host,
        tags: vec![("ticket".into(), "INC-17".into())],
        ..Header::default()
    };
    let world = World {
        threads: vec![
            thread(1, 0, "httpd", "httpd", "-f"),
            thread(2, 1, "sh", "/bin/sh", "-c id -u"),
            Thread {
                uid: 33,
                gid: 33,
                exe_ino: 77,
                executable: std::sync::Arc::new(Executable {
                    env: b"PATH=/usr/bin\0A=b c"[..].into(),
                    sha256: [0xab; 32][..].into(),
                    mode: 0o104755,
                    size: 4096,
                    ctime: START as i64,
                    marks: Executable::UPPER_LAYER | Executable::LAYER_KNOWN,
                    ..Executable::default()
                }),
                credentials: Some(Box::new(Credentials {
                    effective: 1 << 13 | 1,
                    ..Credentials::default()
                })),
                ..thread(3, 2, "id", "id", "-u")
            },
            Thread {
                container: 0,
                cgroup: [].into(),
                ..thread(4, 0, "cron", "cron", "")
            },
        ],
        containers: vec![container(None)],
        descriptors: vec![
            descriptor(1, DescriptorType::File, b"/etc/shadow"),
            descriptor(2, DescriptorType::Ipv4, b"10.0.0.5:40000->203.0.113.9:4444"),
        ],
    };
    let mut writer = TraceWriter::create(&path, &header, WriterOptions::default()).expect("a new file");
    let mut builder = SegmentBuilder::new(kinds(), 1);
    for first in [1, 4, 7] {
        push_all(&mut builder, first);
        if first == 4 {
            let (cause, cpu) = (LossCause::RingFull, Some(1));
            builder.push_loss(Loss {
                cause,
                cpu,
                events: 7,
                from: START,
                to: START,
            });
        }
        builder.close(&world);
        writer
            .append(&builder.encode(3).expect("an encoded segment"))
            .expect("room on the disk");
        builder.clear();
    }
    let summary = Summary {
        losses: Vec::new(),
        end: START,
        reason: "done".into(),
        containers: vec![container(Some("web"))],
        ..Summary::default()
    };
    writer.seal(&summary).expect("room on the disk");
    (folder, path)
}

pub(crate) fn open() -> (tempfile::TempDir, Trace) {
    let (folder, path) = write();
    let trace = Trace::open(&path).expect("the sample opens");
    (folder, trace)
}
