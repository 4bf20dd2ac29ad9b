//! Finding the shared corpus beside the repository.

use std::path::{Path, PathBuf};

/// The path of something in the corpus, or nothing, after saying that the test is skipped.
pub(crate) fn locate(what: &str) -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared/corpus").join(what))
        .find(|path| path.exists());
    if found.is_none() {
        eprintln!("SKIPPED: no shared/corpus/{what} beside the repository");
    }
    found
}
