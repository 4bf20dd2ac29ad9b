//! Memory behind the pointers of a system call, as its [`Spec`] says.

use crate::ring::{Memory, Record};
use crate::{kernel, path, socket};
use afterimage_abi::{PATH_MAX, Spec, extract, file, item};
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
        add_extract(packed);
    }
    if u32::from(spec.file) == file::RESULT && record.result() >= 0 {
        let fd = record.result() as u32;
        path::record(fd as i32, path::file_of(fd));
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

/// [`one`] for the record that is being written, "global" for the verifier: it looks at it once and not for each extract of
/// a call.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn add_extract(packed: u32) -> i32 {
    if let Some(mut record) = Record::being_written() {
        one(&mut record, packed);
    }
    0
}

/// One extract. What needs the same code comes to the same place: a copy of it for each kind would be more than the
/// stack of older kernels holds, and the verifier would follow each.
#[inline(always)]
fn one(record: &mut Record, packed: u32) {
    let (op, pointer_at) = (packed & 0xff, packed >> 8 & 0xff);
    let (pointer, result) = (record.arg(pointer_at), record.result());
    let arg = pointer_at as u8;
    match op {
        extract::STRING if pointer != 0 => record.string(arg, Memory::User, pointer, PATH_MAX),
        extract::IOVEC | extract::MSGHDR | extract::MMSGHDR => {
            if let Some(vector) = vector(record, packed) {
                record.iovec(arg, vector.base, vector.len, vector.bytes, snaplen());
            }
        }
        extract::SOCKET_OF_ARG | extract::UNIX_OF_ARG | extract::SOCKET_OF_RESULT | extract::UNIX_OF_RESULT => {
            let of_result = matches!(op, extract::SOCKET_OF_RESULT | extract::UNIX_OF_RESULT);
            let fd = if of_result { result } else { pointer as i64 };
            if !of_result || result >= 0 {
                let names = matches!(op, extract::UNIX_OF_ARG | extract::UNIX_OF_RESULT);
                socket::record(record, fd as u32, names);
            }
        }
        extract::CREDENTIALS if result >= 0 => {
            let task = unsafe { bpf_get_current_task() };
            record.value(item::CREDENTIALS, kernel::credentials(task));
        }
        _ if pointer != 0 => {
            if let Some((len, max)) = length(record, packed) {
                record.bytes(arg, Memory::User, pointer, len, max);
            }
        }
        _ => {}
    }
}

#[inline(always)]
fn snaplen() -> u32 {
    unsafe { read_volatile(&raw const SNAPLEN) }
}

/// How many bytes stand at the pointer argument, and how many are kept; `None`: nothing is to be read.
#[inline(always)]
fn length(record: &Record, packed: u32) -> Option<(u64, u32)> {
    let (second, result) = (packed >> 16, record.result());
    let word = |at: u32| record.arg(at) & 0xffff_ffff;
    match packed & 0xff {
        extract::BUFFER if result > 0 => Some((result as u64, snaplen())),
        extract::TEXT_OUT if result > 0 => Some((result as u64, PATH_MAX)),
        extract::BYTES_IN => Some((word(second), snaplen())),
        extract::SOCKADDR => Some((word(second), SOCKADDR_MAX)),
        extract::SOCKADDR_OUT if result >= 0 => Some((u64::from(user_word(record.arg(second))?), SOCKADDR_MAX)),
        extract::ARRAY => Some((word(second & 0xff) * u64::from(second >> 8), SOCKADDR_MAX)),
        extract::STRUCT => Some((u64::from(second), SOCKADDR_MAX)),
        _ => None,
    }
}

/// A number in the caller's memory.
#[inline(always)]
fn user_word(from: u64) -> Option<u32> {
    let mut word = 0u32;
    (unsafe { bpf_probe_read_user((&raw mut word).cast(), 4, from as *const _) } == 0).then_some(word)
}

/// An iovec array, and how many bytes the call moved through it.
struct Vector {
    base: u64,
    len: u64,
    bytes: u64,
}

/// The vector of a call that moved something; of a `struct msghdr` (name, u32 namelen, iov, iovlen) the name, too.
#[inline(always)]
fn vector(record: &mut Record, packed: u32) -> Option<Vector> {
    let (op, second) = (packed & 0xff, packed >> 16);
    let (pointer, result) = (record.arg(packed >> 8 & 0xff), record.result());
    if op == extract::IOVEC {
        return (result > 0).then(|| Vector {
            base: pointer,
            len: record.arg(second),
            bytes: result as u64,
        });
    }
    let bytes = if op == extract::MSGHDR {
        result
    } else if result > 0 {
        i64::from(user_word(pointer.wrapping_add(MSGHDR_SIZE))?)
    } else {
        return None;
    };
    let mut header = MaybeUninit::<[u64; 4]>::uninit();
    if unsafe { bpf_probe_read_user(header.as_mut_ptr().cast(), 32, pointer as *const _) } != 0 {
        return None;
    }
    let [name, name_len, base, len] = unsafe { header.assume_init() };
    let name_len = name_len & 0xffff_ffff;
    if name != 0 && name_len != 0 {
        record.bytes(item::MESSAGE_NAME, Memory::User, name, name_len, SOCKADDR_MAX);
    }
    (bytes > 0).then_some(Vector {
        base,
        len,
        bytes: bytes as u64,
    })
}
