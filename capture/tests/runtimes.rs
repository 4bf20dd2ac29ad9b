//! What container runtimes tell is in the trace: real daemons, each with a place of its own.

#[path = "../runtimes/tests/support/mod.rs"]
mod daemons;
mod support;

use afterimage_format::file::Trace;
use afterimage_format::model::Runtime;
use afterimage_query::losses;
use daemons::place::Place;
use daemons::{image, output};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::told::{check_all_events, named, record_host};
use support::{Bundle, Recording, can_record, can_run_containers, count, lost, select, skip, text, wait_for};

struct Docker {
    place: Place,
}

impl Docker {
    fn start() -> Docker {
        let mut place = Place::new();
        let archive = image::archive(&place.path(""));
        let mut daemon = Command::new("dockerd");
        for (option, name) in [("--data-root", "data"), ("--exec-root", "exec"), ("--pidfile", "d.pid")] {
            daemon.arg(option).arg(place.path(name));
        }
        let address = format!("unix://{}", place.text("d.sock"));
        daemon.args(["-H", &address, "--iptables=false", "--bridge=none"]);
        place.daemon(daemon, "d.sock");
        let mut farewell = Command::new("sh");
        farewell.args(["-c", "docker rm -f $(docker ps -aq)"]);
        farewell.env("DOCKER_HOST", &address);
        place.farewell(farewell);
        let docker = Docker { place };
        output(docker.command(&["load", "-i"]).arg(archive));
        docker
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.env("DOCKER_HOST", format!("unix://{}", self.place.text("d.sock")));
        command.args(args);
        command
    }

    /// Runs a container of the test's image.
    fn run(&self, options: &[&str], program: &[&str]) -> String {
        self.run_image(image::NAME, options, program)
    }

    fn run_image(&self, image: &str, options: &[&str], program: &[&str]) -> String {
        let mut command = self.command(&["run", "--network", "none"]);
        output(command.args(options).arg(image).args(program))
    }

    fn record(&self, trace: &Path, args: &[&str]) -> Recording {
        let socket = format!("docker={}", self.place.text("d.sock"));
        let args: Vec<&str> = args.iter().copied().chain(["--runtime", &socket]).collect();
        record_host(trace.parent().unwrap(), trace, &args)
    }
}

fn can_run_docker(name: &str) -> bool {
    let there =
        ["docker", "dockerd"].map(|program| Command::new(program).arg("--version").stdout(Stdio::null()).status());
    can_run_containers(name) && (there.iter().all(Result::is_ok) || skip(name, "Docker is not installed"))
}

/// Inode of the directory of a container's cgroup.
fn inode(path: &str) -> u64 {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    let root = mounts.lines().find(|line| line.contains(" cgroup2 ")).unwrap();
    let root = Path::new(root.split(' ').nth(1).unwrap());
    std::fs::metadata(root.join(path.trim_start_matches('/')))
        .unwrap()
        .ino()
}

