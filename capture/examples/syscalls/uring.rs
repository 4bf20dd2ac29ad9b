//! Operations of io_uring, through its rings.

use super::{CWD, Done, at, c, call, p, shown};

/// Where the kernel says the parts of the rings are (struct io_uring_params).
#[repr(C)]
#[derive(Default)]
struct Setup {
    sq_entries: u32,
    cq_entries: u32,
    flags: u32,
    sq_thread_cpu: u32,
    sq_thread_idle: u32,
    features: u32,
    wq_fd: u32,
    resv: [u32; 3],
    /// head, tail, ring_mask, ring_entries, flags, dropped, array
    sq: [u32; 10],
    /// head, tail, ring_mask, ring_entries, overflow, cqes
    cq: [u32; 10],
}

struct Ring {
    fd: i64,
    rings: *mut u8,
    entries: *mut u8,
    setup: Setup,
    used: u32,
}

impl Ring {
    fn new() -> (Ring, i64) {
        let mut setup = Setup::default();
        let fd = call(libc::SYS_io_uring_setup, &[8, super::to(&mut setup)]);
        let map = |offset| call(libc::SYS_mmap, &[0, 16384, 3, 0x8001, fd, offset]) as *mut u8;
        let (rings, entries) = if fd < 0 {
            (std::ptr::null_mut(), std::ptr::null_mut())
        } else {
            (map(0), map(0x1000_0000))
        };
        let ring = Ring {
            fd,
            rings,
            entries,
            setup,
            used: 0,
        };
        (ring, fd)
    }

    /// One operation: offset, address, length and flags of its entry. Waits for its result.
    fn run(&mut self, opcode: u8, fd: i64, [offset, address, len, flags]: [i64; 4], user_data: u64) -> i32 {
        let slot = self.used % 8;
        // SAFETY: the kernel's own description of the rings says where these are; one operation is under way at a time.
        unsafe {
            let entry = self.entries.add(64 * slot as usize);
            entry.write_bytes(0, 64);
            entry.write(opcode);
            entry.add(4).cast::<i32>().write(fd as i32);
            entry.add(8).cast::<i64>().write(offset);
            entry.add(16).cast::<i64>().write(address);
            entry.add(24).cast::<u32>().write(len as u32);
            entry.add(28).cast::<u32>().write(flags as u32);
            entry.add(32).cast::<u64>().write(user_data);
            self.rings
                .add(self.setup.sq[6] as usize)
                .cast::<u32>()
                .add(slot as usize)
                .write(slot);
            self.used += 1;
            self.rings
                .add(self.setup.sq[1] as usize)
                .cast::<u32>()
                .write_volatile(self.used);
            call(libc::SYS_io_uring_enter, &[self.fd, 1, 1, 1, 0, 0]);
            let head = self.rings.add(self.setup.cq[0] as usize).cast::<u32>();
            let mask = self.rings.add(self.setup.cq[2] as usize).cast::<u32>().read_volatile();
            let at = (head.read_volatile() & mask) as usize;
            let result = self
                .rings
                .add(self.setup.cq[5] as usize + 16 * at + 8)
                .cast::<i32>()
                .read_volatile();
            head.write_volatile(head.read_volatile() + 1);
            result
        }
    }
}

pub(crate) fn run(out: &mut Done, dir: &str) {
    let (mut ring, fd) = Ring::new();
    let result = shown(fd);
    if fd < 0 {
        return out.say(format!("SKIPPED io_uring_setup: {result}"));
    }
    out.say(format!(
        "io_uring_setup fd={fd}(<r>) entries=8 sq_entries=8 cq_entries=16 flags=0(0) sq_thread_cpu=0 sq_thread_idle=0 \
         features={}({})",
        ring.setup.features,
        super::ring_features(ring.setup.features)
    ));
    let enter = format!("io_uring_enter res=1 fd={fd}(<r>) to_submit=1 min_complete=1 flags=1(IORING_ENTER_GETEVENTS)");
    // What a program does through a ring leaves no calls but the entering.
    let path = c("f");
    let file = ring.run(18, CWD, [0, p(&path), 0o600, 0o102], 0xa1);
    assert!(file > 2, "{file}");
    let invisible = "data=<NA> addr=<NA>";
    let opened = format!(
        "opcode=18(IORING_OP_OPENAT) fd=<NA> user_data=0xa1 dirfd=-100(AT_FDCWD) path=f newpath=<NA> {invisible}"
    );
    out.say(format!("io_uring_op {opened} flags=16(IOSQE_ASYNC)"));
    out.say(format!("io_uring_op res={file} {opened}"));
    out.say(&*enter);
    let file = i64::from(file);
    ring.run(23, file, [0, at(b"through a ring"), 14, 0], 0xa2);
    let written = format!(
        "opcode=23(IORING_OP_WRITE) fd={file}(<f>{dir}/f) user_data=0xa2 dirfd=<NA> path=<NA> newpath=<NA> {invisible}"
    );
    out.say(format!("io_uring_op {written} flags=0(0)"));
    out.say(format!("io_uring_op res=14 {written}"));
    ring.run(19, file, [0, 0, 0, 0], 0xa3);
    let closed = format!(
        "opcode=19(IORING_OP_CLOSE) fd={file}(<f>{dir}/f) user_data=0xa3 dirfd=<NA> path=<NA> newpath=<NA> {invisible}"
    );
    out.say(format!("io_uring_op res=0 {closed}"));
    let (new, missing) = (c("g"), c("missing"));
    ring.run(35, CWD, [p(&new), p(&path), CWD, 0], 0xa4);
    out.say(format!(
        "io_uring_op res=0 opcode=35(IORING_OP_RENAMEAT) fd=<NA> user_data=0xa4 dirfd=-100(AT_FDCWD) path=f newpath=g {invisible}"
    ));
    ring.run(36, CWD, [0, p(&missing), 0, 0], 0xa5);
    out.say(format!(
        "io_uring_op res=-2(ENOENT) opcode=36(IORING_OP_UNLINKAT) fd=<NA> user_data=0xa5 dirfd=-100(AT_FDCWD) path=missing newpath=<NA> {invisible}"
    ));
    let result = shown(call(libc::SYS_io_uring_register, &[fd, 9, 0, 0]));
    out.say(format!(
        "io_uring_register res={result} fd={fd}(<r>) opcode=9(IORING_REGISTER_PERSONALITY) arg=0x0 nr_args=0"
    ));
    assert!(std::path::Path::new(dir).join("g").exists());
}
