//! Selectors of alerts to what the recorder knows.

use super::alert::Selector;
use super::members::{Birth, Members, Tree};
use super::ring::Piece;
use afterimage_format::model::Container;
use afterimage_format::segment::Segment;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// What the recorder knows at a moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) containers: Vec<Container>,
    /// Processes that were asked about and live: life of the first thread, key of the container.
    pub(crate) processes: HashMap<u32, (u64, u64)>,
}

/// A beginning of an id must have so many characters.
const SHORTEST: usize = 4;
/// Of so many no two containers of a node have the same: what Docker, Falco and others show of one.
const SURE: usize = 12;
/// Pieces in which a process that has ended is looked for.
const LOOKED_AT: usize = 128;

/// The containers that a selector means and that were there after `since`.
pub(crate) fn containers<'c>(
    selector: &Selector,
    all: &'c [Container],
    since: u64,
) -> impl Iterator<Item = &'c Container> {
    let selector = selector.clone();
    let names_one = [
        &selector.container_id,
        &selector.container_name,
        &selector.namespace,
        &selector.pod,
        &selector.pod_uid,
    ]
    .iter()
    .any(|text| !text.is_empty());
    all.iter()
        .filter(move |container| names_one && (container.death == 0 || container.death >= since))
        .filter(move |container| fits(&selector, container))
}

/// Whether a selector has an id that says alone who is meant.
pub(crate) fn names_by_id(selector: &Selector) -> bool {
    selector.container_id.len() >= SURE
}

fn fits(selector: &Selector, container: &Container) -> bool {
    let id = &selector.container_id;
    // An id says who is meant. What the source calls it beside that (ECS: by its task definition) is not always what the
    // runtime does, and a pod that no runtime has told of contradicts nothing.
    let sure = container.full_id == *id || names_by_id(selector) && container.full_id.starts_with(id.as_str());
    let any = |text: &str, fits: &dyn Fn(&str) -> bool| text.is_empty() || fits(text);
    let empty = Default::default();
    let (namespace, pod, uid) = container.pod.as_ref().unwrap_or(&empty);
    let pod_says = |text: &str, said: &str| any(text, &|text| said == text || sure && said.is_empty());
    any(id, &|id| {
        sure || id.len() >= SHORTEST && container.full_id.starts_with(id)
    }) && any(&selector.container_name, &|name| {
        sure || container.name.as_deref() == Some(name)
            || container.full_id == name
            || kubernetes_name(container) == Some(name)
    }) && pod_says(&selector.namespace, namespace)
        && pod_says(&selector.pod, pod)
        && pod_says(&selector.pod_uid, uid)
}

/// The name that a container has in its pod.
fn kubernetes_name(container: &Container) -> Option<&str> {
    let label = container
        .labels
        .iter()
        .find(|(key, _)| key == "io.kubernetes.container.name");
    label.map(|(_, name)| name.as_str())
}

/// Who is meant by an alert, and what has to be said about it.
#[derive(Debug, PartialEq)]
pub(crate) enum Meant {
    These(Members),
    /// Nobody who is known: why.
    Nobody(String),
}

