//! An object store behind the agent: it is away while captures end, and the agent is killed in the middle of an upload.

mod support;

use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};
use support::doors::{Doors, Wanted};
use support::moto::Moto;
use support::{can_record, skip, wait_for, workload};

/// How long the store is away: 20 s unless `AFTERIMAGE_STORE_AWAY_S` says otherwise.
fn away() -> Duration {
    let asked = std::env::var("AFTERIMAGE_STORE_AWAY_S").ok();
    Duration::from_secs(asked.and_then(|text| text.parse().ok()).unwrap_or(20))
}

fn start(dir: &Path, port: u16) -> Doors {
    let key = dir.join("key");
    std::fs::write(&key, "testing").unwrap();
    let more = format!(
        "[deliver]\nstate = '{}'\n[[upload]]\nname = 's3'\nurl = 's3://captures/prod'\npart_bytes = 5242880\n\
         options = {{ region = 'us-east-1', endpoint = 'http://127.0.0.1:{port}', allow_http = 'true', access_key_id = 'testing' }}\n\
         secrets = {{ secret_access_key = {{ file = '{}' }} }}\n",
        dir.join("outbox").display(),
        key.display()
    );
    Doors::start(
        dir,
        &Wanted {
            recording: "snaplen = 4096\nkernel_ring = '32MiB'",
            more: &more,
            captures: "post = '300ms'",
            ..Wanted::default()
        },
    )
}

/// What a capture's side-car says now.
fn side(doors: &Doors, id: &str) -> Value {
    let text = std::fs::read(doors.agent.folder().join(format!("{id}.json"))).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// A capture of this process and what it runs.
fn capture(doors: &Doors, work: impl FnOnce()) -> String {
    let pid = std::process::id().to_string();
    let answer = doors.agent.trigger(&["--pid", &pid]);
    work();
    let id = answer["capture"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"))
        .to_owned();
    assert_eq!(doors.agent.ended(&id)["result"], "complete");
    id
}

/// In the store is what is here.
fn check(doors: &Doors, moto: &Moto, id: &str) {
    wait_for("the delivery", || side(doors, id)["delivery"] == "done");
    let summary = side(doors, id);
    assert_eq!(summary["deliveries"]["upload s3"]["result"], "done", "{summary}");
    assert_eq!(
        summary["deliveries"]["upload s3"]["detail"],
        format!("s3://captures/prod/{id}/"),
        "{summary}"
    );
    let here = std::fs::read(doors.agent.folder().join(format!("{id}.scap"))).unwrap();
    assert!(
        moto.object(&format!("prod/{id}/{id}.scap")) == (200, here),
        "{id} is not what is in the store"
    );
    let (status, there) = moto.object(&format!("prod/{id}/{id}.json"));
    let there: Value = serde_json::from_slice(&there).unwrap();
    assert_eq!(
        (status, &there["root"], &there["result"]),
        (200, &summary["root"], &"complete".into())
    );
}

#[test]
fn captures_reach_a_store_that_was_away() {
    let name = "captures_reach_a_store_that_was_away";
    if !can_record(name) {
        return;
    }
    let port = Moto::port();
    let Some(moto) = Moto::start(port) else {
        skip(name, "no moto_server: pip install 'moto[server]'");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let doors = start(dir.path(), port);
    let first = capture(&doors, || ());
    check(&doors, &moto, &first);
    drop(moto);
    let gone = Instant::now();
    let meanwhile: Vec<String> = (0..3).map(|_| capture(&doors, || ())).collect();
    wait_for("the first tries", || doors.agent.log().contains("result=retrying"));
    std::thread::sleep(away().saturating_sub(gone.elapsed()));
    for id in &meanwhile {
        let summary = side(&doors, id);
        assert!(
            summary["delivery"] == "pending" && summary["deliveries"].is_null(),
            "{summary}"
        );
    }
    let moto = Moto::start(port).unwrap();
    let back = Instant::now();
    meanwhile.iter().for_each(|id| check(&doors, &moto, id));
    println!(
        "the store was away for {:?}; all was there {:?} after it came back",
        gone.elapsed() - back.elapsed(),
        back.elapsed()
    );
    assert!(!doors.agent.log().contains("testing"));
}

/// The agent is killed when some parts of a capture are there; the next one goes on from there.
#[test]
fn an_upload_goes_on_after_the_agent_was_killed() {
    let name = "an_upload_goes_on_after_the_agent_was_killed";
    if !can_record(name) {
        return;
    }
    let port = Moto::port();
    let Some(moto) = Moto::start(port) else {
        skip(name, "no moto_server: pip install 'moto[server]'");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let mut doors = start(dir.path(), port);
    let noise = || {
        // What was read and written is in the capture; noise does not become smaller.
        let mut command = std::process::Command::new(workload());
        let bytes = (40 << 20).to_string();
        assert!(
            command
                .args(["write", &bytes, "noise"])
                .current_dir(dir.path())
                .status()
                .unwrap()
                .success()
        );
    };
    noise();
    let id = capture(&doors, || ());
    let size = std::fs::metadata(doors.agent.folder().join(format!("{id}.scap")))
        .unwrap()
        .len();
    assert!(size > 20 << 20, "{size} bytes");
    let progress = dir.path().join(format!("outbox/{id}.s3.progress"));
    let parts = || {
        let text = std::fs::read_to_string(&progress).unwrap_or_default();
        let progress: Value = serde_json::from_str(&text).unwrap_or_default();
        progress["objects"][format!("prod/{id}/{id}.scap")]["parts"]
            .as_array()
            .map_or(0, Vec::len)
    };
    wait_for("some parts", || parts() >= 2);
    doors.agent.kill();
    let there = parts();
    let open = || {
        let (status, list) = moto.object("?uploads");
        assert_eq!(status, 200);
        String::from_utf8(list).unwrap().matches("<UploadId>").count()
    };
    let of = size.div_ceil(5_242_880);
    println!("{there} of {of} parts were there when the agent was killed");
    assert!(side(&doors, &id)["delivery"] == "pending" && open() == 1 && (there as u64) < of);
    drop(doors);
    let doors = start(dir.path(), port);
    check(&doors, &moto, &id);
    // Had it begun anew, the first one would still be open.
    assert_eq!(open(), 0);
}
