//! The way from the kernel to the file: rings that wrap, threads that change CPU, CPUs that come, bursts. Each by both
//! transports.

mod support;

#[path = "../examples/transport/content.rs"]
mod content;

use afterimage_format::file::Trace;
use content::content;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use support::{can_record, capture, count, lost, select, workload};

const RING: &str = "ring";
const RINGBUF: &str = "ringbuf";

fn work() -> PathBuf {
    workload().with_file_name("transport")
}

/// Records `transport WORK` with these options.
fn record(dir: &Path, args: &[&str], work_args: &[&str]) -> (Output, Trace) {
    let path = dir.join("t.scap");
    let mut command = capture();
    command
        .args(["record", "--profile", "full", "-o"])
        .arg(&path)
        .args(args);
    let output = command.arg("--").arg(work()).args(work_args).output().unwrap();
    let trace = Trace::open(&path).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (output, trace)
}

/// What was written to /dev/null, with the thread and the CPU that did it, in the order of the trace.
fn written(trace: &Trace) -> Vec<(u32, i64, Vec<u8>)> {
    select(trace, "evt.type=write and fd.name=/dev/null", |row| {
        let at = row.kind().unwrap().param("data").unwrap();
        let data = match row.segment().segment().arg(row.index(), at).unwrap() {
            afterimage_format::model::Value::Bytes(data) => data.to_vec(),
            other => panic!("{other:?}"),
        };
        let cpu = row.segment().segment().cpus().unwrap()[row.index()];
        (row.thread().unwrap().tid, cpu, data)
    })
}

fn a_small_ring_wraps(name: &str, transport: &str) {
    const CALLS: u32 = 20_000;
    const MOST: u32 = 2000;
    if !can_record(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let _cpus = all_cpus();
    // 22 MB in rings of half a megabyte; records of every length, so that they meet the end in every way.
    let args = ["--transport", transport, "--ring-size", "512KiB", "--snaplen", "4096"];
    let (output, trace) = record(dir.path(), &args, &["stream", &CALLS.to_string(), &MOST.to_string()]);
    let written = written(&trace);
    let lost = lost(&trace);
    assert_eq!(output.status.code(), Some(if lost == 0 { 0 } else { 3 }), "{output:?}");
    let mut next = 0;
    for (_, _, data) in &written {
        let at = u32::from_le_bytes(*data.first_chunk().unwrap());
        assert!(at >= next, "{at} after {next}");
        assert!(*data == content(at, MOST), "write {at} is not as it was");
        next = at + 1;
    }
    // On a busy machine the recorder can be late; then it says so.
    let found = written.len() as u64;
    assert!(
        found == u64::from(CALLS) || found + lost >= u64::from(CALLS),
        "{found} found, {lost} lost"
    );
    // Enough to go around some times.
    assert!(found > u64::from(CALLS) / 8, "{found} found, {lost} lost");
}

#[test]
fn a_small_ring_wraps_and_every_byte_is_right() {
    a_small_ring_wraps("a_small_ring_wraps_and_every_byte_is_right", RING);
}

#[test]
fn a_small_ring_buffer_wraps_and_every_byte_is_right() {
    a_small_ring_wraps("a_small_ring_buffer_wraps_and_every_byte_is_right", RINGBUF);
}

/// Tests for which it matters which CPUs there are, or how soon the recorder gets one, run one after the other, also those
/// of other processes.
fn all_cpus() -> fs::File {
    let lock = fs::File::create(std::env::temp_dir().join("afterimage-cpus.lock")).unwrap();
    lock.lock().unwrap();
    lock
}

fn what_hops_stays_in_order(name: &str, transport: &str) {
    if !can_record(name) {
        return;
    }
    let _cpus = all_cpus();
    let dir = tempfile::tempdir().unwrap();
    // Larger than what is to come: only order counts here.
    let args = ["--transport", transport, "--ring-size", "32MiB"];
    let (output, trace) = record(dir.path(), &args, &["hop", "4", "50000"]);
    assert!(output.status.success(), "{output:?}");
    let mut threads: BTreeMap<u32, Vec<(i64, u64)>> = BTreeMap::new();
    for (tid, cpu, data) in written(&trace) {
        let word = u64::from_le_bytes(data.try_into().unwrap());
        threads.entry(tid).or_default().push((cpu, word));
    }
    assert_eq!(threads.len(), 4);
    for (tid, calls) in &threads {
        let first = calls[0].1 & !0xffff_ffff;
        let counters: Vec<u64> = calls.iter().map(|(_, word)| word - first).collect();
        let expected: Vec<u64> = (0..50_000).collect();
        let wrong = counters.iter().zip(&expected).position(|(a, b)| a != b);
        assert!(
            counters == expected,
            "thread {tid}: {} calls, the first out of order at {wrong:?}",
            calls.len()
        );
        let cpus = std::thread::available_parallelism().unwrap().get();
        let mut seen: Vec<i64> = calls.iter().map(|(cpu, _)| *cpu).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), cpus, "it did not change its CPU");
    }
    let zones: Vec<(u64, u64)> = (0..trace.segment_count())
        .map(|at| trace.segment(at).unwrap())
        .filter(|segment| segment.rows() > 0)
        .map(|segment| (segment.zone().time_min, segment.zone().time_max))
        .collect();
    assert!(zones.len() >= 4, "{zones:?}");
    for pair in zones.windows(2) {
        assert!(
            pair[0].1 <= pair[1].0,
            "segments overlap by {} ns",
            pair[0].1 - pair[1].0
        );
    }
}

