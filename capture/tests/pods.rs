//! What containerd tells is in the trace: of what `ctr` makes, and of pods as a kubelet makes them.

#[path = "../runtimes/tests/support/mod.rs"]
mod daemons;
mod support;

use afterimage_format::file::Trace;
use afterimage_format::model::Runtime;
use daemons::containerd::Containerd;
use daemons::kubelet::{Kubelet, pod};
use daemons::{image, output};
use k8s_cri::v1::NamespaceMode;
use std::process::{Command, Stdio};
use std::time::Duration;
use support::told::{check_all_events, named, record_host};
use support::{can_run_containers, count, skip};

fn can_run_containerd(name: &str) -> bool {
    let there =
        ["containerd", "ctr"].map(|program| Command::new(program).arg("--version").stdout(Stdio::null()).status());
    can_run_containers(name) && (there.iter().all(Result::is_ok) || skip(name, "containerd is not installed"))
}

/// What `ctr` makes has labels, and a name that is its id.
#[test]
fn containerd_tells() {
    let name = "containerd_tells";
    if !can_run_containerd(name) {
        return;
    }
    let namespace = "afterimage-ctr";
    let mut containerd = Containerd::start(namespace);
    let archive = containerd.place.path("image.tar");
    output(containerd.ctr(namespace, &["images", "import"]).arg(archive));
    let ctr = format!("ctr -a {} -n {namespace}", containerd.place.text("c.sock"));
    let mut farewell = Command::new("sh");
    farewell.args([
        "-c",
        &format!("{ctr} tasks kill -s 9 plain; {ctr} tasks rm -f plain; {ctr} containers rm plain"),
    ]);
    containerd.place.farewell(farewell);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let socket = format!("containerd={}", containerd.place.text("c.sock"));
    let recording = record_host(dir.path(), &path, &["--runtime", &socket]);
    let run = [
        "run",
        "-d",
        "--null-io",
        "--label",
        "app=shop",
        image::FULL_NAME,
        "plain",
        "sleep",
        "1000",
    ];
    output(&mut containerd.ctr(namespace, &run));
    output(&mut containerd.ctr(
        namespace,
        &["tasks", "exec", "--exec-id", "e", "plain", "cat", "/proc/version"],
    ));
    let run = [
        "run",
        "--rm",
        "--null-io",
        "--label",
        "app=shop",
        image::FULL_NAME,
        "quick",
        "true",
    ];
    output(&mut containerd.ctr(namespace, &run));
    let sealed = recording.seal();
    assert!(sealed.status.success(), "{sealed:?}");
    let trace = Trace::open(&path).unwrap();
    for name in ["plain", "quick"] {
        let container = named(&trace, name);
        assert_eq!(
            (container.full_id.as_str(), container.runtime),
            (name, Runtime::Containerd)
        );
        let fields = [("container.image", image::FULL_NAME), ("container.label[app]", "shop")];
        check_all_events(&trace, &container, &fields);
    }
    let exec = "container.name = plain and container.entry = exec and proc.name = cat and evt.type = execve";
    assert!(count(&trace, exec) > 0);
}

/// Two pods with two containers each, as a kubelet makes them.
#[test]
fn pods_are_known_by_name_and_label() {
    let name = "pods_are_known_by_name_and_label";
    let there =
        ["containerd", "ctr"].map(|program| Command::new(program).arg("--version").stdout(Stdio::null()).status());
    if !can_run_containers(name) || !there.iter().all(Result::is_ok) && !skip(name, "containerd is not installed") {
        return;
    }
    let group = "afterimage-tests-pods";
    let containerd = Containerd::start(group);
    let mut kubelet = Kubelet::connect(containerd.place.path("c.sock"));
    let dir = tempfile::tempdir().unwrap();
    let socket = format!("cri={}", containerd.place.text("c.sock"));
    let (all, one) = (dir.path().join("all.scap"), dir.path().join("one.scap"));
    let everything = record_host(dir.path(), &all, &["--runtime", &socket]);
    // Names of pods are in files; their labels are not, and come when containerd has time.
    let selected = ["--runtime", &socket, "--namespace", "back*"];
    let selected = record_host(dir.path(), &one, &selected);
    let mut made = Vec::new();
    for (namespace, pod_name, uid, app) in [
        ("shop", "web-0", "11111111-aaaa", "web"),
        ("backend", "db-0", "22222222-bbbb", "db"),
    ] {
        let mut config = pod(NamespaceMode::Node);
        let metadata = config.metadata.as_mut().unwrap();
        (metadata.namespace, metadata.name, metadata.uid) = (namespace.into(), pod_name.into(), uid.into());
        config.labels.insert("app".into(), app.into());
        config.linux.as_mut().unwrap().cgroup_parent = format!("/{group}/kubepods/burstable/pod{uid}");
        let sandbox = kubelet.sandbox(&config);
        for container in ["app", "side"] {
            let id = kubelet.container(&sandbox, &config, container);
            let exec = ["tasks", "exec", "--exec-id", "e1", &id, "cat", "/proc/version"];
            containerd.ctr("k8s.io", &exec).output().unwrap();
            made.push((namespace, pod_name, uid, app, container, id, sandbox.clone()));
        }
    }
    // On a busy machine a runtime's answer may come after what was done above.
    std::thread::sleep(Duration::from_millis(500));
    for (.., id, _) in &made {
        let exec = ["tasks", "exec", "--exec-id", "e2", id, "cat", "/proc/version"];
        containerd.ctr("k8s.io", &exec).output().unwrap();
    }
    let (everything, selected) = (everything.seal(), selected.seal());
    drop(kubelet);
    assert!(
        everything.status.success() && selected.status.success(),
        "{everything:?} {selected:?}"
    );
    let (all, one) = (Trace::open(&all).unwrap(), Trace::open(&one).unwrap());
    for (namespace, pod_name, uid, app, container, id, sandbox) in &made {
        for trace in [&all, &one] {
            if std::ptr::eq(trace, &one) && *app != "db" {
                continue;
            }
            let containers = trace.containers();
            let found = containers
                .iter()
                .find(|c| c.full_id == *id)
                .unwrap_or_else(|| panic!("no {id}"));
            assert_eq!(found.runtime, Runtime::Cri, "{found:?}");
            let fields = [
                ("container.name", *container),
                ("container.image", image::FULL_NAME),
                ("k8s.ns.name", namespace),
                ("k8s.pod.name", pod_name),
                ("k8s.pod.uid", uid),
                ("k8s.pod.label[app]", app),
                ("k8s.pod.full_sandbox_id", sandbox),
            ];
            check_all_events(trace, found, &fields);
            let exec =
                format!("container.full_id = {id} and container.entry = exec and evt.type = execve and evt.rawres = 0");
            assert!(count(trace, &exec) > 0, "{id}");
        }
    }
    assert!(
        one.containers()
            .iter()
            .all(|c| c.pod.as_ref().is_some_and(|pod| pod.1 == "db-0"))
    );
    assert_eq!(count(&one, "not k8s.pod.name = db-0"), 0);
}
