//! Creating the file.

use crate::{Error, Result};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Creates `path` with mode 0600.
pub(super) fn create(path: &Path, force: bool) -> Result<File> {
    let mut open = OpenOptions::new();
    open.write(true).read(true).mode(0o600);
    // What is replaced goes first, so that neither its mode nor its other names (links) reach the trace.
    if force && path.symlink_metadata().is_ok_and(|m| m.is_file() || m.is_symlink()) {
        std::fs::remove_file(path).map_err(Error::io("cannot replace", path))?;
    }
    open.create_new(true);
    open.open(path).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists if force => {
            Error::io("cannot replace", path)(io::Error::other("it is no regular file"))
        }
        io::ErrorKind::AlreadyExists => Error::Exists(path.to_owned()),
        _ => Error::io("cannot create", path)(source),
    })
}
