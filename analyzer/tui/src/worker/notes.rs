//! The side file with bookmarks and notes. docs/notes.md describes it.

use super::places::replace;
use crate::state::{About, Mark, TraceKey};
use afterimage_query::output::{escaped, unsafe_to_show};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// What every such file says it is.
const FORMAT: &str = "afterimage notes";
const VERSION: u32 = 1;
/// More is not typed by hand.
const MAX_BYTES: u64 = 64 << 20;

/// The file.
#[derive(Serialize, Deserialize)]
struct Content {
    format: String,
    version: u32,
    trace: TraceKey,
    marks: Vec<Entry>,
}

/// A mark: of an event, or of what passes a filter.
#[derive(Serialize, Deserialize)]
struct Entry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    span: Option<(i64, i64)>,
    #[serde(default)]
    time: Option<i64>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    note: String,
}

/// Where notes go.
enum Target {
    /// To this file, which held these bytes when it was read or written last.
    File(PathBuf, Option<Vec<u8>>),
    /// Nowhere, and why.
    Memory(String),
}

/// Reads and writes the notes of a trace.
pub(super) struct NotesFile {
    beside: PathBuf,
    /// Folder for notes where the trace's own folder takes none.
    fallback: Option<PathBuf>,
    target: Target,
}

/// What there is to say, and whether it is that something went wrong.
pub(super) type Said = Option<(String, bool)>;

impl NotesFile {
    /// The notes of the trace in `file`.
    pub(super) fn new(file: &Path, fallback: Option<PathBuf>) -> NotesFile {
        let mut name = file.file_name().map_or_else(OsString::new, OsString::from);
        name.push(".notes.json");
        let beside = file.with_file_name(name);
        NotesFile {
            target: Target::File(beside.clone(), None),
            beside,
            fallback,
        }
    }

    /// Reads what is noted of the trace.
    pub(super) fn load(&mut self, key: &TraceKey) -> (Vec<Mark>, Said) {
        let mut said = None;
        match read(&self.beside, key) {
            Read::None => {}
            Read::Marks(marks, bytes) => {
                self.target = Target::File(self.beside.clone(), Some(bytes));
                return (marks, None);
            }
            Read::Other => {
                let beside = shown(&self.beside);
                match self.fallback_of(key) {
                    Some(path) => {
                        said = Some((
                            format!("{beside} is about another trace; notes go to {}", shown(&path)),
                            true,
                        ));
                        self.target = Target::File(path, None);
                    }
                    None => {
                        let why = format!("{beside} is about another trace");
                        said = Some((format!("{why}; it stays as it is, and new notes are not saved"), true));
                        self.target = Target::Memory(why);
                    }
                }
            }
            Read::Wrong(why) => {
                self.target = Target::Memory(format!("{}: {why}", shown(&self.beside)));
                let said = format!(
                    "{}: {why}; it stays as it is, and new notes are not saved",
                    shown(&self.beside)
                );
                return (Vec::new(), Some((said, true)));
            }
        }
        if let Some(path) = self.fallback_of(key)
            && let Read::Marks(marks, bytes) = read(&path, key)
        {
            self.target = Target::File(path, Some(bytes));
            return (marks, said);
        }
        (Vec::new(), said)
    }

    /// Writes what is noted.
    pub(super) fn save(&mut self, key: &TraceKey, marks: &[Mark]) -> Said {
        let content = match written(key, marks) {
            Ok(content) => content,
            Err(error) => return Some((format!("notes are not saved: {error}"), true)),
        };
        let (path, known) = match &self.target {
            Target::Memory(why) => return Some((format!("not saved, in memory only: {why}"), true)),
            Target::File(path, known) => (path.clone(), known.clone()),
        };
        let first = known.is_none();
        match write(&path, known.as_deref(), &content) {
            Ok(()) => {
                let said = first.then(|| (format!("noted in {}", shown(&path)), false));
                self.target = Target::File(path, Some(content));
                said
            }
            Err(Unwritten::Changed) => {
                let why = format!("{} was changed by someone else", shown(&path));
                Some((format!("not saved, in memory only: {why}"), true))
            }
            Err(Unwritten::Io(error)) => self.save_elsewhere(key, &path, content, &error),
        }
    }

    /// Writes to the folder for such cases.
    fn save_elsewhere(&mut self, key: &TraceKey, failed: &Path, content: Vec<u8>, error: &io::Error) -> Said {
        let why = format!("{} cannot be written: {error}", shown(failed));
        let Some(path) = self.fallback_of(key).filter(|path| path != failed) else {
            return Some((format!("not saved, in memory only: {why}"), true));
        };
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        // What stands there is about this trace, or was read and was not.
        match made.and_then(|()| replace(&path, &content)) {
            Ok(()) => {
                let said = format!("noted in {}, because {why}", shown(&path));
                self.target = Target::File(path, Some(content));
                Some((said, false))
            }
            Err(error) => Some((
                format!("not saved, in memory only: {why}; {}: {error}", shown(&path)),
                true,
            )),
        }
    }