#[test]
fn docker_tells_of_every_container() {
    if !can_run_docker("docker_tells_of_every_container") {
        return;
    }
    let docker = Docker::start();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let label = "a \"b\"\n\u{fc} \u{6f22}\u{5b57}\u{1b}[31m";
    let long = "x".repeat(4096);
    let before = docker.run(&["-d", "--name", "before", "--label", "app=old"], &["sleep", "1000"]);
    let recording = docker.record(&path, &[]);
    let quick = docker.run(&["--rm", "--name", "quick"], &["true"]);
    assert_eq!(quick, "");
    let (first, second) = (format!("quoted={label}"), format!("long={long}"));
    let options = [
        "-d",
        "--name",
        "web",
        "--label",
        &first,
        "--label",
        &second,
        "-e",
        "TOKEN=hunter2",
    ];
    let web = docker.run(&options, &["sh", "-c", "sleep 1; true; exit 7"]);
    let cgroup = format!("/docker/{web}");
    let ino = inode(&cgroup);
    output(&mut docker.command(&["exec", "web", "cat", "/etc/hostname"]));
    output(&mut docker.command(&["exec", "before", "cat", "/etc/hostname"]));
    output(&mut docker.command(&["wait", "web"]));
    output(&mut docker.command(&["rm", "web"]));
    // What the end of a container tells comes with an event of its own.
    std::thread::sleep(Duration::from_millis(500));
    let sealed = recording.seal();
    assert!(sealed.status.success(), "{sealed:?}");

    let trace = Trace::open(&path).unwrap();
    assert_eq!(lost(&trace), 0);
    for (name, exit) in [("quick", Some(0)), ("web", Some(7)), ("before", None)] {
        let container = named(&trace, name);
        let told = &container.told;
        assert_eq!(
            (container.runtime, told.source.as_str()),
            (Runtime::Docker, "docker"),
            "{told:?}"
        );
        assert_eq!((told.exit_code, told.missing.as_str()), (exit, ""), "{name}");
        assert_eq!((told.privileged, told.network.as_deref()), (Some(false), Some("none")));
        let image = ("container.image", image::NAME);
        check_all_events(&trace, &container, &[("container.name", name), image]);
    }
    let container = named(&trace, "web");
    assert_eq!((container.full_id.as_str(), container.cgroup_id), (web.as_str(), ino));
    assert!(
        container.labels.contains(&("quoted".into(), label.into())),
        "{:?}",
        container.labels
    );
    assert!(container.labels.contains(&("long".into(), long)));
    assert!(container.told.env.contains(&"TOKEN".to_owned()));
    assert!(
        !std::fs::read(&path)
            .unwrap()
            .windows(7)
            .any(|seven| seven == b"hunter2")
    );
    assert_eq!(named(&trace, "before").full_id, before);
    // The first program, what it started, and what came later.
    let entries = select(
        &trace,
        "container.name in (web, before, quick) and evt.type = execve and evt.rawres = 0",
        |row| text(row, "%container.name %container.entry %proc.cmdline"),
    );
    for expected in [
        "quick main true",
        "web main sh -c sleep 1; true; exit 7",
        "web exec cat /etc/hostname",
        "before exec cat /etc/hostname",
    ] {
        assert!(
            entries.iter().any(|entry| entry == expected),
            "{expected}: {entries:#?}"
        );
    }
    // The shell, its sleep (`true` is the shell itself), and what entered.
    assert_eq!((container.processes, named(&trace, "quick").processes), (3, 1));
    // On a terminal nothing of it is raw.
    let line = select(&trace, "container.name = web", |row| {
        text(row, "%container.label[quoted]")
    });
    assert!(
        line.iter().all(|line| !line.contains(['\n', '\u{1b}'])),
        "{:?}",
        line[0]
    );
}

/// An image that only one test has.
const SELECTED: &str = "selected-test:1";

#[test]
fn names_images_and_labels_select() {
    if !can_run_docker("names_images_and_labels_select") {
        return;
    }
    let docker = Docker::start();
    // Other tests make containers meanwhile, and the recorder finds their daemons, too.
    output(&mut docker.command(&["tag", image::NAME, SELECTED]));
    let dir = tempfile::tempdir().unwrap();
    docker.run_image(
        SELECTED,
        &["-d", "--name", "old", "--label", "app=selected"],
        &["sleep", "1000"],
    );
    docker.run_image(SELECTED, &["-d", "--name", "other"], &["sleep", "1000"]);
    for (at, (selection, names)) in [
        (["--container", "old"], &["old"][..]),
        (["--container", "new"], &["new"]),
        (["--label", "app=sel*"], &["old", "new"]),
        (["--image", "selected-*"], &["old", "new", "other", "another"]),
        (["--image", "selected-*:2"], &[]),
    ]
    .into_iter()
    .enumerate()
    {
        let path = dir.path().join(format!("{at}.scap"));
        let recording = docker.record(&path, &selection);
        docker.run_image(
            SELECTED,
            &["--rm", "--name", "new", "--label", "app=selected"],
            &["cat", "/etc/hostname"],
        );
        docker.run_image(SELECTED, &["--rm", "--name", "another"], &["cat", "/etc/hostname"]);
        for name in ["old", "other"] {
            output(&mut docker.command(&["exec", name, "cat", "/etc/hostname"]));
        }
        let sealed = recording.seal();
        // Whoever asks for what never comes is told so.
        assert_eq!(sealed.status.success(), !names.is_empty(), "{selection:?}: {sealed:?}");
        let trace = Trace::open(&path).unwrap();
        let mut found: Vec<String> = trace.containers().into_iter().filter_map(|c| c.name).collect();
        found.sort();
        let mut expected = names.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "{selection:?}");
        assert_eq!(count(&trace, "container.id = host"), 0, "{selection:?}");
        for name in names {
            let reads = format!(
                "container.name = {name} and evt.type = execve and proc.cmdline = 'cat /etc/hostname' and evt.rawres = 0"
            );
            assert_eq!(count(&trace, &reads), 1, "{selection:?}: {name}");
        }
    }
}

