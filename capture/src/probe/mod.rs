//! The kernel program from the recorder's side: loading, attaching, scope, rings.

mod btf;
mod buffers;
mod closer;
mod entries;
mod executed;
mod mapped;
mod memory;
#[cfg(test)]
mod nested;
mod offsets;
mod programs;
mod rings;
mod tracefs;
mod transport;

pub(crate) use btf::{Btf, VMLINUX};
pub(crate) use executed::{ExecutedRing, file as executed_file};
#[cfg(test)]
pub(crate) use rings::{Found, Span};
pub(crate) use rings::{Rings, Source};
pub(crate) use transport::{Wanted, Way, size as ring_size};

use crate::snapshot;
use afterimage_abi::{ExecutedKey, SYSCALLS, Spec, Transport, hint, machine, member};
use anyhow::{Context, Result, anyhow};
use aya::maps::{Array, ArrayOfMaps, HashMap, Map, MapData, RingBuf};
use aya::{Ebpf, EbpfLoader};
use closer::Closer;
use entries::Entries;
use programs::Programs;
use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;
use std::time::Duration;
use transport::Made;

/// The compiled program; `cargo xtask probe build` makes it from probe-ebpf/program.
static OBJECT: &[u8] = aya::include_bytes_aligned!("../../../probe-ebpf/afterimage.bpf.o");

/// Which registers the program reads.
const MACHINE: u32 = if cfg!(target_arch = "aarch64") {
    machine::ARM64
} else {
    machine::X86_64
};

/// Threads whose calls are measured at the same time, where their ids do not share their low part: 1 MiB.
const LATENCY_PLACES: u32 = 1 << 16;

/// [`Spec`] as aya wants it.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct SpecPod(Spec);
// SAFETY: integers without implicit padding.
unsafe impl aya::Pod for SpecPod {}

/// [`ExecutedKey`] as aya wants it.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct KeyPod(ExecutedKey);
// SAFETY: integers without implicit padding.
unsafe impl aya::Pod for KeyPod {}

/// [`Transport`] as aya wants it.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct TransportPod(Transport);
// SAFETY: integers without implicit padding.
unsafe impl aya::Pod for TransportPod {}

/// What the program is told before it is loaded.
pub(crate) struct Settings {
    /// Which threads: bits of `condition`.
    pub(crate) scope: u32,
    /// A process that is never recorded; 0: none.
    pub(crate) helper: u32,
    /// Bytes of payload per call.
    pub(crate) snaplen: u32,
    /// Whether to measure how long calls take.
    pub(crate) latency: bool,
    /// How its records come here.
    pub(crate) way: Way,
    /// What to take from each call, by number.
    pub(crate) specs: Vec<Spec>,
    /// Names of the calls that are also read when they begin.
    pub(crate) entries: Vec<&'static str>,
    /// The same for 32-bit calls.
    pub(crate) compat_specs: Vec<Spec>,
}

/// The loaded program. Dropping it detaches and unloads.
pub(crate) struct Probe {
    ebpf: Ebpf,
    programs: Programs,
    degraded: Vec<String>,
    cgroups: HashMap<MapData, u64, u32>,
    cgroup_hints: Array<MapData, u64>,
    processes: HashMap<MapData, u32, u32>,
    process_hints: Array<MapData, u64>,
    users: HashMap<MapData, u32, u32>,
    rings: Rings,
    wake: RingBuf<MapData>,
    entries: Entries,
    closer: Option<Closer>,
    executed: Option<ExecutedRing>,
    known: HashMap<MapData, KeyPod, u8>,
}

