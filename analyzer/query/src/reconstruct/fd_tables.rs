//! Descriptor tables of processes, replayed from their changes.

use afterimage_format::Error;
use afterimage_format::model::Descriptor;
use afterimage_format::segment::{FdChange, FdState};
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Descriptors that may be open at once, in all tables together. A few million are what a large host has; a crafted
/// trace can let a table of a million be copied a million times.
const MAX_OPEN: usize = 2 << 20;
/// Entries that forks may copy while replaying. Between two keyframes that are as far apart
/// as the recorder lets them be, nothing but forks copies a tenth of it.
const MAX_COPIED: usize = 256 << 20;
/// Bytes of different open descriptors.
const MAX_BYTES: usize = 96 << 20;

type Table = BTreeMap<i32, Rc<Descriptor>>;

/// The tables of all processes.
#[derive(Default)]
pub(super) struct FdTables {
    /// By process id; shared until one side of a fork changes its own.
    tables: HashMap<u32, Rc<Table>>,
    /// By [`Descriptor::id`]: the same in all tables and segments.
    known: HashMap<u64, Rc<Descriptor>>,
    /// Bytes of what is known.
    bytes: usize,
    open: usize,
    copied: usize,
}

impl FdTables {
    /// Replays changes; `descriptors` are those of their segment.
    ///
    /// # Errors
    /// Where a limit is reached; the changes from there on are left out.
    pub(super) fn replay<'c>(
        &mut self,
        changes: impl Iterator<Item = &'c FdChange>,
        descriptors: &[Descriptor],
    ) -> Result<(), Error> {
        let by_id: HashMap<u64, &Descriptor> = descriptors.iter().map(|d| (d.id, d)).collect();
        for change in changes {
            match change.state {
                FdState::Open(id) => {
                    let descriptor = self.know(id, by_id.get(&id).copied())?;
                    let table = self.tables.entry(change.process).or_default();
                    let before = Rc::make_mut(table).insert(change.fd, descriptor);
                    self.open += usize::from(before.is_none());
                    within("descriptors that are open at once", self.open, MAX_OPEN)?;
                }
                FdState::Closed => {
                    if let Some(table) = self.tables.get_mut(&change.process)
                        && table.contains_key(&change.fd)
                    {
                        Rc::make_mut(table).remove(&change.fd);
                        self.open -= 1;
                    }
                }
                FdState::CopyOf(other) => {
                    let copy = self.tables.get(&other).map(Rc::clone).unwrap_or_default();
                    let open = self.open + copy.len();
                    self.copied += copy.len();
                    within("descriptors that are open at once", open, MAX_OPEN)?;
                    within("copies of descriptor tables", self.copied, MAX_COPIED)?;
                    let before = self.tables.insert(change.process, copy);
                    self.open = open - before.map_or(0, |table| table.len());
                }
                FdState::Ended => {
                    let before = self.tables.remove(&change.process);
                    self.open -= before.map_or(0, |table| table.len());
                }
            }
        }
        Ok(())
    }

    /// One copy of each descriptor, whatever refers to it.
    fn know(&mut self, id: u64, found: Option<&Descriptor>) -> Result<Rc<Descriptor>, Error> {
        if let Some(known) = self.known.get(&id) {
            return Ok(Rc::clone(known));
        }
        let descriptor = found.cloned().unwrap_or_else(|| Descriptor::unknown(id));
        self.bytes += bytes(&descriptor);
        if self.bytes > MAX_BYTES {
            // Most of what was opened is closed by now.
            self.known.retain(|_, descriptor| Rc::strong_count(descriptor) > 1);
            self.bytes = bytes(&descriptor) + self.known.values().map(|d| bytes(d)).sum::<usize>();
            within("bytes of open descriptors", self.bytes, MAX_BYTES / 2)?;
        }
        let descriptor = Rc::new(descriptor);
        self.known.insert(id, Rc::clone(&descriptor));
        Ok(descriptor)
    }

    /// What is open: process id, number, descriptor; by process and number.
    pub(super) fn open(&self) -> impl Iterator<Item = (u32, i32, &Rc<Descriptor>)> {
        let mut processes: Vec<_> = self.tables.iter().collect();
        processes.sort_unstable_by_key(|(pid, _)| **pid);
        processes
            .into_iter()
            .flat_map(|(pid, table)| table.iter().map(move |(fd, descriptor)| (*pid, *fd, descriptor)))
    }
}

