//! Options of the agent's configuration, each with the real recorder: what is on disk from before the memory's time, keys and
//! recipients, who may use the socket, pods and namespaces over it.

#[path = "../runtimes/tests/support/mod.rs"]
mod daemons;
mod support;

use afterimage_format::evidence::Identity;
use afterimage_format::file::{OpenOptions, Trace, verify};
use daemons::containerd::Containerd;
use daemons::kubelet::{Kubelet, pod};
use k8s_cri::v1::NamespaceMode;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use support::agent::Agent;
use support::{Bundle, can_run_containers, capture, count, has, holds, lost, select, text, wait_for};

fn own(name: &str) -> String {
    format!("afterimage-{name}-{}", std::process::id())
}

/// A container that asks for a file with the next number, twenty times a second.
fn counting(dir: &Path, id: &str, marker: &str, times: u32) -> Bundle {
    let script =
        format!("i=0; while [ $i -lt {times} ]; do cat /data/{marker}-$i- 2>/dev/null; i=$((i+1)); sleep 0.05; done");
    Bundle::new(dir, id, &["/bin/sh", "-c", &script])
}

/// The numbers that a container has asked for, in the order of the trace.
fn numbers(trace: &Trace, marker: &str) -> Vec<u32> {
    let names = select(
        trace,
        "evt.type = openat and proc.name = cat and evt.rawres < 0",
        |row| text(row, "%evt.arg.name"),
    );
    let number = |name: &String| {
        name.split_once(&format!("/{marker}-"))?
            .1
            .trim_end_matches('-')
            .parse()
            .ok()
    };
    names.iter().filter_map(number).collect()
}

fn without_gaps_or_doubles(found: &[u32]) {
    assert!(
        found.len() > 1 && found.windows(2).all(|pair| pair[0] + 1 == pair[1]),
        "{found:?}"
    );
}

/// The memory has a second, the disk the rest: of a container that has gone, of one that goes on, and of the node.
#[test]
fn what_memory_has_no_more_comes_from_disk() {
    let name = "what_memory_has_no_more_comes_from_disk";
    if !can_run_containers(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (gone, going) = (own("gone"), own("going"));
    let ring = dir.path().join("ring");
    // Two hundred events a second: a file is full in a few seconds.
    let config = format!(
        "[recording.scope]\ncontainers = ['{gone}', '{going}']\n[ring]\ntime = '1s'\n[ring.disk]\nfolder = '{}'\nsize = '800KiB'\n\
         [captures]\npre = '2m'\npost = '500ms'\n[retention]\nmin_free = '0'\n",
        ring.display()
    );
    // What an earlier agent left has to go where there is too much, and is nobody's pre-roll.
    std::fs::create_dir(&ring).unwrap();
    std::fs::write(ring.join("ring-00000000.0001.scap"), vec![0; 2 << 20]).unwrap();
    let agent = Agent::start(dir.path(), &config);
    let first = counting(dir.path(), &gone, "of-the-gone", 40);
    let second = counting(dir.path(), &going, "of-the-going", 10_000);
    let running = second.start(&going);
    running.wait_until_it_runs();
    assert!(first.run(&gone).status.success());
    // Longer than the recorder remembers containers that have gone, where nothing of theirs is kept.
    std::thread::sleep(Duration::from_secs(13));
    let files = std::fs::read_dir(&ring).unwrap().count();
    assert!(files >= 2, "{files}: it was to be about several files");
    assert!(agent.metric("ring_span_seconds") < 5.0);

    let ask = |args: &[&str]| {
        let answer = agent.trigger(args);
        assert!(answer["ok"] == true && answer["joined"] == false, "{answer}");
        answer["capture"].as_str().unwrap().to_owned()
    };
    let captures = [
        ask(&["--container", &gone]),
        ask(&["--container", &going]),
        ask(&["--node"]),
    ];
    let summaries = captures.each_ref().map(|id| agent.ended(id));
    for summary in &summaries {
        assert_eq!(
            (summary["result"].as_str(), summary["losses"]["events"].as_u64()),
            (Some("complete"), Some(0)),
            "{summary}"
        );
    }
    let [of_gone, of_going, of_all] = captures.each_ref().map(|id| agent.trace(id));
    assert_eq!(numbers(&of_gone, "of-the-gone"), (0..40).collect::<Vec<_>>());
    assert_eq!(count(&of_gone, "evt.type = procexit and proc.name = sh"), 1);
    for trace in [&of_going, &of_all] {
        let found = numbers(trace, "of-the-going");
        without_gaps_or_doubles(&found);
        assert!(found[0] == 0 && found.len() > 100, "{found:?}");
    }
    assert_eq!(numbers(&of_all, "of-the-gone"), (0..40).collect::<Vec<_>>());
    for (trace, id, other) in [(&of_gone, &gone, "of-the-going"), (&of_going, &going, "of-the-gone")] {
        assert_eq!(count(trace, &format!("not container.id = {id}")), 0);
        assert!(!holds(trace, other) && lost(trace) == 0);
    }
    assert!(
        of_all.segment(0).unwrap().zone().keyframe,
        "what was alive at the beginning is not known"
    );
    // A shorter one begins where it was asked to.
    let short = ask(&["--container", &going, "--pre", "5s"]);
    agent.ended(&short);
    let found = numbers(&agent.trace(&short), "of-the-going");
    without_gaps_or_doubles(&found);
    assert!(found[0] > 0 && (40..130).contains(&found.len()), "{found:?}");
    wait_for("the old ring to leave", || {
        // It is looked at every half minute, and whenever a capture has ended.
        !ring.join("ring-00000000.0001.scap").exists()
    });
    drop(running);
}

fn key(dir: &Path) -> PathBuf {
    let key = dir.join("key");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&key)
        .status();
    assert!(made.unwrap().success());
    key
}

