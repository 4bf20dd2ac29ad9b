//! Maps of the kernel's, made and mapped without aya: it can neither choose the length of an array's elements nor make the
//! inner maps of an array of maps.

use anyhow::{Context, Result};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// `BPF_MAP_CREATE` (include/uapi/linux/bpf.h).
const MAP_CREATE: libc::c_int = 0;
/// `BPF_MAP_TYPE_ARRAY`.
const ARRAY: u32 = 2;
/// `BPF_MAP_TYPE_RINGBUF`.
const RINGBUF: u32 = 27;
/// `BPF_F_MMAPABLE`.
const MMAPABLE: u32 = 1 << 10;

/// The first fields of `union bpf_attr` for `BPF_MAP_CREATE`.
#[repr(C)]
#[derive(Default)]
struct Attributes {
    ty: u32,
    key: u32,
    value: u32,
    entries: u32,
    flags: u32,
    inner: u32,
    node: u32,
    name: [u8; 16],
}

fn create(attributes: &Attributes) -> io::Result<OwnedFd> {
    // SAFETY: the structure is valid for the call and as long as it says.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            MAP_CREATE,
            std::ptr::from_ref(attributes),
            size_of::<Attributes>(),
        )
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has just made it, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

fn name(text: &str) -> [u8; 16] {
    let mut name = [0; 16];
    // The last byte stays 0.
    name.iter_mut()
        .take(15)
        .zip(text.bytes())
        .for_each(|(to, from)| *to = from);
    name
}

/// An array that can be mapped, of `entries` elements of `value` bytes.
pub(super) fn array(called: &str, value: u32, entries: u32) -> Result<OwnedFd> {
    let attributes = Attributes {
        ty: ARRAY,
        key: 4,
        value,
        entries,
        flags: MMAPABLE,
        name: name(called),
        ..Attributes::default()
    };
    create(&attributes)
        .with_context(|| format!("the kernel refuses an array of {entries} times {value} bytes that can be mapped"))
}

/// A ring buffer.
pub(super) fn ring_buffer(bytes: u32) -> Result<OwnedFd> {
    let attributes = Attributes {
        ty: RINGBUF,
        entries: bytes,
        name: name("BUFFER"),
        ..Attributes::default()
    };
    create(&attributes).with_context(|| format!("the kernel refuses a ring buffer of {bytes} bytes"))
}

/// Puts the map `new` in the place of the map `old`, whose number is in the program's instructions: until these are
/// loaded, all that they know of a map is that number.
pub(super) fn replace(old: BorrowedFd<'_>, new: &OwnedFd) -> Result<()> {
    // SAFETY: both are open; the number of `old` stays its owner's.
    if unsafe { libc::dup3(new.as_raw_fd(), old.as_raw_fd(), libc::O_CLOEXEC) } < 0 {
        return Err(io::Error::last_os_error()).context("cannot give the program its rings");
    }
    Ok(())
}

/// Bytes of a page.
pub(super) fn page() -> usize {
    // SAFETY: sysconf has no preconditions.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

/// Memory of a map.
pub(super) struct Mapping {
    base: *mut u8,
    len: usize,
}

impl Mapping {
    /// Maps `len` bytes from `offset` on, a multiple of a page.
    pub(super) fn new(fd: impl AsFd, offset: usize, len: usize, writable: bool) -> Result<Mapping> {
        let len = len.next_multiple_of(page());
        let protection = libc::PROT_READ | if writable { libc::PROT_WRITE } else { 0 };
        let fd = fd.as_fd().as_raw_fd();
        // SAFETY: a new mapping at an address of the kernel's choice; `fd` is open.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                len,
                protection,
                libc::MAP_SHARED,
                fd,
                offset as libc::off_t,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error()).context("cannot map the rings into memory");
        }
        Ok(Mapping { base: base.cast(), len })
    }

    /// The byte at `at`.
    ///
    /// # Panics
    /// Where that is outside.
    pub(super) fn at(&self, at: usize) -> *mut u8 {
        assert!(at < self.len);
        // SAFETY: in bounds of the mapping.
        unsafe { self.base.add(at) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping was made with this address and length, and nothing borrows it any more.
        unsafe { libc::munmap(self.base.cast(), self.len) };
    }
}

/// Memory for tests, as long as a map would be.
#[cfg(test)]
pub(super) fn anonymous(len: usize) -> OwnedFd {
    // SAFETY: a name that ends with NUL; the descriptor is nobody else's.
    let fd = unsafe { OwnedFd::from_raw_fd(libc::memfd_create(c"map".as_ptr(), libc::MFD_CLOEXEC)) };
    std::fs::File::from(fd.try_clone().unwrap())
        .set_len(len.next_multiple_of(page()) as u64)
        .unwrap();
    fd
}
