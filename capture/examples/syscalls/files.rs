//! Files by path.

use super::{CWD, Done, at, c, call, p, shown, to};

pub(crate) fn run(out: &mut Done, dir: &str) {
    let (f, missing) = (c("f"), c("missing"));
    let fd = call(libc::SYS_open, &[p(&f), 0o102, 0o640]);
    out.say(format!(
        "open fd={fd}(<f>{dir}/f) name=f flags=66(O_RDWR|O_CREAT) mode=0640(S_IRGRP|S_IWUSR|S_IRUSR)"
    ));
    let mut stat = [0u64; 64];
    for (nr, name) in [(libc::SYS_stat, "stat"), (libc::SYS_lstat, "lstat")] {
        call(nr, &[p(&f), to(&mut stat)]);
        out.say(format!("{name} res=0 path=f"));
        let failed = shown(call(nr, &[p(&missing), to(&mut stat)]));
        out.say(format!("{name} res={failed} path=missing"));
    }
    call(libc::SYS_fstat, &[fd, to(&mut stat)]);
    out.say(format!("fstat res=0 fd={fd}(<f>{dir}/f)"));
    call(libc::SYS_newfstatat, &[CWD, p(&f), to(&mut stat), 0x100]);
    out.say("newfstatat res=0 dirfd=-100(AT_FDCWD) path=f flags=256(AT_SYMLINK_NOFOLLOW)");
    call(libc::SYS_statx, &[CWD, p(&f), 0, 0x7ff, to(&mut stat)]);
    out.say("statx res=0 dirfd=-100(AT_FDCWD) path=f flags=0(0) mask=2047(STATX_BASIC_STATS)");
    call(libc::SYS_access, &[p(&f), 6]);
    out.say("access res=0 name=f mode=6(W_OK|R_OK)");
    call(libc::SYS_access, &[p(&missing), 0]);
    out.say("access res=-2(ENOENT) name=missing mode=0(F_OK)");
    call(libc::SYS_faccessat, &[CWD, p(&f), 4]);
    out.say("faccessat res=0 dirfd=-100(AT_FDCWD) name=f mode=4(R_OK)");
    call(libc::SYS_faccessat2, &[CWD, p(&f), 4, 0x200]);
    out.say("faccessat2 res=0 dirfd=-100(AT_FDCWD) name=f mode=4(R_OK) flags=512(AT_EACCESS)");
    let link = c("link");
    call(libc::SYS_symlink, &[p(&f), p(&link)]);
    let mut buffer = [0u8; 4096];
    call(libc::SYS_readlink, &[p(&link), to(&mut buffer), 4096]);
    out.say("readlink res=1 path=link target=f size=4096");
    call(libc::SYS_readlink, &[p(&f), to(&mut buffer), 4096]);
    out.say("readlink res=-22(EINVAL) path=f target=<NA> size=4096");
    call(libc::SYS_readlinkat, &[CWD, p(&link), to(&mut buffer), 100]);
    out.say("readlinkat res=1 dirfd=-100(AT_FDCWD) path=link target=f size=100");
    let length = call(libc::SYS_getcwd, &[to(&mut buffer), 4096]);
    out.say(format!("getcwd res={length} path={dir}"));
    call(libc::SYS_getcwd, &[to(&mut buffer), 1]);
    out.say("getcwd res=-34(ERANGE) path=<NA>");
    call(libc::SYS_statfs, &[p(&f), to(&mut stat)]);
    out.say("statfs res=0 path=f");
    call(libc::SYS_fstatfs, &[fd, to(&mut stat)]);
    out.say(format!("fstatfs res=0 fd={fd}(<f>{dir}/f)"));
    changed(out, dir, fd);
    watched(out, dir);
}

