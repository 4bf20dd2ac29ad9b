//! The folder of captures: `ID.scap` and `ID.json`, and while one is written `ID.scap.part`. Files of other names are nobody's
//! business here.

use std::path::{Path, PathBuf};

/// How long an agent may take to go.
const GOING: std::time::Duration = std::time::Duration::from_secs(10);
/// Characters of an id: `20261128-104531123-1a2b3c4d`.
const ID: usize = 27;

/// An id that sorts by time, to the millisecond.
pub(crate) fn new_id(time: u64, uuid: &[u8; 16]) -> String {
    let text = afterimage_query::output::time::rfc3339(i64::try_from(time).unwrap_or(0));
    let digits: String = text.chars().filter(char::is_ascii_digit).take(17).collect();
    let (day, clock) = digits.split_at(digits.len().min(8));
    format!("{day}-{clock}-{}", super::sidecar::hex(&uuid[..4]))
}

/// Whether a text is an id: nothing else becomes part of a path.
pub(crate) fn is_id(text: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| match at {
        8 | 18 => byte == b'-',
        ..18 => byte.is_ascii_digit(),
        _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
    };
    text.len() == ID && text.bytes().enumerate().all(fits)
}

/// The files of one capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Files {
    pub(crate) id: String,
    folder: PathBuf,
}

impl Files {
    pub(crate) fn new(folder: &Path, id: &str) -> Files {
        Files {
            id: id.to_owned(),
            folder: folder.to_owned(),
        }
    }

    /// While it is written.
    pub(crate) fn part(&self) -> PathBuf {
        self.folder.join(format!("{}.scap.part", self.id))
    }

    /// Once it is sealed.
    pub(crate) fn trace(&self) -> PathBuf {
        self.folder.join(format!("{}.scap", self.id))
    }

    pub(crate) fn sidecar(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.id))
    }

    /// Bytes of all of them.
    pub(crate) fn bytes(&self) -> u64 {
        let size = |path: PathBuf| std::fs::symlink_metadata(path).map_or(0, |about| about.len());
        size(self.part()) + size(self.trace()) + size(self.sidecar())
    }
}

/// Sees to it that no other agent writes there, as long as the file is open. One that was killed may take a moment to go.
///
/// # Errors
/// When another agent does.
pub(crate) fn lock(folder: &Path) -> anyhow::Result<std::fs::File> {
    use anyhow::Context;
    let path = folder.join(".lock");
    let file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let file = file.with_context(|| format!("cannot make {}", path.display()))?;
    let until = std::time::Instant::now() + GOING;
    loop {
        // SAFETY: the descriptor is open; the call takes numbers.
        if unsafe { libc::flock(std::os::fd::AsRawFd::as_raw_fd(&file), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
            return Ok(file);
        }
        anyhow::ensure!(
            std::time::Instant::now() < until,
            "another agent writes to {} already; give this one a `folder` of its own in [captures]",
            folder.display()
        );
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// All captures in a folder, the oldest first.
pub(crate) fn list(folder: &Path) -> Vec<Files> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let id = name.get(..ID).filter(|id| is_id(id))?;
        [".scap", ".json", ".scap.part"]
            .contains(&&name[ID..])
            .then(|| id.to_owned())
    });
    let mut ids: Vec<String> = ids.collect();
    ids.sort();
    ids.dedup();
    ids.iter().map(|id| Files::new(folder, id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_nothing_else_is_one() {
        let id = new_id(
            1_795_862_731_000_000_000,
            &[0x1a, 0x2b, 0x3c, 0x4d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        );
        assert!(is_id(&id) && id.ends_with("-1a2b3c4d"), "{id}");
        assert!(new_id(1_795_862_732_000_000_000, &[0; 16]) > id);
        for text in [
            "",
            "../../../../../etc/passwd",
            "20261128-104531123-1a2b3c4/",
            "20261128-104531123-1a2b3c4dd",
        ] {
            assert!(!is_id(text), "{text}");
        }
        let dir = tempfile::tempdir().unwrap();
        for name in [
            format!("{id}.scap"),
            format!("{id}.json"),
            format!("{id}.txt"),
            "other.scap".into(),
        ] {
            std::fs::write(dir.path().join(name), "1234").unwrap();
        }
        let all = list(dir.path());
        assert_eq!(all, [Files::new(dir.path(), &id)]);
        assert_eq!(all[0].bytes(), 8);
    }
}
