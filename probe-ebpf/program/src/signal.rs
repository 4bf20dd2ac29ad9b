//! Signals that reach a task, and tasks that the kernel kills for their memory.

use crate::kernel::{self, offset, read};
use crate::ring::{Memory, Record};
use crate::scope;
use afterimage_abi::{item, kind};

/// `struct kernel_siginfo` begins like `siginfo_t`, which programs know: it does not change.
const SI_CODE: usize = 8;
const SI_PID: usize = 16;

/// `SEND_SIG_NOINFO` and `SEND_SIG_PRIV` (include/linux/sched/signal.h): no address.
const NO_INFO: u64 = 1;

const COMM_LEN: u32 = 16;

/// The current task is about to handle a signal, or to end by it.
#[inline(always)]
pub(crate) fn deliver(signal: u32, info: u64) {
    let (tgid_tid, cgroup) = kernel::current_ids(kernel::current());
    if !scope::holds(tgid_tid, cgroup) || !scope::holds_current_user() {
        return;
    }
    let Some(mut record) = Record::begin(kind::SIGNAL, 0, 0, tgid_tid, 0, cgroup) else {
        return;
    };
    let code: u32 = read(info, SI_CODE);
    let sender: u32 = read(info, SI_PID);
    let known = u64::from(info > NO_INFO);
    record.args([u64::from(signal), u64::from(code), u64::from(sender), known, 0, 0], 4);
    record.publish();
}

/// A task was chosen to be killed, usually on behalf of another one.
#[inline(always)]
pub(crate) fn victim(task: u64) {
    let (tgid_tid, cgroup) = (kernel::tgid_tid(task), kernel::cgroup_of(task));
    if !scope::holds(tgid_tid, cgroup) || !scope::holds_user_of(task) {
        return;
    }
    let Some(mut record) = Record::begin(kind::OOM_VICTIM, 0, 0, tgid_tid, 0, cgroup) else {
        return;
    };
    let (by, _) = kernel::current_ids(kernel::current());
    record.args([kernel::uid_gid(task), by, 0, 0, 0, 0], 2);
    let comm = task.wrapping_add(offset!(task_struct_comm) as u64);
    record.string(item::COMM, Memory::Kernel, comm, COMM_LEN);
    record.publish();
}
