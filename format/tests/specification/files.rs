//! Files of all kinds that this crate can write, and what may become of them.

use crate::world::{custody, fill, header, sample, segments, summary};
use afterimage_format::evidence::{Identity, PrivateKey};
use afterimage_format::file::{Summary, TraceWriter, WriterOptions};
use afterimage_format::model::*;
use afterimage_format::segment::{EncodedSegment, Entities, FdState, SegmentBuilder};
use std::path::{Path, PathBuf};

const KEY: &[u8] = b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";

/// Writes them into `folder`.
pub(crate) fn make(folder: &Path) -> Vec<PathBuf> {
    let signed = || WriterOptions {
        sign_key: Some(PrivateKey::parse(KEY, "key").unwrap()),
        ..WriterOptions::default()
    };
    let encrypted = WriterOptions {
        recipients: vec![Identity::generate().recipient()],
        ..signed()
    };
    let small = || segments(3, 20);
    let mut files = vec![
        written(folder, "plain", WriterOptions::default(), &small()),
        written(folder, "signed", signed(), &small()),
        written(folder, "encrypted", encrypted, &small()),
        written(folder, "empty", WriterOptions::default(), &[]),
        written(folder, "leaves", WriterOptions::default(), &segments(300, 1)),
        written(folder, "rich", WriterOptions::default(), &rich()),
        rotated(folder),
        unsealed(folder),
    ];
    let whole = std::fs::read(&files[1]).unwrap();
    files.extend(cut(folder, &whole));
    files.extend(altered(folder, &whole));
    files
}

fn written(folder: &Path, name: &str, options: WriterOptions, segments: &[EncodedSegment]) -> PathBuf {
    let (_dir, path) = sample(options, segments);
    saved(folder, name, &std::fs::read(path).unwrap())
}

fn saved(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name).with_extension("scap");
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The second of three files of a recording, made out of another one.
fn rotated(folder: &Path) -> PathBuf {
    let path = folder.join("rotated.scap");
    let header = Header {
        host: Host {
            hostname: "hôst".into(),
            cpus: 300,
            ..Host::default()
        },
        clock: ClockAnchor {
            boottime: 70_000,
            realtime: 1 << 60,
        },
        degraded: vec!["no BTF".into()],
        series: Series {
            number: 2,
            previous: [9; 32],
            previous_name: "a.scap".into(),
        },
        profile: "forensic".into(),
        filter: "evt.type = open".into(),
        redactions: vec!["pattern: x".into(), "names".into()],
        accounts: accounts("root"),
        ..header()
    };
    let summary = Summary {
        next_name: "c.scap".into(),
        accounts: accounts("web"),
        losses: vec![Loss {
            cause: LossCause::Write,
            cpu: None,
            events: 1 << 40,
            from: 3,
            to: u64::MAX,
        }],
        ..summary()
    };
    let mut writer = TraceWriter::create(&path, &header, WriterOptions::default()).unwrap();
    let source = Source {
        capture_id: [7; 16],
        name: "old.scap".into(),
        ..Source::default()
    };
    writer
        .add_custody(&CustodyEntry {
            source: Some(source),
            ..custody("filtered")
        })
        .unwrap();
    fill(&mut writer, &segments(2, 5)).unwrap();
    writer.seal(&summary).unwrap();
    path
}

fn unsealed(folder: &Path) -> PathBuf {
    let path = folder.join("unsealed.scap");
    let mut writer = TraceWriter::create(&path, &header(), WriterOptions::default()).unwrap();
    fill(&mut writer, &segments(2, 5)).unwrap();
    drop(writer);
    path
}

/// The file, ended at many places.
fn cut(folder: &Path, whole: &[u8]) -> Vec<PathBuf> {
    let places = (1..12).map(|part| whole.len() * part / 12);
    let mut files: Vec<PathBuf> = places
        .map(|end| saved(folder, &format!("cut-{end}"), &whole[..end]))
        .collect();
    let mut zeros = whole[..whole.len() / 2].to_vec();
    zeros.truncate(start_of_last(&zeros, b"SEGM"));
    zeros.resize(whole.len(), 0);
    files.push(saved(folder, "zeros", &zeros));
    files
}

