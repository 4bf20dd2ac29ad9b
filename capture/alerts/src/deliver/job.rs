//! What is kept of a capture until everything is done with it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A finished capture and what is to be done with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) capture: String,
    pub(super) files: Vec<PathBuf>,
    pub(super) summary: Value,
    pub(super) jobs: Vec<Job>,
}

/// One delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) kind: Kind,
    /// Name of the target in the settings.
    pub(super) name: String,
    pub(super) attempts: u32,
    /// Nanoseconds since 1970.
    pub(super) since: i64,
    pub(super) state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Webhook,
    Command,
    Upload,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Waiting,
    Done,
    GaveUp,
}

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is there.
    Done { place: String },
    /// Perhaps the next time; not before `after`.
    Again {
        reason: String,
        after: Option<std::time::Duration>,
    },
    /// Never.
    Never { reason: String },
}

impl Outcome {
    pub(super) fn again(reason: impl Into<String>) -> Outcome {
        Outcome::Again {
            reason: reason.into(),
            after: None,
        }
    }

    pub(super) fn never(reason: impl Into<String>) -> Outcome {
        Outcome::Never { reason: reason.into() }
    }
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Webhook => "webhook",
            Kind::Command => "command",
            Kind::Upload => "upload",
        }
    }
}

impl Job {
    /// As in `Delivered`.
    pub(super) fn what(&self) -> String {
        format!("{} {}", self.kind.name(), self.name)
    }
}

/// Writes a file so that it is there whole or not at all, also after a crash.
pub(super) fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let beside = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    path.parent()
        .map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
}
