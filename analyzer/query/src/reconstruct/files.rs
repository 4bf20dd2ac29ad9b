//! What becomes of files: who wrote them, made them executable, executed, renamed and deleted them.

use super::state::TakenIn;
use super::story::Who;
use hashbrown::HashMap;
use std::rc::Rc;

/// Number of a file's history.
pub(super) type FileId = usize;

/// Histories are begun up to this many; files beyond it are told without.
const MAX_FILES: usize = 1 << 20;

/// From its first change in the trace to its deletion.
#[derive(Default)]
pub(super) struct History {
    /// Who wrote it last before it was executed.
    pub(super) written: Option<Written>,
    /// Who made it executable.
    pub(super) executable: Option<(Who, u64)>,
    /// Who executed it first.
    pub(super) executed: Option<(Who, u64)>,
    /// Who deleted it.
    pub(super) deleted: Option<(Who, u64)>,
    /// Its last rename: from, to, when.
    pub(super) renamed: Option<(Vec<u8>, Vec<u8>, u64)>,
}

/// Who wrote a file.
pub(super) struct Written {
    pub(super) who: Who,
    /// First data; where there is none, the opening.
    pub(super) time: u64,
    /// What the program had taken in before.
    pub(super) taken_in: Rc<Vec<TakenIn>>,
    /// Whether there was data.
    pub(super) data: bool,
}

/// All histories. A path of one container is another file than the same path of another container.
#[derive(Default)]
pub(super) struct Files {
    pub(super) histories: Vec<History>,
    /// The latest file at a path.
    by_path: HashMap<(u64, Vec<u8>), FileId>,
}

impl Files {
    /// The file at a path, if something was done to it before and it was not deleted.
    pub(super) fn get(&self, container: u64, path: &[u8]) -> Option<FileId> {
        let id = *self.by_path.get(&(container, path.to_vec()))?;
        self.histories[id].deleted.is_none().then_some(id)
    }

    /// Whether the file at a path is known to be deleted.
    pub(super) fn is_gone(&self, container: u64, path: &[u8]) -> bool {
        let id = self.by_path.get(&(container, path.to_vec()));
        id.is_some_and(|id| self.histories[*id].deleted.is_some())
    }

    /// The file at a path; its history begins if it has none. A relative path is that of no certain file.
    pub(super) fn begin(&mut self, container: u64, path: &[u8]) -> Option<FileId> {
        if let Some(id) = self.get(container, path) {
            return Some(id);
        }
        if path.first() != Some(&b'/') || self.histories.len() >= MAX_FILES {
            return None;
        }
        self.histories.push(History::default());
        self.by_path
            .insert((container, path.to_vec()), self.histories.len() - 1);
        Some(self.histories.len() - 1)
    }

    /// A program wrote to the file, or opened it for that (no `data`).
    pub(super) fn write(&mut self, id: FileId, who: &Who, time: u64, taken_in: &Rc<Vec<TakenIn>>, data: bool) {
        let history = &mut self.histories[id];
        match &mut history.written {
            Some(written) if written.who.process == who.process => {
                if data && !written.data {
                    (written.time, written.data) = (time, true);
                }
                written.who.name.clone_from(&who.name);
                written.taken_in = Rc::clone(taken_in);
            }
            // What is written behind an execution did not take part in it.
            Some(_) if history.executed.is_some() => {}
            written => {
                *written = Some(Written {
                    who: who.clone(),
                    time,
                    taken_in: Rc::clone(taken_in),
                    data,
                })
            }
        }
    }

    /// The file was deleted, or replaced by another one.
    pub(super) fn delete(&mut self, container: u64, path: &[u8], who: &Who, time: u64) -> Option<FileId> {
        let id = self.begin(container, path)?;
        self.histories[id].deleted = Some((who.clone(), time));
        Some(id)
    }

    /// The file has another path from now on.
    pub(super) fn rename(&mut self, container: u64, from: &[u8], to: &[u8], who: &Who, time: u64) -> Option<FileId> {
        let id = self.begin(container, from)?;
        if self.get(container, to).is_some() {
            self.delete(container, to, who, time);
        }
        self.by_path.remove(&(container, from.to_vec()));
        if to.first() == Some(&b'/') {
            self.by_path.insert((container, to.to_vec()), id);
        }
        self.histories[id].renamed = Some((from.to_vec(), to.to_vec(), time));
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconstruct::story::ProcessId;

    fn who(process: usize) -> Who {
        Who {
            process: ProcessId(process),
            name: b"x".to_vec(),
        }
    }

    #[test]
    fn a_history_follows_a_rename_and_ends_with_the_deletion() {
        let mut files = Files::default();
        let id = files.begin(1, b"/tmp/a").expect("an absolute path");
        files.write(id, &who(0), 5, &Rc::default(), true);
        assert_eq!(files.rename(1, b"/tmp/a", b"/tmp/b", &who(1), 6), Some(id));
        assert_eq!(
            (
                files.get(1, b"/tmp/a"),
                files.get(1, b"/tmp/b"),
                files.get(2, b"/tmp/b")
            ),
            (None, Some(id), None)
        );
        files.delete(1, b"/tmp/b", &who(2), 7);
        assert!(files.is_gone(1, b"/tmp/b"));
        assert_ne!(files.begin(1, b"/tmp/b"), Some(id), "a new file at the same path");
        assert!(!files.is_gone(1, b"/tmp/b"));
    }

    #[test]
    fn the_last_writer_before_an_execution_counts() {
        let mut files = Files::default();
        let id = files.begin(1, b"/tmp/a").expect("an absolute path");
        let writer = |files: &Files| {
            files.histories[id]
                .written
                .as_ref()
                .map(|written| (written.who.process.0, written.time))
        };
        files.write(id, &who(0), 4, &Rc::default(), false);
        files.write(id, &who(0), 5, &Rc::default(), true);
        files.write(id, &who(0), 6, &Rc::default(), true);
        assert_eq!(writer(&files), Some((0, 5)));
        files.write(id, &who(1), 7, &Rc::default(), true);
        assert_eq!(writer(&files), Some((1, 7)));
        files.histories[id].executed = Some((who(2), 8));
        files.write(id, &who(3), 9, &Rc::default(), true);
        assert_eq!(writer(&files), Some((1, 7)));
    }

    #[test]
    fn relative_paths_are_not_certain() {
        assert_eq!(Files::default().begin(1, b"a"), None);
    }
}
