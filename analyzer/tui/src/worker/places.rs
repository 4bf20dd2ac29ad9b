//! Where files of this program stand, and how they are written.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Folders as the environment says them (XDG Base Directory Specification); those that it does not say are missing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    /// For what should stay: `$XDG_STATE_HOME/afterimage`.
    pub(crate) state: Option<PathBuf>,
    /// For what may go with the session: `$XDG_RUNTIME_DIR`.
    pub(crate) runtime: Option<PathBuf>,
    /// The configuration file: `$XDG_CONFIG_HOME/afterimage/analyze.toml`.
    pub(crate) config: Option<PathBuf>,
}

impl Places {
    /// What the variables say. Paths that are not absolute do not count, as the specification wants it.
    pub(crate) fn from_env(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Places {
        let folder = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = |below: &str| folder("HOME").map(|home| home.join(below));
        Places {
            state: folder("XDG_STATE_HOME")
                .or_else(|| home(".local/state"))
                .map(|folder| folder.join("afterimage")),
            runtime: folder("XDG_RUNTIME_DIR"),
            config: folder("XDG_CONFIG_HOME")
                .or_else(|| home(".config"))
                .map(|folder| folder.join("afterimage/analyze.toml")),
        }
    }
}

/// Puts a file in place of another one, or none: whoever reads it finds the old or the new content, never a part. Only the
/// owner may read it.
pub(super) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let (temporary, mut file) = beside(path)?;
    let written = file
        .write_all(content)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// A new file in the folder of `path`, for content that takes its place later.
pub(super) fn beside(path: &Path) -> io::Result<(PathBuf, fs::File)> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for attempt in 0..16 {
        let mut temporary = std::ffi::OsString::from(".");
        temporary.push(name);
        temporary.push(format!(".{}-{attempt}.tmp", std::process::id()));
        let temporary = path.with_file_name(temporary);
        // Never through a link that someone else put there.
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)
        {
            Ok(file) => return Ok((temporary, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_where() {
        let places = |variables: &[(&str, &str)]| {
            Places::from_env(|name| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| value.into())
            })
        };
        let all = places(&[
            ("HOME", "/h"),
            ("XDG_STATE_HOME", "/s"),
            ("XDG_CONFIG_HOME", "relative"),
        ]);
        assert_eq!(all.state, Some("/s/afterimage".into()));
        assert_eq!(all.config, Some("/h/.config/afterimage/analyze.toml".into()));
        assert_eq!(all.runtime, None);
        assert_eq!(places(&[]).state, None);
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        for content in ["one", "two"] {
            replace(&path, content.as_bytes()).expect("it can be written");
            assert_eq!(fs::read_to_string(&path).expect("it is there"), content);
        }
        assert_eq!(
            fs::read_dir(folder.path()).expect("a folder").count(),
            1,
            "nothing is left"
        );
        assert!(replace(&folder.path().join("none/file"), b"x").is_err());
    }
}
