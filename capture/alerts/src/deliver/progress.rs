//! How far an upload is. Kept beside the queue, written by the one try that is under way.

use super::job::write;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Of all files of a capture, by object.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Progress {
    pub(super) objects: BTreeMap<String, Object>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Object {
    /// The file it is made of.
    pub(super) stamp: Stamp,
    /// The store's id of the upload in parts.
    pub(super) upload: Option<String>,
    /// The store's ids of parts that are there.
    pub(super) parts: Vec<String>,
    /// Tries since the last part that came to nothing although the store answered.
    #[serde(default)]
    pub(super) stuck: u32,
    /// It is there, as the store tags it.
    pub(super) done: bool,
    pub(super) e_tag: Option<String>,
}

/// What shows that a file is still the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Stamp {
    pub(super) size: u64,
    modified: (i64, i64),
    inode: u64,
    /// Parts of another size do not fit together.
    part: u64,
}

impl Stamp {
    pub(super) fn of(file: &Metadata, part: u64) -> Stamp {
        Stamp {
            size: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
            inode: file.ino(),
            part,
        }
    }
}

impl Progress {
    /// Reads it; what cannot be read begins anew.
    pub(super) fn read(path: &Path) -> Progress {
        let bytes = std::fs::read(path).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Of one object; anew if the file is another than the one it was made of.
    pub(super) fn object(&mut self, name: &str, stamp: Stamp) -> &mut Object {
        let object = self.objects.entry(name.to_owned()).or_default();
        if object.stamp != stamp {
            *object = Object {
                stamp,
                ..Object::default()
            };
        }
        object
    }

    pub(super) async fn save(&self, path: PathBuf) -> std::io::Result<()> {
        let bytes = serde_json::to_vec(self)?;
        let written = tokio::task::spawn_blocking(move || write(&path, &bytes));
        written.await.unwrap_or_else(|error| Err(std::io::Error::other(error)))
    }
}
