//! `proc` and `thread`.

use super::{Fields, Observed, executable, unless_empty};
use crate::eval::Value;
use crate::fields::{FieldArg, ProcField, ThreadField};
use afterimage_format::model::Thread;

/// Longest line of ancestors that is followed: a crafted file can name any thread as parent of any other.
const MAX_ANCESTORS: usize = 256;

/// Names of shells, for `proc.loginshellid`.
const SHELLS: [&[u8]; 8] = [b"sh", b"bash", b"dash", b"ash", b"zsh", b"ksh", b"fish", b"csh"];

impl<'s, E: Observed<'s>> Fields<'s, E> {
    pub(super) fn proc(&self, field: ProcField, arg: &FieldArg) -> Value<'s> {
        let Some(thread) = self.thread() else {
            return Value::Missing;
        };
        let parent = || self.parent(thread);
        match field {
            ProcField::Name => unless_empty(&thread.comm),
            ProcField::Exe => unless_empty(&thread.exe),
            ProcField::Exepath => unless_empty(&thread.exepath),
            ProcField::Args => arguments(thread, arg),
            ProcField::Cmdline => cmdline(thread),
            ProcField::Exeline => with_arguments(&thread.exe, thread),
            ProcField::Cmdlenargs => Value::Uint(thread.arguments().map(|arg| arg.len() as u64).sum()),
            ProcField::Cmdnargs => Value::Uint(thread.arguments().count() as u64),
            ProcField::Cwd => cwd(thread),
            ProcField::Pid => id(thread.pid),
            ProcField::Vpid => id(thread.vpid),
            ProcField::Ppid => id(thread.ppid),
            ProcField::Sid => id(thread.sid),
            ProcField::Tty if thread.pid == 0 => Value::Missing,
            ProcField::Tty => Value::Uint(u64::from(thread.tty)),
            ProcField::Pvpid => parent().map_or(Value::Missing, |thread| id(thread.vpid)),
            ProcField::PpidTs => parent().map_or(Value::Missing, started),
            ProcField::PpidDuration => match parent().map(started) {
                Some(Value::Uint(start)) => Value::Int(self.time().saturating_sub_unsigned(start)),
                _ => Value::Missing,
            },
            ProcField::Sname => self
                .session_leader(thread)
                .map_or(Value::Missing, |leader| unless_empty(&leader.comm)),
            ProcField::SidExe => self
                .session_leader(thread)
                .map_or(Value::Missing, |leader| unless_empty(&leader.exe)),
            ProcField::SidExepath => self
                .session_leader(thread)
                .map_or(Value::Missing, |leader| unless_empty(&leader.exepath)),
            // The session's id is that of its leader, seen from where the process is.
            ProcField::IsSidLeader if thread.sid == 0 => Value::Missing,
            ProcField::IsSidLeader => Value::Bool(thread.sid == thread.pid || thread.sid == thread.vpid),
            ProcField::PidnsInitStart => {
                let init = std::iter::once(thread)
                    .chain(self.ancestors(thread))
                    .find(|thread| thread.vpid == 1);
                init.map_or(Value::Missing, started)
            }
            ProcField::Aenv => self.ancestor_field(thread, arg, |thread| executable::env(thread, &FieldArg::None)),
            ProcField::Vpgid
            | ProcField::VpgidName
            | ProcField::VpgidExe
            | ProcField::VpgidExepath
            | ProcField::IsVpgidLeader
            | ProcField::IsHealthcheck
            | ProcField::IsLiveness
            | ProcField::IsReadiness
            | ProcField::FdOpenCount
            | ProcField::FdLimit
            | ProcField::FdUsage
            | ProcField::VmSize
            | ProcField::VmRss
            | ProcField::VmSwap
            | ProcField::Nthreads
            | ProcField::Nchilds => Value::Missing,
            ProcField::Pname => parent().map_or(Value::Missing, |thread| unless_empty(&thread.comm)),
            ProcField::Pexe => parent().map_or(Value::Missing, |thread| unless_empty(&thread.exe)),
            ProcField::Pexepath => parent().map_or(Value::Missing, |thread| unless_empty(&thread.exepath)),
            ProcField::Pcmdline => parent().map_or(Value::Missing, cmdline),
            ProcField::Aname => self.ancestor_field(thread, arg, |thread| unless_empty(&thread.comm)),
            ProcField::Aexe => self.ancestor_field(thread, arg, |thread| unless_empty(&thread.exe)),
            ProcField::Aexepath => self.ancestor_field(thread, arg, |thread| unless_empty(&thread.exepath)),
            ProcField::Acmdline => self.ancestor_field(thread, arg, cmdline),
            ProcField::Apid => self.ancestor_field(thread, arg, |thread| id(thread.pid)),
            ProcField::LoginShellId => {
                let shells = self
                    .ancestors(thread)
                    .filter(|thread| SHELLS.contains(&&thread.comm[..]));
                shells.last().map_or(Value::Missing, |thread| id(thread.pid))
            }
            ProcField::Duration => match i64::try_from(thread.start) {
                Ok(start) if start > 0 => Value::Int(self.time().saturating_sub(start)),
                _ => Value::Missing,
            },
            ProcField::PidTs => started(thread),
            ProcField::Env => executable::env(thread, arg),
            ProcField::ExeInode
            | ProcField::ExeInodeCtime
            | ProcField::ExeInodeMtime
            | ProcField::ExeInodeCtimeDuration
            | ProcField::IsExeFromMemfd
            | ProcField::IsExeUpperLayer
            | ProcField::IsExeWritable
            | ProcField::IsExeDeleted
            | ProcField::IsExeSetuid
            | ProcField::ExeSha256
            | ProcField::ExeSha256Missing
            | ProcField::ExeSize
            | ProcField::ExeDev
            | ProcField::ExeHostPath
            | ProcField::ExeInterpreter
            | ProcField::ExeScript => executable::file(thread, field),
            ProcField::CapPermitted => executable::capabilities(thread, |c| c.permitted),
            ProcField::CapInheritable => executable::capabilities(thread, |c| c.inheritable),
            ProcField::CapEffective => executable::capabilities(thread, |c| c.effective),
        }
    }

    pub(super) fn thread_field(&self, field: ThreadField, arg: &FieldArg) -> Value<'s> {
        let Some(thread) = self.thread() else {
            return Value::Missing;
        };
        match field {
            ThreadField::Tid => id(thread.tid),
            ThreadField::Vtid => id(thread.vtid),
            ThreadField::IsMain if thread.pid == 0 => Value::Missing,
            ThreadField::IsMain => Value::Bool(thread.is_main()),
            ThreadField::Cgroups if thread.cgroup.is_empty() => Value::Missing,
            // A list of all controllers, in imported captures.
            ThreadField::Cgroups if !thread.cgroup.starts_with(b"/") => Value::owned(spaced(&thread.cgroup)),
            ThreadField::Cgroups => Value::owned([b"unified=", &thread.cgroup[..]].concat()),
            ThreadField::CapPermitted => executable::capabilities(thread, |c| c.permitted),
            ThreadField::CapInheritable => executable::capabilities(thread, |c| c.inheritable),
            ThreadField::CapEffective => executable::capabilities(thread, |c| c.effective),
            ThreadField::PfMajor
            | ThreadField::PfMinor
            | ThreadField::ExecTime
            | ThreadField::TotalExecTime
            | ThreadField::Cpu
            | ThreadField::CpuUser
            | ThreadField::CpuSystem
            | ThreadField::VmSize
            | ThreadField::VmRss => Value::Missing,
            ThreadField::Cgroup => match arg {
                FieldArg::Name(controller) if !thread.cgroup.starts_with(b"/") => cgroup(&thread.cgroup, controller),
                FieldArg::Name(controller) if controller == "unified" => unless_empty(&thread.cgroup),
                _ => Value::Missing,
            },
        }
    }

    fn parent(&self, thread: &Thread) -> Option<&'s Thread> {
        self.event.version(thread.parent)
    }

    /// The oldest ancestor of the same session, or the process itself: as elsewhere in the field, its leader.
    fn session_leader(&self, thread: &'s Thread) -> Option<&'s Thread> {
        let line = std::iter::once(thread).chain(self.ancestors(thread));
        line.take_while(|one| one.sid == thread.sid).last()
    }

    /// The parent, its parent, and so on.
    pub(crate) fn ancestors(&self, thread: &Thread) -> impl Iterator<Item = &'s Thread> + use<'s, E> {
        let event = self.event;
        let parent = move |thread: &Thread| event.version(thread.parent);
        std::iter::successors(parent(thread), move |thread| parent(thread)).take(MAX_ANCESTORS)
    }

    /// A value of the process itself (`[0]`), of one ancestor, or of all ancestors.
    fn ancestor_field(&self, thread: &'s Thread, arg: &FieldArg, read: fn(&'s Thread) -> Value<'s>) -> Value<'s> {
        match arg {
            FieldArg::Index(0) => read(thread),
            FieldArg::Index(n) => self
                .ancestors(thread)
                .nth((*n as usize).saturating_sub(1))
                .map_or(Value::Missing, read),
            _ => {
                let values: Vec<Value<'s>> = self
                    .ancestors(thread)
                    .map(read)
                    .filter(|v| *v != Value::Missing)
                    .collect();
                if values.is_empty() {
                    Value::Missing
                } else {
                    Value::List(values)
                }
            }
        }
    }
}

