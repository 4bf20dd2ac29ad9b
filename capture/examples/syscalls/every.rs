//! Every number of a table of system calls, each in a child of its own, with arguments that every call refuses.

use std::arch::asm;
use std::time::{Duration, Instant};

/// No address, no descriptor, no process, no flags: what every call refuses.
const BAD: u64 = u64::MAX - 4095;

/// Calls of the native table that are left out: exit, exit_group and rt_sigreturn do not return; sync, vhangup and reboot
/// act on the machine whatever their arguments say.
const NOT_NATIVE: [u64; 6] = [15, 60, 153, 162, 169, 231];
/// The same calls of the 32-bit table, which has sigreturn, too.
const NOT_COMPAT: [u64; 7] = [1, 36, 88, 111, 119, 173, 252];

/// Numbers `first..=last`, each called in a child right after alarm; prints those that were called.
pub(crate) fn run(table: &str, first: u64, last: u64) {
    let left_out: &[u64] = if table == "compat" { &NOT_COMPAT } else { &NOT_NATIVE };
    for nr in (first..=last).filter(|nr| !left_out.contains(nr)) {
        // SAFETY: the child calls once and ends; whatever the call did to it ends with it.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: as above; alarm has no memory effects.
            unsafe {
                libc::alarm(1);
                if table == "compat" {
                    compat(nr as u32)
                } else {
                    native(nr)
                }
                libc::_exit(0);
            }
        }
        println!("{child} {nr}");
        end(child);
    }
}

/// Waits for a child. One that its alarm does not end has blocked it, and is killed.
fn end(child: i32) {
    let start = Instant::now();
    // SAFETY: no status is asked for; the child has not been waited for yet.
    while unsafe { libc::waitpid(child, std::ptr::null_mut(), libc::__WALL | libc::WNOHANG) } == 0 {
        if start.elapsed() > Duration::from_secs(2) {
            // SAFETY: the child has not been waited for, so the number is still its own.
            unsafe { libc::kill(child, libc::SIGKILL) };
        }
        std::thread::sleep(Duration::from_micros(100));
    }
}

/// # Safety
/// The caller is a child that ends at once.
unsafe fn native(nr: u64) {
    // SAFETY: the arguments point nowhere.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") nr => _,
            in("rdi") BAD, in("rsi") BAD, in("rdx") BAD, in("r10") BAD, in("r8") BAD, in("r9") BAD,
            lateout("rcx") _, lateout("r11") _,
        );
    }
}

/// # Safety
/// As [`native`].
unsafe fn compat(nr: u32) {
    // SAFETY: as there; rbx and rbp cannot be operands, and are put back.
    unsafe {
        asm!(
            "push rbx",
            "push rbp",
            "mov ebx, {bad:e}",
            "mov ebp, {bad:e}",
            "int 0x80",
            "pop rbp",
            "pop rbx",
            bad = in(reg) BAD as u32,
            inlateout("eax") nr => _,
            in("ecx") BAD as u32, in("edx") BAD as u32, in("esi") BAD as u32, in("edi") BAD as u32,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
}
