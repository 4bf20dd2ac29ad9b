//! Life of cgroups, which is that of containers.

use crate::kernel::{self, offset, read};
use crate::ring::{Memory, Record};
use crate::scope;
use afterimage_abi::{PATH_MAX, condition, item, kind};

const COMM_LEN: u32 = 16;

/// The id of the parent of a cgroup.
#[inline(always)]
fn parent_of(cgroup: u64) -> u64 {
    let state: u64 = read(cgroup, offset!(cgroup_self_parent));
    kernel::cgroup_id(read(state, offset!(cgroup_subsys_state_cgroup)))
}

/// Whether what the current task does to a cgroup is recorded. With a scope of cgroups all births are: the recorder
/// decides by the path, and drops what it does not want.
#[inline(always)]
fn wanted(tgid_tid: u64) -> bool {
    scope::has(condition::CGROUP)
        || scope::holds(tgid_tid, kernel::current_ids(kernel::current()).1) && scope::holds_current_user()
}

#[inline(always)]
pub(crate) fn mkdir(cgroup: u64, path: u64) {
    let (tgid_tid, _) = kernel::current_ids(kernel::current());
    if !kernel::counts(cgroup) || !wanted(tgid_tid) {
        return;
    }
    let id = kernel::cgroup_id(cgroup);
    if scope::has(condition::CGROUP) {
        // In scope at once, so that not even the first instruction is missed; the recorder takes out what it does not
        // want when it reads this record.
        scope::add_cgroup(id);
    }
    let Some(mut record) = Record::begin(kind::CGROUP_MKDIR, 0, 0, tgid_tid, 0, id) else {
        return;
    };
    record.args([id, parent_of(cgroup), 0, 0, 0, 0], 2);
    record.string(item::CGROUP, Memory::Kernel, path, PATH_MAX);
    record.publish();
}

#[inline(always)]
pub(crate) fn rmdir(cgroup: u64, path: u64) {
    let (tgid_tid, _) = kernel::current_ids(kernel::current());
    let id = kernel::cgroup_id(cgroup);
    if !kernel::counts(cgroup) || !(wanted(tgid_tid) && (!scope::has(condition::CGROUP) || scope::holds_cgroup(id))) {
        return;
    }
    let Some(mut record) = Record::begin(kind::CGROUP_RMDIR, 0, 0, tgid_tid, 0, id) else {
        return;
    };
    record.args([id, 0, 0, 0, 0, 0], 1);
    record.string(item::CGROUP, Memory::Kernel, path, PATH_MAX);
    record.publish();
    if scope::has(condition::CGROUP) {
        scope::remove_cgroup(id);
    }
}

#[inline(always)]
pub(crate) fn attach(cgroup: u64, path: u64, task: u64, whole_process: u8) {
    if !kernel::counts(cgroup) {
        return;
    }
    let (tgid_tid, _) = kernel::current_ids(kernel::current());
    let id = kernel::cgroup_id(cgroup);
    let moved = kernel::tgid_tid(task);
    if !scope::holds(moved, id) || !scope::holds_user_of(task) {
        return;
    }
    let Some(mut record) = Record::begin(kind::CGROUP_ATTACH, 0, 0, tgid_tid, i64::from(whole_process & 1), id) else {
        return;
    };
    let ppid = u64::from(kernel::ppid(task));
    record.args([moved, kernel::uid_gid(task), kernel::vtid_vpid(task), ppid, 0, 0], 4);
    record.string(
        item::COMM,
        Memory::Kernel,
        task.wrapping_add(offset!(task_struct_comm) as u64),
        COMM_LEN,
    );
    record.string(item::CGROUP, Memory::Kernel, path, PATH_MAX);
    // The recorder looks up what the task brings along, while it is there.
    record.publish_now();
}
