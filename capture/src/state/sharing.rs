//! Who has something of the kernel's in common: a table of descriptors, or root and current directory. The threads of a
//! process usually do and processes do not, but clone and unshare can have it otherwise.

use hashbrown::HashMap;

/// A thread of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Who {
    /// Process id.
    pub(crate) pid: u32,
    /// Thread id.
    pub(crate) tid: u32,
}

impl Who {
    /// The first thread of a process.
    pub(crate) fn first(pid: u32) -> Who {
        Who { pid, tid: pid }
    }
}

/// What threads with one object in common are a group of: the id of the process whose first thread is in it, as long as
/// that is where most threads are, or a number above all process ids.
pub(crate) type Group = u64;

/// Groups of no process begin here.
const NO_PROCESS: Group = 1 << 32;

/// The groups of all threads.
#[derive(Default)]
pub(crate) struct Sharing {
    /// Threads that are not in the group of their process. The first thread of a process is here, or in that group.
    others: HashMap<u32, (u32, Group)>,
    /// The same by group.
    members: HashMap<Group, Vec<Who>>,
    made: u64,
}

impl Sharing {
    /// The group of a thread.
    #[inline]
    pub(crate) fn group(&self, who: Who) -> Group {
        if self.others.is_empty() {
            return who.pid.into();
        }
        match self.others.get(&who.tid) {
            Some((pid, group)) if *pid == who.pid => *group,
            _ => who.pid.into(),
        }
    }

    /// Those in a group that are not of its process.
    fn guests(&self, group: Group) -> &[Who] {
        self.members.get(&group).map_or(&[], Vec::as_slice)
    }

    /// Whether a thread is in the group of its process.
    fn is_home(&self, who: Who) -> bool {
        self.group(who) == Group::from(who.pid)
    }

