//! Who is recorded, as the user asked for it. Conditions of different kinds must all hold.

mod tree;
mod users;

pub(crate) use tree::descendants;
pub(crate) use users::user;

use crate::state::{Selector, What, show};
use afterimage_abi::condition;
use anyhow::{Result, bail};
use std::collections::BTreeSet;
use std::path::Path;

/// Conditions on threads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    /// Cgroups, as containers, pods or paths.
    pub(crate) selectors: Vec<Selector>,
    /// Processes, each with its descendants.
    pub(crate) trees: BTreeSet<u32>,
    /// Processes without their children.
    pub(crate) alone: BTreeSet<u32>,
    /// Users, real or effective.
    pub(crate) users: BTreeSet<u32>,
    /// The command that the recorder starts, with its descendants; empty: none.
    pub(crate) command: Vec<std::ffi::OsString>,
}

impl Scope {
    /// Bits of [`condition`] for the kernel.
    pub(crate) fn condition(&self) -> u32 {
        let when = |there: bool, bit: u32| if there { bit } else { 0 };
        let processes = !(self.trees.is_empty() && self.alone.is_empty() && self.command.is_empty());
        when(!self.selectors.is_empty(), condition::CGROUP)
            | when(processes, condition::PROCESS)
            | when(!self.users.is_empty(), condition::USER)
    }

    /// Adds cgroups.
    pub(crate) fn select(&mut self, what: What, patterns: &[String], required: bool) {
        self.selectors.extend(patterns.iter().map(|pattern| Selector {
            what,
            pattern: match what {
                What::Cgroup => below_the_root(pattern),
                _ => pattern.clone(),
            },
            required,
            seen: false,
        }));
    }

    /// Refuses what cannot be.
    ///
    /// # Errors
    /// The process that does not exist.
    pub(crate) fn check(&self) -> Result<()> {
        for pid in &self.trees {
            if !Path::new(&format!("/proc/{pid}")).exists() {
                bail!(
                    "there is no process {pid}; to record what does not run yet, give its container, its user, or the command"
                );
            }
            if *pid == std::process::id() {
                bail!("process {pid} is the recorder, which is never recorded");
            }
        }
        Ok(())
    }

    /// The scope in words, for the header and the user.
    pub(crate) fn text(&self) -> String {
        let mut parts = Vec::new();
        if !self.command.is_empty() {
            let words = self.command.iter();
            let words: Vec<String> = words
                .map(|w| show(std::os::unix::ffi::OsStrExt::as_bytes(&**w)))
                .collect();
            parts.push(format!("command: {}", words.join(" ")));
        }
        for (what, name) in [
            (What::Container, "containers"),
            (What::Pod, "pods"),
            (What::Cgroup, "cgroups"),
            (What::Image, "images"),
            (What::Label, "labels"),
            (What::Namespace, "namespaces"),
        ] {
            let patterns: Vec<&str> = self
                .selectors
                .iter()
                .filter(|s| s.what == what)
                .map(|s| s.pattern.as_str())
                .collect();
            if !patterns.is_empty() {
                parts.push(format!("{name}: {}", patterns.join(", ")));
            }
        }
        for (ids, name) in [
            (&self.trees, "processes and their descendants"),
            (&self.alone, "processes"),
            (&self.users, "users"),
        ] {
            if !ids.is_empty() {
                let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
                parts.push(format!("{name}: {}", ids.join(", ")));
            }
        }
        if parts.is_empty() {
            parts.push("everything on this host".to_owned());
        }
        parts.join("; ")
    }
}

/// A path of a cgroup below the root of the hierarchy, however the user wrote it.
fn below_the_root(path: &str) -> String {
    let root = crate::snapshot::cgroup_root().unwrap_or_default();
    let below = Path::new(path).strip_prefix(&root).unwrap_or(Path::new(path));
    format!("/{}", below.display().to_string().trim_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_in_words_and_bits() {
        let mut scope = Scope::default();
        assert_eq!(
            (scope.condition(), scope.text().as_str()),
            (0, "everything on this host")
        );
        scope.select(What::Cgroup, &["system.slice/x.service/".to_owned()], true);
        scope.select(What::Container, &["web".to_owned()], true);
        scope.users.insert(33);
        scope.trees.insert(7);
        assert_eq!(
            scope.condition(),
            condition::CGROUP | condition::USER | condition::PROCESS
        );
        assert_eq!(
            scope.text(),
            "containers: web; cgroups: /system.slice/x.service; processes and their descendants: 7; users: 33"
        );
    }

    #[test]
    fn processes_that_do_not_exist() {
        let of = |pid: u32| Scope {
            trees: [pid].into(),
            ..Scope::default()
        };
        assert!(of(1).check().is_ok());
        let error = of(u32::MAX - 1).check().unwrap_err().to_string();
        assert!(error.contains("no process 4294967294"), "{error}");
        assert!(of(std::process::id()).check().is_err());
    }
}
