//! Descriptors as the kernel program found them, and why those are unknown that it did not.

use super::{Raw, Tracker};
use crate::catalogue::FdOf;
use crate::state::{FdEntry, Missing, named, socket_of, unix_name};
use afterimage_abi::{AT_FDCWD, item};
use afterimage_format::model::{Descriptor, DescriptorType, Role};

const EBADF: i64 = -9;

impl Tracker {
    /// The current thread has got a descriptor, or is in another directory.
    pub(super) fn descriptor_told(&mut self, raw: &Raw<'_>) {
        let fd = raw.header.result as i32;
        if fd == AT_FDCWD {
            return self.directory_told(raw);
        }
        let Some(descriptor) = self.behind(raw) else { return };
        let cloexec = self.descriptors.get(raw.who(), fd).is_some_and(|entry| entry.cloexec);
        self.descriptors.set(raw.who(), fd, FdEntry { descriptor, cloexec });
        self.told = Some((raw.header.tgid_tid, fd));
        if let Some((whose, fds)) = self.pair
            && whose == raw.header.tgid_tid
            && fd == fds[1]
        {
            self.pair = None;
            self.name_pair(raw, fds);
        }
    }

    fn directory_told(&mut self, raw: &Raw<'_>) {
        let Some(file) = raw.file() else { return };
        let mut path = std::mem::take(&mut self.scratch);
        file.path_into(&mut path);
        self.threads.set_directory(raw.who(), &path.as_slice().into());
        self.scratch = path;
    }

    /// Whether the kernel's file behind this descriptor came just before this record, from the same thread.
    pub(super) fn was_told(&self, raw: &Raw<'_>, fd: i32) -> bool {
        self.told == Some((raw.header.tgid_tid, fd))
    }

    /// [`Descriptor::id`] of the kernel's file in a record.
    pub(super) fn behind(&mut self, raw: &Raw<'_>) -> Option<u64> {
        let file = raw.file()?;
        let mut name = std::mem::take(&mut self.scratch);
        let (ty, ino) = file.describe(&mut name);
        let id = match (ty, ino) {
            (DescriptorType::Socket, _) => self.socket_behind(raw, ino),
            (_, 0) => self.descriptors.intern_named(ty, &name),
            _ => self.descriptors.intern(Descriptor {
                ino,
                ..named(ty, name.clone())
            }),
        };
        self.scratch = name;
        Some(id)
    }

    /// A socket that came from elsewhere. What is known of it from there, where it has not got other addresses meanwhile,
    /// is more than the kernel has: who connected.
    fn socket_behind(&mut self, raw: &Raw<'_>, ino: u64) -> u64 {
        let mut found = match raw.socket() {
            Some(socket) => socket_of(&socket, Role::Unknown),
            None => named(DescriptorType::Socket, Vec::new()),
        };
        let path = raw.bytes(item::UNIX_LOCAL).or_else(|| raw.bytes(item::UNIX_PEER));
        if let Some(path) = path {
            found.name = unix_name(path);
        }
        found.ino = ino;
        match self.descriptors.socket(ino) {
            Some(known) if known.ty == found.ty && known.tuple == found.tuple => known.id,
            _ => self.descriptors.intern(found),
        }
    }

    /// The two ends of a pair of sockets: each is named by both, so that one leads to the other.
    pub(super) fn name_pair(&mut self, raw: &Raw<'_>, fds: [i32; 2]) {
        let entries = fds.map(|fd| self.descriptors.get(raw.who(), fd));
        let [Some(one), Some(other)] = entries else { return };
        let [Some(a), Some(b)] = [one, other].map(|entry| self.descriptors.descriptor(entry.descriptor).cloned())
        else {
            return;
        };
        if [&a, &b].iter().any(|end| end.ino == 0 || !end.is_socket()) {
            return;
        }
        for (fd, entry, near, far) in [(fds[0], one, &a, &b), (fds[1], other, &b, &a)] {
            let descriptor = self.descriptors.intern(Descriptor {
                name: format!("socket:[{}]->socket:[{}]", near.ino, far.ino).into_bytes(),
                ..Descriptor { id: 0, ..near.clone() }
            });
            self.descriptors.set(raw.who(), fd, FdEntry { descriptor, ..entry });
        }
    }

    /// [`Descriptor::id`] of the descriptor that a call is about; 0: none.
    pub(super) fn descriptor_of(&mut self, raw: &Raw<'_>, fd: FdOf) -> u64 {
        let fd = match fd {
            FdOf::None => return 0,
            FdOf::Arg(at) => raw.arg(at) as i32,
            FdOf::Result if raw.header.result < 0 => return 0,
            FdOf::Result => raw.header.result as i32,
        };
        match self.descriptors.get(raw.who(), fd) {
            Some(entry) => entry.descriptor,
            // There is no such descriptor.
            None if fd < 0 || raw.header.result == EBADF => 0,
            None => self.descriptors.unknown(self.descriptors.missing(raw.who())),
        }
    }

    /// Whatever has this number is not what had it before.
    pub(super) fn set_unknown(&mut self, raw: &Raw<'_>, fd: i32, why: Missing) {
        let descriptor = self.descriptors.unknown(why);
        let cloexec = false;
        self.descriptors.set(raw.who(), fd, FdEntry { descriptor, cloexec });
    }
}
