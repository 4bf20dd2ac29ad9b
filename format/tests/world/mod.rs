//! A small world and traces of it, for the tests of the file.
#![allow(dead_code, reason = "every test uses another part of it")]

use afterimage_format::file::{FileStorage, Storage, Summary, TraceWriter, WriterOptions};
use afterimage_format::model::*;
use afterimage_format::segment::{EncodedSegment, Entities, SegmentBuilder};
use std::io;
use std::path::{Path, PathBuf};

/// Two threads, one of them in a container and the child of the other.
pub(crate) struct World {
    pub(crate) threads: Vec<Thread>,
    pub(crate) container: Container,
    pub(crate) descriptor: Descriptor,
}

impl Entities for World {
    fn thread(&self, id: u64) -> Option<&Thread> {
        self.threads.iter().find(|t| t.id == id)
    }
    fn container(&self, key: u64) -> Option<&Container> {
        (key == self.container.key).then_some(&self.container)
    }
    fn descriptor(&self, id: u64) -> Option<&Descriptor> {
        (id == self.descriptor.id).then_some(&self.descriptor)
    }
}

pub(crate) fn world() -> World {
    let init = Thread {
        id: 10,
        life: 1,
        tid: 100,
        pid: 100,
        comm: b"init".as_slice().into(),
        ..Thread::default()
    };
    let child = Thread {
        id: 20,
        life: 2,
        parent: 10,
        tid: 101,
        pid: 101,
        container: 5,
        ..Thread::default()
    };
    World {
        threads: vec![init, child],
        container: Container {
            key: 5,
            full_id: "web".into(),
            runtime: Runtime::Runc,
            cgroup_id: 77,
            cgroup: "/web".into(),
            birth: 1,
            ..Container::default()
        },
        descriptor: Descriptor {
            ty: DescriptorType::File,
            name: b"/etc/shadow".to_vec(),
            ..Descriptor::unknown(3)
        },
    }
}

pub(crate) fn kinds() -> Vec<Kind> {
    let param = |name: &str, ty| Param { name: name.into(), ty };
    vec![
        Kind {
            name: "openat".into(),
            category: Category::File,
            syscall: Some(257),
            params: vec![param("fd", ParamType::Fd), param("name", ParamType::Path)],
        },
        Kind {
            name: "unused".into(),
            category: Category::Other,
            syscall: None,
            params: vec![],
        },
        Kind {
            name: "read".into(),
            category: Category::IoRead,
            syscall: Some(0),
            params: vec![param("data", ParamType::Bytes), param("size", ParamType::Uint)],
        },
    ]
}

/// Segments of `pairs` opens and as many reads, in turn; segment `s` begins at `1_000_000 * s`.
pub(crate) fn segments(count: u64, pairs: u64) -> Vec<EncodedSegment> {
    let mut builder = SegmentBuilder::new(kinds(), 1);
    let mut out = Vec::new();
    for segment in 0..count {
        builder.set_keyframe(vec![10], []);
        for row in 0..pairs {
            let time = 1_000_000 * segment + 10 * row;
            let name = format!("/data/{row}");
            let args = [Value::Int(3), Value::Bytes(name.as_bytes())];
            let open = Event {
                duration: 0,
                time,
                kind: 0,
                cpu: 1,
                flags: EventFlags(EventFlags::HAS_RESULT),
                result: -2,
                thread: 20,
                descriptor: 3,
                args: &args,
            };
            builder.push(&open);
            let size = if row == 7 {
                Value::Missing
            } else {
                Value::Int(row as i64)
            };
            let args = [Value::Bytes(b"payload"), size];
            builder.push(&Event {
                duration: 0,
                time: time + 5,
                kind: 2,
                result: 7,
                descriptor: 0,
                args: &args,
                ..open
            });
        }
        builder.push_loss(Loss {
            cause: LossCause::RingFull,
            cpu: Some(1),
            events: 4,
            from: 1,
            to: 2,
        });
        builder.close(&world());
        out.push(builder.encode(3).unwrap());
        builder.clear();
    }
    out
}

pub(crate) fn header() -> Header {
    Header {
        capture_id: [7; 16],
        scope: "test".into(),
        tags: vec![("env".into(), "prod".into())],
        ..Header::default()
    }
}

pub(crate) fn summary() -> Summary {
    Summary {
        end: 9,
        reason: "done".into(),
        containers: vec![world().container],
        ..Summary::default()
    }
}

pub(crate) fn custody(action: &str) -> CustodyEntry {
    CustodyEntry {
        time: 1,
        action: action.into(),
        tool: "test".into(),
        ..CustodyEntry::default()
    }
}

/// What a full sample has: custody, three segments, two names of one attachment and another one.
pub(crate) fn fill<S: Storage>(
    writer: &mut TraceWriter<S>,
    segments: &[EncodedSegment],
) -> afterimage_format::Result<()> {
    writer.add_custody(&custody("created"))?;
    for (at, segment) in segments.iter().enumerate() {
        writer.append(segment)?;
        if at == 0 {
            writer.attach("a.txt", "text/plain", &[b'a'; 200])?;
            writer.attach("b.txt", "text/plain", &[b'a'; 200])?;
            writer.attach("c.bin", "", b"other")?;
        }
    }
    writer.add_custody(&custody("sealed"))
}

/// A sealed sample in a fresh folder.
pub(crate) fn sample(options: WriterOptions, segments: &[EncodedSegment]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let mut writer = TraceWriter::create(&path, &header(), options).unwrap();
    fill(&mut writer, segments).unwrap();
    writer.seal(&summary()).unwrap();
    (dir, path)
}

/// What a storage does at the operation where it is told to fail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// Nothing is done, and this error number comes back.
    Errno(i32),
    /// Half of the bytes are written, then the disk is full.
    Short,
}

/// A file that fails at operation `at` and at `times - 1` more.
pub(crate) struct Faulty {
    pub(crate) file: FileStorage,
    pub(crate) at: usize,
    pub(crate) times: usize,
    pub(crate) fault: Fault,
    pub(crate) done: std::cell::Cell<usize>,
}

impl Faulty {
    pub(crate) fn new(path: &Path, at: usize, times: usize, fault: Fault) -> Faulty {
        let file = std::fs::File::create_new(path).unwrap();
        Faulty {
            file: FileStorage::new(file, path),
            at,
            times,
            fault,
            done: 0.into(),
        }
    }

    fn check(&self) -> io::Result<()> {
        let now = self.done.replace(self.done.get() + 1);
        if (self.at..self.at.saturating_add(self.times)).contains(&now) {
            return Err(match self.fault {
                Fault::Errno(errno) => io::Error::from_raw_os_error(errno),
                Fault::Short => io::Error::from_raw_os_error(libc::ENOSPC),
            });
        }
        Ok(())
    }
}

impl Storage for Faulty {
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let checked = self.check();
        if checked.is_err() && self.fault == Fault::Short {
            self.file.write_all_at(&bytes[..bytes.len() / 2], offset)?;
        }
        checked?;
        self.file.write_all_at(bytes, offset)
    }
    fn reserve(&mut self, offset: u64, len: u64) -> io::Result<()> {
        self.check()?;
        self.file.reserve(offset, len)
    }
    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.check()?;
        self.file.set_len(len)
    }
    fn sync_data(&mut self) -> io::Result<()> {
        // What a real one does takes time and can be seen only after a power cut.
        self.check()
    }
    fn sync_all(&mut self) -> io::Result<()> {
        self.check()
    }
    fn free(&self) -> io::Result<u64> {
        self.check()?;
        self.file.free()
    }
}