#[test]
fn podman_tells() {
    let name = "podman_tells";
    let there = Command::new("podman").arg("--version").stdout(Stdio::null()).status();
    if !can_run_containers(name) || there.is_err() && !skip(name, "Podman is not installed") {
        return;
    }
    let mut place = Place::new();
    let archive = image::archive(&place.path(""));
    let settings = place.path("containers.conf");
    let text = "[containers]\ndefault_ulimits=[]\n[engine]\ncgroup_manager=\"cgroupfs\"\nruntime=\"runc\"\nevents_logger=\"file\"\n";
    std::fs::write(&settings, text).unwrap();
    let folders = [("--root", "root"), ("--runroot", "run"), ("--tmpdir", "tmp")];
    let folders = folders.map(|(option, name)| (option, place.path(name)));
    let podman = |args: &[&str]| {
        let mut command = Command::new("podman");
        for (option, folder) in &folders {
            command.arg(option).arg(folder);
        }
        command.env("CONTAINERS_CONF", &settings).args(args);
        command
    };
    output(podman(&["load", "-i"]).arg(&archive));
    place.farewell(podman(&["rm", "-fa"]));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    // Names and images are in files; labels only Podman's service tells.
    let mut service = podman(&["system", "service", "--time", "0"]);
    service.arg(format!("unix://{}", place.text("p.sock")));
    place.daemon(service, "p.sock");
    let socket = format!("podman={}", place.text("p.sock"));
    let recording = record_host(dir.path(), &path, &["--runtime", &socket]);
    let run = [
        "run",
        "-d",
        "--network",
        "none",
        "--name",
        "web",
        "--label",
        "app=shop",
        image::NAME,
    ];
    let id = output(podman(&run).args(["sleep", "1000"]));
    output(&mut podman(&["exec", "web", "cat", "/etc/hostname"]));
    // Podman's service takes its time to answer, and labels are nowhere else.
    std::thread::sleep(Duration::from_secs(1));
    output(&mut podman(&["rm", "-f", "-t", "0", "web"]));
    let sealed = recording.seal();
    assert!(sealed.status.success(), "{sealed:?}");
    let trace = Trace::open(&path).unwrap();
    let container = named(&trace, "web");
    assert_eq!(
        (container.full_id.as_str(), container.runtime),
        (id.as_str(), Runtime::Podman)
    );
    assert!(
        container
            .image
            .as_ref()
            .is_some_and(|image| image.ends_with(image::NAME))
    );
    check_all_events(&trace, &container, &[("container.label[app]", "shop")]);
    assert!(
        count(
            &trace,
            "container.name = web and container.entry = exec and evt.type = execve"
        ) > 0
    );
}

