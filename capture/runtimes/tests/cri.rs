//! A pod with two containers: the test is the kubelet of a containerd of its own.

mod support;

use afterimage_runtimes::{Answer, Kind, Metadata, Roots, Settings, survey};
use k8s_cri::v1::NamespaceMode;
use std::time::{Duration, Instant};
use support::containerd::Containerd;
use support::kubelet::{GROUP, Kubelet, UID, pod};
use support::{Helper, can_run, image};

#[test]
fn cri_tells() {
    if !can_run("cri_tells", &["containerd", "ctr", "runc", "busybox"]) {
        return;
    }
    let containerd = Containerd::start(GROUP);
    let mut kubelet = Kubelet::connect(containerd.place.path("c.sock"));
    let config = pod(NamespaceMode::Node);
    let sandbox = kubelet.sandbox(&config);
    let app = kubelet.container(&sandbox, &config, "app");
    let side = kubelet.container(&sandbox, &config, "side");

    let settings = containerd.settings(&[Kind::Cri]);
    let found = survey(&settings);
    assert!(
        found[0].answer.as_ref().unwrap().1.starts_with("containerd "),
        "{found:?}"
    );
    let mut helper = Helper::start(settings);
    let began = Instant::now();
    helper.ask(1, "cri", &app, Some(containerd.pid("k8s.io", &app)));
    let known = helper.complete(1).metadata.unwrap();
    println!("TIMING cri answers after {:?}", began.elapsed());
    check(&known, "app", &sandbox);
    helper.ask(2, "cri", &side, None);
    check(&helper.complete(2).metadata.unwrap(), "side", &sandbox);
    helper.ask(3, "cri", &sandbox, None);
    let pause = helper.complete(3).metadata.unwrap();
    assert!(pause.is_sandbox);
    assert_eq!(pause.pod.unwrap().labels["app"], "shop");

    // The list is looked at once in a while; nobody tells.
    kubelet.stop(&app);
    let ended = helper.wait("its end", 1, |a| a.last).metadata.unwrap();
    assert_eq!(ended.exit_code, Some(137));
    assert!(ended.finished > ended.started);
    check(&ended, "app", &sandbox);

    with_containerds_events(&containerd, &mut kubelet, &side);
    files_alone(&containerd, &sandbox, &side);
    if std::path::Path::new("/usr/lib/cni/ptp").exists() {
        with_an_address(&containerd, &mut kubelet);
    } else {
        support::skip("cri_tells: with_an_address", "the plugins of CNI are not installed");
    }
    drop(kubelet);
}

fn check(known: &Metadata, name: &str, sandbox: &str) {
    assert_eq!((known.source.as_str(), known.name.as_str()), ("cri", name));
    assert_eq!(known.image, image::FULL_NAME);
    assert!(known.image_id.starts_with("sha256:"), "{known:?}");
    assert_eq!(known.labels["io.kubernetes.container.name"], name);
    assert_eq!((known.restart_count, known.is_sandbox), (Some(2), false));
    assert!(known.env_names.contains(&"PASSWORD".into()));
    assert!(!serde_json::to_string(known).unwrap().contains("hunter2"));
    let mount = known.mounts.iter().find(|m| m.destination == "/data").unwrap();
    assert_eq!((mount.source.as_str(), mount.rw), ("/usr", false));
    assert!(known.capabilities.contains(&"CAP_CHOWN".into()) && known.privileged == Some(false));
    let pod = known.pod.as_ref().unwrap();
    assert_eq!(
        (pod.namespace.as_str(), pod.name.as_str(), pod.uid.as_str()),
        ("shop", "web-0", UID)
    );
    assert_eq!(pod.labels["tier"], "front \u{6f22}");
    assert_eq!(pod.sandbox_id, sandbox);
}

/// With the same socket's other language, an end is known at once.
fn with_containerds_events(containerd: &Containerd, kubelet: &mut Kubelet, side: &str) {
    let mut helper = Helper::start(containerd.settings(&[Kind::Cri, Kind::Containerd]));
    helper.ask(1, "cri", side, None);
    helper.complete(1);
    std::thread::sleep(Duration::from_millis(500));
    let began = Instant::now();
    kubelet.stop(side);
    let ended: Answer = helper.wait("its end", 1, |a| a.last);
    println!(
        "TIMING the end is known {:?} after the call to stop it",
        began.elapsed()
    );
    assert_eq!(ended.metadata.unwrap().exit_code, Some(137));
}

fn files_alone(containerd: &Containerd, sandbox: &str, side: &str) {
    let settings = Settings {
        roots: Roots {
            tasks: vec![containerd.place.path("state/io.containerd.runtime.v2.task")],
            ..Roots::default()
        },
        ..containerd.settings(&[])
    };
    let mut helper = Helper::start(settings);
    helper.ask(1, "cri", sandbox, None);
    let answer = helper.wait("the files", 1, |_| true);
    let known = answer.metadata.unwrap();
    let pod = known.pod.unwrap();
    assert!(known.is_sandbox);
    assert_eq!((pod.namespace.as_str(), pod.name.as_str()), ("shop", "web-0"));
    assert!(
        answer.reason.contains("no runtime socket of cri is known"),
        "{}",
        answer.reason
    );
    // Its bundle is gone with it.
    helper.ask(2, "cri", side, None);
    assert_eq!(helper.wait("nothing", 2, |_| true).metadata, None);
}

fn with_an_address(containerd: &Containerd, kubelet: &mut Kubelet) {
    let config = pod(NamespaceMode::Pod);
    let sandbox = kubelet.sandbox(&config);
    let app = kubelet.container(&sandbox, &config, "app");
    let mut helper = Helper::start(containerd.settings(&[Kind::Cri]));
    helper.ask(1, "cri", &app, None);
    let known = helper.complete(1).metadata.unwrap();
    let ip = known.pod.unwrap().ip.unwrap();
    assert!(ip.starts_with("10.213.77."), "{ip}");
    assert_eq!(known.ips, [ip]);
}
