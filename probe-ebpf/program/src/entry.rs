//! System calls that leave no object of the kernel's behind which could tell later what they were about: their strings
//! and addresses are read when they begin. Attached to these calls' own tracepoints, so that others do not pay.

use crate::registers::Registers;
use crate::ring::Record;
use crate::{extract, kernel, scope, syscall};
use afterimage_abi::kind;
use aya_ebpf::helpers::generated::{bpf_get_current_task_btf, bpf_task_pt_regs};

/// What the tracepoint hands over (`struct syscall_tp_t`, kernel/trace/trace_syscalls.c). The arguments follow, but a
/// program that looks at more of them than a call has is refused there: they come from the saved registers.
#[repr(C)]
pub(crate) struct Entered {
    common: u64,
    nr: u32,
}

#[inline(always)]
pub(crate) fn record(context: *const Entered) {
    let (tgid_tid, cgroup) = kernel::current_ids(kernel::current());
    if !scope::holds(tgid_tid, cgroup) || !scope::holds_current_user() {
        return;
    }
    let nr = unsafe { (*context).nr };
    let Some(spec) = syscall::spec(u64::from(nr)) else {
        return;
    };
    let Some(mut record) = Record::begin(kind::SYSCALL_ENTER, 0, nr as u16, tgid_tid, 0, cgroup) else {
        return;
    };
    let args = unsafe { Registers::args(bpf_task_pt_regs(bpf_get_current_task_btf()) as *const Registers) };
    record.args(args, u32::from(spec.args));
    extract::inputs(&mut record, spec);
    record.publish();
}