/// The file with one byte changed, in every part that can be passed over.
fn altered(folder: &Path, whole: &[u8]) -> Vec<PathBuf> {
    let segment = start_of_last(whole, b"SEGM");
    let places = [
        ("directory", segment + 64 + 20),
        ("frames", end_of_block(whole, segment) - 10),
        ("header-of-segment", segment + 20),
        ("attachment", start_of_last(whole, b"ATCH") + 64 + 10),
        ("signature", start_of_last(whole, b"SIGN") + 64 + 60),
        ("footer", whole.len() - 40),
        ("version", 12),
        ("magic", 3),
        ("head", 16 + 64 + 5),
    ];
    places
        .map(|(name, at)| {
            let mut bytes = whole.to_vec();
            bytes[at] ^= 1;
            saved(folder, &format!("altered-{name}"), &bytes)
        })
        .to_vec()
}

fn end_of_block(bytes: &[u8], start: usize) -> usize {
    let length = bytes[start + 8..].first_chunk().unwrap();
    start + 64 + u64::from_le_bytes(*length) as usize
}

fn start_of_last(bytes: &[u8], tag: &[u8; 4]) -> usize {
    bytes.windows(4).rposition(|window| window == tag).unwrap()
}

/// Threads 1 to 6, descriptors 1 to 4, container 9.
struct Everything {
    threads: Vec<Thread>,
    descriptors: Vec<Descriptor>,
    container: Container,
}

impl Entities for Everything {
    fn thread(&self, id: u64) -> Option<&Thread> {
        self.threads.iter().find(|thread| thread.id == id)
    }
    fn container(&self, key: u64) -> Option<&Container> {
        (key == self.container.key).then_some(&self.container)
    }
    fn descriptor(&self, id: u64) -> Option<&Descriptor> {
        self.descriptors.iter().find(|descriptor| descriptor.id == id)
    }
}