impl Probe {
    /// Loads the program; nothing is recorded before [`Probe::attach`].
    pub(crate) fn load(settings: &Settings) -> Result<Probe> {
        let hierarchy = snapshot::hierarchy();
        let controller = hierarchy.map_or("", |hierarchy| hierarchy.controller);
        let (offsets, mut degraded) = offsets::resolve(&Btf::read(Path::new(VMLINUX))?, controller)?;
        let (rings, second_best) = transport::make(settings.way)?;
        degraded.extend(second_best);
        let cpus = rings.cpus() as u32;
        let transport = TransportPod(rings.transport());
        let (scope, recorder) = (settings.scope, std::process::id());
        let btf = aya::Btf::from_sys_fs().context("cannot read the kernel's BTF")?;
        let places = if settings.latency { LATENCY_PLACES } else { 1 };
        let mut ebpf = EbpfLoader::new()
            .btf(Some(&btf))
            .override_global("OFFSETS", offsets.words(), true)
            .override_global("MACHINE", &MACHINE, true)
            .override_global("SCOPE", &scope, true)
            .override_global("RECORDER", &recorder, true)
            .override_global("HIERARCHY", &hierarchy.map_or(0, |hierarchy| hierarchy.id), true)
            .override_global("HELPER", &settings.helper, true)
            .override_global("SNAPLEN", &settings.snaplen, true)
            .override_global("LATENCY", &(places - 1), true)
            .map_max_entries("ENTERED", places)
            .override_global("TRANSPORT", &transport, true)
            .map_max_entries("RINGS", if rings.are_mapped() { 1 } else { cpus })
            .map_max_entries("BUFFERS", if rings.are_mapped() { 1 } else { cpus })
            .load(OBJECT)
            .context("the kernel does not take the program's maps")?;
        give(&mut ebpf, &rings)?;
        let programs = Programs::load(&mut ebpf, &btf, settings.latency)?;
        degraded.extend_from_slice(programs.degraded());
        let entries = Entries::load(&mut ebpf, &settings.entries)?;
        // Before the rings count, too.
        drop(btf);
        crate::heap::give_back();
        let rings = rings.open()?;
        fill(&mut ebpf, "SPECS", &settings.specs)?;
        fill(&mut ebpf, "COMPAT_SPECS", &settings.compat_specs)?;
        let cgroups = ebpf
            .take_map("CGROUPS")
            .context("the object has no map CGROUPS")?
            .try_into()?;
        let cgroup_hints = ebpf
            .take_map("CGROUP_HINTS")
            .context("the object has no map CGROUP_HINTS")?
            .try_into()?;
        let processes = ebpf
            .take_map("PROCESSES")
            .context("the object has no map PROCESSES")?
            .try_into()?;
        let process_hints = ebpf
            .take_map("PROCESS_HINTS")
            .context("the object has no map PROCESS_HINTS")?
            .try_into()?;
        let users = ebpf
            .take_map("USERS")
            .context("the object has no map USERS")?
            .try_into()?;
        let wake = ebpf
            .take_map("WAKE")
            .context("the object has no map WAKE")?
            .try_into()?;
        let executed: RingBuf<MapData> = ebpf
            .take_map("EXECUTED")
            .context("the object has no map EXECUTED")?
            .try_into()?;
        let known = ebpf
            .take_map("KNOWN")
            .context("the object has no map KNOWN")?
            .try_into()?;
        Ok(Probe {
            ebpf,
            programs,
            degraded,
            cgroups,
            cgroup_hints,
            processes,
            process_hints,
            users,
            rings,
            wake,
            entries,
            closer: None,
            executed: Some(ExecutedRing::new(executed)),
            known,
        })
    }

    /// Starts recording.
    pub(crate) fn attach(&mut self) -> Result<()> {
        // First, so that a call that is recorded at its end was seen to begin.
        self.entries.attach(&mut self.ebpf)?;
        self.closer = Some(Closer::start()?);
        self.programs.attach(&mut self.ebpf)
    }

    /// Stops recording; what is in the rings stays there.
    pub(crate) fn detach(&mut self) -> Result<()> {
        // What is read when calls begin says nothing without their ends: see `Closer`.
        self.programs.unload(&mut self.ebpf)
    }

    /// What a recording lacks on this kernel, a line each; complete once it is attached.
    pub(crate) fn degraded(&self) -> Vec<String> {
        [self.degraded.as_slice(), self.entries.degraded()].concat()
    }

    /// The ring of executed files; once.
    pub(crate) fn take_executed(&mut self) -> Result<ExecutedRing> {
        self.executed
            .take()
            .context("somebody reads the executed files already")
    }

    /// The content of this file is known: the program need not tell of it again. It forgets the least used ones.
    pub(crate) fn learn(&mut self, file: ExecutedKey) {
        let _ = self.known.insert(KeyPod(file), 1, 0);
    }

