//! Where runtimes are looked for.

use crate::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// What is spoken at a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The API of Docker.
    Docker,
    /// Podman's copy of it.
    Podman,
    /// The API of containerd.
    Containerd,
    /// Kubernetes' runtime interface, of containerd.
    Cri,
    /// Kubernetes' runtime interface, of CRI-O.
    CriO,
}

impl Kind {
    /// As in `container.type` and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Docker => "docker",
            Kind::Podman => "podman",
            Kind::Containerd => "containerd",
            Kind::Cri => "cri",
            Kind::CriO => "cri-o",
        }
    }
}

impl Kind {
    /// Who can be asked about what a source knows; bare runtimes have nobody.
    pub(crate) fn of_source(source: &str) -> Option<Kind> {
        Some(match source {
            "docker" => Kind::Docker,
            "podman" => Kind::Podman,
            "containerd" => Kind::Containerd,
            "cri" => Kind::Cri,
            "cri-o" => Kind::CriO,
            _ => return None,
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A socket of a runtime.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Socket {
    /// What is spoken there.
    pub kind: Kind,
    /// Its path.
    pub path: PathBuf,
}

impl Socket {
    pub(crate) fn new(kind: Kind, path: impl Into<PathBuf>) -> Socket {
        Socket {
            kind,
            path: path.into(),
        }
    }
}

impl FromStr for Socket {
    type Err = Error;

    /// `docker=unix:///path` or `docker=/path`.
    fn from_str(text: &str) -> Result<Socket, Error> {
        let wrong = || Error::Socket(text.to_owned());
        let (kind, path) = text.split_once('=').ok_or_else(wrong)?;
        let kind = if kind == "crio" { "cri-o" } else { kind };
        let kind = Kind::of_source(kind).ok_or_else(wrong)?;
        let path = path.strip_prefix("unix://").unwrap_or(path);
        if !path.starts_with('/') {
            return Err(wrong());
        }
        Ok(Socket::new(kind, path))
    }
}

/// Directories in which runtimes keep what they know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roots {
    /// State of runc: `<root>/<id>/state.json`, or one folder per namespace.
    pub runc: Vec<PathBuf>,
    /// State of crun: `<root>/<id>/status`.
    pub crun: Vec<PathBuf>,
    /// Bundles of containerd: `<root>/<namespace>/<id>/config.json`.
    pub tasks: Vec<PathBuf>,
    /// Containers of Docker: `<root>/<id>/config.v2.json`.
    pub docker: Vec<PathBuf>,
    /// Containers of Podman and CRI-O: `<root>/containers.json`, `<root>/<id>/userdata/config.json`.
    pub storage: Vec<PathBuf>,
}

/// Where to look, and how long to wait.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Sockets that are asked.
    pub sockets: Vec<Socket>,
    /// Directories that are read.
    pub roots: Roots,
    /// Whether sockets and directories that the runtimes' own processes name are used, too.
    pub discover: bool,
    /// How long one question to one socket may take.
    pub timeout: Duration,
    /// Where Kubernetes' API server is asked; `None`: nowhere.
    pub kube: Option<crate::kube::Settings>,
    /// Where its audit log comes from.
    pub audit: Vec<crate::audit::Settings>,
}

impl Default for Settings {
    /// The conventional places.
    fn default() -> Settings {
        let paths = |all: &[&str]| all.iter().map(PathBuf::from).collect();
        Settings {
            sockets: vec![
                Socket::new(Kind::Docker, "/run/docker.sock"),
                Socket::new(Kind::Podman, "/run/podman/podman.sock"),
                Socket::new(Kind::Containerd, "/run/containerd/containerd.sock"),
                Socket::new(Kind::Cri, "/run/containerd/containerd.sock"),
                Socket::new(Kind::Containerd, "/run/k3s/containerd/containerd.sock"),
                Socket::new(Kind::Cri, "/run/k3s/containerd/containerd.sock"),
                Socket::new(Kind::CriO, "/run/crio/crio.sock"),
            ],
            roots: Roots {
                runc: paths(&["/run/runc", "/run/containerd/runc", "/run/docker/runtime-runc"]),
                crun: paths(&["/run/crun"]),
                tasks: paths(&[
                    "/run/containerd/io.containerd.runtime.v2.task",
                    "/run/docker/containerd/daemon/io.containerd.runtime.v2.task",
                    "/run/k3s/containerd/io.containerd.runtime.v2.task",
                ]),
                docker: paths(&["/var/lib/docker/containers"]),
                storage: paths(&[
                    "/var/lib/containers/storage/overlay-containers",
                    "/run/containers/storage/overlay-containers",
                ]),
            },
            discover: true,
            timeout: Duration::from_secs(2),
            kube: None,
            audit: Vec::new(),
        }
    }
}

impl Settings {
    /// The conventional places, with the sockets the user named instead of the conventional ones of their kind.
    /// containerd speaks both of its languages at one socket, so one of them is enough to name.
    pub fn with_sockets(mut named: Vec<Socket>) -> Settings {
        let mut settings = Settings::default();
        let both = named.iter().filter_map(|socket| match socket.kind {
            Kind::Containerd => Some(Socket::new(Kind::Cri, &socket.path)),
            Kind::Cri if socket.path.ends_with("containerd.sock") => Some(Socket::new(Kind::Containerd, &socket.path)),
            _ => None,
        });
        let others: Vec<Socket> = both.filter(|socket| !named.contains(socket)).collect();
        named.extend(others);
        settings.sockets.retain(|s| named.iter().all(|n| n.kind != s.kind));
        settings.sockets.extend(named);
        settings
    }
}

/// `/var/run` is `/run` everywhere that matters; one socket must not be asked twice.
pub(crate) fn usual(path: &Path) -> PathBuf {
    match path.strip_prefix("/var/run") {
        Ok(rest) => Path::new("/run").join(rest),
        Err(_) => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_as_users_write_them() {
        let check = |text: &str, expected: Option<(Kind, &str)>| {
            let socket: Option<Socket> = text.parse().ok();
            assert_eq!(socket, expected.map(|(kind, path)| Socket::new(kind, path)), "{text}");
        };
        check("docker=unix:///run/d.sock", Some((Kind::Docker, "/run/d.sock")));
        check("cri-o=/run/crio.sock", Some((Kind::CriO, "/run/crio.sock")));
        check("docker=tcp://127.0.0.1:2375", None);
        check("lxc=/run/x", None);
        check("/run/docker.sock", None);
    }

    #[test]
    fn named_sockets_replace_those_of_their_kind() {
        let settings = Settings::with_sockets(vec![Socket::new(Kind::Containerd, "/t/c.sock")]);
        let paths = |kind: Kind| -> Vec<&Path> {
            let all = settings.sockets.iter().filter(|s| s.kind == kind);
            all.map(|s| s.path.as_path()).collect()
        };
        assert_eq!(paths(Kind::Containerd), [Path::new("/t/c.sock")]);
        assert_eq!(paths(Kind::Cri), [Path::new("/t/c.sock")]);
        assert_eq!(paths(Kind::Docker), [Path::new("/run/docker.sock")]);
    }
}
