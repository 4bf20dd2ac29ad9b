//! Whether docs/format.md and docs/format.ksy say what this crate does: a reader made from each alone reads every sample,
//! and files that are made here, as this crate reads them.

mod compare;
#[allow(dead_code, unreachable_pub, reason = "a program of its own")]
#[path = "../../examples/describe.rs"]
mod describe;
mod files;
mod programs;
#[path = "../skip/mod.rs"]
mod skip;
#[path = "../world/mod.rs"]
mod world;

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn samples() -> Vec<PathBuf> {
    let found = traces(&programs::repository().join("samples"));
    assert!(!found.is_empty(), "no samples");
    found
}

/// Traces in a folder and those below it.
fn traces(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(traces(&path));
        } else if path.extension().is_some_and(|extension| extension == "scap") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Checks that the reader by specification reads a file as this crate does; what it read, `None` where both refuse it.
fn check(file: &Path) -> Option<Value> {
    let (theirs, ours) = match (programs::read_by_specification(file), describe::describe(file)) {
        (Ok(theirs), Ok(ours)) => (theirs, ours),
        (Err(_), Err(_)) => return None,
        (Err(message), Ok(_)) => panic!("{}: only reader.py refuses it: {message}", file.display()),
        (Ok(_), Err(error)) => panic!("{}: only this crate refuses it: {error}", file.display()),
    };
    // Beside damaged parts of the index and the custody log this crate still reads the rows; the other reader does not.
    let refused = theirs["trace"]["refused"].is_string();
    assert!(
        !refused || theirs["verdict"]["integrity"] == "altered",
        "{}: {theirs}",
        file.display()
    );
    for part in if refused {
        &["verdict"][..]
    } else {
        &["verdict", "trace"]
    } {
        let part = *part;
        if let Some(difference) = compare::difference(&theirs[part], &ours[part]) {
            panic!("{}: {part}{difference}", file.display());
        }
    }
    Some(theirs)
}

#[test]
fn samples_are_read_by_the_specification_alone() {
    if !programs::can_read_by_specification("samples_are_read_by_the_specification_alone") {
        return;
    }
    for sample in samples() {
        let is_without_header = sample.ends_with("altered-header.scap");
        assert_eq!(check(&sample).is_none(), is_without_header, "{}", sample.display());
    }
}

#[test]
fn files_of_all_kinds_are_read_by_the_specification_alone() {
    if !programs::can_read_by_specification("files_of_all_kinds_are_read_by_the_specification_alone") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (mut codecs, mut verdicts) = (BTreeSet::new(), BTreeSet::new());
    for file in files::make(folder.path()) {
        let Some(theirs) = check(&file) else { continue };
        codecs.extend(theirs["codecs"].as_object().unwrap().keys().cloned());
        verdicts.insert(theirs["verdict"]["integrity"].as_str().unwrap().to_owned());
    }
    // Otherwise the comparison would say little.
    assert_eq!(Vec::from_iter(codecs), ["0", "1", "2", "3", "4", "5", "6", "7"]);
    assert_eq!(Vec::from_iter(verdicts), ["altered", "intact", "truncated"]);
}

#[test]
fn the_grammar_finds_what_the_specification_says() {
    if !programs::can_read_by_grammar("the_grammar_finds_what_the_specification_says") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut read = 0;
    for file in samples().into_iter().chain(files::make(folder.path())) {
        // What is torn or altered is not for a grammar to say.
        let Ok(mut theirs) = programs::read_by_specification(&file) else {
            continue;
        };
        if theirs["verdict"]["integrity"] != "intact" {
            continue;
        }
        let mut parsed = programs::read_by_grammar(&file);
        for block in theirs["blocks"].as_array_mut().unwrap() {
            let told = block.as_object_mut().unwrap();
            told.retain(|name, _| !["hash", "whole", "chained"].contains(&name.as_str()));
        }
        compare::as_grammar_says(&mut theirs);
        compare::as_grammar_says(&mut parsed);
        for part in ["footer", "blocks"] {
            if let Some(difference) = compare::difference(&theirs[part], &parsed[part]) {
                panic!("{}: {part}{difference}", file.display());
            }
        }
        read += 1;
    }
    assert!(read > 3, "only {read} files were read");
}
