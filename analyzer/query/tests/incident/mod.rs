//! A recorder of made-up events: tests say what processes do, and it writes the trace that `capture` would have written.

#![allow(dead_code, reason = "every test crate that includes this uses another part")]

mod kinds;

use afterimage_format::file::{Summary, TraceWriter, WriterOptions};
use afterimage_format::model::*;
use afterimage_format::segment::{Entities, FdState, SegmentBuilder};
use kinds::kinds;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// 2026-11-21 10:00:00 UTC.
pub(crate) const START: u64 = 1_795_255_200_000_000_000;
pub(crate) const WRITE: i64 = 0o1101; // O_WRONLY|O_CREAT|O_TRUNC
pub(crate) const READ: i64 = 0;

#[derive(Default)]
struct World {
    threads: HashMap<u64, Thread>,
    containers: HashMap<u64, Container>,
    descriptors: HashMap<u64, Descriptor>,
}

impl Entities for World {
    fn thread(&self, id: u64) -> Option<&Thread> {
        self.threads.get(&id)
    }
    fn container(&self, key: u64) -> Option<&Container> {
        self.containers.get(&key)
    }
    fn descriptor(&self, id: u64) -> Option<&Descriptor> {
        self.descriptors.get(&id)
    }
}

/// The recorder. Times are milliseconds after [`START`].
pub(crate) struct Recorder {
    world: World,
    current: HashMap<u32, u64>,
    fds: HashMap<(u32, i64), u64>,
    builder: SegmentBuilder,
    writer: Option<TraceWriter>,
    losses: Vec<Loss>,
    now: u64,
    next: u64,
    folder: tempfile::TempDir,
}

/// A finished trace; the folder goes with it.
pub(crate) struct Recorded {
    _folder: tempfile::TempDir,
    pub(crate) path: PathBuf,
}

impl Recorder {
    pub(crate) fn new() -> Recorder {
        let folder = tempfile::tempdir().expect("a folder");
        let header = Header {
            capture_id: [7; 16],
            host: Host {
                hostname: "node-1".into(),
                kernel: "6.1.0".into(),
                arch: "x86_64".into(),
                cpus: 2,
                ..Host::default()
            },
            clock: ClockAnchor {
                boottime: 0,
                realtime: START,
            },
            recorder: "afterimage capture 0.1.0".into(),
            scope: "containers: web".into(),
            snaplen: 80,
            tags: vec![("ticket".into(), "INC-17".into())],
            degraded: vec![],
            ..Header::default()
        };
        let writer = TraceWriter::create(&path_in(&folder), &header, WriterOptions::default()).expect("a new file");
        let mut builder = SegmentBuilder::new(kinds(), 1);
        builder.set_keyframe(vec![], []);
        Recorder {
            world: World::default(),
            current: HashMap::new(),
            fds: HashMap::new(),
            builder,
            writer: Some(writer),
            losses: vec![],
            now: START,
            next: 1,
            folder,
        }
    }

    /// What follows happens so many milliseconds after the start.
    pub(crate) fn at(&mut self, milliseconds: u64) -> &mut Self {
        self.now = START + milliseconds * 1_000_000;
        self
    }

    fn id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Closes the segment; the next one is a keyframe.
    pub(crate) fn segment(&mut self) -> &mut Self {
        self.segment_before_none();
        let open = self.fds.iter().map(|((pid, fd), id)| (*pid, *fd as i32, *id));
        self.builder
            .set_keyframe(self.current.values().copied().collect(), open);
        self
    }

    /// Closes the segment; the next one is no keyframe.
    pub(crate) fn segment_before_none(&mut self) -> &mut Self {
        self.builder.close(&self.world);
        let segment = self.builder.encode(3).expect("an encoded segment");
        self.writer
            .as_mut()
            .expect("not sealed yet")
            .append(&segment)
            .expect("room on the disk");
        self.builder.clear();
        self
    }

