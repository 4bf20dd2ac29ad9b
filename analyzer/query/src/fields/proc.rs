//! `proc`.

use super::define::class;

class! {
    /// The process of the event, and its ancestors.
    ProcField, Proc, "proc";
    Name = "proc.name" Str, "Name of the executed file, at most 15 bytes.", "proc.name = nginx";
    Exe = "proc.exe" Str, "First argument: how the program was called.", "proc.exe endswith /sh";
    Exepath = "proc.exepath" Str, "Path of the executed file.", "proc.exepath = /usr/bin/curl";
    Args = "proc.args" Str [MayIndex], "Arguments but the first, separated by spaces; with `[n]` one of them, from 0 on.", "proc.args contains -c";
    Cmdline = "proc.cmdline" Str, "`proc.name` and `proc.args`.", "proc.cmdline contains 'curl -k'";
    Exeline = "proc.exeline" Str, "`proc.exe` and `proc.args`.", "proc.exeline startswith ./";
    Cmdnargs = "proc.cmdnargs" Uint, "How many arguments, without the first.", "proc.cmdnargs > 3";
    Cwd = "proc.cwd" Str, "Current directory, with a slash at the end.", "proc.cwd startswith /tmp";
    Pid = "proc.pid" Int, "Process id on the host.", "proc.pid = 4711";
    Vpid = "proc.vpid" Int, "Process id as the container sees it.", "proc.vpid = 1";
    Ppid = "proc.ppid" Int, "Process id of the parent.", "proc.ppid = 1";
    Pname = "proc.pname" Str, "`proc.name` of the parent.", "proc.pname = httpd";
    Pexe = "proc.pexe" Str, "`proc.exe` of the parent.", "proc.pexe endswith /sh";
    Pexepath = "proc.pexepath" Str, "`proc.exepath` of the parent.", "proc.pexepath = /usr/sbin/sshd";
    Pcmdline = "proc.pcmdline" Str, "`proc.cmdline` of the parent.", "proc.pcmdline contains apt-get";
    Aname = "proc.aname" Str [MayIndex] many Ancestors, "`proc.name` of an ancestor: `[1]` is the parent; without argument, any ancestor.", "proc.aname = sshd";
    Aexe = "proc.aexe" Str [MayIndex] many Ancestors, "`proc.exe` of an ancestor.", "proc.aexe[2] endswith /sh";
    Aexepath = "proc.aexepath" Str [MayIndex] many Ancestors, "`proc.exepath` of an ancestor.", "proc.aexepath[1] = /usr/sbin/sshd";
    Acmdline = "proc.acmdline" Str [MayIndex] many Ancestors, "`proc.cmdline` of an ancestor.", "proc.acmdline contains 'bash -i'";
    Apid = "proc.apid" Int [MayIndex] many Ancestors, "Process id of an ancestor.", "proc.apid = 4711";
    Sid = "proc.sid" Int, "Session id.", "proc.sid = 4711";
    Tty = "proc.tty" Uint, "Controlling terminal; 0 if there is none.", "proc.tty != 0";
    LoginShellId = "proc.loginshellid" Int, "Process id of the oldest shell among the ancestors.", "proc.loginshellid = 4711";
    Duration = "proc.duration" Duration, "How long the process had been running.", "proc.duration < 5s";
    PidTs = "proc.pid.ts" Time, "When the process started.", "proc.pid.ts > '2026-11-21 10:00'";
    Env = "proc.env" Str [MayKey], "Environment that the program was given, separated by spaces; with `[NAME]` the value of that variable.", "proc.env contains LD_PRELOAD";
    ExeInode = "proc.exe_ino" Int, "Inode of the executed file.", "proc.exe_ino = 4711";
    ExeInodeCtime = "proc.exe_ino.ctime" Time, "When attributes of the executed file last changed.", "proc.exe_ino.ctime > '2026-11-21 10:00'";
    ExeInodeMtime = "proc.exe_ino.mtime" Time, "When the content of the executed file last changed.", "proc.exe_ino.mtime > '2026-11-21 10:00'";
    ExeInodeCtimeDuration = "proc.exe_ino.ctime_duration_proc_start" Duration, "How long before the process executed the file its attributes had last changed.", "proc.exe_ino.ctime_duration_proc_start < 10s";
    IsExeFromMemfd = "proc.is_exe_from_memfd" Bool, "Whether the executed file lies in memory only.", "proc.is_exe_from_memfd = true";
    IsExeUpperLayer = "proc.is_exe_upper_layer" Bool, "Whether the executed file lies in the upper layer of an overlay: it was written after the container started, and is not part of its image.", "proc.is_exe_upper_layer = true";
    IsExeWritable = "proc.is_exe_writable" Bool, "Whether the process may write to the file that it executes.", "proc.is_exe_writable = true";
    IsExeDeleted = "proc.is_exe_deleted" Bool, "Whether the executed file had been deleted when it was executed.", "proc.is_exe_deleted = true";
    IsExeSetuid = "proc.is_exe_setuid" Bool, "Whether the executed file has the set-user-id or set-group-id bit.", "proc.is_exe_setuid = true";
    ExeSha256 = "proc.exe.sha256" Str, "SHA-256 of the executed file.", "proc.exe.sha256 = e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    ExeSha256Missing = "proc.exe.sha256.missing" Str, "Why `proc.exe.sha256` is not known.", "proc.exe.sha256.missing exists";
    ExeSize = "proc.exe.size" Uint, "Size of the executed file in bytes.", "proc.exe.size > 10MiB";
    ExeDev = "proc.exe.dev" Uint, "Device that the executed file lies on.", "proc.exe.dev = 2049";
    ExeHostPath = "proc.exe.hostpath" Str, "Path of the executed file as the host sees it.", "proc.exe.hostpath startswith /var/lib";
    ExeInterpreter = "proc.exe.interpreter" Str, "Program that loads the executed file: that of a script, or the dynamic linker.", "proc.exe.interpreter endswith /sh";
    ExeScript = "proc.exe.script" Str, "Path of the script, where one was executed.", "proc.exe.script startswith /tmp";
    CapPermitted = "proc.cap_permitted" Str, "Permitted capabilities, separated by spaces.", "proc.cap_permitted contains CAP_SYS_ADMIN";
    CapInheritable = "proc.cap_inheritable" Str, "Inheritable capabilities.", "proc.cap_inheritable contains CAP_NET_RAW";
    CapEffective = "proc.cap_effective" Str, "Effective capabilities.", "proc.cap_effective contains CAP_SYS_PTRACE";
}