fn everything() -> Everything {
    let thread = |id: u64| Thread {
        id,
        life: id.div_ceil(2),
        parent: id / 2,
        tid: 4_000_000_000 + id as u32,
        pid: 100,
        ppid: 1,
        vtid: 7,
        vpid: 8,
        sid: 100,
        tty: 34816,
        uid: if id == 4 { u32::MAX } else { 1000 },
        gid: id as u32,
        loginuid: u32::MAX,
        comm: b"c\xf6mm\n".as_slice().into(),
        exe: b"./x".as_slice().into(),
        exepath: b"/usr/bin/x".as_slice().into(),
        args: b"a\0b".as_slice().into(),
        cwd: b"/".as_slice().into(),
        cgroup: b"/sys".as_slice().into(),
        exe_ino: u64::MAX,
        exe_dev: u32::MAX,
        args_truncated: id == 3,
        executable: std::sync::Arc::new(Executable {
            env: format!("A=1\0B={}", id % 2).as_bytes().into(),
            host_path: b"/var/lib/upper/x".as_slice().into(),
            interpreter: b"/lib/ld.so".as_slice().into(),
            script: if id == 2 {
                b"/x.sh".as_slice().into()
            } else {
                Text::default()
            },
            sha256: [id as u8; 32].as_slice().into(),
            no_sha256: Text::default(),
            mode: 0o104755,
            size: id << 40,
            mtime: -5,
            ctime: 1_700_000_000_000_000_000,
            marks: Executable::UPPER_LAYER | Executable::LAYER_KNOWN,
        }),
        credentials: (id > 2).then_some(Box::new(Credentials {
            inheritable: 0,
            permitted: u64::MAX,
            effective: 1 << 40,
            bounding: u64::MAX,
            ambient: 1,
            ruid: u32::MAX,
            rgid: 0,
            suid: 1000,
            sgid: 1000,
        })),
        start: 1_700_000_000_000_000_000,
        exec_time: [0, 1_700_000_000_000_000_000 - id][(id % 2) as usize],
        container: if id > 3 { 9 } else { 0 },
        cgroup_id: 1 << 63,
    };
    let descriptor = |id: u64| Descriptor {
        ty: [DescriptorType::Ipv4, DescriptorType::Ipv6, DescriptorType::Userfaultfd][(id % 3) as usize],
        l4: [L4Proto::Tcp, L4Proto::Raw][(id % 2) as usize],
        role: [Role::Client, Role::Server, Role::LocalClient, Role::ForeignServer][(id % 4) as usize],
        name: format!("/data/{id}").into_bytes(),
        tuple: (id > 2).then(|| Tuple {
            local: ("10.0.0.1".parse().unwrap(), 80),
            remote: ("fe80::1".parse().unwrap(), 65535),
        }),
        dev: 5,
        ino: id << 62,
        missing: if id == 3 { b"gone".to_vec() } else { Vec::new() },
        ..Descriptor::unknown(id)
    };
    Everything {
        threads: (1..=600).map(thread).collect(),
        descriptors: (1..=4).map(descriptor).collect(),
        container: Container {
            key: 9,
            full_id: "abc".into(),
            runtime: Runtime::CriO,
            name: Some("web".into()),
            pod: Some(("default".into(), "web-1".into(), "uid".into())),
            labels: vec![("a".into(), "b".into())],
            death: 7,
            processes: 300,
            told: Told {
                source: "cri-o".into(),
                missing: "no socket".into(),
                image_id: Some("sha256:1".into()),
                image_digest: Some("sha256:2".into()),
                env: vec!["PATH".into()],
                mounts: vec![Mount {
                    source: "/srv".into(),
                    dest: "/data".into(),
                    mode: "ro".into(),
                    writable: true,
                    propagation: "rprivate".into(),
                }],
                privileged: Some(true),
                capabilities: vec!["CAP_KILL".into()],
                network: Some("host".into()),
                ips: vec!["10.0.0.2".into()],
                created: 1,
                started: 2,
                finished: 300,
                exit_code: Some(137),
                oom_killed: Some(false),
                restarts: Some(3),
                is_sandbox: true,
                sandbox_id: "def".into(),
                pod_labels: vec![("app".into(), "web".into())],
                pod_ip: Some("10.0.0.3".into()),
            },
            kube: Kube {
                owners: vec![Owner {
                    kind: "ReplicaSet".into(),
                    name: "web-7f".into(),
                    uid: "u1".into(),
                }],
                node: "node-1".into(),
                node_labels: vec![("zone".into(), "a".into())],
                missing: "403".into(),
                execs: vec![KubeExec {
                    pid: 300,
                    start: 5,
                    missing: "two users".into(),
                    user: "alice".into(),
                    groups: vec!["dev".into()],
                    impersonated: "bob".into(),
                    source_ips: vec!["10.0.0.7".into()],
                    audit_id: "a-1".into(),
                    time: 4,
                    command: vec!["sh".into(), "-c".into()],
                }],
            },
            ..Container::default()
        },
    }
}

fn kinds() -> Vec<Kind> {
    use ParamType::*;
    let types = [
        Int,
        Uint,
        Hex,
        Errno,
        Fd,
        DirFd,
        Pid,
        Uid,
        Gid,
        Mode,
        Signal,
        OpenFlags,
        CloneFlags,
        MountFlags,
        AtFlags,
        MsgFlags,
        Family,
        SocketType,
        PtraceRequest,
        Path,
        Text,
        TextList,
        Bytes,
        SockAddr,
        PollFds,
        ProtFlags,
        SocketOption,
        Device,
    ];
    let kind = |(at, ty): (usize, ParamType)| Kind {
        name: format!("call{}", at / 2),
        category: [Category::Scheduler, Category::File, Category::Internal][at % 3],
        syscall: (at > 2).then_some(100 * at as u16),
        params: vec![
            Param {
                name: "first".into(),
                ty,
            },
            Param {
                name: "address".into(),
                ty: Hex,
            },
        ],
    };
    types.into_iter().enumerate().map(kind).collect()
}

