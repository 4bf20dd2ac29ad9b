//! Whose events a capture has.

use super::alert::Selector;
use super::select::{self, World};
use afterimage_format::model::{Container, Thread};
use afterimage_format::segment::Zone;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Everybody's, those of containers, or those of a process and what it started.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Members {
    Node,
    Containers {
        keys: BTreeSet<u64>,
        /// What was asked for: pods and names may get further containers.
        wanted: Vec<Selector>,
    },
    Tree(Tree),
}

/// A process with its descendants.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tree {
    pub(crate) pid: u32,
    /// Lives of the threads that belong to it; more are found as they come.
    pub(crate) lives: HashSet<u64>,
    /// Their processes, by number, and what is known of their first threads.
    pub(crate) processes: HashMap<u32, Birth>,
    /// The container of the process when the capture began; 0: the host.
    pub(crate) container: u64,
}

/// When a process began: its number may have been another's before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Birth {
    /// The life of its first thread. Lives are numbered as they become known.
    pub(crate) life: u64,
    /// Its start, nanoseconds since 1970; 0: unknown.
    pub(crate) start: u64,
}

impl Birth {
    fn of(thread: &Thread) -> Birth {
        Birth {
            life: thread.life,
            start: thread.start,
        }
    }

    /// Whether a thread with the number of this process is one of it, and not of another that had the number before.
    fn has(self, thread: &Thread) -> bool {
        thread.life > self.life || self.start != 0 && thread.start >= self.start
    }
}

impl Members {
    /// What two alerts must have in common to be about the same.
    pub(crate) fn same(&self, other: &Members) -> bool {
        match (self, other) {
            (Members::Node, Members::Node) => true,
            (
                Members::Containers { keys, wanted },
                Members::Containers {
                    keys: others,
                    wanted: asked,
                },
            ) => keys == others || wanted == asked,
            (Members::Tree(tree), Members::Tree(other)) => {
                tree.pid == other.pid && !tree.lives.is_disjoint(&other.lives)
            }
            _ => false,
        }
    }

    /// Takes in containers that have come since.
    pub(crate) fn learn(&mut self, world: &World, since: u64) {
        if let Members::Containers { keys, wanted } = self {
            for selector in wanted.iter().filter(|selector| selector.container_id.is_empty()) {
                keys.extend(select::containers(selector, &world.containers, since).map(|container| container.key));
            }
        }
    }

    /// Whether a segment can have anything of theirs.
    pub(crate) fn may_be_in(&self, zone: &Zone) -> bool {
        match self {
            Members::Node => true,
            Members::Containers { keys, .. } => zone.containers.iter().any(|count| keys.contains(&count.key)),
            // A zone map lists some processes, and none where there are many.
            Members::Tree(_) => zone.rows > 0,
        }
    }

    /// For each thread version of a segment whether it is one of theirs.
    pub(crate) fn of(&mut self, threads: &[Thread]) -> Vec<bool> {
        match self {
            Members::Node => vec![true; threads.len()],
            Members::Containers { keys, .. } => threads.iter().map(|thread| keys.contains(&thread.container)).collect(),
            Members::Tree(tree) => tree.of(threads),
        }
    }

    /// The containers of a list that belong to them.
    pub(crate) fn containers<'c>(&self, all: &'c [Container]) -> Vec<&'c Container> {
        let keys = match self {
            Members::Node => return all.iter().collect(),
            Members::Containers { keys, .. } => keys.clone(),
            Members::Tree(tree) => [tree.container].into(),
        };
        all.iter().filter(|container| keys.contains(&container.key)).collect()
    }

    /// In words.
    pub(crate) fn text(&self, all: &[Container]) -> String {
        match self {
            Members::Node => "node".to_owned(),
            Members::Tree(tree) => format!("process {} and its descendants", tree.pid),
            Members::Containers { .. } => {
                let names = self.containers(all).into_iter().map(|container| match &container.name {
                    Some(name) if *name != container.full_id => format!("{name} ({})", container.short_id()),
                    _ => container.short_id().to_owned(),
                });
                let names: Vec<String> = names.collect();
                format!(
                    "container{} {}",
                    if names.len() == 1 { "" } else { "s" },
                    names.join(", ")
                )
            }
        }
    }
}

