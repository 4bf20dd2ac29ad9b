//! Which processes were alive at a time: from the nearest keyframe before it, and what happened since.

use super::replay::Replay;
use afterimage_format::Error;
use afterimage_format::file::Trace;
use afterimage_format::model::Thread;
use afterimage_format::segment::Segment;
use hashbrown::{HashMap, HashSet};

/// The processes that were alive at a time.
#[derive(Debug, Default)]
pub struct Alive {
    /// Their first threads (where that has ended, another one), as they were at that time; by process id.
    pub processes: Vec<Thread>,
    /// Living threads of each, in the same order.
    pub threads: Vec<usize>,
    /// Damage met; what lay there is not known.
    pub damage: Vec<Error>,
}

/// The processes alive at `time`, nanoseconds since 1970. Reads the segments from the last keyframe up to that time.
pub fn alive_at(trace: &Trace, time: u64) -> Alive {
    let replay = Replay::at(trace, time, false);
    Alive {
        damage: replay.damage,
        ..replay.lives.processes()
    }
}

/// Indexes of the wanted processes with their depth, children behind their parents.
pub fn tree(processes: &[Thread], wanted: impl Fn(&Thread) -> bool) -> Vec<(usize, usize)> {
    let kept: Vec<usize> = (0..processes.len())
        .filter(|index| wanted(&processes[*index]))
        .collect();
    let by_pid: HashMap<u32, usize> = kept.iter().map(|index| (processes[*index].pid, *index)).collect();
    let mut children: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
    for index in &kept {
        let process = &processes[*index];
        let parent = by_pid
            .get(&process.ppid)
            .copied()
            .filter(|_| process.ppid != process.pid);
        children.entry(parent).or_default().push(*index);
    }
    let mut out = Vec::new();
    let mut placed = vec![false; processes.len()];
    let mut open: Vec<(usize, usize)> = Vec::new();
    let push = |open: &mut Vec<(usize, usize)>, parent, depth| {
        open.extend(
            children
                .get(&parent)
                .into_iter()
                .flatten()
                .rev()
                .map(|index| (*index, depth)),
        );
    };
    push(&mut open, None, 0);
    // A crafted file can make a circle of parents, which hangs from no root: it is listed without one.
    for root in std::iter::once(None).chain(kept.iter().copied().map(Some)) {
        if let Some(root) = root.filter(|root| !placed[*root]) {
            open.push((root, 0));
        }
        while let Some((index, depth)) = open.pop() {
            if !std::mem::replace(&mut placed[index], true) {
                out.push((index, depth));
                push(&mut open, Some(index), depth + 1);
            }
        }
    }
    out
}

/// The living threads, replayed.
pub(super) struct Lives {
    time: u64,
    /// The latest version of each living thread, by [`Thread::life`].
    lives: HashMap<u64, Thread>,
    /// Threads that have ended.
    ended: HashSet<u64>,
}

impl Lives {
    /// Nobody, until segments are replayed up to `time`.
    pub(super) fn at(time: u64) -> Lives {
        Lives {
            time,
            lives: HashMap::new(),
            ended: HashSet::new(),
        }
    }

    /// Replays a segment; who was alive when it began counts only where reading `begins` with it.
    pub(super) fn segment(&mut self, segment: &Segment<'_>, begins: bool) -> Result<(), Error> {
        if begins {
            for thread in segment.live()? {
                self.lives.insert(thread.life, thread.clone());
            }
        }
        let (threads, versions) = (segment.threads()?, segment.thread_indexes()?);
        let exits: Vec<bool> = segment.kinds().iter().map(|kind| kind.name == "procexit").collect();
        let kinds = segment.kind_indexes()?;
        let mut current: HashMap<u64, i64> = HashMap::new();
        for (row, time) in segment.times()?.iter().enumerate() {
            let version = versions.get(row).copied().unwrap_or(-1);
            let Some(thread) = usize::try_from(version).ok().and_then(|at| threads.get(at)) else {
                continue;
            };
            if i128::from(*time) > i128::from(self.time) {
                self.seen_later(thread);
                continue;
            }
            let kind = kinds.get(row).and_then(|kind| usize::try_from(*kind).ok());
            if kind.and_then(|kind| exits.get(kind)) == Some(&true) {
                self.lives.remove(&thread.life);
                self.ended.insert(thread.life);
            } else if thread.pid != 0 && current.insert(thread.life, version) != Some(version) {
                self.lives.insert(thread.life, thread.clone());
            }
        }
        Ok(())
    }

    /// The next keyframe behind the time.
    pub(super) fn later_keyframe(&mut self, segment: &Segment<'_>) -> Result<(), Error> {
        segment.live()?.into_iter().for_each(|thread| self.seen_later(thread));
        Ok(())
    }

    /// A thread that is there after the time was there at the time if it was born before.
    fn seen_later(&mut self, thread: &Thread) {
        let was_born = thread.start != 0 && thread.start <= self.time && thread.exec_time <= self.time;
        if was_born && !self.ended.contains(&thread.life) {
            self.lives.entry(thread.life).or_insert_with(|| thread.clone());
        }
    }

    /// By process id.
    pub(super) fn processes(self) -> Alive {
        let mut threads: Vec<Thread> = self.lives.into_values().filter(|thread| thread.pid != 0).collect();
        threads.sort_by_key(|thread| (thread.pid, !thread.is_main(), thread.tid));
        let mut alive = Alive::default();
        for thread in threads {
            match (alive.processes.last(), alive.threads.last_mut()) {
                (Some(last), Some(count)) if last.pid == thread.pid => *count += 1,
                _ => {
                    alive.processes.push(thread);
                    alive.threads.push(1);
                }
            }
        }
        alive
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_stand_behind_their_parents_and_circles_end() {
        let thread = |pid, ppid| Thread {
            pid,
            ppid,
            ..Thread::default()
        };
        let shown = |pairs: &[(u32, u32)]| {
            let threads: Vec<Thread> = pairs.iter().map(|(pid, ppid)| thread(*pid, *ppid)).collect();
            tree(&threads, |_| true)
                .into_iter()
                .map(|(at, depth)| (threads[at].pid, depth))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            shown(&[(1, 0), (2, 1), (3, 1), (4, 2), (9, 7)]),
            [(1, 0), (2, 1), (4, 2), (3, 1), (9, 0)]
        );
        assert_eq!(shown(&[(1, 2), (2, 1), (3, 3)]), [(3, 0), (1, 0), (2, 1)]);
    }
}
