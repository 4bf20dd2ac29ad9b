//! File descriptors of the recorded processes.

use super::content::{Content, Named, Wanted, named};
use super::missing::Missing;
use super::sharing::{Group, Sharing, Who};
use afterimage_format::model::{Descriptor, DescriptorType};
use afterimage_format::segment::{FdState, SegmentBuilder};
use hashbrown::{HashMap, HashSet};
use std::rc::Rc;

/// One place of a process's descriptor table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FdEntry {
    /// [`Descriptor::id`].
    pub(crate) descriptor: u64,
    /// Closed by exec.
    pub(crate) cloexec: bool,
}

/// A table of descriptors as far as it is known.
#[derive(Debug, Clone, Default, PartialEq)]
struct Table {
    open: HashMap<i32, FdEntry>,
    /// Why numbers that are not in it may be open.
    missing: Missing,
}

/// Processes with one table for all, as far as they are followed: each change is told for each of them.
const MOST_SHARING: usize = 16;

/// The tables of all threads, and the descriptors they refer to.
pub(crate) struct Descriptors {
    /// By group; one behind several until one of them changes.
    tables: HashMap<Group, Rc<Table>>,
    sharing: Sharing,
    /// By id.
    store: HashMap<u64, Rc<Descriptor>>,
    /// The same by what they are, so that equal ones are stored once.
    index: HashSet<Content>,
    /// Sockets by inode.
    sockets: HashMap<u64, u64>,
    next: u64,
    /// What has changed in the tables and no event has told yet: process, number, what it is now. Most events leave it
    /// empty; its memory is kept.
    changes: Vec<(u32, i32, FdState)>,
}