/// An encrypted capture is for whoever has the identity. What stands beside it in plain text is what docs/operate.md says.
#[test]
fn an_encrypted_capture_is_for_its_recipient() {
    let name = "an_encrypted_capture_is_for_its_recipient";
    if !can_run_containers(name) || !has(name, "ssh-keygen") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (identity, other) = (Identity::generate(), Identity::generate());
    let id = own("sealed");
    let config = format!(
        "[recording.scope]\ncontainers = ['{id}']\n[captures]\npre = '60s'\npost = '500ms'\nsign_key = '{}'\nencrypt_to = ['{}']\n",
        key(dir.path()).display(),
        identity.recipient()
    );
    let agent = Agent::start(dir.path(), &config);
    let bundle = Bundle::new(dir.path(), &id, &["/bin/sh", "-c", "cat /data/a-secret-name"]);
    std::fs::write(bundle.data().join("a-secret-name"), "what-the-file-says").unwrap();
    assert!(bundle.run(&id).status.success());
    std::thread::sleep(Duration::from_millis(1200));
    let answer = agent.trigger(&["--container", &id, "--reason", "a-reason-nobody-else-knows"]);
    let capture = answer["capture"].as_str().unwrap_or_else(|| panic!("{answer}"));
    let summary = agent.ended(capture);
    assert_eq!(summary["result"], "complete", "{summary}");

    let path = agent.folder().join(format!("{capture}.scap"));
    assert!(Trace::open(&path).is_err());
    let open = |identity: Identity| {
        let identities = vec![identity];
        Trace::open_with(&path, &OpenOptions { identities })
    };
    assert!(open(other).is_err());
    let trace = open(identity).unwrap();
    assert_eq!(count(&trace, "fd.name endswith a-secret-name and evt.type = read"), 2);
    let alert = trace.attachment(&trace.attachments()[0]).unwrap();
    assert!(String::from_utf8_lossy(&alert).contains("a-reason-nobody-else-knows"));
    // Signed as well, which can be checked without the identity.
    assert!(trace.signatures().len() == 1 && trace.signatures()[0].valid);
    assert!(verify(&path, &[]).unwrap().is_intact());

    let has = |bytes: &[u8], marker: &str| bytes.windows(marker.len()).any(|part| part == marker.as_bytes());
    let bytes = std::fs::read(&path).unwrap();
    let hidden = [
        "a-secret-name",
        "what-the-file-says",
        "a-reason-nobody-else-knows",
        &id,
        "/bin/sh",
    ];
    for marker in hidden {
        assert!(!has(&bytes, marker), "{marker} can be read");
    }
    // The side-car says who and why, and nothing of what was done.
    let beside = std::fs::read(agent.folder().join(format!("{capture}.json"))).unwrap();
    assert!(has(&beside, &id) && has(&beside, "a-reason-nobody-else-knows"));
    for marker in ["a-secret-name", "what-the-file-says", "/bin/sh", "cat"] {
        assert!(!has(&beside, marker), "{marker} is beside it");
    }
    let of_owner = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (of_owner(&path), of_owner(&path.with_extension("json"))),
        (0o600, 0o600)
    );
}

