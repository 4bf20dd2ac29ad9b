//! Files: opened, read, written, and changed by path.

use super::action::PathOp;
use super::builder::Builder;
use super::happening::Happening;
use super::paths;
use super::state::{DraftId, Same};
use super::story::{FileOp, FileUse, Kind, What};
use crate::row::normalised;
use afterimage_format::model::{Descriptor, DescriptorType, ParamType};
use std::rc::Rc;

const O_ACCMODE: i64 = 3;
const O_CREAT: i64 = 0o100;
const O_EXCL: i64 = 0o200;
const O_TRUNC: i64 = 0o1000;
const O_APPEND: i64 = 0o2000;
const O_DIRECTORY: i64 = 0o200000;
const O_CLOEXEC: i64 = 0o2000000;
const O_PATH: i64 = 0o10000000;
const CREAT_FLAGS: i64 = 1 | O_CREAT | O_TRUNC;
const AT_FDCWD: i64 = -100;
const AT_REMOVEDIR: i64 = 0x200;
const F_DUPFD: i64 = 0;
const F_DUPFD_CLOEXEC: i64 = 1030;
/// EPERM, EACCES, EROFS: the file is there and may not be had.
const REFUSED: [i64; 3] = [-1, -13, -30];

impl Builder<'_> {
    /// A file was opened, or was not.
    pub(super) fn open(&mut self, at: &Happening<'_>) {
        let flags = at.int("flags").unwrap_or(CREAT_FLAGS);
        if let Some(error) = at.error() {
            return self.refused_open(at, flags, error);
        }
        let Some(descriptor) = at.descriptor() else { return };
        self.has_opened(at, at.result(), descriptor, flags & O_CLOEXEC != 0);
        if !is_file(descriptor) || flags & (O_PATH | O_DIRECTORY) != 0 {
            return self.fold(at);
        }
        let writes = flags & O_ACCMODE != 0 && flags & (O_CREAT | O_TRUNC) != 0;
        if writes {
            let created = flags & O_CREAT != 0
                && (flags & O_EXCL != 0 || self.files.is_gone(at.thread.container, &descriptor.name));
            let draft = self.written(at, &descriptor.name, |file| {
                if let FileOp::Write { created: known } = &mut file.op {
                    *known |= created;
                }
            });
            if let Some(draft) = draft {
                self.one_more(draft, &descriptor.name);
                self.opening(draft, flags);
            }
        } else {
            self.used(at, &descriptor.name, FileOp::Open);
        }
    }

    /// What the first opening says about a file that is written.
    fn opening(&mut self, draft: DraftId, flags: i64) {
        use super::story::Note::{Appended, NewOrEmptied};
        let note = if flags & O_TRUNC != 0 {
            NewOrEmptied
        } else if flags & O_APPEND != 0 {
            Appended
        } else {
            return;
        };
        let entry = &mut self.drafts[draft].entry;
        if entry.notes.is_empty() && matches!(entry.what, What::File(_)) {
            entry.notes.push(note);
        }
    }

    fn refused_open(&mut self, at: &Happening<'_>, flags: i64, error: i64) {
        let path = at
            .row
            .kind()
            .and_then(|kind| kind.params.iter().position(|p| p.ty == ParamType::Path));
        let path = path.map(|param| self.resolve(at, param)).unwrap_or_default();
        let write = flags & O_ACCMODE != 0;
        let why = if write {
            paths::sensitive_to_write(&path)
        } else {
            paths::sensitive_to_read(&path)
        };
        let tells =
            REFUSED.contains(&error) && (write || !paths::is_noise(&path)) || paths::sensitive_to_read(&path).is_some();
        if !tells && !self.options.all {
            return;
        }
        let same = Same::Refused {
            path: path.clone(),
            error,
        };
        let op = if write {
            FileOp::Write { created: false }
        } else {
            FileOp::Open
        };
        let what = || {
            What::File(FileUse {
                op,
                path,
                to: Vec::new(),
                bytes: 0,
            })
        };
        let (draft, _) = self.line(at, Some(same), Kind::Read, what, why.is_some());
        self.failed(draft, Some(error));
    }

    /// Data was read from a file or written to it.
    pub(super) fn file_moved(&mut self, at: &Happening<'_>, path: &[u8], write: bool, bytes: u64) {
        if write {
            let _ = self.written(at, path, |file| file.bytes += bytes);
        } else if let Some(draft) = self.used(at, path, FileOp::Read) {
            match &mut self.drafts[draft].entry.what {
                What::File(file) => file.bytes += bytes,
                What::More { read, .. } => *read += bytes,
                _ => {}
            }
        }
    }

    /// A file was opened for reading, or read.
    fn used(&mut self, at: &Happening<'_>, path: &[u8], op: FileOp) -> Option<DraftId> {
        let why = paths::sensitive_to_read(path);
        // An interpreter reads its script, which the execution tells already.
        let noise = paths::is_noise(path) || *path == at.thread.program()[..] || *path == at.thread.exepath[..];
        if noise && why.is_none() && !self.options.all {
            self.fold(at);
            return None;
        }
        let same = Same::File {
            write: false,
            path: path.to_vec(),
        };
        let what = || {
            What::File(FileUse {
                op,
                path: path.to_vec(),
                to: Vec::new(),
                bytes: 0,
            })
        };
        let (draft, is_new) = self.line(at, Some(same), Kind::Read, what, why.is_some());
        if op == FileOp::Open {
            self.one_more(draft, path);
        }
        if is_new {
            self.drafts[draft].file = self.files.get(at.thread.container, path);
        }
        if op == FileOp::Read {
            self.becomes(at, draft, FileOp::Open, FileOp::Read);
            self.registry.state(at.process).take_in(draft);
        }
        Some(draft)
    }

    /// A file was opened to be written, or written; `change` is applied to the line.
    fn written(&mut self, at: &Happening<'_>, path: &[u8], change: impl FnOnce(&mut FileUse)) -> Option<DraftId> {
        if paths::is_sink(path) && !self.options.all {
            self.fold(at);
            return None;
        }
        let why = paths::sensitive_to_write(path);
        let key = |write| Same::File {
            write,
            path: path.to_vec(),
        };
        let state = self.registry.state(at.process);
        // A file that was opened for both and is written turns out to be a file that is written.
        if !state.same.contains_key(&key(true))
            && let Some(opened) = state.same.get(&key(false)).copied()
            && self.becomes(at, opened, FileOp::Open, FileOp::Write { created: false })
        {
            let state = self.registry.state(at.process);
            state.same.remove(&key(false));
            state.same.insert(key(true), opened);
        }
        let op = FileOp::Write { created: false };
        let what = || {
            What::File(FileUse {
                op,
                path: path.to_vec(),
                to: Vec::new(),
                bytes: 0,
            })
        };
        let (draft, is_new) = self.line(at, Some(key(true)), Kind::Write, what, why.is_some());
        let mut data = false;
        let mut extra = FileUse {
            op,
            path: Vec::new(),
            to: Vec::new(),
            bytes: 0,
        };
        match &mut self.drafts[draft].entry.what {
            What::File(file) => {
                let nothing_yet = file.bytes == 0;
                change(file);
                data = file.bytes > 0;
                // The line stands where the data went, not where a shell opened the file for a program.
                if nothing_yet && file.bytes > 0 && !is_new {
                    let who = self.who(at);
                    let entry = &mut self.drafts[draft].entry;
                    (entry.time, entry.who) = (at.time, Some(who));
                }
            }
            What::More { written, .. } => {
                change(&mut extra);
                data = extra.bytes > 0;
                *written += extra.bytes;
            }
            _ => {}
        }
        let who = self.who(at);
        let taken_in = Rc::clone(&self.registry.state(at.process).taken_in);
        if let Some(file) = self.files.begin(at.thread.container, path) {
            self.files.write(file, &who, at.time, &taken_in, data);
            self.drafts[draft].file = Some(file);
        }
        self.drafts[draft].taken_in = taken_in;
        Some(draft)
    }

    /// Turns a line of one operation into one of another; it stands where that began.
    fn becomes(&mut self, at: &Happening<'_>, draft: DraftId, from: FileOp, to: FileOp) -> bool {
        let who = self.who(at);
        let entry = &mut self.drafts[draft].entry;
        match &mut entry.what {
            What::File(file) if file.op == from => {
                file.op = to;
                (entry.time, entry.who) = (at.time, Some(who));
                true
            }
            _ => false,
        }
    }

    /// A path was changed.
    pub(super) fn path(&mut self, at: &Happening<'_>, op: PathOp, path: usize, to: Option<usize>) {
        let from = self.resolve(at, path);
        let second = match to {
            // What a symbolic link holds is text, and need not be a path.
            Some(to) if op == PathOp::Is(FileOp::Symlink) => at.bytes_at(to).unwrap_or_default().to_vec(),
            Some(to) => self.resolve(at, to),
            None => Vec::new(),
        };
        let removes_directory = at.int("flags").is_some_and(|flags| flags & AT_REMOVEDIR != 0);
        let op = match op {
            PathOp::Unlink if removes_directory => FileOp::RemoveDirectory,
            PathOp::Unlink => FileOp::Delete,
            op => file_op(at, op),
        };
        self.change(at, op, from, second);
    }

    /// The file behind the descriptor was changed.
    pub(super) fn descriptor(&mut self, at: &Happening<'_>, op: PathOp) {
        let Some(descriptor) = at.descriptor().filter(|descriptor| is_file(descriptor)) else {
            return;
        };
        self.change(at, file_op(at, op), descriptor.name.clone(), Vec::new());
    }

    fn change(&mut self, at: &Happening<'_>, op: FileOp, path: Vec<u8>, to: Vec<u8>) {
        let error = at.error();
        let refused = error.is_some_and(|error| REFUSED.contains(&error));
        if error.is_some() && !refused && !self.options.all {
            return;
        }
        let why = paths::sensitive_to_write(&path).or_else(|| paths::sensitive_to_write(&to));
        let setuid = matches!(op, FileOp::Mode(mode) if mode & 0o6000 != 0);
        let of = if op == FileOp::Delete {
            Kind::Delete
        } else {
            Kind::Change
        };
        let notable = why.is_some() || setuid || matches!(op, FileOp::Root | FileOp::Unmount);
        let file = FileUse {
            op,
            path: path.clone(),
            to: to.clone(),
            bytes: 0,
        };
        let (draft, _) = self.line(at, None, of, || What::File(file), notable);
        self.one_more(draft, &path);
        self.failed(draft, error);
        if error.is_none() {
            let file = self.follow(at, op, &path, &to);
            self.drafts[draft].file = file;
        }
    }

    /// Keeps the file's history.
    fn follow(&mut self, at: &Happening<'_>, op: FileOp, path: &[u8], to: &[u8]) -> Option<usize> {
        let (container, who) = (at.thread.container, self.who(at));
        match op {
            FileOp::Delete => self.files.delete(container, path, &who, at.time),
            FileOp::Rename => self.files.rename(container, path, to, &who, at.time),
            FileOp::Mode(mode) if mode & 0o111 != 0 => {
                let id = self.files.begin(container, path)?;
                self.files.histories[id].executable.get_or_insert((who, at.time));
                Some(id)
            }
            _ => self.files.get(container, path),
        }
    }

    /// A path parameter as an absolute path, where the directory that it is relative to is known.
    pub(super) fn resolve(&mut self, at: &Happening<'_>, param: usize) -> Vec<u8> {
        let path = at.bytes_at(param).unwrap_or_default();
        if path.first() == Some(&b'/') {
            return normalised(path);
        }
        let kind = at.row.kind();
        let has_directory = |before: &usize| {
            kind.and_then(|k| k.params.get(*before))
                .is_some_and(|p| p.ty == ParamType::DirFd)
        };
        let directory = param
            .checked_sub(1)
            .filter(has_directory)
            .and_then(|before| at.int_at(before));
        let base = match directory {
            Some(fd) if fd as i32 != AT_FDCWD as i32 => {
                let open = self.registry.state(at.process).fds.get(fd);
                open.map(|descriptor| descriptor.name.clone()).unwrap_or_default()
            }
            _ => at.thread.cwd.to_vec(),
        };
        if base.first() == Some(&b'/') {
            normalised(&[base.as_slice(), b"/", path].concat())
        } else {
            path.to_vec()
        }
    }

    /// The process has a descriptor open from now on.
    pub(super) fn has_opened(&mut self, at: &Happening<'_>, fd: i64, descriptor: &Descriptor, cloexec: bool) {
        self.registry
            .state(at.process)
            .fds
            .open(fd, descriptor, cloexec, at.time);
    }

    /// The descriptor behind a number.
    pub(super) fn behind(&mut self, at: &Happening<'_>, fd: i64) -> Option<Rc<Descriptor>> {
        self.registry.state(at.process).fds.get(fd)
    }

    /// dup, dup2, dup3.
    pub(super) fn duplicate(&mut self, at: &Happening<'_>) {
        if let (None, Some(descriptor)) = (at.error(), at.descriptor()) {
            let cloexec = at.int("flags").is_some_and(|flags| flags & O_CLOEXEC != 0);
            self.has_opened(at, at.result(), descriptor, cloexec);
        }
    }

    /// fcntl.
    pub(super) fn fcntl(&mut self, at: &Happening<'_>) {
        if let (None, Some(descriptor), Some(cmd @ (F_DUPFD | F_DUPFD_CLOEXEC))) =
            (at.error(), at.descriptor(), at.int("cmd"))
        {
            self.has_opened(at, at.result(), descriptor, cmd == F_DUPFD_CLOEXEC);
        }
    }

    /// close.
    pub(super) fn close(&mut self, at: &Happening<'_>) {
        if let Some(fd) = at.int("fd") {
            self.registry.state(at.process).fds.close(fd, at.time);
        }
    }

    /// A file was mapped into memory: it may be read from then on.
    pub(super) fn map(&mut self, at: &Happening<'_>, fd: usize) {
        let fd = at.int_at(fd).unwrap_or(-1);
        if at.error().is_none()
            && let Some(descriptor) = self.behind(at, fd)
            && is_file(&descriptor)
        {
            self.used(at, &descriptor.name, FileOp::Read);
        }
    }
}

fn file_op(at: &Happening<'_>, op: PathOp) -> FileOp {
    match op {
        PathOp::Is(op) => op,
        PathOp::Unlink => FileOp::Delete,
        PathOp::Mode => FileOp::Mode(at.int("mode").unwrap_or(0) & 0o7777),
        PathOp::Owner => {
            // -1 leaves it as it is.
            let id = |name| at.int(name).filter(|id| *id != i64::from(u32::MAX)).unwrap_or(-1);
            FileOp::Owner(id("uid"), id("gid"))
        }
    }
}

pub(super) fn is_file(descriptor: &Descriptor) -> bool {
    matches!(descriptor.ty, DescriptorType::File | DescriptorType::Memfd)
}