fn changed(out: &mut Done, dir: &str, fd: i64) {
    let f = c("f");
    call(libc::SYS_truncate, &[p(&f), 100]);
    out.say("truncate res=0 path=f length=100");
    call(libc::SYS_truncate, &[p(&f), -1]);
    out.say("truncate res=-22(EINVAL) path=f length=-1");
    call(libc::SYS_ftruncate, &[fd, 50]);
    out.say(format!("ftruncate res=0 fd={fd}(<f>{dir}/f) length=50"));
    let result = shown(call(libc::SYS_fallocate, &[fd, 1, 0, 4096]));
    out.say(format!(
        "fallocate res={result} fd={fd}(<f>{dir}/f) mode=1(FALLOC_FL_KEEP_SIZE) offset=0 length=4096"
    ));
    call(libc::SYS_utime, &[p(&f), at(&[10u64, 20])]);
    out.say("utime res=0 path=f atime=10000000000 mtime=20000000000");
    call(libc::SYS_utimes, &[p(&f), at(&[1u64, 2, 3, 4])]);
    out.say("utimes res=0 path=f atime=1000002000 mtime=3000004000");
    call(libc::SYS_futimesat, &[CWD, p(&f), 0]);
    out.say("futimesat res=0 dirfd=-100(AT_FDCWD) path=f atime=<NA> mtime=<NA>");
    call(
        libc::SYS_utimensat,
        &[CWD, p(&f), at(&[5u64, 6, 0, 0x3fff_ffff]), 0x100],
    );
    out.say("utimensat res=0 dirfd=-100(AT_FDCWD) path=f atime=5000000006 mtime=<NA> flags=256(AT_SYMLINK_NOFOLLOW)");
    let fifo = c("fifo");
    call(libc::SYS_mknod, &[p(&fifo), 0o010600, 0]);
    out.say("mknod res=0 path=fifo mode=10600(S_IWUSR|S_IRUSR) dev=0(0:0)");
    let result = shown(call(libc::SYS_mknodat, &[CWD, p(&c("disk")), 0o060600, 0x801]));
    out.say(format!(
        "mknodat res={result} dirfd=-100(AT_FDCWD) path=disk mode=60600(S_IWUSR|S_IRUSR) dev=2049(8:1)"
    ));
    let before = call(libc::SYS_umask, &[0o27]);
    out.say(format!(
        "umask res={before:04o}(S_IWOTH|S_IWGRP) mask=0027(S_IXOTH|S_IWOTH|S_IROTH|S_IWGRP)"
    ));
    call(libc::SYS_umask, &[before]);
    call(libc::SYS_acct, &[p(&c("no/such/file"))]);
    out.say("acct res=-2(ENOENT) path=no/such/file");
    call(libc::SYS_swapon, &[p(&c("no/such/file")), 0x8000]);
    out.say("swapon res=-2(ENOENT) path=no/such/file flags=32768(SWAP_FLAG_PREFER)");
    call(libc::SYS_swapoff, &[p(&c("no/such/file"))]);
    out.say("swapoff res=-2(ENOENT) path=no/such/file");
    let result = shown(call(libc::SYS_quotactl, &[0x8000_0700, p(&c("/dev/none")), 7, 0]));
    out.say(format!(
        "quotactl res={result} cmd=2147485440(Q_GETQUOTA|USRQUOTA) special=/dev/none id=7"
    ));
    call(libc::SYS_renameat2, &[CWD, p(&c("fifo")), CWD, p(&f), 1]);
    out.say(
        "renameat2 res=-17(EEXIST) olddirfd=-100(AT_FDCWD) oldpath=fifo newdirfd=-100(AT_FDCWD) newpath=f \
         flags=1(RENAME_NOREPLACE)",
    );
    call(libc::SYS_flock, &[fd, 6]);
    out.say(format!("flock res=0 fd={fd}(<f>{dir}/f) operation=6(LOCK_EX|LOCK_NB)"));
    call(libc::SYS_close_range, &[500, 600, 4]);
    out.say("close_range res=0 first=500 last=600 flags=4(CLOSE_RANGE_CLOEXEC)");
    let how = [0u64, 0, 8];
    let escape = shown(call(libc::SYS_openat2, &[CWD, p(&c("/etc/passwd")), at(&how), 24]));
    out.say(format!(
        "openat2 fd={escape} dirfd=-100(AT_FDCWD) name=/etc/passwd flags=0(O_RDONLY) mode=0000 \
         resolve=8(RESOLVE_BENEATH)"
    ));
    let (r, w) = (7, 11);
    let result = shown(call(libc::SYS_mknodat, &[99, p(&c("x")), 0o100600, r + w]));
    out.say(format!(
        "mknodat res={result} dirfd=99 path=x mode=100600(S_IWUSR|S_IRUSR) dev=18(0:18)"
    ));
}

fn watched(out: &mut Done, dir: &str) {
    let fd = call(libc::SYS_inotify_init1, &[0o2000000]);
    out.say(format!("inotify_init1 fd={fd}(<i>) flags=524288(O_CLOEXEC)"));
    let watch = call(libc::SYS_inotify_add_watch, &[fd, p(&c(dir)), 0x102]);
    out.say(format!(
        "inotify_add_watch res={watch} fd={fd}(<i>) path={dir} mask=258(IN_MODIFY|IN_CREATE)"
    ));
    call(libc::SYS_inotify_rm_watch, &[fd, watch]);
    out.say(format!("inotify_rm_watch res=0 fd={fd}(<i>) wd={watch}"));
    let fan = call(libc::SYS_fanotify_init, &[1, 0]);
    let name = super::open(fan);
    out.say(format!(
        "fanotify_init fd={name} flags=1(FAN_CLOEXEC) event_f_flags=0(O_RDONLY)"
    ));
    let result = shown(call(libc::SYS_fanotify_mark, &[-1, 1, 0x20, CWD, p(&c("f"))]));
    out.say(format!(
        "fanotify_mark res={result} fd=-1(EPERM) flags=1(FAN_MARK_ADD) mask=32(FAN_OPEN) dirfd=-100(AT_FDCWD) path=f"
    ));
}

