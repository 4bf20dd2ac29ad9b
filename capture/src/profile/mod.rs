//! Profiles: which events of a recording are written. docs/profiles.md describes them.
//!
//! A profile chooses kinds of events by name and category. What the recorder needs to follow descriptors, directories
//! and credentials is recorded by the kernel whatever the profile says, and then not written (*state only*): without it
//! the names of descriptors in the other events would be wrong.

mod builtin;
mod file;
mod list;

pub(crate) use list::list;

use afterimage_format::model::{Category, DescriptorType, Kind};
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::path::Path;

/// Which events of a kind are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Take {
    /// None.
    Never,
    /// All.
    Always,
    /// Those on a socket.
    Sockets,
    /// Those on a descriptor that is no socket.
    Others,
}

impl Take {
    /// Whether one that is about a descriptor of this type is written; `None`: about none, or an unknown one.
    pub(crate) fn holds(self, descriptor: Option<DescriptorType>) -> bool {
        use DescriptorType::{Ipv4, Ipv6, Socket, Unix};
        let is_socket = matches!(descriptor, Some(Ipv4 | Ipv6 | Unix | Socket));
        match self {
            Take::Never => false,
            Take::Always => true,
            // What is not known is rather written than not.
            Take::Sockets => is_socket || descriptor.is_none(),
            Take::Others => !is_socket,
        }
    }
}

/// A named choice of events.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    /// Name, or path of its file.
    pub(crate) name: String,
    /// What it is for, one sentence.
    pub(crate) about: String,
    /// Bytes of payload per call, where the profile says so.
    pub(crate) snaplen: Option<u32>,
    base: Base,
    changes: Changes,
}

type Base = fn(&Kind) -> Take;

/// What a file changes of its base. A name says more than a category, and leaving out more than taking in.
#[derive(Debug, Clone, Default)]
struct Changes {
    include: Names,
    exclude: Names,
}

#[derive(Debug, Clone, Default)]
struct Names {
    syscalls: BTreeSet<String>,
    categories: BTreeSet<String>,
}

impl Names {
    fn has_category(&self, category: Category) -> bool {
        self.categories.contains(category.name())
    }
}

impl Profile {
    /// The profile that `--profile` names: one of ours, or a file (a path with a `/`, or a name that ends in `.toml`).
    ///
    /// # Errors
    /// The names that exist, where there is no such profile; what is wrong with a file.
    pub(crate) fn find(text: &str) -> Result<Profile> {
        if let Some(profile) = builtin::ALL.iter().find(|p| p.name == text) {
            return Ok(profile.profile());
        }
        if !text.contains('/') && !text.ends_with(".toml") {
            let names: Vec<&str> = builtin::ALL.iter().map(|p| p.name).collect();
            bail!(
                "there is no profile `{text}`: it is one of {}, or a file (./NAME or NAME.toml)",
                names.join(", ")
            );
        }
        let content =
            std::fs::read_to_string(Path::new(text)).with_context(|| format!("cannot read profile {text}"))?;
        file::parse(text, &content).with_context(|| format!("profile {text}"))
    }

    /// Which events of this kind are written.
    pub(crate) fn takes(&self, kind: &Kind) -> Take {
        // Life of processes and cgroups, and what only the recorder can say.
        if kind.syscall.is_none() && matches!(kind.category, Category::Process | Category::Internal) {
            return Take::Always;
        }
        let Changes { include, exclude } = &self.changes;
        if exclude.syscalls.contains(&kind.name) {
            Take::Never
        } else if include.syscalls.contains(&kind.name) {
            Take::Always
        } else if exclude.has_category(kind.category) {
            Take::Never
        } else if include.has_category(kind.category) {
            Take::Always
        } else {
            (self.base)(kind)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    fn takes(profile: &Profile, name: &str) -> Take {
        let catalogue = Catalogue::new();
        let kind = catalogue.kinds.iter().find(|k| k.name == name);
        profile.takes(kind.unwrap_or_else(|| panic!("no kind {name}")))
    }

    #[test]
    fn what_the_profiles_record() {
        use Take::{Always, Never, Others, Sockets};
        for (name, forensic, process, network, files) in [
            ("execve", Always, Always, Always, Always),
            ("procexit", Always, Always, Always, Always),
            ("clone3", Always, Always, Always, Always),
            ("openat", Always, Never, Never, Always),
            ("unlinkat", Always, Never, Never, Always),
            ("read", Always, Never, Sockets, Others),
            ("sendfile", Always, Never, Always, Always),
            ("connect", Always, Never, Always, Never),
            ("setresuid", Always, Always, Never, Never),
            ("kill", Always, Always, Never, Never),
            ("ptrace", Always, Always, Never, Never),
            ("memfd_create", Always, Always, Never, Always),
            ("init_module", Always, Always, Never, Never),
            ("mprotect", Always, Always, Never, Never),
            ("getppid", Never, Never, Never, Never),
            ("newfstatat", Never, Never, Never, Never),
            ("futex", Never, Never, Never, Never),
            ("epoll_wait", Never, Never, Never, Never),
            ("clock_nanosleep", Never, Never, Never, Never),
        ] {
            let takes = ["forensic", "process", "network", "files"].map(|p| takes(&Profile::find(p).unwrap(), name));
            assert_eq!(takes, [forensic, process, network, files], "{name}");
        }
        let full = Profile::find("full").unwrap();
        assert!(Catalogue::new().kinds.iter().all(|kind| full.takes(kind) == Always));
    }

    #[test]
    fn an_unknown_profile_names_those_that_exist() {
        let error = Profile::find("forensics").unwrap_err().to_string();
        assert!(error.contains("forensic, full, process, network, files"), "{error}");
    }

    #[test]
    fn descriptors_decide_where_they_are_known() {
        use DescriptorType::{File, Ipv4};
        for (take, expected) in [
            (Take::Never, [false; 3]),
            (Take::Always, [true; 3]),
            (Take::Sockets, [true, false, true]),
            (Take::Others, [false, true, true]),
        ] {
            assert_eq!(
                [Some(Ipv4), Some(File), None].map(|ty| take.holds(ty)),
                expected,
                "{take:?}"
            );
        }
    }
}
