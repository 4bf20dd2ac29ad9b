//! The recorder's own system call filter. It reads what hostile processes wrote; whoever finds an error in it shall not
//! be able to run a program, open a socket, change memory to code, or load anything into the kernel.
//!
//! A call that is not in the list fails with EPERM and does not kill: a recorder that is killed loses its open segment,
//! and one whose write fails seals what there is and says so.

use anyhow::{Context, Result};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};
use std::collections::BTreeMap;

/// What a recording does from when it has begun until it is sealed.
#[rustfmt::skip]
const ALLOWED: &[i64] = &[
    // The trace, attachments, /proc.
    libc::SYS_read, libc::SYS_pread64, libc::SYS_readv, libc::SYS_write, libc::SYS_pwrite64, libc::SYS_writev,
    libc::SYS_openat, libc::SYS_close, libc::SYS_lseek, libc::SYS_ftruncate, libc::SYS_fallocate,
    libc::SYS_fsync, libc::SYS_fdatasync, libc::SYS_sync_file_range, libc::SYS_fcntl, libc::SYS_flock,
    libc::SYS_fstat, libc::SYS_newfstatat, libc::SYS_statx, libc::SYS_statfs,
    libc::SYS_fstatfs, libc::SYS_faccessat, libc::SYS_faccessat2, libc::SYS_readlinkat,
    libc::SYS_getdents64, libc::SYS_getcwd, libc::SYS_unlinkat, libc::SYS_renameat,
    libc::SYS_renameat2, libc::SYS_fchmod, libc::SYS_dup, libc::SYS_pipe2,
    // Memory and threads; what makes memory executable is looked at below.
    libc::SYS_munmap, libc::SYS_mremap, libc::SYS_madvise, libc::SYS_brk, libc::SYS_futex, libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity, libc::SYS_set_robust_list, libc::SYS_rseq, libc::SYS_exit, libc::SYS_exit_group,
    libc::SYS_sigaltstack, libc::SYS_membarrier, libc::SYS_clone3, libc::SYS_gettid, libc::SYS_getpid, libc::SYS_prctl,
    // Waiting, time, chance.
    libc::SYS_ppoll, libc::SYS_clock_gettime, libc::SYS_clock_nanosleep, libc::SYS_nanosleep,
    libc::SYS_gettimeofday, libc::SYS_getrandom, libc::SYS_wait4, libc::SYS_getrusage, libc::SYS_restart_syscall,
    libc::SYS_epoll_create1, libc::SYS_epoll_ctl, libc::SYS_epoll_pwait,
    // Signals: its command's, and its own.
    libc::SYS_kill, libc::SYS_tgkill, libc::SYS_rt_sigaction, libc::SYS_rt_sigprocmask, libc::SYS_rt_sigreturn,
    // Who wrote a file, for the custody log.
    libc::SYS_getuid, libc::SYS_geteuid, libc::SYS_getgid, libc::SYS_getegid, libc::SYS_uname, libc::SYS_sysinfo,
    libc::SYS_prlimit64, libc::SYS_getpriority,
];

