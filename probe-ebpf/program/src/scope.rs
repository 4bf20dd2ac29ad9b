//! Who is recorded.

use afterimage_abi::{ScopeMode, loss, member};
use aya_ebpf::bindings::BPF_F_NO_PREALLOC;
use aya_ebpf::macros::map;
use aya_ebpf::maps::HashMap;
use core::ptr::read_volatile;

/// [`ScopeMode`], set by the loader.
#[unsafe(no_mangle)]
static SCOPE: u32 = 0;
/// Process id of the recorder, which is never recorded; set by the loader.
#[unsafe(no_mangle)]
static RECORDER: u32 = 0;

/// Cgroup v2 ids in scope.
#[map]
static CGROUPS: HashMap<u64, u32> = HashMap::with_max_entries(16384, BPF_F_NO_PREALLOC);
/// Process ids in scope.
#[map]
static PROCESSES: HashMap<u32, u32> = HashMap::with_max_entries(65536, BPF_F_NO_PREALLOC);

/// Whether the scope is of this mode; a constant for the verifier.
#[inline(always)]
pub(crate) fn is(mode: ScopeMode) -> bool {
    unsafe { read_volatile(&raw const SCOPE) == mode as u32 }
}

#[inline(always)]
fn process(tgid: u32) -> u32 {
    unsafe { PROCESSES.get(tgid) }.copied().unwrap_or(0)
}

/// Whether a thread of this process in this cgroup is recorded.
#[inline(always)]
pub(crate) fn holds(tgid_tid: u64, cgroup: u64) -> bool {
    let tgid = (tgid_tid >> 32) as u32;
    if tgid == unsafe { read_volatile(&raw const RECORDER) } {
        return false;
    }
    if is(ScopeMode::Process) {
        return process(tgid) == member::ACTIVE;
    }
    if is(ScopeMode::Cgroup) {
        return holds_cgroup(cgroup);
    }
    true
}

/// Whether this cgroup is in the table.
#[inline(always)]
pub(crate) fn holds_cgroup(cgroup: u64) -> bool {
    unsafe { CGROUPS.get(cgroup) }.is_some()
}

/// Adds a cgroup.
#[inline(always)]
pub(crate) fn add_cgroup(cgroup: u64) {
    if CGROUPS.insert(cgroup, member::ACTIVE, 0).is_err() {
        crate::ring::count_loss(loss::SCOPE);
    }
}

/// Removes a cgroup.
#[inline(always)]
pub(crate) fn remove_cgroup(cgroup: u64) {
    let _ = CGROUPS.remove(cgroup);
}

/// A process that waits for its exec becomes active.
#[inline(always)]
pub(crate) fn activate(tgid: u32) {
    if is(ScopeMode::Process) && process(tgid) == member::AT_EXEC {
        let _ = PROCESSES.insert(tgid, member::ACTIVE, 0);
    }
}

/// Adds the child of a process in scope.
#[inline(always)]
pub(crate) fn add_process(tgid: u32) {
    if PROCESSES.insert(tgid, member::ACTIVE, 0).is_err() {
        crate::ring::count_loss(loss::SCOPE);
    }
}

/// Removes a process that ended.
#[inline(always)]
pub(crate) fn remove_process(tgid: u32) {
    let _ = PROCESSES.remove(tgid);
}
