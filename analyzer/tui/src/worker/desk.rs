//! Reads and writes the small files of a person: notes, what was copied, the configuration.

use super::notes::{NotesFile, Said};
use super::places::{Places, replace};
use crate::config::set_columns;
use crate::message::{Chore, Message};
use crate::state::Notice;
use afterimage_query::output::escaped;
use std::io::ErrorKind;
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
            Chore::SaveColumns(id, columns) => Some(Message::Notice(self.save_columns(id, &columns))),
        }
    }

    /// Writes the columns of a view to the configuration file.
    fn save_columns(&self, id: &str, columns: &[String]) -> Notice {
        let Some(path) = &self.places.config else {
            return failed("there is no place for a configuration: neither HOME nor XDG_CONFIG_HOME is set".into());
        };
        let shown = escaped(path.as_os_str().as_bytes());
        let before = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return failed(format!("{shown} cannot be read: {error}")),
        };
        let text = match set_columns(&before, id, columns) {
            Ok(text) => text,
            Err(why) => return failed(format!("{shown}: {why}")),
        };
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        match made.and_then(|()| replace(path, text.as_bytes())) {
            Ok(()) => Notice {
                text: format!("saved in {shown}"),
                failed: false,
            },
            Err(error) => failed(format!("{shown} cannot be written: {error}")),
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

fn failed(text: String) -> Notice {
    Notice { text, failed: true }
}

fn notice(said: Said) -> Option<Notice> {
    said.map(|(text, failed)| Notice { text, failed })
}
