//! A source file holds one idea; one that has grown past the limit holds several.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Repository;

const MOST_LINES: usize = 600;

pub(super) fn check(repository: &Repository) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for file in repository.files.iter().filter(|file| is_source(file)) {
        let text = fs::read_to_string(repository.root.join(file))
            .with_context(|| format!("cannot read {}", file.display()))?;
        found.extend(too_long(file, &text));
    }
    Ok(found)
}

fn is_source(file: &Path) -> bool {
    file.extension()
        .is_some_and(|extension| extension == "rs" || extension == "sh" || extension == "py")
}

fn too_long(file: &Path, text: &str) -> Option<String> {
    let lines = text.lines().count();
    (lines > MOST_LINES).then(|| format!("{}: {lines} lines; split it (at most {MOST_LINES})", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_itself_is_allowed() {
        assert_eq!(too_long(Path::new("a.rs"), &"x\n".repeat(MOST_LINES)), None);
        assert_eq!(
            too_long(Path::new("a.rs"), &"x\n".repeat(MOST_LINES + 1)),
            Some("a.rs: 601 lines; split it (at most 600)".to_owned())
        );
        assert!(is_source(Path::new("xtask/src/main.rs")));
        assert!(!is_source(Path::new("docs/format.md")));
    }
}
