//! Cgroups and the containers that they are.

use super::selectors::Selectors;
use crate::containers::{Asked, GONE, Helper, Room};
use crate::kube::{News, Owners};
use afterimage_format::model::{Container, Runtime, Text};
use afterimage_runtimes::{Answer, Question};
use hashbrown::{HashMap, HashSet};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What a cgroup path says about a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Full id.
    pub(crate) full_id: String,
    /// Runtime by path style.
    pub(crate) runtime: Runtime,
    /// Pod uid, under Kubernetes.
    pub(crate) pod_uid: Option<String>,
    /// Whether the style alone tells that it is a container; else somebody has to say so.
    pub(crate) certain: bool,
}

/// What the path style of containerd, Docker, Podman, CRI-O, Kubernetes and bare runtimes says (cgroupfs and systemd
/// styles).
pub(crate) fn identify(path: &str) -> Option<Identity> {
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    let last = parts.last()?;
    let name = last.strip_suffix(".scope").unwrap_or(last);
    let under = |part: &str| parts.iter().any(|p| p.starts_with(part));
    let kubernetes = under("kubepods");
    let styles = [
        ("cri-containerd-", Runtime::Cri),
        ("docker-", Runtime::Docker),
        ("crio-", Runtime::CriO),
        ("libpod-", Runtime::Podman),
    ];
    let (id, by_prefix) = styles
        .iter()
        .find_map(|(prefix, runtime)| Some((name.strip_prefix(prefix)?, Some(*runtime))))
        // nerdctl and others: `slice:prefix:id`
        .unwrap_or((name.rsplit(':').next().unwrap_or(name), None));
    let certain = id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit());
    let runtime = match by_prefix {
        Some(runtime) => runtime,
        None if kubernetes => Runtime::Cri,
        None if under("docker") => Runtime::Docker,
        None if under("libpod") => Runtime::Podman,
        None if parts.len() == 1 => Runtime::Runc,
        None => Runtime::Containerd,
    };
    let pod_uid = kubernetes
        .then(|| parts.iter().rev().find_map(|p| pod_uid(p)))
        .flatten();
    Some(Identity {
        full_id: id.to_owned(),
        runtime,
        pod_uid,
        certain,
    })
}

/// `pod<uid>` (cgroupfs) or `kubepods-burstable-pod<uid with _>.slice` (systemd).
fn pod_uid(part: &str) -> Option<String> {
    let part = part.strip_suffix(".slice").unwrap_or(part);
    let uid = part
        .strip_prefix("pod")
        .or_else(|| part.rsplit_once("-pod").map(|(_, uid)| uid))?;
    Some(uid.replace('_', "-"))
}

struct Cgroup {
    path: Text,
    container: u64,
    /// It is in scope because of what a runtime told, and so is what is below it.
    told: bool,
}

/// All cgroups that are known, and their containers.
pub(crate) struct Cgroups {
    cgroups: HashMap<u64, Cgroup>,
    containers: HashMap<u64, Container>,
    selectors: Selectors,
    /// Cgroups that were looked at and are not in scope.
    rejected: HashSet<u64>,
    next: u64,
    /// Who asks the runtimes.
    helper: Option<Helper>,
    /// Whether runtimes are asked, and not only Kubernetes.
    asks: bool,
    room: Room,
    owners: Owners,
    /// What else the helper has said.
    pub(crate) news: News,
    /// Containers that will be in scope if their runtimes tell what was asked for.
    candidates: HashMap<u64, Container>,
    /// Containers that runtimes were asked about and have not told all of.
    unanswered: HashSet<u64>,
    /// Those that are still to be asked about.
    unasked: VecDeque<u64>,
    /// Cgroups that have come into scope because of what a runtime told, and that the kernel does not know of yet.
    admitted: Vec<u64>,
    /// How long new cgroups may still wait for what their runtimes tell before the next turn, see [`Cgroups::add`]. Whoever
    /// makes cgroups without end must not stop the recording.
    patience: Duration,
    /// What it is at the beginning of a turn; zero: none waits.
    patience_of_turn: Duration,
}

