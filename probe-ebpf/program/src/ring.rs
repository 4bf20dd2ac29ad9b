//! Reserving room in this CPU's ring and publishing what was written. No helper, no lock: one writer per ring. Which of
//! the two transports is used is a constant for the verifier, which drops the other one.

use crate::buffer;
use crate::registers::is_arm64;
use afterimage_abi::{
    ItemHeader, OPEN_MAX, RING_SIZE, RING_SLACK, RecordHeader, Ring, RingHead, Transport, kind, loss, ring_reserve,
    ring_wake, status,
};
use aya_ebpf::bindings::{BPF_F_MMAPABLE, BPF_RB_FORCE_WAKEUP};
use aya_ebpf::helpers::generated::{
    bpf_get_smp_processor_id, bpf_ktime_get_boot_ns, bpf_probe_read_kernel, bpf_probe_read_kernel_str,
    bpf_probe_read_user, bpf_probe_read_user_str,
};
use aya_ebpf::macros::map;
use aya_ebpf::maps::{Array, RingBuf};
use core::mem::MaybeUninit;
use core::ptr::{read_volatile, write_volatile};
use core::sync::atomic::{Ordering, compiler_fence};

/// How records come to the recorder; set by the loader.
#[unsafe(no_mangle)]
static TRANSPORT: Transport = Transport {
    mask: RING_SIZE as u64 - 1,
    buffer: 0,
};

/// One element per CPU. The loader sets the number, and puts an array of longer elements in the place of this one where
/// the rings are mapped.
#[map]
static RINGS: Array<Ring> = Array::with_max_entries(1, 0);

/// Where the rings are not mapped: one element per CPU.
#[map]
static HEADS: Array<RingHead> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Wakes the recorder; what is in it means nothing.
#[map]
static WAKE: RingBuf = RingBuf::with_byte_size(4096, 0);

/// No item is longer; a power of two, so that one mask tells the verifier.
const ITEM_MAX: u32 = 16 << 10;
/// Positions inside a record: three of the longest items, two paths, the open descriptors and the arguments stay below, and any position leaves room for an item that
/// is filled in two steps (see [`Record::iovec`]).
const POSITION_MASK: u32 = 0xffff;
const _: () = assert!(3 * (ITEM_MAX as usize + 16) + 2 * 4104 + OPEN_MAX as usize + 512 <= POSITION_MASK as usize);
const _: () = assert!(POSITION_MASK as usize + 16 + 2 * ITEM_MAX as usize <= RING_SLACK);

/// A record that is being written. How far it has got stands in its header's `len`, in the ring: what is loaded from
/// there is the same unknown to the verifier on every path, which lets it join the paths instead of following each.
pub(crate) struct Record {
    head: *mut RingHead,
    base: *mut u8,
    at: u64,
}

/// Where the bytes of an item come from.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Memory {
    User,
    Kernel,
}

/// The smallest of `wanted`, `max` and [`ITEM_MAX`], such that the verifier sees the bound: the compiler may not fold
/// the comparison away or use a copy from before it. (An empty asm would give two lines one instruction offset, which
/// the kernel refuses in line_info.)
#[inline(always)]
fn at_most(wanted: u64, max: u32) -> u32 {
    let mut len = if wanted > u64::from(max) {
        u64::from(max)
    } else {
        wanted
    };
    unsafe { core::arch::asm!("{0} = {0}", inout(reg) len, options(nomem, nostack, preserves_flags)) };
    if len > u64::from(ITEM_MAX) {
        len = u64::from(ITEM_MAX);
    }
    unsafe { core::arch::asm!("{0} = {0}", inout(reg) len, options(nomem, nostack, preserves_flags)) };
    len as u32
}

/// Stores a value that is seen no earlier than everything stored before it. Kernels before 6.15 have no release store;
/// the exchange is a full barrier. (The compiler has none for this machine.)
#[inline(always)]
unsafe fn exchange(to: *mut u64, value: u64) {
    unsafe { core::arch::asm!("{0} = xchg_64({1} + 0, {0})", inout(reg) value => _, in(reg) to, options(nostack)) };
}