/// Extended attributes.
pub(crate) fn attributes(out: &mut Done, dir: &str) {
    let (f, name, value) = (c("f"), c("user.color"), *b"blue");
    let fd = call(libc::SYS_creat, &[p(&f), 0o600]);
    let shows = format!("fd={fd}(<f>{dir}/f)");
    let mut buffer = [0u8; 64];
    for (nr, call_name) in [(libc::SYS_setxattr, "setxattr"), (libc::SYS_lsetxattr, "lsetxattr")] {
        let result = shown(call(nr, &[p(&f), p(&name), at(&value), 4, 0]));
        out.say(format!(
            "{call_name} res={result} path=f name=user.color value=blue size=4 flags=0(0)"
        ));
    }
    let result = shown(call(libc::SYS_fsetxattr, &[fd, p(&name), at(&value), 4, 1]));
    out.say(format!(
        "fsetxattr res={result} {shows} name=user.color value=blue size=4 flags=1(XATTR_CREATE)"
    ));
    for (nr, call_name) in [(libc::SYS_getxattr, "getxattr"), (libc::SYS_lgetxattr, "lgetxattr")] {
        let result = call(nr, &[p(&f), p(&name), to(&mut buffer), 64]);
        let read = if result > 0 { "blue" } else { "<NA>" };
        out.say(format!(
            "{call_name} res={} path=f name=user.color value={read} size=64",
            shown(result)
        ));
    }
    let result = call(libc::SYS_fgetxattr, &[fd, p(&c("user.none")), to(&mut buffer), 64]);
    out.say(format!(
        "fgetxattr res={} {shows} name=user.none value=<NA> size=64",
        shown(result)
    ));
    for (nr, call_name) in [(libc::SYS_listxattr, "listxattr"), (libc::SYS_llistxattr, "llistxattr")] {
        let result = call(nr, &[p(&f), to(&mut buffer), 64]);
        let read = if result > 0 { "user.color " } else { "<NA>" };
        out.say(format!(
            "{call_name} res={} path=f list={} size=64",
            shown(result),
            read.trim_end()
        ));
    }
    let result = call(libc::SYS_flistxattr, &[fd, 0, 0]);
    out.say(format!("flistxattr res={} {shows} list=<NA> size=0", shown(result)));
    for (nr, call_name) in [
        (libc::SYS_removexattr, "removexattr"),
        (libc::SYS_lremovexattr, "lremovexattr"),
    ] {
        let result = shown(call(nr, &[p(&f), p(&name)]));
        out.say(format!("{call_name} res={result} path=f name=user.color"));
    }
    let result = shown(call(libc::SYS_fremovexattr, &[fd, p(&name)]));
    out.say(format!("fremovexattr res={result} {shows} name=user.color"));
    // Since Linux 6.13; before that they fail, and are recorded all the same.
    let args = [at(&value) as u64, 4];
    let result = shown(call(463, &[CWD, p(&f), 0x100, p(&name), at(&args), 16]));
    out.say(format!(
        "setxattrat res={result} dirfd=-100(AT_FDCWD) path=f at_flags=256(AT_SYMLINK_NOFOLLOW) name=user.color size=4 \
         flags=0(0)"
    ));
    let args = [to(&mut buffer) as u64, 64];
    let result = shown(call(464, &[CWD, p(&f), 0, p(&name), at(&args), 16]));
    out.say(format!(
        "getxattrat res={result} dirfd=-100(AT_FDCWD) path=f at_flags=0(0) name=user.color size=64"
    ));
    let result = shown(call(466, &[CWD, p(&f), 0, p(&name)]));
    out.say(format!(
        "removexattrat res={result} dirfd=-100(AT_FDCWD) path=f at_flags=0(0) name=user.color"
    ));
    let result = shown(call(465, &[CWD, p(&f), 0, to(&mut buffer), 64]));
    out.say(format!(
        "listxattrat res={result} dirfd=-100(AT_FDCWD) path=f at_flags=0(0) list=<NA> size=64"
    ));
}
