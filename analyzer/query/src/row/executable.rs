//! What a process executes and may do: part of `proc`.

use super::unless_empty;
use crate::eval::Value;
use crate::fields::{FieldArg, ProcField};
use afterimage_format::constants::capability_name;
use afterimage_format::model::{Credentials, Executable, Thread};

const S_ISUID_ISGID: u32 = 0o6000;

/// The environment, or the value of one variable.
pub(super) fn env<'a>(thread: &'a Thread, arg: &FieldArg) -> Value<'a> {
    let env: &[u8] = &thread.executable.env;
    match arg {
        FieldArg::Name(name) => {
            let mut variables = env.split(|b| *b == 0);
            let value = variables.find_map(|v| v.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
            value.map_or(Value::Missing, Value::str)
        }
        _ if env.is_empty() => Value::Missing,
        _ => Value::owned(env.iter().map(|b| if *b == 0 { b' ' } else { *b }).collect::<Vec<u8>>()),
    }
}

/// A field about the executed file.
pub(super) fn file(thread: &Thread, field: ProcField) -> Value<'_> {
    let file = &*thread.executable;
    let known = |value: Value<'static>| if file.is_known() { value } else { Value::Missing };
    match field {
        ProcField::ExeInode if thread.exe_ino == 0 => Value::Missing,
        ProcField::ExeInode => Value::Int(thread.exe_ino as i64),
        ProcField::ExeDev if thread.exe_ino == 0 => Value::Missing,
        ProcField::ExeDev => Value::Uint(u64::from(thread.exe_dev)),
        ProcField::ExeInodeCtime => known(Value::Int(file.ctime)),
        ProcField::ExeInodeMtime => known(Value::Int(file.mtime)),
        ProcField::ExeInodeCtimeDuration if thread.exec_time == 0 => Value::Missing,
        ProcField::ExeInodeCtimeDuration => known(Value::Int((thread.exec_time as i64).saturating_sub(file.ctime))),
        ProcField::ExeSize => known(Value::Uint(file.size)),
        // What ran before the recording began is known by its path alone.
        ProcField::IsExeFromMemfd if !file.is_known() && !thread.exepath.is_empty() => {
            Value::Bool(thread.exepath.starts_with(b"memfd:") || thread.exepath.starts_with(b"/memfd:"))
        }
        ProcField::IsExeFromMemfd => known(Value::Bool(file.has(Executable::MEMFD))),
        ProcField::IsExeDeleted => known(Value::Bool(file.has(Executable::DELETED))),
        ProcField::IsExeWritable => known(Value::Bool(file.has(Executable::WRITABLE))),
        ProcField::IsExeSetuid => known(Value::Bool(file.mode & S_ISUID_ISGID != 0)),
        ProcField::IsExeUpperLayer if !file.has(Executable::LAYER_KNOWN) => Value::Missing,
        ProcField::IsExeUpperLayer => Value::Bool(file.has(Executable::UPPER_LAYER)),
        ProcField::ExeSha256 if file.sha256.is_empty() => Value::Missing,
        ProcField::ExeSha256 => Value::owned(file.sha256.iter().map(|b| format!("{b:02x}")).collect::<String>()),
        ProcField::ExeSha256Missing => unless_empty(&file.no_sha256),
        ProcField::ExeHostPath => unless_empty(&file.host_path),
        ProcField::ExeInterpreter => unless_empty(&file.interpreter),
        ProcField::ExeScript => unless_empty(&file.script),
        _ => Value::Missing,
    }
}

/// A set of capabilities by name, as sysdig shows it.
pub(super) fn capabilities(thread: &Thread, set: impl Fn(&Credentials) -> u64) -> Value<'_> {
    let Some(credentials) = thread.credentials.as_deref() else {
        return Value::Missing;
    };
    let set = set(credentials);
    let names: Vec<&str> = (0..64)
        .filter(|bit| set >> bit & 1 != 0)
        .filter_map(capability_name)
        .collect();
    Value::owned(names.join(" "))
}
