//! What lies in files before the first instruction of a container: for short lives and bare runtimes the only source.
//!
//! Everything read is hostile: sizes have limits, links are not followed, ids never leave their directory.

mod ancestors;
mod docker;
mod oci;
mod read;
mod runtimes;
mod storage;

pub(crate) use ancestors::daemons;
pub(crate) use oci::{from_spec, names_of};

use crate::protocol::{Metadata, Question};
use crate::settings::{Roots, Socket};
use std::path::{Path, PathBuf};

/// What was found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    /// What the files say.
    pub(crate) metadata: Option<Metadata>,
    /// What the processes around the container say.
    pub(crate) hints: Hints,
}

/// Where else to look: read from the command lines of the container's ancestors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hints {
    /// Sockets of the runtime.
    pub(crate) sockets: Vec<Socket>,
    /// Its namespace in containerd.
    pub(crate) namespace: Option<String>,
    /// Its bundle.
    pub(crate) bundles: Vec<PathBuf>,
    /// More directories.
    pub(crate) roots: Roots,
}

/// Looks at every place a container may have left its description.
pub(crate) fn look(roots: &Roots, discover: bool, question: &Question) -> Found {
    let mut hints = match question.pid {
        Some(pid) if discover => ancestors::hints(Path::new("/proc"), pid, &question.id),
        _ => Hints::default(),
    };
    hints.namespace = hints
        .namespace
        .take()
        .or_else(|| namespace_in_path(&question.cgroup, &question.id));
    let metadata = read::is_name(&question.id)
        .then(|| combine(roots, &hints, question))
        .flatten();
    Found { metadata, hints }
}

/// The description of the runtime that started it, and over it what the one above knows.
fn combine(roots: &Roots, hints: &Hints, question: &Question) -> Option<Metadata> {
    let id = &question.id;
    let mut sources = vec![runtimes::look(roots, hints, id)];
    sources.push(storage::look(&[&hints.roots.storage[..], &roots.storage].concat(), id));
    sources.push(docker::look(&[&hints.roots.docker[..], &roots.docker].concat(), id));
    let mut known: Option<Metadata> = None;
    for found in sources.into_iter().flatten() {
        match &mut known {
            Some(known) => known.overlay(found),
            None => known = Some(found),
        }
    }
    known
}

/// containerd's own containers have the path `/<namespace>/<id>`.
fn namespace_in_path(cgroup: &str, id: &str) -> Option<String> {
    let above = cgroup.strip_suffix(id)?.strip_suffix('/')?.strip_prefix('/')?;
    (!above.contains('/') && read::is_name(above)).then(|| above.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespace_of_a_path() {
        assert_eq!(namespace_in_path("/tests/x1", "x1").as_deref(), Some("tests"));
        assert_eq!(namespace_in_path("/x1", "x1"), None);
        assert_eq!(namespace_in_path("/kubepods/burstable/x1", "x1"), None);
    }

    #[test]
    fn an_id_with_a_path_in_it_is_not_looked_for() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("docker")).unwrap();
        std::fs::write(dir.path().join("config.v2.json"), r#"{"Name":"/secret"}"#).unwrap();
        let roots = Roots {
            docker: vec![dir.path().join("docker")],
            ..Roots::default()
        };
        for id in ["..", "", "../docker/..", "/"] {
            let question = Question {
                id: id.into(),
                ..Question::default()
            };
            assert_eq!(look(&roots, true, &question).metadata, None, "{id:?}");
        }
    }
}
