//! Who is tied to what, and who is not.

use super::*;

const SECOND: u64 = 1_000_000_000;
const BEGIN: u64 = 1_000 * SECOND;

fn process(pid: u32, tenths: u64, argv: &str) -> Process {
    Process {
        container: 7,
        pid,
        start: BEGIN + tenths * SECOND / 10 - 5,
        time: BEGIN + tenths * SECOND / 10,
        argv: argv.replace(' ', "\0").into_bytes(),
        cut: false,
        script: false,
    }
}

fn entry(user: &str, tenths: u64, command: &str) -> Entry {
    Entry {
        audit_id: format!("{user}-{tenths}"),
        stage: "ResponseStarted".into(),
        user: user.into(),
        source_ips: vec!["10.0.0.7".into()],
        namespace: "shop".into(),
        resource: "pods".into(),
        subresource: "exec".into(),
        name: "web-0".into(),
        container: "app".into(),
        command: command.split(' ').map(str::to_owned).collect(),
        code: Some(101),
        requested: BEGIN + tenths * SECOND / 10,
        ..Entry::default()
    }
}

fn web() -> Container {
    Container {
        key: 7,
        name: Some("app".into()),
        pod: Some(("shop".into(), "web-0".into(), "u".into())),
        ..Container::default()
    }
}

/// Pid and user of each tie; `?` where it is not known.
fn told(container: &Container) -> Vec<(u32, String)> {
    let user = |exec: &KubeExec| match exec.missing.is_empty() {
        true => exec.user.clone(),
        false => "?".to_owned(),
    };
    container.kube.execs.iter().map(|exec| (exec.pid, user(exec))).collect()
}

fn put(ties: &mut Ties, entry: &Entry) {
    ties.entry(entry, entry.command.join("\0").into_bytes());
}

#[track_caller]
fn check(processes: &[Process], entries: &[Entry], expected: &[(u32, &str)]) {
    let expected: Vec<(u32, String)> = expected.iter().map(|(pid, user)| (*pid, (*user).to_owned())).collect();
    for reversed in [false, true] {
        let mut ties = Ties::default();
        let mut container = web();
        let mut entries: Vec<&Entry> = entries.iter().collect();
        if reversed {
            entries.reverse();
        }
        // One after the other, as they come.
        for entry in entries {
            put(&mut ties, entry);
            ties.tell([&mut container].into_iter());
        }
        processes.iter().for_each(|process| ties.process(process.clone()));
        ties.tell([&mut container].into_iter());
        assert_eq!(told(&container), expected);
        assert!(!ties.has_news());
    }
}

#[test]
fn the_process_of_a_request() {
    check(
        &[process(1, 2, "sh -c id")],
        &[entry("alice", 0, "sh -c id")],
        &[(1, "alice")],
    );
    // A clock that is ahead, a slow start; too far away, and something else.
    check(&[process(1, 0, "sh")], &[entry("alice", 9, "sh")], &[(1, "alice")]);
    check(&[process(1, 99, "sh")], &[entry("alice", 0, "sh")], &[(1, "alice")]);
    check(&[process(1, 0, "sh")], &[entry("alice", 11, "sh")], &[]);
    check(&[process(1, 101, "sh")], &[entry("alice", 0, "sh")], &[]);
    check(&[process(1, 2, "sh -c id2")], &[entry("alice", 0, "sh -c id")], &[]);
    // A probe, and a second one that nobody asked for.
    check(
        &[process(1, 2, "sh"), process(2, 3, "cat"), process(3, 4, "sh")],
        &[entry("alice", 0, "sh")],
        &[(1, "alice")],
    );
}

#[test]
fn several_at_the_same_time() {
    let two = [process(1, 2, "sh"), process(2, 5, "sh")];
    check(
        &two,
        &[entry("alice", 0, "sh"), entry("bob", 3, "sh")],
        &[(1, "?"), (2, "?")],
    );
    check(
        &two,
        &[entry("alice", 0, "sh"), entry("alice", 3, "sh")],
        &[(1, "alice"), (2, "alice")],
    );
    check(
        &[process(1, 2, "sh"), process(2, 52, "sh")],
        &[entry("alice", 0, "sh"), entry("bob", 50, "sh")],
        &[(1, "alice"), (2, "bob")],
    );
    // A slow start could be either's.
    check(
        &[process(1, 49, "sh"), process(2, 52, "sh")],
        &[entry("alice", 0, "sh"), entry("bob", 50, "sh")],
        &[(1, "?"), (2, "?")],
    );
    // Different commands are told apart whatever the time.
    check(
        &[process(1, 2, "sh"), process(2, 3, "bash")],
        &[entry("bob", 0, "bash"), entry("alice", 0, "sh")],
        &[(1, "alice"), (2, "bob")],
    );
    // One process and two who asked.
    check(
        &[process(1, 4, "sh")],
        &[entry("alice", 0, "sh"), entry("bob", 2, "sh")],
        &[(1, "?")],
    );
}

#[test]
fn other_containers_and_requests_that_were_refused() {
    let other = |change: fn(&mut Entry)| {
        let mut other = entry("alice", 0, "sh");
        change(&mut other);
        check(&[process(1, 2, "sh")], &[other], &[]);
    };
    other(|entry| entry.container = "side".into());
    other(|entry| entry.name = "web-1".into());
    other(|entry| entry.namespace = "prod".into());
    other(|entry| entry.code = Some(403));
    other(|entry| entry.subresource = "attach".into());
    other(|entry| entry.stage = "RequestReceived".into());
    let mut unnamed = entry("alice", 0, "sh");
    unnamed.container.clear();
    check(&[process(1, 2, "sh")], &[unnamed], &[(1, "alice")]);
}

#[test]
fn commands_as_they_are_recorded() {
    let cut = Process {
        cut: true,
        ..process(1, 2, "sh -c lon")
    };
    check(&[cut], &[entry("alice", 0, "sh -c longer")], &[(1, "alice")]);
    let script = |argv: &str| Process {
        script: true,
        ..process(1, 2, argv)
    };
    check(&[script("/bin/sh /s x")], &[entry("alice", 0, "/s x")], &[(1, "alice")]);
    check(
        &[script("/bin/sh -e /s x")],
        &[entry("alice", 0, "/s x")],
        &[(1, "alice")],
    );
    check(&[script("/bin/sh /s")], &[entry("alice", 0, "s")], &[(1, "alice")]);
    check(&[script("/bin/sh /s x y")], &[entry("alice", 0, "/s x")], &[]);
}

#[test]
fn names_that_become_known_later_and_stages_of_one_request() {
    let mut ties = Ties::default();
    let mut container = Container { pod: None, ..web() };
    ties.process(process(1, 2, "sh"));
    let started = entry("alice", 0, "sh");
    put(&mut ties, &started);
    put(
        &mut ties,
        &Entry {
            stage: "ResponseComplete".into(),
            code: Some(200),
            ..started
        },
    );
    ties.tell([&mut container].into_iter());
    assert_eq!(told(&container), []);
    container.pod = web().pod;
    ties.look_again();
    assert!(ties.has_news());
    ties.tell([&mut container].into_iter());
    assert_eq!(told(&container), [(1, "alice".to_owned())]);
    // Probes push it out of what is remembered, not out of the container.
    (0..2 * OF_A_CONTAINER as u32).for_each(|at| ties.process(process(10 + at, 3, "probe")));
    assert!(ties.processes.len() <= OF_A_CONTAINER);
    ties.tell([&mut container].into_iter());
    assert_eq!(told(&container), [(1, "alice".to_owned())]);
}