    /// The processes whose first thread is in a group.
    pub(crate) fn processes(&self, group: Group) -> impl Iterator<Item = u32> + '_ {
        let home = u32::try_from(group).ok().filter(|pid| self.is_home(Who::first(*pid)));
        let guests = self.guests(group).iter().filter(|who| who.tid == who.pid);
        home.into_iter().chain(guests.map(|who| who.pid))
    }

    /// All threads of a group; `threads` are those of a process.
    pub(crate) fn threads<'a>(&self, group: Group, threads: impl FnOnce(u32) -> &'a [u32]) -> Vec<u32> {
        let pid = u32::try_from(group).ok();
        let own = pid.map(|pid| (pid, threads(pid))).into_iter();
        let own = own.flat_map(|(pid, tids)| tids.iter().map(move |tid| Who { pid, tid: *tid }));
        let home = own.filter(|who| self.is_home(*who)).map(|who| who.tid);
        home.chain(self.guests(group).iter().map(|who| who.tid)).collect()
    }

    fn leave(&mut self, who: Who) {
        let Some((_, group)) = self.others.remove(&who.tid) else {
            return;
        };
        if let Some(members) = self.members.get_mut(&group) {
            members.retain(|member| member.tid != who.tid);
            if members.is_empty() {
                self.members.remove(&group);
            }
        }
    }

    /// Puts a thread into a group.
    fn join(&mut self, who: Who, group: Group) {
        self.leave(who);
        if group != Group::from(who.pid) {
            self.others.insert(who.tid, (who.pid, group));
            self.members.entry(group).or_default().push(who);
        }
    }

    /// A thread made another one, which has the object in common with it or has a copy. Returns the groups of both.
    pub(crate) fn born(&mut self, maker: Who, made: Who, common: bool) -> (Group, Group) {
        let from = self.group(maker);
        let to = if common {
            from
        } else if made.pid == maker.pid {
            self.new_group()
        } else {
            made.pid.into()
        };
        self.join(made, to);
        (from, to)
    }

    /// A group of nobody yet.
    fn new_group(&mut self) -> Group {
        self.made += 1;
        NO_PROCESS + self.made
    }

    /// A thread has an object of its own from now on; `threads` are those of its process. Returns the group that it was
    /// in and a new one, which has what the old one had; `None` where nobody shared with it.
    pub(crate) fn part(&mut self, who: Who, threads: &[u32]) -> Option<(Group, Group)> {
        let group = self.group(who);
        let home = Group::from(who.pid);
        if group != home {
            if group >= NO_PROCESS && self.guests(group).len() == 1 {
                return None;
            }
            // Nobody else is in the group of a process whose first thread is elsewhere.
            let new = if who.tid == who.pid { home } else { self.new_group() };
            self.join(who, new);
            return Some((group, new));
        }
        let siblings = threads.iter().filter(|tid| **tid != who.tid);
        let siblings = siblings.map(|tid| Who {
            pid: who.pid,
            tid: *tid,
        });
        let siblings: Vec<Who> = siblings.filter(|sibling| self.is_home(*sibling)).collect();
        if siblings.is_empty() && self.guests(group).is_empty() {
            return None;
        }
        let new = self.new_group();
        if who.tid != who.pid {
            self.join(who, new);
        } else {
            // The first thread stays where its process is: the others go.
            for other in [siblings.as_slice(), self.guests(group)].concat() {
                self.join(other, new);
            }
        }
        Some((group, new))
    }

    /// A thread that executes takes the id of its process's first thread; the others have ended.
    pub(crate) fn exec(&mut self, pid: u32, old_tid: u32) {
        if self.others.is_empty() {
            return;
        }
        let group = self.group(Who { pid, tid: old_tid });
        let ended: Vec<u32> = self.of_process(pid).collect();
        for tid in ended {
            self.leave(Who { pid, tid });
        }
        self.join(Who::first(pid), group);
    }

    fn of_process(&self, pid: u32) -> impl Iterator<Item = u32> + '_ {
        self.others
            .iter()
            .filter(move |(_, (of, _))| *of == pid)
            .map(|(tid, _)| *tid)
    }

    /// A thread ended; returns its group, where that has ended with it.
    pub(crate) fn end(&mut self, who: Who) -> Option<Group> {
        let group = self.group(who);
        self.leave(who);
        (group >= NO_PROCESS && self.guests(group).is_empty()).then_some(group)
    }

    /// A process ended. Who is still in its group goes into another one, which is returned; otherwise the process's own
    /// ends.
    pub(crate) fn end_process(&mut self, pid: u32) -> Option<(Group, Group)> {
        if self.others.is_empty() {
            return None;
        }
        let threads: Vec<u32> = self.of_process(pid).collect();
        for tid in threads {
            self.leave(Who { pid, tid });
        }
        let group = Group::from(pid);
        let guests = self.members.remove(&group)?;
        let new = self.new_group();
        for who in guests {
            self.others.remove(&who.tid);
            self.join(who, new);
        }
        Some((group, new))
    }

    /// Forgets threads that do not live: their end was lost.
    pub(crate) fn keep(&mut self, lives: impl Fn(Who) -> bool) {
        let all = self.others.iter().map(|(tid, (pid, _))| Who { pid: *pid, tid: *tid });
        let dead: Vec<Who> = all.filter(|who| !lives(*who)).collect();
        dead.into_iter().for_each(|who| self.leave(who));
    }

    /// Whether anybody is in a group; `lives` knows processes.
    pub(crate) fn is_used(&self, group: Group, lives: impl Fn(u32) -> bool) -> bool {
        u32::try_from(group).is_ok_and(lives) || !self.guests(group).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(pid: u32, tid: u32) -> Who {
        Who { pid, tid }
    }

    #[test]
    fn threads_are_in_the_group_of_their_process() {
        let all = Sharing::default();
        assert_eq!(all.group(who(1, 1)), all.group(who(1, 2)));
        assert_ne!(all.group(who(1, 1)), all.group(who(3, 3)));
        assert_eq!(all.processes(1).collect::<Vec<_>>(), [1]);
        assert_eq!(all.threads(1, |_| &[1, 2]), [1, 2]);
    }

    #[test]
    fn a_child_shares_until_it_parts_and_outlives_its_parent() {
        let mut all = Sharing::default();
        all.join(who(2, 2), 1);
        assert_eq!(all.processes(1).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(all.threads(1, |_| &[1]), [1, 2]);
        // A thread of the child is where its maker is.
        all.join(who(2, 5), all.group(who(2, 2)));
        assert_eq!(all.group(who(2, 5)), 1);
        let (old, new) = all.end_process(1).unwrap();
        assert_eq!((old, all.group(who(2, 2)), all.group(who(2, 5))), (1, new, new));
        // The id can be another process's now.
        assert_eq!(all.processes(1).collect::<Vec<_>>(), [1]);
        assert_eq!(all.threads(1, |_| &[1]), [1]);
        assert_eq!(all.part(who(2, 2), &[2, 5]), Some((new, 2)));
        assert_eq!((all.group(who(2, 2)), all.group(who(2, 5))), (2, new));
        assert_eq!(all.end(who(2, 5)), Some(new));
        assert!(all.others.is_empty() && all.members.is_empty());
    }

    #[test]
    fn the_first_thread_stays_when_it_parts() {
        let mut all = Sharing::default();
        assert_eq!(all.part(who(1, 1), &[1]), None);
        let (old, new) = all.part(who(1, 1), &[1, 2, 3]).unwrap();
        assert_eq!((old, all.group(who(1, 1))), (1, 1));
        assert_eq!([2, 3].map(|tid| all.group(who(1, tid))), [new, new]);
        assert_eq!(all.processes(new).count(), 0);
        // Another thread of it executes: it is the process then, with what it had.
        all.exec(1, 3);
        assert_eq!((all.group(who(1, 1)), all.group(who(1, 2))), (new, 1));
        assert_eq!(all.part(who(1, 1), &[1]), None, "nobody shares with it");
    }

    #[test]
    fn the_lost_are_forgotten() {
        let mut all = Sharing::default();
        let group = all.new_group();
        all.join(who(1, 4), group);
        all.join(who(7, 7), 1);
        all.keep(|who| who.tid != 4);
        assert_eq!((all.group(who(1, 4)), all.group(who(7, 7))), (1, 1));
        assert!(!all.is_used(group, |_| true) && all.is_used(1, |_| false));
    }
}