/// The path of one controller in a list of `controller=path`.
fn cgroup<'c>(list: &'c [u8], controller: &str) -> Value<'c> {
    let mut entries = list.split(|byte| *byte == 0);
    let path = entries.find_map(|entry| entry.strip_prefix(controller.as_bytes())?.strip_prefix(b"="));
    path.map_or(Value::Missing, Value::str)
}

/// When a process started.
fn started(thread: &Thread) -> Value<'_> {
    match thread.start {
        0 => Value::Missing,
        start => Value::Uint(start),
    }
}

/// A process or thread id; 0 stands for unknown.
fn id(id: u32) -> Value<'static> {
    match id {
        0 => Value::Missing,
        // What is no process, as elsewhere in the field.
        u32::MAX => Value::Int(-1),
        id => Value::Int(i64::from(id)),
    }
}

fn arguments<'t>(thread: &'t Thread, arg: &FieldArg) -> Value<'t> {
    match arg {
        FieldArg::Index(n) => thread.arguments().nth(*n as usize).map_or(Value::Missing, Value::str),
        _ if thread.exe.is_empty() && thread.args.is_empty() => Value::Missing,
        _ => Value::owned(spaced(&thread.args)),
    }
}

fn cmdline(thread: &Thread) -> Value<'_> {
    with_arguments(&thread.comm, thread)
}

fn with_arguments<'t>(name: &'t [u8], thread: &'t Thread) -> Value<'t> {
    if name.is_empty() || thread.args.is_empty() {
        return unless_empty(name);
    }
    Value::owned([name, b" ", &spaced(&thread.args)].concat())
}

/// Elements separated by NUL as elements separated by spaces.
pub(super) fn spaced(elements: &[u8]) -> Vec<u8> {
    elements
        .iter()
        .map(|&byte| if byte == 0 { b' ' } else { byte })
        .collect()
}

fn cwd(thread: &Thread) -> Value<'_> {
    match thread.cwd.last() {
        None => Value::Missing,
        Some(b'/') => Value::str(&thread.cwd),
        Some(_) => Value::owned([&thread.cwd[..], b"/"].concat()),
    }
}