/// Keys and recipients that are none are said before anything is recorded.
#[test]
fn keys_that_are_none_are_said_at_once() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("no-key"), "nothing\n").unwrap();
    let no_key = format!("[captures]\nsign_key = '{}'\n", dir.path().join("no-key").display());
    let http = "[http]\nlisten = ['127.0.0.1:8765']\n";
    let source = format!("{http}[[source]]\nkind = 'falco'\nauth = {{ token_file = '/nowhere/token' }}\n");
    let tls = format!("{http}[http.tls]\ncert = '/nowhere/cert'\nkey = '/nowhere/key'\n");
    for (text, said) in [
        (no_key.as_str(), &["sign_key", "no-key"][..]),
        ("[captures]\nsign_key = '/nowhere/key'\n", &["sign_key", "/nowhere/key"]),
        ("[captures]\nencrypt_to = ['age1nobody']\n", &["encrypt_to", "line"]),
        // With nothing there would be no capture.
        (
            "[captures]\nmax_size = '0'\n",
            &["max_size", "line", "more than nothing"],
        ),
        ("[captures]\nat_once = 0\n", &["at_once", "line", "nonzero"]),
        (
            "[ring.disk]\nfolder = '/nowhere/ring'\nsize = '0MiB'\n",
            &["size", "line", "more than nothing"],
        ),
        // What only the helper reads.
        (source.as_str(), &["source[0].auth", "/nowhere/token"]),
        (tls.as_str(), &["http.tls", "/nowhere/key"]),
        (
            "[deliver]\nstate = '/nowhere/state'\n[[webhook]]\nname = 'chat'\nurl = 'https://example.org/'\ntoken_env = 'AFTERIMAGE_NOT_SET'\n",
            &["webhook[0]", "AFTERIMAGE_NOT_SET"],
        ),
    ] {
        support::agent::write_config(dir.path(), text);
        let mut check = capture();
        check
            .args(["agent", "--check", "--config"])
            .arg(dir.path().join("agent.toml"));
        let output = check.output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && said.iter().all(|part| error.contains(part)),
            "{error}"
        );
    }
    assert!(!Path::new("/nowhere").exists(), "a check makes nothing");
}

/// The recorder where anybody can run it.
fn program_for_all(dir: &Path) -> PathBuf {
    std::fs::set_permissions(dir, PermissionsExt::from_mode(0o755)).unwrap();
    let program = dir.join("capture-for-all");
    let built = env!("CARGO_BIN_EXE_capture");
    if std::fs::hard_link(built, &program).is_err() {
        std::fs::copy(built, &program).unwrap();
    }
    program
}

/// As another user, who is nobody's member but of `groups`.
fn as_user(program: &Path, dir: &Path, groups: &str, args: &[&str]) -> Output {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "47110", "--regid", "47110"]);
    match groups {
        "" => command.arg("--clear-groups"),
        groups => command.args(["--groups", groups]),
    };
    command
        .arg(program)
        .arg("trigger")
        .arg("--socket")
        .arg(dir.join("s"))
        .args(args);
    command.output().unwrap()
}

#[test]
fn members_of_the_group_may_use_the_socket() {
    let name = "members_of_the_group_may_use_the_socket";
    if !can_run_containers(name) || !has(name, "setpriv") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let program = program_for_all(dir.path());
    let id = own("members");
    let config = |mode: &str| {
        format!(
            "[trigger.socket]\ngroup = '47555'\nmode = '{mode}'\n[recording.scope]\ncontainers = ['{id}']\n[captures]\npost = '200ms'\n"
        )
    };
    let trigger = ["--container", &id];
    let said = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    {
        let mut agent = Agent::start(dir.path(), &config("0660"));
        let bundle = Bundle::new(dir.path(), &id, &["/bin/sleep", "60"]);
        let running = bundle.start(&id);
        running.wait_until_it_runs();
        wait_for("the container to be known", || agent.trigger(&trigger)["ok"] == true);
        let member = as_user(&program, dir.path(), "47555", &trigger);
        assert!(member.status.success(), "{member:?}");
        // The kernel refuses.
        let stranger = as_user(&program, dir.path(), "47556", &trigger);
        assert!(
            !stranger.status.success() && said(&stranger).contains("Permission denied"),
            "{stranger:?}"
        );
        assert!(said(&stranger).contains("group"), "{stranger:?}");
        // Captures are root's all the same.
        let folder = std::fs::metadata(agent.folder()).unwrap().permissions().mode() & 0o777;
        assert_eq!(folder, 0o700);
        assert_eq!(agent.stop(), Some(0));
    }
    // The agent refuses, whatever the rights of the socket are.
    let agent = Agent::start(dir.path(), &config("0666"));
    let stranger = as_user(&program, dir.path(), "", &trigger);
    assert!(
        !stranger.status.success() && said(&stranger).contains("only root and the group of `group`"),
        "{stranger:?}"
    );
    let own_group = as_user(&program, dir.path(), "47556,47555", &["--pid", "1"]);
    // It may ask; that process is not in the scope.
    assert!(said(&own_group).contains("no process 1"), "{own_group:?}");
    assert!(agent.log().contains("somebody may not use the socket") && agent.log().contains("47110"));
}

