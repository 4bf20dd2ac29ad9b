//! Stories from made-up events: what is told and what is folded.

mod incident;
mod told;

use afterimage_format::file::Trace;
use afterimage_format::model::Value::{Bytes, Int};
use afterimage_query::check::TimeZone;
use afterimage_query::reconstruct::{Options, reconstruct};
use afterimage_query::{Filter, TraceContext};
use incident::{READ, Recorder, WRITE};
use told::{WEB, check, check_with, lines, story, web};

#[test]
fn noise_is_counted_and_not_told() {
    let noisy = |r: &mut Recorder| {
        r.open(1002, 3, "/etc/ld.so.cache", READ)
            .open(1002, 3, "/lib/libc.so.6", READ)
            .read(1002, 3, "ELF");
        r.open(1002, 3, "/proc/self/status", READ)
            .open(1002, 3, "/dev/null", WRITE)
            .write(1002, 3, "x");
        r.open_fails(1002, "/usr/local/bin/x", READ, -2);
    };
    check(noisy, &[]);
    check_with(
        &Options {
            all: true,
            ..Options::default()
        },
        noisy,
        &[
            "httpd(1002) start as a copy of its parent [root]",
            "sh(1002) open /etc/ld.so.cache",
            "sh(1002) read /lib/libc.so.6 3 B",
            "sh(1002) open /proc/self/status",
            "sh(1002) write /dev/null 1 B [new or emptied; after reading /lib/libc.so.6]",
            "sh(1002) open /usr/local/bin/x: failed, ENOENT",
        ],
    );
    let mut recorder = web();
    noisy(&mut recorder);
    let chapters = story(&recorder.seal(), &Options::default()).chapters;
    assert_eq!((chapters[0].folded, chapters[0].events), (6, 11));
}

#[test]
fn what_is_refused_or_matters_is_told_even_if_it_fails() {
    check(
        |r| {
            r.open_fails(1002, "/srv/private", READ, -13)
                .open_fails(1002, "/root/.ssh/id_rsa", READ, -2);
            r.open_fails(1002, "/srv/private", READ, -13);
            r.call(1002, "execve", -13, &[Int(-13), Bytes(b"/tmp/x")]).call(
                1002,
                "execve",
                -2,
                &[Int(-2), Bytes(b"/tmp/y")],
            );
            r.call(1002, "setuid", -1, &[Int(-1), Int(0)]);
        },
        &[
            "sh(1002) open /srv/private: refused, EACCES",
            "! sh(1002) open /root/.ssh/id_rsa: failed, ENOENT [private key]",
            "sh(1002) exec /tmp/x: refused, EACCES [root]",
            "! sh(1002) setuid to root again: refused, EPERM",
        ],
    );
}

#[test]
fn a_birth_is_told_where_the_copy_does_something() {
    check(
        |r| {
            r.fork(1002, 1003).at(11).exit(1003, 0);
            r.at(12)
                .fork(1002, 1004)
                .at(13)
                .open(1004, 3, "/tmp/x", WRITE)
                .exit(1004, 0);
            r.at(14)
                .fork(1002, 1005)
                .fork(1005, 1006)
                .at(15)
                .exec(1006, "/bin/id", &["id"])
                .exit(1006, 0);
        },
        &[
            "sh(1004) start as a copy of its parent [root; exit 0 after 1.0 ms]",
            "sh(1004) write /tmp/x 0 B [new or emptied]",
            "sh(1005) start as a copy of its parent [root]",
            "id(1006) exec /bin/id [root; exit 0]",
        ],
    );
}