    /// The file in the folder for notes that find no room beside the trace.
    fn fallback_of(&self, key: &TraceKey) -> Option<PathBuf> {
        let name = match (&key.root, key.capture.as_str()) {
            (Some(root), _) => root.clone(),
            (None, "") => format!("{:x}-{:x}", key.bytes, key.first),
            (None, capture) => capture.to_owned(),
        };
        self.fallback
            .as_ref()
            .map(|folder| folder.join(format!("{name}.notes.json")))
    }
}

/// What is in a file.
enum Read {
    /// There is none.
    None,
    /// Marks of this trace, and all bytes of the file.
    Marks(Vec<Mark>, Vec<u8>),
    /// Marks of another trace.
    Other,
    /// Something else, and why it cannot be taken.
    Wrong(String),
}

fn read(path: &Path, key: &TraceKey) -> Read {
    let bytes = match std::fs::metadata(path).and_then(|metadata| match metadata.len() {
        0..=MAX_BYTES => std::fs::read(path),
        _ => Err(io::ErrorKind::FileTooLarge.into()),
    }) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Read::None,
        Err(error) => return Read::Wrong(format!("it cannot be read: {error}")),
    };
    let content: Content = match serde_json::from_slice(&bytes) {
        Ok(content) => content,
        Err(error) => return Read::Wrong(format!("these are no notes: {}", escaped(error.to_string().as_bytes()))),
    };
    if content.format != FORMAT || content.version != VERSION {
        return Read::Wrong("these are no notes, or of a later version of this program".into());
    }
    if !key.goes_on_from(&content.trace) {
        return Read::Other;
    }
    Read::Marks(content.marks.into_iter().filter_map(mark).collect(), bytes)
}

/// A mark from a file, which anybody may have written.
fn mark(entry: Entry) -> Option<Mark> {
    let about = match (entry.event, entry.filter) {
        (Some(number), None) => About::Event(number),
        (None, Some(filter)) => About::Events(clean(filter), entry.span),
        _ => return None,
    };
    Some(Mark {
        about,
        time: entry.time,
        text: clean(entry.text),
        note: clean(entry.note),
    })
}

/// Without what could harm a terminal.
fn clean(text: String) -> String {
    match text.contains(unsafe_to_show) {
        true => text.replace(unsafe_to_show, "\u{fffd}"),
        false => text,
    }
}

fn written(key: &TraceKey, marks: &[Mark]) -> serde_json::Result<Vec<u8>> {
    let entry = |mark: &Mark| {
        let (event, filter, span) = match &mark.about {
            About::Event(number) => (Some(*number), None, None),
            About::Events(filter, span) => (None, Some(filter.clone()), *span),
        };
        Entry {
            event,
            filter,
            span,
            time: mark.time,
            text: mark.text.clone(),
            note: mark.note.clone(),
        }
    };
    let content = Content {
        format: FORMAT.into(),
        version: VERSION,
        trace: key.clone(),
        marks: marks.iter().map(entry).collect(),
    };
    let mut bytes = serde_json::to_vec_pretty(&content)?;
    bytes.push(b'\n');
    Ok(bytes)
}

enum Unwritten {
    Changed,
    Io(io::Error),
}

/// Writes a file that is still as it was.
fn write(path: &Path, known: Option<&[u8]>, content: &[u8]) -> Result<(), Unwritten> {
    match std::fs::read(path) {
        Ok(bytes) if Some(bytes.as_slice()) == known => {}
        Ok(_) => return Err(Unwritten::Changed),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(Unwritten::Io(error)),
    }
    replace(path, content).map_err(Unwritten::Io)
}

