//! Profiles from files.

use super::{Changes, Names, Profile, builtin};
use crate::catalogue::Catalogue;
use afterimage_abi::SNAPLEN_MAX;
use afterimage_format::model::Category;
use anyhow::{Result, bail};
use serde::Deserialize;
use std::collections::BTreeSet;

/// A file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    base: Option<String>,
    about: Option<String>,
    snaplen: Option<u32>,
    #[serde(default)]
    include: Lists,
    #[serde(default)]
    exclude: Lists,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lists {
    #[serde(default)]
    syscalls: Vec<String>,
    #[serde(default)]
    categories: Vec<String>,
}

/// The profile in the text of the file `name`.
///
/// # Errors
/// What is wrong: TOML, a key, the base, a system call or a category that does not exist, a snaplen beyond the limit.
pub(super) fn parse(name: &str, text: &str) -> Result<Profile> {
    let file: File = toml::from_str(text)?;
    let base = file.base.as_deref().unwrap_or(builtin::ALL[0].name);
    let Some(base) = builtin::ALL.iter().find(|p| p.name == base) else {
        let names: Vec<&str> = builtin::ALL.iter().map(|p| p.name).collect();
        bail!("`base` is `{base}`, which is none of {}", names.join(", "));
    };
    if let Some(snaplen) = file.snaplen.filter(|len| *len > SNAPLEN_MAX) {
        bail!("`snaplen` is {snaplen}; at most {SNAPLEN_MAX} bytes are kept per call");
    }
    Ok(Profile {
        name: name.to_owned(),
        about: file.about.unwrap_or_else(|| base.about.to_owned()),
        snaplen: file.snaplen,
        base: base.base,
        changes: Changes {
            include: names(file.include)?,
            exclude: names(file.exclude)?,
        },
    })
}

fn names(lists: Lists) -> Result<Names> {
    let catalogue = Catalogue::new();
    for name in &lists.syscalls {
        if !catalogue.kinds.iter().any(|kind| kind.name == *name) {
            bail!("there is no system call `{name}` here; `capture profiles full` lists them all");
        }
    }
    let known: BTreeSet<&str> = catalogue.kinds.iter().map(|kind| kind.category.name()).collect();
    for name in &lists.categories {
        if !known.contains(name.as_str()) || name == Category::Internal.name() {
            let known: Vec<&str> = known.into_iter().filter(|k| *k != Category::Internal.name()).collect();
            bail!("there is no category `{name}`; there are {}", known.join(", "));
        }
    }
    Ok(Names {
        syscalls: lists.syscalls.into_iter().collect(),
        categories: lists.categories.into_iter().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::Take;
    use super::*;

    #[test]
    fn a_file_changes_its_base() {
        let text = "
            base = 'network'
            about = 'sockets and names of files'
            snaplen = 256
            [include]
            syscalls = ['getppid', 'bind']
            categories = ['file']
            [exclude]
            syscalls = ['openat', 'bind']
            categories = ['file', 'io_read']
        ";
        let profile = parse("x.toml", text).unwrap();
        assert_eq!((profile.snaplen, profile.name.as_str()), (Some(256), "x.toml"));
        let catalogue = Catalogue::new();
        for (name, expected) in [
            ("getppid", Take::Always),
            ("connect", Take::Always),
            ("write", Take::Sockets),
            // Leaving out says more than taking in.
            ("read", Take::Never),
            ("bind", Take::Never),
            ("openat", Take::Never),
            ("unlink", Take::Never),
        ] {
            let kind = catalogue.kinds.iter().find(|k| k.name == name).unwrap();
            assert_eq!(profile.takes(kind), expected, "{name}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_file() {
        for (text, said) in [
            ("base = 'all'", "which is none of forensic"),
            ("bose = 'full'", "unknown field `bose`"),
            ("[include]\nsyscalls = ['opennat']", "no system call `opennat`"),
            ("[exclude]\ncategories = ['disk']", "there are "),
            ("snaplen = 99999999", "at most"),
            ("snaplen = -1", "snaplen"),
            ("base = ", "TOML"),
        ] {
            let error = format!("{:#}", parse("x.toml", text).unwrap_err());
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
