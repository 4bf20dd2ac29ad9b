//! What a kubelet does: pods with containers, through the interface that Kubernetes has to runtimes.

use super::image;
use k8s_cri::v1::runtime_service_client::RuntimeServiceClient;
use k8s_cri::v1::*;
use std::collections::HashMap;
use std::path::PathBuf;
use tokio::net::UnixStream;
use tonic::transport::{Channel, Endpoint, Uri};

pub const GROUP: &str = "afterimage-tests-cri";
pub const UID: &str = "0b5c1a52-6d2f-4a0e-9d5e-00000000c0de";

/// Its connection to a runtime, and the pods that it made.
pub struct Kubelet {
    tokio: tokio::runtime::Runtime,
    runtime: RuntimeServiceClient<Channel>,
    sandboxes: Vec<String>,
}

impl Kubelet {
    pub fn connect(path: PathBuf) -> Kubelet {
        let tokio = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let connector = tower::service_fn(move |_: Uri| {
            let path = path.clone();
            async move { UnixStream::connect(path).await.map(hyper_util::rt::TokioIo::new) }
        });
        let channel = tokio
            .block_on(Endpoint::from_static("http://localhost").connect_with_connector(connector))
            .unwrap();
        Kubelet {
            tokio,
            runtime: RuntimeServiceClient::new(channel),
            sandboxes: Vec::new(),
        }
    }

    pub fn sandbox(&mut self, config: &PodSandboxConfig) -> String {
        let request = RunPodSandboxRequest {
            config: Some(config.clone()),
            ..Default::default()
        };
        let told = self.tokio.block_on(self.runtime.run_pod_sandbox(request)).unwrap();
        let id = told.into_inner().pod_sandbox_id;
        self.sandboxes.push(id.clone());
        id
    }

    pub fn container(&mut self, sandbox: &str, pod: &PodSandboxConfig, name: &str) -> String {
        let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let config = ContainerConfig {
            metadata: Some(ContainerMetadata {
                name: name.into(),
                attempt: 2,
            }),
            image: Some(ImageSpec {
                image: image::FULL_NAME.into(),
                ..Default::default()
            }),
            command: vec!["/bin/sleep".into(), "1000".into()],
            envs: vec![KeyValue {
                key: "PASSWORD".into(),
                value: "hunter2".into(),
            }],
            mounts: vec![Mount {
                container_path: "/data".into(),
                host_path: "/usr".into(),
                readonly: true,
                ..Default::default()
            }],
            labels: HashMap::from([
                label("io.kubernetes.container.name", name),
                label("io.kubernetes.pod.name", "web-0"),
                label("io.kubernetes.pod.namespace", "shop"),
                label("io.kubernetes.pod.uid", UID),
            ]),
            annotations: HashMap::from([label("io.kubernetes.container.restartCount", "2")]),
            linux: Some(Default::default()),
            ..Default::default()
        };
        let request = CreateContainerRequest {
            pod_sandbox_id: sandbox.into(),
            config: Some(config),
            sandbox_config: Some(pod.clone()),
        };
        let told = self.tokio.block_on(self.runtime.create_container(request)).unwrap();
        let container_id = told.into_inner().container_id;
        let request = StartContainerRequest {
            container_id: container_id.clone(),
        };
        self.tokio.block_on(self.runtime.start_container(request)).unwrap();
        container_id
    }

    pub fn stop(&mut self, id: &str) {
        let request = StopContainerRequest {
            container_id: id.into(),
            timeout: 0,
        };
        self.tokio.block_on(self.runtime.stop_container(request)).unwrap();
    }
}

impl Drop for Kubelet {
    /// Shims and network namespaces stay behind where a sandbox is not stopped before its containerd.
    fn drop(&mut self) {
        for id in std::mem::take(&mut self.sandboxes) {
            let stop = StopPodSandboxRequest {
                pod_sandbox_id: id.clone(),
            };
            let _ = self.tokio.block_on(self.runtime.stop_pod_sandbox(stop));
            let remove = RemovePodSandboxRequest { pod_sandbox_id: id };
            let _ = self.tokio.block_on(self.runtime.remove_pod_sandbox(remove));
        }
    }
}

pub fn pod(network: NamespaceMode) -> PodSandboxConfig {
    let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    PodSandboxConfig {
        metadata: Some(PodSandboxMetadata {
            name: if network == NamespaceMode::Node {
                "web-0"
            } else {
                "web-1"
            }
            .into(),
            uid: UID.into(),
            namespace: "shop".into(),
            attempt: 0,
        }),
        // With the host's network the name is the host's.
        hostname: if network == NamespaceMode::Node { "" } else { "web-0" }.into(),
        labels: HashMap::from([
            label("io.kubernetes.pod.name", "web-0"),
            label("io.kubernetes.pod.namespace", "shop"),
            label("io.kubernetes.pod.uid", UID),
            label("app", "shop"),
            label("tier", "front \u{6f22}"),
        ]),
        linux: Some(LinuxPodSandboxConfig {
            cgroup_parent: format!("/{GROUP}/burstable/pod{UID}"),
            security_context: Some(LinuxSandboxSecurityContext {
                namespace_options: Some(NamespaceOption {
                    network: network as i32,
                    ..Default::default()
                }),
                ..Default::default()
            }),
            ..Default::default()
        }),
        ..Default::default()
    }
}
