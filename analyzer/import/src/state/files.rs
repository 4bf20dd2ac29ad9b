//! Opening, closing and copying descriptors.

use super::effects::succeeded;
use super::fd::Fd;
use super::path::joined;
use super::world::{Context, World};
use crate::events::Event;
use crate::fields::until_nul;
use afterimage_format::model::DescriptorType;

const AT_FDCWD: i64 = -100;
/// `O_DIRECTORY` as sysdig numbers it.
const O_DIRECTORY: i64 = 1024;
/// Commands of fcntl that copy a descriptor, as sysdig numbers them.
const DUPFD: [i64; 2] = [1, 26];

/// Why the descriptor of a row has no type.
const FAILED: &[u8] = b"the call failed";

impl World {
    /// Directory of the event's process.
    pub(super) fn cwd(&mut self, tid: i64) -> Vec<u8> {
        let main = self.main(tid);
        main.and_then(|main| self.threads.get(&main))
            .map(|thread| thread.cwd.to_vec())
            .unwrap_or_default()
    }

    /// What a path is relative to.
    pub(super) fn base(&mut self, tid: i64, dirfd: i64, path: &[u8]) -> Vec<u8> {
        if path.first() == Some(&b'/') {
            return Vec::new();
        }
        if dirfd == AT_FDCWD {
            return self.cwd(tid);
        }
        match self.fd(tid, dirfd) {
            Some(directory) => [&directory.shown.name[..], b"/"].concat(),
            None => b"<UNKNOWN>".to_vec(),
        }
    }

    /// Path and flags of an open: as it began, where that is known.
    fn opened(&mut self, event: &Event<'_>, context: &Context) -> Option<(Vec<u8>, i64)> {
        let tid = context.tid.unwrap_or(event.tid);
        if event.code == 337 {
            return Some((event.text("path")?.to_vec(), event.int("flags").unwrap_or(0)));
        }
        let begun = self
            .begun(event, context, "name")
            .map(until_nul)
            .filter(|name| !name.is_empty() && *name != b"(NULL)");
        let (name, is_begun) = match begun {
            Some(name) => (name.to_vec(), true),
            None => (event.text("name")?.to_vec(), false),
        };
        let int = |name| match self.begun(event, context, name) {
            Some(bytes) if is_begun => crate::fields::signed(bytes),
            _ => event.int(name),
        };
        let flags = int("flags").unwrap_or(0);
        let dirfd = int("dirfd").unwrap_or(AT_FDCWD);
        let base = self.base(tid, dirfd, &name);
        Some((joined(&base, &name), flags))
    }

    pub(super) fn open_ends(&mut self, event: &Event<'_>, context: &mut Context) {
        let Some(number) = event.int("fd").filter(|fd| *fd >= 0) else {
            return;
        };
        let Some((path, flags)) = self.opened(event, context) else {
            return;
        };
        let ty = if flags & O_DIRECTORY != 0 && event.code != 59 {
            DescriptorType::Directory
        } else {
            DescriptorType::File
        };
        let mut fd = Fd::named(ty, &path);
        fd.shown.dev = event.uint("dev").unwrap_or(0) as u32;
        fd.shown.ino = event.uint("ino").unwrap_or(0);
        self.add(context, number, fd);
    }

    /// What the row of a call that failed names: the file that was not opened, the connection that was not made.
    pub(super) fn named_by_event(&mut self, event: &Event<'_>) -> Option<Fd> {
        let mut fd = match event.code {
            3 | 59 => {
                let name = event.text("name")?;
                let cwd = self.cwd(event.tid);
                let path = if name == b"<NA>" {
                    name.to_vec()
                } else {
                    joined(&cwd, name)
                };
                Fd::named(DescriptorType::File, &path)
            }
            307 | 327 => {
                let name = event.text("name")?;
                let base = self.base(event.tid, event.int("dirfd").unwrap_or(AT_FDCWD), name);
                Fd::named(DescriptorType::File, &joined(&base, name))
            }
            337 => Fd::named(DescriptorType::File, event.text("path")?),
            23 | 27 | 57 | 247 | 249 | 389 => {
                let text = super::socktuple(event.named("tuple")?).text();
                Fd::named(DescriptorType::Unknown, &text)
            }
            _ => return None,
        };
        fd.shown.missing = FAILED.to_vec();
        Some(fd)
    }

    pub(super) fn close_begins(&mut self, event: &Event<'_>) {
        let Some(owner) = self.table_owner(event.tid) else {
            return;
        };
        let number = self.threads.get(&event.tid).map_or(-1, |thread| thread.last_fd);
        if let Some(thread) = self.threads.get_mut(&owner)
            && thread.fds.contains_key(&number)
        {
            thread.closing.retain(|(closing, _)| *closing != number);
            if thread.closing.len() < 64 {
                thread.closing.push((number, false));
            }
        }
    }

    pub(super) fn close_ends(&mut self, event: &Event<'_>, context: &Context) {
        let Some(tid) = context.tid else { return };
        let number = self.threads.get(&tid).map_or(-1, |thread| thread.last_fd);
        let mut taken = false;
        if let Some(owner) = self.table_owner(tid)
            && let Some(thread) = self.threads.get_mut(&owner)
            && let Some(at) = thread.closing.iter().position(|(closing, _)| *closing == number)
        {
            taken = thread.closing.swap_remove(at).1;
        }
        if succeeded(event) && context.fd.is_some() && !taken {
            self.closed = Some((tid, number));
        }
    }

    pub(super) fn dup(&mut self, event: &Event<'_>, context: &mut Context) {
        if let (Some(tid), Some(fd), Some(number)) = (context.tid, context.fd.clone(), event.int("res"))
            && number >= 0
        {
            self.put(tid, number, fd);
            self.set_last_fd(tid, number);
        }
    }

    pub(super) fn fcntl(&mut self, event: &Event<'_>, context: &mut Context) {
        let command = self.argument(event, context, "cmd");
        if command.is_some_and(|command| DUPFD.contains(&command)) {
            self.dup(event, context);
        }
    }

    pub(super) fn pipe(&mut self, event: &Event<'_>, context: &mut Context) {
        if !succeeded(event) {
            return;
        }
        for end in ["fd1", "fd2"] {
            let mut fd = Fd::named(DescriptorType::Pipe, b"");
            fd.shown.ino = event.uint("ino").unwrap_or(0);
            if let Some(number) = event.int(end) {
                self.add(context, number, fd);
            }
        }
    }
}
