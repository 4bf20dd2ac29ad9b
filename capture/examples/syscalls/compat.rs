//! 32-bit calls of a 64-bit program: through int 0x80, with memory below 4 GiB.

use super::{Done, call, shown};
use std::arch::asm;

/// Memory that 32-bit pointers reach.
struct Low(*mut u8);

impl Low {
    fn new() -> Low {
        let page = call(libc::SYS_mmap, &[0, 4096, 3, 0x62, -1, 0]);
        assert!(page > 0 && page < 1 << 32);
        Low(page as *mut u8)
    }

    /// Puts bytes at an offset; returns their address.
    fn put(&self, offset: usize, bytes: &[u8]) -> u32 {
        assert!(offset + bytes.len() < 4096);
        // SAFETY: inside of the page, which nobody else refers to.
        unsafe { self.0.add(offset).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        self.0 as u32 + offset as u32
    }

    fn words(&self, offset: usize, words: &[u32]) -> u32 {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        self.put(offset, &bytes)
    }
}

fn call32(nr: u32, args: &[u32]) -> i32 {
    let at = |n: usize| args.get(n).copied().unwrap_or(0);
    let result: u32;
    // SAFETY: pointers among the arguments are of [`Low`]; rbx and rbp cannot be operands, and are put back.
    unsafe {
        asm!(
            "push rbx",
            "push rbp",
            "mov ebx, {a:e}",
            "mov ebp, r10d",
            "int 0x80",
            "pop rbp",
            "pop rbx",
            a = in(reg) at(0),
            inlateout("eax") nr => result,
            in("ecx") at(1), in("edx") at(2), in("esi") at(3), in("edi") at(4),
            inlateout("r10") u64::from(at(5)) => _,
            out("r8") _, out("r9") _, out("r11") _,
        );
    }
    result as i32
}

pub(crate) fn run(out: &mut Done, dir: &str) {
    let low = Low::new();
    let (name, missing) = (low.put(0, b"f\0"), low.put(16, b"missing\0"));
    let fd = call32(5, &[name, 0o102, 0o640]);
    out.say(format!(
        "open fd={fd}(<f>{dir}/f) name=f flags=66(O_RDWR|O_CREAT) mode=0640(S_IRGRP|S_IWUSR|S_IRUSR)"
    ));
    let fd = fd as u32;
    call32(4, &[fd, low.put(32, b"written bytes"), 13]);
    out.say(format!("write res=13 data=written bytes fd={fd}(<f>{dir}/f) size=13"));
    call32(180, &[fd, low.put(64, &[0; 16]), 5, 8, 0]);
    out.say(format!("pread64 res=5 data=bytes fd={fd}(<f>{dir}/f) size=5 pos=8"));
    call32(140, &[fd, u32::MAX, (-3i32) as u32, low.put(96, &[0; 8]), 2]);
    out.say(format!(
        "_llseek res=0 fd={fd}(<f>{dir}/f) offset=-3 result=10 whence=2(SEEK_END)"
    ));
    let result = shown(call32(194, &[fd, 7, 1]).into());
    out.say(format!(
        "ftruncate64 res={result} fd={fd}(<f>{dir}/f) length=4294967303"
    ));
    let copy = call32(41, &[fd]);
    out.say(format!("dup res={copy}(<f>{dir}/f) oldfd={fd}"));
    call32(6, &[fd]);
    out.say(format!("close res=0 fd={fd}(<f>{dir}/f)"));
    let fd = copy as u32;
    call32(195, &[missing, 0]);
    out.say("stat64 res=-2(ENOENT) path=missing");
    call32(10, &[missing]);
    out.say("unlink res=-2(ENOENT) path=missing");
    call32(199, &[]);
    out.say("getuid32 res=0 uid=0(root)");
    let mapped = call32(192, &[0, 4096, 1, 0x22, u32::MAX, 0]) as u32;
    out.say(format!(
        "mmap2 res={} addr=0x0 length=4096 prot=1(PROT_READ) flags=34(MAP_PRIVATE|MAP_ANONYMOUS) fd=-1(EPERM) \
         pgoffset=0",
        mapped
    ));
    call32(162, &[low.words(128, &[0, 1_000_000]), 0]);
    out.say("nanosleep res=0 interval=1000000(1ms)");
    call32(37, &[std::process::id(), 0]);
    out.say(format!("kill res=0 pid={} sig=0", std::process::id()));
    call32(366, &[900, 1, 2, low.words(160, &[1]), 4]);
    out.say(
        "setsockopt res=-9(EBADF) fd=900 level=1(SOL_SOCKET) optname=2(SO_REUSEADDR) val=1 \
         val_bytes=\\x01\\x00\\x00\\x00 optlen=4",
    );
    // What it did to descriptors is not followed: from here on they have no names.
    let socket = call32(102, &[1, low.words(192, &[2, 1, 0, 0, 0, 0])]);
    out.say(format!(
        "socketcall res={socket} call=1(SYS_SOCKET) arg0=0x2 arg1=0x1 arg2=0x0 arg3=0x0 arg4=0x0 arg5=0x0"
    ));
    call32(6, &[fd]);
    out.say(format!("close res=0 fd={fd}"));
    call32(511, &[5]);
    out.say("syscall32 res=-38(ENOSYS) ID=511 arg0=0x5 arg1=0x0 arg2=0x0 arg3=0x0 arg4=0x0 arg5=<NA>");
}
