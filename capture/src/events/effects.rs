//! What system calls do to the state.

use super::executed::credentials;
use super::{Raw, Tracker};
use crate::catalogue::{Effect, Source, Special, bpf_makes_descriptor};
use crate::state::{FdEntry, Missing, Who, is_known, join_into, named, socket, socket_of, unix_name};
use afterimage_abi::item;
use afterimage_format::model::{Descriptor, DescriptorType, Role, SockAddr, Text, Tuple, parse_sockaddr};

const AT_FDCWD: i32 = -100;
const EBADF: i64 = -9;
const EINPROGRESS: i64 = -115;
const O_CLOEXEC: u64 = 0o2000000;
const O_DIRECTORY: u64 = libc::O_DIRECTORY as u64;
/// Contains O_DIRECTORY, and makes a file.
const O_TMPFILE: u64 = libc::O_TMPFILE as u64;
const PR_SET_NAME: u32 = 15;
const CLOSE_RANGE_UNSHARE: u64 = 2;
const CLOSE_RANGE_CLOEXEC: u64 = 4;
const F_DUPFD: u64 = 0;
const F_SETFD: u64 = 2;
const F_DUPFD_CLOEXEC: u64 = 1030;
const BIND: u16 = libc::SYS_bind as u16;
const LISTEN: u16 = libc::SYS_listen as u16;
const SENDTO: u16 = libc::SYS_sendto as u16;
const SENDMSG: u16 = libc::SYS_sendmsg as u16;
const SENDMMSG: u16 = libc::SYS_sendmmsg as u16;
const CONNECT: u16 = libc::SYS_connect as u16;

impl Tracker {
    /// Applies the effect of a call that returned.
    pub(super) fn apply(&mut self, raw: &Raw<'_>, effect: &Effect) {
        let result = raw.header.result;
        if matches!(effect, Effect::Address) {
            // A connection that failed or is under way has addresses, too.
            return self.address(raw);
        }
        // Linux gives a descriptor back even when closing it reports an error.
        let closed = matches!(effect, Effect::Close) && result != EBADF;
        if result < 0 && !closed {
            return;
        }
        let who = raw.who();
        let flag = |at: Option<u8>| at.is_some_and(|at| raw.arg(at) & O_CLOEXEC != 0);
        match *effect {
            Effect::None | Effect::Address | Effect::Sigreturn | Effect::Receive { .. } => {}
            Effect::Open { path, dir, flags } => self.opened(raw, path, dir, flags),
            Effect::Close => self.descriptors.close(who, raw.arg(0) as i32),
            Effect::CloseRange => {
                if raw.arg(2) & CLOSE_RANGE_UNSHARE != 0 {
                    self.descriptors.part(who, self.threads.of_process(who.pid));
                }
                let mark = raw.arg(2) & CLOSE_RANGE_CLOEXEC != 0;
                self.descriptors
                    .close_range(who, raw.arg(0) as u32, raw.arg(1) as u32, mark);
            }
            Effect::Dup { flags } => self.duplicate(who, raw.arg(0) as i32, result as i32, flag(flags)),
            Effect::Fcntl => match raw.arg(1) & 0xffff_ffff {
                F_DUPFD => self.duplicate(who, raw.arg(0) as i32, result as i32, false),
                F_DUPFD_CLOEXEC => self.duplicate(who, raw.arg(0) as i32, result as i32, true),
                F_SETFD => {
                    let fd = raw.arg(0) as i32;
                    if let Some(entry) = self.descriptors.get(who, fd) {
                        self.descriptors.set(
                            who,
                            fd,
                            FdEntry {
                                cloexec: raw.arg(2) & 1 != 0,
                                ..entry
                            },
                        );
                    }
                }
                _ => {}
            },
            Effect::Pipe { flags } => self.pair(raw, 0, named(DescriptorType::Pipe, Vec::new()), flag(flags)),
            Effect::SocketPair => {
                let descriptor = socket(raw.arg(0) as u16, raw.arg(1) as u16, 0);
                self.pair(raw, 3, descriptor, flag(Some(1)));
            }
            Effect::Socket => {
                let descriptor = socket(raw.arg(0) as u16, raw.arg(1) as u16, raw.arg(2) as u16);
                self.open(who, result as i32, descriptor, flag(Some(1)));
            }
            Effect::Accept { flags } => self.accept(raw, flag(flags)),
            Effect::Special(special, flags) => {
                let descriptor = match self.behind(raw) {
                    Some(descriptor) => descriptor,
                    // It may also return a version, which is no descriptor.
                    None if special == Special::Landlock => return,
                    None => self.descriptors.intern(special_of(special, raw)),
                };
                let cloexec = flag(flags);
                self.descriptors
                    .set(who, result as i32, FdEntry { descriptor, cloexec });
            }
            Effect::Bpf if bpf_makes_descriptor(raw.arg(0)) => {
                // All of them are closed on exec.
                self.open(who, result as i32, named(DescriptorType::Bpf, Vec::new()), true);
            }
            Effect::Bpf => {}
            Effect::Forget => self.lose_track(raw),
            Effect::Unshare => self.unshare(raw),
            // As the caller said, seen from where it was: the kernel will tell more.
            Effect::Chdir(item) => {
                let said = raw.bytes(item).map(|path| self.absolute(raw, None, path));
                self.threads.set_directory(who, &said.unwrap_or_default().into());
            }
            Effect::Fchdir => {
                let said = self.name_of(who, raw.arg(0) as i32);
                self.threads.set_directory(who, &said.into());
            }
            Effect::Root => self.threads.set_directory(who, &Text::default()),
            Effect::Prctl if raw.arg(0) as u32 == PR_SET_NAME => {
                if let Some(name) = raw.bytes(1) {
                    self.threads
                        .update(raw.tid(), |t| t.comm = name[..name.len().min(15)].into());
                }
            }
            Effect::Prctl => {}
            // As the kernel has them: what the caller says may be of another user namespace.
            Effect::Credentials => {
                if let Some(ids) = raw.word(item::CREDENTIALS, 0, 8) {
                    let credentials = credentials(raw);
                    self.threads.update(raw.tid(), |t| {
                        (t.uid, t.gid) = ((ids >> 32) as u32, ids as u32);
                        t.credentials = credentials.map(Box::new);
                    });
                }
            }
            Effect::Setsid => self.threads.update_process(who.pid, |t| t.sid = result as u32),
        }
    }