    /// A loss record.
    pub(crate) fn lost(&mut self, events: u64, from: u64, to: u64) -> &mut Self {
        let (from, to) = (START + from * 1_000_000, START + to * 1_000_000);
        self.builder.push_loss(Loss {
            cause: LossCause::RingFull,
            cpu: Some(1),
            events,
            from,
            to,
        });
        self
    }

    pub(crate) fn container(&mut self, key: u64, name: &str) -> &mut Self {
        let container = Container {
            key,
            full_id: name.into(),
            runtime: Runtime::Runc,
            cgroup_id: key,
            cgroup: format!("/{name}"),
            birth: self.now,
            death: 0,
            first: self.now,
            last: 0,
            events: 0,
            name: None,
            image: None,
            pod: None,
            labels: vec![],
            ..Container::default()
        };
        self.world.containers.insert(key, container);
        self
    }

    pub(crate) fn container_removed(&mut self, key: u64) -> &mut Self {
        let now = self.now;
        self.world.containers.get_mut(&key).expect("a container").death = now;
        self
    }

    /// A process that comes into a container from outside; its id there is its id on the host less 1000.
    pub(crate) fn attach(&mut self, pid: u32, comm: &str, container: u64) -> &mut Self {
        let thread = Thread {
            tid: pid,
            pid,
            ppid: 900,
            vtid: pid - 1000,
            vpid: pid - 1000,
            loginuid: u32::MAX,
            comm: comm.as_bytes().into(),
            cwd: b"/"[..].into(),
            start: self.now,
            container,
            ..Thread::default()
        };
        self.insert(thread);
        self.event(pid, "cgroup_attach_task", None, 0, &[Value::Bytes(b"/web")])
    }

    fn insert(&mut self, thread: Thread) {
        let id = self.id();
        self.current.insert(thread.pid, id);
        self.world.threads.insert(id, Thread { id, life: id, ..thread });
    }

    fn update(&mut self, pid: u32, change: impl FnOnce(&mut Thread)) {
        let id = self.id();
        let mut thread = self.thread(pid).clone();
        change(&mut thread);
        thread.id = id;
        self.current.insert(pid, id);
        self.world.threads.insert(id, thread);
    }

    fn thread(&self, pid: u32) -> &Thread {
        &self.world.threads[self
            .current
            .get(&pid)
            .unwrap_or_else(|| panic!("process {pid} does not live"))]
    }

    pub(crate) fn fork(&mut self, parent: u32, pid: u32) -> &mut Self {
        let up = self.thread(parent).clone();
        self.insert(Thread {
            tid: pid,
            pid,
            ppid: parent,
            vtid: pid - 1000,
            vpid: pid - 1000,
            parent: up.id,
            start: self.now,
            ..up
        });
        let inherited: Vec<(i64, u64)> = self
            .fds
            .iter()
            .filter(|((of, _), _)| *of == parent)
            .map(|((_, fd), id)| (*fd, *id))
            .collect();
        self.fds.extend(inherited.into_iter().map(|(fd, id)| ((pid, fd), id)));
        self.builder.fd_change(pid, 0, FdState::CopyOf(parent));
        self.event(pid, "clone", Some(0), 0, &[Value::Int(0)])
    }

    pub(crate) fn exec(&mut self, pid: u32, path: &str, argv: &[&str]) -> &mut Self {
        let now = self.now;
        let (exe, args) = argv.split_first().expect("argv");
        let comm: String = path.rsplit('/').next().unwrap_or(path).chars().take(15).collect();
        self.update(pid, |thread| {
            thread.comm = comm.as_bytes().into();
            thread.exe = exe.as_bytes().into();
            thread.exepath = path.as_bytes().into();
            thread.args = args.join("\0").as_bytes().into();
            thread.exec_time = now;
        });
        self.event(
            pid,
            "execve",
            Some(0),
            0,
            &[Value::Int(0), Value::Bytes(path.as_bytes())],
        )
    }

    pub(crate) fn exit(&mut self, pid: u32, status: i64) -> &mut Self {
        self.fds.retain(|(of, _), _| *of != pid);
        self.builder.fd_change(pid, 0, FdState::Ended);
        self.event(pid, "procexit", None, 0, &[Value::Int(status)]);
        self.current.remove(&pid);
        self
    }

