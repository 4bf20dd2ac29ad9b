//! The files of a recording: one, or one after the other where it rotates. Each is complete by itself; each names the one
//! before it with its root, and the one behind it.

use super::sink::Place;
use afterimage_format::Result;
use afterimage_format::file::{Sealed, Summary, TraceWriter, WriterOptions};
use afterimage_format::model::{CustodyEntry, Header, Series, action};
use afterimage_format::segment::EncodedSegment;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What `--rotate` and `--keep` ask for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rotation {
    /// Begin another file when one has this size.
    pub(crate) bytes: Option<u64>,
    /// Begin another file when one is so old.
    pub(crate) age: Option<Duration>,
    /// Keep so many; older ones of this recording are deleted.
    pub(crate) keep: Option<usize>,
}

impl Rotation {
    fn is_asked_for(&self) -> bool {
        self.bytes.is_some() || self.age.is_some()
    }
}

/// Something that goes into every file of a recording.
pub(crate) struct Attached {
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
}

/// The file that is being written, and what the next one needs.
pub(crate) struct Output {
    writer: TraceWriter,
    /// The file is sealed, and the next one could not be created yet.
    done: Option<Sealed>,
    /// As given on the command line.
    path: PathBuf,
    header: Header,
    options: WriterOptions,
    rotation: Rotation,
    attached: Vec<Attached>,
    opened: Instant,
    /// Sealed files of this recording that are still there, the oldest first.
    sealed: VecDeque<PathBuf>,
    /// Bytes of all sealed files.
    bytes: u64,
}

impl Output {
    /// Creates the first file.
    pub(crate) fn create(
        path: &Path,
        header: Header,
        options: WriterOptions,
        rotation: Rotation,
        attached: Vec<Attached>,
    ) -> Result<Output> {
        let mut header = header;
        header.series.number = 1;
        let first = if rotation.is_asked_for() {
            numbered(path, 1)
        } else {
            path.to_owned()
        };
        let writer = open(&first, &header, &options, &attached)?;
        Ok(Output {
            writer,
            done: None,
            path: path.to_owned(),
            header,
            options,
            rotation,
            attached,
            opened: Instant::now(),
            sealed: VecDeque::new(),
            bytes: 0,
        })
    }

    /// Appends a segment to the current file.
    pub(crate) fn append_ref(&mut self, segment: &EncodedSegment) -> Result<()> {
        self.writer.append(segment)
    }

    /// Seals the current file, once.
    fn finish(&mut self, summary: &Summary) -> Result<Sealed> {
        let sealed = match self.done {
            Some(sealed) => sealed,
            None => seal(&mut self.writer, summary)?,
        };
        self.done = Some(sealed);
        Ok(sealed)
    }
}

/// The first entry of a file's custody log.
pub(crate) fn created() -> CustodyEntry {
    CustodyEntry::now(action::CREATED, TOOL)
}

impl Place for Output {
    fn append(&mut self, segment: EncodedSegment) -> Result<()> {
        self.append_ref(&segment)
    }

    fn attach(&mut self, name: &str, content: &[u8]) -> Result<()> {
        self.writer
            .attach(name, "application/x-executable", content)
            .map(|_| ())
    }

    fn is_full(&self) -> bool {
        self.rotation.bytes.is_some_and(|bytes| self.writer.bytes() >= bytes)
            || self.rotation.age.is_some_and(|age| self.opened.elapsed() >= age)
    }

    fn rotate(&mut self, summary: &Summary) -> Result<()> {
        let number = self.header.series.number + 1;
        let next = numbered(&self.path, number);
        let summary = Summary {
            next_name: name_of(&next),
            ..summary.clone()
        };
        let sealed = self.finish(&summary)?;
        let before = self.writer.path().to_owned();
        let mut header = self.header.clone();
        header.series = Series {
            number,
            previous: sealed.root,
            previous_name: name_of(&before),
        };
        // Where this fails, all of it can be tried again.
        self.writer = open(&next, &header, &self.options, &self.attached)?;
        (self.header, self.done) = (header, None);
        self.opened = Instant::now();
        self.bytes += sealed.bytes;
        self.sealed.push_back(before);
        while self.rotation.keep.is_some_and(|keep| self.sealed.len() + 1 > keep) {
            // One that somebody took away already is no reason to stop recording.
            let oldest = self.sealed.pop_front().unwrap_or_default();
            let _ = std::fs::remove_file(oldest);
        }
        Ok(())
    }

    // A file ends with what was written to it.
    fn mark(&mut self, _: u64) {}

    fn seal(&mut self, summary: &Summary) -> Result<u64> {
        Ok(self.bytes + self.finish(summary)?.bytes)
    }

    fn bytes(&self) -> u64 {
        self.bytes + self.writer.bytes()
    }

    fn path(&self) -> &Path {
        self.writer.path()
    }

    fn files(&self) -> u32 {
        self.header.series.number
    }
}

/// Who made the file.
const TOOL: &str = concat!("afterimage capture ", env!("CARGO_PKG_VERSION"));

fn open(path: &Path, header: &Header, options: &WriterOptions, attached: &[Attached]) -> Result<TraceWriter> {
    let mut writer = TraceWriter::create(path, header, options.clone())?;
    let filled = writer.add_custody(&created()).and_then(|()| {
        attached.iter().try_for_each(|one| {
            writer
                .attach(&one.name, "application/octet-stream", &one.content)
                .map(|_| ())
        })
    });
    filled.inspect_err(|_| {
        // It has nothing that was recorded.
        let _ = std::fs::remove_file(path);
    })?;
    Ok(writer)
}

pub(crate) fn seal(writer: &mut TraceWriter, summary: &Summary) -> Result<Sealed> {
    let entry = CustodyEntry {
        note: summary.reason.clone(),
        ..CustodyEntry::now(action::SEALED, TOOL)
    };
    // A disk that is full has no room for the entry, and still seals.
    match writer.add_custody(&entry) {
        Err(error) if !error.is_no_space() => Err(error),
        _ => writer.seal(summary),
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// `web.scap` to `web.0001.scap`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default();
    let mut name = stem.to_owned();
    name.push(format!(".{number:04}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rotated_files_sort() {
        for (path, number, expected) in [
            ("web.scap", 1, "web.0001.scap"),
            ("/var/x/web.scap", 12, "/var/x/web.0012.scap"),
            ("trace", 3, "trace.0003"),
            ("a.b.scap", 10_000, "a.b.10000.scap"),
        ] {
            assert_eq!(numbered(Path::new(path), number), Path::new(expected));
        }
    }
}