    /// A file was opened. Its path is that of the kernel's file; where the kernel could not be asked, what the caller
    /// said, seen from where it was.
    fn opened(&mut self, raw: &Raw<'_>, path: u8, dir: Option<u8>, flags: Option<Source>) {
        let flags = match flags {
            Some(Source::Arg(at)) => raw.arg(at),
            Some(Source::Word(arg, offset, size)) => raw.word(arg, offset, size).unwrap_or(0),
            _ => 0,
        };
        let descriptor = match self.behind(raw) {
            Some(descriptor) => descriptor,
            None => {
                let mut name = std::mem::take(&mut self.scratch);
                self.absolute_into(&mut name, raw, dir, raw.bytes(path).unwrap_or_default());
                let ty = if flags & O_TMPFILE == O_DIRECTORY {
                    DescriptorType::Directory
                } else {
                    DescriptorType::File
                };
                let descriptor = self.descriptors.intern_named(ty, &name);
                self.scratch = name;
                descriptor
            }
        };
        let cloexec = flags & O_CLOEXEC != 0;
        self.descriptors
            .set(raw.who(), raw.header.result as i32, FdEntry { descriptor, cloexec });
    }

    /// A call that is not followed may have opened, closed or changed directory.
    pub(super) fn lose_track(&mut self, raw: &Raw<'_>) {
        self.descriptors.forget(raw.who(), Missing::NotFollowed);
        self.threads.set_directory(raw.who(), &Text::default());
    }

    /// A thread does not share any more.
    fn unshare(&mut self, raw: &Raw<'_>) {
        let has = |flags: i32| raw.arg(0) & flags as u64 != 0;
        if has(libc::CLONE_FILES) {
            self.descriptors.part(raw.who(), self.threads.of_process(raw.pid()));
        }
        // A namespace of mounts or of users asks for it.
        if has(libc::CLONE_FS | libc::CLONE_NEWNS | libc::CLONE_NEWUSER) {
            self.threads.part_directory(raw.who());
        }
    }

    /// `path` as an absolute path: seen from the directory in argument `dir`, or from the current one.
    fn absolute(&self, raw: &Raw<'_>, dir: Option<u8>, path: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        self.absolute_into(&mut out, raw, dir, path);
        out
    }

    fn absolute_into(&self, out: &mut Vec<u8>, raw: &Raw<'_>, dir: Option<u8>, path: &[u8]) {
        let base = match dir.map(|at| raw.arg(at) as i32).filter(|fd| *fd != AT_FDCWD) {
            Some(fd) => self.descriptor_at(raw.who(), fd).map(|d| d.name.as_slice()),
            None => self.threads.get(raw.tid()).map(|t| &t.cwd[..]),
        };
        join_into(out, base.unwrap_or_default(), path);
    }

    fn descriptor_at(&self, who: Who, fd: i32) -> Option<&Descriptor> {
        self.descriptors.descriptor(self.descriptors.get(who, fd)?.descriptor)
    }

    fn name_of(&self, who: Who, fd: i32) -> Vec<u8> {
        self.descriptor_at(who, fd).map(|d| d.name.clone()).unwrap_or_default()
    }

    fn open(&mut self, who: Who, fd: i32, descriptor: Descriptor, cloexec: bool) {
        let descriptor = self.descriptors.intern(descriptor);
        self.descriptors.set(who, fd, FdEntry { descriptor, cloexec });
    }