/// Nothing is missed, however short the lives and however many at once.
#[test]
fn short_lives_are_all_there() {
    if !can_run_containers("short_lives_are_all_there") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let recording = record_host(dir.path(), &path, &[]);
    let id = |at: usize| format!("ai{}short{at}", std::process::id());
    // 200 in a row would take half a minute; what is met one after the other is the same.
    let (in_a_row, at_once) = (40, 20);
    for at in 0..in_a_row {
        let bundle = Bundle::new(dir.path(), &id(at), &["/bin/true"]);
        assert!(bundle.run(&id(at)).status.success());
    }
    let bundles: Vec<Bundle> = (in_a_row..in_a_row + at_once)
        .map(|at| Bundle::new(dir.path(), &id(at), &["/bin/true"]))
        .collect();
    let started: Vec<_> = bundles
        .iter()
        .enumerate()
        .map(|(at, bundle)| {
            let mut command = bundle.runc(&["run", &id(in_a_row + at)]);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    for mut child in started {
        assert!(child.wait().unwrap().success());
    }
    let sealed = recording.seal();
    assert!(sealed.status.success(), "{sealed:?}");
    let trace = Trace::open(&path).unwrap();
    assert_eq!(lost(&trace), 0);
    let containers = trace.containers();
    for at in 0..in_a_row + at_once {
        let id = id(at);
        let container = containers
            .iter()
            .find(|c| c.full_id == id)
            .unwrap_or_else(|| panic!("no {id}"));
        assert!(
            container.birth > 0 && container.death > container.birth,
            "{container:?}"
        );
        let of = format!("container.full_id = {id} and container.entry = main and proc.name = true");
        assert_eq!(count(&trace, &format!("{of} and evt.type = execve")), 1, "{id}");
        assert_eq!(count(&trace, &format!("{of} and evt.type = procexit")), 1, "{id}");
    }
}

/// A runtime that never answers, or answers something else, takes nothing from a recording but what only it knows.
#[test]
fn runtimes_that_do_not_answer_are_in_nobodys_way() {
    let name = "runtimes_that_do_not_answer_are_in_nobodys_way";
    if !can_run_containers(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let silent = dir.path().join("silent.sock");
    let _listener = UnixListener::bind(&silent).unwrap();
    let garbage = dir.path().join("garbage.sock");
    let talker = UnixListener::bind(&garbage).unwrap();
    std::thread::spawn(move || {
        for stream in talker.incoming() {
            let _ = std::io::Write::write_all(&mut stream.unwrap(), &vec![0xff; 100_000]);
        }
    });
    let path = dir.path().join("t.scap");
    let (silent, garbage) = (
        format!("docker={}", silent.display()),
        format!("containerd={}", garbage.display()),
    );
    let missing = format!("cri={}", dir.path().join("missing.sock").display());
    let recording = record_host(
        dir.path(),
        &path,
        &["--runtime", &silent, "--runtime", &garbage, "--runtime", &missing],
    );
    let id = format!("ai{}lonely", std::process::id());
    let bundle = Bundle::new(dir.path(), &id, &["/bin/true"]);
    assert!(bundle.run(&id).status.success());
    // As Docker names them, but it is none of Docker's.
    let stranger = "0123456789abcdef".repeat(4);
    let bundle = Bundle::new(dir.path(), &format!("docker/{stranger}"), &["/bin/true"]);
    assert!(
        bundle
            .run(&format!("ai{}stranger", std::process::id()))
            .status
            .success()
    );
    std::thread::sleep(Duration::from_millis(2500));
    let began = Instant::now();
    let sealed = recording.seal();
    assert!(sealed.status.success(), "{sealed:?}");
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "it took {:?} to seal",
        began.elapsed()
    );
    let trace = Trace::open(&path).unwrap();
    assert_eq!(lost(&trace), 0);
    let containers = trace.containers();
    let find = |id: &str| containers.iter().find(|c| c.full_id == id).unwrap();
    assert!(find(&id).events > 0);
    let told = &find(&stranger).told;
    // Which one it was that did not answer; daemons of other tests, which are found, too, may say that they do not know it.
    let is_said = ["silent.sock", "does not know it"]
        .iter()
        .any(|said| told.missing.contains(said));
    assert!(is_said, "{told:?}");
    assert!(count(&trace, "container.missing exists") > 0);
}

/// The recorder starts at once and knows all of them.
#[test]
fn a_thousand_containers_at_the_start() {
    let name = "a_thousand_containers_at_the_start";
    if !can_record(name) {
        return;
    }
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    let Some(root) = mounts.lines().find(|line| line.contains(" cgroup2 ")) else {
        skip(name, "no cgroup v2");
        return;
    };
    let root = Path::new(root.split(' ').nth(1).unwrap()).join(format!("afterimage-{}", std::process::id()));
    std::fs::create_dir(&root).unwrap();
    let id = |at: usize| format!("{at:064x}");
    for at in 0..1000 {
        std::fs::create_dir(root.join(id(at))).unwrap();
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let recording = record_host(dir.path(), &path, &[]);
    let sealed = recording.seal();
    for at in 0..1000 {
        std::fs::remove_dir(root.join(id(at))).unwrap();
    }
    wait_for("the cgroup to be empty", || std::fs::remove_dir(&root).is_ok());
    let trace = Trace::open(&path).unwrap();
    assert!(
        sealed.status.success(),
        "{sealed:?} {:?}",
        losses(&trace, None, None).records
    );
    let containers = trace.containers();
    let below = format!("/afterimage-{}/", std::process::id());
    let ours = containers.iter().filter(|c| c.cgroup.starts_with(&below));
    assert_eq!(ours.count(), 1000);
}
