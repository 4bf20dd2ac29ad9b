//! Names of Linux constants (x86-64 values), as the field writes them. From the kernel's uapi headers.

mod capabilities;
mod errno;
mod flags;

pub use capabilities::capability_name;
pub use errno::errno_name;
pub use flags::{family_name, flag_names, ptrace_request_name, signal_name, socket_type_name};

use crate::model::ParamType;

/// How `value` is shown where its type has names: `O_RDONLY|O_CLOEXEC`, `SIGKILL`, `AF_INET`, `AT_FDCWD`. `None` for
/// types that are plain numbers.
pub fn name(ty: ParamType, value: i64) -> Option<String> {
    match ty {
        ParamType::Errno => errno_name(value.checked_neg()?).map(str::to_owned),
        ParamType::DirFd => (value as i32 == -100).then(|| "AT_FDCWD".to_owned()),
        ParamType::Signal => signal_name(value),
        ParamType::Family => family_name(value).map(str::to_owned),
        ParamType::SocketType => Some(socket_type_name(value)),
        ParamType::PtraceRequest => ptrace_request_name(value).map(str::to_owned),
        ParamType::OpenFlags
        | ParamType::CloneFlags
        | ParamType::MountFlags
        | ParamType::AtFlags
        | ParamType::MsgFlags => Some(flag_names(ty, value)),
        _ => None,
    }
}
