//! File descriptors of the recorded processes.

use afterimage_format::model::{Descriptor, DescriptorType, L4Proto, Role};
use afterimage_format::segment::{FdState, SegmentBuilder};
use hashbrown::{Equivalent, HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// One place of a process's descriptor table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FdEntry {
    /// [`Descriptor::id`].
    pub(crate) descriptor: u64,
    /// Closed by exec.
    pub(crate) cloexec: bool,
}

type Table = HashMap<i32, FdEntry>;

/// The tables of all processes, and the descriptors they refer to.
pub(crate) struct Descriptors {
    /// By process id; shared until one side of a fork changes its own.
    tables: HashMap<u32, Rc<Table>>,
    store: HashMap<u64, Descriptor>,
    /// Descriptors (with id 0) to their ids, so that equal ones are stored once.
    index: HashMap<Content, u64>,
    next: u64,
    /// What has changed in the tables and no event has told yet: process, number, what it is now. Most events leave it
    /// empty; its memory is kept.
    changes: Vec<(u32, i32, FdState)>,
}

impl Descriptors {
    pub(crate) fn new() -> Descriptors {
        Descriptors {
            tables: HashMap::new(),
            store: HashMap::new(),
            index: HashMap::new(),
            next: 1,
            changes: Vec::new(),
        }
    }

    /// Tells the changes since the last time: they come with the event that is pushed next.
    #[inline]
    pub(crate) fn tell_changes(&mut self, out: &mut SegmentBuilder) {
        for (pid, fd, state) in self.changes.drain(..) {
            out.fd_change(pid, fd, state);
        }
    }

    /// Forgets the tables of processes that do not live: their end was lost, and their id may be a thread's by now. To
    /// be called before a keyframe, which tells everything anew.
    pub(crate) fn keep(&mut self, lives: impl Fn(u32) -> bool) {
        self.tables.retain(|pid, _| lives(*pid));
    }

    /// Everything that is open, for a keyframe: process, number, [`Descriptor::id`]. Changes that were not told yet are
    /// part of it.
    pub(crate) fn open(&mut self) -> Vec<(u32, i32, u64)> {
        self.changes.clear();
        let mut open = Vec::with_capacity(self.count());
        for (pid, table) in &self.tables {
            open.extend(table.iter().map(|(fd, entry)| (*pid, *fd, entry.descriptor)));
        }
        // Neighbours resemble each other, which compresses well.
        open.sort_unstable();
        open
    }

    /// How many descriptors are open.
    pub(crate) fn count(&self) -> usize {
        self.tables.values().map(|table| table.len()).sum()
    }

    /// The descriptor with this id.
    pub(crate) fn descriptor(&self, id: u64) -> Option<&Descriptor> {
        self.store.get(&id)
    }
    /// The id of a descriptor with this content.
    pub(crate) fn intern(&mut self, descriptor: Descriptor) -> u64 {
        let content = Content(descriptor);
        if let Some(id) = self.index.get(&content) {
            return *id;
        }
        let id = self.next;
        self.next += 1;
        self.store.insert(
            id,
            Descriptor {
                id,
                ..content.0.clone()
            },
        );
        self.index.insert(content, id);
        id
    }

    /// As [`Descriptors::intern`] of a descriptor that is known by type and name; allocates only when it is new.
    pub(crate) fn intern_named(&mut self, ty: DescriptorType, name: &[u8]) -> u64 {
        match self.index.get(&Named { ty, name }) {
            Some(id) => *id,
            None => self.intern(named(ty, name.to_vec())),
        }
    }

    /// What `fd` of process `pid` refers to.
    pub(crate) fn get(&self, pid: u32, fd: i32) -> Option<FdEntry> {
        self.tables.get(&pid)?.get(&fd).copied()
    }

    /// Sets what `fd` refers to.
    pub(crate) fn set(&mut self, pid: u32, fd: i32, entry: FdEntry) {
        let before = Rc::make_mut(self.tables.entry(pid).or_default()).insert(fd, entry);
        if before.is_none_or(|before| before.descriptor != entry.descriptor) {
            self.changes.push((pid, fd, FdState::Open(entry.descriptor)));
        }
    }

