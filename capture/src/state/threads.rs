//! Threads and their versions.

use super::sharing::{Sharing, Who};
use afterimage_format::model::{Text, Thread};
use afterimage_format::segment::MAX_ANCESTORS;
use hashbrown::{HashMap, HashSet};
use std::cell::Cell;
use std::sync::Arc;

/// All threads that are alive, and every version that a segment may still ask for.
pub(crate) struct Threads {
    /// Current version of each living thread, by tid.
    current: HashMap<u32, u64>,
    /// The thread that was asked for last and its place in `store`: most events are of the thread of the event before.
    last: Cell<(u32, u32)>,
    /// Living threads of each process.
    processes: HashMap<u32, Vec<u32>>,
    /// Places of all versions in `store`.
    versions: HashMap<u64, u32>,
    store: Vec<Thread>,
    /// Places that are free.
    free: Vec<u32>,
    next: u64,
    /// Who has root and current directory in common.
    directories: Sharing,
    /// Bytes of versions made since the last sweep: texts that others share count once.
    fresh: usize,
}

impl Threads {
    pub(crate) fn new() -> Threads {
        Threads {
            current: HashMap::new(),
            last: Cell::default(),
            processes: HashMap::new(),
            versions: HashMap::new(),
            store: Vec::new(),
            free: Vec::new(),
            next: 1,
            directories: Sharing::default(),
            fresh: 0,
        }
    }

    /// The current version of a thread.
    pub(crate) fn get(&self, tid: u32) -> Option<&Thread> {
        let (last, place) = self.last.get();
        // 0 is the id of no thread in a recording, and of an empty memory.
        if last == tid && tid != 0 {
            return self.store.get(place as usize);
        }
        let place = *self.versions.get(self.current.get(&tid)?)?;
        self.last.set((tid, place));
        self.store.get(place as usize)
    }

    /// A version by id.
    pub(crate) fn version(&self, id: u64) -> Option<&Thread> {
        self.store.get(*self.versions.get(&id)? as usize)
    }

    /// Bytes of versions made since the last sweep; a hostile process can make many.
    pub(crate) fn fresh_bytes(&self) -> usize {
        self.fresh
    }

    /// Adds a thread (its `id` and `life` are given here); an older thread with the same tid has ended unseen.
    pub(crate) fn insert(&mut self, mut thread: Thread) -> u64 {
        self.remove(thread.tid);
        self.processes.entry(thread.pid).or_default().push(thread.tid);
        (thread.id, thread.life) = (self.next, self.next);
        self.store(thread)
    }

    /// Sets the parent of a thread whose version no event has seen yet.
    pub(crate) fn relink(&mut self, tid: u32, parent: u64) {
        let place = self.current.get(&tid).and_then(|id| self.versions.get(id));
        if let Some(thread) = place.and_then(|place| self.store.get_mut(*place as usize)) {
            thread.parent = parent;
        }
    }

    /// Makes a new version of a thread that `change` has changed; returns its id, or `None` where there is no such
    /// thread.
    pub(crate) fn update(&mut self, tid: u32, change: impl FnOnce(&mut Thread)) -> Option<u64> {
        let old = *self.current.get(&tid)?;
        let before = self.version(old)?;
        let mut thread = before.clone();
        change(&mut thread);
        if *before == thread {
            return Some(old);
        }
        thread.id = self.next;
        Some(self.store(thread))
    }

    /// [`Threads::update`] of all threads of a process: what `change` changes is shared by them.
    pub(crate) fn update_process(&mut self, pid: u32, change: impl Fn(&mut Thread)) {
        for tid in self.processes.get(&pid).cloned().unwrap_or_default() {
            self.update(tid, &change);
        }
    }

    /// Ids of the threads of a process.
    pub(crate) fn of_process(&self, pid: u32) -> &[u32] {
        self.processes.get(&pid).map_or(&[], Vec::as_slice)
    }

    /// The thread `maker` made `made`, which has its directory in common with it or has a copy.
    pub(crate) fn share_directory(&mut self, maker: Who, made: Who, common: bool) {
        self.directories.born(maker, made, common);
    }

    /// A thread has a directory of its own from now on.
    pub(crate) fn part_directory(&mut self, who: Who) {
        let threads = self.processes.get(&who.pid).map_or(&[][..], Vec::as_slice);
        self.directories.part(who, threads);
    }

