//! What is recorded of each system call: one table that fills the kernel's specs, names the events and their
//! parameters, and says what a call does to the descriptors and threads that the recorder follows.

mod arm64;
mod compat;
mod decoded;
#[cfg(all(test, target_arch = "x86_64"))]
mod document;
mod entry;
mod generic;
mod source;
mod spec;

use crate::profile::Take;
use afterimage_abi::{MAX_EXTRACTS, SYSCALLS, Spec, extract, recorded};
use afterimage_format::model::{Category, Kind, Param, ParamType};
pub(crate) use source::Source;

use compat::Compat;
use spec::{file_of, marks, without_payload};

/// Number, name, category and parameters of a call that is kept raw.
type Generic = (u16, &'static str, Category, &'static [(&'static str, ParamType)]);

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
    /// Two descriptors in the item of argument 0; the kernel's files have records of their own.
    Pipe { flags: Option<u8> },
    /// Two descriptors in the item of argument 3; the same.
    SocketPair,
    /// Descriptors may have come with a message, or with several; the same.
    Receive { several: bool },
    /// Descriptors and directory may not be in common with others any more.
    Unshare,
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
    /// bpf: some commands return a descriptor.
    Bpf,
    /// The exit of this call has lost its number; its entry tells it.
    Sigreturn,
    /// Anything: what was known of descriptors and directory is not known any more.
    Forget,
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
    Secret,
    Landlock,
    /// One of which only the call that made it tells what it is.
    Other,
}

/// Whether a command of bpf returns a descriptor (uapi/linux/bpf.h): those that make or open something.
pub(crate) fn bpf_makes_descriptor(command: u64) -> bool {
    matches!(
        command as u32,
        0 | 5 | 7 | 13 | 14 | 17 | 18 | 19 | 28 | 30 | 32 | 33 | 36
    )
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

/// [`Call::native`] of 32-bit calls that no 64-bit call is like.
const UNLIKE: u16 = u16::MAX;

/// A number, and the table that it is of.
#[derive(Clone, Copy)]
enum Table {
    Native(u16),
    Compat(u16),
}

/// What to do with one system call number.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Number of the 64-bit call that it is, or that it is like.
    pub(crate) native: u16,
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
    /// Which of them are written.
    pub(crate) take: Take,
}

impl Call {
    /// Whether it is recorded for what it does to the state, even where it is not written.
    pub(crate) fn is_followed(&self) -> bool {
        self.effect != Effect::None
    }
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
    /// A 32-bit system call whose number is in no table: number and arguments.
    Compat = 4,
    /// A call whose number is in no table: number and arguments.
    Unknown = 5,
    /// A signal reached a task: who sent it, who got it, number, code.
    Signaldeliver = 6,
    /// A process is killed for its memory.
    OomKill = 7,
    /// An operation of io_uring begins.
    UringSubmit = 8,
    /// It has a result.
    UringComplete = 9,
    /// An entry of the audit log of Kubernetes' API server.
    K8sAudit = 10,
}

/// All kinds and calls.
pub(crate) struct Catalogue {
    /// Kinds of events, as they go into the trace.
    pub(crate) kinds: Vec<Kind>,
    /// By system call number; `None`: no such call.
    calls: Vec<Option<Call>>,
    /// Those of the 32-bit table.
    compat_calls: Vec<Option<Call>>,
    /// What the kernel is told, by number.
    pub(crate) specs: Vec<Spec>,
    /// Names of the calls that are read when they begin, too.
    pub(crate) entries: Vec<&'static str>,
    /// The same for 32-bit calls.
    pub(crate) compat_specs: Vec<Spec>,
}

impl Catalogue {
    /// The whole table.
    pub(crate) fn new() -> Catalogue {
        // Numbers without a name are recorded with all registers; the last place stands for all beyond the table.
        let unknown = Spec {
            recorded: recorded::YES,
            args: 6,
            ..Spec::default()
        };
        let mut out = Catalogue {
            kinds: decoded::own_kinds(),
            calls: vec![None; SYSCALLS as usize],
            compat_calls: vec![None; SYSCALLS as usize],
            specs: vec![unknown; SYSCALLS as usize],
            compat_specs: vec![unknown; SYSCALLS as usize],
            entries: Vec::new(),
        };
        for (nr, name, category, params) in generic::GENERIC {
            let (spec, call) = match decoded::rows().find(|d| d.nr == *nr) {
                Some(decoded) => out.decoded(name, Table::Native(*nr), decoded),
                None => out.generic(name, Table::Native(*nr), *category, params),
            };
            out.specs[usize::from(*nr)] = spec;
            out.calls[usize::from(*nr)] = Some(call);
        }
        if cfg!(target_arch = "x86_64") {
            for (nr, name, meaning) in compat::TABLE {
                let (spec, call) = out.compat(*nr, name, *meaning);
                out.compat_specs[usize::from(*nr)] = spec;
                out.compat_calls[usize::from(*nr)] = Some(call);
            }
        }
        if cfg!(target_arch = "aarch64") {
            out.renumber(&arm64::NAMES, arm64::COMMON);
        }
        out
    }

    /// Gives the calls, which have the numbers of x86-64, those of another machine: places in `names`, and the same from
    /// `common` on. Calls that it does not have are left out.
    fn renumber(&mut self, names: &[&str], common: usize) {
        let mut calls = vec![None; self.calls.len()];
        let unnamed = Spec {
            recorded: recorded::YES,
            args: 6,
            ..Spec::default()
        };
        let mut specs = vec![unnamed; self.specs.len()];
        for (nr, spec) in self.specs.iter().enumerate() {
            let Some(mut call) = self.calls.get_mut(nr).and_then(Option::take) else {
                continue;
            };
            let kind = &mut self.kinds[usize::from(call.kind)];
            let place = names.iter().position(|name| *name == kind.name);
            let Some(place) = place.or_else(|| (nr >= common).then_some(nr)) else {
                continue;
            };
            kind.syscall = Some(place as u16);
            call.native = place as u16;
            specs[place] = *spec;
            calls[place] = Some(call);
        }
        (self.calls, self.specs) = (calls, specs);
    }

    /// The call with this number.
    pub(crate) fn call(&self, nr: u16) -> Option<&Call> {
        self.calls.get(usize::from(nr))?.as_ref()
    }

    /// All calls, with the kind of their exit.
    pub(crate) fn calls(&self) -> impl Iterator<Item = (&Call, &Kind)> {
        self.calls
            .iter()
            .flatten()
            .filter_map(|call| Some((call, self.kinds.get(usize::from(call.kind))?)))
    }

    /// All calls with what the kernel is told.
    pub(crate) fn calls_with_specs(&self) -> impl Iterator<Item = ((&Call, &Kind), &Spec)> {
        let named = self.calls.iter().zip(&self.specs);
        named.filter_map(|(call, spec)| {
            let call = call.as_ref()?;
            Some(((call, self.kinds.get(usize::from(call.kind))?), spec))
        })
    }

    /// Leaves out what is not written. Calls that the state depends on stay in the kernel's table, without payload.
    pub(crate) fn choose(&mut self, take: impl Fn(&Kind) -> Take) {
        let compat = self.compat_specs.iter_mut().zip(&mut self.compat_calls);
        let chosen = self.specs.iter_mut().zip(&mut self.calls).chain(compat);
        for (spec, call) in chosen.filter_map(|(spec, call)| Some((spec, call.as_mut()?))) {
            call.take = self.kinds.get(usize::from(call.kind)).map_or(Take::Always, &take);
            if call.take != Take::Never {
                continue;
            }
            if call.is_followed() {
                spec.extracts = without_payload(spec.extracts);
            } else {
                spec.recorded = recorded::NO;
                let kind = self.kinds.get(usize::from(call.kind));
                self.entries.retain(|name| kind.is_none_or(|kind| kind.name != *name));
            }
        }
    }

    /// Of calls that `only` names, the kernel gives those that fail.
    pub(crate) fn only_failed(&mut self, only: impl Fn(&Kind) -> bool) {
        let compat = self.compat_specs.iter_mut().zip(&self.compat_calls);
        let chosen = self.specs.iter_mut().zip(&self.calls).chain(compat);
        for (spec, call) in chosen.filter_map(|(spec, call)| Some((spec, call.as_ref()?))) {
            let kind = self.kinds.get(usize::from(call.kind));
            if spec.recorded == recorded::YES && !call.is_followed() && kind.is_some_and(&only) {
                spec.recorded = recorded::FAILED;
            }
        }
    }

    /// The 32-bit call with this number.
    pub(crate) fn compat_call(&self, nr: u16) -> Option<&Call> {
        self.compat_calls.get(usize::from(nr))?.as_ref()
    }

    /// A 32-bit call. Where it is what a 64-bit call of the same name is, its events are of the same kind.
    fn compat(&mut self, nr: u16, name: &'static str, meaning: Compat) -> (Spec, Call) {
        match meaning {
            Compat::As(native) => {
                let spec = self.specs[usize::from(native)];
                let Some(like) = self.call(native).cloned() else {
                    unreachable!("the table names calls that there are")
                };
                let mut kind = self.kinds[usize::from(like.kind)].clone();
                if kind.name == name {
                    return (spec, like);
                }
                (kind.name, kind.syscall) = (name.to_owned(), Some(nr));
                self.kinds.push(kind);
                let kind = self.kinds.len() as u16 - 1;
                (spec, Call { kind, ..like })
            }
            Compat::Own => match compat::ROWS.iter().find(|d| d.nr == nr) {
                Some(row) => self.decoded(name, Table::Compat(nr), row),
                None => unreachable!("each of these has a row"),
            },
            Compat::Raw(category, params) => self.generic(name, Table::Compat(nr), category, params),
        }
    }

    fn generic(
        &mut self,
        name: &'static str,
        nr: Table,
        category: Category,
        params: &[(&str, ParamType)],
    ) -> (Spec, Call) {
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
        self.add(nr, name, category, &named, args, &[], fd, Effect::None)
    }

    fn decoded(&mut self, name: &'static str, nr: Table, d: &Decoded) -> (Spec, Call) {
        self.add(nr, name, d.category, d.params, d.args, d.extracts, d.fd, d.effect)
    }

    #[allow(clippy::too_many_arguments, reason = "the columns of one table row")]
    fn add(
        &mut self,
        nr: Table,
        name: &'static str,
        category: Category,
        params: &[(&str, ParamType, Source)],
        args: u8,
        extracts: &[u32],
        fd: FdOf,
        effect: Effect,
    ) -> (Spec, Call) {
        let (number, native) = match nr {
            Table::Native(nr) => (nr, nr),
            Table::Compat(nr) => (nr, UNLIKE),
        };
        let given = |e: &u32| matches!(e & 0xff, extract::STRING | extract::SOCKADDR | extract::STRUCT);
        let is_read = effect == Effect::Sigreturn || extracts.iter().any(given);
        let entry = native != UNLIKE && entry::ENTRY.contains(&name) && is_read;
        if entry {
            self.entries.push(name);
        }
        let mut spec = Spec {
            recorded: recorded::YES,
            args,
            marks: marks(name, effect),
            file: file_of(effect) as u8,
            ..Spec::default()
        };
        for (to, from) in spec.extracts.iter_mut().zip(extracts.iter().take(MAX_EXTRACTS)) {
            *to = *from;
        }
        let kind = self.kinds.len() as u16;
        self.kinds.push(kind_of(
            name,
            category,
            Some(number),
            params.iter().map(|(n, ty, _)| (*n, *ty)),
        ));
        let call = Call {
            native,
            kind,
            entry,
            args,
            params: params.iter().map(|(_, ty, source)| (*ty, *source)).collect(),
            fd,
            effect,
            take: Take::Always,
        };
        (spec, call)
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
        let mut numbers: Vec<u16> = decoded::rows().map(|d| d.nr).collect();
        numbers.sort_unstable();
        assert_eq!(numbers.windows(2).find(|w| w[0] == w[1]), None, "decoded twice");
        for row in decoded::rows() {
            fits(row, catalogue.call(row.nr));
        }
        for row in compat::ROWS {
            fits(row, catalogue.compat_call(row.nr));
        }
        let mut numbers: Vec<u16> = compat::TABLE.iter().map(|row| row.0).collect();
        numbers.dedup();
        assert!(numbers.is_sorted() && numbers.len() == compat::TABLE.len());
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

    #[test]
    fn calls_get_the_numbers_of_another_machine() {
        let mut catalogue = Catalogue::new();
        let openat = catalogue.specs[257];
        catalogue.renumber(&arm64::NAMES, arm64::COMMON);
        for (nr, name) in [
            (0, "io_setup"),
            (56, "openat"),
            (79, "newfstatat"),
            (221, "execve"),
            (437, "openat2"),
        ] {
            let kind = &catalogue.kinds[usize::from(catalogue.call(nr).unwrap().kind)];
            assert_eq!((kind.name.as_str(), kind.syscall), (name, Some(nr)));
        }
        assert_eq!(catalogue.specs[56], openat);
        assert!(catalogue.call(221).unwrap().entry);
        // A hole, and a call that only x86-64 has.
        assert!(catalogue.call(250).is_none() && catalogue.calls().all(|(_, kind)| kind.name != "open"));
    }

    fn fits(row: &Decoded, call: Option<&Call>) {
        let nr = row.nr;
        assert!(row.extracts.len() <= MAX_EXTRACTS && row.args <= 6, "{nr}");
        assert!(row.params.len() <= 12, "{nr}");
        for extract in row.extracts {
            // The program takes pointers from the arguments that the record keeps.
            assert!((extract >> 8 & 0xff) < u32::from(row.args), "{nr}");
        }
        let call = call.expect("decoded calls are in the table of names, too");
        for (_, source) in &call.params {
            let arg = match source {
                Source::Arg(at) | Source::Signed(at) | Source::Low(at) => *at,
                Source::Pair(a, b) | Source::Option(a, b) => *a.max(b),
                _ => 0,
            };
            assert!(arg < call.args.max(1), "{nr} uses an argument that is not recorded");
            // What is taken from memory is what the program was told to read there.
            let item = match source {
                Source::Item(at) | Source::Str(at) | Source::Whole(at) if *at < 6 => Some(*at),
                Source::Word(at, ..) | Source::Out(at, ..) | Source::Joined(at, ..) => Some(*at),
                Source::Span(at, _) | Source::SpanMicro(at, _) | Source::OldSpan(at, ..) => Some(*at),
                _ => None,
            };
            let read = |item: u8| row.extracts.iter().any(|e| (e >> 8 & 0xff) as u8 == item);
            assert!(item.is_none_or(read), "{nr} uses memory that is not read: {source:?}");
        }
    }
}
