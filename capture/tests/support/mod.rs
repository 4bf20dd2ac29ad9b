//! What the live tests share: the recorder under test, real containers, and questions to a trace.
#![allow(dead_code, reason = "every test file uses its own part")]

pub(crate) mod agent;
pub(crate) mod apiserver;
pub(crate) mod doors;
#[path = "../../alerts/tests/support/http.rs"]
pub(crate) mod http;
#[path = "../../alerts/tests/support/moto.rs"]
pub(crate) mod moto;
pub(crate) mod provider;
pub(crate) mod rules;
pub(crate) mod told;

use afterimage_format::file::Trace;
use afterimage_format::model::ParamType;
use afterimage_format::segment::{FdState, Segment};
use afterimage_query::check::TimeZone;
use afterimage_query::{EventRow, Filter, Query, TraceContext, scan};
use std::collections::BTreeSet;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The recorder.
pub(crate) fn capture() -> Command {
    Command::new(env!("CARGO_BIN_EXE_capture"))
}

/// The workload example, built beside the recorder.
pub(crate) fn workload() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_capture"))
        .with_file_name("examples")
        .join("workload")
}

/// Whether the test `name` can run here; else says that it is skipped, and why.
pub(crate) fn can_record(name: &str) -> bool {
    // SAFETY: geteuid has no preconditions.
    if unsafe { libc::geteuid() } != 0 {
        return skip(name, "not root");
    }
    if !Path::new("/sys/kernel/btf/vmlinux").exists() {
        return skip(name, "this kernel has no BTF");
    }
    true
}

/// As [`can_record`], with a container runtime.
pub(crate) fn can_run_containers(name: &str) -> bool {
    let runc = Command::new("runc").arg("--version").stdout(Stdio::null()).status();
    can_record(name) && (runc.is_ok() || skip(name, "runc is not installed"))
}

/// Whether a program is installed; else says that the test is skipped.
pub(crate) fn has(name: &str, program: &str) -> bool {
    let there = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    there.is_ok() || skip(name, &format!("{program} is not installed"))
}

/// Says that a test is skipped, where `cargo xtask test` collects it.
pub(crate) fn skip(name: &str, reason: &str) -> bool {
    println!("SKIPPED: {name}: {reason}");
    if let Some(log) = std::env::var_os("AFTERIMAGE_SKIP_LOG") {
        let mut log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        writeln!(log, "SKIPPED: {name}: {reason}").unwrap();
    }
    false
}

/// A recording that is under way.
pub(crate) struct Recording {
    child: Child,
}

impl Recording {
    /// Starts `capture record` and waits until it records.
    pub(crate) fn start(dir: &Path, trace: &Path, args: &[&str]) -> Recording {
        let ready = dir.join(format!("ready-{}", trace.file_name().unwrap().to_string_lossy()));
        let mut command = capture();
        command
            .arg("record")
            .arg("-o")
            .arg(trace)
            .arg("--ready-file")
            .arg(&ready)
            .args(args);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        wait_for("the recorder to be ready", || {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the recorder ended early: {status}");
            }
            ready.exists()
        });
        Recording { child }
    }

    /// Process id of the recorder.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: i32) {
        // SAFETY: kill has no memory effects; the child has not been waited for.
        assert_eq!(unsafe { libc::kill(self.child.id() as i32, signal) }, 0);
    }

    /// Ctrl-C, then what it said.
    pub(crate) fn seal(self) -> Output {
        self.signal(libc::SIGINT);
        self.child.wait_with_output().unwrap()
    }

    /// Waits for its own end.
    pub(crate) fn wait(self) -> Output {
        self.child.wait_with_output().unwrap()
    }
}

/// Waits up to a minute.
pub(crate) fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A bundle for runc in a folder of its own; the container sees the host's programs read-only and nothing else.
pub(crate) struct Bundle {
    dir: PathBuf,
    state: PathBuf,
}

impl Bundle {
    /// A container that runs `args`; `/data` in it is a folder of the bundle, `/workload` the example.
    pub(crate) fn new(dir: &Path, id: &str, args: &[&str]) -> Bundle {
        let bundle = Bundle {
            dir: dir.join(format!("bundle-{id}")),
            state: dir.join("runc"),
        };
        for inner in ["rootfs/data", "rootfs/usr", "rootfs/proc", "rootfs/dev", "rootfs/tmp"] {
            std::fs::create_dir_all(bundle.dir.join(inner)).unwrap();
        }
        for link in ["bin", "lib", "lib64", "sbin"] {
            std::os::unix::fs::symlink(format!("usr/{link}"), bundle.dir.join("rootfs").join(link)).unwrap();
        }
        std::fs::write(bundle.dir.join("rootfs/workload"), "").unwrap();
        assert!(
            Command::new("runc")
                .arg("spec")
                .current_dir(&bundle.dir)
                .status()
                .unwrap()
                .success()
        );
        let path = bundle.dir.join("config.json");
        let mut config: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        config["process"]["terminal"] = false.into();
        config["process"]["args"] = args.into();
        config["root"]["readonly"] = false.into();
        config["linux"]["cgroupsPath"] = format!("/{id}").into();
        let bind = |from: &Path, to: &str| serde_json::json!({"source": from, "destination": to, "type": "bind", "options": ["bind", "ro"]});
        let mounts = config["mounts"].as_array_mut().unwrap();
        mounts.push(bind(Path::new("/usr"), "/usr"));
        mounts.push(bind(&workload(), "/workload"));
        std::fs::write(&path, serde_json::to_vec(&config).unwrap()).unwrap();
        bundle
    }

