//! Containers that `ctr` makes in a containerd of its own: no names, no pods, but labels and namespaces.

mod support;

use afterimage_runtimes::{Kind, Roots, Settings};
use std::process::Command;
use std::time::{Duration, Instant};
use support::containerd::{Containerd, NAMESPACE};
use support::{Helper, can_run, image, nowhere};

#[test]
fn containerd_tells() {
    if !can_run("containerd_tells", &["containerd", "ctr", "runc", "busybox"]) {
        return;
    }
    let mut containerd = Containerd::start(NAMESPACE);
    let mut farewell = Command::new("sh");
    let ctr = format!("ctr -a {} -n {NAMESPACE}", containerd.place.text("c.sock"));
    let each = format!("{ctr} tasks kill -s 9 $id; {ctr} tasks rm -f $id; {ctr} containers rm $id");
    farewell.args(["-c", &format!("for id in $({ctr} containers list -q); do {each}; done")]);
    containerd.place.farewell(farewell);
    everything_about_one(&containerd);
    removed_before_the_question(&containerd);
    found_by_its_shim(&containerd);
    stopped_for_a_while(&containerd);
    ended_while_it_was_away(&mut containerd);
}

fn start(containerd: &Containerd, id: &str) {
    let run = [
        "run",
        "-d",
        "--null-io",
        "--label",
        "quoted=a \"b\" \u{6f22}",
        "--env",
        "TOKEN=hunter2",
    ];
    containerd.run(&[&run[..], &[image::FULL_NAME, id, "sleep", "1000"]].concat());
}

fn everything_about_one(containerd: &Containerd) {
    start(containerd, "plain");
    let mut helper = Helper::start(containerd.settings(&[Kind::Containerd]));
    let began = Instant::now();
    helper.ask(1, "containerd", "plain", Some(containerd.pid(NAMESPACE, "plain")));
    let known = helper.complete(1).metadata.unwrap();
    println!("TIMING containerd answers after {:?}", began.elapsed());
    assert_eq!((known.source.as_str(), known.name.as_str()), ("containerd", "plain"));
    assert_eq!(known.image, image::FULL_NAME);
    assert!(known.image_digest.unwrap().starts_with("sha256:"));
    assert_eq!(known.labels["quoted"], "a \"b\" \u{6f22}");
    assert!(known.env_names.contains(&"TOKEN".into()) && known.env_names.contains(&"FROM_IMAGE".into()));
    assert_eq!(known.privileged, Some(false));
    assert!(known.created.is_some() && known.finished.is_none());
    // Nobody said in which namespace it is.
    helper.ask(2, "containerd", "plain", None);
    assert_eq!(helper.complete(2).metadata.unwrap().name, "plain");
    containerd.run(&["tasks", "kill", "-s", "9", "plain"]);
    let ended = helper.wait("its end", 1, |a| a.last).metadata.unwrap();
    assert_eq!(ended.exit_code, Some(137));
    assert!(ended.finished > ended.created);
}

fn removed_before_the_question(containerd: &Containerd) {
    let mut helper = Helper::start(containerd.settings(&[Kind::Containerd]));
    helper.ask(1, "containerd", "nobody", None);
    helper.wait("anything", 1, |_| true);
    std::thread::sleep(Duration::from_millis(300));
    let state = containerd.place.text("runc");
    containerd.run(&[
        "run",
        "--rm",
        "--label",
        "a=b",
        "--null-io",
        "--runc-root",
        &state,
        image::FULL_NAME,
        "short",
        "true",
    ]);
    std::thread::sleep(Duration::from_millis(300));
    helper.ask(2, "containerd", "short", None);
    let answer = helper.wait("what its events said", 2, |a| a.last);
    let known = answer.metadata.unwrap();
    assert_eq!((known.image.as_str(), known.exit_code), (image::FULL_NAME, Some(0)));
    assert_eq!((known.name.as_str(), known.labels["a"].as_str()), ("short", "b"));
    assert!(answer.reason.contains("what its events said"), "{}", answer.reason);
}

fn found_by_its_shim(containerd: &Containerd) {
    start(containerd, "hidden");
    let mut settings = nowhere();
    settings.discover = true;
    let mut helper = Helper::start(settings);
    helper.ask(1, "unknown", "hidden", Some(containerd.pid(NAMESPACE, "hidden")));
    let first = helper.wait("its bundle", 1, |_| true).metadata.unwrap();
    assert!(first.env_names.contains(&"TOKEN".into()));
    let known = helper.complete(1).metadata.unwrap();
    assert_eq!(known.image, image::FULL_NAME);
}

/// A daemon that is alive and does not answer: what the files say comes at once, the rest when it goes on.
fn stopped_for_a_while(containerd: &Containerd) {
    let settings = Settings {
        roots: Roots {
            tasks: vec![containerd.place.path("state/io.containerd.runtime.v2.task")],
            ..Roots::default()
        },
        ..containerd.settings(&[Kind::Containerd])
    };
    let mut helper = Helper::start(settings);
    helper.ask(1, "containerd", "hidden", None);
    helper.complete(1);
    containerd.place.signal(containerd.daemon, libc::SIGSTOP);
    let began = Instant::now();
    helper.ask(2, "containerd", "hidden", None);
    let files = helper.wait("the files", 2, |a| a.metadata.is_some());
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(files.metadata.unwrap().env_names.contains(&"TOKEN".into()));
    let reason = helper.wait("the reason", 2, |a| a.reason.contains("timed out")).reason;
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert!(reason.contains("no runtime socket of containerd answers"), "{reason}");
    containerd.place.signal(containerd.daemon, libc::SIGCONT);
    assert_eq!(helper.complete(2).metadata.unwrap().image, image::FULL_NAME);
}

fn ended_while_it_was_away(containerd: &mut Containerd) {
    let pid = containerd.pid(NAMESPACE, "hidden");
    let mut helper = Helper::start(containerd.settings(&[Kind::Containerd]));
    helper.ask(1, "containerd", "hidden", None);
    helper.complete(1);
    containerd.stop();
    // SAFETY: kill has no memory effects.
    assert_eq!(unsafe { libc::kill(pid as i32, libc::SIGKILL) }, 0);
    containerd.restart();
    let ended = helper.wait("its end", 1, |a| a.last).metadata.unwrap();
    assert_eq!(
        (ended.name.as_str(), ended.image.as_str()),
        ("hidden", image::FULL_NAME)
    );
    assert_eq!(ended.exit_code, Some(137));
}
