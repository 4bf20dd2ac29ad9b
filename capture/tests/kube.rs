//! Pods under Kubernetes: who owns them, as an API server says, and who asked for what was brought into them, as its audit
//! log says. Pods and containers are real (containerd's Kubernetes interface), the API server is a stand-in and the log has
//! the shape of the real events in the corpus.

#[path = "../runtimes/tests/support/mod.rs"]
mod daemons;
mod support;

use afterimage_format::file::Trace;
use afterimage_format::model::Container;
use afterimage_query::TraceContext;
use afterimage_query::check::TimeZone;
use afterimage_query::reconstruct::{Options, Phrases, reconstruct};
use daemons::containerd::Containerd;
use daemons::kubelet::{Kubelet, pod};
use k8s_cri::v1::NamespaceMode;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use support::apiserver::{ApiServer, Mood, NODE, object};
use support::told::record_host;
use support::{Bundle, Recording, can_run_containers, count, select, skip, text, wait_for};

/// An entry of the audit log as the API server writes it when the connection of an exec is there.
fn exec_entry(id: &str, user: &str, ip: &str, command: &[&str]) -> String {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    let (days, rest) = (micros / 86_400_000_000, micros % 86_400_000_000);
    // Days of the common era to a date (Hinnant's algorithm), so that no crate is needed for it.
    let z = days as i64 + 719_468;
    let era = z / 146_097;
    let day = z - era * 146_097;
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let in_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * in_year + 2) / 153;
    let (d, m) = (
        in_year - (153 * month + 2) / 5 + 1,
        if month < 10 { month + 3 } else { month - 9 },
    );
    let y = year + era * 400 + i64::from(m <= 2);
    let seconds = rest / 1_000_000;
    let time = format!(
        "{y:04}-{m:02}-{d:02}T{:02}:{:02}:{:02}.{:06}Z",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        rest % 1_000_000
    );
    let query: Vec<String> = command
        .iter()
        .map(|part| format!("command={}", part.replace(' ', "+").replace(';', "%3B")))
        .collect();
    serde_json::json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Request", "auditID": id, "stage": "ResponseStarted",
        "requestURI": format!("/api/v1/namespaces/shop/pods/web-0/exec?{}&container=app&stdin=true&tty=true", query.join("&")),
        "verb": "create", "user": {"username": user, "groups": ["dev", "system:authenticated"]}, "sourceIPs": [ip],
        "userAgent": "kubectl/v1.33.1", "objectRef": {"resource": "pods", "namespace": "shop", "name": "web-0",
            "apiVersion": "v1", "subresource": "exec"}, "responseStatus": {"metadata": {}, "code": 101},
        "requestReceivedTimestamp": time, "stageTimestamp": time,
        "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "RBAC: allowed"},
    })
    .to_string()
}