    /// Sets the whole table of a process, as /proc shows it. What was thought to be open and is not there is closed.
    pub(crate) fn replace(&mut self, pid: u32, table: impl IntoIterator<Item = (i32, FdEntry)>) {
        let table: Table = table.into_iter().collect();
        let before = self.tables.remove(&pid).unwrap_or_default();
        for fd in before.keys().filter(|fd| !table.contains_key(*fd)) {
            self.changes.push((pid, *fd, FdState::Closed));
        }
        for (fd, entry) in &table {
            if before
                .get(fd)
                .is_none_or(|before| before.descriptor != entry.descriptor)
            {
                self.changes.push((pid, *fd, FdState::Open(entry.descriptor)));
            }
        }
        self.tables.insert(pid, Rc::new(table));
    }

    /// Closes `fd`.
    pub(crate) fn close(&mut self, pid: u32, fd: i32) {
        if let Some(table) = self.tables.get_mut(&pid)
            && table.contains_key(&fd)
        {
            Rc::make_mut(table).remove(&fd);
            self.changes.push((pid, fd, FdState::Closed));
        }
    }

    /// Closes the descriptors from `first` to `last`, or marks them close-on-exec.
    pub(crate) fn close_range(&mut self, pid: u32, first: u32, last: u32, only_mark: bool) {
        let inside = |fd: i32| (first..=last).contains(&(fd as u32));
        if !only_mark {
            return self.close_where(pid, |fd, _| inside(fd));
        }
        if let Some(table) = self.tables.get_mut(&pid) {
            Rc::make_mut(table)
                .iter_mut()
                .filter(|(fd, _)| inside(**fd))
                .for_each(|(_, e)| e.cloexec = true);
        }
    }

    fn close_where(&mut self, pid: u32, gone: impl Fn(i32, &FdEntry) -> bool) {
        let Descriptors { tables, changes, .. } = self;
        // A table that nothing is taken from stays shared.
        if let Some(table) = tables.get_mut(&pid)
            && table.iter().any(|(fd, e)| gone(*fd, e))
        {
            Rc::make_mut(table).retain(|fd, e| {
                let gone = gone(*fd, e);
                if gone {
                    changes.push((pid, *fd, FdState::Closed));
                }
                !gone
            });
        }
    }

    /// A child begins with its parent's descriptors.
    pub(crate) fn fork(&mut self, parent: u32, child: u32) {
        match self.tables.get(&parent) {
            Some(table) => {
                let table = Rc::clone(table);
                self.tables.insert(child, table);
                self.changes.push((child, 0, FdState::CopyOf(parent)));
            }
            // What an earlier process with this id had, whose end was lost, is not the child's.
            None => self.remove(child),
        }
    }

    /// Exec closes what is marked.
    pub(crate) fn exec(&mut self, pid: u32) {
        self.close_where(pid, |_, e| e.cloexec);
    }

    /// A process ended, or its descriptors are not known any more.
    pub(crate) fn remove(&mut self, pid: u32) {
        if self.tables.remove(&pid).is_some() {
            self.changes.push((pid, 0, FdState::Ended));
        }
    }

    /// Forgets descriptors that no process has open. To be called when no segment refers to older ones any more.
    pub(crate) fn sweep(&mut self) {
        if self.store.len() < 4096 {
            return;
        }
        let open: HashSet<u64> = self
            .tables
            .values()
            .flat_map(|t| t.values())
            .map(|e| e.descriptor)
            .collect();
        if self.store.len() < 2 * open.len() {
            return;
        }
        self.store.retain(|id, _| open.contains(id));
        self.index.retain(|_, id| open.contains(id));
    }
}

/// A descriptor as a key. Its hash is that of [`Named`], so that one can be looked up by the other.
#[derive(PartialEq, Eq)]
struct Content(Descriptor);

/// Type and name of a descriptor of which nothing else is known.
struct Named<'a> {
    ty: DescriptorType,
    name: &'a [u8],
}

impl Hash for Named<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.ty.hash(state);
        self.name.hash(state);
    }
}

impl Hash for Content {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Named {
            ty: self.0.ty,
            name: &self.0.name,
        }
        .hash(state);
    }
}

impl Equivalent<Content> for Named<'_> {
    fn equivalent(&self, key: &Content) -> bool {
        let Descriptor {
            id: _,
            ty,
            l4,
            role,
            ref name,
            tuple,
            dev,
            ino,
        } = key.0;
        (ty, name.as_slice()) == (self.ty, self.name)
            && (l4, role, tuple, dev, ino) == (L4Proto::Unknown, Role::Unknown, None, 0, 0)
    }
}

