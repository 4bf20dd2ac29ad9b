//! The file of an export: nothing stands under its name before all of it is written.

use super::places::beside;
use crate::state::Exported;
use afterimage_query::output::escaped;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A file that is being written under another name. It is removed when this is dropped before its end.
pub(super) struct Target {
    path: PathBuf,
    temporary: PathBuf,
    replace: bool,
}

impl Target {
    /// Begins a file. `kept` are never replaced.
    pub(super) fn create(path: &Path, replace: bool, kept: &[&Path]) -> Result<(Target, File), Exported> {
        let is_there = fs::symlink_metadata(path).is_ok();
        if is_there && !replace {
            return Err(Exported::Exists);
        }
        if kept.iter().any(|kept| is_same(kept, path)) {
            return Err(Exported::Failed(format!("{} is the trace itself", shown(path))));
        }
        let (temporary, file) = beside(path).map_err(|error| failed(path, &error))?;
        let target = Target {
            path: path.to_owned(),
            temporary,
            replace,
        };
        Ok((target, file))
    }

    /// Where it stands for now.
    pub(super) fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// Gives the file its name.
    pub(super) fn finish(self) -> Result<(), Exported> {
        let named = match self.replace {
            true => fs::rename(&self.temporary, &self.path),
            false => match fs::hard_link(&self.temporary, &self.path) {
                // Where there are no links, the moment between looking and renaming has to do.
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists && !self.path.exists() => {
                    fs::rename(&self.temporary, &self.path)
                }
                linked => linked,
            },
        };
        match named {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Exported::Exists),
            named => named.map_err(|error| failed(&self.path, &error)),
        }
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // It is gone where it was renamed.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// An error about a file.
pub(super) fn failed(path: &Path, error: &io::Error) -> Exported {
    Exported::Failed(format!("{} cannot be written: {error}", shown(path)))
}

/// A path for a person.
pub(super) fn shown(path: &Path) -> String {
    escaped(path.as_os_str().as_bytes())
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out");
        let count = || fs::read_dir(folder.path()).expect("a folder").count();
        let write = |replace, content: &str| -> Result<(), Exported> {
            let (target, mut file) = Target::create(&path, replace, &[])?;
            file.write_all(content.as_bytes()).expect("room");
            target.finish()
        };
        drop(Target::create(&path, false, &[]));
        assert_eq!(count(), 0, "given up");
        assert_eq!(write(false, "one"), Ok(()));
        assert_eq!(write(false, "two"), Err(Exported::Exists));
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "one");
        assert_eq!(write(true, "three"), Ok(()));
        assert_eq!(
            (fs::read_to_string(&path).expect("it is there").as_str(), count()),
            ("three", 1)
        );
        let itself = Target::create(&path, true, &[&path]).err();
        assert!(matches!(itself, Some(Exported::Failed(_))), "{itself:?}");
    }
}