/// Questions at a turn: each takes some 20 us.
const AT_ONCE: usize = 64;
/// How long cgroups that may be asked for wait for their runtimes' answers in one turn; the rings hold what happens meanwhile. Files of
/// runtimes are read within a few milliseconds.
const PATIENCE: Duration = Duration::from_millis(100);

/// Rejected cgroups are forgotten beyond this number: they are only met while their records are under way.
const MAX_REJECTED: usize = 4096;

impl Cgroups {
    /// With selectors, only what they match (and what is below it) is in scope.
    pub(crate) fn new(selectors: Selectors) -> Cgroups {
        Cgroups {
            cgroups: HashMap::new(),
            containers: HashMap::new(),
            selectors,
            rejected: HashSet::new(),
            next: 1,
            helper: None,
            asks: false,
            room: Room::default(),
            owners: Owners::new(false),
            news: News::default(),
            candidates: HashMap::new(),
            unanswered: HashSet::new(),
            unasked: VecDeque::new(),
            admitted: Vec::new(),
            patience: Duration::ZERO,
            patience_of_turn: Duration::ZERO,
        }
    }

    /// From now on those are asked whom the helper asks.
    pub(crate) fn ask_through(&mut self, helper: Helper, asked: &Asked) {
        self.helper = Some(helper);
        self.asks = asked.runtimes.is_some();
        self.owners = Owners::new(asked.kube.is_some());
    }

    /// Whether runtimes know who is in scope.
    pub(crate) fn depend_on_runtimes(&self) -> bool {
        self.helper.is_some() && self.asks && self.selectors.depend_on_runtimes()
    }

    /// From now on a new cgroup that may be asked for waits for its runtime.
    pub(crate) fn be_patient(&mut self) {
        self.patience_of_turn = PATIENCE;
    }

    /// What was asked for and never found, in words.
    pub(crate) fn unseen(&self) -> impl Iterator<Item = String> {
        self.selectors.unseen()
    }

    /// Whether a cgroup is known (with selectors: in scope).
    pub(crate) fn contains(&self, id: u64) -> bool {
        self.cgroups.contains_key(&id)
    }

    /// Whether a cgroup was found to be out of scope.
    pub(crate) fn is_rejected(&self, id: u64) -> bool {
        self.rejected.contains(&id)
    }

    /// The cgroup at a path.
    pub(crate) fn by_path(&self, path: &[u8]) -> Option<u64> {
        self.cgroups.iter().find(|(_, c)| *c.path == *path).map(|(id, _)| *id)
    }

    /// Path of a cgroup; empty: unknown.
    pub(crate) fn path(&self, id: u64) -> Text {
        self.cgroups.get(&id).map(|c| Text::clone(&c.path)).unwrap_or_default()
    }

    /// Container of a cgroup; 0: none.
    pub(crate) fn container_of(&self, id: u64) -> u64 {
        self.cgroups.get(&id).map_or(0, |c| c.container)
    }

    /// All containers, in no order.
    pub(crate) fn each(&self) -> impl Iterator<Item = &Container> {
        self.containers.values()
    }

    /// Puts what the API server told into all containers.
    pub(crate) fn tell_owners(&mut self) {
        self.owners.tell_all(true, self.containers.values_mut());
    }

    /// The same, for what was learnt of them.
    pub(crate) fn each_mut(&mut self) -> impl Iterator<Item = &mut Container> {
        self.containers.values_mut()
    }

    /// Whether what was asked for names this pod, or this namespace where there is no pod; `None`: other things were asked
    /// for.
    pub(crate) fn asks_for(&self, namespace: &str, pod: Option<&str>) -> Option<bool> {
        self.selectors.ask_for(namespace, pod)
    }

    /// A container by key.
    pub(crate) fn container(&self, key: u64) -> Option<&Container> {
        self.containers.get(&key)
    }

