//! Answers become part of containers.

use afterimage_format::model::{Container, Mount, Runtime, Told};
use afterimage_runtimes::{Answer, Metadata};

/// All that is told of containers takes at most so many bytes: the end of a file has to have room for it, and so has the
/// recorder.
const ALL: usize = 16 << 20;
/// Why something is left out.
const FULL: &str = "labels, mounts and the like were left out: those of all containers take more than 16 MiB";

/// How much more may be told.
pub(crate) struct Room(usize);

impl Default for Room {
    fn default() -> Room {
        Room(ALL)
    }
}

impl Room {
    /// A container is not kept any more.
    pub(crate) fn forget(&mut self, container: &Container) {
        self.0 = (self.0 + size(container)).min(ALL);
    }

    /// Adds what was answered to a container. What was observed of it is not touched.
    pub(crate) fn tell(&mut self, container: &mut Container, answer: Answer) {
        self.0 += size(container);
        let observed = (container.pod.take(), std::mem::take(&mut container.labels));
        match answer.metadata {
            Some(metadata) => fill(container, metadata),
            None => container.labels = observed.1,
        }
        if container.pod.is_none() {
            container.pod = observed.0;
        }
        container.told.missing = answer.reason;
        if let Some(left) = self.0.checked_sub(size(container)) {
            self.0 = left;
            return;
        }
        container.labels = Vec::new();
        let told = std::mem::take(&mut container.told);
        container.told = Told {
            source: told.source,
            missing: FULL.to_owned(),
            created: told.created,
            started: told.started,
            finished: told.finished,
            exit_code: told.exit_code,
            oom_killed: told.oom_killed,
            privileged: told.privileged,
            ..Told::default()
        };
        self.0 = self.0.saturating_sub(size(container));
    }
}

fn given(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn fill(container: &mut Container, told: Metadata) {
    container.name = given(told.name);
    container.image = given(told.image);
    container.labels = told.labels.into_iter().collect();
    if let Some(runtime) = runtime(&told.source) {
        container.runtime = runtime;
    }
    let pod = told.pod.unwrap_or_default();
    if !pod.uid.is_empty() {
        container.pod = Some((pod.namespace, pod.name, pod.uid));
    }
    let mount = |mount: afterimage_runtimes::Mount| Mount {
        source: mount.source,
        dest: mount.destination,
        mode: mount.mode,
        writable: mount.rw,
        propagation: mount.propagation,
    };
    container.told = Told {
        source: told.source,
        missing: String::new(),
        image_id: given(told.image_id),
        image_digest: told.image_digest,
        env: told.env_names,
        mounts: told.mounts.into_iter().map(mount).collect(),
        privileged: told.privileged,
        capabilities: told.capabilities,
        network: told.network_mode,
        ips: told.ips,
        created: told.created.unwrap_or(0),
        started: told.started.unwrap_or(0),
        finished: told.finished.unwrap_or(0),
        exit_code: told.exit_code.and_then(|code| u32::try_from(code).ok()),
        oom_killed: told.oom_killed,
        restarts: told.restart_count,
        is_sandbox: told.is_sandbox,
        sandbox_id: pod.sandbox_id,
        pod_labels: pod.labels.into_iter().collect(),
        pod_ip: pod.ip,
    };
}

/// A path of a cgroup is the same for several runtimes; who answers knows better.
fn runtime(source: &str) -> Option<Runtime> {
    Some(match source {
        "runc" | "crun" => Runtime::Runc,
        "docker" => Runtime::Docker,
        "containerd" => Runtime::Containerd,
        "cri" => Runtime::Cri,
        "cri-o" => Runtime::CriO,
        "podman" => Runtime::Podman,
        _ => return None,
    })
}

/// About how many bytes what was told takes.
fn size(container: &Container) -> usize {
    let texts = |all: &[String]| all.iter().map(|text| text.len() + 24).sum::<usize>();
    let pairs = |all: &[(String, String)]| all.iter().map(|(a, b)| a.len() + b.len() + 48).sum::<usize>();
    let told = &container.told;
    let mounts = told.mounts.iter();
    texts(&told.env)
        + texts(&told.capabilities)
        + texts(&told.ips)
        + pairs(&container.labels)
        + pairs(&told.pod_labels)
        + mounts
            .map(|m| m.source.len() + m.dest.len() + m.mode.len() + m.propagation.len() + 100)
            .sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(labels: usize) -> Answer {
        Answer {
            metadata: Some(Metadata {
                source: "docker".into(),
                name: "web".into(),
                labels: (0..labels).map(|at| (format!("{at}"), "x".repeat(1000))).collect(),
                ..Metadata::default()
            }),
            ..Answer::default()
        }
    }

    #[test]
    fn what_is_told_last_counts() {
        let mut room = Room::default();
        let mut container = Container {
            pod: Some((String::new(), String::new(), "uid".into())),
            ..Container::default()
        };
        room.tell(&mut container, answer(2));
        room.tell(&mut container, answer(1));
        assert_eq!(container.labels.len(), 1);
        assert_eq!(
            (container.name.as_deref(), container.runtime),
            (Some("web"), Runtime::Docker)
        );
        assert_eq!(container.pod.as_ref().map(|pod| pod.2.as_str()), Some("uid"));
        let silence = Answer {
            reason: "nobody answers".into(),
            ..Answer::default()
        };
        room.tell(&mut container, silence);
        assert_eq!(container.told.missing, "nobody answers");
        assert_eq!((container.name.as_deref(), container.labels.len()), (Some("web"), 1));
    }

    #[test]
    fn there_is_an_end_to_what_is_told() {
        let mut room = Room::default();
        let mut containers = vec![Container::default(); 20];
        for container in &mut containers {
            room.tell(container, answer(1000));
        }
        assert!(containers[0].labels.len() == 1000 && containers[0].told.missing.is_empty());
        assert!(containers[19].labels.is_empty() && containers[19].told.missing == FULL);
        assert_eq!(containers[19].name.as_deref(), Some("web"));
    }
}
