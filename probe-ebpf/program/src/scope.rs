//! Who is recorded.

use crate::kernel::{self, offset, read};
use afterimage_abi::{HINTS, condition, hint, loss, member};
use aya_ebpf::bindings::BPF_F_NO_PREALLOC;
use aya_ebpf::helpers::generated::bpf_get_current_task_btf;
use aya_ebpf::macros::map;
use aya_ebpf::maps::{Array, HashMap};
use core::ptr::read_volatile;

/// Bits of [`condition`], set by the loader.
#[unsafe(no_mangle)]
static SCOPE: u32 = 0;
/// Process ids of the recorder and of its helper, which are never recorded; set by the loader.
#[unsafe(no_mangle)]
static RECORDER: u32 = 0;
#[unsafe(no_mangle)]
static HELPER: u32 = 0;

/// Cgroup v2 ids in scope.
#[map]
static CGROUPS: HashMap<u64, u32> = HashMap::with_max_entries(16384, BPF_F_NO_PREALLOC);
/// Process ids in scope.
#[map]
static PROCESSES: HashMap<u32, u32> = HashMap::with_max_entries(65536, BPF_F_NO_PREALLOC);
/// Users in scope.
#[map]
static USERS: HashMap<u32, u32> = HashMap::with_max_entries(1024, BPF_F_NO_PREALLOC);

/// Where ids of [`CGROUPS`] may be; most calls of a scoped recording are of somebody else, and need no hash.
#[map]
static CGROUP_HINTS: Array<u64> = Array::with_max_entries(HINTS, 0);
/// Where ids of [`PROCESSES`] may be.
#[map]
static PROCESS_HINTS: Array<u64> = Array::with_max_entries(HINTS, 0);

#[inline(always)]
fn may_hold(hints: &Array<u64>, id: u64) -> bool {
    hints.get(hint(id)).is_some_and(|is_set| *is_set != 0)
}

/// To be set before the id is added.
#[inline(always)]
fn set_hint(hints: &Array<u64>, id: u64) {
    if let Some(place) = hints.get_ptr_mut(hint(id)) {
        unsafe { *place = 1 };
    }
}

/// Whether the scope has this condition; a constant for the verifier, which drops what it guards.
#[inline(always)]
pub(crate) fn has(condition: u32) -> bool {
    unsafe { read_volatile(&raw const SCOPE) & condition != 0 }
}

#[inline(always)]
fn process(tgid: u32) -> u32 {
    if !may_hold(&PROCESS_HINTS, u64::from(tgid)) {
        return 0;
    }
    unsafe { PROCESSES.get(tgid) }.copied().unwrap_or(0)
}

/// Whether a thread of this process in this cgroup is recorded.
#[inline(always)]
pub(crate) fn holds(tgid_tid: u64, cgroup: u64) -> bool {
    let tgid = (tgid_tid >> 32) as u32;
    let (recorder, helper) = unsafe { (read_volatile(&raw const RECORDER), read_volatile(&raw const HELPER)) };
    if tgid == recorder || tgid == helper {
        return false;
    }
    holds_process(tgid_tid) && (!has(condition::CGROUP) || holds_cgroup(cgroup))
}

/// Whether a process is in scope.
#[inline(always)]
pub(crate) fn holds_process(tgid_tid: u64) -> bool {
    !has(condition::PROCESS) || matches!(process((tgid_tid >> 32) as u32), member::ACTIVE | member::ALONE)
}

/// Whether the current thread's user is in scope. Beside the effective user the real one counts, so that a set-user-id
/// program does not leave the scope of who runs it.
#[inline(always)]
pub(crate) fn holds_current_user() -> bool {
    if !has(condition::USER) {
        return true;
    }
    let (cred, real, effective) = (offset!(task_struct_cred), offset!(cred_uid), offset!(cred_euid));
    let (real, effective) = unsafe {
        let task = bpf_get_current_task_btf().cast::<u8>();
        let cred = task.add(cred).cast::<*const u8>().read();
        (
            cred.add(real).cast::<u32>().read(),
            cred.add(effective).cast::<u32>().read(),
        )
    };
    holds_user(real) || holds_user(effective)
}

/// Whether the user of any task is in scope.
#[inline(always)]
pub(crate) fn holds_user_of(task: u64) -> bool {
    if !has(condition::USER) {
        return true;
    }
    let cred: u64 = read(task, offset!(task_struct_cred));
    holds_user(read(cred, offset!(cred_uid))) || holds_user((kernel::uid_gid(task) >> 32) as u32)
}

#[inline(always)]
fn holds_user(uid: u32) -> bool {
    unsafe { USERS.get(uid) }.is_some()
}

/// Whether this cgroup is in the table.
#[inline(always)]
pub(crate) fn holds_cgroup(cgroup: u64) -> bool {
    may_hold(&CGROUP_HINTS, cgroup) && unsafe { CGROUPS.get(cgroup) }.is_some()
}

/// Adds a cgroup.
#[inline(always)]
pub(crate) fn add_cgroup(cgroup: u64) {
    set_hint(&CGROUP_HINTS, cgroup);
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
    if has(condition::PROCESS) && process(tgid) == member::AT_EXEC {
        let _ = PROCESSES.insert(tgid, member::ACTIVE, 0);
    }
}

/// Adds the child of a process whose children belong to the scope.
#[inline(always)]
pub(crate) fn add_child(parent: u32, tgid: u32) {
    if process(parent) != member::ACTIVE {
        return;
    }
    set_hint(&PROCESS_HINTS, u64::from(tgid));
    if PROCESSES.insert(tgid, member::ACTIVE, 0).is_err() {
        crate::ring::count_loss(loss::SCOPE);
    }
}

/// Removes a process that ended.
#[inline(always)]
pub(crate) fn remove_process(tgid: u32) {
    if process(tgid) != member::ALONE {
        let _ = PROCESSES.remove(tgid);
    }
}