    /// All containers.
    pub(crate) fn containers(&self) -> Vec<Container> {
        let mut all: Vec<Container> = self.containers.values().cloned().collect();
        all.sort_by_key(|c| c.key);
        all
    }

    /// A cgroup exists: `parent` is the id of the one above, `birth` when it was made (0: before the capture). Returns
    /// whether it is in scope. Where that depends on its runtime, it is asked; if it does not answer in time, the cgroup
    /// is out of scope until it does.
    pub(crate) fn add(&mut self, id: u64, parent: u64, path: &[u8], birth: u64) -> bool {
        let told = self.cgroups.get(&parent).is_some_and(|above| above.told);
        let wanted = told || self.selectors.is_empty() || self.selectors.want(&String::from_utf8_lossy(path));
        if !wanted {
            return self.try_runtime(id, path, birth);
        }
        let above = self.container_of(parent);
        let container = if above != 0 {
            above
        } else {
            self.recognise(id, path, birth)
        };
        self.rejected.remove(&id);
        self.cgroups.insert(
            id,
            Cgroup {
                path: path.into(),
                container,
                told,
            },
        );
        true
    }

    fn reject(&mut self, id: u64) {
        if self.rejected.len() >= MAX_REJECTED {
            self.rejected.clear();
        }
        self.rejected.insert(id);
    }

    /// Asks the runtime of a cgroup whose path is not asked for.
    fn try_runtime(&mut self, id: u64, path: &[u8], birth: u64) -> bool {
        self.reject(id);
        let text = String::from_utf8_lossy(path);
        let identity = identify(&text).filter(|identity| identity.certain);
        let Some(identity) = identity.filter(|_| self.depend_on_runtimes()) else {
            return false;
        };
        let container = self.describe(id, &text, identity, birth);
        let key = container.key;
        // Those whose runtime never answers, and whose end nobody told.
        if self.candidates.len() >= MAX_REJECTED {
            self.candidates.clear();
        }
        self.candidates.insert(key, container);
        self.ask(key);
        if self.patience.is_zero() {
            return false;
        }
        // There is hardly ever another one.
        self.ask_some();
        let (began, patience) = (Instant::now(), self.patience);
        let enough = |answer: &Answer| answer.key == key && (answer.metadata.is_some() || answer.last);
        let answers = self
            .helper
            .as_mut()
            .map(|helper| helper.answers_until(patience, enough));
        self.patience = patience.saturating_sub(began.elapsed());
        answers
            .unwrap_or_default()
            .into_iter()
            .for_each(|answer| self.take(answer));
        self.contains(id)
    }

    /// Will ask about a container: at the start there can be thousands, and events come in already.
    fn ask(&mut self, key: u64) {
        if self.helper.is_some() && self.asks {
            self.unanswered.insert(key);
            self.unasked.push_back(key);
        }
    }

    /// Asks about some of those that are still to be asked about.
    fn ask_some(&mut self) {
        for _ in 0..AT_ONCE {
            let (Some(helper), Some(key)) = (&mut self.helper, self.unasked.pop_front()) else {
                return;
            };
            let Some(container) = self.containers.get(&key).or_else(|| self.candidates.get(&key)) else {
                continue;
            };
            helper.ask(&Question {
                key,
                id: container.full_id.clone(),
                runtime: container.runtime.name().to_owned(),
                cgroup: container.cgroup.clone(),
                pid: crate::snapshot::first_process(&container.cgroup),
            });
        }
    }

