//! Recorded traces.

use afterimage_format::file::Trace;
use std::path::{Path, PathBuf};

/// The traces that the repository has.
pub(crate) fn traces() -> Vec<PathBuf> {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let mut found = Vec::new();
    for folder in [samples.clone(), samples.join("v1")] {
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
        found.extend(entries.map(|entry| entry.unwrap().path()));
    }
    found.retain(|path| path.extension().is_some_and(|extension| extension == "scap"));
    // Damage in a column leaves other values missing in one way than in the other.
    found.retain(|path| !path.to_string_lossy().contains("altered-"));
    // Encrypted ones take a key.
    found.retain(|path| Trace::open(path).is_ok());
    found.sort();
    assert!(!found.is_empty());
    found
}
