//! Memory behind the pointers of a system call, as its [`Spec`] says.

use crate::ring::{Memory, Record};
use crate::{kernel, path, socket};
use afterimage_abi::{PATH_MAX, Spec, extract, item};
use aya_ebpf::helpers::generated::{bpf_get_current_task, bpf_probe_read_user};
use core::mem::MaybeUninit;
use core::ptr::read_volatile;

/// Most bytes of payload per call; set by the loader, at most `SNAPLEN_MAX`.
#[unsafe(no_mangle)]
static SNAPLEN: u32 = 80;

/// Size of `struct msghdr`; in a `struct mmsghdr` the number of bytes follows it.
const MSGHDR_SIZE: u64 = 56;

/// The longest `struct sockaddr` (sockaddr_storage).
const SOCKADDR_MAX: u32 = 128;

/// Follows the extracts in order up to the first NONE. The arguments that they name are kept in the record.
#[inline(always)]
pub(crate) fn all(record: &mut Record, spec: &Spec) {
    for packed in spec.extracts {
        if packed == extract::NONE {
            break;
        }
        one(record, packed);
    }
    if spec.file != 0 && record.result() >= 0 {
        let fd = record.result() as u32;
        path::record(record, fd as i32, path::file_of(fd));
    }
}

/// As [`all`], but only what the caller hands in, for the entry of a call.
#[inline(always)]
pub(crate) fn inputs(record: &mut Record, spec: &Spec) {
    for packed in spec.extracts {
        if packed == extract::NONE {
            return;
        }
        let pointer = record.arg(packed >> 8 & 0xff);
        match packed & 0xff {
            extract::STRING if pointer != 0 => record.string((packed >> 8) as u8, Memory::User, pointer, PATH_MAX),
            extract::SOCKADDR if pointer != 0 => address(record, packed),
            extract::STRUCT if pointer != 0 => structure(record, packed),
            _ => {}
        }
    }
}

/// A structure of known size.
#[inline(always)]
fn structure(record: &mut Record, packed: u32) {
    let pointer = record.arg(packed >> 8 & 0xff);
    record.bytes(
        (packed >> 8) as u8,
        Memory::User,
        pointer,
        u64::from(packed >> 16),
        SOCKADDR_MAX,
    );
}

/// A sockaddr that the caller hands in.
#[inline(always)]
fn address(record: &mut Record, packed: u32) {
    let (pointer_at, second) = (packed >> 8 & 0xff, packed >> 16);
    let (pointer, len) = (record.arg(pointer_at), record.arg(second) & 0xffff_ffff);
    record.bytes(pointer_at as u8, Memory::User, pointer, len, SOCKADDR_MAX);
}

#[inline(always)]
fn one(record: &mut Record, packed: u32) {
    let (op, pointer_at, second) = (packed & 0xff, packed >> 8 & 0xff, packed >> 16);
    let (pointer, result) = (record.arg(pointer_at), record.result());
    let arg = pointer_at as u8;
    let snaplen = unsafe { read_volatile(&raw const SNAPLEN) };
    match op {
        extract::STRING if pointer != 0 => record.string(arg, Memory::User, pointer, PATH_MAX),
        extract::BUFFER if result > 0 && pointer != 0 => {
            record.bytes(arg, Memory::User, pointer, result as u64, snaplen)
        }
        extract::IOVEC if result > 0 => record.iovec(arg, pointer, record.arg(second), result as u64, snaplen),
        extract::SOCKADDR if pointer != 0 => address(record, packed),
        extract::SOCKADDR_OUT if pointer != 0 && result >= 0 => {
            let mut len = 0u32;
            let from = record.arg(second) as *const _;
            if unsafe { bpf_probe_read_user((&raw mut len).cast(), 4, from) } == 0 {
                record.bytes(arg, Memory::User, pointer, u64::from(len), SOCKADDR_MAX);
            }
        }
        extract::MSGHDR => message(record, arg, pointer, result, snaplen),
        extract::MMSGHDR if result > 0 => {
            let mut len = 0u32;
            let from = pointer.wrapping_add(MSGHDR_SIZE) as *const _;
            if unsafe { bpf_probe_read_user((&raw mut len).cast(), 4, from) } == 0 {
                message(record, arg, pointer, i64::from(len), snaplen);
            }
        }
        extract::TEXT_OUT if result > 0 => record.bytes(arg, Memory::User, pointer, result as u64, PATH_MAX),
        extract::BYTES_IN if pointer != 0 => {
            record.bytes(arg, Memory::User, pointer, record.arg(second) & 0xffff_ffff, snaplen);
        }
        extract::ARRAY if pointer != 0 => {
            let size = (record.arg(second & 0xff) & 0xffff_ffff) * u64::from(second >> 8);
            record.bytes(arg, Memory::User, pointer, size, SOCKADDR_MAX);
        }
        extract::STRUCT if pointer != 0 => structure(record, packed),
        extract::SOCKET_OF_ARG => socket::record(record, pointer as u32),
        extract::CREDENTIALS if result >= 0 => {
            let task = unsafe { bpf_get_current_task() };
            record.value(item::CREDENTIALS, kernel::credentials(task));
        }
        extract::UNIX_OF_ARG => socket::names(record, pointer as u32),
        extract::UNIX_OF_RESULT if result >= 0 => socket::names(record, result as u32),
        extract::SOCKET_OF_RESULT if result >= 0 => socket::record(record, result as u32),
        _ => {}
    }
}

/// Name and bytes of a `struct msghdr` (name, u32 namelen, iov, iovlen).
#[inline(always)]
fn message(record: &mut Record, arg: u8, pointer: u64, result: i64, snaplen: u32) {
    let mut header = MaybeUninit::<[u64; 4]>::uninit();
    if unsafe { bpf_probe_read_user(header.as_mut_ptr().cast(), 32, pointer as *const _) } != 0 {
        return;
    }
    let [name, name_len, iov, iov_len] = unsafe { header.assume_init() };
    if name != 0 && name_len & 0xffff_ffff != 0 {
        record.bytes(
            item::MESSAGE_NAME,
            Memory::User,
            name,
            name_len & 0xffff_ffff,
            SOCKADDR_MAX,
        );
    }
    if result > 0 {
        record.iovec(arg, iov, iov_len, result as u64, snaplen);
    }
}