    pub(crate) fn setuid(&mut self, pid: u32, uid: u32) -> &mut Self {
        self.update(pid, |thread| thread.uid = uid);
        self.event(pid, "setuid", Some(0), 0, &[Value::Int(0), Value::Int(i64::from(uid))])
    }

    fn descriptor(&mut self, ty: DescriptorType, name: &str, tuple: Option<Tuple>, role: Role) -> u64 {
        let same = |d: &&Descriptor| (d.ty, d.name.as_slice(), d.role) == (ty, name.as_bytes(), role);
        if let Some(known) = self.world.descriptors.values().find(same) {
            return known.id;
        }
        let id = self.id();
        let l4 = if tuple.is_some() {
            L4Proto::Tcp
        } else {
            L4Proto::Unknown
        };
        let descriptor = Descriptor {
            id,
            ty,
            l4,
            role,
            name: name.into(),
            tuple,
            ..Descriptor::unknown(id)
        };
        self.world.descriptors.insert(id, descriptor);
        id
    }

    fn opened(&mut self, pid: u32, fd: i64, descriptor: u64) {
        self.fds.insert((pid, fd), descriptor);
        self.builder.fd_change(pid, fd as i32, FdState::Open(descriptor));
    }

    pub(crate) fn close(&mut self, pid: u32, fd: i64) -> &mut Self {
        let descriptor = self.fd(pid, fd);
        self.fds.remove(&(pid, fd));
        self.builder.fd_change(pid, fd as i32, FdState::Closed);
        self.event(pid, "close", Some(0), descriptor, &[Value::Int(0), Value::Int(fd)])
    }

    pub(crate) fn open(&mut self, pid: u32, fd: i64, path: &str, flags: i64) -> &mut Self {
        let descriptor = self.descriptor(DescriptorType::File, path, None, Role::Unknown);
        self.opened(pid, fd, descriptor);
        let args = [
            Value::Int(fd),
            Value::Int(-100),
            Value::Bytes(path.as_bytes()),
            Value::Int(flags),
        ];
        self.event(pid, "openat", Some(fd), descriptor, &args)
    }

    pub(crate) fn open_fails(&mut self, pid: u32, path: &str, flags: i64, error: i64) -> &mut Self {
        let args = [
            Value::Int(error),
            Value::Int(-100),
            Value::Bytes(path.as_bytes()),
            Value::Int(flags),
        ];
        self.event(pid, "openat", Some(error), 0, &args)
    }

    pub(crate) fn dup(&mut self, pid: u32, old: i64, new: i64) -> &mut Self {
        let descriptor = self.fd(pid, old);
        self.opened(pid, new, descriptor);
        self.event(
            pid,
            "dup2",
            Some(new),
            descriptor,
            &[Value::Int(new), Value::Int(old), Value::Int(new)],
        )
    }

    fn fd(&self, pid: u32, fd: i64) -> u64 {
        *self
            .fds
            .get(&(pid, fd))
            .unwrap_or_else(|| panic!("descriptor {fd} of {pid} is not open"))
    }

    pub(crate) fn read(&mut self, pid: u32, fd: i64, data: &str) -> &mut Self {
        self.moved(pid, "read", fd, data)
    }

    pub(crate) fn write(&mut self, pid: u32, fd: i64, data: &str) -> &mut Self {
        self.moved(pid, "write", fd, data)
    }

    fn moved(&mut self, pid: u32, kind: &str, fd: i64, data: &str) -> &mut Self {
        let result = data.len() as i64;
        let args = [
            Value::Int(result),
            Value::Bytes(data.as_bytes()),
            Value::Int(fd),
            Value::Int(4096),
        ];
        self.event(pid, kind, Some(result), self.fd(pid, fd), &args)
    }

