//! Fields of events, as they are shown.

mod sample;

use afterimage_query::check::TimeZone;
use afterimage_query::output::{DEFAULT_FORMAT, DEFAULT_JSON_FIELDS, JsonFields};
use afterimage_query::{Format, Query, TraceContext, scan};
use std::ops::ControlFlow;

/// Formats one event of the sample.
fn line(num: u64, format: &str) -> Option<String> {
    let format = Format::parse(format).unwrap_or_else(|error| panic!("{}", error.render(format)));
    let (_folder, trace) = sample::open();
    let context = TraceContext::new(&trace, TimeZone::Utc);
    let mut line = None;
    let outcome = scan(&trace, &context, &Query::default(), |row| {
        if row.num() == num {
            line = format.line(&row, TimeZone::Utc);
        }
        ControlFlow::Continue(())
    });
    assert!(outcome.damage.is_empty(), "{:?}", outcome.damage);
    line
}

#[track_caller]
fn check(num: u64, cases: &[(&str, &str)]) {
    for (format, expected) in cases {
        assert_eq!(line(num, &format!("*{format}")).as_deref(), Some(*expected), "{format}");
    }
}

#[test]
fn the_event() {
    check(
        1,
        &[
            ("%evt.num %evt.time %evt.dir %evt.cpu", "1 10:00:00.000000000 < 1"),
            ("%evt.time.iso8601", "2026-11-21T10:00:00.000000000+0000"),
            ("%evt.datetime", "2026-11-21 10:00:00.000000000"),
            ("%evt.type %syscall.type %evt.category", "openat openat file"),
            (
                "%evt.args",
                "fd=3(<f>/etc/shadow) dirfd=-100(AT_FDCWD) name=../etc/shadow flags=524288(O_RDONLY|O_CLOEXEC) mode=<NA>",
            ),
            (
                "%evt.arg.flags %evt.arg[2] %evt.arg.fd %evt.arg.x",
                "O_RDONLY|O_CLOEXEC ../etc/shadow <f>/etc/shadow <NA>",
            ),
            ("%evt.res %evt.rawres %evt.failed", "SUCCESS 3 false"),
            ("%evt.abspath %fs.path.name", "/etc/shadow /etc/shadow"),
            (
                "%evt.is_open_read %evt.is_open_write %evt.is_open_create",
                "true false false",
            ),
            ("%evt.is_io %evt.buflen %evt.buffer", "false <NA> <NA>"),
            (
                "%evt.hostname %capture.tag[ticket] %capture.tag[x]",
                "node-1 INC-17 <NA>",
            ),
        ],
    );
    check(
        2,
        &[
            ("%evt.reltime %evt.category %evt.io_dir", "1.000000000 file read"),
            ("%evt.buffer %evt.buflen", "root:\\x1b[31m\\n 11"),
            (
                "%evt.args",
                "res=11 data=root:\\x1b[31m\\n fd=3(<f>/etc/shadow) size=4096",
            ),
            ("%evt.arg.res %evt.is_io_read %evt.is_io_write", "11 true false"),
        ],
    );
    check(
        3,
        &[
            ("%evt.res %evt.rawres %evt.failed", "EACCES -13 true"),
            (
                "%evt.arg.name %fs.path.name %evt.abspath",
                "/root/\\xff <NA> /root/\\xff",
            ),
            (
                "%evt.arg.mode",
                "S_IXOTH|S_IROTH|S_IXGRP|S_IRGRP|S_IXUSR|S_IWUSR|S_IRUSR|S_ISUID",
            ),
            ("%evt.is_open_write %evt.is_open_create", "true false"),
            ("%fd.num %fd.name", "-13 <NA>"),
        ],
    );
    check(
        5,
        &[
            ("%evt.args", "res=0 cwd=/srv filename=/usr/bin/id args=id -u"),
            ("%fs.path.name %evt.abspath", "<NA> <NA>"),
        ],
    );
    check(
        6,
        &[("%fs.path.source %fs.path.target %fs.path.name", "/srv/a /tmp/b <NA>")],
    );
    check(
        7,
        &[(
            "%evt.type %syscall.type %evt.res %evt.args",
            "procexit <NA> <NA> status=0",
        )],
    );
}