    /// A process of the recorder's own, which is no part of what it records.
    pub(crate) fn helper(&self) -> Option<u32> {
        self.closer.as_ref().map(Closer::pid)
    }

    /// The rings.
    pub(crate) fn rings(&self) -> &Rings {
        &self.rings
    }

    /// Sleeps until a ring has filled up to its mark, a signal comes or the time is over.
    pub(crate) fn wait(&mut self, time: Duration) {
        self.rings.allow_wakes();
        let mut poll = libc::pollfd {
            fd: self.wake.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        let time = libc::timespec {
            tv_sec: time.as_secs() as i64,
            tv_nsec: i64::from(time.subsec_nanos()),
        };
        // SAFETY: one pollfd and a timespec, both valid for the call.
        if unsafe { libc::ppoll(&mut poll, 1, &time, std::ptr::null()) } > 0 {
            while self.wake.next().is_some() {}
        }
    }

    /// Adds a cgroup to the scope.
    pub(crate) fn add_cgroup(&mut self, id: u64) -> Result<()> {
        self.cgroup_hints
            .set(hint(id), 1, 0)
            .and_then(|()| self.cgroups.insert(id, member::ACTIVE, 0))
            .context("cannot add a cgroup to the scope")
    }

    /// Takes a cgroup out of the scope; it may be gone already.
    pub(crate) fn remove_cgroup(&mut self, id: u64) {
        let _ = self.cgroups.remove(&id);
    }

    /// Adds a process that is recorded from its next exec on.
    pub(crate) fn add_command(&mut self, tgid: u32) -> Result<()> {
        self.add(tgid, member::AT_EXEC)
    }

    /// Adds a process; its children join it.
    pub(crate) fn add_tree(&mut self, tgid: u32) -> Result<()> {
        self.add(tgid, member::ACTIVE)
    }

    /// Adds a process without its children.
    pub(crate) fn add_alone(&mut self, tgid: u32) -> Result<()> {
        self.add(tgid, member::ALONE)
    }

    fn add(&mut self, tgid: u32, member: u32) -> Result<()> {
        self.process_hints
            .set(hint(u64::from(tgid)), 1, 0)
            .and_then(|()| self.processes.insert(tgid, member, 0))
            .with_context(|| format!("cannot add process {tgid} to the scope"))
    }

    /// Adds a user, real or effective.
    pub(crate) fn add_user(&mut self, uid: u32) -> Result<()> {
        self.users
            .insert(uid, member::ACTIVE, 0)
            .with_context(|| format!("cannot add user {uid} to the scope"))
    }
}

/// Gives the program its end of the rings. Before its instructions are loaded.
fn give(ebpf: &mut Ebpf, rings: &Made) -> Result<()> {
    let array = |name: &str| match ebpf.map(name) {
        Some(Map::Array(data)) => Ok(data.fd().as_fd()),
        _ => Err(anyhow!("the object has no array {name}")),
    };
    match rings {
        Made::Mapped(rings) => memory::replace(array("RINGS")?, rings.fd()),
        Made::Buffers(buffers) => {
            memory::replace(array("HEADS")?, buffers.heads_map())?;
            let map = ebpf.map_mut("BUFFERS");
            let mut table: ArrayOfMaps<_, MapData> = map.context("the object has no map BUFFERS")?.try_into()?;
            for (cpu, buffer) in (0..).zip(buffers.of_cpus()) {
                let inner = MapData::from_fd(buffer.try_clone()?)?;
                table.set(cpu, &inner, 0).context("cannot give a CPU its ring buffer")?;
            }
            Ok(())
        }
    }
}

/// Fills a table of system calls.
fn fill(ebpf: &mut Ebpf, name: &str, specs: &[Spec]) -> Result<()> {
    let map = ebpf.map_mut(name);
    let mut table: Array<_, SpecPod> = map
        .with_context(|| format!("the object has no map {name}"))?
        .try_into()?;
    for (nr, spec) in (0..SYSCALLS).zip(specs) {
        table
            .set(nr, SpecPod(*spec), 0)
            .context("cannot fill the table of system calls")?;
    }
    Ok(())
}