fn shown(path: &Path) -> String {
    escaped(path.as_os_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> TraceKey {
        TraceKey {
            capture: "c".into(),
            root: Some("r".into()),
            bytes: 7,
            first: 1,
        }
    }

    fn marks() -> Vec<Mark> {
        vec![
            Mark {
                about: About::Event(4),
                time: Some(i64::MAX),
                text: "4 sh < execve".into(),
                note: "the \"entry\"".into(),
            },
            Mark {
                about: About::Events("proc.pid = 5".into(), Some((1, 2))),
                time: None,
                text: "pid 5".into(),
                note: String::new(),
            },
        ]
    }

    #[test]
    fn notes_are_found_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let trace = folder.path().join("a.scap");
        let mut file = NotesFile::new(&trace, None);
        assert_eq!(file.load(&key()), (vec![], None));
        let said = file.save(&key(), &marks()).expect("where they are is said");
        assert!(said.0.ends_with("a.scap.notes.json") && !said.1, "{said:?}");
        assert_eq!(file.save(&key(), &marks()), None, "once");
        assert_eq!(NotesFile::new(&trace, None).load(&key()), (marks(), None));
    }

    #[test]
    fn the_example_of_the_documentation_is_right() {
        let document = include_str!("../../../../docs/notes.md");
        let example = document
            .split("```json\n")
            .nth(1)
            .and_then(|rest| rest.split("```").next());
        let content: Content = serde_json::from_str(example.expect("an example")).expect("notes");
        assert_eq!((content.format.as_str(), content.version), (FORMAT, VERSION));
        let marks: Vec<Mark> = content.marks.into_iter().filter_map(mark).collect();
        assert_eq!(marks.len(), 2);
    }

    #[test]
    fn what_is_not_understood_stays_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let beside = folder.path().join("a.scap.notes.json");
        for content in [
            "",
            "{",
            "{\"format\":\"other\",\"version\":1,\"trace\":{\"capture\":\"\",\"root\":null,\"bytes\":1,\"first\":1},\"marks\":[]}",
            "{\"format\":\"afterimage notes\",\"version\":2,\"trace\":{\"capture\":\"\",\"root\":null,\"bytes\":1,\"first\":1},\"marks\":[]}",
        ] {
            std::fs::write(&beside, content).expect("a file");
            let mut file = NotesFile::new(&folder.path().join("a.scap"), Some(folder.path().join("state")));
            let (found, said) = file.load(&key());
            assert!(found.is_empty() && said.is_some_and(|(_, failed)| failed), "{content}");
            let said = file.save(&key(), &marks()).expect("it says so");
            assert!(said.0.contains("in memory only"), "{said:?}");
            assert_eq!(std::fs::read_to_string(&beside).expect("it is there"), content);
        }
    }

    #[test]
    fn notes_of_another_trace_are_not_taken_and_not_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let trace = folder.path().join("a.scap");
        NotesFile::new(&trace, None).save(&key(), &marks());
        let other = TraceKey {
            root: Some("other".into()),
            ..key()
        };
        let state = folder.path().join("state");
        let mut file = NotesFile::new(&trace, Some(state.clone()));
        let (found, said) = file.load(&other);
        assert!(found.is_empty() && said.is_some_and(|(text, _)| text.contains("another trace")));
        std::fs::create_dir(&state).expect("a folder");
        assert!(file.save(&other, &marks()[..1]).is_some_and(|(_, failed)| !failed));
        assert_eq!(NotesFile::new(&trace, None).load(&key()).0, marks(), "as before");
        let again = NotesFile::new(&trace, Some(state)).load(&other).0;
        assert_eq!(again, marks()[..1]);
    }

    #[test]
    fn a_folder_that_takes_nothing_is_said_and_another_one_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let trace = folder.path().join("gone/a.scap");
        let state = folder.path().join("state");
        let mut file = NotesFile::new(&trace, Some(state.clone()));
        file.load(&key());
        let said = file.save(&key(), &marks()).expect("it says so");
        assert!(said.0.contains("state/r.notes.json") && !said.1, "{said:?}");
        assert_eq!(NotesFile::new(&trace, Some(state)).load(&key()).0, marks());
        let mut file = NotesFile::new(&trace, None);
        assert!(file.save(&key(), &marks()).is_some_and(|(_, failed)| failed));
    }

    #[test]
    fn notes_that_someone_else_changed_are_not_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let trace = folder.path().join("a.scap");
        let (mut one, mut other) = (NotesFile::new(&trace, None), NotesFile::new(&trace, None));
        one.load(&key());
        other.load(&key());
        one.save(&key(), &marks());
        let said = other.save(&key(), &[]).expect("it says so");
        assert!(said.0.contains("changed by someone else"), "{said:?}");
        assert_eq!(NotesFile::new(&trace, None).load(&key()).0, marks());
    }

    #[test]
    fn hostile_notes_do_no_harm() {
        let folder = tempfile::tempdir().expect("a folder");
        let trace = folder.path().join("a.scap");
        let hostile = Mark {
            note: "\u{1b}[2J\u{202e}".into(),
            ..marks()[0].clone()
        };
        NotesFile::new(&trace, None).save(&key(), &[hostile]);
        let found = NotesFile::new(&trace, None).load(&key()).0;
        assert_eq!(found[0].note, "\u{fffd}[2J\u{fffd}");
    }
}