/// Data bytes of a mapped ring less one; 0: the rings are not mapped. Constant for the verifier.
#[inline(always)]
fn mask() -> u64 {
    unsafe { read_volatile(&raw const TRANSPORT.mask) }
}

/// This CPU's ring and what heads it.
#[inline(always)]
fn own() -> Option<(*mut Ring, *mut RingHead)> {
    let cpu = unsafe { bpf_get_smp_processor_id() };
    let ring = RINGS.get_ptr_mut(cpu)?;
    if mask() == 0 {
        return Some((ring, HEADS.get_ptr_mut(cpu)?));
    }
    Some((ring, unsafe { &raw mut (*ring).head }))
}

#[inline(always)]
fn count(head: *mut RingHead, cause: usize) {
    // No atomic: only this CPU counts here, and a program that interrupts another one counts another cause.
    unsafe {
        let counter = &raw mut (*head).lost[cause];
        write_volatile(counter, read_volatile(counter) + 1);
    }
}

/// Wakes the recorder, unless it has been woken since it last looked.
#[inline(always)]
fn wake(head: *mut RingHead) {
    unsafe {
        if read_volatile(&raw const (*head).woken) == 0 {
            write_volatile(&raw mut (*head).woken, 1);
            let _ = WAKE.output::<u64>(0u64, u64::from(BPF_RB_FORCE_WAKEUP));
        }
    }
}

/// Counts a loss that is not about room in the ring.
#[inline(always)]
pub(crate) fn count_loss(cause: usize) {
    if let Some((_, head)) = own() {
        count(head, cause);
    }
}

impl Record {
    /// Room for one record; `None` and a counted loss where there is none.
    #[inline(always)]
    pub(crate) fn begin(kind: u8, flags: u8, nr: u16, tgid_tid: u64, result: i64, cgroup: u64) -> Option<Record> {
        let important = !matches!(kind, kind::SYSCALL_EXIT | kind::SYSCALL_ENTER);
        Self::begin_call(kind, flags, nr, tgid_tid, result, cgroup, important)
    }

    /// [`Record::begin`] for a call that may be `important`: it can use the reserve.
    #[inline(always)]
    pub(crate) fn begin_call(
        kind: u8,
        flags: u8,
        nr: u16,
        tgid_tid: u64,
        result: i64,
        cgroup: u64,
        important: bool,
    ) -> Option<Record> {
        let (ring, head) = own()?;
        unsafe {
            if read_volatile(&raw const (*head).busy) != 0 {
                count(head, loss::BUSY);
                return None;
            }
            write_volatile(&raw mut (*head).busy, 1);
            let mask = mask();
            let mut at = 0;
            if mask == 0 {
                write_volatile(&raw mut (*head).important, u32::from(important));
            } else {
                at = read_volatile(&raw const (*head).head);
                let used = at.wrapping_sub(read_volatile(&raw const (*head).tail));
                if used > ring_wake(mask + 1) {
                    wake(head);
                }
                let reserve = if important { 0 } else { ring_reserve(mask + 1) };
                if used > mask + 1 - RING_SLACK as u64 - reserve {
                    count(head, loss::FULL);
                    write_volatile(&raw mut (*head).busy, 0);
                    return None;
                }
            }
            let base = (&raw mut (*ring).data).cast::<u8>().add((at & mask) as usize);
            let header = base.cast::<RecordHeader>();
            write_volatile(&raw mut (*header).len, size_of::<RecordHeader>() as u32);
            (*header).kind = kind;
            (*header).flags = flags;
            (*header).nr = nr;
            (*header).time = bpf_ktime_get_boot_ns();
            (*header).tgid_tid = tgid_tid;
            (*header).result = result;
            (*header).cgroup = cgroup;
            Some(Record { head, base, at })
        }
    }

    /// The record that this CPU is writing, for a function that the verifier looks at by itself: what such a function is
    /// given are numbers.
    #[inline(always)]
    pub(crate) fn being_written() -> Option<Record> {
        let (ring, head) = own()?;
        let mask = mask();
        let at = if mask == 0 {
            0
        } else {
            unsafe { read_volatile(&raw const (*head).head) }
        };
        let base = unsafe { (&raw mut (*ring).data).cast::<u8>().add((at & mask) as usize) };
        Some(Record { head, base, at })
    }