    /// Sets the directory of all who have it in common with a thread.
    pub(crate) fn set_directory(&mut self, who: Who, cwd: &Text) {
        let group = self.directories.group(who);
        for tid in self.directories.threads(group, |pid| self.of_process(pid)) {
            self.update(tid, |t| t.cwd = Text::clone(cwd));
        }
    }

    /// All versions; a free place has the id 0.
    fn kept(&self) -> impl Iterator<Item = &Thread> {
        self.store.iter().filter(|t| t.id != 0)
    }

    /// A version that fits.
    pub(crate) fn find(&self, fits: impl Fn(&Thread) -> bool) -> Option<&Thread> {
        self.kept().find(|t| fits(t))
    }

    /// Adds to all versions that fit what has become known of them later. Nothing that an event saw changes.
    pub(crate) fn amend(&mut self, fits: impl Fn(&Thread) -> bool, add: impl Fn(&mut Thread)) {
        let kept = self.store.iter_mut().filter(|t| t.id != 0);
        kept.filter(|t| fits(t)).for_each(add);
    }

    /// Adds a version that belongs to no thread: it carries the container of what happens to a cgroup.
    pub(crate) fn detached(&mut self, mut thread: Thread) -> u64 {
        let id = self.next;
        self.next += 1;
        (thread.id, thread.life) = (id, id);
        self.keep(thread);
        id
    }

    /// Gives a version a place.
    fn keep(&mut self, thread: Thread) {
        let id = thread.id;
        let place = match self.free.pop() {
            Some(place) => {
                self.store[place as usize] = thread;
                place
            }
            None => {
                self.store.push(thread);
                self.store.len() as u32 - 1
            }
        };
        self.versions.insert(id, place);
    }

    fn store(&mut self, thread: Thread) -> u64 {
        let id = self.next;
        self.next += 1;
        let own = |text: &Text| if Arc::strong_count(text) == 1 { text.len() } else { 0 };
        let texts = [
            &thread.comm,
            &thread.exe,
            &thread.exepath,
            &thread.args,
            &thread.cwd,
            &thread.cgroup,
            &thread.executable.env,
        ];
        self.fresh += size_of::<Thread>() + texts.into_iter().map(own).sum::<usize>();
        self.current.insert(thread.tid, id);
        self.last.take();
        self.keep(thread);
        id
    }

    /// A thread ended. Returns whether it was the last of its process.
    pub(crate) fn remove(&mut self, tid: u32) -> bool {
        self.last.take();
        let Some(pid) = self.current.remove(&tid).and_then(|id| self.version(id)).map(|t| t.pid) else {
            return false;
        };
        self.directories.end(Who { pid, tid });
        let Some(threads) = self.processes.get_mut(&pid) else {
            return true;
        };
        threads.retain(|t| *t != tid);
        let last = threads.is_empty();
        if last {
            self.processes.remove(&pid);
            self.directories.end_process(pid);
        }
        last
    }

    /// Takes out all threads of a process.
    pub(crate) fn forget(&mut self, pid: u32) {
        self.last.take();
        self.directories.end_process(pid);
        for tid in self.processes.remove(&pid).unwrap_or_default() {
            self.current.remove(&tid);
        }
    }

    /// A thread that is exec'ing takes the id of its process's first thread; the others have ended.
    pub(crate) fn exec(&mut self, pid: u32, old_tid: u32) {
        self.last.take();
        if old_tid != pid
            && let Some(id) = self.current.remove(&old_tid)
        {
            self.remove(pid);
            self.current.insert(pid, id);
            self.update(pid, |t| t.tid = pid);
        }
        for tid in self.processes.insert(pid, vec![pid]).unwrap_or_default() {
            if tid != pid {
                self.current.remove(&tid);
            }
        }
        self.directories.exec(pid, old_tid);
    }

    /// Whether a thread lives; a first thread does as long as its process.
    pub(crate) fn lives(&self, who: Who) -> bool {
        let lives = |tid: &u32| who.tid == who.pid || *tid == who.tid;
        self.of_process(who.pid).iter().any(lives)
    }

    /// Whether any thread of this process lives.
    pub(crate) fn has_process(&self, pid: u32) -> bool {
        self.processes.contains_key(&pid)
    }