#[test]
fn the_process() {
    check(
        5,
        &[
            ("%proc.name %proc.exe %proc.exepath", "id id /usr/bin/id"),
            ("%proc.args|%proc.args[0]|%proc.args[1]|%proc.cmdnargs", "-u|-u|<NA>|1"),
            ("%proc.cmdline|%proc.pcmdline|%proc.exeline", "id -u|sh -c id -u|id -u"),
            (
                "%proc.pid %proc.ppid %proc.vpid %proc.sid %thread.tid %thread.ismain",
                "1003 1002 3 1001 1003 true",
            ),
            ("%proc.pname %proc.pexe %proc.pexepath", "sh /bin/sh /usr/bin/sh"),
            (
                "%proc.aname %proc.aname[0] %proc.aname[1] %proc.aname[2] %proc.aname[3]",
                "sh,httpd id sh httpd <NA>",
            ),
            (
                "%proc.apid[2] %proc.acmdline[2] %proc.loginshellid",
                "1001 httpd -f 1002",
            ),
            ("%proc.cwd %proc.tty %proc.duration", "/srv/ 0 9000000000"),
            (
                "%thread.cgroup[unified] %thread.cgroups",
                "/system.slice/web unified=/system.slice/web",
            ),
            ("%user.uid %user.name %user.loginuid %group.gid", "33 <NA> -1 33"),
            (
                "%proc.is_exe_from_memfd %proc.is_exe_upper_layer %proc.is_exe_setuid",
                "false true true",
            ),
            ("%proc.exe_ino %proc.exe.size %proc.exe.sha256.missing", "77 4096 <NA>"),
            ("%proc.exe.sha256", &"ab".repeat(32)),
            ("%proc.env %proc.env[A] %proc.env[B]", "PATH=/usr/bin A=b c b c <NA>"),
            ("%proc.cap_effective %proc.cap_permitted", "CAP_CHOWN CAP_NET_RAW "),
            ("%evt.changed %evt.unverified", "false false"),
        ],
    );
    check(1, &[("%user.uid %user.name %group.name", "0 root root")]);
}

#[test]
fn the_descriptor() {
    check(
        1,
        &[
            ("%fd.num %fd.type %fd.typechar %fd.name", "3 file f /etc/shadow"),
            ("%fd.directory %fd.filename", "/etc shadow"),
        ],
    );
    check(
        4,
        &[
            ("%fd.type %fd.l4proto %fd.sockfamily %fd.is_server", "ipv4 tcp ip false"),
            ("%fd.ip %fd.port", "10.0.0.5,203.0.113.9 40000,4444"),
            (
                "%fd.cip %fd.sip %fd.lip %fd.rip",
                "10.0.0.5 203.0.113.9 10.0.0.5 203.0.113.9",
            ),
            ("%fd.cport %fd.sport %fd.lport %fd.rport", "40000 4444 40000 4444"),
            (
                "%evt.args",
                "res=-115(EINPROGRESS) fd=4(<4t>10.0.0.5:40000->203.0.113.9:4444) addr=203.0.113.9:4444",
            ),
            ("%fd.directory %fd.filename", "<NA> <NA>"),
        ],
    );
}

#[test]
fn the_container_with_what_was_learnt_later() {
    check(
        1,
        &[
            (
                "%container.id %container.name %container.type",
                "3ad7b26ded6d web docker",
            ),
            (
                "%container.image.repository %container.image.tag",
                "registry:5000/team/web 2",
            ),
            ("%container.duration", "10000000000"),
            ("%k8s.ns.name/%k8s.pod.name", "shop/web-1"),
        ],
    );
    check(7, &[("%container.id %container.image %k8s.pod.name", "host <NA> <NA>")]);
}

#[test]
fn lines() {
    let expected = "4 10:00:03.000000000 1 sh (1002) < connect res=-115(EINPROGRESS) \
        fd=4(<4t>10.0.0.5:40000->203.0.113.9:4444) addr=203.0.113.9:4444";
    assert_eq!(line(4, DEFAULT_FORMAT).as_deref(), Some(expected));
    // Without `*`, a line with a missing field is left out.
    assert_eq!(line(4, "%proc.name %fs.path.name"), None);
    assert_eq!(line(4, "%proc.name 100%%"), Some("sh 100%".to_string()));
}

#[test]
fn objects() {
    let (_folder, trace) = sample::open();
    let context = TraceContext::new(&trace, TimeZone::Utc);
    let fields = JsonFields::of(&Format::parse(DEFAULT_JSON_FIELDS).expect("a format"));
    let mut objects: Vec<serde_json::Value> = Vec::new();
    scan(&trace, &context, &Query::default(), |row| {
        objects.push(serde_json::from_str(&fields.object(&row)).expect("valid JSON"));
        ControlFlow::Continue(())
    });
    let first = &objects[0];
    assert_eq!(first["evt.num"], 1);
    assert_eq!(first["evt.time"], "2026-11-21T10:00:00.000000000Z");
    assert_eq!(first["evt.rawres"], 3);
    assert_eq!(first["container.name"], "web");
    assert_eq!(
        objects[1]["evt.args"],
        "res=11 data=root:\u{1b}[31m\n fd=3(<f>/etc/shadow) size=4096"
    );
    assert!(objects[6]["evt.rawres"].is_null() && objects[6].get("evt.rawres").is_some());
}
