//! Every sample says where it came from: in a document beside it, or in the README of its folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Repository;

pub(super) fn check(repository: &Repository) -> Result<Vec<String>> {
    Ok(unexplained(&repository.root, &repository.files))
}

fn unexplained(root: &Path, files: &[PathBuf]) -> Vec<String> {
    let samples = files
        .iter()
        .filter(|file| file.starts_with("samples") && !is_document(file));
    let unexplained = samples.filter(|file| !has_own_document(root, file) && !is_in_readme(root, file));
    unexplained
        .map(|file| {
            format!(
                "{0}: its origin is told neither in {0}.md nor by name in the README.md beside it",
                file.display()
            )
        })
        .collect()
}

fn is_document(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "md")
}

fn has_own_document(root: &Path, file: &Path) -> bool {
    let mut document = root.join(file).into_os_string();
    document.push(".md");
    Path::new(&document).is_file()
}

fn is_in_readme(root: &Path, file: &Path) -> bool {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
        return false;
    };
    let readme = fs::read_to_string(root.join(folder).join("README.md")).unwrap_or_default();
    readme.contains(&*name.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_needs_its_origin_told() {
        let root = tempfile::tempdir().unwrap();
        let files = [
            "samples/README.md",
            "samples/a.scap",
            "samples/b.scap",
            "samples/b.scap.md",
            "samples/c.scap",
            "d.scap",
        ];
        fs::create_dir(root.path().join("samples")).unwrap();
        for file in files {
            fs::write(root.path().join(file), "").unwrap();
        }
        fs::write(root.path().join("samples/README.md"), "`a.scap`: made by the demo").unwrap();
        let found = unexplained(root.path(), &files.map(PathBuf::from));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("samples/c.scap: "));
    }
}
