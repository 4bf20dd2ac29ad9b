//! Operations of io_uring, which are no system calls: when they are submitted, and when they have a result. What they
//! are about is taken from the kernel's own request.

use crate::kernel::{self, direct, offset, read};
use crate::ring::{Memory, Record};
use crate::{descriptor, scope};
use afterimage_abi::{PATH_MAX, item, kind, uring};

/// `struct io_uring_cqe`, which programs share with the kernel: user_data, res, flags.
const CQE_RESULT: usize = 8;
const CQE_FLAGS: usize = 12;

/// Where a request has what only its operation has; 0: it has no such thing.
#[derive(Clone, Copy)]
struct Places {
    /// Descriptor that is closed, or of the directory that a path is relative to.
    fd: usize,
    /// Not 0 there: the descriptor is one of the ring's own table.
    slot: usize,
    path: usize,
    to: usize,
}

#[inline(always)]
fn places(operation: u8) -> Places {
    let (fd, slot, path, to) = match operation {
        uring::OPENAT | uring::OPENAT2 => (
            offset!(io_open_dfd),
            offset!(io_open_file_slot),
            offset!(io_open_filename),
            0,
        ),
        uring::CLOSE => (offset!(io_close_fd), offset!(io_close_file_slot), 0, 0),
        uring::ACCEPT => (0, offset!(io_accept_file_slot), 0, 0),
        uring::SOCKET => (0, offset!(io_socket_file_slot), 0, 0),
        uring::UNLINKAT => (offset!(io_unlink_dfd), 0, offset!(io_unlink_filename), 0),
        uring::MKDIRAT => (offset!(io_mkdir_dfd), 0, offset!(io_mkdir_filename), 0),
        uring::RENAMEAT => (
            offset!(io_rename_old_dfd),
            0,
            offset!(io_rename_oldpath),
            offset!(io_rename_newpath),
        ),
        uring::LINKAT | uring::SYMLINKAT => (
            offset!(io_link_old_dfd),
            0,
            offset!(io_link_oldpath),
            offset!(io_link_newpath),
        ),
        _ => (0, 0, 0, 0),
    };
    Places { fd, slot, path, to }
}

/// `struct filename` begins with a pointer to the path.
#[inline(always)]
fn path(record: &mut Record, item: u8, request: u64, place: usize) {
    if place != 0 {
        let filename: u64 = read(request, place);
        record.string(item, Memory::Kernel, read(filename, 0), PATH_MAX);
    }
}

#[inline(always)]
pub(crate) fn submit(request: u64) {
    let (tgid_tid, cgroup) = kernel::current_ids(kernel::current());
    if !scope::holds(tgid_tid, cgroup) || !scope::holds_current_user() {
        return;
    }
    let Some(mut record) = Record::begin(kind::URING_SUBMIT, 0, 0, tgid_tid, 0, cgroup) else {
        return;
    };
    let operation: u8 = read(request, offset!(io_kiocb_opcode));
    let flags: u8 = read(request, offset!(io_kiocb_flags));
    let places = places(operation);
    let fd: u32 = read(
        request,
        if places.fd == 0 {
            offset!(io_kiocb_cqe_fd)
        } else {
            places.fd
        },
    );
    let slot: u32 = if places.slot == 0 {
        0
    } else {
        read(request, places.slot)
    };
    let what = u64::from(operation) | u64::from(flags) << 8 | u64::from(slot != 0) << 16;
    let user_data: u64 = read(request, offset!(io_kiocb_cqe_user_data));
    record.args([request, what, u64::from(fd), user_data, 0, 0], 4);
    path(&mut record, item::FILENAME, request, places.path);
    path(&mut record, item::NEW_FILENAME, request, places.to);
    record.publish();
}

/// Tells of the descriptor that an operation made, unless it is one of the ring's own.
#[inline(always)]
fn opened(request: u64, result: i32) {
    if request == 0 || result < 0 {
        return;
    }
    let operation: u8 = read(request, offset!(io_kiocb_opcode));
    let slot = places(operation).slot;
    let opens = slot != 0 && operation != uring::CLOSE && read::<u32>(request, slot) == 0;
    if opens || operation == uring::FIXED_FD_INSTALL {
        descriptor::tell_descriptor(result as u32);
    }
}

#[inline(always)]
fn done(request: u64, user_data: u64, result: i32, flags: u32) {
    let (tgid_tid, cgroup) = kernel::current_ids(kernel::current());
    if !scope::holds(tgid_tid, cgroup) || !scope::holds_current_user() {
        return;
    }
    opened(request, result);
    let Some(mut record) = Record::begin(kind::URING_COMPLETE, 0, 0, tgid_tid, i64::from(result), cgroup) else {
        return;
    };
    // Results of a request that goes on have none.
    let operation: u8 = if request == 0 {
        u8::MAX
    } else {
        read(request, offset!(io_kiocb_opcode))
    };
    record.args([request, u64::from(operation), u64::from(flags), user_data, 0, 0], 4);
    record.publish();
}

/// The tracepoint of newer kernels: the completion entry. It is loaded from without a helper, so that older kernels, where
/// a number stands in its place, refuse the program.
#[inline(always)]
pub(crate) fn complete(request: u64, entry: *const u8) {
    done(
        request,
        direct(entry, 0),
        direct(entry, CQE_RESULT),
        direct(entry, CQE_FLAGS),
    );
}

/// Before that: its fields.
#[inline(always)]
pub(crate) fn complete_fields(request: u64, user_data: u64, result: i32, flags: u32) {
    done(request, user_data, result, flags);
}
