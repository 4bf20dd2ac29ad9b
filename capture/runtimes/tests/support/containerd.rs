//! A containerd of its own, with Kubernetes' interface.

use super::place::Place;
use super::{image, nowhere, output};
use afterimage_runtimes::{Kind, Settings, Socket};
use std::process::Command;

/// The namespace of the tests, and the control group that containerd makes for it.
pub const NAMESPACE: &str = "afterimage-tests";

pub struct Containerd {
    pub place: Place,
    pub daemon: usize,
}

impl Containerd {
    /// Starts it and loads the image in both namespaces.
    pub fn start(group: &str) -> Containerd {
        let mut place = Place::new();
        place.group = Some(group.into());
        let archive = image::archive(&place.path(""));
        std::fs::create_dir_all(place.path("cni")).unwrap();
        // A network of two ends that vanishes with the pod.
        let network = serde_json::json!({
            "cniVersion": "0.4.0", "name": "afterimage-tests", "plugins": [{"type": "ptp", "ipam": {
                "type": "host-local", "subnet": "10.213.77.0/24", "dataDir": place.text("ipam")}}],
        });
        std::fs::write(place.path("cni/10-test.conflist"), network.to_string()).unwrap();
        std::fs::write(place.path("config.toml"), config(&place)).unwrap();
        let daemon = place.daemon(daemon(&place), "c.sock");
        let containerd = Containerd { place, daemon };
        for namespace in [NAMESPACE, "k8s.io"] {
            let mut import = containerd.ctr(namespace, &["images", "import"]);
            output(import.arg(&archive));
        }
        containerd
    }

    /// Ends the daemon; its containers go on.
    pub fn stop(&mut self) {
        self.place.stop(self.daemon);
    }

    pub fn restart(&mut self) {
        self.daemon = self.place.daemon(daemon(&self.place), "c.sock");
    }

    pub fn ctr(&self, namespace: &str, args: &[&str]) -> Command {
        let mut command = Command::new("ctr");
        command.arg("-a").arg(self.place.path("c.sock")).args(["-n", namespace]);
        command.args(args);
        command
    }

    pub fn run(&self, args: &[&str]) -> String {
        output(&mut self.ctr(NAMESPACE, args))
    }

    pub fn pid(&self, namespace: &str, id: &str) -> u32 {
        let tasks = output(&mut self.ctr(namespace, &["tasks", "list"]));
        let line = tasks.lines().find(|l| l.starts_with(id)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    pub fn settings(&self, kinds: &[Kind]) -> Settings {
        let path = self.place.path("c.sock");
        let socket = |kind: &Kind| Socket {
            kind: *kind,
            path: path.clone(),
        };
        Settings {
            sockets: kinds.iter().map(socket).collect(),
            ..nowhere()
        }
    }
}

fn daemon(place: &Place) -> Command {
    let mut command = Command::new("containerd");
    command.arg("--config").arg(place.path("config.toml"));
    command
}

fn config(place: &Place) -> String {
    let dir = place.text("");
    let dir = dir.trim_end_matches('/');
    format!(
        r#"
version = 2
root = "{dir}/root"
state = "{dir}/state"
[grpc]
address = "{dir}/c.sock"
[plugins."io.containerd.internal.v1.opt"]
path = "{dir}/opt"
[plugins."io.containerd.grpc.v1.cri"]
restrict_oom_score_adj = true
sandbox_image = "{}"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
Root = "{dir}/runc"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{dir}/cni"
"#,
        image::FULL_NAME
    )
}
