//! What is recorded of executed files: where they lie, what they contain, and with `--keep-executed` the files themselves.

mod support;

use afterimage_format::file::Trace;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Bundle, Recording, can_record, can_run_containers, capture, lost, select, skip, text, workload};

/// An overlay over a folder, for as long as this lives.
struct Overlay(PathBuf);

impl Overlay {
    fn mount(place: &Path, upper: &Path) -> Option<Overlay> {
        let (upper, work) = (upper.join("upper"), upper.join("work"));
        std::fs::create_dir_all(&upper).unwrap();
        std::fs::create_dir_all(&work).unwrap();
        let options = format!(
            "lowerdir={},upperdir={},workdir={}",
            place.display(),
            upper.display(),
            work.display()
        );
        let mut mount = Command::new("mount");
        mount.args(["-t", "overlay", "overlay", "-o", &options]).arg(place);
        mount.status().unwrap().success().then(|| Overlay(place.to_owned()))
    }
}

impl Drop for Overlay {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn sha256(path: &Path) -> String {
    let hash = Sha256::digest(std::fs::read(path).unwrap());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn what_a_container_drops_runs_and_deletes_is_kept() {
    let name = "what_a_container_drops_runs_and_deletes_is_kept";
    if !can_run_containers(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let id = format!("afterimage-drop-{}", std::process::id());
    let script = "/tool; cp /usr/bin/sleep /data/dropper; DROPPED=yes /data/dropper 0.3 & sleep 0.1; rm /data/dropper; \
        printf '#!/usr/bin/sh\\nexit 0\\n' > /data/script; chmod 755 /data/script; /data/script; wait";
    let bundle = Bundle::new(dir.path(), &id, &["/usr/bin/sh", "-c", script]);
    let rootfs = bundle.data().parent().unwrap().to_owned();
    std::fs::copy("/usr/bin/true", rootfs.join("tool")).unwrap();
    let upper = dir.path().join("layers");
    let Some(_overlay) = Overlay::mount(&rootfs, &upper) else {
        skip(name, "no overlay can be mounted here");
        return;
    };
    let path = dir.path().join("t.scap");
    let recording = Recording::start(dir.path(), &path, &["--container", &id, "--keep-executed"]);
    let output = bundle.run(&id);
    assert!(output.status.success(), "{output:?}");
    let sealed = recording.seal();
    assert!(sealed.status.success(), "{sealed:?}");

    let trace = Trace::open(&path).unwrap();
    assert_eq!(lost(&trace), 0);
    let executed = |program: &str, fields: &str| {
        let filter = format!("evt.type = execve and evt.rawres = 0 and {program}");
        let found = select(&trace, &filter, |row| text(row, fields));
        assert_eq!(found.len(), 1, "{program}");
        found[0].clone()
    };
    assert_eq!(
        executed(
            "proc.name = dropper",
            "%proc.exepath %proc.is_exe_upper_layer %proc.is_exe_deleted %proc.exe.sha256 %proc.exe.hostpath %proc.env[DROPPED]"
        ),
        format!(
            "/data/dropper true false {} {} yes",
            sha256(Path::new("/usr/bin/sleep")),
            upper.join("upper/data/dropper").display()
        )
    );
    assert_eq!(
        executed(
            "proc.name = tool",
            // Its mounts can be gone before anybody looks: nothing is said of the path on the host.
            "%proc.exepath %proc.is_exe_upper_layer %proc.exe.size"
        ),
        format!("/tool false {}", std::fs::metadata("/usr/bin/true").unwrap().len())
    );
    assert_eq!(
        executed(
            "proc.name = script",
            "%proc.exepath %proc.exe.script %proc.exe.interpreter"
        ),
        "/usr/bin/dash /data/script /usr/bin/sh"
    );

    // Neither the tool of the image nor the host's programs.
    let kept: Vec<&str> = trace.attachments().iter().map(|a| a.name.as_str()).collect();
    assert_eq!(kept, [format!("executed/{id}/data/dropper")]);
    let content = trace.attachment(&trace.attachments()[0]).unwrap();
    assert!(content == std::fs::read("/usr/bin/sleep").unwrap());
}

/// The kernel gives numbers of mounts and their namespaces again: a file is never looked for in a container that has gone.
#[test]
fn each_container_has_its_own_place_on_the_host() {
    let name = "each_container_has_its_own_place_on_the_host";
    if !can_run_containers(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let ids: Vec<String> = (0..16)
        .map(|at| format!("afterimage-place-{at:02}-{}", std::process::id()))
        .collect();
    let path = dir.path().join("t.scap");
    let chosen: Vec<&str> = ids.iter().flat_map(|id| ["--container", id]).collect();
    let recording = Recording::start(dir.path(), &path, &chosen);
    for id in &ids {
        let program = format!("/data/{id}");
        let bundle = Bundle::new(dir.path(), id, &[&program, "0.2"]);
        std::fs::copy("/usr/bin/sleep", bundle.data().join(id)).unwrap();
        assert!(bundle.run(id).status.success());
    }
    let sealed = recording.seal();
    assert!(sealed.status.success(), "{sealed:?}");
    let trace = Trace::open(&path).unwrap();
    let filter = "evt.type = execve and evt.rawres = 0 and proc.exepath startswith /data/";
    let places = select(&trace, filter, |row| text(row, "%proc.exepath %proc.exe.hostpath"));
    assert_eq!(places.len(), ids.len(), "{places:?}");
    let mut known = 0;
    for (id, found) in ids.iter().zip(&places) {
        let own = dir.path().join(format!("bundle-{id}/rootfs/data/{id}"));
        let own = format!("/data/{id} {}", own.display());
        // Where the machine is busy its mounts can be gone before anybody looks.
        assert!(
            [own.as_str(), &format!("/data/{id} <NA>")].contains(&found.as_str()),
            "{found}"
        );
        known += usize::from(*found == own);
    }
    assert!(known >= ids.len() / 2, "{places:?}");
}

#[test]
fn a_program_without_a_file_is_kept_too() {
    if !can_record("a_program_without_a_file_is_kept_too") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let mut command = capture();
    command
        .arg("record")
        .arg("--keep-executed")
        .arg("-o")
        .arg(&path)
        .arg("--");
    let output = command.arg(workload()).arg("memfd").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let trace = Trace::open(&path).unwrap();
    let fields = "%proc.is_exe_from_memfd %proc.exepath %proc.exe.sha256 %proc.is_exe_upper_layer %proc.cap_effective";
    let found = select(&trace, "evt.type = execveat and evt.rawres = 0", |row| {
        text(row, fields)
    });
    assert_eq!(found.len(), 1);
    let expected = format!("true memfd:secret {} false CAP_CHOWN ", sha256(&workload()));
    assert!(found[0].starts_with(&expected), "{found:?}");
    let kept: Vec<&str> = trace.attachments().iter().map(|a| a.name.as_str()).collect();
    assert!(kept.contains(&"executed/host/memfd:secret"), "{kept:?}");
}

#[test]
fn a_long_environment_is_cut_and_says_so() {
    if !can_record("a_long_environment_is_cut_and_says_so") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let mut command = capture();
    command.arg("record").arg("-o").arg(&path).args(["--", "/usr/bin/true"]);
    let output = command.env_clear().env("LONG", "x".repeat(100_000)).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let trace = Trace::open(&path).unwrap();
    let found = select(&trace, "evt.type = execve and evt.rawres = 0", |row| {
        let executable = &row.thread().unwrap().executable;
        (
            executable.env.len(),
            executable.has(afterimage_format::model::Executable::ENV_TRUNCATED),
        )
    });
    assert_eq!(found, [(16 << 10, true)]);
}