#[test]
fn a_long_list_of_files_is_cut_short() {
    let reads = |r: &mut Recorder| {
        for n in 0..100 {
            r.open(1002, 3, &format!("/data/{}/{n}", n % 7), READ)
                .read(1002, 3, "abc");
        }
        r.open(1002, 3, "/etc/shadow", READ);
    };
    let mut recorder = web();
    reads(&mut recorder);
    let recorded = recorder.seal();
    let told = lines(&recorded, &Options::default());
    let reads = told.iter().filter(|line| line.contains("read /data")).count();
    assert_eq!(reads, 12);
    assert!(
        told.contains(&"sh(1002) read 88 more files below /data, 264 B (--all shows)".to_string()),
        "{told:#?}"
    );
    assert!(
        told.contains(&"! sh(1002) open /etc/shadow [password hashes]".to_string()),
        "what matters is always told"
    );
    let all = lines(
        &recorded,
        &Options {
            all: true,
            ..Options::default()
        },
    );
    assert_eq!(all.iter().filter(|line| line.contains("read /data")).count(), 100);
}

#[test]
fn the_common_directory_of_a_long_list_may_be_none() {
    let places: [(&[&str], &str); 4] = [
        (&["/a/b/x", "/a/b/c/y"], " below /a/b"),
        (&["/a/b/x", "/a/bc/y"], " below /a"),
        (&["/a/x", "/b/y"], ""),
        (&["rel/x", "other/y", "z"], ""),
    ];
    for (paths, place) in places {
        let mut recorder = web();
        for n in 0..12 {
            recorder.call(1002, "unlink", 0, &[Int(0), Bytes(format!("/first/{n}").as_bytes())]);
        }
        for path in paths {
            recorder.call(1002, "unlinkat", 0, &[Int(0), Int(55), Bytes(path.as_bytes()), Int(0)]);
        }
        let told = lines(&recorder.seal(), &Options::default());
        let expected = format!("sh(1002) delete {} more files{place} (--all shows)", paths.len());
        assert!(told.contains(&expected), "{expected}: {told:#?}");
    }
}

#[test]
fn damage_is_told_and_nothing_panics() {
    let mut recorder = web();
    recorder
        .at(10)
        .open(1002, 3, "/etc/shadow", READ)
        .read(1002, 3, "x")
        .segment();
    recorder
        .at(20)
        .fork(1002, 1003)
        .exec(1003, "/bin/nc", &["nc"])
        .connect(1003, 3, "10.0.0.5:1", "10.0.0.9:2");
    recorder
        .at(21)
        .write(1003, 3, "x")
        .exit(1003, 0)
        .segment()
        .at(30)
        .exit(1002, 0);
    let recorded = recorder.seal();
    let bytes = std::fs::read(&recorded.path).expect("the trace");
    let whole = lines(&recorded, &Options::default());
    let trace = Trace::open(&recorded.path).expect("the trace opens");
    let offset = |segment| trace.entry(segment).expect("it is there").offset as usize;
    let (first, last) = (offset(0), offset(2));
    let altered = recorded.path.with_file_name("altered.scap");
    for at in first..last {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&altered, &bytes).expect("room on the disk");
        let trace = Trace::open(&altered).expect("damage in a segment does not keep a trace from opening");
        let context = TraceContext::new(&trace, TimeZone::Utc);
        let story = reconstruct(&trace, &context, &Options::default());
        let told: usize = story.chapters.iter().map(|chapter| chapter.entries.len()).sum();
        assert!(
            !story.damage.is_empty() || told == whole.len(),
            "byte {at}: {told} of {} lines",
            whole.len()
        );
        let alive = afterimage_query::reconstruct::alive_at(&trace, incident::START + 20_000_000);
        assert!(!alive.damage.is_empty() || alive.processes.len() == 3, "byte {at}");
    }
}

