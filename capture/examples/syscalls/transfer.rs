//! Moving data between descriptors.

use super::{Done, at, c, call, p, shown, to};

pub(crate) fn run(out: &mut Done, dir: &str) {
    let a = call(libc::SYS_open, &[p(&c("a")), 0o1102, 0o600]);
    let b = call(libc::SYS_open, &[p(&c("b")), 0o1102, 0o600]);
    let (shows_a, shows_b) = (format!("{a}(<f>{dir}/a)"), format!("{b}(<f>{dir}/b)"));
    let parts = [*b"first", *b"other"];
    let vector = [(at(&parts[0]), 5i64), (at(&parts[1]), 5)];
    call(libc::SYS_pwritev2, &[a, at(&vector), 2, 0, 0, 2]);
    out.say(format!(
        "pwritev2 res=10 data=firstother fd={shows_a} pos=0 flags=2(RWF_DSYNC)"
    ));
    let mut buffer = [0u8; 16];
    let into = [(to(&mut buffer), 4i64)];
    call(libc::SYS_preadv2, &[a, at(&into), 1, 3, 0, 0]);
    out.say(format!("preadv2 res=4 data=stot fd={shows_a} pos=3 flags=0(0)"));
    call(libc::SYS_preadv2, &[a, at(&into), 1, 0, 0, 0x4000_0000]);
    out.say(format!(
        "preadv2 res=-95(EOPNOTSUPP) data=<NA> fd={shows_a} pos=0 flags=1073741824(0x40000000)"
    ));
    call(libc::SYS_lseek, &[a, -2, 2]);
    out.say(format!("lseek res=8 fd={shows_a} offset=-2 whence=2(SEEK_END)"));
    let mut offset = 0u64;
    let moved = call(libc::SYS_sendfile, &[b, a, to(&mut offset), 5]);
    out.say(format!(
        "sendfile res={moved} offset={offset} out_fd={shows_b} in_fd={a} size=5"
    ));
    let (mut from, mut into) = (0u64, 100u64);
    let moved = call(libc::SYS_copy_file_range, &[a, to(&mut from), b, to(&mut into), 10, 0]);
    out.say(format!(
        "copy_file_range res={} fdin={shows_a} offin={from} fdout={b} offout={into} len=10",
        shown(moved)
    ));
    let mut pipe = [0i32; 2];
    call(libc::SYS_pipe2, &[to(&mut pipe), 0o2000000]);
    let (r, w) = (i64::from(pipe[0]), i64::from(pipe[1]));
    out.say(format!("pipe2 res=0 fd1={r} fd2={w} flags=524288(O_CLOEXEC)"));
    let mut start = 0u64;
    let moved = call(libc::SYS_splice, &[a, to(&mut start), w, 0, 5, 1]);
    out.say(format!(
        "splice res={moved} fd_in={shows_a} fd_out={w} size=5 flags=1(SPLICE_F_MOVE)"
    ));
    let mut second = [0i32; 2];
    call(libc::SYS_pipe2, &[to(&mut second), 0]);
    let moved = call(libc::SYS_tee, &[r, i64::from(second[1]), 5, 2]);
    out.say(format!(
        "tee res={moved} fd_in={} fd_out={} size=5 flags=2(SPLICE_F_NONBLOCK)",
        super::open(r),
        second[1]
    ));
    let moved = call(libc::SYS_vmsplice, &[i64::from(second[1]), at(&vector), 2, 0]);
    out.say(format!(
        "vmsplice res={moved} data=firstother fd={} flags=0(0)",
        super::open(second[1].into())
    ));
    let size = shown(call(libc::SYS_ioctl, &[r, 0x541b, to(&mut offset)]));
    out.say(format!(
        "ioctl res={size} fd={} request=21531(FIONREAD) argument={:#x}",
        super::open(r),
        to(&mut offset)
    ));
    call(libc::SYS_fcntl, &[a, 3]);
    out.say(format!("fcntl res=32770 fd={shows_a} cmd=3(F_GETFL) arg=0x0"));
    call(libc::SYS_fadvise64, &[a, 0, 10, 4]);
    out.say(format!(
        "fadvise64 res=0 fd={shows_a} offset=0 len=10 advice=4(POSIX_FADV_DONTNEED)"
    ));
    call(libc::SYS_sync_file_range, &[a, 0, 10, 2]);
    out.say(format!(
        "sync_file_range res=0 fd={shows_a} offset=0 len=10 flags=2(SYNC_FILE_RANGE_WRITE)"
    ));
    let here = i64::from(std::process::id());
    let remote = [(at(&parts[0]), 5i64)];
    let local = [(to(&mut buffer), 5i64)];
    let moved = call(libc::SYS_process_vm_readv, &[here, at(&local), 1, at(&remote), 1, 0]);
    out.say(format!(
        "process_vm_readv res={moved} pid={here} data=first remote_addr={:#x} flags=0x0",
        at(&parts[0])
    ));
    let moved = call(libc::SYS_process_vm_writev, &[here, at(&remote), 1, at(&local), 1, 0]);
    out.say(format!(
        "process_vm_writev res={moved} pid={here} data=first remote_addr={:#x} flags=0x0",
        at(&buffer)
    ));
    let dirfd = call(libc::SYS_open, &[p(&c(".")), 0o200000]);
    let mut entries = [0u8; 4096];
    let result = call(libc::SYS_getdents64, &[dirfd, to(&mut entries), 4096]);
    out.say(format!("getdents64 res={result} fd={dirfd}(<d>{dir}) size=4096"));
}
