//! When calls began, where a recording is to say how long they took.

use crate::ring::Record;
use crate::{kernel, scope};
use afterimage_abi::{Entered, flags, item};
use aya_ebpf::helpers::generated::bpf_ktime_get_boot_ns;
use aya_ebpf::macros::map;
use aya_ebpf::maps::Array;
use core::ptr::read_volatile;

/// Places of [`ENTERED`] less one; 0: nothing is measured. Set by the loader.
#[unsafe(no_mangle)]
static LATENCY: u32 = 0;

/// A place for each low part of a thread id: two threads that share one and are both in a call cost one its latency, and a
/// lookup costs no hash. The loader sets the number, a power of two.
#[map]
static ENTERED: Array<Entered> = Array::with_max_entries(1, 0);

#[inline(always)]
fn place(tgid_tid: u64) -> Option<*mut Entered> {
    ENTERED.get_ptr_mut(tgid_tid as u32 & unsafe { read_volatile(&raw const LATENCY) })
}

/// A call begins. Attached only where latency is asked for.
#[inline(always)]
pub(crate) fn begin() {
    let (tgid_tid, cgroup) = kernel::current_ids(kernel::current());
    if !scope::holds(tgid_tid, cgroup) {
        return;
    }
    if let Some(place) = place(tgid_tid) {
        let time = unsafe { bpf_ktime_get_boot_ns() };
        unsafe { *place = Entered { tgid_tid, time } };
    }
}

/// Adds when the call of a record began, where that is known.
#[inline(always)]
pub(crate) fn add(record: &mut Record, tgid_tid: u64) {
    if unsafe { read_volatile(&raw const LATENCY) } == 0 {
        return;
    }
    if let Some(place) = place(tgid_tid) {
        let entered = unsafe { *place };
        if entered.tgid_tid == tgid_tid {
            record.value(item::ENTERED, entered.time);
            record.mark(flags::TIMED);
            // A call that began before the recording is not taken for this one.
            unsafe { (*place).tgid_tid = 0 };
        }
    }
}