#[test]
fn the_same_command_again_and_again_is_told_with_its_count() {
    check(
        |r| {
            for n in 0..20u32 {
                r.at(u64::from(100 + n))
                    .fork(1002, 2000 + n)
                    .exec(2000 + n, "/bin/true", &["true"])
                    .exit(2000 + n, 0);
            }
            r.at(200)
                .fork(1002, 3000)
                .exec(3000, "/bin/true", &["true"])
                .exit(3000, 0x100);
        },
        &[
            "true(2000) exec /bin/true [root; exit 0]",
            "true(2001) exec /bin/true [root; exit 0]",
            "true(2002) exec /bin/true [root; exit 0; and 17 more times until 10:00:00.119000]",
            "true(3000) exec /bin/true [root; exit 1]",
        ],
    );
}

#[test]
fn power_over_others_is_told() {
    check(
        |r| {
            r.setuid(1002, 33).at(11).setuid(1002, 0);
            r.at(12).call(1002, "kill", 0, &[Int(0), Int(1), Int(15)]).call(
                1002,
                "kill",
                0,
                &[Int(0), Int(1), Int(15)],
            );
            r.call(1002, "kill", 0, &[Int(0), Int(1), Int(0)])
                .call(1002, "kill", -3, &[Int(-3), Int(77), Int(9)]);
            r.at(13).call(1002, "ptrace", 0, &[Int(0), Int(16), Int(1)]).call(
                1002,
                "ptrace",
                0,
                &[Int(0), Int(7), Int(1)],
            );
            r.at(14).call(
                1002,
                "mount",
                0,
                &[Int(0), Bytes(b"/dev/sda1"), Bytes(b"/mnt"), Bytes(b"ext4"), Int(1)],
            );
            r.at(15).exit(1002, 9);
        },
        &[
            "sh(1002) setuid root to uid 33",
            "! sh(1002) setuid uid 33 to root",
            "sh(1002) kill SIGTERM to httpd(1001) x2",
            "sh(1002) kill SIGKILL to process 77: failed, ESRCH",
            "! sh(1002) ptrace PTRACE_ATTACH on httpd(1001)",
            "! sh(1002) mount /dev/sda1 on /mnt type ext4 (MS_RDONLY)",
            "sh(1002) exit killed by SIGKILL",
        ],
    );
}

#[test]
fn a_server_and_those_who_serve() {
    check(
        |r| {
            r.listen(1001, 3, "0.0.0.0:80")
                .at(11)
                .accept(1001, 4, "10.0.0.5:80", "10.0.0.9:5000")
                .fork(1001, 1003);
            r.at(12)
                .read(1003, 4, "GET /?x=;id HTTP/1.0\r\nHost: x\r\n\r\n")
                .at(13)
                .open(1003, 5, "/www/i", READ);
            r.read(1003, 5, "page").write(1003, 4, "page").exit(1003, 0);
        },
        &[
            "httpd(1001) listen 0.0.0.0:80 tcp",
            "httpd(1001) accept 10.0.0.9:5000 on 10.0.0.5:80 tcp, sent 4 B, received 33 B [after reading /www/i; \
             asked \"GET /?x=;id HTTP/1.0\"; used by httpd(1003)]",
            "httpd(1003) start as a copy of its parent [root; exit 0 after 2.0 ms]",
            "httpd(1003) read /www/i 4 B",
        ],
    );
}

#[test]
fn captured_text_is_harmless() {
    check(
        |r| {
            r.open(1002, 3, "/tmp/\x1b[2J\n", WRITE);
            r.fork(1002, 1003).exec(1003, "/bin/\x07", &["\x07", "\u{202e}a b"]);
        },
        &[
            "sh(1002) write /tmp/\\x1b[2J\\n 0 B [new or emptied]",
            "\\x07(1003) exec '/bin/\\x07' '\\u{202e}a b' [root]",
        ],
    );
}

