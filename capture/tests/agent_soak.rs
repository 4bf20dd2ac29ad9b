//! `capture agent` under a steady load for two minutes: nothing is lost, memory stays where it is, the disk is not touched.
//! `cargo xtask bench soak` is the same for an hour, at the rate and with the speed of a release build.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::agent::Agent;
use support::{can_record, skip, wait_for, workload};

/// Recorded calls a second. A debug build takes ten times the CPU of a release build, and other tests run beside this one: at
/// this rate it loses nothing here. Speed is not tested.
const RATE: &str = "30000";
const TIME: Duration = Duration::from_secs(120);
/// Filled within a third of the time.
const RING_MIB: u64 = 2;
/// Memory beside the ring.
const BESIDE_MIB: u64 = 48;
/// What memory may grow by: segments come and go, while they are filled, encoded and looked at.
const GROWTH_KIB: u64 = 4 << 10;

/// A cgroup with the load in it, and nothing else: what runs beside this test is not recorded. Gone when this is dropped.
struct Load {
    cgroup: PathBuf,
    process: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Load {
    fn start(root: &Path, id: &str, dir: &Path) -> Load {
        let cgroup = root.join(id);
        std::fs::create_dir(&cgroup).unwrap();
        let script = "echo $$ >\"$0\"/cgroup.procs; exec \"$@\"";
        let mut process = Command::new("sh");
        process.args(["-c", script]).arg(&cgroup).arg(workload());
        process.arg("steady").arg(dir).arg(RATE);
        let mut process = process.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Load { cgroup, process, said }
    }

    /// Begins, and then ends.
    fn go(&mut self) {
        self.process.stdin.as_mut().unwrap().write_all(b"g").unwrap();
    }

    /// Calls that were to be recorded since it was ready.
    fn calls(&mut self) -> u64 {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line.trim().parse().unwrap()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir(&self.cgroup);
    }
}

/// A number of /proc/PID/FILE.
fn number(agent: &Agent, file: &str, key: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/{file}", agent.pid())).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn a_steady_load_is_recorded_whole_in_memory_that_does_not_grow() {
    let name = "a_steady_load_is_recorded_whole_in_memory_that_does_not_grow";
    if !can_record(name) {
        return;
    }
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    let root = mounts.lines().find(|line| line.contains(" cgroup2 "));
    let Some(root) = root.and_then(|line| line.split(' ').nth(1)) else {
        skip(name, "no cgroup v2");
        return;
    };
    let (dir, work) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let id = format!("afterimage-soak-{}", std::process::id());
    let config = format!("[recording.scope]\ncgroups = ['/{id}']\n[ring]\nmemory = '{RING_MIB}MiB'\n");
    let agent = Agent::start(dir.path(), &config);
    let mut load = Load::start(Path::new(root), &id, work.path());
    let seen = || (agent.metric("events_total") + agent.metric("events_lost_total")) as u64;
    // What it did before it was ready has arrived when nothing more comes for longer than a segment is open.
    let mut before = 0;
    wait_for("the load's beginning to be recorded", || {
        std::thread::sleep(Duration::from_millis(2500));
        let now = seen();
        now > 0 && std::mem::replace(&mut before, now) == now
    });
    let stored = number(&agent, "io", "write_bytes: ");
    let (began, mut resident) = (Instant::now(), Vec::new());
    load.go();
    while began.elapsed() < TIME {
        std::thread::sleep(Duration::from_millis(250));
        let is_full = agent.metric("ring_bytes") < agent.metric("recorded_bytes_total");
        // Of memory that is the program's file none is the agent's to have.
        let own = number(&agent, "status", "VmRSS:") - number(&agent, "status", "RssFile:");
        resident.extend(is_full.then_some(own));
    }
    load.go();
    let calls = load.calls();
    wait_for("everything to be recorded", || seen() >= before + calls);
    std::thread::sleep(Duration::from_secs(2));
    let tenth = resident.len() / 10;
    let mean = |of: &[u64]| of.iter().sum::<u64>() / of.len().max(1) as u64;
    let (first, last) = (mean(&resident[..tenth]), mean(&resident[resident.len() - tenth..]));
    let peak = (number(&agent, "status", "VmHWM:") - number(&agent, "status", "RssFile:")) >> 10;
    let lost = agent.metric("events_lost_total");
    println!(
        "{calls} calls in {:?}, {lost} lost; ring {} bytes, {} s; {first} KiB in the first tenth, {last} in the last; {peak} MiB \
         at the peak",
        began.elapsed(),
        agent.metric("ring_bytes"),
        agent.metric("ring_span_seconds"),
    );
    assert_eq!(seen(), before + calls, "each call is recorded or counted, once");
    assert_eq!(lost, 0.0, "{}", agent.log());
    assert!(agent.metric("ring_bytes") <= (RING_MIB << 20) as f64);
    assert!(tenth >= 5, "the ring was not full in time: {} samples", resident.len());
    assert!(last <= first + GROWTH_KIB, "{first} KiB has become {last}");
    assert!(peak <= RING_MIB + BESIDE_MIB, "{peak} MiB at the peak");
    assert_eq!(
        number(&agent, "io", "write_bytes: "),
        stored,
        "a flight wrote to the disk"
    );
}
