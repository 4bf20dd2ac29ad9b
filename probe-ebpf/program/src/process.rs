//! Life of processes.

use crate::kernel::{self, offset, read};
use crate::ring::{Memory, Record};
use crate::{executed, scope};
use afterimage_abi::{ARGS_MAX, OPEN_MAX, PATH_MAX, condition, flags, item, kind, shares};

const COMM_LEN: u32 = 16;

/// The current task runs a new image; its memory is the new one's, and no other thread of it exists.
#[inline(always)]
pub(crate) fn exec(task: u64, old_tid: u32, binprm: u64) {
    let (tgid_tid, cgroup) = kernel::current_ids(kernel::current());
    scope::activate((tgid_tid >> 32) as u32);
    if !scope::holds(tgid_tid, cgroup) {
        return;
    }
    let mark = if scope::holds_current_user() { 0 } else { flags::OUTSIDE };
    let Some(mut record) = Record::begin(kind::EXEC, mark, 0, tgid_tid, 0, cgroup) else {
        return;
    };
    let args = [
        u64::from(old_tid),
        kernel::uid_gid(task),
        kernel::vtid_vpid(task),
        u64::from(kernel::ppid(task)),
        0,
        0,
    ];
    record.args(args, 4);
    record.string(
        item::COMM,
        Memory::Kernel,
        task.wrapping_add(offset!(task_struct_comm) as u64),
        COMM_LEN,
    );
    record.string(
        item::FILENAME,
        Memory::Kernel,
        read(binprm, offset!(linux_binprm_filename)),
        PATH_MAX,
    );
    let mm: u64 = read(task, offset!(task_struct_mm));
    let start: u64 = read(mm, offset!(mm_struct_arg_start));
    let end: u64 = read(mm, offset!(mm_struct_arg_end));
    record.bytes(item::ARGS, Memory::User, start, end.wrapping_sub(start), ARGS_MAX);
    open_descriptors(&mut record, task);
    executed::record(&mut record, task, binprm, tgid_tid, cgroup);
    record.publish();
}

/// Adds which descriptors the new image of `task` has: those that were to be closed are.
#[inline(always)]
fn open_descriptors(record: &mut Record, task: u64) {
    let files: u64 = read(task, offset!(task_struct_files));
    let table: u64 = read(files, offset!(files_struct_fdt));
    let (open, count): (u64, u32) = (
        read(table, offset!(fdtable_open_fds)),
        read(table, offset!(fdtable_max_fds)),
    );
    record.bytes(item::OPEN, Memory::Kernel, open, u64::from(count / 8), OPEN_MAX);
}

/// The current task made `child`, which has not run yet.
#[inline(always)]
pub(crate) fn fork(child: u64) {
    let (tgid_tid, _) = kernel::current_ids(kernel::current());
    // A child can be born into another cgroup (CLONE_INTO_CGROUP): it is the child's that decides.
    let cgroup = kernel::cgroup_of(child);
    let child_ids = kernel::tgid_tid(child);
    // Also where another condition does not hold now: it may for a child's child.
    if scope::has(condition::PROCESS) && child_ids >> 32 != tgid_tid >> 32 {
        scope::add_child((tgid_tid >> 32) as u32, (child_ids >> 32) as u32);
    }
    // A child that does not join is none of the scope's business.
    if !scope::holds(tgid_tid, cgroup) || !scope::holds_process(child_ids) || !scope::holds_current_user() {
        return;
    }
    let result = i64::from(kernel::ppid(child));
    let Some(mut record) = Record::begin(kind::FORK, 0, 0, tgid_tid, result, cgroup) else {
        return;
    };
    record.args(
        [
            child_ids,
            kernel::uid_gid(child),
            kernel::vtid_vpid(child),
            shared(child),
            0,
            0,
        ],
        4,
    );
    record.string(
        item::COMM,
        Memory::Kernel,
        child.wrapping_add(offset!(task_struct_comm) as u64),
        COMM_LEN,
    );
    record.publish();
}

/// Bits of [`shares`]: what `child` has in common with the current task.
#[inline(always)]
fn shared(child: u64) -> u64 {
    let task = kernel::current() as u64;
    let same = |offset: usize, bit: u64| {
        if read::<u64>(task, offset) == read::<u64>(child, offset) {
            bit
        } else {
            0
        }
    };
    same(offset!(task_struct_files), shares::DESCRIPTORS) | same(offset!(task_struct_fs), shares::DIRECTORY)
}

/// The current task ends.
#[inline(always)]
pub(crate) fn exit(task: u64) {
    let (tgid_tid, cgroup) = kernel::current_ids(kernel::current());
    if !scope::holds(tgid_tid, cgroup) || !scope::holds_current_user() {
        return;
    }
    let code: u32 = read(task, offset!(task_struct_exit_code));
    let Some(record) = Record::begin(kind::EXIT, 0, 0, tgid_tid, i64::from(code), cgroup) else {
        return;
    };
    record.publish();
}

/// A task is gone for good. The first task of a process is the last to go, so only now its process is over: at exit,
/// others of it may still be on their way.
#[inline(always)]
pub(crate) fn free(task: u64) {
    let ids = kernel::tgid_tid(task);
    if scope::has(condition::PROCESS) && ids >> 32 == ids & 0xffff_ffff {
        scope::remove_process(ids as u32);
    }
}