#[test]
fn the_container_runtimes_work_is_one_line() {
    let mut r = Recorder::new();
    r.container(WEB, "web")
        .attach(1001, "runc:[1:CHILD]", WEB)
        .at(1)
        .fork(1001, 1002)
        .at(2)
        .exit(1001, 0);
    r.at(3)
        .open(1002, 3, "/srv/config.json", READ)
        .read(1002, 3, "{}")
        .at(4)
        .exec(1002, "/bin/httpd", &["httpd"]);
    // Somebody enters the running container.
    r.at(50)
        .attach(1003, "runc:[2:INIT]", WEB)
        .at(51)
        .open(1003, 3, "/srv/y", READ)
        .at(52)
        .exec(1003, "/bin/sh", &["sh"]);
    // A process of the container may not hide behind the runtime's name.
    r.at(60)
        .fork(1003, 1004)
        .exec(1004, "/tmp/runc:[2:INIT]", &["x"])
        .open(1004, 3, "/etc/shadow", READ);
    r.at(70).exit(1002, 0).at(80).container_removed(WEB);
    let recorded = r.seal();
    assert_eq!(
        lines(&recorded, &Options::default()),
        [
            "- created the container",
            "runc:[1:CHILD](1001) set-up container runtime set-up (5 events folded; --all shows)",
            "httpd(1002) exec /bin/httpd [root; exit 0 after 66.0 ms]",
            "runc:[2:INIT](1003) set-up container runtime set-up (2 events folded; --all shows)",
            "! sh(1003) exec /bin/sh [root; brought into the running container from outside]",
            "runc:[2:INIT](1004) exec /tmp/runc:[2:INIT] as x [root]",
            "! runc:[2:INIT](1004) open /etc/shadow [password hashes]",
            "- deleted the container is gone",
        ]
    );
    let all = lines(
        &recorded,
        &Options {
            all: true,
            ..Options::default()
        },
    );
    assert!(
        all.contains(&"runc:[1:CHILD](1002) read /srv/config.json 2 B".to_string()),
        "{all:#?}"
    );
}

#[test]
fn filters_choose_lines_and_not_what_is_known() {
    let filter = Filter::compile("evt.type = unlink", &Default::default()).expect("a filter");
    check_with(
        &Options {
            filter: Some(&filter),
            ..Options::default()
        },
        |r| {
            r.open(1002, 3, "/tmp/a", WRITE).write(1002, 3, "x").fork(1002, 1003);
            r.at(20).call(1003, "unlink", 0, &[Int(0), Bytes(b"/tmp/a")]);
        },
        &["sh(1003) delete /tmp/a [written by sh(1002) at 10:00:00.010000]"],
    );
}

#[test]
fn spans_containers_and_losses() {
    let mut r = web();
    r.container(6, "db")
        .at(7)
        .attach(2001, "db", 6)
        .open(2001, 3, "/db/1", WRITE)
        .lost(7, 8, 9)
        .segment();
    r.at(20).open(1002, 3, "/tmp/late", WRITE);
    let recorded = r.seal();
    let at = |milliseconds: u64| i64::try_from(incident::START + milliseconds * 1_000_000).ok();
    let told = |options: &Options<'_>| lines(&recorded, options);
    let db = [
        "- created the container",
        "db(2001) start from outside of what was recorded [root]",
        "db(2001) write /db/1 0 B [new or emptied]",
    ];
    assert_eq!(
        told(&Options {
            containers: vec![6],
            ..Options::default()
        }),
        db
    );
    let late = [
        "- running already: httpd(1001), sh(1002)",
        "sh(1002) write /tmp/late 0 B [new or emptied]",
    ];
    let from = Options {
        from: at(15),
        containers: vec![WEB],
        ..Options::default()
    };
    assert_eq!(told(&from), late);
    assert!(story(&recorded, &from).losses.is_empty(), "the loss was before");
    let early = story(
        &recorded,
        &Options {
            to: at(15),
            ..Options::default()
        },
    );
    assert_eq!(early.losses.len(), 1);
    assert!(early.is_incomplete());
    assert_eq!(
        early.chapters.iter().map(|chapter| chapter.events).collect::<Vec<_>>(),
        [4, 2]
    );
}
