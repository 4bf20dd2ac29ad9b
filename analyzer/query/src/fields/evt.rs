//! `evt` and `syscall`.

use super::define::class;

class! {
    /// The event itself: when, what kind, arguments and result.
    EvtField, Evt, "evt";
    Num = "evt.num" Uint, "Number of the event in the trace, from 1 on.", "evt.num = 1";
    Time = "evt.time" Time, "When the event happened. Shown as time of day with nanoseconds.", "evt.time >= '2026-11-21 10:00'";
    TimeS = "evt.time.s" Str, "Time of day without the fraction of the second.", "evt.time.s = 10:00:05";
    TimeIso8601 = "evt.time.iso8601" Str, "Date and time in ISO 8601 with nanoseconds, in UTC.", "evt.time.iso8601 startswith 2026-11-21T10:0";
    DateTime = "evt.datetime" Str, "Date and time of day with nanoseconds.", "evt.datetime startswith '2026-11-21 10:0'";
    DateTimeS = "evt.datetime.s" Str, "Date and time of day without the fraction of the second.", "evt.datetime.s = '2026-11-21 10:00:05'";
    RawTime = "evt.rawtime" Time, "Nanoseconds since 1970.", "evt.rawtime > 1795255200000000000";
    RawTimeS = "evt.rawtime.s" Uint, "Whole seconds since 1970.", "evt.rawtime.s = 1795255200";
    RawTimeNs = "evt.rawtime.ns" Uint, "The nanoseconds within the second.", "evt.rawtime.ns < 500000000";
    RelTime = "evt.reltime" Duration, "Time since the beginning of the trace.", "evt.reltime < 10s";
    RelTimeS = "evt.reltime.s" Uint, "The whole seconds of it.", "evt.reltime.s < 10";
    RelTimeNs = "evt.reltime.ns" Uint, "The nanoseconds within the second of it.", "evt.reltime.ns < 500000000";
    DeltaTime = "evt.deltatime" Duration, "Time since the event before it in the trace, whatever that was.", "evt.deltatime > 1s";
    DeltaTimeS = "evt.deltatime.s" Uint, "The whole seconds of it.", "evt.deltatime.s >= 1";
    DeltaTimeNs = "evt.deltatime.ns" Uint, "The nanoseconds within the second of it.", "evt.deltatime.ns > 500000000";
    Around = "evt.around" Uint [Key], "How far the event is from a time in nanoseconds since 1970, in milliseconds; `=` means at most so far.", "evt.around[1795255200000000000] = 500";
    Latency = "evt.latency" Duration, "Time from the beginning of the call to its end. Recorded with `--latency`.", "evt.latency > 10ms";
    LatencyS = "evt.latency.s" Uint, "The whole seconds of it.", "evt.latency.s >= 1";
    LatencyNs = "evt.latency.ns" Uint, "The nanoseconds within the second of it.", "evt.latency.ns > 500000000";
    LatencyHuman = "evt.latency.human" Str, "The same with a unit.", "evt.latency.human endswith ms";
    OutputTime = "evt.outputtime" Str, "The time in the form chosen for output; by default the time of day.", "evt.outputtime startswith 10:00";
    Dir = "evt.dir" Str, "`>` where a system call begins, `<` where it ends. Native events are ends.", "evt.dir = <";
    Type = "evt.type" Str, "Name of the event: of the system call, or of what happened otherwise.", "evt.type in (open, openat, openat2)";
    TypeIs = "evt.type.is" Uint [NameOrIndex], "1 for events of one type, 0 for others: `evt.type.is.open`.", "evt.type.is.open = 1";
    Category = "evt.category" Str, "Kind of event: file, net, process, memory, signal, user, system and so on.", "evt.category = net";
    Cpu = "evt.cpu" Uint, "Number of the CPU.", "evt.cpu = 0";
    Args = "evt.args" Str, "All arguments as text.", "evt.args contains /etc/shadow";
    Arg = "evt.arg" Str [NameOrIndex], "One argument as text, by name or number: `evt.arg.path`, `evt.arg[0]`.", "evt.arg.path startswith /etc";
    RawArg = "evt.rawarg" Int [NameOrIndex], "The number of one argument: `evt.rawarg.flags`. Text is in `evt.arg`.", "evt.rawarg.res < 0";
    Info = "evt.info" Str, "What `evt.args` says, without what other columns show.", "evt.info contains O_CREAT";
    Res = "evt.res" Str, "`SUCCESS`, or the name of the error, such as `ENOENT`.", "evt.res = EACCES";
    RawRes = "evt.rawres" Int, "The number returned; negative for errors.", "evt.rawres >= 0";
    Failed = "evt.failed" Bool, "Whether the result is an error.", "evt.failed = true";
    Buffer = "evt.buffer" Bytes, "The data read, written, sent or received, as far as recorded.", "evt.buffer contains passwd";
    Buflen = "evt.buflen" Uint, "How many bytes were moved, recorded or not.", "evt.buflen > 1MiB";
    IsIo = "evt.is_io" Bool, "Whether the event moves data.", "evt.is_io = true";
    IsIoRead = "evt.is_io_read" Bool, "Whether the event reads or receives.", "evt.is_io_read = true";
    IsIoWrite = "evt.is_io_write" Bool, "Whether the event writes or sends.", "evt.is_io_write = true";
    IoDir = "evt.io_dir" Str, "`read` or `write`; missing for events that move no data.", "evt.io_dir = write";
    IsWait = "evt.is_wait" Bool, "Whether the call waits: for descriptors, time or a lock.", "evt.is_wait = true";
    WaitLatency = "evt.wait_latency" Duration, "Time from the beginning of a call that waits to its end. Recorded with `--latency`.", "evt.wait_latency > 1s";
    IsSyslog = "evt.is_syslog" Bool, "Whether the event writes to the system log (/dev/log).", "evt.is_syslog = true";
    Hostname = "evt.hostname" Str, "Name of the recorded host.", "evt.hostname = node-1";
    Count = "evt.count" Uint, "Always 1, to be summed up.", "evt.count = 1";
    CountError = "evt.count.error" Uint, "1 for events that failed, to be summed up.", "evt.count.error = 1";
    CountErrorFile = "evt.count.error.file" Uint, "1 for events that failed on files.", "evt.count.error.file = 1";
    CountErrorNet = "evt.count.error.net" Uint, "1 for events that failed on the network.", "evt.count.error.net = 1";
    CountErrorMemory = "evt.count.error.memory" Uint, "1 for events that failed on memory.", "evt.count.error.memory = 1";
    CountErrorOther = "evt.count.error.other" Uint, "1 for events that failed on anything else.", "evt.count.error.other = 1";
    CountExit = "evt.count.exit" Uint, "1 for the ends of calls, to be summed up.", "evt.count.exit = 1";
    IsOpenRead = "evt.is_open_read" Bool, "Whether a file was opened for reading.", "evt.is_open_read = true";
    IsOpenWrite = "evt.is_open_write" Bool, "Whether a file was opened for writing.", "evt.is_open_write = true";
    IsOpenCreate = "evt.is_open_create" Bool, "Whether a file was opened so that it is created where it does not exist, with success.", "evt.is_open_create = true";
    IsOpenExec = "evt.is_open_exec" Bool, "Whether a file was made that can be executed.", "evt.is_open_exec = true";
    Source = "evt.source" Str, "Where the event comes from: `syscall`, or `k8s_audit`.", "evt.source = syscall";
    IsAsync = "evt.is_async" Bool, "Whether the event was not made by a thread: always false.", "evt.is_async = false";
    AsyncType = "evt.asynctype" Str, "Name of an asynchronous event. Has no value: a trace does not tell it.", "evt.asynctype exists";
    PluginName = "evt.pluginname" Str, "Name of the plugin that made the event. Has no value: a trace does not tell it.", "evt.pluginname exists";
    PluginInfo = "evt.plugininfo" Str, "What the plugin says of the event. Has no value: a trace does not tell it.", "evt.plugininfo exists";
    Changed = "evt.changed" Bool, "Whether memory that the call was given was another when it returned: another thread changed it. The arguments are those of the beginning, which the kernel used.", "evt.changed = true";
    Unverified = "evt.unverified" Bool, "Whether memory that the call was given could not be read when it began; the arguments are what was there when it returned.", "evt.unverified = true";
    Abspath = "evt.abspath" Str, "The path in the arguments, made absolute with the directory it is relative to.", "evt.abspath startswith /etc";
}

class! {
    /// The system call.
    SyscallField, Syscall, "syscall";
    Type = "syscall.type" Str, "Name of the system call; missing for other events.", "syscall.type = openat";
}
