//! A dockerd of its own: what it knows, what it tells later, and containers that are gone before anybody asks.

mod support;

use afterimage_runtimes::{Kind, Roots, Settings, Socket, survey};
use std::process::Command;
use std::time::{Duration, Instant};
use support::place::Place;
use support::{Helper, can_run, image, nowhere, output, wait_for};

struct Docker {
    place: Place,
    daemon: usize,
}

impl Docker {
    fn start() -> Docker {
        let mut place = Place::new();
        let archive = image::archive(&place.path(""));
        let daemon = place.daemon(dockerd(&place), "d.sock");
        let mut docker = Docker { place, daemon };
        output(docker.command(&["load", "-i"]).arg(archive));
        let mut farewell = Command::new("sh");
        let socket = docker.place.text("d.sock");
        farewell.args([
            "-c",
            &format!("docker -H unix://{socket} rm -f $(docker -H unix://{socket} ps -aq)"),
        ]);
        docker.place.farewell(farewell);
        docker
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command
            .arg("-H")
            .arg(format!("unix://{}", self.place.text("d.sock")))
            .args(args);
        command
    }

    fn run(&self, args: &[&str]) -> String {
        output(&mut self.command(args))
    }

    fn pid(&self, id: &str) -> u32 {
        self.run(&["inspect", "-f", "{{.State.Pid}}", id]).parse().unwrap()
    }

    fn socket(&self) -> Socket {
        Socket {
            kind: Kind::Docker,
            path: self.place.path("d.sock"),
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            sockets: vec![self.socket()],
            ..nowhere()
        }
    }

    fn roots(&self) -> Roots {
        Roots {
            docker: vec![self.place.path("data/containers")],
            runc: vec![self.place.path("exec/runtime-runc")],
            ..Roots::default()
        }
    }
}

fn dockerd(place: &Place) -> Command {
    let mut command = Command::new("dockerd");
    command
        .arg("--data-root")
        .arg(place.path("data"))
        .arg("--exec-root")
        .arg(place.path("exec"))
        .arg("--pidfile")
        .arg(place.path("d.pid"))
        .arg("-H")
        .arg(format!("unix://{}", place.text("d.sock")))
        .args(["--iptables=false", "--bridge=none"]);
    command
}

#[test]
fn dockerd_tells() {
    if !can_run("dockerd_tells", &["dockerd", "docker", "containerd", "runc", "busybox"]) {
        return;
    }
    let mut docker = Docker::start();
    everything_about_one(&docker);
    removed_before_the_question(&docker);
    asked_while_it_lives_its_short_life(&docker);
    out_of_memory(&docker);
    files_without_the_daemons_answer(&docker);
    found_by_its_processes(&docker);
    restarted(&mut docker);
}

