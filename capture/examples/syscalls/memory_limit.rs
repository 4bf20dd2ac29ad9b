//! A process that the kernel kills for its memory: the directory is a cgroup with a limit.

use super::Done;

pub(crate) fn run(out: &mut Done) {
    // SAFETY: the child uses nothing but its own memory and ends.
    let child = unsafe { libc::fork() };
    if child == 0 {
        std::fs::write("cgroup.procs", std::process::id().to_string()).unwrap();
        let mut held: Vec<Vec<u8>> = Vec::new();
        loop {
            held.push(vec![1; 1 << 20]);
            std::hint::black_box(&held);
        }
    }
    let mut status = 0;
    // SAFETY: a status of its own.
    unsafe { libc::waitpid(child, &mut status, 0) };
    assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGKILL);
    out.say(format!("oom_kill pid={child} comm=syscalls uid=0(root) by={child}"));
    out.say(format!("signaldeliver spid=<NA> dpid={child} sig=9(SIGKILL) code=<NA>"));
    out.say("procexit status=9 ret=0 sig=9(SIGKILL) core=0");
}
