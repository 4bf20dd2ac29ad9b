//! Reads and writes the small files of a person: notes, what was copied, the configuration.

use super::notes::{NotesFile, Said};
use super::places::{Places, replace};
use crate::message::{Chore, Message};
use crate::state::Notice;
use afterimage_query::output::escaped;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Does chores, one after the other.
pub(crate) struct Desk {
    notes: NotesFile,
    places: Places,
}

impl Desk {
    /// The desk for the trace in `file`.
    pub(crate) fn new(file: &Path, places: Places) -> Desk {
        Desk {
            notes: NotesFile::new(file, places.state.clone()),
            places,
        }
    }

    /// Does something and gives what there is to tell.
    pub(crate) fn perform(&mut self, chore: Chore) -> Option<Message> {
        match chore {
            Chore::LoadNotes(key) => {
                let (marks, said) = self.notes.load(&key);
                let notice = notice(said);
                Some(Message::Notes { marks, notice })
            }
            Chore::SaveNotes(key, marks) => notice(self.notes.save(&key, &marks)).map(Message::Notice),
            Chore::Keep(text) => self.keep(&text),
        }
    }

    /// Keeps what was copied in a file, for terminals that do not take it.
    fn keep(&self, text: &str) -> Option<Message> {
        let path = self.places.runtime.as_ref()?.join("afterimage-copied");
        replace(&path, text.as_bytes()).ok()?;
        let path = escaped(path.as_os_str().as_bytes());
        let text = format!("copied {} bytes, by OSC 52 and to {path}", text.len());
        Some(Message::Notice(Notice { text, failed: false }))
    }
}

fn notice(said: Said) -> Option<Notice> {
    said.map(|(text, failed)| Notice { text, failed })
}
