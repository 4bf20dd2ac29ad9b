//! What is recorded of each system call: one table that fills the kernel's specs, names the events and their
//! parameters, and says what a call does to the descriptors and threads that the recorder follows.

mod decoded;
mod entry;
mod generic;

use afterimage_abi::{MAX_EXTRACTS, SYSCALLS, Spec, extract};
use afterimage_format::model::{Category, Kind, Param, ParamType};

/// Number, name, category and parameters of a call that is kept raw.
type Generic = (u16, &'static str, Category, &'static [(&'static str, ParamType)]);

/// Where the value of a parameter comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Source {
    /// The call's result.
    Result,
    /// A register argument.
    Arg(u8),
    /// The bytes of the item of an argument, or of an item that belongs to none.
    Item(u8),
    /// An integer of `size` bytes at `offset` in an item's bytes.
    Word(u8, u16, u8),
    /// As [`Source::Word`], but only where the result is not 0: the child of a clone sees memory that its parent
    /// may have gone on to change.
    WordOfParent(u8, u16, u8),
    /// Address of the other end: the kernel's socket, or where it has none the bytes of an item.
    Peer(u8),
    /// What the thread is after the call: `argv[0]`.
    Exe,
    /// `argv[1..]`.
    Args,
    /// Path that an exec was given.
    Exepath,
    /// Current directory.
    Cwd,
    /// Name of the thread.
    Comm,
    /// Thread id.
    Tid,
    /// Process id.
    Pid,
    /// Parent process id.
    Ppid,
}

/// Which descriptor an event is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum FdOf {
    /// None.
    None,
    /// The one in this argument.
    Arg(u8),
    /// The one that the call returned.
    Result,
}

/// What a successful call changes in the recorder's state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Effect {
    /// Nothing.
    None,
    /// The result is a file, of which the kernel gives the path: item of the caller's, argument with the directory's
    /// descriptor, source of the flags.
    Open {
        path: u8,
        dir: Option<u8>,
        flags: Option<Source>,
    },
    /// The argument is closed.
    Close,
    /// Descriptors from argument 0 to argument 1 are closed, or marked close-on-exec (flags in argument 2).
    CloseRange,
    /// The result is a copy of argument 0; close-on-exec as of this `O_CLOEXEC` flags argument.
    Dup { flags: Option<u8> },
    /// fcntl: `F_DUPFD`, `F_DUPFD_CLOEXEC`, `F_SETFD`.
    Fcntl,
    /// Two descriptors in the item of argument 0.
    Pipe { flags: Option<u8> },
    /// Two descriptors in the item of argument 3.
    SocketPair,
    /// The result is a socket.
    Socket,
    /// Argument 0 is connected, bound or listens: its addresses are known now.
    Address,
    /// The result is a connection that argument 0 accepted.
    Accept { flags: Option<u8> },
    /// The result is something else: its type and name, and where the flags are of which `O_CLOEXEC` is one.
    Special(Special, Option<u8>),
    /// The directory changes to the path in an item.
    Chdir(u8),
    /// The directory changes to descriptor argument 0.
    Fchdir,
    /// The root changes; the directory is not known by name until the next chdir.
    Root,
    /// prctl: `PR_SET_NAME`.
    Prctl,
    /// User and group ids may have changed; the kernel's are in an item.
    Credentials,
    /// A new session.
    Setsid,
}

/// Descriptors that are neither files nor sockets.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs, reason = "the names of the calls that make them")]
pub(crate) enum Special {
    Eventfd,
    Epoll,
    Timerfd,
    Signalfd,
    Inotify,
    Memfd,
    Pidfd,
    IoUring,
    Userfaultfd,
}

/// A decoded call.
pub(crate) struct Decoded {
    nr: u16,
    category: Category,
    args: u8,
    extracts: &'static [u32],
    params: &'static [(&'static str, ParamType, Source)],
    fd: FdOf,
    effect: Effect,
}

/// What to do with one system call number.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Index into [`Catalogue::kinds`] of its exit.
    pub(crate) kind: u16,
    /// Whether its strings and addresses are read when it begins, too.
    pub(crate) entry: bool,
    /// Register arguments in a record.
    pub(crate) args: u8,
    /// Where the parameters of the exit come from.
    pub(crate) params: Vec<(ParamType, Source)>,
    /// The descriptor.
    pub(crate) fd: FdOf,
    /// The effect.
    pub(crate) effect: Effect,
}

/// Kinds of events that are no system calls, by their index in [`Catalogue::kinds`].
#[derive(Debug, Clone, Copy)]
#[repr(u16)]
pub(crate) enum Own {
    /// A task ended: status, ret, sig, core.
    Procexit = 0,
    /// A cgroup was made: path.
    CgroupMkdir = 1,
    /// A cgroup was removed: path.
    CgroupRmdir = 2,
    /// A task moved into a cgroup: path.
    CgroupAttach = 3,
    /// A 32-bit system call: number and arguments.
    Compat = 4,
    /// A call whose number is in no table: number and arguments.
    Unknown = 5,
}

/// All kinds and calls.
pub(crate) struct Catalogue {
    /// Kinds of events, as they go into the trace.
    pub(crate) kinds: Vec<Kind>,
    /// By system call number; `None`: no such call.
    calls: Vec<Option<Call>>,
    /// What the kernel is told, by number.
    pub(crate) specs: Vec<Spec>,
    /// Names of the calls that are read when they begin, too.
    pub(crate) entries: Vec<&'static str>,
}

