//! Signals: sent, handled, delivered.

use super::{Done, at, call, shown, to};

extern "C" fn handler(_: i32) {}

pub(crate) fn run(out: &mut Done) {
    let me = i64::from(std::process::id());
    const USR1: i64 = 10;
    // SAFETY: an array of integers that the kernel fills.
    unsafe { libc::signal(10, handler as *const () as libc::sighandler_t) };
    call(libc::SYS_kill, &[me, USR1]);
    out.say(format!("kill res=0 pid={me} sig=10(SIGUSR1)"));
    out.say(format!(
        "signaldeliver spid={me} dpid={me} sig=10(SIGUSR1) code=0(SI_USER)"
    ));
    out.say("rt_sigreturn res=<NA>");
    call(libc::SYS_tkill, &[me, USR1]);
    out.say(format!("tkill res=0 tid={me} sig=10(SIGUSR1)"));
    out.say(format!(
        "signaldeliver spid={me} dpid={me} sig=10(SIGUSR1) code=-6(SI_TKILL)"
    ));
    out.say("rt_sigreturn res=<NA>");
    call(libc::SYS_tgkill, &[me, me, 0]);
    out.say(format!("tgkill res=0 pid={me} tid={me} sig=0"));
    call(libc::SYS_kill, &[999_999_999, 15]);
    out.say("kill res=-3(ESRCH) pid=999999999 sig=15(SIGTERM)");
    let mut info = [0u32; 32];
    (info[0], info[2], info[4]) = (10, -1i32 as u32, me as u32);
    call(libc::SYS_rt_sigqueueinfo, &[me, USR1, at(&info)]);
    out.say(format!(
        "rt_sigqueueinfo res=0 pid={me} sig=10(SIGUSR1) code=-1(SI_QUEUE)"
    ));
    out.say(format!(
        "signaldeliver spid={me} dpid={me} sig=10(SIGUSR1) code=-1(SI_QUEUE)"
    ));
    call(libc::SYS_rt_tgsigqueueinfo, &[me, me, 0, at(&info)]);
    out.say(format!(
        "rt_tgsigqueueinfo res=0 pid={me} tid={me} sig=0 code=-1(SI_QUEUE)"
    ));
    let pidfd = call(libc::SYS_pidfd_open, &[me, 0]);
    call(libc::SYS_pidfd_send_signal, &[pidfd, 0, 0, 0]);
    out.say(format!("pidfd_send_signal res=0 pidfd={pidfd}(<P>) sig=0 flags=0(0)"));

    let action = [1u64, 0x1400_0000, 0, 1 << 14];
    call(libc::SYS_rt_sigaction, &[12, at(&action), 0, 8]);
    out.say(
        "rt_sigaction res=0 sig=12(SIGUSR2) handler=0x1 flags=335544320(SA_RESTORER|SA_RESTART) mask=16384(SIGTERM)",
    );
    call(libc::SYS_rt_sigaction, &[9, at(&action), 0, 8]);
    out.say(
        "rt_sigaction res=-22(EINVAL) sig=9(SIGKILL) handler=0x1 flags=335544320(SA_RESTORER|SA_RESTART) \
         mask=16384(SIGTERM)",
    );
    let (set, mut old) = (1u64 << 11, 0u64);
    call(libc::SYS_rt_sigprocmask, &[0, at(&set), to(&mut old), 8]);
    out.say(format!(
        "rt_sigprocmask res=0 how=0(SIG_BLOCK) set=2048(SIGUSR2) oldset={old}(0)"
    ));
    call(libc::SYS_rt_sigpending, &[to(&mut old), 8]);
    out.say("rt_sigpending res=0 set=0(0)");
    call(libc::SYS_rt_sigtimedwait, &[at(&set), 0, at(&[0u64, 1_000_000]), 8]);
    out.say("rt_sigtimedwait res=-11(EAGAIN) set=2048(SIGUSR2) timeout=1000000(1ms)");
    let stack = [0u64, 2, 0];
    let result = shown(call(libc::SYS_sigaltstack, &[at(&stack), 0]));
    out.say(format!("sigaltstack res={result} addr=0x0 flags=0x2 size=0"));
    let fd = call(libc::SYS_signalfd4, &[-1, at(&set), 8, 0o2004000]);
    out.say(format!(
        "signalfd4 res={fd}(<s>) oldfd=-1 mask=2048(SIGUSR2) flags=526336(O_NONBLOCK|O_CLOEXEC)"
    ));
}