fn append(path: &Path, line: &str) {
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// A pod of a deployment, a job's pod that comes later, execs of several users: owners, node and users are for all events.
#[test]
fn owners_and_users_are_for_all_events() {
    let name = "owners_and_users_are_for_all_events";
    let there =
        ["containerd", "ctr"].map(|program| Command::new(program).arg("--version").stdout(Stdio::null()).status());
    if !can_run_containers(name) || !there.iter().all(Result::is_ok) && !skip(name, "containerd is not installed") {
        return;
    }
    let (group, web, job) = ("afterimage-tests-kube", "4b1d0000-kube-web0", "4b1d0000-kube-job0");
    let containerd = Containerd::start(group);
    let mut kubelet = Kubelet::connect(containerd.place.path("c.sock"));
    let dir = tempfile::tempdir().unwrap();
    let (log, path) = (dir.path().join("audit.log"), dir.path().join("t.scap"));
    std::fs::write(&log, "").unwrap();
    // The first one is in the list, the second one comes by the watch.
    let pods = vec![
        object("shop", "web-0", web, Some(("apps/v1", "ReplicaSet", "web-7f", "rs-1"))),
        object("shop", "backup-x", job, Some(("batch/v1", "Job", "backup-29", "j-1"))),
    ];
    let server = ApiServer::start(dir.path(), Mood::Good, pods);
    let kube = format!("--kube={}", server.kubeconfig().display());
    let socket = format!("cri={}", containerd.place.text("c.sock"));
    let args = [
        "--runtime",
        &socket,
        &kube,
        "--kube-node",
        NODE,
        "--k8s-audit",
        log.to_str().unwrap(),
    ];
    let recording = record_host(dir.path(), &path, &args);
    let mut containers = Vec::new();
    for (pod_name, uid) in [("web-0", web), ("backup-x", job)] {
        let mut config = pod(NamespaceMode::Node);
        let metadata = config.metadata.as_mut().unwrap();
        (metadata.namespace, metadata.name, metadata.uid) = ("shop".into(), pod_name.into(), uid.into());
        config.linux.as_mut().unwrap().cgroup_parent = format!("/{group}/kubepods/burstable/pod{uid}");
        let sandbox = kubelet.sandbox(&config);
        containers.push(kubelet.container(&sandbox, &config, "app"));
    }
    let exec = |id: &str, command: &[&str]| {
        let args = [&["tasks", "exec", "--exec-id", id, &containers[0]], command].concat();
        assert!(containerd.ctr("k8s.io", &args).output().unwrap().status.success());
    };
    // The entry first; then one that comes late; then one that nobody asked for; then two users with the same.
    append(
        &log,
        &exec_entry("id-1", "alice", "10.0.0.7", &["sh", "-c", "cat /proc/version; true"]),
    );
    exec("e1", &["sh", "-c", "cat /proc/version; true"]);
    let late = exec_entry("id-2", "bob", "10.0.0.8", &["cat", "/proc/uptime"]);
    exec("e2", &["cat", "/proc/uptime"]);
    exec("e3", &["cat", "/proc/meminfo"]);
    std::thread::sleep(Duration::from_secs(2));
    append(&log, &late);
    let same = |user: &str| exec_entry(&format!("id-{user}"), user, "10.0.0.9", &["cat", "/proc/stat"]);
    append(&log, &same("carol"));
    append(&log, &same("dave"));
    exec("e4", &["cat", "/proc/stat"]);
    exec("e5", &["cat", "/proc/stat"]);
    std::thread::sleep(Duration::from_millis(500));
    // What must be nowhere: the token.
    let lines = std::fs::read_dir("/proc").unwrap().flatten();
    let said = lines.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    assert!(
        !said
            .into_iter()
            .any(|line| String::from_utf8_lossy(&line).contains(&server.token))
    );
    let sealed = recording.seal();
    drop(kubelet);
    assert!(sealed.status.success(), "{sealed:?}");
    let asked = server.asked.lock().unwrap().clone();
    assert!(asked.iter().any(|path| path.contains("watch=true")), "{asked:?}");
    assert!(
        !std::fs::read(&path)
            .unwrap()
            .windows(server.token.len())
            .any(|w| w == server.token.as_bytes())
    );

    let trace = Trace::open(&path).unwrap();
    let found = |id: &String| -> Container { trace.containers().into_iter().find(|c| c.full_id == *id).unwrap() };
    let here = format!("container.full_id = {}", containers[0]);
    let node = "k8s.node.name = node-1 and k8s.node.label[topology.kubernetes.io/zone] = eu-1 and k8s.node.labels contains disk:ssd";
    let owned = "k8s.rs.name = web-7f and k8s.rs.id = rs-1 and k8s.deployment.name = web and k8s.deployment.id = d-1 \
        and k8s.owners = 'ReplicaSet/web-7f,Deployment/web' and not k8s.missing exists";
    let total = count(&trace, &here);
    assert!(total > 0);
    assert_eq!(
        count(&trace, &format!("{here} and {node} and {owned}")),
        total,
        "{:#?}",
        found(&containers[0]).kube
    );
    let other = format!("container.full_id = {}", containers[1]);
    let by_watch = format!("{other} and k8s.job.name = backup-29 and k8s.cronjob.name = backup and {node}");
    assert_eq!(
        count(&trace, &by_watch),
        count(&trace, &other),
        "{:#?}",
        found(&containers[1]).kube
    );

    // The shell and what it started, from its first instruction on; and its program's own events.
    let by = |user: &str| format!("{here} and k8s.exec.user = {user}");
    let execs = |filter: &str| {
        select(
            &trace,
            &format!("{filter} and evt.type = execve and evt.rawres = 0 and not proc.exepath contains runc"),
            |row| text(row, "%proc.cmdline"),
        )
    };
    let of_alice = execs(&by("alice"));
    // Busybox' shell calls its own programs `exe`.
    assert!(
        of_alice[0] == "sh -c cat /proc/version; true" && of_alice[1].ends_with(" /proc/version"),
        "{of_alice:?}"
    );
    assert_eq!(of_alice.len(), 2);
    assert_eq!(execs(&by("bob")), ["cat /proc/uptime"]);
    let whole = "k8s.exec.sourceips intersects (10.0.0.7) and k8s.exec.groups intersects (dev) and k8s.exec.auditid = id-1 \
        and k8s.exec.command = 'sh -c cat /proc/version; true' and k8s.exec.time exists and container.entry in (exec, init)";
    assert_eq!(
        count(&trace, &format!("{} and {whole}", by("alice"))),
        count(&trace, &by("alice"))
    );
    assert!(count(&trace, &format!("{} and fd.name = /proc/version", by("alice"))) > 0);
    let nobody = format!("{here} and proc.cmdline = 'cat /proc/meminfo'");
    assert!(count(&trace, &nobody) > 0 && count(&trace, &format!("{nobody} and k8s.exec.user exists")) == 0);
    let doubtful = format!("{here} and proc.cmdline = 'cat /proc/stat'");
    assert_eq!(count(&trace, &format!("{doubtful} and k8s.exec.user exists")), 0);
    assert_eq!(
        count(
            &trace,
            &format!("{doubtful} and k8s.exec.missing contains carol and k8s.exec.missing contains dave")
        ),
        count(&trace, &doubtful)
    );
    // The story says it, too.
    let context = TraceContext::new(&trace, TimeZone::Utc);
    let story = reconstruct(&trace, &context, &Options::default());
    let phrases = Phrases {
        story: &story,
        zone: TimeZone::Utc,
    };
    let entries = story.chapters.iter().flat_map(|chapter| &chapter.entries);
    let lines: Vec<String> = entries
        .map(|e| {
            format!(
                "{} {}: {}",
                phrases.verb(e),
                phrases.object(e),
                phrases.notes(e).join("; ")
            )
        })
        .collect();
    let told = |parts: &[&str]| lines.iter().any(|line| parts.iter().all(|part| line.contains(part)));
    assert!(
        told(&["exec", "cat /proc/version; true", "exec by alice from 10.0.0.7"]),
        "{lines:#?}"
    );
    assert!(
        told(&["exec", "cat /proc/stat", "asked for by several at the same time"]),
        "{lines:#?}"
    );
    assert!(
        told(&["k8s bob asked to create pods/exec shop/web-0: 101"]),
        "{lines:#?}"
    );
    // The entries are events of their container.
    let entries = format!(
        "{here} and evt.type = k8s_audit and ka.target.subresource = exec and k8s.pod.name = web-0 and ka.uri.param[container] = app"
    );
    assert_eq!(count(&trace, &entries), 4);
    assert_eq!(count(&trace, "evt.type = k8s_audit and ka.target.pod.name = web-0"), 4);
}

/// A container of a pod with a cgroup as under Kubernetes, without any runtime to ask.
fn bare_pod(dir: &Path, group: &str, uid: &str) -> (Bundle, String) {
    let id = "ab".repeat(32);
    let bundle = Bundle::new(dir, "kube", &["sleep", "1000"]);
    let path = dir.join("bundle-kube/config.json");
    let mut config: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    config["linux"]["cgroupsPath"] = format!("/{group}/kubepods/pod{uid}/{id}").into();
    std::fs::write(&path, config.to_string()).unwrap();
    (bundle, id)
}

/// Removes the groups of a test in every hierarchy.
struct Groups(&'static str);

impl Drop for Groups {
    fn drop(&mut self) {
        fn remove(path: &Path) {
            for below in std::fs::read_dir(path).into_iter().flatten().flatten() {
                if below.file_type().is_ok_and(|t| t.is_dir()) {
                    remove(&below.path());
                }
            }
            let _ = std::fs::remove_dir(path);
        }
        remove(&Path::new("/sys/fs/cgroup").join(self.0));
        for hierarchy in std::fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten() {
            remove(&hierarchy.path().join(self.0));
        }
    }
}

/// Whatever an API server does costs its information and nothing else; when it mends its ways, it is heard.
#[test]
fn api_servers_that_misbehave_are_in_nobodys_way() {
    let name = "api_servers_that_misbehave_are_in_nobodys_way";
    if !can_run_containers(name) {
        return;
    }
    let group = Groups("afterimage-tests-kube-bad");
    let dir = tempfile::tempdir().unwrap();
    let uid = "4b1d0000-kube-bad0";
    let (bundle, id) = bare_pod(dir.path(), group.0, uid);
    let pods = || {
        vec![object(
            "shop",
            "web-0",
            uid,
            Some(("apps/v1", "StatefulSet", "web", "s-1")),
        )]
    };
    assert!(
        bundle
            .runc(&["run", "-d", "kube-bad"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    );
    let check = |mood: Mood, reasons: &[&str]| {
        let mut server = ApiServer::start(dir.path(), mood, pods());
        let kube = format!("--kube={}", server.kubeconfig().display());
        let path = dir.path().join(format!(
            "{}.scap",
            format!("{mood:?}").to_lowercase().replace(['(', ')'], "-")
        ));
        let scope = format!("/{}", group.0);
        let recording = Recording::start(
            dir.path(),
            &path,
            &[
                "--cgroup",
                &scope,
                "--runtime",
                "none",
                &kube,
                "--kube-node",
                NODE,
                "--quiet",
            ],
        );
        for _ in 0..3 {
            assert!(
                bundle
                    .runc(&["exec", "kube-bad", "cat", "/proc/version"])
                    .stdout(Stdio::null())
                    .status()
                    .unwrap()
                    .success()
            );
        }
        wait_for("the API server to be asked", || {
            !server.asked.lock().unwrap().is_empty()
        });
        std::thread::sleep(Duration::from_millis(700));
        let sealed = recording.seal();
        assert!(sealed.status.success(), "{mood:?} {sealed:?}");
        server.end();
        let trace = Trace::open(&path).unwrap();
        let here = format!("container.full_id = {id}");
        assert!(count(&trace, &format!("{here} and proc.name = cat")) > 0);
        let container = trace.containers().into_iter().find(|c| c.full_id == id).unwrap();
        let missing = &container.kube.missing;
        assert!(
            reasons.iter().any(|reason| missing.contains(reason)),
            "{mood:?}: {missing}"
        );
        assert!(
            !missing.contains('\u{1b}') && !missing.contains(&server.token),
            "{missing}"
        );
        assert_eq!(
            count(&trace, &format!("{here} and k8s.missing exists")),
            count(&trace, &here),
            "{mood:?}"
        );
    };
    check(Mood::Refuses(401), &["401 Unauthorized", "credentials are not valid"]);
    check(Mood::Refuses(403), &["it needs: list and watch of pods"]);
    check(Mood::Refuses(500), &["500"]);
    check(Mood::Garbage, &["not understood"]);
    check(Mood::Endless, &["more than 16 MiB", "not answered yet"]);
    check(Mood::Hangs, &["not answered yet", "no answer within"]);

    // One that is not there, comes, and is restarted.
    let mut server = ApiServer::start(dir.path(), Mood::Good, pods());
    let kube = format!("--kube={}", server.kubeconfig().display());
    server.end();
    let path = dir.path().join("later.scap");
    let scope = format!("/{}", group.0);
    let recording = Recording::start(
        dir.path(),
        &path,
        &[
            "--cgroup",
            &scope,
            "--runtime",
            "none",
            &kube,
            "--kube-node",
            NODE,
            "--quiet",
        ],
    );
    std::thread::sleep(Duration::from_millis(500));
    server.listen();
    let asked = |server: &ApiServer, what: &str| {
        server
            .asked
            .lock()
            .unwrap()
            .iter()
            .filter(|path| path.contains(what))
            .count()
    };
    wait_for("the list of pods", || asked(&server, "watch=true") > 0);
    server.end();
    std::thread::sleep(Duration::from_millis(300));
    server.listen();
    wait_for("it to be asked again", || asked(&server, "watch=true") > 1);
    // As KUBECONFIG says.
    let doctor = support::capture()
        .arg("doctor")
        .env("KUBECONFIG", dir.path().join("kubeconfig"))
        .env("NODE_NAME", NODE)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(said.contains("Kubernetes: API server v1.33.1, answers in"), "{said}");
    let sealed = recording.seal();
    assert!(sealed.status.success(), "{sealed:?}");
    let trace = Trace::open(&path).unwrap();
    let container = trace.containers().into_iter().find(|c| c.full_id == id).unwrap();
    let kube = &container.kube;
    assert_eq!(
        (kube.owners[0].name.as_str(), kube.missing.as_str()),
        ("web", ""),
        "{kube:?}"
    );
    // Names of a pod that no runtime told.
    assert_eq!(container.pod.as_ref().map(|pod| pod.1.as_str()), Some("web-0"));
    let _ = bundle.runc(&["delete", "-f", "kube-bad"]).status();
}
