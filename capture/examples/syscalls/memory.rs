//! Memory mappings.

use super::{Done, c, call, p, shown};

pub(crate) fn run(out: &mut Done, dir: &str) {
    let page = call(libc::SYS_mmap, &[0, 8192, 3, 0x22, -1, 0]);
    out.say(format!(
        "mmap res={page} addr=0x0 length=8192 prot=3(PROT_READ|PROT_WRITE) flags=34(MAP_PRIVATE|MAP_ANONYMOUS) \
         fd=-1(EPERM) offset=0"
    ));
    let f = call(libc::SYS_open, &[p(&c("f")), 0o102, 0o600]);
    let file = call(libc::SYS_mmap, &[0, 4096, 5, 1, f, 4096]);
    out.say(format!(
        "mmap res={file} addr=0x0 length=4096 prot=5(PROT_READ|PROT_EXEC) flags=1(MAP_SHARED) fd={f}(<f>{dir}/f) \
         offset=4096"
    ));
    call(libc::SYS_mmap, &[0, 0, 1, 0x22, -1, 0]);
    out.say("mmap res=-22(EINVAL) addr=0x0 length=0 prot=1(PROT_READ) flags=34(MAP_PRIVATE|MAP_ANONYMOUS) fd=-1(EPERM) offset=0");
    call(libc::SYS_mprotect, &[page, 4096, 5]);
    out.say(format!(
        "mprotect res=0 addr={page:#x} length=4096 prot=5(PROT_READ|PROT_EXEC)"
    ));
    call(libc::SYS_mprotect, &[1, 4096, 7]);
    out.say("mprotect res=-22(EINVAL) addr=0x1 length=4096 prot=7(PROT_READ|PROT_WRITE|PROT_EXEC)");
    let result = shown(call(libc::SYS_pkey_mprotect, &[page, 4096, 1, -1]));
    out.say(format!(
        "pkey_mprotect res={result} addr={page:#x} length=4096 prot=1(PROT_READ) pkey=-1"
    ));
    call(libc::SYS_madvise, &[page, 4096, 4]);
    out.say(format!(
        "madvise res=0 addr={page:#x} length=4096 advice=4(MADV_DONTNEED)"
    ));
    call(libc::SYS_msync, &[file, 4096, 4]);
    out.say(format!("msync res=0 addr={file:#x} length=4096 flags=4(MS_SYNC)"));
    let result = shown(call(libc::SYS_mlock2, &[page, 4096, 1]));
    out.say(format!(
        "mlock2 res={result} addr={page:#x} len=4096 flags=1(MLOCK_ONFAULT)"
    ));
    let result = shown(call(libc::SYS_mlock, &[page, 4096]));
    out.say(format!("mlock res={result} addr={page:#x} len=4096"));
    call(libc::SYS_munlock, &[page, 4096]);
    out.say(format!("munlock res=0 addr={page:#x} len=4096"));
    call(libc::SYS_mlockall, &[8]);
    out.say("mlockall res=-22(EINVAL) flags=8(0x8)");
    let moved = call(libc::SYS_mremap, &[file, 4096, 8192, 1, 0]);
    out.say(format!(
        "mremap res={moved} addr={file:#x} old_length=4096 length=8192 flags=1(MREMAP_MAYMOVE) new_addr=0x0"
    ));
    call(libc::SYS_munmap, &[moved, 8192]);
    out.say(format!("munmap res=0 addr={moved:#x} length=8192"));
    let end = call(libc::SYS_brk, &[0]);
    out.say(format!("brk res={end:#x} addr=0x0"));
    let memfd = call(libc::SYS_memfd_create, &[p(&c("secret")), 3]);
    out.say(format!(
        "memfd_create fd={memfd}(<m>memfd:secret) name=secret flags=3(MFD_CLOEXEC|MFD_ALLOW_SEALING)"
    ));
    let secret = call(libc::SYS_memfd_secret, &[0o2000000]);
    let shows = if secret < 0 {
        shown(secret)
    } else {
        format!("{secret}(<m>secretmem)")
    };
    out.say(format!("memfd_secret fd={shows} flags=524288(O_CLOEXEC)"));
    let result = shown(call(libc::SYS_userfaultfd, &[2]));
    out.say(format!("userfaultfd fd={result} flags=2(0x2)"));
}
