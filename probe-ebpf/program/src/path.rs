//! Paths from the kernel's own objects: what a call really opened, whatever the caller's memory says by now.

use crate::kernel::{self, direct, offset, read, read_into};
use crate::ring::Record;
use afterimage_abi::{AT_FDCWD, KernelPath, WALK_MAX, item, status, walk};
use aya_ebpf::helpers::generated::{bpf_get_current_task_btf, bpf_loop, bpf_probe_read_kernel};
use core::ffi::c_void;
use core::ptr::{read_volatile, write_volatile};

const S_IFMT: u16 = 0o170000;
const S_IFDIR: u16 = 0o040000;
const S_IFREG: u16 = 0o100000;

/// Of a `struct file` the inode and the path lie this close together.
const FILE_WORDS: usize = 8;

/// Longest name of a directory entry (NAME_MAX).
const NAME_MASK: u64 = 0xff;
/// Names and their NULs fit into an item, see [`WALK_MAX`].
const NAMES_MASK: u32 = (16 << 10) - 1;
const _: () = assert!(WALK_MAX as u64 * (NAME_MASK + 1) <= NAMES_MASK as u64 + 1);

/// The `struct file` behind a descriptor of the current task; 0: none.
#[inline(always)]
pub(crate) fn file_of(fd: u32) -> u64 {
    let task = unsafe { bpf_get_current_task_btf() }.cast::<u8>();
    let files: *const u8 = direct(task, offset!(task_struct_files));
    let table: *const u8 = direct(files, offset!(files_struct_fdt));
    if fd >= direct(table, offset!(fdtable_max_fds)) {
        return 0;
    }
    read(direct(table, offset!(fdtable_fd)), 8 * fd as usize)
}

/// Adds the path of a file as the current task sees it to the record that is being written.
#[inline(always)]
pub(crate) fn record(fd: i32, file: u64) {
    if file != 0 {
        add_path(fd as u32, file);
    }
}

/// [`record`], "global" for the verifier: it looks at it once, whoever calls it.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn add_path(fd: u32, file: u64) -> i32 {
    let Some(record) = &mut Record::being_written() else {
        return 0;
    };
    let fd = fd as i32;
    let body = record.body();
    // Read to where the names come later: the stacks of this function and of those around it have to fit together.
    let fields = unsafe { body.add(size_of::<KernelPath>()) };
    read_into::<[u64; FILE_WORDS]>(fields, file, offset!(file_window));
    let field = |at: usize| unsafe { read_volatile(fields.add(at & 0x38).cast::<u64>()) };
    let inode = field(offset!(file_window_inode));
    let (mnt, dentry) = (field(offset!(file_window_mnt)), field(offset!(file_window_dentry)));
    let mode: u16 = read(inode, offset!(inode_i_mode));
    // Of what has a name of its own the number is not needed, and would make every file's record longer.
    let ino = match mode & S_IFMT {
        S_IFREG | S_IFDIR => 0,
        _ => read(inode, offset!(inode_i_ino)),
    };
    names(body, mnt, dentry);
    let (len, marks) = (filled(body), marked(body));
    unsafe { body.cast::<KernelPath>().write(KernelPath { ino, fd, mode, marks }) };
    let cut = if marks & walk::TOO_DEEP != 0 {
        status::TRUNCATED
    } else {
        0
    };
    record.end_item(item::PATH, status::KERNEL | cut, len + size_of::<KernelPath>() as u32);
    0
}

/// Adds the directory that the current task is in.
#[inline(always)]
pub(crate) fn directory(record: &mut Record) {
    let fs: u64 = read(kernel::current() as u64, offset!(task_struct_fs));
    let [mnt, dentry]: [u64; 2] = read(fs, offset!(fs_struct_pwd_mnt));
    let body = record.body();
    names(body, mnt, dentry);
    let (len, marks) = (filled(body), marked(body));
    let path = KernelPath {
        ino: 0,
        fd: AT_FDCWD,
        mode: 0,
        marks,
    };
    unsafe { body.cast::<KernelPath>().write(path) };
    record.end_item(item::PATH, status::KERNEL, len + size_of::<KernelPath>() as u32);
}

/// Words of a short name.
const SHORT_WORDS: usize = 5;

/// A `struct dentry` from `d_hash.pprev` on, as it is in every kernel that the loader accepts: a helper's call for each field
/// would cost more than the copy.
#[repr(C)]
#[derive(Clone, Copy)]
struct Entry {
    /// 0: not in the directory any more.
    pprev: u64,
    parent: u64,
    hash_len: u64,
    name: u64,
    inode: u64,
    /// Where short names stand.
    short: [u64; SHORT_WORDS],
}

/// Length of the names so far. It stands in the ring, where the [`KernelPath`] comes later: what is loaded from there is
/// the same unknown to the verifier on every path, see [`Record`].
#[inline(always)]
fn filled(body: *const u8) -> u32 {
    unsafe { read_volatile(body.cast::<u32>()) & NAMES_MASK }
}

#[inline(always)]
fn fill(body: *mut u8, len: u32) {
    unsafe { write_volatile(body.cast::<u32>(), len) };
}