    /// The same on the host's network: what listens there can be reached.
    pub(crate) fn on_the_hosts_network(self) -> Bundle {
        let path = self.dir.join("config.json");
        let mut config: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let namespaces = config["linux"]["namespaces"].as_array_mut().unwrap();
        namespaces.retain(|namespace| namespace["type"] != "network");
        std::fs::write(&path, serde_json::to_vec(&config).unwrap()).unwrap();
        self
    }

    /// Starts the container.
    pub(crate) fn start(&self, id: &str) -> Running<'_> {
        let mut command = self.runc(&["run", id]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        Running {
            bundle: self,
            id: id.to_owned(),
            child,
        }
    }

    /// The container's `/data`.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir.join("rootfs/data")
    }

    /// `runc` for this bundle.
    pub(crate) fn runc(&self, args: &[&str]) -> Command {
        let mut command = Command::new("runc");
        command.arg("--root").arg(&self.state).args(args).current_dir(&self.dir);
        command
    }

    /// Runs the container to its end; it is deleted then.
    pub(crate) fn run(&self, id: &str) -> Output {
        self.runc(&["run", id]).stdin(Stdio::null()).output().unwrap()
    }
}

/// A container that runs, and does not when this is dropped.
pub(crate) struct Running<'b> {
    bundle: &'b Bundle,
    pub(crate) id: String,
    child: Child,
}

impl Running<'_> {
    /// Waits until its own program runs.
    pub(crate) fn wait_until_it_runs(&self) {
        wait_for("the container", || {
            let state = self.bundle.runc(&["state", &self.id]).output().unwrap();
            String::from_utf8_lossy(&state.stdout).contains("\"running\"")
        });
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its own end, which must be a success.
    pub(crate) fn wait(&mut self) {
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{}: {status}", self.id);
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let _ = self.bundle.runc(&["delete", "-f", &self.id]).output();
        let _ = self.child.wait();
    }
}

/// Whether anything that is written in a trace, as far as it is text, has this in it.
pub(crate) fn holds(trace: &Trace, marker: &str) -> bool {
    // Whoever did not want it there wants to know where it is.
    let has = |place: &str, bytes: &[u8]| {
        let found = bytes.windows(marker.len()).any(|part| part == marker.as_bytes());
        if found {
            eprintln!("{marker} is in {place}: {}", String::from_utf8_lossy(bytes));
        }
        found
    };
    let of = |segment: &Segment<'_>| {
        let threads = segment.threads().unwrap().iter().any(|thread| {
            has("a thread", format!("{thread:?}").as_bytes())
                || [&thread.comm, &thread.exe, &thread.exepath, &thread.args, &thread.cwd]
                    .iter()
                    .any(|text| has("a thread's text", text))
        });
        let types = [ParamType::Path, ParamType::Bytes];
        let strings = types.into_iter().any(|ty| {
            (1..=segment.string_count(ty).unwrap()).any(|id| {
                let text = segment.string(ty, id as i64).unwrap();
                text.is_some_and(|text| has("a string", text))
            })
        });
        threads
            || strings
            || has(
                "the containers",
                format!("{:?}", segment.containers().unwrap()).as_bytes(),
            )
    };
    let about = format!("{:?} {:?}", trace.header(), trace.summary());
    has("header or summary", about.as_bytes()) || (0..trace.segment_count()).any(|at| of(&trace.segment(at).unwrap()))
}

/// The events of a trace that pass a filter, in order, each as `pick` sees it.
pub(crate) fn select<T>(trace: &Trace, filter: &str, mut pick: impl FnMut(&EventRow<'_>) -> T) -> Vec<T> {
    let context = TraceContext::new(trace, TimeZone::Utc);
    let compiled = Filter::compile(filter, &context.settings())
        .map_err(|e| e.render(filter))
        .unwrap();
    let query = Query {
        filter: Some(&compiled),
        ..Query::default()
    };
    let mut found = Vec::new();
    let outcome = scan(trace, &context, &query, |row| {
        found.push(pick(&row));
        ControlFlow::Continue(())
    });
    assert!(outcome.damage.is_empty(), "{:?}", outcome.damage);
    found
}

/// How many events of a trace pass a filter.
pub(crate) fn count(trace: &Trace, filter: &str) -> usize {
    select(trace, filter, |_| ()).len()
}

/// Ids of processes whose descriptors a trace tells of.
pub(crate) fn with_descriptors(trace: &Trace) -> BTreeSet<u32> {
    let segments = (0..trace.segment_count()).map(|at| trace.segment(at).unwrap());
    segments
        .flat_map(|segment| segment.fd_changes().unwrap())
        .flat_map(|change| match change.state {
            FdState::CopyOf(other) => [change.process, other],
            _ => [change.process; 2],
        })
        .collect()
}

/// Events that the trace says are missing.
pub(crate) fn lost(trace: &Trace) -> u64 {
    let segments: u64 = trace.totals().loss_events;
    segments + trace.summary().map_or(0, |s| s.losses.iter().map(|l| l.events).sum())
}

/// A field of an event as text; `field` is written as in a format (`%fd.name`).
pub(crate) fn text(row: &EventRow<'_>, field: &str) -> String {
    // With the asterisk a field that is missing is `<NA>` and the line stays.
    let format = afterimage_query::Format::parse(&format!("*{field}")).unwrap();
    format.line(row, TimeZone::Utc).unwrap()
}
