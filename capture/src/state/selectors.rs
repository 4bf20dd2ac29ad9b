//! Which cgroups the user asked for: by container, by pod, by path; by what only the runtime knows.

use super::cgroups::{Identity, identify};
use afterimage_format::model::Container;
use afterimage_query::eval::Glob;
use std::path::{Path, PathBuf};

/// What a pattern names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// A container: its name or id, the beginning of an id, or the whole path of its cgroup.
    Container,
    /// A pod: its uid, the beginning of one, or NAMESPACE/NAME.
    Pod,
    /// The path of a cgroup.
    Cgroup,
    /// An image: a glob of its name, with or without the tag.
    Image,
    /// A label of the container or of its pod: NAME, or NAME=VALUE with a glob of the value.
    Label,
    /// A glob of the namespace of a pod.
    Namespace,
}

/// How many kinds there are.
const KINDS: usize = What::Namespace as usize + 1;

/// Something that the user asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selector {
    pub(crate) what: What,
    pub(crate) pattern: String,
    /// Whether it is an error when nothing matches it.
    pub(crate) required: bool,
    /// Whether anything matched it so far.
    pub(crate) seen: bool,
}

/// Everything that the user asked for: of each kind that is there, one must match a cgroup or one above it.
#[derive(Debug, Clone)]
pub(crate) struct Selectors {
    all: Vec<Selector>,
    /// Where the kubelet keeps the logs of pods, in folders called NAMESPACE_NAME_UID.
    pod_logs: PathBuf,
}

/// A beginning of an id must have so many characters.
const SHORTEST: usize = 4;

impl Selectors {
    pub(crate) fn new(all: Vec<Selector>) -> Selectors {
        let pod_logs = PathBuf::from("/var/log/pods");
        Selectors { all, pod_logs }
    }

    /// Whether there are none, so that everything is asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether the cgroup at this path is asked for, as far as the path tells: that is the same for a cgroup that is met
    /// first when it is gone.
    pub(crate) fn want(&mut self, path: &str) -> bool {
        self.decide(path, None)
    }

    /// Whether this container is asked for, now that its runtime has told of it.
    pub(crate) fn want_told(&mut self, container: &Container) -> bool {
        self.decide(&container.cgroup, Some(container))
    }

    fn decide(&mut self, path: &str, told: Option<&Container>) -> bool {
        let logs = &self.pod_logs;
        let mut held = [true; KINDS];
        for selector in &self.all {
            held[selector.what as usize] = false;
        }
        let mut mark = |selector: &mut Selector| {
            selector.seen = true;
            held[selector.what as usize] = true;
        };
        for place in upwards(path) {
            let identity = identify(place);
            for selector in &mut self.all {
                if selector.matches(identity.as_ref(), place, logs) {
                    mark(selector);
                }
            }
        }
        if let Some(container) = told {
            for selector in &mut self.all {
                if selector.matches_told(container) {
                    mark(selector);
                }
            }
        }
        held == [true; KINDS]
    }

    /// Whether what a runtime tells could be what was asked for.
    pub(crate) fn depend_on_runtimes(&self) -> bool {
        self.all.iter().any(|selector| match selector.what {
            What::Image | What::Label | What::Namespace => true,
            What::Container => !selector.pattern.starts_with('/'),
            What::Pod => selector.pattern.contains('/'),
            What::Cgroup => false,
        })
    }

    /// Whether namespaces and names of pods alone were asked for, and these are among them; `None`: other things were.
    pub(crate) fn ask_for(&self, namespace: &str, pod: Option<&str>) -> Option<bool> {
        let mut held = [true; KINDS];
        for selector in &self.all {
            held[selector.what as usize] = false;
        }
        for selector in &self.all {
            held[selector.what as usize] |= match selector.what {
                What::Namespace => Glob::new(selector.pattern.as_bytes(), false).matches(namespace.as_bytes()),
                What::Pod => {
                    let (space, name) = selector.pattern.split_once('/')?;
                    space == namespace && pod == Some(name)
                }
                _ => return None,
            };
        }
        Some(held == [true; KINDS])
    }

    /// Whether the cgroup at this path is itself a container that was asked for.
    pub(crate) fn name_container(&self, identity: &Identity, path: &str) -> bool {
        let containers = self.all.iter().filter(|s| s.what == What::Container);
        containers.clone().any(|s| s.names_container(identity, path))
    }

