//! Ids, capabilities, limits, scheduling, and one process acting on another.

use super::{Done, at, c, call, p, shown, to};

pub(crate) fn run(out: &mut Done) {
    let me = i64::from(std::process::id());
    for (nr, name, param) in [
        (libc::SYS_getuid, "getuid", "uid"),
        (libc::SYS_geteuid, "geteuid", "euid"),
        (libc::SYS_getgid, "getgid", "gid"),
        (libc::SYS_getegid, "getegid", "egid"),
    ] {
        call(nr, &[]);
        out.say(format!("{name} res=0 {param}=0(root)"));
    }
    call(libc::SYS_getpid, &[]);
    out.say(format!("getpid res={me}"));
    let (mut r, mut e, mut s) = (0u32, 0u32, 0u32);
    call(libc::SYS_getresuid, &[to(&mut r), to(&mut e), to(&mut s)]);
    out.say("getresuid res=0 ruid=0(root) euid=0(root) suid=0(root)");
    call(libc::SYS_getresgid, &[to(&mut r), 0, to(&mut s)]);
    out.say("getresgid res=-14(EFAULT) rgid=<NA> egid=<NA> sgid=<NA>");
    let result = shown(call(libc::SYS_setpgid, &[me, -5]));
    out.say(format!("setpgid res={result} pid={me} pgid=-5"));

    let header = [0x2008_0522u32, 0];
    let mut data = [0u32; 6];
    call(libc::SYS_capget, &[at(&header), to(&mut data)]);
    let set = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
    let (effective, permitted, inheritable) = (set(data[0], data[3]), set(data[1], data[4]), set(data[2], data[5]));
    let names = |bits: u64| super::capabilities(bits);
    out.say(format!(
        "capget res=0 pid=0 cap_inheritable={inheritable}({}) cap_permitted={permitted}({}) cap_effective={effective}({})",
        names(inheritable),
        names(permitted),
        names(effective)
    ));
    let less = [1u32 | 1 << 6, data[1], 0, 0, data[4], 0];
    let result = shown(call(libc::SYS_capset, &[at(&header), at(&less)]));
    out.say(format!(
        "capset res={result} cap_inheritable=0(0) cap_permitted={permitted}({}) cap_effective=65(CAP_CHOWN|CAP_SETGID)",
        names(permitted)
    ));
    call(libc::SYS_capset, &[at(&header), at(&data)]);

    let mut old = [0u64; 2];
    call(libc::SYS_prlimit64, &[0, 4, at(&[1u64, 2]), to(&mut old)]);
    out.say(format!(
        "prlimit64 res=0 newcur=1 newmax=2 oldcur={} oldmax={} pid=0 resource=4(RLIMIT_CORE)",
        old[0] as i64, old[1] as i64
    ));
    call(libc::SYS_getrlimit, &[4, to(&mut old)]);
    out.say("getrlimit res=0 cur=1 max=2 resource=4(RLIMIT_CORE)");
    call(libc::SYS_setrlimit, &[4, at(&[2u64, 1])]);
    out.say("setrlimit res=-22(EINVAL) cur=2 max=1 resource=4(RLIMIT_CORE)");
    let persona = call(libc::SYS_personality, &[0xffff_ffff]);
    out.say(format!("personality res={persona:#x} persona=4294967295"));
    let no_random = call(libc::SYS_personality, &[persona | 0x40000]);
    out.say(format!(
        "personality res={no_random:#x} persona={}(ADDR_NO_RANDOMIZE)",
        persona | 0x40000
    ));
    let mut base = 0u64;
    call(libc::SYS_arch_prctl, &[0x1003, to(&mut base)]);
    out.say(format!(
        "arch_prctl res=0 option=4099(ARCH_GET_FS) addr={:#x}",
        to(&mut base)
    ));
    call(libc::SYS_prctl, &[38, 0, 0, 0, 0]);
    out.say("prctl res=-22(EINVAL) option=38(PR_SET_NO_NEW_PRIVS) arg2_str=<NA> arg2_int=0x0");
    scheduled(out);
    others(out, me);
}