impl Catalogue {
    /// The whole table.
    pub(crate) fn new() -> Catalogue {
        let mut out = Catalogue {
            kinds: decoded::own_kinds(),
            calls: vec![None; SYSCALLS as usize],
            // Numbers without a name are recorded with all registers; the last place stands for all beyond the table.
            specs: vec![
                Spec {
                    recorded: 1,
                    args: 6,
                    ..Spec::default()
                };
                SYSCALLS as usize
            ],
            entries: Vec::new(),
        };
        for (nr, name, category, params) in generic::GENERIC {
            match decoded::DECODED.iter().find(|d| d.nr == *nr) {
                Some(decoded) => out.add_decoded(name, decoded),
                None => out.add_generic(*nr, name, *category, params),
            }
        }
        out
    }

    /// The call with this number.
    pub(crate) fn call(&self, nr: u16) -> Option<&Call> {
        self.calls.get(usize::from(nr))?.as_ref()
    }

    fn add_generic(&mut self, nr: u16, name: &'static str, category: Category, params: &[(&str, ParamType)]) {
        let args = params.len() as u8;
        let fd = match params.first() {
            Some((_, ParamType::Fd)) => FdOf::Arg(0),
            _ => FdOf::None,
        };
        let mut named = vec![("res", ParamType::Errno, Source::Result)];
        named.extend(
            params
                .iter()
                .zip(0u8..)
                .map(|((name, ty), at)| (*name, *ty, Source::Arg(at))),
        );
        self.add(nr, name, category, &named, args, &[], fd, Effect::None);
    }

    fn add_decoded(&mut self, name: &'static str, d: &Decoded) {
        self.add(d.nr, name, d.category, d.params, d.args, d.extracts, d.fd, d.effect);
    }

    #[allow(clippy::too_many_arguments, reason = "the columns of one table row")]
    fn add(
        &mut self,
        nr: u16,
        name: &'static str,
        category: Category,
        params: &[(&str, ParamType, Source)],
        args: u8,
        extracts: &[u32],
        fd: FdOf,
        effect: Effect,
    ) {
        let given = |e: &u32| matches!(e & 0xff, extract::STRING | extract::SOCKADDR | extract::STRUCT);
        let entry = entry::ENTRY.contains(&name) && extracts.iter().any(given);
        if entry {
            self.entries.push(name);
        }
        let spec = &mut self.specs[usize::from(nr)];
        *spec = Spec {
            recorded: 1,
            args,
            file: u8::from(matches!(effect, Effect::Open { .. })),
            ..Spec::default()
        };
        for (to, from) in spec.extracts.iter_mut().zip(extracts.iter().take(MAX_EXTRACTS)) {
            *to = *from;
        }
        let kind = self.kinds.len() as u16;
        self.kinds.push(kind_of(
            name,
            category,
            Some(nr),
            params.iter().map(|(n, ty, _)| (*n, *ty)),
        ));
        let params = params.iter().map(|(_, ty, source)| (*ty, *source)).collect();
        self.calls[usize::from(nr)] = Some(Call {
            kind,
            entry,
            args,
            params,
            fd,
            effect,
        });
    }
}

fn kind_of<'a>(
    name: &str,
    category: Category,
    syscall: Option<u16>,
    params: impl IntoIterator<Item = (&'a str, ParamType)>,
) -> Kind {
    let params = params
        .into_iter()
        .map(|(name, ty)| Param {
            name: name.to_owned(),
            ty,
        })
        .collect();
    Kind {
        name: name.to_owned(),
        category,
        syscall,
        params,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_has_one_name_and_fits_the_kernels_table() {
        let catalogue = Catalogue::new();
        let mut names: Vec<&str> = generic::GENERIC.iter().map(|g| g.1).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|w| w[0] != w[1]));
        for decoded in decoded::DECODED {
            assert!(decoded.extracts.len() <= MAX_EXTRACTS, "{}", decoded.nr);
            assert!(decoded.args <= 6);
            for extract in decoded.extracts {
                // The program takes pointers from the arguments that the record keeps.
                assert!((extract >> 8 & 0xff) < u32::from(decoded.args), "{}", decoded.nr);
            }
            let call = catalogue
                .call(decoded.nr)
                .expect("decoded calls are in the generic table, too");
            for (_, source) in &call.params {
                let arg = match source {
                    Source::Arg(at) => *at,
                    _ => 0,
                };
                assert!(
                    arg < call.args.max(1),
                    "{} uses an argument that is not recorded",
                    decoded.nr
                );
            }
        }
        for name in entry::ENTRY {
            assert!(generic::GENERIC.iter().any(|g| g.1 == *name), "{name} is no call");
        }
        for name in ["unlinkat", "renameat2", "fchmodat", "execve", "connect", "bind"] {
            assert!(catalogue.entries.contains(&name), "{name} is not read when it begins");
        }
        assert_eq!(catalogue.kinds[Own::Unknown as usize].name, "unknown");
        assert_eq!(
            catalogue.kinds[usize::from(catalogue.call(257).unwrap().kind)].name,
            "openat"
        );
    }
}
