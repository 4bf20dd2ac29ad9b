//! The audit log as a file. The API server appends a line for each event, and renames the file when it is large or old.

use super::read::{EVENT_MAX, read};
use crate::out::Out;
use crate::protocol::Said;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

/// How often the file is looked at.
const EVERY: Duration = Duration::from_millis(50);
const PIECE: usize = 64 << 10;

/// Passes on what is appended from now on, in this file and in those that take its place.
pub(super) fn run(path: &Path, out: &Out) -> io::Result<()> {
    let mut tail = Tail::open(path, true);
    loop {
        if tail.is_none() {
            // It was not there, so all of it is new.
            tail = Tail::open(path, false);
        }
        if let Some(open) = &mut tail {
            open.take(out)?;
            if open.was_replaced(path) {
                // What came between the last look and the renaming.
                open.take(out)?;
                tail = Tail::open(path, false);
                continue;
            }
        }
        std::thread::sleep(EVERY);
    }
}

struct Tail {
    file: File,
    line: Vec<u8>,
    /// The rest of the line is passed over.
    skip: bool,
}

impl Tail {
    fn open(path: &Path, at_end: bool) -> Option<Tail> {
        // A pipe or a device is no log, and opening it must not wait.
        let mut file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(path)
            .ok()?;
        if !file.metadata().ok()?.is_file() {
            return None;
        }
        let mut skip = false;
        if at_end && file.seek(SeekFrom::End(0)).ok()? > 0 {
            let mut last = [b'\n'];
            file.seek(SeekFrom::Current(-1)).ok()?;
            file.read_exact(&mut last).ok()?;
            skip = last != [b'\n'];
        }
        Some(Tail {
            file,
            line: Vec::new(),
            skip,
        })
    }

    /// Reads up to the end.
    fn take(&mut self, out: &Out) -> io::Result<()> {
        // Emptied in place.
        let size = self.file.metadata().map_or(0, |about| about.len());
        if self.file.stream_position().is_ok_and(|at| at > size) {
            let _ = self.file.rewind();
            (self.line, self.skip) = (Vec::new(), false);
        }
        let mut piece = vec![0; PIECE];
        loop {
            let got = match self.file.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(got) => got,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return Ok(()),
            };
            for part in piece[..got].split_inclusive(|byte| *byte == b'\n') {
                self.part(part, out)?;
            }
        }
    }

    /// A line, or a part of one.
    fn part(&mut self, part: &[u8], out: &Out) -> io::Result<()> {
        let ends = part.ends_with(b"\n");
        if !self.skip {
            self.line.extend_from_slice(part);
        }
        if self.line.len() > EVENT_MAX {
            out.say(&Said::AuditLost(1))?;
            (self.line, self.skip) = (Vec::new(), true);
        }
        if !ends {
            return Ok(());
        }
        let skipped = std::mem::take(&mut self.skip);
        let line = std::mem::take(&mut self.line);
        if skipped || line.trim_ascii().is_empty() {
            return Ok(());
        }
        let mut said = Ok(());
        let lost = read(&line, |entry| {
            if said.is_ok() {
                said = out.say(&Said::Audit(Box::new(entry)));
            }
        });
        said?;
        match lost.unwrap_or(1) {
            0 => Ok(()),
            lost => out.say(&Said::AuditLost(lost)),
        }
    }

    /// Whether there is another file at the path now.
    fn was_replaced(&self, path: &Path) -> bool {
        match (self.file.metadata(), std::fs::metadata(path)) {
            (Ok(open), Ok(there)) => (open.dev(), open.ino()) != (there.dev(), there.ino()),
            // Renamed, and the next one is not there yet.
            _ => false,
        }
    }
}
