//! What a call leaves behind that is not its result: descriptors in the memory of its caller (pipe, socketpair, recvmsg), a
//! directory. A record of each with the kernel's own file, behind the record of the call. The numbers are the caller's
//! memory, what is behind them is not.
//!
//! The functions are "global" for the verifier: it looks at each once, whoever calls it and how often.

use crate::registers::{Registers, is_compat};
use crate::ring::Record;
use crate::{kernel, path, socket, syscall};
use afterimage_abi::{AT_FDCWD, file, kind};
use aya_ebpf::helpers::generated::{bpf_loop, bpf_probe_read_user};
use aya_ebpf::macros::map;
use aya_ebpf::maps::{Array, ProgramArray};
use aya_ebpf::programs::BtfTracePointContext;
use core::ffi::c_void;
use core::mem::MaybeUninit;

/// Numbers and headers of one call that are looked at; the kernel passes at most 253 with one message.
const STEPS: u32 = 1024;

const SOL_SOCKET: u32 = 1;
const SCM_RIGHTS: u32 = 1;
const SCM_PIDFD: u32 = 4;

#[inline(always)]
fn user<T: Copy>(from: u64) -> Option<T> {
    let mut out = MaybeUninit::<T>::uninit();
    let got = unsafe { bpf_probe_read_user(out.as_mut_ptr().cast(), size_of::<T>() as u32, from as *const _) };
    (got == 0).then(|| unsafe { out.assume_init() })
}

/// What follows `sys_exit`; the loader puts it there.
#[map]
static AFTER: ProgramArray = ProgramArray::with_max_entries(1, 0);

/// Goes on with the program `sys_exit_descriptors`: its stack would not fit beside that of the one which is running.
#[inline(always)]
pub(crate) fn go_on(ctx: &BtfTracePointContext) {
    unsafe { AFTER.tail_call(ctx, 0) };
}

/// Tells of the descriptors that the call left in memory.
#[inline(always)]
pub(crate) fn left_behind(regs: *const Registers, result: i64) {
    if result < 0 {
        return;
    }
    let compat = is_compat(kernel::current());
    let Some(spec) = syscall::spec_of(unsafe { Registers::number(regs) }, compat) else {
        return;
    };
    let [first, second, _, fourth, ..] = if compat {
        unsafe { Registers::compat_args(regs) }
    } else {
        unsafe { Registers::args(regs) }
    };
    let what = u32::from(spec.file);
    if what == file::DIRECTORY {
        tell_directory();
        return;
    }
    let pointer = match what {
        file::PAIR_AT_0 => first,
        file::PAIR_AT_3 => fourth,
        _ => second,
    };
    tell_descriptors(what, pointer, result as u64);
}

/// Tells what is behind descriptor `fd` of the current task.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn tell_descriptor(fd: u32) -> i32 {
    let found = path::file_of(fd);
    if found == 0 {
        return 0;
    }
    let (tgid_tid, cgroup) = kernel::current_ids(kernel::current());
    let Some(mut record) = Record::begin(kind::DESCRIPTOR, 0, 0, tgid_tid, i64::from(fd), cgroup) else {
        return 0;
    };
    socket::record(&mut record, fd, false);
    socket::record(&mut record, fd, true);
    path::record(fd as i32, found);
    record.publish();
    0
}

/// Tells where the current task is.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn tell_directory() -> i32 {
    let (tgid_tid, cgroup) = kernel::current_ids(kernel::current());
    if let Some(mut record) = Record::begin(kind::DESCRIPTOR, 0, 0, tgid_tid, i64::from(AT_FDCWD), cgroup) {
        path::directory(&mut record);
        record.publish();
    }
    0
}

/// Tells of the descriptors that stand at `pointer`, as `what` of [`file`] says; `count`: messages.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn tell_descriptors(what: u32, pointer: u64, count: u64) -> i32 {
    if what == file::PAIR_AT_0 || what == file::PAIR_AT_3 {
        if let Some([one, other]) = user::<[u32; 2]>(pointer) {
            tell_descriptor(one);
            tell_descriptor(other);
        }
        return 0;
    }
    messages(pointer, if what == file::MESSAGE { 1 } else { count });
    0
}

/// 0, which the verifier does not know: kernels before 6.7 look at one step with what it begins with, and cut out what
/// that step does not come to.
#[map]
static ZERO: Array<u64> = Array::with_max_entries(1, 0);

/// Where the look at messages has got to.
struct Look {
    /// The next header, and how many there are from it on.
    header: u64,
    left: u64,
    /// The next control message, and how many bytes of them there are.
    at: u64,
    bytes: u64,
    /// The next number, and how many there are.
    number_at: u64,
    numbers: u64,
    compat: bool,
}

impl Look {
    /// Address and length of the control messages of the next header (`struct msghdr`, `struct mmsghdr`).
    #[inline(always)]
    fn control(&self) -> Option<(u64, u64)> {
        if self.compat {
            let [at, len]: [u32; 2] = user(self.header.wrapping_add(16))?;
            return Some((u64::from(at), u64::from(len)));
        }
        let [at, len]: [u64; 2] = user(self.header.wrapping_add(32))?;
        Some((at, len))
    }

    /// Size, level and type of the next control message.
    #[inline(always)]
    fn control_message(&self) -> Option<(u64, u32, u32)> {
        if self.compat {
            let [len, level, ty]: [u32; 3] = user(self.at)?;
            return Some((u64::from(len), level, ty));
        }
        let [len, what]: [u64; 2] = user(self.at)?;
        Some((len, what as u32, (what >> 32) as u32))
    }

    /// Goes one step; `None`: there is nothing more.
    #[inline(always)]
    fn step(&mut self) -> Option<()> {
        let head = if self.compat { 12 } else { 16 };
        if self.numbers > 0 {
            tell_descriptor(user(self.number_at)?);
            self.number_at = self.number_at.wrapping_add(4);
            self.numbers -= 1;
        } else if self.bytes >= head {
            let (len, level, ty) = self.control_message()?;
            if len < head || len > self.bytes {
                return None;
            }
            if level == SOL_SOCKET && (ty == SCM_RIGHTS || ty == SCM_PIDFD) {
                self.number_at = self.at.wrapping_add(head);
                self.numbers = (len - head) / 4;
            }
            let aligned = if self.compat { len + 3 & !3 } else { len + 7 & !7 };
            self.at = self.at.wrapping_add(aligned);
            self.bytes = self.bytes.saturating_sub(aligned);
        } else if self.left > 0 {
            (self.at, self.bytes) = self.control()?;
            self.header = self.header.wrapping_add(if self.compat { 32 } else { 64 });
            self.left -= 1;
        } else {
            return None;
        }
        Some(())
    }
}

/// What the kernel calls for each step: the verifier follows it once.
#[inline(never)]
extern "C" fn step(_: u64, look: *mut Look) -> i64 {
    i64::from(unsafe { &mut *look }.step().is_none())
}

#[inline(always)]
fn messages(header: u64, left: u64) {
    let Some(&zero) = ZERO.get(0) else {
        return;
    };
    let mut look = Look {
        header,
        left,
        at: zero,
        bytes: zero,
        number_at: zero,
        numbers: zero,
        compat: is_compat(kernel::current()),
    };
    unsafe { bpf_loop(STEPS, step as *mut c_void, (&raw mut look).cast(), 0) };
}
