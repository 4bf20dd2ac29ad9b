//! Threads and their versions.

use afterimage_format::model::Thread;
use hashbrown::{HashMap, HashSet};

/// All threads that are alive, and every version that a segment may still ask for.
pub(crate) struct Threads {
    /// Current version of each living thread, by tid.
    current: HashMap<u32, u64>,
    versions: HashMap<u64, Thread>,
    next: u64,
}

impl Threads {
    pub(crate) fn new() -> Threads {
        Threads {
            current: HashMap::new(),
            versions: HashMap::new(),
            next: 1,
        }
    }

    /// The current version of a thread.
    pub(crate) fn get(&self, tid: u32) -> Option<&Thread> {
        self.versions.get(self.current.get(&tid)?)
    }

    /// A version by id.
    pub(crate) fn version(&self, id: u64) -> Option<&Thread> {
        self.versions.get(&id)
    }

    /// Adds a thread (its `id` and `life` are given here); an older thread with the same tid has ended unseen.
    pub(crate) fn insert(&mut self, mut thread: Thread) -> u64 {
        self.remove(thread.tid);
        (thread.id, thread.life) = (self.next, self.next);
        self.store(thread)
    }

    /// Sets the parent of a thread whose version no event has seen yet.
    pub(crate) fn relink(&mut self, tid: u32, parent: u64) {
        if let Some(thread) = self.current.get(&tid).and_then(|id| self.versions.get_mut(id)) {
            thread.parent = parent;
        }
    }

    /// Makes a new version of a thread that `change` has changed; returns its id, or `None` where there is no such
    /// thread.
    pub(crate) fn update(&mut self, tid: u32, change: impl FnOnce(&mut Thread)) -> Option<u64> {
        let old = *self.current.get(&tid)?;
        let mut thread = self.versions.get(&old)?.clone();
        change(&mut thread);
        if self.versions.get(&old) == Some(&thread) {
            return Some(old);
        }
        thread.id = self.next;
        Some(self.store(thread))
    }

    /// Adds a version that belongs to no thread: it carries the container of what happens to a cgroup.
    pub(crate) fn detached(&mut self, mut thread: Thread) -> u64 {
        let id = self.next;
        self.next += 1;
        (thread.id, thread.life) = (id, id);
        self.versions.insert(id, thread);
        id
    }

    fn store(&mut self, thread: Thread) -> u64 {
        let id = self.next;
        self.next += 1;
        self.current.insert(thread.tid, id);
        self.versions.insert(id, thread);
        id
    }

    /// A thread ended.
    pub(crate) fn remove(&mut self, tid: u32) {
        self.current.remove(&tid);
    }

    /// A thread that is exec'ing takes the id of its process's first thread.
    pub(crate) fn rename(&mut self, old_tid: u32, new_tid: u32) {
        if old_tid != new_tid
            && let Some(id) = self.current.remove(&old_tid)
        {
            self.remove(new_tid);
            self.current.insert(new_tid, id);
            self.update(new_tid, |t| t.tid = new_tid);
        }
    }

    /// Other threads of process `pid` than `tid`; exec ends them.
    pub(crate) fn siblings(&self, pid: u32, tid: u32) -> Vec<u32> {
        let of = |id: &u64| self.versions.get(id).is_some_and(|t| t.pid == pid && t.tid != tid);
        self.current
            .iter()
            .filter(|(_, id)| of(id))
            .map(|(tid, _)| *tid)
            .collect()
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
        if self.versions.len() < 2 * self.current.len() + 1024 {
            return;
        }
        let mut keep: HashSet<u64> = HashSet::new();
        for id in self.current.values() {
            let mut at = *id;
            while at != 0 && keep.insert(at) {
                at = self.versions.get(&at).map_or(0, |t| t.parent);
            }
        }
        self.versions.retain(|id, _| keep.contains(id));
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
        let executed = threads.update(5, |t| t.comm = b"sh".to_vec()).unwrap();
        assert_eq!((same, executed), (born, born + 1));
        assert_eq!(threads.version(born).unwrap().comm, b"");
        assert_eq!(threads.get(5).unwrap().comm, b"sh");
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
        threads.rename(6, 5);
        assert_eq!(threads.get(5).unwrap().life, other);
        assert!(threads.get(6).is_none());
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