    /// Writes all six arguments and keeps the first `keep`: no branch.
    #[inline(always)]
    pub(crate) fn args(&mut self, args: [u64; 6], keep: u32) {
        for (at, value) in args.into_iter().enumerate() {
            unsafe {
                self.base
                    .add(size_of::<RecordHeader>() + 8 * at)
                    .cast::<u64>()
                    .write(value)
            };
        }
        self.set_position(size_of::<RecordHeader>() as u32 + 8 * (keep & 7));
    }

    /// An argument that [`Record::args`] kept. Loaded from the ring: one path for the verifier, not one per argument.
    #[inline(always)]
    pub(crate) fn arg(&self, at: u32) -> u64 {
        unsafe {
            read_volatile(
                self.base
                    .add(size_of::<RecordHeader>() + 8 * (at & 7) as usize)
                    .cast::<u64>(),
            )
        }
    }

    /// The result, loaded from the ring for the same reason.
    #[inline(always)]
    pub(crate) fn result(&self) -> i64 {
        unsafe { read_volatile(&raw const (*self.base.cast::<RecordHeader>()).result) }
    }

    #[inline(always)]
    fn position(&self) -> usize {
        (unsafe { read_volatile(&raw const (*self.base.cast::<RecordHeader>()).len) } & POSITION_MASK) as usize
    }

    #[inline(always)]
    fn set_position(&mut self, position: u32) {
        unsafe { write_volatile(&raw mut (*self.base.cast::<RecordHeader>()).len, position) };
    }

    /// The place of the next item.
    #[inline(always)]
    fn next_item(&self) -> *mut ItemHeader {
        unsafe { self.base.add(self.position()).cast() }
    }

    /// Ends an item of `len` bytes that stand behind its header.
    #[inline(always)]
    fn item(&mut self, arg: u8, status: u8, len: u32) {
        unsafe {
            self.next_item().write(ItemHeader {
                arg,
                status,
                pad: 0,
                len,
            })
        };
        self.set_position(self.position() as u32 + size_of::<ItemHeader>() as u32 + (len + 7 & !7));
    }

    /// Where the bytes of the next item go: room for [`ITEM_MAX`].
    #[inline(always)]
    pub(crate) fn body(&self) -> *mut u8 {
        unsafe { self.next_item().add(1) }.cast()
    }

    /// Ends an item of which `len` bytes were written to [`Record::body`].
    #[inline(always)]
    pub(crate) fn end_item(&mut self, arg: u8, status: u8, len: u32) {
        self.item(arg, status, len);
    }

    /// A string of at most `max` bytes with its NUL.
    #[inline(always)]
    pub(crate) fn string(&mut self, arg: u8, memory: Memory, from: u64, max: u32) {
        let (to, from_ptr) = (unsafe { self.next_item().add(1) }.cast(), from as *const _);
        let (got, mark) = match memory {
            Memory::User => (unsafe { bpf_probe_read_user_str(to, max, from_ptr) }, 0),
            Memory::Kernel => (unsafe { bpf_probe_read_kernel_str(to, max, from_ptr) }, status::KERNEL),
        };
        if got <= 0 {
            return self.item(arg, mark | status::FAULT, 0);
        }
        let cut = if got as u32 >= max { status::TRUNCATED } else { 0 };
        self.item(arg, mark | cut, (got as u32 - 1) & (ITEM_MAX - 1));
    }

    /// `wanted` bytes, cut at `max` (at most [`ITEM_MAX`]).
    #[inline(always)]
    pub(crate) fn bytes(&mut self, arg: u8, memory: Memory, from: u64, wanted: u64, max: u32) {
        let len = at_most(wanted, max);
        let (to, from_ptr) = (unsafe { self.next_item().add(1) }.cast(), from as *const _);
        let (got, mark) = match memory {
            Memory::User => (unsafe { bpf_probe_read_user(to, len, from_ptr) }, 0),
            Memory::Kernel => (unsafe { bpf_probe_read_kernel(to, len, from_ptr) }, status::KERNEL),
        };
        if got != 0 {
            return self.item(arg, mark | status::FAULT, 0);
        }
        let cut = if wanted > u64::from(max) { status::TRUNCATED } else { 0 };
        self.item(arg, mark | cut, len);
    }