#[test]
fn what_a_thread_does_on_changing_cpus_stays_in_order() {
    what_hops_stays_in_order("what_a_thread_does_on_changing_cpus_stays_in_order", RING);
}

#[test]
fn what_a_thread_does_on_changing_cpus_stays_in_order_in_ring_buffers() {
    what_hops_stays_in_order(
        "what_a_thread_does_on_changing_cpus_stays_in_order_in_ring_buffers",
        RINGBUF,
    );
}

fn bursts(name: &str, transport: &str, room: usize) {
    if !can_record(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let _cpus = all_cpus();
    // Two bursts of 60 % of what a ring has for ordinary calls, 40 ms apart, and again: the recorder, which sleeps for 100 ms
    // when idle, has to be woken, or half of these times it comes too late.
    const RECORD: usize = 40 + 3 * 8 + 8 + 64;
    let size = room * 6 / 10;
    let (output, trace) = record(
        dir.path(),
        &["--transport", transport, "--ring-size", "512KiB"],
        &["bursts", "12", &size.to_string()],
    );
    assert!(output.status.success(), "{output:?}");
    assert_eq!(lost(&trace), 0);
    assert_eq!(
        count(&trace, "evt.type=write and fd.name=/dev/null"),
        12 * 2 * (size / RECORD)
    );
}

#[test]
fn bursts_from_idle_lose_nothing() {
    // Without slack and reserve.
    bursts("bursts_from_idle_lose_nothing", RING, (512 - 128 - 512 / 8) << 10);
}

#[test]
fn bursts_from_idle_lose_nothing_in_ring_buffers() {
    bursts(
        "bursts_from_idle_lose_nothing_in_ring_buffers",
        RINGBUF,
        (512 - 512 / 8) << 10,
    );
}

/// A ring that ordinary calls have filled still has room for births and ends.
#[test]
fn what_matters_most_has_room_in_a_full_ring() {
    if !can_record("what_matters_most_has_room_in_a_full_ring") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for transport in [RING, RINGBUF] {
        let args = ["--force", "--transport", transport, "--ring-size", "512KiB"];
        // Of 48 bytes and more each.
        let (output, trace) = record(dir.path(), &args, &["crowd", "20000", "50"]);
        assert_eq!(output.status.code(), Some(3), "{transport}: {output:?}");
        assert!(lost(&trace) > 5000, "{transport}: {} lost", lost(&trace));
        let calls = count(&trace, "evt.type=getppid");
        assert!(calls > 5000 && calls < 20_000, "{transport}: {calls} calls");
        let ends = select(&trace, "evt.type=procexit", |row| row.thread().unwrap().pid);
        assert_eq!(ends.len(), 51, "{transport}");
        // A birth is in the trace as the thread that it made.
        let children = count(
            &trace,
            "evt.type=procexit and proc.pname=transport and proc.name=transport",
        );
        assert_eq!(children, 50, "{transport}");
    }
}

/// The last CPU, off while this lives.
struct Off(PathBuf);

impl Off {
    fn new() -> Option<(usize, Off)> {
        let cpu = std::thread::available_parallelism().ok()?.get() - 1;
        let path = PathBuf::from(format!("/sys/devices/system/cpu/cpu{cpu}/online"));
        fs::write(&path, "0").ok()?;
        Some((cpu, Off(path)))
    }
}

impl Drop for Off {
    fn drop(&mut self) {
        let _ = fs::write(&self.0, "1");
    }
}

/// More CPUs are possible than are online when the recording begins; one comes, goes, and comes again.
#[test]
fn a_cpu_that_comes_is_recorded() {
    let name = "a_cpu_that_comes_is_recorded";
    if !can_record(name) {
        return;
    }
    let _cpus = all_cpus();
    for transport in [RING, RINGBUF] {
        let Some((cpu, off)) = Off::new() else {
            support::skip(name, "no CPU can be taken offline");
            return;
        };
        let dir = tempfile::tempdir().unwrap();
        let work = ["come", &cpu.to_string(), "1000"];
        let (output, trace) = record(dir.path(), &["--transport", transport], &work);
        drop(off);
        assert!(output.status.success(), "{transport}: {output:?}");
        let written = written(&trace);
        let of = |cpu: usize| -> Vec<&str> {
            let calls = written.iter().filter(|(_, on, _)| *on == cpu as i64);
            calls.map(|(_, _, data)| std::str::from_utf8(data).unwrap()).collect()
        };
        for cpu in [0, cpu] {
            let once = (0..1000).map(|at| format!("on {cpu} {at}"));
            let twice: Vec<String> = once.clone().chain(once).collect();
            assert_eq!(of(cpu), twice, "{transport}");
        }
    }
}

/// A machine with 64 possible CPUs and so much memory, as far as this process can see. Runs the recorder with these arguments
/// behind `first`.
fn elsewhere(dir: &Path, kib: u64, first: &str, args: &[&str]) -> Output {
    let (possible, memory) = (dir.join("possible"), dir.join("meminfo"));
    fs::write(&possible, "0-63\n").unwrap();
    fs::write(&memory, format!("MemTotal: {kib} kB\n")).unwrap();
    let script = format!(
        "mount --bind {} /sys/devices/system/cpu/possible && mount --bind {} /proc/meminfo && {first} exec \"$@\"",
        possible.display(),
        memory.display()
    );
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &script, "sh", env!("CARGO_BIN_EXE_capture")]);
    command.args(args).output().unwrap()
}