    /// What was asked for and never found, in words.
    pub(crate) fn unseen(&self) -> impl Iterator<Item = String> {
        let missing = self.all.iter().filter(|s| s.required && !s.seen);
        missing.map(|s| match s.what {
            What::Container => format!("container called {}", s.pattern),
            What::Pod => format!("pod called {}", s.pattern),
            What::Cgroup => format!("cgroup {}", s.pattern),
            What::Image => format!("container of an image called {}", s.pattern),
            What::Label => format!("container with the label {}", s.pattern),
            What::Namespace => format!("pod in a namespace called {}", s.pattern),
        })
    }
}

/// The path and all above it but the root: `/a/b`, `/a`.
fn upwards(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| Some(path.rsplit_once('/')?.0)).filter(|path| !path.is_empty())
}

impl Selector {
    fn matches(&self, identity: Option<&Identity>, path: &str, pod_logs: &Path) -> bool {
        match self.what {
            What::Container => identity.is_some_and(|identity| self.names_container(identity, path)),
            What::Pod => identity
                .and_then(|identity| identity.pod_uid.as_deref())
                .is_some_and(|uid| self.names_pod(uid, pod_logs)),
            What::Cgroup => path == self.pattern,
            What::Image | What::Label | What::Namespace => false,
        }
    }

    /// What the runtime has told: names of containers and pods, images, labels.
    fn matches_told(&self, container: &Container) -> bool {
        let glob = |pattern: &str, text: &str| Glob::new(pattern.as_bytes(), false).matches(text.as_bytes());
        let pod = container.pod.as_ref();
        match self.what {
            What::Container => container.name.as_ref() == Some(&self.pattern),
            What::Pod => pod.is_some_and(|(namespace, name, _)| format!("{namespace}/{name}") == self.pattern),
            What::Namespace => pod.is_some_and(|(namespace, ..)| glob(&self.pattern, namespace)),
            What::Image => container.image.as_ref().is_some_and(|image| {
                let untagged = match image.rsplit_once(':') {
                    Some((name, tag)) if !tag.contains('/') => name,
                    _ => image,
                };
                glob(&self.pattern, image) || glob(&self.pattern, untagged)
            }),
            What::Label => {
                let (name, value) = match self.pattern.split_once('=') {
                    Some((name, value)) => (name, value),
                    None => (self.pattern.as_str(), "*"),
                };
                let mut labels = container.labels.iter().chain(&container.told.pod_labels);
                labels.any(|(label, text)| label == name && glob(value, text))
            }
            What::Cgroup => false,
        }
    }

    /// A name counts only where a runtime puts its containers (`/NAME`, `/NAMESPACE/NAME`), so that nobody can make a
    /// cgroup of that name further down; a pattern that begins with `/` is a whole path.
    fn names_container(&self, identity: &Identity, path: &str) -> bool {
        let id = &identity.full_id;
        if identity.certain {
            return *id == self.pattern || self.pattern.len() >= SHORTEST && id.starts_with(&self.pattern);
        }
        path == self.pattern || *id == self.pattern && path.matches('/').count() <= 2
    }