/// Resolves the selectors of an alert: containers first, then processes, then the node.
pub(crate) fn resolve(
    selectors: &[Selector],
    world: &World,
    since: u64,
    node: &[String],
    pieces: impl FnOnce() -> Vec<Arc<Piece>>,
) -> Meant {
    let mut keys = BTreeSet::new();
    let mut missing = Vec::new();
    let mut wanted = Vec::new();
    for selector in selectors {
        if is_only_a_name(selector) && !is_here(selector, node) {
            missing.extend(describe(selector).map(|what| format!("{what} of {}", selector.node)));
            continue;
        }
        wanted.push(selector.clone());
        let found: Vec<u64> = containers(selector, &world.containers, since)
            .map(|found| found.key)
            .collect();
        let ids: BTreeSet<&str> = world
            .containers
            .iter()
            .filter(|container| found.contains(&container.key))
            .map(|container| container.full_id.as_str())
            .collect();
        if ids.len() > 1 && !selector.container_id.is_empty() {
            missing.push(format!(
                "the id {} is that of several containers",
                selector.container_id
            ));
            continue;
        }
        if found.is_empty() {
            missing.extend(describe(selector));
        }
        keys.extend(found);
    }
    if !keys.is_empty() {
        return Meant::These(Members::Containers { keys, wanted });
    }
    // What is left names nothing of containers and pods. Of another node there is nothing here, whatever has its number.
    let rest = || selectors.iter().filter(|selector| describe(selector).is_none());
    let here = || rest().filter(|selector| is_here(selector, node));
    if let Some(pid) = here().find_map(|selector| selector.pid) {
        let known = world
            .processes
            .get(&pid)
            .copied()
            .or_else(|| find_process(pid, &pieces()));
        return match known {
            Some((life, container)) => Meant::These(Members::Tree(Tree {
                pid,
                lives: [life].into(),
                processes: [(pid, Birth { life, start: 0 })].into(),
                container,
            })),
            None => Meant::Nobody(format!("no process {pid} is known here, nor was one recently")),
        };
    }
    if here().any(|selector| !selector.node.is_empty()) {
        return Meant::These(Members::Node);
    }
    if let Some(elsewhere) = rest().find(|selector| !selector.node.is_empty()) {
        return Meant::Nobody(format!(
            "this is {}, not {}; where that is another name of it, `node_names` of [captures] should say so",
            node.join(" or "),
            elsewhere.node
        ));
    }
    Meant::Nobody(match missing.is_empty() {
        true => "the alert names no container, pod, process or node".to_owned(),
        false => format!("not known here: {}", missing.join("; ")),
    })
}

/// Whether a selector is about this node, of these names. A host name may have its domain behind it, or not.
fn is_here(selector: &Selector, names: &[String]) -> bool {
    let label = |name: &str| name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let same = |name: &String| {
        let bare = !name.contains('.') || !selector.node.contains('.');
        name.eq_ignore_ascii_case(&selector.node) || bare && label(name) == label(&selector.node)
    };
    matches!(selector.node.as_str(), "" | "*") || names.iter().any(same)
}

/// Whether all that a selector says is what a container is called, which other nodes may call one of theirs. Pods have their
/// names once in a cluster.
fn is_only_a_name(selector: &Selector) -> bool {
    let Selector {
        container_id,
        pod,
        pod_uid,
        ..
    } = selector;
    container_id.is_empty() && pod.is_empty() && pod_uid.is_empty() && !selector.container_name.is_empty()
}

/// What to say where names were not found although runtimes have not told all of the containers here, or not yet: of how many,
/// and why of the first.
pub(crate) fn untold(selectors: &[Selector], world: &World) -> Option<String> {
    let by_name = |selector: &Selector| selector.container_id.is_empty() && describe(selector).is_some();
    let all = world.containers.iter().filter(|one| one.death == 0);
    let mut untold = all
        .map(|one| &one.told)
        .filter(|told| !told.missing.is_empty() || told.source.is_empty())
        .peekable();
    let why = match &*untold.peek().filter(|_| selectors.iter().any(by_name))?.missing {
        "" => "no runtime has told of it".to_owned(),
        why => why.to_owned(),
    };
    let count = untold.count();
    let plural = if count == 1 { "" } else { "s" };
    Some(format!(
        "of {count} container{plural} here not everything is known: {why}"
    ))
}

/// What of containers and pods a selector names.
fn describe(selector: &Selector) -> Option<String> {
    let parts = [
        ("container ", &selector.container_id),
        ("container called ", &selector.container_name),
        ("namespace ", &selector.namespace),
        ("pod ", &selector.pod),
        ("pod with the uid ", &selector.pod_uid),
    ];
    let named: Vec<String> = parts
        .iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(what, text)| format!("{what}{text}"))
        .collect();
    (!named.is_empty()).then(|| named.join(", "))
}