fn bytes(descriptor: &Descriptor) -> usize {
    // With its place in the map.
    2 * size_of::<Descriptor>() + descriptor.name.len()
}

fn within(what: &'static str, found: usize, limit: usize) -> Result<(), Error> {
    if found <= limit {
        return Ok(());
    }
    Err(Error::Limit {
        what,
        found: found as u64,
        limit: limit as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use FdState::{Closed, CopyOf, Ended, Open};

    fn replayed(changes: &[(u32, i32, FdState)]) -> Result<Vec<(u32, i32, u64)>, String> {
        let mut tables = FdTables::default();
        let changes: Vec<FdChange> = changes
            .iter()
            .map(|(process, fd, state)| FdChange {
                row: None,
                process: *process,
                fd: *fd,
                state: *state,
            })
            .collect();
        tables
            .replay(changes.iter(), &[Descriptor::unknown(70), Descriptor::unknown(71)])
            .map_err(|error| error.to_string())?;
        let open: Vec<_> = tables.open().map(|(pid, fd, d)| (pid, fd, d.id)).collect();
        assert_eq!(tables.open, open.len());
        Ok(open)
    }

    #[test]
    fn changes_in_their_order() {
        let check = |changes: &[(u32, i32, FdState)], expected: &[(u32, i32, u64)]| {
            assert_eq!(replayed(changes).as_deref(), Ok(expected), "{changes:?}");
        };
        check(&[(1, 3, Open(70)), (1, 0, Open(71))], &[(1, 0, 71), (1, 3, 70)]);
        check(&[(1, 3, Open(70)), (1, 3, Open(71))], &[(1, 3, 71)]);
        check(&[(1, 3, Open(70)), (1, 3, Closed), (1, 3, Closed), (9, 3, Closed)], &[]);
        // A fork copies what is open then; both go their own way.
        check(
            &[(1, 3, Open(70)), (2, 0, CopyOf(1)), (1, 3, Closed), (2, 4, Open(71))],
            &[(2, 3, 70), (2, 4, 71)],
        );
        check(&[(1, 3, Open(70)), (2, 0, CopyOf(1)), (1, 0, Ended)], &[(2, 3, 70)]);
        // An id that is used again, with and without having seen the end.
        check(
            &[(1, 3, Open(70)), (2, 4, Open(71)), (2, 0, Ended), (2, 0, CopyOf(1))],
            &[(1, 3, 70), (2, 3, 70)],
        );
        check(
            &[(1, 3, Open(70)), (2, 4, Open(71)), (2, 0, CopyOf(1))],
            &[(1, 3, 70), (2, 3, 70)],
        );
        check(&[(2, 4, Open(71)), (2, 0, CopyOf(8))], &[]);
        check(&[(2, 4, Open(71)), (2, 0, CopyOf(2))], &[(2, 4, 71)]);
        // A descriptor that its segment does not have.
        check(&[(1, 3, Open(72))], &[(1, 3, 72)]);
    }

    #[test]
    fn a_crafted_trace_reaches_the_limits_soon() {
        let mut changes: Vec<_> = (0..1000).map(|fd| (1, fd, Open(70))).collect();
        changes.extend((2..4000).map(|pid| (pid, 0, CopyOf(1))));
        let error = replayed(&changes).expect_err("four million at once");
        assert!(error.contains("open at once"), "{error}");
        changes.truncate(1000);
        changes.extend(std::iter::repeat_n([(2, 0, CopyOf(1)), (2, 0, Ended)], 300_000).flatten());
        let error = replayed(&changes).expect_err("three hundred million copied");
        assert!(error.contains("copies"), "{error}");
    }
}