impl Descriptors {
    pub(crate) fn new() -> Descriptors {
        Descriptors {
            tables: HashMap::new(),
            sharing: Sharing::default(),
            store: HashMap::new(),
            index: HashSet::new(),
            sockets: HashMap::new(),
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

    /// Forgets the tables of those who do not live: their end was lost, and their id may be another's by now. To be
    /// called before a keyframe, which tells everything anew.
    pub(crate) fn keep(&mut self, lives: impl Fn(Who) -> bool) {
        self.sharing.keep(&lives);
        let Descriptors { tables, sharing, .. } = self;
        tables.retain(|group, _| sharing.is_used(*group, |pid| lives(Who::first(pid))));
    }

    /// Everything that is open, for a keyframe: process, number, [`Descriptor::id`]. Changes that were not told yet are
    /// part of it. Of a process whose threads have tables of their own it is that of the first one.
    pub(crate) fn open(&mut self) -> Vec<(u32, i32, u64)> {
        self.changes.clear();
        let mut open = Vec::with_capacity(self.count());
        for (group, table) in &self.tables {
            for pid in self.sharing.processes(*group) {
                open.extend(table.open.iter().map(|(fd, entry)| (pid, *fd, entry.descriptor)));
            }
        }
        // Neighbours resemble each other, which compresses well.
        open.sort_unstable();
        open
    }

    /// How many descriptors are open.
    pub(crate) fn count(&self) -> usize {
        self.tables.values().map(|table| table.open.len()).sum()
    }

    /// The descriptor with this id.
    pub(crate) fn descriptor(&self, id: u64) -> Option<&Descriptor> {
        self.store.get(&id).map(Rc::as_ref)
    }

    /// The id of a descriptor with this content.
    pub(crate) fn intern(&mut self, descriptor: Descriptor) -> u64 {
        if let Some(known) = self.index.get(&Wanted(&descriptor)) {
            return known.0.id;
        }
        let id = self.next;
        self.next += 1;
        if descriptor.is_socket() && descriptor.ino != 0 {
            self.sockets.insert(descriptor.ino, id);
        }
        let descriptor = Rc::new(Descriptor { id, ..descriptor });
        self.store.insert(id, Rc::clone(&descriptor));
        self.index.insert(Content(descriptor));
        id
    }

    /// The socket with this inode, as it was seen last.
    pub(crate) fn socket(&self, ino: u64) -> Option<&Descriptor> {
        self.descriptor(*self.sockets.get(&ino)?)
    }

    /// As [`Descriptors::intern`] of a descriptor that is known by type and name; allocates only when it is new.
    pub(crate) fn intern_named(&mut self, ty: DescriptorType, name: &[u8]) -> u64 {
        match self.index.get(&Named { ty, name }) {
            Some(known) => known.0.id,
            None => self.intern(named(ty, name.to_vec())),
        }
    }

    /// The descriptor of which nothing is known but why.
    pub(crate) fn unknown(&mut self, why: Missing) -> u64 {
        match self.index.get(&why) {
            Some(known) => known.0.id,
            None => self.intern(Descriptor {
                missing: why.text().as_bytes().to_vec(),
                ..Descriptor::unknown(0)
            }),
        }
    }

    /// Why a number of which nothing is known may be open.
    pub(crate) fn missing(&self, who: Who) -> Missing {
        self.table(who).map_or(Missing::Gone, |table| table.missing)
    }

    #[inline]
    fn table(&self, who: Who) -> Option<&Rc<Table>> {
        self.tables.get(&self.sharing.group(who))
    }

    /// What `fd` refers to for a thread.
    #[inline]
    pub(crate) fn get(&self, who: Who, fd: i32) -> Option<FdEntry> {
        self.table(who)?.open.get(&fd).copied()
    }

    /// Tells a change for all processes of a group.
    fn tell(&mut self, group: Group, fd: i32, state: FdState) {
        let Descriptors { sharing, changes, .. } = self;
        changes.extend(sharing.processes(group).map(|pid| (pid, fd, state)));
    }

    /// Sets what `fd` refers to.
    pub(crate) fn set(&mut self, who: Who, fd: i32, entry: FdEntry) {
        let group = self.sharing.group(who);
        let table = Rc::make_mut(self.tables.entry(group).or_insert_with(gone));
        let before = table.open.insert(fd, entry);
        if before.is_none_or(|before| before.descriptor != entry.descriptor) {
            self.tell(group, fd, FdState::Open(entry.descriptor));
        }
    }

    /// Sets the whole table of a process, as /proc shows it. What was thought to be open and is not there is closed.
    pub(crate) fn replace(&mut self, pid: u32, open: impl IntoIterator<Item = (i32, FdEntry)>) {
        let group = self.sharing.group(Who::first(pid));
        let open: HashMap<i32, FdEntry> = open.into_iter().collect();
        let before = self.tables.remove(&group).unwrap_or_default();
        for fd in before.open.keys().filter(|fd| !open.contains_key(*fd)) {
            self.tell(group, *fd, FdState::Closed);
        }
        for (fd, entry) in &open {
            let before = before.open.get(fd);
            if before.is_none_or(|before| before.descriptor != entry.descriptor) {
                self.tell(group, *fd, FdState::Open(entry.descriptor));
            }
        }
        let missing = Missing::Unseen;
        self.tables.insert(group, Rc::new(Table { open, missing }));
    }

    /// Closes `fd`.
    pub(crate) fn close(&mut self, who: Who, fd: i32) {
        let group = self.sharing.group(who);
        if let Some(table) = self.tables.get_mut(&group)
            && table.open.contains_key(&fd)
        {
            Rc::make_mut(table).open.remove(&fd);
            self.tell(group, fd, FdState::Closed);
        }
    }

    /// Closes the descriptors from `first` to `last`, or marks them close-on-exec.
    pub(crate) fn close_range(&mut self, who: Who, first: u32, last: u32, only_mark: bool) {
        let inside = |fd: i32| (first..=last).contains(&(fd as u32));
        if !only_mark {
            return self.close_where(who, |fd, _| inside(fd));
        }
        if let Some(table) = self.tables.get_mut(&self.sharing.group(who)) {
            let open = Rc::make_mut(table).open.iter_mut();
            open.filter(|(fd, _)| inside(**fd)).for_each(|(_, e)| e.cloexec = true);
        }
    }

    fn close_where(&mut self, who: Who, gone: impl Fn(i32, &FdEntry) -> bool) {
        let group = self.sharing.group(who);
        let Descriptors {
            tables,
            changes,
            sharing,
            ..
        } = self;
        // A table that nothing is taken from stays shared.
        if let Some(table) = tables.get_mut(&group)
            && table.open.iter().any(|(fd, e)| gone(*fd, e))
        {
            Rc::make_mut(table).open.retain(|fd, e| {
                let gone = gone(*fd, e);
                if gone {
                    changes.extend(sharing.processes(group).map(|pid| (pid, *fd, FdState::Closed)));
                }
                !gone
            });
        }
    }

    /// The thread `maker` made `made`, which has its descriptors in common with it or has copies of them.
    pub(crate) fn fork(&mut self, maker: Who, made: Who, common: bool) {
        let is_process = maker.pid != made.pid;
        if is_process {
            // What an earlier process with this id had, whose end was lost, is not the child's.
            self.end_process(made.pid);
        }
        let group = self.sharing.group(maker);
        if is_process && common && self.sharing.processes(group).count() >= MOST_SHARING {
            // Not followed any further: not with names that may be wrong.
            return self.forget(made, Missing::Shared);
        }
        let (from, to) = self.sharing.born(maker, made, common);
        let Some(table) = self.tables.get(&from) else { return };
        if from != to {
            let table = Rc::clone(table);
            self.tables.insert(to, table);
        }
        if is_process && self.sharing.processes(from).any(|pid| pid == maker.pid) {
            self.changes.push((made.pid, 0, FdState::CopyOf(maker.pid)));
        } else if is_process {
            self.tell_all(made.pid);
        }
    }

    /// A thread has a table of its own from now on; `threads` are those of its process.
    pub(crate) fn part(&mut self, who: Who, threads: &[u32]) {
        if let Some((from, to)) = self.sharing.part(who, threads)
            && let Some(table) = self.tables.get(&from)
        {
            let table = Rc::clone(table);
            self.tables.insert(to, table);
        }
    }

    /// Tells the whole table of a process anew.
    fn tell_all(&mut self, pid: u32) {
        self.changes.push((pid, 0, FdState::Ended));
        let group = self.sharing.group(Who::first(pid));
        let table = self.tables.get(&group).into_iter();
        let open = table.flat_map(|table| &table.open);
        self.changes
            .extend(open.map(|(fd, entry)| (pid, *fd, FdState::Open(entry.descriptor))));
    }

    /// A thread executed, and with it its whole process; `open` has the bits of what is open still, of all numbers or
    /// (`cut`) only the first ones.
    pub(crate) fn exec(&mut self, pid: u32, old_tid: u32, open: Option<&[u8]>, cut: bool) {
        let first = Who::first(pid);
        let before = self.sharing.group(first);
        self.sharing.exec(pid, old_tid);
        let moved = self.sharing.group(first) != before;
        self.part(first, &[]);
        if moved {
            if !self.sharing.is_used(before, |_| false) {
                self.tables.remove(&before);
            }
            self.tell_all(pid);
        }
        let is_open = |fd: i32| {
            let byte = open?.get(usize::try_from(fd).ok()? / 8);
            byte.map(|byte| byte >> (fd % 8) & 1 != 0).or((!cut).then_some(false))
        };
        self.close_where(first, |fd, entry| is_open(fd).map_or(entry.cloexec, |open| !open));
        let bits = open.unwrap_or_default().iter().zip((0..).step_by(8));
        let set = bits.flat_map(|(byte, from)| {
            (0..8)
                .filter(move |bit| byte >> bit & 1 != 0)
                .map(move |bit| from + bit)
        });
        let unknown: Vec<i32> = set.filter(|fd| self.get(first, *fd).is_none()).collect();
        let why = self.missing(first);
        for fd in unknown {
            let descriptor = self.unknown(why);
            let cloexec = false;
            self.set(first, fd, FdEntry { descriptor, cloexec });
        }
    }

    /// A thread ended.
    pub(crate) fn end(&mut self, who: Who) {
        if let Some(group) = self.sharing.end(who) {
            self.tables.remove(&group);
        }
    }

    /// A process ended.
    pub(crate) fn end_process(&mut self, pid: u32) {
        let table = self.tables.remove(&Group::from(pid));
        let moved = self.sharing.end_process(pid);
        if table.is_some() || moved.is_some() {
            self.changes.push((pid, 0, FdState::Ended));
        }
        if let (Some(table), Some((_, group))) = (table, moved) {
            self.tables.insert(group, table);
        }
    }

    /// The descriptors of a thread are not known any more.
    pub(crate) fn forget(&mut self, who: Who, missing: Missing) {
        let group = self.sharing.group(who);
        let open = HashMap::new();
        if self.tables.insert(group, Rc::new(Table { open, missing })).is_some() {
            self.tell(group, 0, FdState::Ended);
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
            .flat_map(|table| table.open.values())
            .map(|e| e.descriptor)
            .collect();
        if self.store.len() < 2 * open.len() {
            return;
        }
        self.store.retain(|id, _| open.contains(id));
        self.index.retain(|known| open.contains(&known.0.id));
        self.sockets.retain(|_, id| open.contains(id));
    }
}

/// The table of a process that was not looked at.
fn gone() -> Rc<Table> {
    Rc::new(Table {
        missing: Missing::Gone,
        ..Table::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const P1: Who = Who { pid: 1, tid: 1 };
    const P2: Who = Who { pid: 2, tid: 2 };
    const P8: Who = Who { pid: 8, tid: 8 };
    const P9: Who = Who { pid: 9, tid: 9 };

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
            P1,
            3,
            FdEntry {
                descriptor: a,
                cloexec: false,
            },
        );
        all.set(
            P1,
            4,
            FdEntry {
                descriptor: b,
                cloexec: true,
            },
        );
        all.fork(P1, P2, false);
        all.close(P2, 3);
        assert!(all.get(P1, 3).is_some() && all.get(P2, 3).is_none());
        all.exec(1, 1, None, true);
        assert!(all.get(P1, 3).is_some() && all.get(P1, 4).is_none());
        assert!(all.get(P2, 4).is_some());
        all.close_range(P2, 4, u32::MAX, false);
        assert!(all.get(P2, 4).is_none());
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
        check("open", &|d| d.set(P1, 3, entry(a, false)), &[(1, 3, Open(a))]);
        check("the same again", &|d| d.set(P1, 3, entry(a, false)), &[]);
        check("close-on-exec alone", &|d| d.set(P1, 3, entry(a, true)), &[]);
        check("something else", &|d| d.set(P1, 3, entry(b, true)), &[(1, 3, Open(b))]);
        check("another", &|d| d.set(P1, 4, entry(a, false)), &[(1, 4, Open(a))]);
        check("fork", &|d| d.fork(P1, P2, false), &[(2, 0, CopyOf(1))]);
        check("fork of a stranger", &|d| d.fork(P8, P9, false), &[]);
        check("exec", &|d| d.exec(2, 2, None, true), &[(2, 3, Closed)]);
        check("exec without anything marked", &|d| d.exec(2, 2, None, true), &[]);
        check("close", &|d| d.close(P2, 4), &[(2, 4, Closed)]);
        check("close of nothing", &|d| d.close(P2, 4), &[]);
        check("close of a stranger's", &|d| d.close(P8, 4), &[]);
        check("marks", &|d| d.close_range(P1, 0, u32::MAX, true), &[]);
        check(
            "close_range",
            &|d| d.close_range(P1, 4, u32::MAX, false),
            &[(1, 4, Closed)],
        );
        check(
            "/proc says",
            &|d| d.replace(1, [(4, entry(b, false)), (5, entry(a, false))]),
            &[(1, 3, Closed), (1, 4, Open(b)), (1, 5, Open(a))],
        );
        check("end", &|d| d.end_process(1), &[(1, 0, Ended)]);
        check("end of a stranger", &|d| d.end_process(1), &[]);
        check(
            "an id again whose end was lost",
            &|d| d.fork(P8, P2, false),
            &[(2, 0, Ended)],
        );
    }

    #[test]
    fn a_keyframe_has_what_is_open() {
        let mut all = Descriptors::new();
        let a = all.intern(file(b"/a".to_vec()));
        let entry = FdEntry {
            descriptor: a,
            cloexec: false,
        };
        let p7 = Who::first(7);
        all.set(p7, 3, entry);
        all.set(P2, 5, entry);
        all.set(P2, 4, entry);
        all.fork(p7, P8, false);
        assert_eq!(all.count(), 4);
        assert_eq!(all.open(), [(2, 4, a), (2, 5, a), (7, 3, a), (8, 3, a)]);
        assert!(all.changes.is_empty(), "the keyframe tells them");
    }

    #[test]
    fn what_is_had_in_common_changes_for_all() {
        let mut all = Descriptors::new();
        let a = all.intern(file(b"/a".to_vec()));
        let entry = FdEntry {
            descriptor: a,
            cloexec: false,
        };
        let told = |all: &mut Descriptors| std::mem::take(&mut all.changes);
        use FdState::{Closed, CopyOf, Open};
        all.replace(1, []);
        all.fork(P1, P2, true);
        all.set(P2, 3, entry);
        assert_eq!(all.get(P1, 3), Some(entry));
        assert_eq!(told(&mut all), [(2, 0, CopyOf(1)), (1, 3, Open(a)), (2, 3, Open(a))]);
        // The end of who had it first is not the end of it.
        all.end(P1);
        all.end_process(1);
        assert_eq!((all.get(P1, 3), all.get(P2, 3)), (None, Some(entry)));
        // The child of a child, which parts.
        all.fork(P2, P8, true);
        all.part(P8, &[8]);
        told(&mut all);
        all.close(P8, 3);
        assert_eq!(told(&mut all), [(8, 3, Closed)]);
        assert_eq!((all.get(P2, 3), all.get(P8, 3)), (Some(entry), None));
        // A thread that parts; a keyframe has what the first one has.
        let thread = Who { pid: 2, tid: 5 };
        all.fork(P2, thread, true);
        all.part(thread, &[2, 5]);
        all.close(thread, 3);
        all.set(thread, 9, entry);
        assert_eq!((all.get(P2, 3), all.get(P2, 9)), (Some(entry), None));
        assert_eq!(all.open(), [(2, 3, a)]);
        // It makes a process, then executes.
        all.fork(thread, P9, false);
        assert_eq!(all.get(P9, 9), Some(entry));
        all.exec(2, 5, Some(&[0, 2]), false);
        assert_eq!(all.open(), [(2, 9, a), (9, 9, a)]);
    }

    #[test]
    fn too_many_with_one_table_are_not_followed() {
        let mut all = Descriptors::new();
        all.replace(1, []);
        for pid in 2..=40 {
            all.fork(P1, Who::first(pid), true);
        }
        let descriptor = all.intern(file(b"/a".to_vec()));
        let cloexec = false;
        all.changes.clear();
        all.set(P1, 3, FdEntry { descriptor, cloexec });
        assert_eq!(all.changes.len(), MOST_SHARING);
        assert_eq!(all.missing(Who::first(40)), Missing::Shared);
        assert_eq!(all.get(Who::first(40), 3), None);
    }

    #[test]
    fn an_exec_tells_what_is_open() {
        let mut all = Descriptors::new();
        let a = all.intern(file(b"/a".to_vec()));
        let entry = |cloexec| FdEntry { descriptor: a, cloexec };
        let mut check = |open: Option<&[u8]>, cut, expected: &[(i32, bool)]| {
            all.replace(
                1,
                [
                    (0, entry(true)),
                    (1, entry(false)),
                    (9, entry(true)),
                    (10, entry(false)),
                ],
            );
            all.exec(1, 1, open, cut);
            let mut found: Vec<(i32, bool)> = all
                .open()
                .iter()
                .map(|(_, fd, descriptor)| (*fd, *descriptor == a))
                .collect();
            found.sort_unstable();
            assert_eq!(found, expected, "{open:?}");
        };
        // Whatever was thought to be closed, and what nobody knew of.
        check(Some(&[0b101]), false, &[(0, true), (2, false)]);
        check(Some(&[0b101]), true, &[(0, true), (2, false), (10, true)]);
        check(None, false, &[(1, true), (10, true)]);
        let unknown = all.unknown(Missing::Unseen);
        assert_eq!(
            all.descriptor(unknown).unwrap().missing,
            Missing::Unseen.text().as_bytes()
        );
    }
}
