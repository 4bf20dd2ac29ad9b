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
    IsExeFromMemfd = "proc.is_exe_from_memfd" Bool, "Whether the executed file lies in memory only.", "proc.is_exe_from_memfd = true";
    IsExeUpperLayer = "proc.is_exe_upper_layer" Bool, "Whether the executed file was written after the container started, and is not part of its image.", "proc.is_exe_upper_layer = true";
}