fn scheduled(out: &mut Done) {
    call(libc::SYS_getpriority, &[0, 0]);
    out.say("getpriority res=20 which=0(PRIO_PROCESS) who=0");
    call(libc::SYS_setpriority, &[0, 0, 3]);
    out.say("setpriority res=0 which=0(PRIO_PROCESS) who=0 prio=3");
    let (zero, mut mask) = (0i32, 0u64);
    call(libc::SYS_sched_setscheduler, &[0, 3, at(&zero)]);
    out.say("sched_setscheduler res=0 pid=0 policy=3(SCHED_BATCH) priority=0");
    call(libc::SYS_sched_setparam, &[-1, at(&zero)]);
    out.say("sched_setparam res=-22(EINVAL) pid=-1 priority=0");
    call(libc::SYS_sched_getparam, &[0, at(&zero)]);
    out.say("sched_getparam res=0 pid=0 priority=0");
    call(libc::SYS_sched_get_priority_max, &[1]);
    out.say("sched_get_priority_max res=99 policy=1(SCHED_FIFO)");
    let got = call(libc::SYS_sched_getaffinity, &[0, 8, to(&mut mask)]);
    out.say(format!("sched_getaffinity res={got} pid=0 len=8 mask={mask:#x}"));
    call(libc::SYS_sched_setaffinity, &[0, 8, at(&mask)]);
    out.say(format!("sched_setaffinity res=0 pid=0 len=8 mask={mask:#x}"));
    let attributes = [48u32, 3, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0];
    let result = shown(call(libc::SYS_sched_setattr, &[0, at(&attributes), 0]));
    out.say(format!(
        "sched_setattr res={result} pid=0 policy=3(SCHED_BATCH) sched_flags=0x0 nice=4 priority=0 flags=0x0"
    ));
    call(libc::SYS_sched_yield, &[]);
    out.say("sched_yield res=0");
}

fn others(out: &mut Done, me: i64) {
    call(libc::SYS_kcmp, &[me, me, 1, 0, 0]);
    out.say(format!(
        "kcmp res=0 pid1={me} pid2={me} type=1(KCMP_VM) idx1=0x0 idx2=0x0"
    ));
    let pidfd = call(libc::SYS_pidfd_open, &[me, 0o4000]);
    out.say(format!(
        "pidfd_open fd={pidfd}(<P>) pid={me} flags=2048(PIDFD_NONBLOCK)"
    ));
    let result = call(libc::SYS_pidfd_getfd, &[pidfd, 900, 0]);
    out.say(format!(
        "pidfd_getfd fd={} pid_fd={pidfd} target_fd=900 flags=0x0",
        shown(result)
    ));
    call(libc::SYS_setns, &[900, 0x20000]);
    out.say("setns res=-9(EBADF) fd=900 nstype=131072(CLONE_NEWNS)");
    call(libc::SYS_ptrace, &[0x4206, 999_999_999, 0, 1]);
    out.say("ptrace res=-3(ESRCH) request=16902(PTRACE_SEIZE) pid=999999999 addr=0x0 data=0x1");
    let result = shown(call(libc::SYS_membarrier, &[0, 0, 0]));
    out.say(format!(
        "membarrier res={result} cmd=0(MEMBARRIER_CMD_QUERY) flags=0x0 cpu_id=0"
    ));
    let result = shown(call(libc::SYS_sethostname, &[p(&c("x")), -1]));
    out.say(format!("sethostname res={result} name=<NA> len=-1"));
    let result = shown(call(libc::SYS_setdomainname, &[p(&c("much.too.long")), 1000]));
    out.say(format!("setdomainname res={result} name={} len=1000", "<NA>"));
    // SAFETY: the child does nothing but end.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: ends at once.
        unsafe { libc::_exit(7) };
    }
    let mut status = 0i32;
    call(libc::SYS_wait4, &[i64::from(child), to(&mut status), 0x4000_0000, 0]);
    out.say(format!(
        "wait4 res={child} pid={child} status=1792 options=1073741824(__WALL)"
    ));
    call(libc::SYS_wait4, &[-1, to(&mut status), 1, 0]);
    out.say("wait4 res=-10(ECHILD) pid=-1 status=<NA> options=1(WNOHANG)");
    call(libc::SYS_waitid, &[1, 900_000_000, 0, 5]);
    out.say("waitid res=-10(ECHILD) which=1(P_PID) pid=900000000 options=5(WNOHANG|WEXITED)");
}
