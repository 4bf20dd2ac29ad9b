//! System calls: one record when they return.

use crate::kernel;
use crate::registers::{Registers, is_compat};
use crate::ring::Record;
use crate::{descriptor, extract, latency, scope};
use afterimage_abi::{SYSCALLS, Spec, condition, file, flags, kind, mark, recorded};
use aya_ebpf::macros::map;
use aya_ebpf::maps::Array;
use aya_ebpf::programs::BtfTracePointContext;
use core::ptr::read_volatile;

/// What to do with each call, by number; filled by the loader.
#[map]
static SPECS: Array<Spec> = Array::with_max_entries(SYSCALLS, 0);

/// The same for 32-bit calls, which have numbers of their own.
#[map]
static COMPAT_SPECS: Array<Spec> = Array::with_max_entries(SYSCALLS, 0);

/// Calls beyond the table share its last place.
#[inline(always)]
pub(crate) fn spec(nr: u64) -> Option<&'static Spec> {
    find(&SPECS, nr)
}

/// The same, of either table.
#[inline(always)]
pub(crate) fn spec_of(nr: u64, compat: bool) -> Option<&'static Spec> {
    if compat {
        find(&COMPAT_SPECS, nr)
    } else {
        find(&SPECS, nr)
    }
}

#[inline(always)]
fn find(table: &'static Array<Spec>, nr: u64) -> Option<&'static Spec> {
    table.get(if nr < u64::from(SYSCALLS) {
        nr as u32
    } else {
        SYSCALLS - 1
    })
}

#[inline(always)]
pub(crate) fn exit(ctx: &BtfTracePointContext, regs: *const Registers, result: i64) {
    let nr = unsafe { Registers::number(regs) };
    let task = kernel::current();
    let compat = is_compat(task);
    let Some(spec) = spec_of(nr, compat) else {
        return;
    };
    if spec.recorded == recorded::NO {
        return;
    }
    if scope::has(condition::FAILED) && spec.recorded == recorded::FAILED && result >= 0 {
        return;
    }
    let (tgid_tid, cgroup) = kernel::current_ids(task);
    if !scope::holds(tgid_tid, cgroup) {
        return;
    }
    let mut marks = if compat { flags::COMPAT } else { 0 };
    if !scope::holds_current_user() {
        if spec.marks & mark::LEAVING == 0 {
            return;
        }
        marks |= flags::OUTSIDE;
    }
    let beyond = nr >= u64::from(SYSCALLS) - 1;
    let shown = if beyond { SYSCALLS as u16 - 1 } else { nr as u16 };
    let important = spec.marks & mark::IMPORTANT != 0;
    let Some(mut record) = Record::begin_call(kind::SYSCALL_EXIT, marks, shown, tgid_tid, result, cgroup, important)
    else {
        return;
    };
    let args = if compat {
        unsafe { Registers::compat_args(regs) }
    } else {
        unsafe { Registers::args(regs) }
    };
    if beyond {
        let [a, b, c, d, e, _] = args;
        record.args([nr, a, b, c, d, e], 6);
    } else {
        record.args(args, u32::from(spec.args));
        extract::all(&mut record, spec);
    }
    latency::add(&mut record, tgid_tid);
    if scope::has(condition::USER) && spec.marks & mark::LEAVING != 0 {
        // Whoever comes into the scope brings descriptors along; the recorder looks them up while they are there.
        return record.publish_now();
    }
    record.publish();
    // Loaded anew, and whether the call failed is seen there: the verifier would keep apart what came before.
    if u32::from(unsafe { read_volatile(&raw const spec.file) }) >= file::DIRECTORY {
        descriptor::go_on(ctx);
    }
}
