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