const NAMESPACE: &str = "afterimage-sock";

/// A pod by namespace and name, by its uid, and all of a namespace.
#[test]
fn pods_and_namespaces_are_captured_over_the_socket() {
    let name = "pods_and_namespaces_are_captured_over_the_socket";
    if !can_run_containers(name) || !has(name, "containerd") || !has(name, "ctr") {
        return;
    }
    let group = "afterimage-tests-agent-options";
    let containerd = Containerd::start(group);
    let mut kubelet = Kubelet::connect(containerd.place.path("c.sock"));
    let dir = tempfile::tempdir().unwrap();
    let config = format!(
        "runtimes = ['cri={}']\nkernel_ring = '64MiB'\n[captures]\npre = '60s'\npost = '1s'\n",
        containerd.place.text("c.sock")
    );
    let agent = Agent::start(dir.path(), &config);
    let made = [
        ("web-0", NAMESPACE),
        ("db-0", NAMESPACE),
        ("web-0", "afterimage-elsewhere"),
    ]
    .map(|(pod_name, namespace)| {
        let mut config = pod(NamespaceMode::Node);
        let metadata = config.metadata.as_mut().unwrap();
        let uid = format!("uid-{namespace}-{pod_name}");
        (metadata.namespace, metadata.name, metadata.uid) = (namespace.into(), pod_name.into(), uid.clone());
        config.linux.as_mut().unwrap().cgroup_parent = format!("/{group}/kubepods/burstable/pod{uid}");
        let sandbox = kubelet.sandbox(&config);
        (uid, kubelet.container(&sandbox, &config, "app"))
    });
    let exec = |round: u32| {
        for (uid, id) in &made {
            let at = format!("e{round}");
            let mut command = containerd.ctr("k8s.io", &["tasks", "exec", "--exec-id", &at, id, "cat"]);
            // It is not there; that the call is recorded is what counts.
            let _ = command.arg(format!("/own-{uid}-")).output().unwrap();
        }
    };
    exec(0);
    let pod_name = format!("{NAMESPACE}/web-0");
    let cases = [
        (vec!["--pod", pod_name.as_str()], &made[..1]),
        (vec!["--pod", made[2].0.as_str()], &made[2..]),
        (vec!["--namespace", NAMESPACE], &made[..2]),
    ];
    let began = Instant::now();
    let ids = cases.each_ref().map(|(args, meant)| {
        let mut answer = Value::Null;
        // Names come when containerd has time.
        wait_for("the names of the pods", || {
            answer = agent.trigger(args);
            let all = meant
                .iter()
                .all(|(_, id)| answer["scope"].as_str().is_some_and(|text| text.contains(&id[..12])));
            if !all {
                assert!(answer["ok"] == true || answer["status"] == 404, "{answer}");
                std::thread::sleep(Duration::from_millis(1100));
            }
            all
        });
        answer["capture"].as_str().unwrap().to_owned()
    });
    exec(1);
    println!("three captures begun after {:?}", began.elapsed());
    for ((args, meant), id) in cases.iter().zip(&ids) {
        let summary = agent.ended(id);
        assert_eq!(summary["result"], "complete", "{summary}");
        let trace = agent.trace(id);
        for (uid, container) in &made {
            let is_meant = meant.iter().any(|(of, _)| of == uid);
            assert_eq!(holds(&trace, &format!("/own-{uid}-")), is_meant, "{args:?}: {uid}");
            assert_eq!(
                count(&trace, &format!("container.full_id = {container}")) > 0,
                is_meant,
                "{args:?}: {uid}"
            );
        }
        let scope = summary["scope"]["containers"].as_array().unwrap();
        let known: Vec<&str> = scope.iter().filter_map(|one| one["full_id"].as_str()).collect();
        assert_eq!(
            count(&trace, &format!("not container.full_id in ({})", known.join(", "))),
            0,
            "{args:?}"
        );
    }
    // Nothing of a pod that is not there.
    let nobody = agent.trigger(&["--pod", &format!("{NAMESPACE}/cache-0")]);
    assert!(
        nobody["status"] == 404 && nobody["error"].as_str().unwrap().contains("cache-0"),
        "{nobody}"
    );
    drop(kubelet);
}
