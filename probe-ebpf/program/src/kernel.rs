//! Reading kernel structures at the offsets that the loader found in the kernel's BTF.

use afterimage_abi::{Credentials, Offsets};
use aya_ebpf::helpers::generated::{bpf_get_current_task_btf, bpf_probe_read_kernel};
use core::ptr::read_volatile;

/// Overridden by the loader.
#[unsafe(no_mangle)]
static OFFSETS: Offsets = unsafe { core::mem::zeroed() };

/// Number of the hierarchy of cgroups that counts; 0: version 2. Overridden by the loader.
#[unsafe(no_mangle)]
static HIERARCHY: u32 = 0;

/// A constant for the verifier, which takes out the other branch.
#[inline(always)]
fn is_version_2() -> bool {
    unsafe { read_volatile(&raw const HIERARCHY) == 0 }
}

/// The value of a field of [`Offsets`]; volatile, because the loader changes it behind the compiler's back.
macro_rules! offset {
    ($field:ident) => {
        $crate::kernel::load(|o| unsafe { &raw const (*o).$field })
    };
}
pub(crate) use offset;

#[inline(always)]
pub(crate) fn load(field: impl Fn(*const Offsets) -> *const u32) -> usize {
    unsafe { core::ptr::read_volatile(field(&raw const OFFSETS)) as usize }
}

/// The `T` at `base + offset`; zero where it cannot be read.
#[inline(always)]
pub(crate) fn read<T: Copy>(base: u64, offset: usize) -> T {
    let mut out = core::mem::MaybeUninit::<T>::uninit();
    let from = base.wrapping_add(offset as u64) as *const core::ffi::c_void;
    // The helper writes `size_of::<T>()` bytes whatever happens: zeros where the address is bad.
    unsafe {
        bpf_probe_read_kernel(out.as_mut_ptr().cast(), size_of::<T>() as u32, from);
        out.assume_init()
    }
}

/// As [`read`], into memory that has room for a `T` and is not this function's.
#[inline(always)]
pub(crate) fn read_into<T>(to: *mut u8, base: u64, offset: usize) {
    let from = base.wrapping_add(offset as u64) as *const core::ffi::c_void;
    unsafe { bpf_probe_read_kernel(to.cast(), size_of::<T>() as u32, from) };
}

/// The current task, a pointer that the verifier knows the type of: what it points to is loaded without a helper.
#[inline(always)]
pub(crate) fn current() -> *const u8 {
    unsafe { bpf_get_current_task_btf().cast() }
}

/// The `T` at `base + offset`, where the verifier knows the type of `base`; the kernel makes a bad address zero.
#[inline(always)]
pub(crate) fn direct<T: Copy>(base: *const u8, offset: usize) -> T {
    unsafe { base.add(offset).cast::<T>().read() }
}

/// `tgid << 32 | tid` and cgroup id of the current task. What the helpers for it would cost is most of what an
/// unselected call costs.
#[inline(always)]
pub(crate) fn current_ids(task: *const u8) -> (u64, u64) {
    let tgid: u32 = direct(task, offset!(task_struct_tgid));
    let tid: u32 = direct(task, offset!(task_struct_pid));
    let set: *const u8 = direct(task, offset!(task_struct_cgroups));
    let cgroup: *const u8 = if is_version_2() {
        direct(set, offset!(css_set_dfl_cgrp))
    } else {
        let state: *const u8 = direct(set, offset!(css_set_subsys));
        direct(state, offset!(cgroup_subsys_state_cgroup))
    };
    let node: *const u8 = direct(cgroup, offset!(cgroup_kn));
    (
        u64::from(tgid) << 32 | u64::from(tid),
        direct(node, offset!(kernfs_node_id)),
    )
}

/// As [`read`], of a field that not every kernel has: zero where it is missing. The offset is a constant for the
/// verifier, which takes out the branch that is never taken.
#[inline(always)]
pub(crate) fn read_known<T: Copy>(base: u64, offset: usize) -> T {
    if offset == afterimage_abi::MISSING as usize {
        return unsafe { core::mem::zeroed() };
    }
    read(base, offset)
}

/// `tgid << 32 | tid` of a task.
#[inline(always)]
pub(crate) fn tgid_tid(task: u64) -> u64 {
    let tgid: u32 = read(task, offset!(task_struct_tgid));
    let tid: u32 = read(task, offset!(task_struct_pid));
    u64::from(tgid) << 32 | u64::from(tid)
}

/// Effective `uid << 32 | gid` of a task.
#[inline(always)]
pub(crate) fn uid_gid(task: u64) -> u64 {
    let cred: u64 = read(task, offset!(task_struct_cred));
    let uid: u32 = read(cred, offset!(cred_euid));
    let gid: u32 = read(cred, offset!(cred_egid));
    u64::from(uid) << 32 | u64::from(gid)
}

/// Credentials of a task.
#[inline(always)]
pub(crate) fn credentials(task: u64) -> Credentials {
    let cred: u64 = read(task, offset!(task_struct_cred));
    // Real, saved and effective: user and group each.
    let ids: [u32; 6] = read(cred, offset!(cred_uid));
    Credentials {
        effective_ids: u64::from(ids[4]) << 32 | u64::from(ids[5]),
        ids: [ids[0], ids[1], ids[2], ids[3]],
        capabilities: read(cred, offset!(cred_cap_inheritable)),
    }
}

/// Thread id of a task in its own pid namespace.
#[inline(always)]
fn own_id(task: u64) -> u64 {
    let pid: u64 = read(task, offset!(task_struct_thread_pid));
    let level: u32 = read(pid, offset!(pid_level));
    let number = offset!(pid_numbers) + offset!(upid_size) * level as usize;
    u64::from(read::<u32>(pid, number))
}

/// `vtid << 32 | vpid`: thread and process id of a task in its own pid namespace.
#[inline(always)]
pub(crate) fn vtid_vpid(task: u64) -> u64 {
    let leader: u64 = read(task, offset!(task_struct_group_leader));
    own_id(task) << 32 | own_id(leader)
}

/// Parent process id of a task.
#[inline(always)]
pub(crate) fn ppid(task: u64) -> u32 {
    let parent: u64 = read(task, offset!(task_struct_real_parent));
    read(parent, offset!(task_struct_tgid))
}

/// Cgroup id of a task.
#[inline(always)]
pub(crate) fn cgroup_of(task: u64) -> u64 {
    let set: u64 = read(task, offset!(task_struct_cgroups));
    if is_version_2() {
        return cgroup_id(read(set, offset!(css_set_dfl_cgrp)));
    }
    let state: u64 = read(set, offset!(css_set_subsys));
    cgroup_id(read(state, offset!(cgroup_subsys_state_cgroup)))
}

/// Id of a cgroup.
#[inline(always)]
pub(crate) fn cgroup_id(cgroup: u64) -> u64 {
    let node: u64 = read(cgroup, offset!(cgroup_kn));
    read(node, offset!(kernfs_node_id))
}

/// Whether a cgroup is of the hierarchy that counts.
#[inline(always)]
pub(crate) fn counts(cgroup: u64) -> bool {
    let root: u64 = read(cgroup, offset!(cgroup_root));
    read::<u32>(root, offset!(cgroup_root_hierarchy_id)) == unsafe { read_volatile(&raw const HIERARCHY) }
}