/// Calls of these that have a newer form, which alone newer machines have.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
const OLDER: &[i64] = &[
    libc::SYS_open, libc::SYS_stat, libc::SYS_lstat, libc::SYS_access, libc::SYS_readlink, libc::SYS_unlink,
    libc::SYS_rename, libc::SYS_poll, libc::SYS_epoll_wait,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[i64] = &[];

/// Commands of bpf(2) on maps that are there already (include/uapi/linux/bpf.h): look up, update, delete, next key; and
/// detaching a link.
const BPF_COMMANDS: [u64; 5] = [1, 2, 3, 4, 34];

/// From now on no thread of this process can make a call that recording does not need.
///
/// # Errors
/// When the kernel has no seccomp.
pub(crate) fn confine() -> Result<()> {
    confine_to(&[])
}

/// The same for an agent, which also answers at the Unix socket that it has made before: it takes connections and asks who
/// is there, and can still make none.
///
/// # Errors
/// When the kernel has no seccomp.
pub(crate) fn confine_agent() -> Result<()> {
    confine_to(&[libc::SYS_accept4, libc::SYS_getsockopt])
}

fn confine_to(further: &[i64]) -> Result<()> {
    // The list comes last: it refuses further filters.
    no_clone3()
        .and_then(|program| seccompiler::apply_filter_all_threads(&program))
        .and_then(|()| seccompiler::apply_filter_all_threads(&allow_list(further)?))
        .context("cannot filter the recorder's own system calls (seccomp)")
}

fn allow_list(further: &[i64]) -> seccompiler::Result<BpfProgram> {
    let condition = |arg: u8, len, op, value| SeccompCondition::new(arg, len, op, value);
    let (word, double) = (SeccompCmpArgLen::Dword, SeccompCmpArgLen::Qword);
    let without = |arg: u8, bit: i32| condition(arg, word.clone(), SeccompCmpOp::MaskedEq(bit as u64), 0);
    let with = |arg: u8, bit: i32| condition(arg, double.clone(), SeccompCmpOp::MaskedEq(bit as u64), bit as u64);
    let rule = |condition| SeccompRule::new(vec![condition]);
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = ALLOWED
        .iter()
        .chain(OLDER)
        .chain(further)
        .map(|nr| (*nr, Vec::new()))
        .collect();
    rules.insert(libc::SYS_mmap, vec![rule(without(2, libc::PROT_EXEC)?)?]);
    rules.insert(libc::SYS_mprotect, vec![rule(without(2, libc::PROT_EXEC)?)?]);
    // Threads, no processes.
    rules.insert(libc::SYS_clone, vec![rule(with(0, libc::CLONE_THREAD)?)?]);
    // What a terminal is and how wide.
    let terminal = [libc::TCGETS as u32, libc::TIOCGWINSZ as u32];
    let terminal = terminal.map(|request| rule(condition(1, word.clone(), SeccompCmpOp::Eq, request.into())?));
    rules.insert(libc::SYS_ioctl, terminal.into_iter().collect::<Result<_, _>>()?);
    let maps = BPF_COMMANDS.map(|command| rule(condition(0, word.clone(), SeccompCmpOp::Eq, command)?));
    rules.insert(libc::SYS_bpf, maps.into_iter().collect::<Result<_, _>>()?);
    Ok(SeccompFilter::new(
        rules,
        SeccompAction::Errno(libc::EPERM as u32),
        SeccompAction::Allow,
        arch()?,
    )?
    .try_into()?)
}

/// The flags of clone3 are in memory, where no filter sees them. Without it the C library takes clone.
fn no_clone3() -> seccompiler::Result<BpfProgram> {
    let rules = [(libc::SYS_clone3, Vec::new())].into();
    Ok(SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::ENOSYS as u32),
        arch()?,
    )?
    .try_into()?)
}

fn arch() -> seccompiler::Result<TargetArch> {
    Ok(std::env::consts::ARCH.try_into()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a child that has confined itself may do: its exit status has a bit for each call that went through.
    #[test]
    fn a_confined_process_can_do_its_work_and_nothing_else() {
        // SAFETY: the child makes only system calls and allocations of its own, and ends with `_exit`.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            let confined = confine().is_ok();
            let refused =
                |result: i64| result == -1 && std::io::Error::last_os_error().raw_os_error() == Some(libc::EPERM);
            // SAFETY: calls with numbers only, or that fail before they would look at their null pointers.
            let all = unsafe {
                confined
                    && refused(i64::from(libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0)))
                    && refused(i64::from(libc::execv(c"/bin/true".as_ptr(), std::ptr::null())))
                    && refused(libc::syscall(libc::SYS_fork))
                    && refused(libc::syscall(libc::SYS_bpf, 5, 0, 0))
                    && refused(libc::syscall(libc::SYS_ptrace, 0, 0, 0, 0))
                    && refused(libc::syscall(
                        libc::SYS_mmap,
                        0,
                        4096,
                        libc::PROT_EXEC,
                        libc::MAP_ANONYMOUS | libc::MAP_PRIVATE,
                        -1,
                        0,
                    ))
                    && std::fs::read("/proc/self/status").is_ok()
                    && std::thread::spawn(|| ()).join().is_ok()
            };
            // SAFETY: ends the child.
            unsafe { libc::_exit(if all { 42 } else { 1 }) };
        }
        let mut status = 0;
        // SAFETY: `status` is a valid place for the result.
        assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
        assert_eq!(libc::WEXITSTATUS(status), 42, "status {status:x}");
    }
}
