//! Descriptors that a call leaves in the memory of its caller (pipe, socketpair, recvmsg): a record of each with the
//! kernel's own file, behind the record of the call. The numbers are the caller's memory, what is behind them is not.
//!
//! The two functions are "global" for the verifier: it looks at each once, whoever calls it and how often.

use crate::registers::is_compat;
use crate::ring::Record;
use crate::{kernel, path, socket};
use afterimage_abi::{file, kind};
use aya_ebpf::helpers::generated::bpf_probe_read_user;
use core::mem::MaybeUninit;

/// Numbers and headers of one call that are looked at; the kernel passes at most 253 with one message.
const STEPS: u32 = 320;

const SOL_SOCKET: u32 = 1;
const SCM_RIGHTS: u32 = 1;
const SCM_PIDFD: u32 = 4;

#[inline(always)]
fn user<T: Copy>(from: u64) -> Option<T> {
    let mut out = MaybeUninit::<T>::uninit();
    let got = unsafe { bpf_probe_read_user(out.as_mut_ptr().cast(), size_of::<T>() as u32, from as *const _) };
    (got == 0).then(|| unsafe { out.assume_init() })
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
    path::record(&mut record, fd as i32, found);
    socket::record(&mut record, fd, false);
    socket::record(&mut record, fd, true);
    record.publish();
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

/// Of `struct msghdr` the place of `msg_control` and of what follows it in a `struct mmsghdr`, and the size of
/// `struct cmsghdr`.
struct Layout {
    control: u64,
    next: u64,
    head: u64,
}

/// One control message's size and kind, at `at`.
#[inline(always)]
fn control_message(compat: bool, at: u64) -> Option<(u64, u32, u32)> {
    if compat {
        let [len, level, ty]: [u32; 3] = user(at)?;
        return Some((u64::from(len), level, ty));
    }
    let [len, what]: [u64; 2] = user(at)?;
    Some((len, what as u32, (what >> 32) as u32))
}

/// Address and length of the control messages of the `struct msghdr` at `header`.
#[inline(always)]
fn control(compat: bool, header: u64, layout: &Layout) -> Option<(u64, u64)> {
    let from = header.wrapping_add(layout.control);
    if compat {
        let [at, len]: [u32; 2] = user(from)?;
        return Some((u64::from(at), u64::from(len)));
    }
    let [at, len]: [u64; 2] = user(from)?;
    Some((at, len))
}

/// One loop for messages, their control messages and the numbers in these: nested ones the verifier would multiply.
#[inline(always)]
fn messages(mut header: u64, mut left: u64) {
    let compat = is_compat(kernel::current());
    let layout = if compat {
        Layout {
            control: 16,
            next: 32,
            head: 12,
        }
    } else {
        Layout {
            control: 32,
            next: 64,
            head: 16,
        }
    };
    // Where the next control message is, how many bytes of them are left, and how many numbers of the one before.
    let (mut at, mut bytes) = (0u64, 0u64);
    let (mut number_at, mut numbers) = (0u64, 0u64);
    for _ in 0..STEPS {
        if numbers > 0 {
            let Some(fd) = user::<u32>(number_at) else { return };
            tell_descriptor(fd);
            number_at = number_at.wrapping_add(4);
            numbers -= 1;
        } else if bytes >= layout.head {
            let Some((len, level, ty)) = control_message(compat, at) else {
                return;
            };
            if len < layout.head || len > bytes {
                return;
            }
            if level == SOL_SOCKET && (ty == SCM_RIGHTS || ty == SCM_PIDFD) {
                number_at = at.wrapping_add(layout.head);
                numbers = (len - layout.head) / 4;
            }
            let aligned = if compat { len + 3 & !3 } else { len + 7 & !7 };
            at = at.wrapping_add(aligned);
            bytes = bytes.saturating_sub(aligned);
        } else {
            if left == 0 {
                return;
            }
            let Some(found) = control(compat, header, &layout) else {
                return;
            };
            (at, bytes) = found;
            header = header.wrapping_add(layout.next);
            left -= 1;
        }
    }
}