    /// Takes in what runtimes have told by now, waiting at most so long for answers that are still to come; returns
    /// the cgroups that are in scope because of it.
    pub(crate) fn hear(&mut self, wait: Duration) -> Vec<u64> {
        let end = Instant::now() + wait;
        self.patience = self.patience_of_turn;
        loop {
            self.ask_some();
            let Some(helper) = &mut self.helper else { break };
            let answers = helper.answers();
            let said = helper.take_news();
            if !helper.is_there() {
                self.helper = None;
                self.owners.end(GONE);
                for container in self.containers.values_mut().filter(|c| c.told.source.is_empty()) {
                    container.told.missing = GONE.to_owned();
                }
            }
            answers.into_iter().for_each(|answer| self.take(answer));
            for said in said {
                self.news.sort(said, &mut self.owners);
            }
            self.owners.tell_all(false, self.containers.values_mut());
            let left = end.saturating_duration_since(Instant::now());
            if self.unanswered.is_empty() || left < Duration::from_millis(1) {
                break;
            }
            if let Some(helper) = self.helper.as_ref().filter(|_| self.unasked.is_empty()) {
                helper.wait(left);
            }
        }
        std::mem::take(&mut self.admitted)
    }

    /// Takes in an answer.
    fn take(&mut self, answer: Answer) {
        let key = answer.key;
        // A reason says that more may come.
        if answer.reason.is_empty() || answer.last {
            self.unanswered.remove(&key);
        }
        if let Some(container) = self.containers.get_mut(&key) {
            self.room.tell(container, answer);
            self.owners.tell(container);
            return;
        }
        let Some(mut container) = self.candidates.remove(&key) else {
            return;
        };
        let last = answer.last;
        self.room.tell(&mut container, answer);
        self.owners.tell(&mut container);
        if !self.selectors.want_told(&container) {
            if !last {
                self.candidates.insert(key, container);
            }
            return;
        }
        let id = container.cgroup_id;
        self.rejected.remove(&id);
        let path = container.cgroup.as_bytes().into();
        self.cgroups.insert(
            id,
            Cgroup {
                path,
                container: key,
                told: true,
            },
        );
        self.containers.insert(key, container);
        self.admitted.push(id);
    }

    fn recognise(&mut self, id: u64, path: &[u8], birth: u64) -> u64 {
        let text = String::from_utf8_lossy(path);
        let Some(identity) = identify(&text) else { return 0 };
        if identity.certain || self.selectors.name_container(&identity, &text) {
            self.make(id, &text, identity, birth)
        } else {
            0
        }
    }

    fn make(&mut self, cgroup_id: u64, path: &str, identity: Identity, birth: u64) -> u64 {
        let container = self.describe(cgroup_id, path, identity, birth);
        let key = container.key;
        self.containers.insert(key, container);
        self.ask(key);
        key
    }

    /// What the kernel alone tells of a container.
    fn describe(&mut self, cgroup_id: u64, path: &str, identity: Identity, birth: u64) -> Container {
        let key = self.next;
        self.next += 1;
        let mut container = Container {
            key,
            full_id: identity.full_id,
            runtime: identity.runtime,
            cgroup_id,
            cgroup: path.to_owned(),
            birth,
            pod: identity.pod_uid.map(|uid| (String::new(), String::new(), uid)),
            ..Container::default()
        };
        self.owners.tell(&mut container);
        container
    }

    /// A container runtime's init moved into a cgroup, so that it is a container whatever its path looks like.
    pub(crate) fn promote(&mut self, id: u64, birth: u64) {
        let Some(cgroup) = self.cgroups.get(&id).filter(|c| c.container == 0) else {
            return;
        };
        let path = String::from_utf8_lossy(&cgroup.path).into_owned();
        if let Some(identity) = identify(&path) {
            let key = self.make(id, &path, identity, birth);
            if let Some(cgroup) = self.cgroups.get_mut(&id) {
                cgroup.container = key;
            }
        }
    }

    /// A cgroup was removed; returns its container's key where it was the container's own.
    pub(crate) fn remove(&mut self, id: u64, time: u64) -> u64 {
        self.candidates.retain(|_, candidate| candidate.cgroup_id != id);
        let Some(cgroup) = self.cgroups.remove(&id) else {
            return 0;
        };
        match self.containers.get_mut(&cgroup.container) {
            Some(container) if container.cgroup_id == id => container.death = time,
            _ => {}
        }
        cgroup.container
    }