fn everything_about_one(docker: &Docker) {
    let long = "x".repeat(4096);
    let data = docker.place.text("data");
    let id = docker.run(&[
        "run",
        "-d",
        "--name",
        "web",
        "--network",
        "none",
        "--label",
        "quoted=a \"b\"\n\u{fc} \u{6f22}\u{5b57}",
        "--label",
        &format!("long={long}"),
        "-e",
        "SECRET_TOKEN=hunter2",
        "-v",
        &format!("{data}:/data:ro"),
        image::NAME,
        "sleep",
        "1000",
    ]);
    let mut helper = Helper::start(docker.settings());
    let began = Instant::now();
    helper.ask(1, "docker", &id, Some(docker.pid(&id)));
    let known = helper.complete(1).metadata.unwrap();
    println!("TIMING docker answers after {:?}", began.elapsed());
    assert_eq!(
        (known.source.as_str(), known.name.as_str(), known.image.as_str()),
        ("docker", "web", image::NAME)
    );
    assert!(known.image_id.starts_with("sha256:"), "{}", known.image_id);
    assert_eq!(known.labels["quoted"], "a \"b\"\n\u{fc} \u{6f22}\u{5b57}");
    assert_eq!(known.labels["long"], long);
    assert!(known.env_names.contains(&"SECRET_TOKEN".into()) && known.env_names.contains(&"FROM_IMAGE".into()));
    assert!(!serde_json::to_string(&known).unwrap().contains("hunter2"));
    let mount = known.mounts.iter().find(|m| m.destination == "/data").unwrap();
    assert_eq!((mount.source.as_str(), mount.rw), (data.as_str(), false));
    assert_eq!(
        (known.privileged, known.network_mode.as_deref()),
        (Some(false), Some("none"))
    );
    assert!(known.created.is_some() && known.created <= known.started);
    assert_eq!(
        (known.finished, known.exit_code, known.restart_count),
        (None, None, Some(0))
    );

    docker.run(&["kill", "web"]);
    let ended = helper.wait("its end", 1, |a| a.last);
    assert_eq!(ended.reason, "");
    let ended = ended.metadata.unwrap();
    assert_eq!((ended.exit_code, ended.oom_killed), (Some(137), Some(false)));
    assert!(ended.finished > known.started);
    assert_eq!((ended.name, ended.labels), (known.name, known.labels));

    // Asked about when it is over.
    helper.ask(2, "docker", &id, None);
    let late = helper.complete(2);
    assert!(late.last);
    assert_eq!(late.metadata.unwrap().exit_code, Some(137));

    // No such container.
    let other = id.chars().rev().collect::<String>();
    helper.ask(3, "docker", &other, None);
    let none = helper.wait("a reason", 3, |a| a.last);
    assert_eq!(none.metadata, None);
    assert!(none.reason.contains("docker does not know it"), "{}", none.reason);
    docker.run(&["rm", "web"]);
}

fn removed_before_the_question(docker: &Docker) {
    let mut helper = Helper::start(docker.settings());
    // The answer about another one shows that it listens by now.
    helper.ask(1, "docker", &"0".repeat(64), None);
    helper.wait("anything", 1, |_| true);
    std::thread::sleep(Duration::from_millis(300));
    let ids = docker.place.path("ids");
    output(
        docker
            .command(&[
                "run",
                "--rm",
                "--name",
                "short",
                "--network",
                "none",
                "--label",
                "a=b",
                "--cidfile",
            ])
            .arg(&ids)
            .args([image::NAME, "sh", "-c", "exit 0"]),
    );
    let id = std::fs::read_to_string(ids).unwrap();
    // Removal comes after the end of `docker run`.
    std::thread::sleep(Duration::from_millis(500));
    helper.ask(2, "docker", &id, None);
    let answer = helper.wait("what its events said", 2, |a| a.last);
    let known = answer.metadata.unwrap();
    assert_eq!((known.name.as_str(), known.image.as_str()), ("short", image::NAME));
    assert_eq!((known.labels["a"].as_str(), known.exit_code), ("b", Some(0)));
    assert!(known.finished.is_some());
    assert!(answer.reason.contains("what its events said"), "{}", answer.reason);
}

fn asked_while_it_lives_its_short_life(docker: &Docker) {
    let mut helper = Helper::start(docker.settings());
    helper.ask(0, "docker", &"0".repeat(64), None);
    helper.wait("anything", 0, |_| true);
    for round in 1..8 {
        let ids = docker.place.path(&format!("ids{round}"));
        let name = format!("brief{round}");
        let mut run = docker.command(&["run", "--rm", "--network", "none", "--name", &name, "--cidfile"]);
        let mut child = run.arg(&ids).args([image::NAME, "true"]).spawn().unwrap();
        let mut id = String::new();
        wait_for("its id", || {
            id = std::fs::read_to_string(&ids).unwrap_or_default();
            id.len() == 64
        });
        // At another moment of its life in every round.
        std::thread::sleep(Duration::from_millis(100 * (round - 1)));
        helper.ask(round, "docker", &id, None);
        let known = helper.wait("its name and end", round, |a| a.last).metadata.unwrap();
        assert_eq!(
            (known.name, known.image.as_str(), known.exit_code),
            (name, image::NAME, Some(0))
        );
        assert!(child.wait().unwrap().success());
    }
}