/// A descriptor that is known by type and name.
pub(crate) fn named(ty: DescriptorType, name: Vec<u8>) -> Descriptor {
    Descriptor {
        id: 0,
        ty,
        l4: L4Proto::Unknown,
        role: Role::Unknown,
        name,
        tuple: None,
        dev: 0,
        ino: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: Vec<u8>) -> Descriptor {
        named(DescriptorType::File, path)
    }

    #[test]
    fn tables_follow_fork_and_exec() {
        let mut all = Descriptors::new();
        let a = all.intern(file(b"/a".to_vec()));
        let b = all.intern(file(b"/b".to_vec()));
        assert_eq!(all.intern(file(b"/a".to_vec())), a);
        assert_eq!(all.intern_named(DescriptorType::File, b"/a"), a);
        assert_ne!(all.intern_named(DescriptorType::Directory, b"/a"), a);
        let with_inode = all.intern(Descriptor {
            ino: 7,
            ..file(b"/a".to_vec())
        });
        assert_eq!(all.intern_named(DescriptorType::File, b"/a"), a);
        assert_ne!(with_inode, a);
        all.set(
            1,
            3,
            FdEntry {
                descriptor: a,
                cloexec: false,
            },
        );
        all.set(
            1,
            4,
            FdEntry {
                descriptor: b,
                cloexec: true,
            },
        );
        all.fork(1, 2);
        all.close(2, 3);
        assert!(all.get(1, 3).is_some() && all.get(2, 3).is_none());
        all.exec(1);
        assert!(all.get(1, 3).is_some() && all.get(1, 4).is_none());
        assert!(all.get(2, 4).is_some());
        all.close_range(2, 4, u32::MAX, false);
        assert!(all.get(2, 4).is_none());
    }

    #[test]
    fn only_what_changes_is_told() {
        let mut all = Descriptors::new();
        let [a, b] = [b"/a", b"/b"].map(|name| all.intern(file(name.to_vec())));
        let entry = |descriptor, cloexec| FdEntry { descriptor, cloexec };
        let mut check = |what: &str, act: &dyn Fn(&mut Descriptors), expected: &[(u32, i32, FdState)]| {
            act(&mut all);
            let mut told = std::mem::take(&mut all.changes);
            told.sort_by_key(|(pid, fd, _)| (*pid, *fd));
            assert_eq!(told, expected, "{what}");
        };
        use FdState::{Closed, CopyOf, Ended, Open};
        check("open", &|d| d.set(1, 3, entry(a, false)), &[(1, 3, Open(a))]);
        check("the same again", &|d| d.set(1, 3, entry(a, false)), &[]);
        check("close-on-exec alone", &|d| d.set(1, 3, entry(a, true)), &[]);
        check("something else", &|d| d.set(1, 3, entry(b, true)), &[(1, 3, Open(b))]);
        check("another", &|d| d.set(1, 4, entry(a, false)), &[(1, 4, Open(a))]);
        check("fork", &|d| d.fork(1, 2), &[(2, 0, CopyOf(1))]);
        check("fork of a stranger", &|d| d.fork(8, 9), &[]);
        check("exec", &|d| d.exec(2), &[(2, 3, Closed)]);
        check("exec without anything marked", &|d| d.exec(2), &[]);
        check("close", &|d| d.close(2, 4), &[(2, 4, Closed)]);
        check("close of nothing", &|d| d.close(2, 4), &[]);
        check("close of a stranger's", &|d| d.close(8, 4), &[]);
        check("marks", &|d| d.close_range(1, 0, u32::MAX, true), &[]);
        check(
            "close_range",
            &|d| d.close_range(1, 4, u32::MAX, false),
            &[(1, 4, Closed)],
        );
        check(
            "/proc says",
            &|d| d.replace(1, [(4, entry(b, false)), (5, entry(a, false))]),
            &[(1, 3, Closed), (1, 4, Open(b)), (1, 5, Open(a))],
        );
        check("end", &|d| d.remove(1), &[(1, 0, Ended)]);
        check("end of a stranger", &|d| d.remove(1), &[]);
        check("an id again whose end was lost", &|d| d.fork(8, 2), &[(2, 0, Ended)]);
    }

    #[test]
    fn a_keyframe_has_what_is_open() {
        let mut all = Descriptors::new();
        let a = all.intern(file(b"/a".to_vec()));
        let entry = FdEntry {
            descriptor: a,
            cloexec: false,
        };
        all.set(7, 3, entry);
        all.set(2, 5, entry);
        all.set(2, 4, entry);
        all.fork(7, 8);
        assert_eq!(all.count(), 4);
        assert_eq!(all.open(), [(2, 4, a), (2, 5, a), (7, 3, a), (8, 3, a)]);
        assert!(all.changes.is_empty(), "the keyframe tells them");
    }
}