    /// Forgets containers that were gone before this time and had no event since.
    pub(crate) fn forget(&mut self, before: u64) {
        let room = &mut self.room;
        self.containers.retain(|_, container| {
            let stays = container.death == 0 || container.death.max(container.last) >= before;
            if !stays {
                room.forget(container);
            }
            stays
        });
    }

    /// Counts a process of a container.
    pub(crate) fn count_process(&mut self, key: u64) {
        if let Some(container) = self.containers.get_mut(&key) {
            container.processes += 1;
        }
    }

    /// Counts an event of a container.
    pub(crate) fn count(&mut self, key: u64, time: u64) {
        if let Some(container) = self.containers.get_mut(&key) {
            container.events += 1;
            container.last = container.last.max(time);
            if container.first == 0 {
                container.first = time;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::selectors::{Selector, What};
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn check(path: &str, id: &str, runtime: Runtime, pod: Option<&str>, certain: bool) {
        let expected = Identity {
            full_id: id.into(),
            runtime,
            pod_uid: pod.map(str::to_owned),
            certain,
        };
        assert_eq!(identify(&path.replace("ID", ID)), Some(expected), "{path}");
    }

    #[test]
    fn styles_of_the_runtimes() {
        check("/web", "web", Runtime::Runc, None, false);
        check("/default/web", "web", Runtime::Containerd, None, false);
        check("/docker/ID", ID, Runtime::Docker, None, true);
        check("/system.slice/docker-ID.scope", ID, Runtime::Docker, None, true);
        check("/libpod_parent/libpod-ID", ID, Runtime::Podman, None, true);
        check("/machine.slice/libpod-ID.scope", ID, Runtime::Podman, None, true);
        check("/kubepods/burstable/podaa-bb/ID", ID, Runtime::Cri, Some("aa-bb"), true);
        let slice = "/kubepods.slice/kubepods-pod1_2.slice/cri-containerd-ID.scope";
        check(slice, ID, Runtime::Cri, Some("1-2"), true);
        check(
            "/kubepods.slice/kubepods-besteffort-podx.slice/crio-ID.scope",
            ID,
            Runtime::CriO,
            Some("x"),
            true,
        );
        assert_eq!(identify("/"), None);
    }

    #[test]
    fn only_what_is_selected_is_in_scope() {
        let selector = |p: &str| Selector {
            what: What::Container,
            pattern: p.into(),
            required: true,
            seen: false,
        };
        let selectors = vec![selector("web"), selector("0123456789ab"), selector("never")];
        let mut cgroups = Cgroups::new(Selectors::new(selectors));
        assert!(cgroups.add(10, 1, b"/web", 5));
        assert!(cgroups.add(11, 10, b"/web/inner", 6));
        assert!(!cgroups.add(12, 1, b"/other", 7));
        assert!(!cgroups.add(14, 1, b"/web2", 7));
        assert!(!cgroups.add(15, 14, b"/other/nested/web", 7));
        assert!(cgroups.is_rejected(15) && !cgroups.is_rejected(10));
        assert!(cgroups.add(13, 1, format!("/docker/{ID}").as_bytes(), 8));
        assert_eq!(cgroups.container_of(11), cgroups.container_of(10));
        assert_eq!(cgroups.unseen().collect::<Vec<_>>(), ["container called never"]);
        // The same cgroup id later is another container.
        let first = cgroups.remove(10, 9);
        assert!(cgroups.add(10, 1, b"/web", 10));
        assert_ne!(cgroups.container_of(10), first);
        assert_eq!(cgroups.container(first).map(|c| c.death), Some(9));
    }

    #[test]
    fn without_selectors_a_runtimes_init_tells() {
        let mut cgroups = Cgroups::new(Selectors::new(Vec::new()));
        assert!(cgroups.add(10, 1, b"/web", 5));
        assert_eq!(cgroups.container_of(10), 0);
        cgroups.promote(10, 5);
        assert_eq!(
            cgroups.container(cgroups.container_of(10)).map(|c| c.full_id.as_str()),
            Some("web")
        );
    }
}