fn out_of_memory(docker: &Docker) {
    let run = ["run", "-d", "-m", "8m", "--network", "none", image::NAME, "sh", "-c"];
    let id = docker.run(&[&run[..], &["sleep 1; tail /dev/zero"]].concat());
    let mut helper = Helper::start(docker.settings());
    helper.ask(1, "docker", &id, None);
    let ended = helper.wait("its end", 1, |a| a.last).metadata.unwrap();
    assert_eq!((ended.exit_code, ended.oom_killed), (Some(137), Some(true)));
}

fn files_without_the_daemons_answer(docker: &Docker) {
    let id = docker.run(&[
        "run",
        "-d",
        "--name",
        "noted",
        "--network",
        "none",
        "-l",
        "a=b",
        image::NAME,
    ]);
    let settings = Settings {
        roots: docker.roots(),
        ..nowhere()
    };
    let mut helper = Helper::start(settings);
    let began = Instant::now();
    helper.ask(1, "docker", &id, Some(docker.pid(&id)));
    let answer = helper.wait("the files", 1, |a| a.metadata.is_some());
    println!("TIMING docker's files answer after {:?}", began.elapsed());
    let known = answer.metadata.unwrap();
    assert_eq!((known.name.as_str(), known.image.as_str()), ("noted", image::NAME));
    assert_eq!(known.labels["a"], "b");
    assert!(
        known.capabilities.contains(&"CAP_CHOWN".into()),
        "{:?}",
        known.capabilities
    );
    assert_eq!(known.privileged, Some(false));
    assert!(
        answer.reason.contains("no runtime socket of docker is known"),
        "{}",
        answer.reason
    );
    docker.run(&["rm", "-f", "noted"]);
}

fn found_by_its_processes(docker: &Docker) {
    let id = docker.run(&["run", "-d", "--name", "hidden", "--network", "none", image::NAME]);
    let mut settings = nowhere();
    settings.discover = true;
    assert!(
        survey(&settings)
            .iter()
            .any(|f| f.path == docker.socket().path && f.answer.is_ok())
    );
    let mut helper = Helper::start(settings);
    helper.ask(1, "unknown", &id, Some(docker.pid(&id)));
    let known = helper.wait("its name", 1, |a| {
        a.metadata.as_ref().is_some_and(|m| m.name == "hidden")
    });
    assert_eq!(known.metadata.unwrap().image, image::NAME);
    docker.run(&["rm", "-f", "hidden"]);
}

fn restarted(docker: &mut Docker) {
    let id = docker.run(&["run", "-d", "--name", "again", "--network", "none", image::NAME]);
    let mut helper = Helper::start(docker.settings());
    helper.ask(1, "docker", &id, None);
    helper.complete(1);
    docker.place.stop(docker.daemon);
    // It takes its containers with it.
    assert_eq!(helper.wait("its end", 1, |a| a.last).metadata.unwrap().name, "again");
    helper.ask(2, "docker", &id, None);
    let down = helper.wait("the reason", 2, |_| true);
    assert!(
        down.reason.contains("no runtime socket of docker answers") && !down.last,
        "{}",
        down.reason
    );
    docker.daemon = docker.place.daemon(dockerd(&docker.place), "d.sock");
    let began = Instant::now();
    let known = helper
        .wait("the answer after all", 2, |a| a.metadata.is_some())
        .metadata
        .unwrap();
    println!("TIMING docker answers {:?} after it is there again", began.elapsed());
    assert_eq!(known.name, "again");
    docker.run(&["start", "again"]);
    helper.ask(3, "docker", &id, None);
    assert_eq!(helper.complete(3).metadata.unwrap().finished, None);
    docker.run(&["kill", "again"]);
    let ended = helper.wait("its end", 3, |a| a.last).metadata.unwrap();
    assert_eq!(ended.exit_code, Some(137));
}
