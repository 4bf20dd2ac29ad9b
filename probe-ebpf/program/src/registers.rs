//! Registers of a thread at a system call. Which machine this is tells a constant that the loader sets: the verifier
//! takes out the branches of the other one, so that one object serves both.

use crate::kernel::{self, offset};
use afterimage_abi::machine;
use core::ptr::read_volatile;

/// One of [`machine`], set by the loader.
#[unsafe(no_mangle)]
static MACHINE: u32 = machine::X86_64;

/// `TS_COMPAT` of thread_info.status (arch/x86/include/asm/thread_info.h): in a 32-bit system call.
const TS_COMPAT: u32 = 1 << 1;
/// `_TIF_32BIT` of thread_info.flags (arch/arm64/include/asm/thread_info.h): a 32-bit process.
const TIF_32BIT: u32 = 1 << 22;

/// Whether the kernel is one of arm64.
#[inline(always)]
pub(crate) fn is_arm64() -> bool {
    unsafe { read_volatile(&raw const MACHINE) == machine::ARM64 }
}

/// Saved registers, `struct pt_regs`; the tracepoint's type lets the verifier check the loads.
#[repr(C)]
pub(crate) union Registers {
    x86: X86,
    arm64: Arm64,
}

/// arch/x86/include/asm/ptrace.h
#[derive(Clone, Copy)]
#[repr(C)]
struct X86 {
    r15_to_rbx: [u64; 6],
    r11: u64,
    r10: u64,
    r9: u64,
    r8: u64,
    rax: u64,
    rcx: u64,
    rdx: u64,
    rsi: u64,
    rdi: u64,
    orig_rax: u64,
}

/// arch/arm64/include/asm/ptrace.h. The first argument is overwritten by the result, and kept in `orig_x0`.
#[derive(Clone, Copy)]
#[repr(C)]
struct Arm64 {
    x: [u64; 31],
    sp: u64,
    pc: u64,
    pstate: u64,
    orig_x0: u64,
    syscallno: i32,
}

impl Registers {
    /// The number of the call.
    #[inline(always)]
    pub(crate) unsafe fn number(regs: *const Self) -> u64 {
        unsafe {
            if is_arm64() {
                (*regs).arm64.syscallno as u64
            } else {
                (*regs).x86.orig_rax
            }
        }
    }

    /// The arguments of a 64-bit call.
    #[inline(always)]
    pub(crate) unsafe fn args(regs: *const Self) -> [u64; 6] {
        unsafe {
            if is_arm64() {
                let x = &raw const (*regs).arm64.x;
                return [(*regs).arm64.orig_x0, (*x)[1], (*x)[2], (*x)[3], (*x)[4], (*x)[5]];
            }
            [
                (*regs).x86.rdi,
                (*regs).x86.rsi,
                (*regs).x86.rdx,
                (*regs).x86.r10,
                (*regs).x86.r8,
                (*regs).x86.r9,
            ]
        }
    }

    /// The arguments of a 32-bit call: ebx, ecx, edx, esi, edi, ebp; r0 to r5.
    #[inline(always)]
    pub(crate) unsafe fn compat_args(regs: *const Self) -> [u64; 6] {
        let low = |v: u64| v & 0xffff_ffff;
        unsafe {
            if is_arm64() {
                let [a, b, c, d, e, f] = Self::args(regs);
                return [low(a), low(b), low(c), low(d), low(e), low(f)];
            }
            let (rbx, rbp) = ((*regs).x86.r15_to_rbx[5], (*regs).x86.r15_to_rbx[4]);
            [
                low(rbx),
                low((*regs).x86.rcx),
                low((*regs).x86.rdx),
                low((*regs).x86.rsi),
                low((*regs).x86.rdi),
                low(rbp),
            ]
        }
    }
}

/// Whether the call that a task makes is a 32-bit one.
#[inline(always)]
pub(crate) fn is_compat(task: *const u8) -> bool {
    let mark = if is_arm64() { TIF_32BIT } else { TS_COMPAT };
    kernel::direct::<u32>(task, offset!(task_struct_compat)) & mark != 0
}
