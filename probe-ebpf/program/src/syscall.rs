//! System calls: one record when they return.

use crate::kernel::offset;
use crate::ring::Record;
use crate::{extract, scope};
use afterimage_abi::{SYSCALLS, Spec, flags, kind};
use aya_ebpf::helpers::generated::{bpf_get_current_cgroup_id, bpf_get_current_pid_tgid, bpf_get_current_task_btf};
use aya_ebpf::macros::map;
use aya_ebpf::maps::Array;

/// What to do with each call, by number; filled by the loader.
#[map]
static SPECS: Array<Spec> = Array::with_max_entries(SYSCALLS, 0);

/// `TS_COMPAT` of thread_info.status (arch/x86/include/asm/thread_info.h): in a 32-bit system call.
const TS_COMPAT: u32 = 2;

/// Saved registers (arch/x86/include/asm/ptrace.h); the tracepoint's type lets the verifier check the loads.
#[repr(C)]
pub(crate) struct Registers {
    r15_to_rbx: [u64; 6],
    r11: u64,
    r10: u64,
    r9: u64,
    r8: u64,
    rax: u64,
    rcx: u64,
    rdx: u64,
    rsi: u64,
    rdi: u64,
    orig_rax: u64,
}

impl Registers {
    /// The arguments of a 64-bit call.
    #[inline(always)]
    pub(crate) unsafe fn args(regs: *const Self) -> [u64; 6] {
        unsafe {
            [
                (*regs).rdi,
                (*regs).rsi,
                (*regs).rdx,
                (*regs).r10,
                (*regs).r8,
                (*regs).r9,
            ]
        }
    }

    /// The arguments of a 32-bit call: ebx, ecx, edx, esi, edi, ebp.
    #[inline(always)]
    unsafe fn compat_args(regs: *const Self) -> [u64; 6] {
        unsafe {
            let low = |v: u64| v & 0xffff_ffff;
            let (rbx, rbp) = ((*regs).r15_to_rbx[5], (*regs).r15_to_rbx[4]);
            [
                low(rbx),
                low((*regs).rcx),
                low((*regs).rdx),
                low((*regs).rsi),
                low((*regs).rdi),
                low(rbp),
            ]
        }
    }
}

#[inline(always)]
fn is_compat() -> bool {
    let status = offset!(task_struct_thread_info_status);
    unsafe { bpf_get_current_task_btf().cast::<u8>().add(status).cast::<u32>().read() & TS_COMPAT != 0 }
}

/// Calls beyond the table share its last place.
#[inline(always)]
pub(crate) fn spec(nr: u64) -> Option<&'static Spec> {
    SPECS.get(if nr < u64::from(SYSCALLS) {
        nr as u32
    } else {
        SYSCALLS - 1
    })
}

#[inline(always)]
pub(crate) fn exit(regs: *const Registers, result: i64) {
    let nr = unsafe { (*regs).orig_rax };
    let compat = is_compat();
    // The table is that of 64-bit calls; 32-bit ones have other numbers and are kept with all their registers.
    let Some(spec) = (if compat {
        spec(u64::from(SYSCALLS) - 1)
    } else {
        spec(nr)
    }) else {
        return;
    };
    if spec.recorded == 0 {
        return;
    }
    let (tgid_tid, cgroup) = unsafe { (bpf_get_current_pid_tgid(), bpf_get_current_cgroup_id()) };
    if !scope::holds(tgid_tid, cgroup) {
        return;
    }
    let mark = if compat { flags::COMPAT } else { 0 };
    let beyond = !compat && nr >= u64::from(SYSCALLS) - 1;
    let shown = if beyond { SYSCALLS as u16 - 1 } else { nr as u16 };
    let Some(mut record) = Record::begin(kind::SYSCALL_EXIT, mark, shown, tgid_tid, result, cgroup) else {
        return;
    };
    if compat {
        record.args(unsafe { Registers::compat_args(regs) }, 6);
    } else if beyond {
        let [a, b, c, d, e, _] = unsafe { Registers::args(regs) };
        record.args([nr, a, b, c, d, e], 6);
    } else {
        let args = unsafe { Registers::args(regs) };
        record.args(args, u32::from(spec.args));
        extract::all(&mut record, spec);
    }
    record.publish();
}
