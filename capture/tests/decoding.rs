//! What was recorded of each call is what was done.

mod support;

use afterimage_format::file::Trace;
use support::{can_record, capture, count, workload};

#[test]
fn every_decoded_call_names_what_was_done() {
    decode("every_decoded_call_names_what_was_done", "ring");
}

#[test]
fn every_decoded_call_names_what_was_done_with_ring_buffers() {
    decode("every_decoded_call_names_what_was_done_with_ring_buffers", "ringbuf");
}

fn decode(name: &str, transport: &str) {
    if !can_record(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (path, work) = (dir.path().join("t.scap"), dir.path().join("work"));
    std::fs::create_dir(&work).unwrap();
    let work = work.canonicalize().unwrap();
    let mut command = capture();
    command
        .args(["record", "--profile", "full", "--transport", transport])
        .arg("-o")
        .arg(&path)
        .arg("--")
        .arg(workload())
        .arg("calls")
        .arg(&work);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");

    let trace = Trace::open(&path).unwrap();
    let work = work.to_str().unwrap();
    let mut wrong = Vec::new();
    for (filter, expected) in [
        (
            "evt.type=execve and evt.dir=< and proc.name=workload and proc.args startswith calls and evt.rawres=0",
            1,
        ),
        (
            "evt.type=creat and fd.name=WORK/file-a and evt.arg.mode='S_IRGRP|S_IWUSR|S_IRUSR'",
            1,
        ),
        (
            "evt.type=write and fd.name=WORK/file-a and evt.arg.data='written bytes' and evt.rawres=13",
            1,
        ),
        ("evt.type=close and fd.name=WORK/file-a", 1),
        ("evt.type=open and evt.arg.name=file-a and fd.name=WORK/file-a", 1),
        (
            "evt.type=read and fd.name=WORK/file-a and evt.arg.data='written bytes'",
            1,
        ),
        ("evt.type=dup and fd.name=WORK/file-a", 1),
        (
            "evt.type=pread64 and fd.name=WORK/file-a and evt.arg.data=itte and evt.arg.pos=2",
            1,
        ),
        ("evt.type=openat2 and fd.name=WORK/file-a", 1),
        ("evt.type=openat and evt.arg.name=missing and evt.res=ENOENT", 1),
        (
            "evt.type=mkdir and evt.arg.path=dir-d and evt.arg.mode startswith S_IXOTH",
            1,
        ),
        ("evt.type=openat and fd.name=WORK/dir-d and fd.type=directory", 1),
        (
            "evt.type=openat and fd.name=WORK/dir-d/file-b and evt.arg.flags contains O_CREAT",
            1,
        ),
        ("evt.type=fchdir and evt.rawres=0", 1),
        (
            "evt.type=rename and evt.arg.oldpath=file-b and evt.arg.newpath=file-a and proc.cwd=WORK/dir-d/",
            1,
        ),
        ("evt.type=chdir and evt.arg.path='..' and proc.cwd=WORK/", 1),
        ("evt.type=link and evt.arg.oldpath=file-a and evt.arg.newpath=file-b", 1),
        (
            "evt.type=symlink and evt.arg.target=file-a and evt.arg.linkpath=soft",
            1,
        ),
        (
            "evt.type=chmod and evt.arg.filename=file-a and evt.arg.mode startswith S_IXOTH",
            1,
        ),
        (
            "evt.type=chown and evt.arg.path=file-a and evt.arg.uid=1234 and evt.arg.gid=4321",
            1,
        ),
        ("evt.type=unlink and evt.arg.path=file-b", 1),
        ("evt.type=unlinkat and evt.arg.name=missing and evt.failed=true", 1),
        ("evt.type=pipe2 and evt.rawres=0", 1),
        ("evt.type=write and fd.type=pipe and evt.arg.data='through a pipe'", 1),
        ("evt.type=listen and fd.type=ipv4 and fd.l4proto=tcp", 1),
        ("evt.type=connect and fd.rip=127.0.0.1 and fd.is_server=false", 1),
        ("evt.type=accept4 and fd.cip=127.0.0.1 and fd.is_server=true", 1),
        (
            "evt.type in (write, sendto) and fd.type=ipv4 and evt.arg.data='over the wire'",
            1,
        ),
        (
            "evt.type in (read, recvfrom) and fd.type=ipv4 and evt.arg.data='over the wire'",
            1,
        ),
        (
            "evt.type=sendto and evt.arg.data=datagram and fd.l4proto=udp and fd.rip=127.0.0.9 and fd.rport=99",
            1,
        ),
        (
            "evt.type=sendmsg and fd.type=ipv4 and evt.arg.data contains /not/an/address",
            1,
        ),
        ("fd.name contains /not/an/address", 0),
        ("evt.type=open and evt.arg.name=in-d and fd.name=WORK/dir-d/in-d", 1),
        (
            "evt.type=sendmmsg and evt.arg.data='question A' and fd.rip=127.0.0.53 and fd.rport=53 and evt.rawres=2",
            1,
        ),
        ("evt.type=kill and evt.arg.sig=SIGTERM", 0),
        ("evt.type=kill and evt.rawres=0", 1),
        ("evt.type=ptrace and evt.arg.request=PTRACE_ATTACH and evt.res=ESRCH", 1),
        (
            "evt.type=mount and evt.arg.dev=none and evt.arg.dir=nowhere and evt.arg.type=tmpfs and evt.arg.flags=MS_RDONLY",
            1,
        ),
        ("evt.type=prctl and proc.name=renamed and evt.rawres=0", 1),
        ("evt.type=getpriority and evt.rawres=20", 1),
        ("evt.type=setresgid and group.gid=4321", 1),
        ("evt.type=setuid and evt.arg.uid=1234 and user.uid=1234", 1),
        ("evt.type=procexit and proc.name=renamed and user.uid=1234", 1),
    ] {
        let filter = filter.replace("WORK", work);
        let found = count(&trace, &filter);
        if found != expected {
            wrong.push(format!("{found} instead of {expected}: {filter}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