    /// The bytes of the first elements of an iovec array, `wanted` in all, cut at `max`.
    #[inline(always)]
    pub(crate) fn iovec(&mut self, arg: u8, iov: u64, count: u64, wanted: u64, max: u32) {
        let item = self.next_item();
        let total = at_most(wanted, max);
        // The count stands in the item's header, for the same reason as the position in the record's.
        unsafe { write_volatile(&raw mut (*item).len, 0) };
        let filled = move || unsafe { read_volatile(&raw const (*item).len) } & (2 * ITEM_MAX - 1);
        let mut fault = 0;
        for at in 0..u64::from(afterimage_abi::IOVECS_MAX) {
            let have = filled();
            if at >= count || have >= total || have >= ITEM_MAX {
                break;
            }
            let mut element = MaybeUninit::<[u64; 2]>::uninit();
            let from = iov.wrapping_add(16 * at) as *const _;
            if unsafe { bpf_probe_read_user(element.as_mut_ptr().cast(), 16, from) } != 0 {
                fault = status::FAULT;
                break;
            }
            let [base, len] = unsafe { element.assume_init() };
            let len = at_most(len, total - have);
            let to = unsafe { item.add(1).cast::<u8>().add((have & (ITEM_MAX - 1)) as usize) };
            if unsafe { bpf_probe_read_user(to.cast(), len, base as *const _) } != 0 {
                fault = status::FAULT;
                break;
            }
            unsafe { write_volatile(&raw mut (*item).len, have + len) };
        }
        let len = filled();
        let cut = if u64::from(len) < wanted { status::TRUNCATED } else { 0 };
        self.item(arg, cut | fault, at_most(u64::from(len), ITEM_MAX));
    }

    /// Adds bits of [`afterimage_abi::flags`].
    #[inline(always)]
    pub(crate) fn mark(&mut self, flags: u8) {
        unsafe { (*self.base.cast::<RecordHeader>()).flags |= flags };
    }

    /// A value that the program made.
    #[inline(always)]
    pub(crate) fn value<T: Copy>(&mut self, arg: u8, value: T) {
        unsafe { self.next_item().add(1).cast::<T>().write(value) };
        self.item(arg, status::KERNEL, size_of::<T>() as u32);
    }

    /// [`Record::publish`], and the recorder is to look at once.
    #[inline(always)]
    pub(crate) fn publish_now(self) {
        let head = self.head;
        self.publish();
        wake(head);
    }

    /// Makes the record visible to the recorder.
    #[inline(always)]
    pub(crate) fn publish(self) {
        let len = self.position();
        let head = self.head;
        unsafe {
            if mask() == 0 {
                self.output(len);
            } else {
                write_volatile(&raw mut (*head).written, read_volatile(&raw const (*head).written) + 1);
                // x86 keeps stores in order; the compiler has to be told.
                compiler_fence(Ordering::Release);
                let end = self.at + len as u64;
                if is_arm64() {
                    exchange(&raw mut (*head).head, end);
                } else {
                    write_volatile(&raw mut (*head).head, end);
                }
            }
            write_volatile(&raw mut (*head).busy, 0);
        }
    }

    /// Copies the record into this CPU's ring buffer.
    #[inline(always)]
    fn output(&self, len: usize) {
        unsafe {
            let size = read_volatile(&raw const TRANSPORT.buffer);
            let important = read_volatile(&raw const (*self.head).important) != 0;
            match buffer::output(self.base, len, size, important) {
                None => count(self.head, loss::FULL),
                Some(used) => {
                    let written = &raw mut (*self.head).written;
                    write_volatile(written, read_volatile(written) + 1);
                    if used > ring_wake(size) {
                        wake(self.head);
                    }
                }
            }
        }
    }
}