    fn duplicate(&mut self, who: Who, old: i32, new: i32, cloexec: bool) {
        match self.descriptors.get(who, old) {
            // dup2 of a descriptor to itself changes nothing.
            Some(_) if old == new => {}
            Some(entry) => self.descriptors.set(who, new, FdEntry { cloexec, ..entry }),
            None => self.descriptors.close(who, new),
        }
    }

    /// Two descriptors, of which the kernel will tell more.
    fn pair(&mut self, raw: &Raw<'_>, item: u8, descriptor: Descriptor, cloexec: bool) {
        let fds = [0, 4].map(|offset| raw.word(item, offset, 4).map(|fd| fd as i32));
        for fd in fds.into_iter().flatten() {
            self.open(raw.who(), fd, descriptor.clone(), cloexec);
        }
        if let [Some(one), Some(other)] = fds {
            self.pair = Some((raw.header.tgid_tid, [one, other]));
        }
    }

    /// A socket's addresses have become known or have changed.
    fn address(&mut self, raw: &Raw<'_>) {
        let (who, fd) = (raw.who(), raw.arg(0) as i32);
        let Some(kernel) = raw.socket() else { return };
        let entry = self.descriptors.get(who, fd);
        let old = entry.and_then(|e| self.descriptors.descriptor(e.descriptor));
        let address = match raw.header.nr {
            SENDTO => raw.bytes(4),
            SENDMSG | SENDMMSG => raw.bytes(item::MESSAGE_NAME),
            BIND | CONNECT => raw.bytes(1),
            _ => None,
        };
        let address = address.and_then(parse_sockaddr);
        let bound_to = raw.bytes(if raw.header.nr == CONNECT {
            item::UNIX_PEER
        } else {
            item::UNIX_LOCAL
        });
        // Messages mostly go where those before went.
        if matches!(raw.header.nr, SENDTO | SENDMSG | SENDMMSG)
            && address.is_none()
            && bound_to.is_none()
            && old.is_some_and(|old| is_known(&kernel, old))
        {
            return;
        }
        let role = match raw.header.nr {
            CONNECT => Role::Client,
            LISTEN => Role::Server,
            _ => old.map_or(Role::Unknown, |d| d.role),
        };
        let mut descriptor = socket_of(&kernel, role);
        let done = raw.header.result >= 0 || raw.header.result == EINPROGRESS;
        let unix = descriptor.ty == DescriptorType::Unix;
        match address {
            Some(SockAddr::Unix(path)) if done && unix => descriptor.name = path.to_vec(),
            _ if unix => {}
            // A datagram's destination, or where a connection failed to go: the kernel's socket does not have it.
            Some(SockAddr::Ip(ip, port)) if raw.header.nr != BIND => {
                if let Some(tuple) = descriptor.tuple
                    && tuple.remote.1 == 0
                {
                    descriptor = crate::state::with_tuple(
                        descriptor,
                        Tuple {
                            remote: (ip.to_canonical(), port),
                            ..tuple
                        },
                        role,
                    );
                }
            }
            _ => {}
        }
        // What the kernel has nobody can have changed meanwhile. A relative path says less than the caller's own.
        if let Some(name @ [0 | b'/', ..]) = bound_to {
            descriptor.name = unix_name(name);
        }
        if let Some(old) = old {
            descriptor.ino = old.ino;
            if descriptor.name.is_empty() {
                descriptor.name = old.name.clone();
            }
        }
        let cloexec = entry.is_some_and(|e| e.cloexec);
        self.open(who, fd, descriptor, cloexec);
    }

    fn accept(&mut self, raw: &Raw<'_>, cloexec: bool) {
        let who = raw.who();
        let Some(kernel) = raw.socket() else {
            // Whatever had this number before is not it.
            return self.descriptors.close(who, raw.header.result as i32);
        };
        let mut descriptor = socket_of(&kernel, Role::Server);
        if descriptor.ty == DescriptorType::Unix {
            descriptor.name = match raw.bytes(item::UNIX_LOCAL) {
                Some(path) => unix_name(path),
                None => self.name_of(who, raw.arg(0) as i32),
            };
        }
        self.open(who, raw.header.result as i32, descriptor, cloexec);
    }
}

/// What the call says that it made.
fn special_of(special: Special, raw: &Raw<'_>) -> Descriptor {
    let ty = match special {
        Special::Eventfd => DescriptorType::Event,
        Special::Epoll => DescriptorType::Eventpoll,
        Special::Timerfd => DescriptorType::Timerfd,
        Special::Signalfd => DescriptorType::Signalfd,
        Special::Inotify => DescriptorType::Inotify,
        Special::Memfd => {
            let name = [b"memfd:", raw.bytes(0).unwrap_or_default()].concat();
            return named(DescriptorType::Memfd, name);
        }
        Special::Pidfd => DescriptorType::Pidfd,
        Special::IoUring => DescriptorType::IoUring,
        Special::Userfaultfd => DescriptorType::Userfaultfd,
        Special::Secret => return named(DescriptorType::Memfd, b"secretmem".to_vec()),
        Special::Landlock | Special::Other => DescriptorType::Unknown,
    };
    named(ty, Vec::new())
}
