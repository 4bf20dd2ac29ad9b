//! What a new image is made of: file, environment, rights.

use crate::kernel::{self, offset, read};
use crate::path;
use crate::ring::{Memory, Record};
use afterimage_abi::{ENV_MAX, EXECUTED_RING, ExecutedFile, ExecutedKey, ExecutedNow, PATH_MAX, item};
use aya_ebpf::bindings::BPF_RB_FORCE_WAKEUP;
use aya_ebpf::macros::map;
use aya_ebpf::maps::{LruHashMap, RingBuf};

/// `OVERLAYFS_SUPER_MAGIC` (include/uapi/linux/magic.h).
const OVERLAY: u32 = 0x794c_7630;
/// Nanoseconds of a time; newer kernels keep a mark in the bits above.
const NANOSECONDS: u32 = 0x3fff_ffff;

/// Files of which the recorder knows the content.
#[map]
static KNOWN: LruHashMap<ExecutedKey, u8> = LruHashMap::with_max_entries(8192, 0);

/// Files that it does not know: [`ExecutedNow`].
#[map]
static EXECUTED: RingBuf = RingBuf::with_byte_size(EXECUTED_RING, 0);

/// Nanoseconds since the Unix epoch.
#[inline(always)]
fn time(inode: u64, seconds: usize, nanoseconds: usize) -> i64 {
    let nanoseconds: u32 = read(inode, nanoseconds);
    let seconds: i64 = read(inode, seconds);
    seconds
        .wrapping_mul(1_000_000_000)
        .wrapping_add(i64::from(nanoseconds & NANOSECONDS))
}

#[inline(always)]
fn describe(file: u64) -> ExecutedFile {
    let inode: u64 = read(file, offset!(file_window) + offset!(file_window_inode));
    let super_block: u64 = read(inode, offset!(inode_i_sb));
    let magic: u32 = read(super_block, offset!(super_block_s_magic));
    let upper: u64 = if magic == OVERLAY {
        read(inode, offset!(overlay_upper))
    } else {
        0
    };
    ExecutedFile {
        ino: read(inode, offset!(inode_i_ino)),
        size: read(inode, offset!(inode_i_size)),
        mtime: time(inode, offset!(inode_mtime_sec), offset!(inode_mtime_nsec)),
        ctime: time(inode, offset!(inode_ctime_sec), offset!(inode_ctime_nsec)),
        dev: read(super_block, offset!(super_block_s_dev)),
        uid: read(inode, offset!(inode_i_uid)),
        gid: read(inode, offset!(inode_i_gid)),
        nlink: read(inode, offset!(inode_i_nlink)),
        magic,
        mode: read(inode, offset!(inode_i_mode)),
        upper: u8::from(upper != 0),
        on_root: u8::from(path::root_super_block() == super_block),
    }
}

/// Adds what the new image of `task` is to the record of its exec, and tells the recorder of a file that it does not know.
#[inline(always)]
pub(crate) fn record(record: &mut Record, task: u64, binprm: u64, tgid_tid: u64, cgroup: u64) {
    let file: u64 = read(binprm, offset!(linux_binprm_file));
    let described = describe(file);
    record.value(item::EXECUTED, described);
    record.value(item::CREDENTIALS, kernel::credentials(task));
    let (name, interpreter): (u64, u64) = (
        read(binprm, offset!(linux_binprm_filename)),
        read(binprm, offset!(linux_binprm_interp)),
    );
    if name != interpreter {
        record.string(item::INTERPRETER, Memory::Kernel, interpreter, PATH_MAX);
    }
    let mm: u64 = read(task, offset!(task_struct_mm));
    let start: u64 = read(mm, offset!(mm_struct_env_start));
    let end: u64 = read(mm, offset!(mm_struct_env_end));
    record.bytes(item::ENV, Memory::User, start, end.wrapping_sub(start), ENV_MAX);
    path::record(-1, file);
    let key = ExecutedKey {
        ino: described.ino,
        ctime: described.ctime,
        size: described.size,
        dev: u64::from(described.dev),
    };
    if unsafe { KNOWN.get(&key) }.is_none() {
        // Where there is no room the recorder is far behind, and says that it did not see the file.
        if let Some(mut now) = EXECUTED.reserve::<ExecutedNow>(0) {
            // In place: the stack is full.
            now.write(ExecutedNow {
                file: described,
                tgid_tid,
                cgroup,
            });
            now.submit(u64::from(BPF_RB_FORCE_WAKEUP));
        }
    }
}
