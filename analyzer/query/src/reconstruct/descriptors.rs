//! Descriptors of a process by number, where their opening was seen. Events name the descriptor that they are about; this
//! is for calls that name two.

use afterimage_format::model::Descriptor;
use hashbrown::HashMap;
use std::collections::VecDeque;
use std::rc::Rc;

/// A child's first event comes later than its birth. So many changes that its parent made meanwhile are taken back.
const REMEMBERED: usize = 32;

/// The table of one process.
#[derive(Default)]
pub(super) struct Descriptors {
    open: Rc<HashMap<i64, OpenFd>>,
    /// What lately stood at a number before it was closed or replaced, with the time of that.
    replaced: VecDeque<(u64, i64, OpenFd)>,
}

#[derive(Clone)]
struct OpenFd {
    descriptor: Rc<Descriptor>,
    /// Closed by an execution.
    cloexec: bool,
    /// When it was opened here.
    since: u64,
}

impl Descriptors {
    /// What a number refers to.
    pub(super) fn get(&self, fd: i64) -> Option<Rc<Descriptor>> {
        self.open.get(&fd).map(|open| Rc::clone(&open.descriptor))
    }

    /// A number refers to this from now on.
    pub(super) fn open(&mut self, fd: i64, descriptor: &Descriptor, cloexec: bool, time: u64) {
        let open = OpenFd {
            descriptor: Rc::new(descriptor.clone()),
            cloexec,
            since: time,
        };
        let before = Rc::make_mut(&mut self.open).insert(fd, open);
        self.remember(time, fd, before);
    }

    /// A number refers to nothing any more.
    pub(super) fn close(&mut self, fd: i64, time: u64) {
        if self.open.contains_key(&fd) {
            let before = Rc::make_mut(&mut self.open).remove(&fd);
            self.remember(time, fd, before);
        }
    }

    fn remember(&mut self, time: u64, fd: i64, before: Option<OpenFd>) {
        if let Some(before) = before {
            if self.replaced.len() == REMEMBERED {
                self.replaced.pop_front();
            }
            self.replaced.push_back((time, fd, before));
        }
    }

    /// Closes what an execution closes.
    pub(super) fn execute(&mut self) {
        if self.open.values().any(|open| open.cloexec) {
            Rc::make_mut(&mut self.open).retain(|_, open| !open.cloexec);
        }
    }

    /// The table of a child that was born at this time.
    pub(super) fn of_child(&self, born: u64) -> Descriptors {
        let mut open = Rc::clone(&self.open);
        if open.values().any(|open| open.since > born) {
            Rc::make_mut(&mut open).retain(|_, open| open.since <= born);
        }
        for (_, fd, before) in self
            .replaced
            .iter()
            .rev()
            .filter(|(time, _, before)| *time > born && before.since <= born)
        {
            Rc::make_mut(&mut open).insert(*fd, before.clone());
        }
        Descriptors {
            open,
            replaced: VecDeque::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(id: u64) -> Descriptor {
        Descriptor::unknown(id)
    }

    fn ids(table: &Descriptors) -> Vec<(i64, u64)> {
        let mut ids: Vec<_> = table.open.iter().map(|(fd, open)| (*fd, open.descriptor.id)).collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn a_child_has_what_its_parent_had_at_its_birth() {
        let mut parent = Descriptors::default();
        parent.open(3, &file(1), false, 10);
        parent.open(4, &file(2), true, 11);
        parent.open(5, &file(3), false, 12);
        // After the birth at 15, before the child is heard of:
        parent.close(3, 20);
        parent.open(3, &file(4), false, 21);
        parent.open(5, &file(5), false, 22);
        parent.open(6, &file(6), false, 23);
        let mut child = parent.of_child(15);
        assert_eq!(ids(&child), [(3, 1), (4, 2), (5, 3)]);
        child.execute();
        assert_eq!(ids(&child), [(3, 1), (5, 3)]);
        assert_eq!(ids(&parent), [(3, 4), (4, 2), (5, 5), (6, 6)]);
    }
}
