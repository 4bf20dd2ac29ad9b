//! The kernel's own ring buffers, where the rings cannot be mapped. Each CPU that was online when the recording began has
//! one; the others share them. The kernel's lock makes that right, and costs what the mapped rings are there to avoid.

use afterimage_abi::{Trailer, ring_reserve};
use aya_ebpf::bindings::{BPF_RB_AVAIL_DATA, BPF_RB_NO_WAKEUP};
use aya_ebpf::btf_maps::{ArrayOfMaps, RingBuf};
use aya_ebpf::helpers::generated::{bpf_get_smp_processor_id, bpf_ringbuf_output, bpf_ringbuf_query};
use aya_ebpf::macros::btf_map;
use core::ptr::from_ref;

/// One element per CPU; the loader sets the number and fills it.
#[btf_map]
static BUFFERS: ArrayOfMaps<RingBuf<u8, 4096>, 1> = ArrayOfMaps::new();

/// Copies the `len` bytes of a record, behind which there is room; returns how many bytes the buffer holds then. `None`:
/// there is no room for it in a buffer of `size` bytes.
#[inline(always)]
pub(crate) fn output(record: *mut u8, len: usize, size: u64, important: bool) -> Option<u64> {
    let cpu = unsafe { bpf_get_smp_processor_id() };
    let buffer = from_ref(BUFFERS.get(cpu)?).cast_mut().cast();
    let used = unsafe { bpf_ringbuf_query(buffer, u64::from(BPF_RB_AVAIL_DATA)) };
    if !important && used > size - ring_reserve(size) {
        return None;
    }
    unsafe { record.add(len).cast::<Trailer>().write(Trailer { cpu, pad: 0 }) };
    let len = (len + size_of::<Trailer>()) as u64;
    let refused = unsafe { bpf_ringbuf_output(buffer, record.cast(), len, u64::from(BPF_RB_NO_WAKEUP)) } != 0;
    if refused { None } else { Some(used + len) }
}
