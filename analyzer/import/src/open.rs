//! Opening a capture as a trace: it is imported into a file that has no name, and goes when nobody has it open.

use crate::blocks::SECTION;
use crate::error::Error;
use crate::import::import;
use crate::report::{Progress, Report};
use crate::source::is_gzip;
use afterimage_format::file::{FileStorage, Storage, TraceWriter, WriterOptions};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::ops::ControlFlow;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Whether a file that begins so may be a capture: a section, or gzip.
pub fn looks_like_capture(start: &[u8]) -> bool {
    start.starts_with(&SECTION.to_le_bytes()) || is_gzip(start)
}

/// Whether the content of a file looks like a capture; false where it cannot be read.
pub fn is_capture(path: &Path) -> bool {
    let mut start = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && looks_like_capture(&start)
}

/// A trace without a name that is made of a capture. Clones are the same file, which is there as long as one of them is.
#[derive(Debug, Clone)]
pub struct Unnamed(Arc<File>);

impl Unnamed {
    /// Where this process can open the trace, for as long as this value lives.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.0.as_raw_fd()))
    }
}

/// A capture that was imported into a file without a name.
#[derive(Debug)]
pub struct Imported {
    trace: Unnamed,
    /// What was found.
    pub report: Report,
}

impl Imported {
    /// Where this process can open the trace, for as long as this value lives.
    pub fn path(&self) -> PathBuf {
        self.trace.path()
    }

    /// The trace.
    pub fn trace(&self) -> &Unnamed {
        &self.trace
    }
}

/// A capture that is ready to be imported into a file without a name, which can be read meanwhile: another thread opens
/// [`Importing::trace`] (empty until the lists at the beginning of the capture are read) and looks at it again with
/// `Trace::refresh`, until it is sealed.
#[derive(Debug)]
pub struct Importing {
    capture: File,
    name: String,
    /// Bytes of the capture, of which [`Progress::bytes`] says how many are read.
    pub total: u64,
    trace: Unnamed,
}

impl Importing {
    /// Opens the capture and makes the file.
    ///
    /// # Errors
    /// [`Error::Read`] where the capture cannot be opened, [`Error::Temporary`] where there is no room.
    pub fn new(path: &Path) -> Result<Importing, Error> {
        let cannot_read = |source| Error::Read { offset: 0, source };
        let capture = File::open(path).map_err(cannot_read)?;
        Ok(Importing {
            total: capture.metadata().map_err(cannot_read)?.len(),
            capture,
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            trace: Unnamed(Arc::new(unnamed()?)),
        })
    }

    /// The trace that is going to be written.
    pub fn trace(&self) -> Unnamed {
        self.trace.clone()
    }

    /// Imports it and seals the trace. `progress` is asked now and then whether to go on.
    ///
    /// # Errors
    /// As [`import`]. What was written until then stays readable, without a seal.
    pub fn run(self, progress: &mut dyn FnMut(Progress) -> ControlFlow<()>) -> Result<Imported, Error> {
        let storage = self.trace.0.try_clone().map_err(temporary)?;
        let create = |header: &_| {
            let storage = Unsynced(FileStorage::new(storage, Path::new("a temporary file")));
            TraceWriter::with_storage(storage, Path::new("a temporary file"), header, WriterOptions::default())
        };
        let (_, report) = import(self.capture, &self.name, create, progress)?;
        Ok(Imported {
            trace: self.trace,
            report,
        })
    }
}

/// Imports `path` into a file without a name in `TMPDIR`.
///
/// # Errors
/// As [`import`] and [`Importing::new`].
pub fn open(path: &Path, progress: &mut dyn FnMut(Progress) -> ControlFlow<()>) -> Result<Imported, Error> {
    Importing::new(path)?.run(progress)
}

fn temporary(source: io::Error) -> Error {
    Error::Temporary {
        folder: std::env::temp_dir().display().to_string(),
        source,
    }
}

/// A file that nobody else can open, and that is gone with its last descriptor, however the process ends.
fn unnamed() -> Result<File, Error> {
    let folder = std::env::temp_dir();
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    if let Ok(file) = options.clone().custom_flags(libc::O_TMPFILE).open(&folder) {
        return Ok(file);
    }
    // Not every file system has files without names: there it has one for an instant.
    let path = folder.join(format!(".afterimage-{}", uuid::Uuid::new_v4()));
    let file = options.create_new(true).open(&path).map_err(temporary)?;
    std::fs::remove_file(&path).map_err(temporary)?;
    Ok(file)
}

/// A file that nobody reads after a crash: forcing it to the disk would only cost time.
struct Unsynced(FileStorage);

impl Storage for Unsynced {
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn reserve(&mut self, _offset: u64, _len: u64) -> io::Result<()> {
        Ok(())
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn sync_all(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn free(&self) -> io::Result<u64> {
        self.0.free()
    }
}
