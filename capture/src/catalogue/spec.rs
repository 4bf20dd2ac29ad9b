//! What the kernel program is told of a call beside what its row takes.

use super::{Effect, Special};
use afterimage_abi::{MAX_EXTRACTS, extract, file, mark};

/// What matters most when the rings are nearly full, beside births, ends and executed programs.
const IMPORTANT: &[&str] = &[
    "ptrace",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "bpf",
    "capset",
    "setns",
    "unshare",
    "chroot",
    "pivot_root",
    "execve",
    "execveat",
];

/// [`afterimage_abi::Spec::marks`] of a call.
pub(super) fn marks(name: &str, effect: Effect) -> u8 {
    let rights = effect == Effect::Credentials;
    let leaving = if rights { mark::LEAVING } else { 0 };
    let important = if rights || IMPORTANT.contains(&name) {
        mark::IMPORTANT
    } else {
        0
    };
    leaving | important
}

/// [`afterimage_abi::Spec::file`] of a call.
pub(super) fn file_of(effect: Effect) -> u32 {
    match effect {
        Effect::Open { .. } | Effect::Special(Special::Memfd | Special::Landlock | Special::Other, _) => file::RESULT,
        Effect::Chdir(_) | Effect::Fchdir | Effect::Root => file::DIRECTORY,
        Effect::Pipe { .. } => file::PAIR_AT_0,
        Effect::SocketPair => file::PAIR_AT_3,
        Effect::Receive { several: false } => file::MESSAGE,
        Effect::Receive { several: true } => file::MESSAGES,
        _ => file::NONE,
    }
}

/// The extracts without bytes that are moved: they say nothing about the state.
pub(super) fn without_payload(extracts: [u32; MAX_EXTRACTS]) -> [u32; MAX_EXTRACTS] {
    let mut out = [extract::NONE; MAX_EXTRACTS];
    let kept = extracts
        .into_iter()
        .filter(|packed| !matches!(packed & 0xff, extract::BUFFER | extract::IOVEC | extract::BYTES_IN));
    for (to, from) in out.iter_mut().zip(kept) {
        *to = from;
    }
    out
}
