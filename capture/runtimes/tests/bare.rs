//! runc and crun without anybody above them: files are all there is.

mod support;

use afterimage_runtimes::{Answer, Metadata, Roots, Settings};
use std::process::{Command, Stdio};
use std::time::Instant;
use support::place::Place;
use support::{Helper, can_run, image, nowhere, output, wait_for};

const GROUP: &str = "afterimage-tests-bare";

/// A bundle whose container sleeps.
fn bundle(place: &Place, runtime: &str) {
    let bundle = place.path("bundle");
    image::root(&bundle.join("rootfs"));
    output(Command::new(runtime).arg("spec").current_dir(&bundle));
    let path = bundle.join("config.json");
    let mut config: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    config["process"]["terminal"] = false.into();
    config["process"]["args"] = serde_json::json!(["/bin/sleep", "1000"]);
    config["process"]["env"] = serde_json::json!(["PATH=/bin", "TOKEN=hunter2"]);
    config["process"]["rlimits"] = serde_json::json!([]);
    config["linux"]["cgroupsPath"] = format!("/{GROUP}/c1").into();
    let mount =
        serde_json::json!({"source": "/usr", "destination": "/data", "type": "bind", "options": ["rbind", "ro"]});
    config["mounts"].as_array_mut().unwrap().push(mount);
    std::fs::write(path, serde_json::to_vec(&config).unwrap()).unwrap();
}

fn command(place: &Place, runtime: &str, args: &[&str]) -> Command {
    let mut command = Command::new(runtime);
    command
        .arg("--root")
        .arg(place.path("state"))
        .args(args)
        .current_dir(place.path("bundle"))
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

/// Runs a container in the foreground, so that the runtime stays above it, and asks twice: with its root given, and with
/// nothing but the process.
fn check(name: &str, runtime: &str, roots: impl Fn(&Place) -> Roots) {
    if !can_run(name, &[runtime, "busybox"]) {
        return;
    }
    let mut place = Place::new();
    place.group = Some(GROUP.to_owned() + "-" + runtime);
    if runtime == "crun" && std::path::Path::new("/sys/fs/cgroup/unified").exists() {
        // crun runs beside version 1 only where version 2 has no controllers; the last of them is often this one.
        std::fs::create_dir(place.path("hugetlb")).unwrap();
        let mount = ["-t", "cgroup", "-o", "hugetlb", "cgroup"];
        let _ = Command::new("mount").args(mount).arg(place.path("hugetlb")).status();
    }
    bundle(&place, runtime);
    let config = place.path("bundle/config.json");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace(GROUP, place.group.as_ref().unwrap())).unwrap();
    place.farewell(command(&place, runtime, &["delete", "-f", "c1"]));
    let mut child = command(&place, runtime, &["run", "c1"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pid = None;
    let mut refused = false;
    wait_for("the container to run", || {
        let state = command(&place, runtime, &["state", "c1"])
            .stdout(Stdio::piped())
            .output()
            .unwrap();
        let state: serde_json::Value = serde_json::from_slice(&state.stdout).unwrap_or_default();
        pid = (state["status"] == "running").then(|| state["pid"].as_u64().unwrap() as u32);
        refused = child.try_wait().unwrap().is_some();
        pid.is_some() || refused
    });
    if refused {
        let said = child.wait_with_output().unwrap();
        support::skip(
            name,
            &format!("{runtime} refuses: {}", String::from_utf8_lossy(&said.stderr).trim()),
        );
        return;
    }
    let given = Settings {
        roots: roots(&place),
        ..nowhere()
    };
    let answer = ask(given, None, runtime);
    let known = verify(answer, runtime);
    assert!(known.created.is_some());
    let found = Settings {
        discover: true,
        ..nowhere()
    };
    verify(ask(found, pid, runtime), runtime);
    output(&mut command(&place, runtime, &["kill", "c1", "KILL"]));
    child.wait().unwrap();
    let gone = ask(nowhere(), None, runtime);
    assert_eq!(
        (gone.metadata, gone.reason.as_str(), gone.last),
        (None, "no file describes it", true)
    );
}

fn ask(settings: Settings, pid: Option<u32>, runtime: &str) -> Answer {
    let mut helper = Helper::start(settings);
    let began = Instant::now();
    helper.ask(1, "runc", "c1", pid);
    let answer = helper.wait("the files", 1, |a| a.last);
    println!("TIMING files of {runtime} answer after {:?}", began.elapsed());
    answer
}

fn verify(answer: Answer, runtime: &str) -> Metadata {
    assert_eq!(answer.reason, "");
    let known = answer.metadata.unwrap();
    assert_eq!((known.source.as_str(), known.name.as_str()), (runtime, "c1"));
    assert_eq!(known.env_names, ["PATH", "TOKEN"]);
    let mount = known.mounts.iter().find(|m| m.destination == "/data").unwrap();
    assert_eq!((mount.source.as_str(), mount.rw), ("/usr", false));
    assert!(known.capabilities.contains(&"CAP_KILL".into()));
    assert_eq!(known.privileged, Some(false));
    known
}

#[test]
fn runc_leaves_files() {
    check("runc_leaves_files", "runc", |place| Roots {
        runc: vec![place.path("state")],
        ..Roots::default()
    });
}

#[test]
fn crun_leaves_files() {
    check("crun_leaves_files", "crun", |place| Roots {
        crun: vec![place.path("state")],
        ..Roots::default()
    });
}
