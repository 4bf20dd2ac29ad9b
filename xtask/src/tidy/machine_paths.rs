//! No file under version control names a folder of the machine it was written on.
//!
//! Paths inside containers (`/root/.ssh/id_rsa`, `/home/app/x`, `/etc/shadow`) are this project's daily bread and are not
//! meant: only folders that belong to a developer's tools or to this checkout are.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::Repository;

/// Parts of paths that only a developer's machine has. Split so that this file does not contain them.
const MARKS: [&str; 7] = [
    concat!("/.cargo/", "registry"),
    concat!("/.cargo/", "bin"),
    concat!("/.rustup/", "toolchains"),
    concat!("/wo", "rk/main"),
    concat!("/wo", "rk/shared"),
    concat!("/wo", "rk/."),
    concat!("/tmp/", "target"),
];

pub(super) fn check(repository: &Repository) -> Result<Vec<String>> {
    let checkout = repository.root.to_string_lossy();
    let mut marks: Vec<&str> = MARKS.to_vec();
    // A checkout directly below / (in a container, say) has a name too ordinary to search for.
    if repository.root.components().count() > 2 {
        marks.push(&checkout);
    }
    let mut found = Vec::new();
    for file in &repository.files {
        if let Ok(text) = fs::read_to_string(repository.root.join(file)) {
            found.extend(mentions(file, &text, &marks));
        }
    }
    Ok(found)
}

fn mentions(file: &Path, text: &str, marks: &[&str]) -> Vec<String> {
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(index, line)| {
            let mark = marks.iter().find(|mark| line.contains(**mark))?;
            Some(format!(
                "{}:{}: names a folder of one machine: {mark}",
                file.display(),
                index + 1
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, lines: &[usize]) {
        let found = mentions(Path::new("f"), text, &MARKS);
        let at: Vec<String> = lines.iter().map(|line| format!("f:{line}: ")).collect();
        assert_eq!(found.len(), at.len(), "{found:?}");
        assert!(
            found.iter().zip(&at).all(|(found, at)| found.starts_with(at)),
            "{found:?}"
        );
    }

    #[test]
    fn folders_of_tools_and_checkouts_are_found_paths_in_containers_are_not() {
        check(&format!("ok\nsee {}/index/x.rs", MARKS[0]), &[2]);
        check(&format!("/home/anna{}/x\n{}/y", MARKS[2], MARKS[3]), &[1, 2]);
        check(
            "cat /root/.ssh/id_rsa /home/app/.bash_history /etc/shadow /work/job.sh",
            &[],
        );
        check("target/debug/capture, ~/.cargo/config.toml", &[]);
    }
}