    fn names_pod(&self, uid: &str, logs: &Path) -> bool {
        match self.pattern.split_once('/') {
            // The cgroup has the uid alone; the kubelet's folder of logs, made before any container, has the names.
            Some((namespace, name)) => logs.join(format!("{namespace}_{name}_{uid}")).is_dir(),
            None => uid == self.pattern || self.pattern.len() >= SHORTEST && uid.starts_with(&self.pattern),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn selectors(asked: &[(What, &str)]) -> Selectors {
        let selectors = asked.iter().map(|(what, pattern)| Selector {
            what: *what,
            pattern: (*pattern).to_owned(),
            required: true,
            seen: false,
        });
        Selectors::new(selectors.collect())
    }

    #[track_caller]
    fn check(asked: &[(What, &str)], path: &str, expected: bool) {
        let mut selectors = selectors(asked);
        assert_eq!(selectors.want(&path.replace("ID", ID)), expected, "{path} of {asked:?}");
    }

    #[test]
    fn containers_pods_and_paths() {
        use What::{Cgroup, Container, Pod};
        check(&[], "/any", true);
        check(&[(Container, "web")], "/web", true);
        check(&[(Container, "web")], "/web/inner", true);
        check(&[(Container, "web")], "/web2", false);
        check(&[(Container, "web")], "/other/nested/web", false);
        check(&[(Container, "web"), (Container, "db")], "/db", true);
        check(&[(Container, "0123456789ab")], "/docker/ID/init", true);
        let pod = "/kubepods/burstable/pod1a2b-3c/ID";
        check(&[(Pod, "1a2b-3c")], pod, true);
        check(&[(Pod, "1a2b")], pod, true);
        check(&[(Pod, "1a2")], pod, false);
        check(&[(Pod, "1a2b-3d")], pod, false);
        check(
            &[(Pod, "1a2b-3c")],
            "/kubepods.slice/kubepods-pod1a2b_3c.slice/crio-ID.scope",
            true,
        );
        check(&[(Cgroup, "/kubepods/burstable")], pod, true);
        check(&[(Cgroup, "/kubepods/burst")], pod, false);
        check(&[(Cgroup, "/a")], "/", false);
        // Of each kind one.
        check(&[(Cgroup, "/kubepods"), (Container, "01234")], pod, true);
        check(&[(Cgroup, "/system"), (Container, "01234")], pod, false);
        check(&[(Pod, "1a2b"), (Container, "99999")], pod, false);
    }

    #[test]
    fn what_runtimes_tell() {
        let told = Container {
            cgroup: format!("/docker/{ID}"),
            name: Some("web".into()),
            image: Some("registry:5000/team/nginx:1.25".into()),
            labels: vec![("app".into(), "shop".into())],
            pod: Some(("prod".into(), "web-1".into(), "u".into())),
            ..Container::default()
        };
        let check = |asked: &[(What, &str)], expected: bool| {
            let mut selectors = selectors(asked);
            assert!(selectors.depend_on_runtimes() && !selectors.want(&told.cgroup));
            assert_eq!(selectors.want_told(&told), expected, "{asked:?}");
            assert_eq!(selectors.unseen().count(), usize::from(!expected));
        };
        check(&[(What::Container, "web")], true);
        check(&[(What::Container, "we")], false);
        check(&[(What::Image, "*/nginx")], true);
        check(&[(What::Image, "*/nginx:1.*")], true);
        check(&[(What::Image, "nginx")], false);
        check(&[(What::Label, "app")], true);
        check(&[(What::Label, "app=sh*")], true);
        check(&[(What::Label, "app=web")], false);
        check(&[(What::Namespace, "prod")], true);
        check(&[(What::Pod, "prod/web-1")], true);
    }

    #[test]
    fn namespaces_and_pods_by_name_need_no_container() {
        use What::{Container, Namespace, Pod};
        let check = |asked: &[(What, &str)], namespace: &str, pod: Option<&str>, expected: Option<bool>| {
            assert_eq!(selectors(asked).ask_for(namespace, pod), expected, "{asked:?}");
        };
        check(&[(Namespace, "shop*")], "shop-eu", None, Some(true));
        check(&[(Namespace, "shop*")], "prod", Some("x"), Some(false));
        check(&[(Pod, "shop/web-0")], "shop", Some("web-0"), Some(true));
        check(&[(Pod, "shop/web-0")], "shop", None, Some(false));
        check(&[(Pod, "1a2b")], "shop", Some("web-0"), None);
        check(&[(Namespace, "shop"), (Container, "app")], "shop", None, None);
    }

    #[test]
    fn pods_by_name_are_those_of_the_kubelets_folders() {
        let logs = tempfile::tempdir().unwrap();
        std::fs::create_dir(logs.path().join("shop_cart-0_1a2b-3c")).unwrap();
        let mut selectors = selectors(&[(What::Pod, "shop/cart-0"), (What::Pod, "shop/cart-1")]);
        selectors.pod_logs = logs.path().to_owned();
        assert!(selectors.want("/kubepods/pod1a2b-3c/x"));
        assert!(!selectors.want("/kubepods/pod1a2b-3d/x"));
        assert_eq!(selectors.unseen().collect::<Vec<_>>(), ["pod called shop/cart-1"]);
    }
}