    /// How many threads live.
    pub(crate) fn count(&self) -> usize {
        self.current.len()
    }

    /// Ids of the current versions of all living threads.
    pub(crate) fn live(&self) -> Vec<u64> {
        let mut live: Vec<u64> = self.current.values().copied().collect();
        live.sort_unstable();
        live
    }

    /// Forgets versions that neither a living thread nor the chain of its ancestors refers to. To be called when no
    /// segment refers to older ones any more.
    pub(crate) fn sweep(&mut self) {
        if self.versions.len() < 2 * self.current.len() + 1024 && self.fresh < 1 << 20 {
            return;
        }
        self.fresh = 0;
        let mut keep: HashSet<u64> = HashSet::new();
        for id in self.current.values() {
            let mut at = *id;
            for _ in 0..=MAX_ANCESTORS {
                if at == 0 {
                    break;
                }
                keep.insert(at);
                at = self.version(at).map_or(0, |t| t.parent);
            }
        }
        let Threads {
            versions, store, free, ..
        } = self;
        versions.retain(|id, place| {
            let kept = keep.contains(id);
            if !kept {
                store[*place as usize] = Thread::default();
                free.push(*place);
            }
            kept
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread(tid: u32, pid: u32, parent: u64) -> Thread {
        Thread {
            tid,
            pid,
            parent,
            ..Thread::default()
        }
    }

    #[test]
    fn a_change_makes_a_version_and_keeps_the_old_one() {
        let mut threads = Threads::new();
        let born = threads.insert(thread(5, 5, 0));
        let same = threads.update(5, |_| {}).unwrap();
        let executed = threads.update(5, |t| t.comm = b"sh".as_slice().into()).unwrap();
        assert_eq!((same, executed), (born, born + 1));
        assert!(threads.version(born).unwrap().comm.is_empty());
        assert_eq!(*threads.get(5).unwrap().comm, *b"sh");
        assert_eq!(threads.get(5).unwrap().life, born);
        assert_eq!(threads.update(6, |_| {}), None);
    }

    #[test]
    fn a_reused_tid_is_another_life() {
        let mut threads = Threads::new();
        let first = threads.insert(thread(5, 5, 0));
        threads.remove(5);
        let second = threads.insert(thread(5, 5, 0));
        assert_ne!(first, second);
        assert_eq!(threads.get(5).unwrap().life, second);
    }

    #[test]
    fn exec_from_another_thread_takes_the_first_ones_id() {
        let mut threads = Threads::new();
        threads.insert(thread(5, 5, 0));
        let other = threads.insert(thread(6, 5, 0));
        threads.exec(5, 6);
        assert_eq!(threads.get(5).unwrap().life, other);
        assert!(threads.get(6).is_none());
    }

    #[test]
    fn what_a_process_shares_changes_for_all_its_threads() {
        let mut threads = Threads::new();
        threads.insert(thread(5, 5, 0));
        threads.insert(thread(6, 5, 0));
        threads.insert(thread(7, 7, 0));
        threads.update_process(5, |t| t.cwd = b"/tmp".as_slice().into());
        assert_eq!([5, 6, 7].map(|tid| threads.get(tid).unwrap().cwd.len()), [4, 4, 0]);
        assert_eq!(
            [threads.remove(5), threads.remove(6), threads.remove(6)],
            [false, true, false]
        );
    }

    #[test]
    fn chains_of_the_dead_end() {
        let mut threads = Threads::new();
        let mut parent = 0;
        for _ in 0..5000 {
            parent = threads.insert(thread(3, 3, parent));
        }
        threads.sweep();
        assert_eq!(threads.versions.len(), 1 + MAX_ANCESTORS as usize);
    }

    #[test]
    fn sweeping_keeps_the_living_and_their_ancestors() {
        let mut threads = Threads::new();
        let root = threads.insert(thread(1, 1, 0));
        threads.remove(1);
        let child = threads.insert(thread(2, 2, root));
        for _ in 0..3000 {
            threads.insert(thread(3, 3, root));
            threads.remove(3);
        }
        threads.sweep();
        assert!(threads.version(root).is_some() && threads.version(child).is_some());
        assert_eq!(threads.versions.len(), 2);
    }
}