    pub(crate) fn sendfile(&mut self, pid: u32, to: i64, from: i64, bytes: i64) -> &mut Self {
        let args = [Value::Int(bytes), Value::Int(to), Value::Int(from), Value::Int(1 << 24)];
        self.event(
            pid,
            "sendfile",
            Some(bytes),
            self.fds.get(&(pid, to)).copied().unwrap_or(0),
            &args,
        )
    }

    fn socket(&mut self, local: &str, remote: &str, role: Role) -> u64 {
        let end = |text: &str| {
            text.parse::<SocketAddr>()
                .map(|end| (end.ip(), end.port()))
                .expect("an address")
        };
        let tuple = Tuple {
            local: end(local),
            remote: end(remote),
        };
        let name = if role == Role::Server {
            format!("{remote}->{local}")
        } else {
            format!("{local}->{remote}")
        };
        self.descriptor(DescriptorType::Ipv4, &name, Some(tuple), role)
    }

    pub(crate) fn connect(&mut self, pid: u32, fd: i64, local: &str, remote: &str) -> &mut Self {
        let descriptor = self.socket(local, remote, Role::Client);
        self.opened(pid, fd, descriptor);
        self.event(
            pid,
            "connect",
            Some(0),
            descriptor,
            &[Value::Int(0), Value::Int(fd), Value::Missing],
        )
    }

    pub(crate) fn listen(&mut self, pid: u32, fd: i64, local: &str) -> &mut Self {
        let descriptor = self.socket(local, "0.0.0.0:0", Role::Server);
        self.opened(pid, fd, descriptor);
        self.event(
            pid,
            "listen",
            Some(0),
            descriptor,
            &[Value::Int(0), Value::Int(fd), Value::Int(9)],
        )
    }

    pub(crate) fn accept(&mut self, pid: u32, fd: i64, local: &str, remote: &str) -> &mut Self {
        let descriptor = self.socket(local, remote, Role::Server);
        self.opened(pid, fd, descriptor);
        self.event(
            pid,
            "accept4",
            Some(fd),
            descriptor,
            &[Value::Int(fd), Value::Int(3), Value::Missing],
        )
    }

    /// A call by its name, with the integers and paths among its arguments.
    pub(crate) fn call(&mut self, pid: u32, kind: &str, result: i64, args: &[Value<'_>]) -> &mut Self {
        self.event(pid, kind, Some(result), 0, args)
    }

    fn event(&mut self, pid: u32, kind: &str, result: Option<i64>, descriptor: u64, args: &[Value<'_>]) -> &mut Self {
        let thread = self.thread(pid);
        let (id, container) = (thread.id, thread.container);
        let kind = kinds()
            .iter()
            .position(|known| known.name == kind)
            .unwrap_or_else(|| panic!("no kind {kind}"));
        self.builder.push(&Event {
            duration: 0,
            time: self.now,
            kind: kind as u16,
            cpu: 1,
            flags: EventFlags(if result.is_some() { EventFlags::HAS_RESULT } else { 0 }),
            result: result.unwrap_or(0),
            thread: id,
            descriptor,
            args,
        });
        if let Some(container) = self.world.containers.get_mut(&container) {
            container.events += 1;
            container.last = self.now;
        }
        self
    }

    /// Seals the file.
    pub(crate) fn seal(mut self) -> Recorded {
        self.segment();
        let mut containers: Vec<Container> = self.world.containers.values().cloned().collect();
        containers.sort_by_key(|container| container.key);
        let summary = Summary {
            end: self.now,
            reason: "signal 2".into(),
            losses: self.losses,
            containers,
            ..Summary::default()
        };
        self.writer
            .take()
            .expect("not sealed yet")
            .seal(&summary)
            .expect("room on the disk");
        Recorded {
            path: path_in(&self.folder),
            _folder: self.folder,
        }
    }

    /// Ends as if the recorder had been killed.
    pub(crate) fn crash(mut self) -> Recorded {
        self.segment();
        Recorded {
            path: path_in(&self.folder),
            _folder: self.folder,
        }
    }
}

fn path_in(folder: &tempfile::TempDir) -> PathBuf {
    Path::new(folder.path()).join("incident.scap")
}