/// Long and short columns with all kinds of values: a keyframe, one in the order of time, one in an order of its own,
/// one with losses alone.
fn rich() -> Vec<EncodedSegment> {
    let mut builder = SegmentBuilder::new(kinds(), 1);
    let mut out = Vec::new();
    // Short-lived processes, whose addresses are random as a whole and near each other.
    for row in 0..2400u64 {
        let thread = 1 + row / 4;
        let base = thread.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 18 & !0xfff | 1 << 45;
        builder.push(&Event {
            duration: 0,
            time: 1_700_000_000_000_000_000 + 1000 * row,
            kind: 2,
            cpu: 0,
            flags: EventFlags(2),
            result: 0,
            thread,
            descriptor: 0,
            args: &[Value::Int((base + row % 4 * 0x2_1000) as i64), Value::Int(7)],
        });
    }
    builder.close(&everything());
    out.push(builder.encode(3).unwrap());
    builder.clear();
    for (round, rows) in [40, 9000, 200, 0].into_iter().enumerate() {
        match round {
            0 => builder.set_keyframe(vec![1, 4], [(100, 0, 1), (100, 70_000, 4)]),
            2 => builder.keep_order(),
            3 => builder.push_loss(Loss {
                cause: LossCause::ScopeFull,
                cpu: Some(999),
                events: 5,
                from: 1,
                to: 2,
            }),
            1 => builder.push_incomplete(Loss {
                cause: LossCause::Truncated,
                cpu: Some(1),
                events: 7,
                from: 3,
                to: 4,
            }),
            _ => {}
        }
        let mut random = 1 + round as u64;
        for row in 0..rows {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            push(&mut builder, row, random >> 11);
        }
        builder.close(&everything());
        out.push(builder.encode(3).unwrap());
        builder.clear();
    }
    out
}

fn push(builder: &mut SegmentBuilder, row: u64, random: u64) {
    let kind = match row {
        0..40 => row % 24,
        _ if random.is_multiple_of(3) => 22,
        _ => 2,
    };
    let text = format!("text {}\n", random % 50);
    let first = match kind {
        19.. if random.is_multiple_of(5) => Value::Missing,
        19.. => Value::Bytes(text.as_bytes()),
        2 => Value::Int((random % 1000 * 512) as i64),
        _ if random.is_multiple_of(4) => Value::Missing,
        _ => Value::Int([i64::MIN, -1, 0, i64::MAX][(random % 4) as usize]),
    };
    let address = 0x7f12_3400_0000 + ((random % 3) << 40) + random % 4096 * 4096;
    match row % 50 {
        7 => builder.fd_change(100, 3, FdState::Open(2)),
        8 => builder.fd_change(100, 3, FdState::Closed),
        9 => builder.fd_change(101, 0, FdState::CopyOf(100)),
        10 => builder.fd_change(101, 0, FdState::Ended),
        _ => {}
    }
    builder.push(&Event {
        // A few kinds are measured, and of those not every call.
        duration: if kind < 3 { random % 5 * 700 } else { 0 },
        time: 1_700_000_000_000_000_000 + 1000 * row + random % 4000,
        kind: kind as u16,
        cpu: (random % 7) as u16,
        flags: EventFlags((random % 64) as u8),
        result: (random as i64 >> (random % 60)) - 5,
        thread: 1 + random % 6,
        descriptor: random % 5,
        args: &[first, Value::Int(address as i64)],
    });
}

/// A user and a group of this name.
fn accounts(name: &str) -> Accounts {
    Accounts {
        users: vec![User {
            uid: 33,
            gid: 34,
            name: name.into(),
            home: "/srv".into(),
            shell: "/bin/sh".into(),
            container: 5,
        }],
        groups: vec![Group {
            gid: 34,
            name: name.into(),
            container: 0,
        }],
    }
}
