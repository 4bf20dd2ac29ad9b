//! The back door: webhooks, commands and uploads, with others that fail, are away for a while, or forget.

mod support;

use afterimage_alerts::Outside;
use afterimage_alerts::protocol::{DeliveryResult, Said, Told};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use support::moto::Moto;
use support::sink::Sink;
use support::{Helper, accept, settings, skip};

struct Place {
    dir: tempfile::TempDir,
    trace: PathBuf,
    side: PathBuf,
}

impl Place {
    /// A trace of so many bytes, with its side-car.
    fn new(size: usize) -> Place {
        let dir = tempfile::tempdir().unwrap();
        let (trace, side) = (dir.path().join("c1.scap"), dir.path().join("c1.json"));
        let bytes: Vec<u8> = (0..size).map(|at| (at * 7 + at / 251) as u8).collect();
        fs::write(&trace, bytes).unwrap();
        fs::write(&side, "{\"capture\":\"c1\"}").unwrap();
        Place { dir, trace, side }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn start(&self, more: &str) -> Helper {
        let text = format!("[deliver]\nstate = {:?}\n{more}", self.path().join("outbox"));
        Helper::start(&settings(&text), Outside::default(), accept)
    }

    fn deliver(&self) -> Told {
        Told::Deliver {
            capture: "c1".to_owned(),
            files: vec![self.trace.clone(), self.side.clone()],
            summary: json!({ "capture": "c1", "events": 7 }),
        }
    }
}

/// What comes of a delivery until the capture is settled.
fn results(helper: &Helper) -> Vec<(String, DeliveryResult)> {
    let mut all = Vec::new();
    loop {
        match helper.said(30) {
            Said::Delivered { capture, what, result } => {
                assert_eq!(capture, "c1");
                println!("{what}: {result:?}");
                all.push((what, result));
            }
            Said::Settled { capture } => {
                assert_eq!(capture, "c1");
                return all;
            }
            said => panic!("{said:?}"),
        }
    }
}

fn done(attempts: u32, place: &str) -> DeliveryResult {
    let place = place.to_owned();
    DeliveryResult::Done { attempts, place }
}

#[test]
fn a_webhook_that_fails_at_first_is_told_again() {
    let place = Place::new(10);
    let sink = Sink::start(|count| (if count < 3 { 503 } else { 200 }, ""));
    let token = place.path().join("token");
    fs::write(&token, "s3cret\n").unwrap();
    let helper = place.start(&format!(
        "[[webhook]]\nname = \"chat\"\nurl = \"http://{}/hook?x=1\"\ntoken_file = {token:?}\n",
        sink.address
    ));
    helper.tell(&place.deliver());
    // Said twice is done once.
    helper.tell(&place.deliver());
    let results = results(&helper);
    assert_eq!(results.len(), 3, "{results:?}");
    for (number, (what, result)) in results.iter().take(2).enumerate() {
        assert_eq!(what, "webhook chat");
        let DeliveryResult::Retrying {
            attempts,
            reason,
            next_ms,
        } = result
        else {
            panic!("{result:?}")
        };
        assert_eq!((*attempts, &**reason), (number as u32 + 1, "answered 503"));
        assert!((800..2500).contains(next_ms));
    }
    assert_eq!(results[2].1, done(3, ""));
    let came = sink.came();
    assert_eq!(came.len(), 3);
    assert!(came[2].head.starts_with("POST /hook?x=1 HTTP/1.1\r\n"), "{came:?}");
    assert!(
        came[2].head.to_lowercase().contains("authorization: bearer s3cret\r\n"),
        "{came:?}"
    );
    assert!(
        came[2].head.to_lowercase().contains("idempotency-key: c1\r\n"),
        "{came:?}"
    );
    assert_eq!(came[2].body, json!({ "capture": "c1", "events": 7 }).to_string());
    // Also after it was settled.
    helper.tell(&place.deliver());
    assert_eq!(
        helper.said(5),
        Said::Settled {
            capture: "c1".to_owned()
        }
    );
    assert_eq!(sink.came().len(), 3);
    let kept: Vec<_> = fs::read_dir(place.path().join("outbox")).unwrap().flatten().collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(kept[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let mark = fs::read_to_string(kept[0].path()).unwrap();
    assert!(!mark.contains("s3cret") && !mark.contains("events"), "{mark}");
}

#[test]
fn what_is_refused_for_good_is_given_up() {
    let place = Place::new(10);
    let forbidden = Sink::start(|_| (403, ""));
    let elsewhere = Sink::start(|_| (302, "location: http://127.0.0.1:1/\r\n"));
    let failing = Sink::start(|_| (500, ""));
    let helper = place.start(&format!(
        "[[webhook]]\nname = \"a\"\nurl = \"http://{}/\"\n[[webhook]]\nname = \"b\"\nurl = \"http://{}/\"\n\
         [[webhook]]\nname = \"c\"\nurl = \"http://{}/\"\nretries = 1\n",
        forbidden.address, elsewhere.address, failing.address
    ));
    helper.tell(&place.deliver());
    let results = results(&helper);
    let gave_up = |name: &str, attempts: u32, reason: &str| {
        let result = DeliveryResult::GaveUp {
            attempts,
            reason: reason.to_owned(),
        };
        assert!(results.contains(&(format!("webhook {name}"), result)), "{results:?}");
    };
    gave_up("a", 1, "answered 403");
    gave_up("b", 1, "answered 302");
    gave_up("c", 2, "answered 500");
}

#[test]
fn a_command_gets_the_path_and_nothing_else() {
    let place = Place::new(10);
    let script = place.path().join("script");
    let out = place.path().join("out");
    let text = format!(
        "#!/bin/sh\nfor a in \"$@\"; do echo \"$a\"; done > {0}\nenv | sort >> {0}\n",
        out.display()
    );
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let helper = place.start(&format!(
        "[[command]]\nname = \"good\"\nargv = [{script:?}, \"a b; $(c)\"]\n\
         [[command]]\nname = \"bad\"\nargv = [\"/bin/sh\", \"-c\", \"echo 'what\\u001b?' >&2; exit 3\"]\n\
         [[command]]\nname = \"none\"\nargv = [\"/no/such/program\"]\n\
         [[command]]\nname = \"slow\"\nargv = [\"/bin/sh\", \"-c\", \"sleep 60 & sleep 60\"]\ntimeout_ms = 300\n"
    ));
    helper.tell(&place.deliver());
    let results = results(&helper);
    let of = |name: &str| {
        &results
            .iter()
            .find(|(what, _)| what == &format!("command {name}"))
            .unwrap()
            .1
    };
    assert_eq!(*of("good"), done(1, ""));
    let gave_up = |name: &str, end: &str| {
        let DeliveryResult::GaveUp { attempts: 1, reason } = of(name) else {
            panic!("{results:?}")
        };
        assert!(reason.ends_with(end), "{reason}");
    };
    gave_up("bad", "exit status: 3: what\\u{1b}?");
    gave_up("none", "(os error 2)");
    gave_up("slow", "did not end within 300 ms");
    let said = fs::read_to_string(&out).unwrap();
    let mut lines = said.lines();
    assert_eq!(lines.next(), Some("a b; $(c)"));
    assert_eq!(lines.next(), place.trace.to_str());
    let names: Vec<_> = lines.filter_map(|line| line.split('=').next()).collect();
    assert!(
        names
            .iter()
            .all(|name| ["AFTERIMAGE_CAPTURE", "PATH", "PWD", "OLDPWD", "SHLVL", "_"].contains(name)),
        "{said}"
    );
}

#[test]
fn a_folder_is_a_store_too() {
    let place = Place::new(12 << 20);
    let store = place.path().join("store");
    fs::create_dir(&store).unwrap();
    let url = format!("file://{}/prod", store.display());
    let helper = place.start(&format!(
        "[[upload]]\nname = \"disk\"\nurl = \"{url}\"\npart_bytes = 5242880\n"
    ));
    helper.tell(&place.deliver());
    assert_eq!(
        results(&helper),
        [("upload disk".to_owned(), done(1, &format!("{url}/c1/")))]
    );
    let copy = store.join("prod/c1/c1.scap");
    assert!(fs::read(&copy).unwrap() == fs::read(&place.trace).unwrap());
    assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        fs::read(store.join("prod/c1/c1.json")).unwrap(),
        fs::read(&place.side).unwrap()
    );
    // A file that is gone will not come back.
    let gone = Told::Deliver {
        capture: "c2".to_owned(),
        files: vec![place.path().join("gone.scap")],
        summary: json!({}),
    };
    helper.tell(&gone);
    let Said::Delivered { result, .. } = helper.said(5) else {
        panic!()
    };
    let reason = "gone.scap: the file is gone".to_owned();
    assert_eq!(result, DeliveryResult::GaveUp { attempts: 1, reason });
}

#[test]
fn settings_that_cannot_work_are_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (std::io::pipe().unwrap(), std::io::pipe().unwrap());
    let text = format!(
        "[deliver]\nstate = {:?}\n[[upload]]\nname = \"a\"\nurl = \"s3://b\"\noptions = {{ regoin = \"x\" }}\n\
         [[upload]]\nname = \"b\"\nurl = \"s3://b\"\nsecrets = {{ secret_access_key = {{ file = \"/no/such\" }} }}\n",
        dir.path()
    );
    let mut line = serde_json::to_string(&Told::Settings(Box::new(settings(&text)))).unwrap();
    line.push('\n');
    std::io::Write::write_all(&mut { input.1 }, line.as_bytes()).unwrap();
    let error = afterimage_alerts::run(input.0, output.1).unwrap_err().to_string();
    let (first, second) = error.split_once("; ").unwrap();
    assert_eq!(first, "upload[0]: this store has no option regoin");
    assert!(
        second.starts_with("upload[1]: cannot read the secret in /no/such"),
        "{error}"
    );
}

/// No test: what `Helper::start_process` runs.
#[test]
fn the_helper_itself() {
    if std::env::var_os("AFTERIMAGE_TEST_HELPER").is_some() {
        afterimage_alerts::run(std::io::stdin(), std::io::stdout()).unwrap();
    }
}

/// A helper of its own process, so that it can be killed.
fn to_moto(place: &Place, port: u16) -> Helper {
    let key = place.path().join("key");
    fs::write(&key, "testing").unwrap();
    let state = place.path().join("outbox");
    let text = format!(
        "[deliver]\nstate = {state:?}\n[[upload]]\nname = \"s3\"\nurl = \"s3://captures/prod\"\npart_bytes = 5242880\n\
         options = {{ region = \"us-east-1\", endpoint = \"http://127.0.0.1:{port}\", allow_http = \"true\", \
         access_key_id = \"testing\" }}\nsecrets = {{ secret_access_key = {{ file = {key:?} }} }}\n"
    );
    Helper::start_process(&settings(&text), accept)
}

/// 23 MiB in five parts. The store is away at first; when it is there, this side is killed in the middle and starts anew.
#[test]
fn an_upload_goes_on_where_it_stopped() {
    let place = Place::new(23 << 20);
    let port = Moto::port();
    if Moto::start(port).is_none() {
        return skip(
            "an_upload_goes_on_where_it_stopped",
            "no moto_server: pip install 'moto[server]'",
        );
    }
    // It is away again.
    let helper = to_moto(&place, port);
    helper.tell(&place.deliver());
    let retrying = |helper: &Helper| {
        helper.said_that(30, |said| match said {
            Said::Delivered {
                what,
                result: DeliveryResult::Retrying { reason, .. },
                ..
            } if what == "upload s3" => Some(reason.clone()),
            _ => None,
        })
    };
    let reason = retrying(&helper);
    assert!(
        reason.starts_with("c1.scap: ") && !reason.contains("testing"),
        "{reason}"
    );
    let moto = Moto::start(port).unwrap();
    // As soon as some parts are there, this side is killed.
    let progress = place.path().join("outbox/c1.s3.progress");
    let parts = || {
        let text = fs::read_to_string(&progress).unwrap_or_default();
        let progress: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        progress["objects"]["prod/c1/c1.scap"]["parts"]
            .as_array()
            .map_or(0, Vec::len)
    };
    let until = std::time::Instant::now() + Duration::from_secs(60);
    while parts() < 2 {
        assert!(std::time::Instant::now() < until, "no part arrived");
        std::thread::sleep(Duration::from_millis(2));
    }
    drop(helper);
    let open = || {
        let (status, list) = moto.object("?uploads");
        assert_eq!(status, 200);
        String::from_utf8(list).unwrap().matches("<UploadId>").count()
    };
    assert_eq!(open(), 1);
    println!("{} of 5 parts were there when the first helper was killed", parts());
    let helper = to_moto(&place, port);
    let results = results(&helper);
    let (what, last) = results.last().unwrap();
    assert_eq!(what, "upload s3");
    let DeliveryResult::Done { place: url, .. } = last else {
        panic!("{results:?}")
    };
    assert_eq!(url, "s3://captures/prod/c1/");
    assert!(moto.object("prod/c1/c1.scap") == (200, fs::read(&place.trace).unwrap()));
    // Had it begun anew, the first one would still be open.
    assert_eq!(open(), 0);
    assert_eq!(moto.object("prod/c1/c1.json"), (200, fs::read(&place.side).unwrap()));
    assert!(!progress.exists());
}

/// The store forgot what was begun: the upload begins anew instead of failing for ever.
#[test]
fn a_store_that_forgets_gets_all_of_it_again() {
    let place = Place::new(11 << 20);
    let port = Moto::port();
    let Some(moto) = Moto::start(port) else {
        return skip(
            "a_store_that_forgets_gets_all_of_it_again",
            "no moto_server: pip install 'moto[server]'",
        );
    };
    let helper = to_moto(&place, port);
    helper.tell(&place.deliver());
    let progress = place.path().join("outbox/c1.s3.progress");
    let until = std::time::Instant::now() + Duration::from_secs(60);
    while !fs::read_to_string(&progress)
        .unwrap_or_default()
        .contains("\"parts\":[\"")
    {
        assert!(std::time::Instant::now() < until, "no part arrived");
        std::thread::sleep(Duration::from_millis(2));
    }
    drop(helper);
    drop(moto);
    let moto = Moto::start(port).unwrap();
    let helper = to_moto(&place, port);
    let results = results(&helper);
    assert!(
        matches!(results.last(), Some((_, DeliveryResult::Done { .. }))),
        "{results:?}"
    );
    assert!(moto.object("prod/c1/c1.scap") == (200, fs::read(&place.trace).unwrap()));
}
