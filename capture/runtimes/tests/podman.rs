//! Podman with storage and service of its own.

mod support;

use afterimage_runtimes::{Answer, Kind, Roots, Settings, Socket};
use std::process::Command;
use std::time::{Duration, Instant};
use support::place::Place;
use support::{Helper, can_run, image, nowhere, output};

struct Podman {
    place: Place,
    service: usize,
}

impl Podman {
    fn start() -> Podman {
        let mut place = Place::new();
        let archive = image::archive(&place.path(""));
        // Raising limits needs rights that a container of a test machine does not have.
        let config = "[containers]\ndefault_ulimits = []\n[engine]\ncgroup_manager = \"cgroupfs\"\nruntime = \"runc\"\n\
                      events_logger = \"file\"\n";
        std::fs::write(place.path("containers.conf"), config).unwrap();
        output(podman(&place).args(["load", "-i"]).arg(archive));
        let mut farewell = podman(&place);
        farewell.args(["rm", "-fa", "-t", "0"]);
        place.farewell(farewell);
        let service = place.daemon(serve(&place), "p.sock");
        Podman { place, service }
    }

    fn run(&self, args: &[&str]) -> String {
        output(podman(&self.place).args(args))
    }

    fn pid(&self, id: &str) -> u32 {
        self.run(&["inspect", "-f", "{{.State.Pid}}", id]).parse().unwrap()
    }

    fn settings(&self) -> Settings {
        Settings {
            sockets: vec![Socket {
                kind: Kind::Podman,
                path: self.place.path("p.sock"),
            }],
            ..nowhere()
        }
    }
}

fn podman(place: &Place) -> Command {
    let mut command = Command::new("podman");
    command
        .env("CONTAINERS_CONF", place.path("containers.conf"))
        .arg("--root")
        .arg(place.path("storage"))
        .arg("--runroot")
        .arg(place.path("run"))
        .arg("--tmpdir")
        .arg(place.path("tmp"));
    command
}

fn serve(place: &Place) -> Command {
    let mut command = podman(place);
    command
        .args(["system", "service", "-t", "0"])
        .arg(format!("unix://{}", place.text("p.sock")));
    command
}

#[test]
fn podman_tells() {
    if !can_run("podman_tells", &["podman", "conmon", "runc", "busybox"]) {
        return;
    }
    let mut podman = Podman::start();
    everything_about_one(&podman);
    removed_before_the_question(&podman);
    without_the_service(&mut podman);
}

fn everything_about_one(podman: &Podman) {
    let run = [
        "run",
        "-d",
        "--name",
        "web",
        "--network",
        "none",
        "-l",
        "quoted=a \"b\"\n\u{6f22}",
        "-e",
        "TOKEN=hunter2",
    ];
    let id = podman.run(&[&run[..], &[image::NAME]].concat());
    let mut helper = Helper::start(podman.settings());
    let began = Instant::now();
    helper.ask(1, "podman", &id, Some(podman.pid(&id)));
    let known = helper.complete(1).metadata.unwrap();
    println!("TIMING podman answers after {:?}", began.elapsed());
    assert_eq!((known.source.as_str(), known.name.as_str()), ("podman", "web"));
    assert!(known.image.ends_with(image::NAME), "{}", known.image);
    assert_eq!(known.labels["quoted"], "a \"b\"\n\u{6f22}");
    assert!(known.env_names.contains(&"TOKEN".into()));
    assert!(!serde_json::to_string(&known).unwrap().contains("hunter2"));
    assert_eq!(
        (known.privileged, known.network_mode.as_deref()),
        (Some(false), Some("none"))
    );
    assert_eq!((known.finished, known.exit_code), (None, None));
    podman.run(&["kill", "web"]);
    let ended = helper.wait("its end", 1, |a| a.last).metadata.unwrap();
    assert_eq!(ended.exit_code, Some(137));
    assert!(ended.finished > known.started);
    podman.run(&["rm", "web"]);
}

fn removed_before_the_question(podman: &Podman) {
    let mut helper = Helper::start(podman.settings());
    helper.ask(1, "podman", &"0".repeat(64), None);
    helper.wait("anything", 1, |_| true);
    std::thread::sleep(Duration::from_millis(500));
    let ids = podman.place.text("ids");
    podman.run(&[
        "run",
        "--rm",
        "--name",
        "short",
        "--network",
        "none",
        "--cidfile",
        &ids,
        image::NAME,
        "true",
    ]);
    let id = std::fs::read_to_string(ids).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    helper.ask(2, "podman", &id, None);
    let known = helper.wait("what its events said", 2, |a| a.last).metadata.unwrap();
    assert_eq!(known.name, "short");
    assert!(known.image.ends_with(image::NAME), "{}", known.image);
}

/// Without the service, which is usual, the storage and the command line of conmon tell.
fn without_the_service(podman: &mut Podman) {
    podman.place.stop(podman.service);
    let id = podman.run(&["run", "-d", "--name", "alone", "--network", "none", image::NAME]);
    let check = |settings: Settings, pid: Option<u32>| {
        let mut helper = Helper::start(settings);
        let began = Instant::now();
        helper.ask(1, "podman", &id, pid);
        // Other tests' services, which are found, too, may have to be asked first.
        let is_complete = |a: &Answer| a.metadata.is_some() && !a.reason.contains("not answered yet");
        let answer = helper.wait("the files", 1, is_complete);
        println!("TIMING podman's files answer after {:?}", began.elapsed());
        let known = answer.metadata.unwrap();
        assert_eq!((known.source.as_str(), known.name.as_str()), ("podman", "alone"));
        assert!(known.image.ends_with(image::NAME), "{}", known.image);
        assert!(known.env_names.contains(&"FROM_IMAGE".into()), "{:?}", known.env_names);
        assert!(
            answer.reason.contains("no runtime socket of podman"),
            "{}",
            answer.reason
        );
    };
    let named = Settings {
        roots: Roots {
            storage: vec![
                podman.place.path("storage/overlay-containers"),
                podman.place.path("run/overlay-containers"),
            ],
            ..Roots::default()
        },
        ..podman.settings()
    };
    check(named, None);
    let discovered = Settings {
        discover: true,
        ..nowhere()
    };
    check(discovered, Some(podman.pid(&id)));
    podman.run(&["rm", "-f", "-t", "0", "alone"]);
}