/// The file system of the current task's root.
#[inline(always)]
pub(crate) fn root_super_block() -> u64 {
    let task = unsafe { bpf_get_current_task_btf() }.cast::<u8>();
    let fs: *const u8 = direct(task, offset!(task_struct_fs));
    read(direct(fs, offset!(fs_struct_root_mnt)), offset!(vfsmount_mnt_sb))
}

/// `mnt_root` of a `struct mount`.
#[inline(always)]
fn top_of(mount: u64) -> u64 {
    read(mount, offset!(mount_mnt) + offset!(vfsmount_mnt_root))
}

/// How the walk ended; in the ring for the same reason.
#[inline(always)]
fn marked(body: *const u8) -> u16 {
    unsafe { read_volatile(body.cast::<u16>().add(2)) }
}

#[inline(always)]
fn mark(body: *mut u8, marks: u16) {
    unsafe { write_volatile(body.cast::<u16>().add(2), marks) };
}

/// A walk from a file up to the root of the current task.
struct Walk {
    body: *mut u8,
    root: u64,
    root_mount: u64,
    mount: u64,
    dentry: u64,
    /// Where the mount ends; 0 on the root's mount: there the walk ends at the task's root, which is not above that
    /// mount's own.
    top: u64,
}

impl Walk {
    #[inline(always)]
    fn top_of(&self, mount: u64) -> u64 {
        if mount == self.root_mount { 0 } else { top_of(mount) }
    }

    /// Goes one step; returns whether it was the last.
    #[inline(always)]
    fn step(&mut self) -> bool {
        let Walk {
            body, mount, dentry, ..
        } = *self;
        if dentry == self.root && mount == self.root_mount {
            mark(body, 0);
            return true;
        }
        if dentry == self.top {
            let [parent, mountpoint]: [u64; 2] = read(mount, offset!(mount_mnt_parent));
            if parent == mount {
                mark(body, walk::UNREACHABLE);
                return true;
            }
            (self.mount, self.dentry) = (parent, mountpoint);
            self.top = self.top_of(parent);
            return false;
        }
        let len = filled(body);
        let to = unsafe { body.add(size_of::<KernelPath>() + len as usize) };
        // Behind the names so far, aligned; what is kept of it is moved to `to`, which is before it.
        let entry = unsafe { body.add((size_of::<KernelPath>() + len as usize + 7) & !7) }.cast::<Entry>();
        read_into::<Entry>(entry.cast(), dentry, offset!(dentry_d_hash_pprev));
        let (pprev, parent, hash_len, name) = unsafe {
            (
                read_volatile(&raw const (*entry).pprev),
                read_volatile(&raw const (*entry).parent),
                read_volatile(&raw const (*entry).hash_len),
                read_volatile(&raw const (*entry).name),
            )
        };
        let size = (hash_len >> 32 & NAME_MASK) as u32;
        if len == 0 {
            unsafe { write_volatile(body.cast::<u64>().add(1), pprev) };
        }
        let is_short = name == dentry.wrapping_add(offset!(dentry_d_iname) as u64);
        unsafe {
            if is_short {
                for at in 0..SHORT_WORDS {
                    let word = read_volatile((&raw const (*entry).short).cast::<u64>().add(at));
                    to.cast::<u64>().add(at).write_unaligned(word);
                }
            } else {
                bpf_probe_read_kernel(to.cast(), size, name as *const _);
            }
            to.add(size as usize).write(0);
        }
        fill(body, len + size + 1);
        if parent == dentry {
            // The top of a file system that is not that of its mount; on the root's mount: above the root.
            let is_on_root = self.top == 0;
            mark(body, if is_on_root { walk::UNREACHABLE } else { walk::NO_TREE });
            return true;
        }
        self.dentry = parent;
        false
    }
}

/// What the kernel calls for each step: the verifier follows one, and not as many as there can be.
#[inline(never)]
extern "C" fn step(_: u64, walk: *mut Walk) -> i64 {
    i64::from(unsafe { &mut *walk }.step())
}

/// Writes the names from `dentry` up to the task's root behind where the [`KernelPath`] will stand, and how that ended.
#[inline(always)]
fn names(body: *mut u8, mount: u64, dentry: u64) {
    let task = unsafe { bpf_get_current_task_btf() }.cast::<u8>();
    let fs: *const u8 = direct(task, offset!(task_struct_fs));
    let root_mount: u64 = direct(fs, offset!(fs_struct_root_mnt));
    let mut walk = Walk {
        body,
        root: direct(fs, offset!(fs_struct_root_dentry)),
        root_mount: root_mount.wrapping_sub(offset!(mount_mnt) as u64),
        mount: mount.wrapping_sub(offset!(mount_mnt) as u64),
        dentry,
        top: 0,
    };
    walk.top = walk.top_of(walk.mount);
    fill(body, 0);
    mark(body, walk::TOO_DEEP);
    unsafe {
        write_volatile(body.cast::<u64>().add(1), 1);
        bpf_loop(WALK_MAX, step as *mut c_void, (&raw mut walk).cast(), 0);
    }
    // What is in no tree has no link either, and is not deleted.
    let marks = marked(body);
    if marks & walk::NO_TREE == 0 && unsafe { read_volatile(body.cast::<u64>().add(1)) } == 0 {
        mark(body, marks | walk::DELETED);
    }
}
