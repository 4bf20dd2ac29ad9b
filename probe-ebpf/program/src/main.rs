//! The kernel side of Afterimage: one record per system call, at exit, and the life of processes and cgroups.
//!
//! - `syscall`, `process`, `cgroup`: the records.
//! - `descriptor`: what calls leave behind that is not their result.
//! - `entry`: what has to be read when a call begins.
//! - `executed`: what a new image is made of.
//! - `extract`: memory behind pointers.
//! - `path`: paths of the kernel's files.
//! - `latency`: how long calls take.
//! - `registers`: those of each machine.
//! - `ring`: reserving and publishing; `buffer`: the kernel's ring buffers, where rings cannot be mapped.
//! - `signal`, `uring`: what is no system call.
//! - `scope`: who is recorded.
//! - `kernel`: reading kernel structures.

#![no_std]
#![no_main]
#![feature(asm_experimental_arch)]

mod buffer;
mod cgroup;
mod descriptor;
mod entry;
mod executed;
mod extract;
mod kernel;
mod latency;
mod path;
mod process;
mod registers;
mod ring;
mod scope;
mod signal;
mod socket;
mod syscall;
mod uring;

use aya_ebpf::EbpfContext;
use aya_ebpf::macros::{btf_tracepoint, tracepoint};
use aya_ebpf::programs::{BtfTracePointContext, TracePointContext};

/// Attached to `sys_enter_*` of the calls that the catalogue names.
#[tracepoint]
pub fn syscall_begins(ctx: TracePointContext) -> u32 {
    entry::record(ctx.as_ptr().cast());
    0
}

/// Only loaded where latency is asked for.
#[btf_tracepoint(function = "sys_enter")]
pub fn sys_enter(_: BtfTracePointContext) -> i32 {
    latency::begin();
    0
}

#[btf_tracepoint(function = "sys_exit")]
pub fn sys_exit(ctx: BtfTracePointContext) -> i32 {
    syscall::exit(&ctx, ctx.arg(0), ctx.arg(1));
    0
}

/// Follows [`sys_exit`] where the call left something behind that is not its result.
#[btf_tracepoint(function = "sys_exit")]
pub fn sys_exit_descriptors(ctx: BtfTracePointContext) -> i32 {
    descriptor::left_behind(ctx.arg(0), ctx.arg(1));
    0
}

#[btf_tracepoint(function = "sched_process_exec")]
pub fn sched_process_exec(ctx: BtfTracePointContext) -> i32 {
    process::exec(ctx.arg(0), ctx.arg(1), ctx.arg(2));
    0
}

#[btf_tracepoint(function = "sched_process_fork")]
pub fn sched_process_fork(ctx: BtfTracePointContext) -> i32 {
    process::fork(ctx.arg(1));
    0
}

#[btf_tracepoint(function = "sched_process_exit")]
pub fn sched_process_exit(ctx: BtfTracePointContext) -> i32 {
    process::exit(ctx.arg(0));
    0
}

#[btf_tracepoint(function = "sched_process_free")]
pub fn sched_process_free(ctx: BtfTracePointContext) -> i32 {
    process::free(ctx.arg(0));
    0
}

#[btf_tracepoint(function = "cgroup_mkdir")]
pub fn cgroup_mkdir(ctx: BtfTracePointContext) -> i32 {
    cgroup::mkdir(ctx.arg(0), ctx.arg(1));
    0
}

#[btf_tracepoint(function = "cgroup_rmdir")]
pub fn cgroup_rmdir(ctx: BtfTracePointContext) -> i32 {
    cgroup::rmdir(ctx.arg(0), ctx.arg(1));
    0
}

#[btf_tracepoint(function = "cgroup_attach_task")]
pub fn cgroup_attach_task(ctx: BtfTracePointContext) -> i32 {
    cgroup::attach(ctx.arg(0), ctx.arg(1), ctx.arg(2), ctx.arg(3));
    0
}

#[btf_tracepoint(function = "signal_deliver")]
pub fn signal_deliver(ctx: BtfTracePointContext) -> i32 {
    signal::deliver(ctx.arg(0), ctx.arg(1));
    0
}

#[btf_tracepoint(function = "mark_victim")]
pub fn mark_victim(ctx: BtfTracePointContext) -> i32 {
    signal::victim(ctx.arg(0));
    0
}

#[btf_tracepoint(function = "io_uring_submit_req")]
pub fn io_uring_submit(ctx: BtfTracePointContext) -> i32 {
    uring::submit(ctx.arg(0));
    0
}

#[btf_tracepoint(function = "io_uring_complete")]
pub fn io_uring_complete(ctx: BtfTracePointContext) -> i32 {
    uring::complete(ctx.arg(1), ctx.arg(2));
    0
}

#[btf_tracepoint(function = "io_uring_complete")]
pub fn io_uring_complete_fields(ctx: BtfTracePointContext) -> i32 {
    uring::complete_fields(ctx.arg(1), ctx.arg(2), ctx.arg(3), ctx.arg(4));
    0
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // Never reached: nothing in the program indexes or divides unchecked; the verifier would refuse it.
    loop {}
}

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