/// A process that has ended, in what was recorded last.
fn find_process(pid: u32, pieces: &[Arc<Piece>]) -> Option<(u64, u64)> {
    let may_have = |piece: &&Arc<Piece>| piece.segment.zone.pids.is_empty() || piece.segment.zone.pids.contains(&pid);
    pieces.iter().filter(may_have).take(LOOKED_AT).find_map(|piece| {
        let segment = Segment::parse(piece.segment.body.as_slice(), 0).ok()?;
        let threads = segment.threads().ok()?;
        let found = threads.iter().filter(|thread| thread.pid == pid && thread.is_main());
        let newest = found.max_by_key(|thread| thread.id)?;
        Some((newest.life, newest.container))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> World {
        let container = |key, id: &str, name: &str, pod: Option<(&str, &str, &str)>, death| Container {
            key,
            full_id: id.into(),
            name: Some(name.into()),
            pod: pod.map(|(namespace, name, uid)| (namespace.into(), name.into(), uid.into())),
            death,
            ..Container::default()
        };
        World {
            containers: vec![
                container(1, "aaaa1111", "web", Some(("shop", "web-0", "u1")), 0),
                container(2, "aaaa2222", "side", Some(("shop", "web-0", "u1")), 0),
                container(3, "bbbb3333", "db", Some(("shop", "db-0", "u2")), 50),
                container(4, "cccc4444", "web", None, 500),
            ],
            processes: [(7, (70, 2))].into(),
        }
    }

    fn check(selectors: &[Selector], since: u64, expected: Result<&[u64], &str>) {
        let meant = resolve(selectors, &world(), since, &["node-1".into()], Vec::new);
        match (meant, expected) {
            (Meant::These(Members::Containers { keys, .. }), Ok(expected)) => {
                assert_eq!(keys.into_iter().collect::<Vec<_>>(), expected, "{selectors:?}");
            }
            (Meant::Nobody(said), Err(expected)) => assert!(said.contains(expected), "{said}"),
            (meant, expected) => panic!("{selectors:?}: {meant:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn selectors() {
        let none = Selector::default;
        let id = |text: &str| Selector {
            container_id: text.into(),
            ..none()
        };
        let name = |text: &str| Selector {
            container_name: text.into(),
            ..none()
        };
        let pod = |namespace: &str, pod: &str| Selector {
            namespace: namespace.into(),
            pod: pod.into(),
            ..none()
        };
        check(&[id("aaaa1111")], 100, Ok(&[1]));
        check(&[id("aaaa1")], 100, Ok(&[1]));
        check(&[id("aaa")], 100, Err("container aaa"));
        check(&[id("aaaa")], 100, Err("several"));
        check(&[name("web")], 100, Ok(&[1, 4]));
        check(&[pod("shop", "web-0")], 100, Ok(&[1, 2]));
        check(&[pod("shop", "")], 0, Ok(&[1, 2, 3]));
        check(&[pod("shop", "db-0")], 100, Err("pod db-0"));
        // Those that are set hold together.
        check(
            &[Selector {
                container_name: "side".into(),
                ..pod("shop", "web-0")
            }],
            0,
            Ok(&[2]),
        );
        check(
            &[Selector {
                container_name: "db".into(),
                ..pod("shop", "web-0")
            }],
            0,
            Err("called db"),
        );
        // But an id is who it is, whatever else it is called, and where nothing is known of its pod.
        let of = |id: &str, namespace: &str| Selector {
            container_id: id.into(),
            container_name: "task-web".into(),
            namespace: namespace.into(),
            ..none()
        };
        check(&[of("cccc4444", "shop")], 0, Ok(&[4]));
        check(&[of("aaaa1111", "shop")], 0, Ok(&[1]));
        check(&[of("aaaa1111", "other")], 0, Err("container aaaa1111"));
        check(&[of("aaaa11", "shop")], 0, Err("called task-web"));
        // Any of several.
        check(&[id("bbbb3333"), name("side")], 0, Ok(&[2, 3]));
        check(&[], 0, Err("names no container"));
        // A process of a container that is known: the container is meant.
        check(
            &[Selector {
                pid: Some(7),
                ..id("aaaa1111")
            }],
            0,
            Ok(&[1]),
        );
        check(&[Selector { pid: Some(8), ..none() }], 0, Err("no process 8"));
        check(
            &[Selector {
                node: "other".into(),
                ..none()
            }],
            0,
            Err("not other"),
        );
    }

    #[test]
    fn names_may_be_missing_for_a_reason() {
        let mut world = world();
        world.containers.truncate(2);
        for container in &mut world.containers {
            container.told.source = "containerd".into();
        }
        let pod = Selector {
            pod: "web-7".into(),
            ..Selector::default()
        };
        let id = Selector {
            container_id: "aaaa1111".into(),
            ..Selector::default()
        };
        assert_eq!(untold(std::slice::from_ref(&pod), &world), None);
        world.containers[0].told.missing = "containerd does not answer".into();
        let said = "of 1 container here not everything is known: containerd does not answer";
        assert_eq!(untold(std::slice::from_ref(&pod), &world), Some(said.into()));
        assert_eq!(untold(&[id], &world), None);
        // It was asked a moment ago.
        world.containers[0].told = Default::default();
        let said = "of 1 container here not everything is known: no runtime has told of it";
        assert_eq!(untold(&[pod], &world), Some(said.into()));
    }

    #[test]
    fn processes_and_the_node() {
        let resolve = |selector| resolve(&[selector], &world(), 0, &["node-1".into()], Vec::new);
        let tree = Selector {
            pid: Some(7),
            ..Selector::default()
        };
        let Meant::These(Members::Tree(tree)) = resolve(tree) else {
            panic!()
        };
        assert!(tree.lives.contains(&70) && tree.container == 2);
        for node in ["*", "node-1", "NODE-1.example.org"] {
            let selector = Selector {
                node: node.into(),
                ..Selector::default()
            };
            assert_eq!(resolve(selector), Meant::These(Members::Node));
        }
    }

    #[test]
    fn what_is_of_another_node_is_not_looked_for_here() {
        let names = ["node-1".into(), "i-0123.example.org".into()];
        let resolve = |selector: &Selector| resolve(std::slice::from_ref(selector), &world(), 0, &names, Vec::new);
        let process = |node: &str| Selector {
            pid: Some(7),
            node: node.into(),
            ..Selector::default()
        };
        let called = |node: &str| Selector {
            container_name: "side".into(),
            node: node.into(),
            ..Selector::default()
        };
        for here in ["", "*", "node-1", "Node-1.internal", "i-0123", "i-0123.example.org"] {
            assert!(
                matches!(resolve(&process(here)), Meant::These(Members::Tree(_))),
                "{here}"
            );
            assert!(
                matches!(resolve(&called(here)), Meant::These(Members::Containers { .. })),
                "{here}"
            );
        }
        for elsewhere in ["node-2", "node-1-b", "i-0123.example.net"] {
            let Meant::Nobody(why) = resolve(&process(elsewhere)) else {
                panic!("{elsewhere}")
            };
            assert!(why.starts_with("this is node-1 or i-0123.example.org, not "), "{why}");
            let Meant::Nobody(why) = resolve(&called(elsewhere)) else {
                panic!("{elsewhere}")
            };
            assert_eq!(why, format!("not known here: container called side of {elsewhere}"));
            // Who it is says more than where it is said to be.
            let by_id = Selector {
                container_id: "aaaa1111".into(),
                ..called(elsewhere)
            };
            assert!(matches!(resolve(&by_id), Meant::These(_)), "{elsewhere}");
        }
    }
}