/// Far more CPUs are possible than there are: mapped rings would take more memory than they are worth. Or they cannot be
/// mapped: 264 MiB where a process may have 256.
#[test]
fn where_rings_cannot_be_had_there_are_ring_buffers_and_it_says_so() {
    if !can_record("where_rings_cannot_be_had_there_are_ring_buffers_and_it_says_so") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (path, work) = (dir.path().join("t.scap"), work());
    let (path, work) = (path.to_str().unwrap(), work.to_str().unwrap());
    let plenty = 64 << 20;
    for (kib, first, reason, possible) in [
        (1 << 20, "", "64 CPUs are possible and", true),
        (plenty, "ulimit -v 262144;", "cannot map the rings", false),
    ] {
        let run = |args: &[&str]| elsewhere(dir.path(), kib, first, args);
        let doctor = run(&["doctor"]);
        let said = String::from_utf8_lossy(&doctor.stdout);
        assert!(doctor.status.success(), "{doctor:?}");
        assert!(
            said.contains("ok      transport: one of the kernel's ring buffers of 4096 KiB") && said.contains(reason),
            "{said}"
        );
        for (transport, records, degraded) in [("auto", true, true), (RING, possible, false), (RINGBUF, true, false)] {
            let output = run(&[
                "record",
                "--force",
                "--profile",
                "full",
                "--transport",
                transport,
                "-o",
                path,
                "--",
                work,
                "on",
                "0",
                "1000",
            ]);
            if !records {
                assert_eq!(output.status.code(), Some(1), "{transport}: {output:?}");
                assert!(String::from_utf8_lossy(&output.stderr).contains(reason), "{output:?}");
                continue;
            }
            assert!(output.status.success(), "{transport}: {output:?}");
            let trace = Trace::open(Path::new(path)).unwrap();
            let told = trace.header().degraded.iter().any(|line| line.contains(reason));
            assert_eq!(told, degraded, "{transport}: {:?}", trace.header().degraded);
            assert_eq!(written(&trace).len(), 1000, "{transport}");
        }
    }
}

#[test]
fn the_doctor_says_which_transport_it_is() {
    if !can_record("the_doctor_says_which_transport_it_is") {
        return;
    }
    let doctor = capture().arg("doctor").output().unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout);
    assert!(
        said.contains("ok      transport: one memory-mapped ring of 4096 KiB"),
        "{said}"
    );
}

#[test]
fn sizes_that_no_ring_can_have_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    for (args, said) in [
        (["--ring-size", "0"], "a power of two"),
        (["--ring-size", "3MiB"], "a power of two"),
        (["--ring-size", "4TiB"], "no unit of size"),
        (["--ring-size", "1GiB"], "from 512 KiB to 256 MiB"),
        (["--transport", "pigeon"], "pigeon"),
    ] {
        let output = capture().args(["record", "-o"]).arg(&path).args(args).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
        assert!(!path.exists());
    }
}
