//! Mounts, in a mount namespace of its own.

use super::{CWD, Done, at, c, call, p, shown};

pub(crate) fn run(out: &mut Done, dir: &str) {
    let result = shown(call(libc::SYS_unshare, &[0x20000]));
    out.say(format!("unshare res={result} flags=131072(CLONE_NEWNS)"));
    let (none, slash, empty) = (c("none"), c("/"), c(""));
    let result = shown(call(libc::SYS_mount, &[p(&none), p(&slash), 0, 0x44000, 0]));
    out.say(format!(
        "mount res={result} dev=none dir=/ type=<NA> flags=278528(MS_REC|MS_PRIVATE)"
    ));
    let place = c(&format!("{dir}/place"));
    call(libc::SYS_mkdir, &[p(&place), 0o755]);
    let fs = call(libc::SYS_fsopen, &[p(&c("tmpfs")), 1]);
    let shows = super::open(fs);
    out.say(format!("fsopen fd={shows} fsname=tmpfs flags=1(FSOPEN_CLOEXEC)"));
    let (key, value) = (c("size"), c("64k"));
    let result = shown(call(libc::SYS_fsconfig, &[fs, 1, p(&key), p(&value), 0]));
    out.say(format!(
        "fsconfig res={result} fd={shows} cmd=1(FSCONFIG_SET_STRING) key=size value_charbuf=64k aux=0"
    ));
    let result = shown(call(libc::SYS_fsconfig, &[fs, 6, 0, 0, 0]));
    out.say(format!(
        "fsconfig res={result} fd={shows} cmd=6(FSCONFIG_CMD_CREATE) key=<NA> value_charbuf=<NA> aux=0"
    ));
    let mount = call(libc::SYS_fsmount, &[fs, 1, 8]);
    out.say(format!(
        "fsmount fd={mount}(<d>(unreachable)/) fs_fd={fs} flags=1(FSMOUNT_CLOEXEC) attr_flags=8(MOUNT_ATTR_NOEXEC)"
    ));
    let result = shown(call(libc::SYS_move_mount, &[mount, p(&empty), CWD, p(&place), 4]));
    out.say(format!(
        "move_mount res={result} from_dirfd={mount} from_path= to_dirfd=-100(AT_FDCWD) to_path={dir}/place \
         flags=4(MOVE_MOUNT_F_EMPTY_PATH)"
    ));
    let attributes = [1u64, 8, 0, 0];
    let result = shown(call(libc::SYS_mount_setattr, &[CWD, p(&place), 0, at(&attributes), 32]));
    out.say(format!(
        "mount_setattr res={result} dirfd=-100(AT_FDCWD) path={dir}/place flags=0(0) attr_set=1(MOUNT_ATTR_RDONLY) \
         attr_clr=8(MOUNT_ATTR_NOEXEC) propagation=0(0) userns_fd=0"
    ));
    let tree = call(libc::SYS_open_tree, &[CWD, p(&place), 0o2000001]);
    out.say(format!(
        "open_tree fd={tree}(<d>(unreachable)/) dirfd=-100(AT_FDCWD) path={dir}/place flags=524289(OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC)"
    ));
    let picked = call(libc::SYS_fspick, &[CWD, p(&place), 1]);
    out.say(format!(
        "fspick fd={} dirfd=-100(AT_FDCWD) path={dir}/place flags=1(FSPICK_CLOEXEC)",
        super::open(picked)
    ));
    let result = shown(call(libc::SYS_umount2, &[p(&place), 2]));
    out.say(format!("umount2 res={result} name={dir}/place flags=2(MNT_DETACH)"));
    let result = shown(call(libc::SYS_umount2, &[p(&place), 8]));
    out.say(format!(
        "umount2 res={result} name={dir}/place flags=8(UMOUNT_NOFOLLOW)"
    ));
    let handle = [8u32, 0, 0, 0];
    let result = shown(call(libc::SYS_name_to_handle_at, &[CWD, p(&place), 0, 0, 0]));
    out.say(format!(
        "name_to_handle_at res={result} dirfd=-100(AT_FDCWD) path={dir}/place flags=0(0)"
    ));
    let result = shown(call(libc::SYS_open_by_handle_at, &[CWD, at(&handle), 0]));
    out.say(format!(
        "open_by_handle_at fd={result} mountfd=-100(ENETDOWN) flags=0(O_RDONLY)"
    ));
}