impl Tree {
    fn of(&mut self, threads: &[Thread]) -> Vec<bool> {
        // Parents first, however far away: versions are numbered in the order in which they were made.
        let mut order: Vec<usize> = (0..threads.len()).collect();
        order.sort_by_key(|at| threads[*at].id);
        for thread in threads.iter().filter(|thread| thread.is_main()) {
            let first = self.processes.get_mut(&thread.pid);
            if let Some(first) = first.filter(|first| first.life == thread.life) {
                first.start = thread.start;
            }
        }
        let mut versions: HashSet<u64> = HashSet::new();
        let mut of = vec![false; threads.len()];
        for at in order {
            let thread = &threads[at];
            let known = self.lives.contains(&thread.life);
            let is_theirs = match thread.is_main() {
                true => known || versions.contains(&thread.parent),
                // The parent of a thread is that of its process.
                false => known || self.processes.get(&thread.pid).is_some_and(|first| first.has(thread)),
            };
            if is_theirs {
                self.lives.insert(thread.life);
                if thread.is_main() {
                    self.processes.insert(thread.pid, Birth::of(thread));
                }
                versions.insert(thread.id);
                of[at] = true;
            } else if thread.is_main() && self.processes.get(&thread.pid).is_some_and(|first| first.has(thread)) {
                // Another process has got the number.
                self.processes.remove(&thread.pid);
            }
        }
        of
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread(id: u64, life: u64, parent: u64, pid: u32) -> Thread {
        Thread {
            id,
            life,
            parent,
            pid,
            tid: pid,
            ..Thread::default()
        }
    }

    #[test]
    fn descendants_are_found_over_segments() {
        let mut members = Members::Tree(Tree {
            pid: 10,
            lives: [1].into(),
            processes: [(10, Birth { life: 1, start: 0 })].into(),
            container: 0,
        });
        // Not in the order of birth; 20 is the child of 10, 30 of 20, 40 somebody else's.
        let first = [
            thread(9, 3, 5, 30),
            thread(5, 2, 4, 20),
            thread(4, 1, 0, 10),
            thread(7, 4, 6, 40),
        ];
        assert_eq!(members.of(&first), [true, true, true, false]);
        // The parent's version is not there any more, its life is known.
        let second = [thread(12, 3, 0, 30), thread(13, 4, 0, 40), thread(14, 5, 12, 50)];
        assert_eq!(members.of(&second), [true, false, true]);
        // Threads belong to their process, and what they start to them; a number that is used again does not.
        let mut second_thread = thread(20, 7, 0, 10);
        second_thread.tid = 11;
        let third = [
            second_thread,
            thread(21, 8, 20, 60),
            thread(22, 9, 0, 60),
            thread(23, 10, 22, 61),
        ];
        assert_eq!(members.of(&third), [true, true, false, false]);
    }

    /// Events from before a process existed are looked at, too: whoever had its number then is another one.
    #[test]
    fn threads_of_who_had_the_number_before_are_others() {
        let mut members = Members::Tree(Tree {
            pid: 10,
            lives: [50].into(),
            processes: [(10, Birth { life: 50, start: 0 })].into(),
            container: 0,
        });
        let second = |life: u64, start: u64, tid: u32| Thread {
            tid,
            start,
            ..thread(life, life, 0, 10)
        };
        // A worker of the one before, with its first thread and without, and a child of it.
        assert_eq!(members.of(&[second(7, 100, 17), thread(8, 8, 7, 20)]), [false, false]);
        assert_eq!(members.of(&[thread(6, 6, 0, 10), second(7, 100, 17)]), [false, false]);
        // Those of the process itself: also without its first thread, and where they became known before it.
        assert_eq!(members.of(&[second(60, 900, 61)]), [true]);
        let mut first = thread(51, 50, 0, 10);
        first.start = 800;
        assert_eq!(members.of(&[first, second(40, 850, 62)]), [true, true]);
        // Another process gets the number later.
        assert_eq!(
            members.of(&[thread(90, 90, 0, 10), second(91, 990, 92)]),
            [false, false]
        );
    }
}
