//! `thread`.

use super::define::class;

class! {
    /// The thread of the event.
    ThreadField, Thread, "thread";
    Tid = "thread.tid" Int, "Thread id on the host.", "thread.tid = 4711";
    Vtid = "thread.vtid" Int, "Thread id as the container sees it.", "thread.vtid = 1";
    IsMain = "thread.ismain" Bool, "Whether it is the first thread of its process.", "thread.ismain = true";
    Cgroups = "thread.cgroups" Str, "All control groups, as `controller=path` separated by spaces.", "thread.cgroups contains kubepods";
    Cgroup = "thread.cgroup" Str [Key], "The control group of one controller; `thread.cgroup[unified]` for version 2.", "thread.cgroup[unified] contains kubepods";
    CapPermitted = "thread.cap_permitted" Str, "Permitted capabilities, separated by spaces.", "thread.cap_permitted contains CAP_SYS_ADMIN";
    CapInheritable = "thread.cap_inheritable" Str, "Inheritable capabilities.", "thread.cap_inheritable contains CAP_NET_RAW";
    CapEffective = "thread.cap_effective" Str, "Effective capabilities.", "thread.cap_effective contains CAP_SYS_PTRACE";
    PfMajor = "thread.pfmajor" Uint, "Major page faults so far. Has no value: a trace does not tell it.", "thread.pfmajor exists";
    PfMinor = "thread.pfminor" Uint, "Minor page faults so far. Has no value: a trace does not tell it.", "thread.pfminor exists";
    ExecTime = "thread.exectime" Duration, "CPU time since the thread was scheduled. Has no value: a trace does not tell it.", "thread.exectime exists";
    TotalExecTime = "thread.totexectime" Duration, "CPU time so far. Has no value: a trace does not tell it.", "thread.totexectime exists";
    Cpu = "thread.cpu" Uint, "CPU that it takes, in percent. Has no value: a trace does not tell it.", "thread.cpu exists";
    CpuUser = "thread.cpu.user" Uint, "The part of it in user mode. Has no value: a trace does not tell it.", "thread.cpu.user exists";
    CpuSystem = "thread.cpu.system" Uint, "The part of it in the kernel. Has no value: a trace does not tell it.", "thread.cpu.system exists";
    VmSize = "thread.vmsize" Uint, "Virtual memory of its process. Has no value: a trace does not tell it.", "thread.vmsize exists";
    VmRss = "thread.vmrss" Uint, "Resident memory of its process. Has no value: a trace does not tell it.", "thread.vmrss exists";
}
