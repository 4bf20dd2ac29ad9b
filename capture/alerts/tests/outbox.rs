//! The disk of the outbox fails for a while: nothing is said to be done that is not, nothing is done twice, nothing is lost.

mod support;

use afterimage_alerts::Outside;
use afterimage_alerts::protocol::{DeliveryResult, Said, Told};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use support::payloads::FALCO;
use support::{Helper, accept, http, settings};

/// The outbox in a folder, and those who are told.
struct Place {
    dir: tempfile::TempDir,
    url: String,
    came: Arc<Mutex<Vec<String>>>,
}

/// Where the outbox is, and where it is while it is away.
fn outbox(dir: &Path) -> (PathBuf, PathBuf) {
    (dir.join("outbox"), dir.join("away"))
}

fn take_away(dir: &Path) {
    let (outbox, away) = outbox(dir);
    fs::rename(outbox, away).unwrap();
}

fn bring_back(dir: &Path) {
    let (outbox, away) = outbox(dir);
    fs::rename(away, outbox).unwrap();
}

impl Place {
    /// `answer`: what is answered to a path that is asked for the n-th time, once it has done to the folder what it does.
    fn new(answer: fn(&Path, &str, usize) -> &'static str) -> Place {
        let dir = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let came = Arc::new(Mutex::new(Vec::new()));
        let (keep, folder) = (came.clone(), dir.path().to_owned());
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut line, mut length) = (String::new(), 0);
                reader.read_line(&mut line).unwrap();
                let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
                while line != "\r\n" {
                    line.clear();
                    reader.read_line(&mut line).unwrap();
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                        length = value.trim().parse().unwrap();
                    }
                }
                reader.read_exact(&mut vec![0; length]).unwrap();
                let mut came = keep.lock().unwrap();
                came.push(path.clone());
                let count = came.iter().filter(|one| **one == path).count();
                drop(came);
                let answer = answer(&folder, &path, count);
                let _ = write!(stream, "HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n");
            }
        });
        Place { dir, url, came }
    }

    fn start(&self, hooks: &[&str]) -> Helper {
        let (outbox, _) = outbox(self.dir.path());
        let token = self.dir.path().join("token");
        fs::write(&token, "t0ken").unwrap();
        let mut text = format!(
            "[http]\nlisten = [\"127.0.0.1:0\"]\n[deliver]\nstate = {outbox:?}\n\
             [[source]]\nkind = \"falco\"\nauth = {{ token_file = {token:?} }}\n"
        );
        for name in hooks {
            let url = format!("{}/{name}", self.url);
            text.push_str(&format!("[[webhook]]\nname = \"{name}\"\nurl = \"{url}\"\n"));
        }
        Helper::start(&settings(&text), Outside::default(), accept)
    }

    /// Starts it, and lets it look at its folder, which it makes if it is not there.
    fn start_and_look(&self, hooks: &[&str]) -> Helper {
        let helper = self.start(hooks);
        helper.tell(&deliver("c0"));
        while !matches!(helper.said(20), Said::Settled { .. }) {}
        self.came.lock().unwrap().clear();
        helper
    }

    fn came(&self) -> Vec<String> {
        let mut came = self.came.lock().unwrap().clone();
        came.sort();
        came
    }

    /// What is remembered of the capture: attempts and state of each delivery.
    fn settled(&self) -> Vec<(String, u64, String)> {
        let (outbox, _) = outbox(self.dir.path());
        assert!(!outbox.join("c1.json").exists());
        let mark: Value = serde_json::from_slice(&fs::read(outbox.join("c1.settled")).unwrap()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let jobs = mark["jobs"].as_array().unwrap().iter();
        jobs.map(|job| {
            (
                text(&job["name"]),
                job["attempts"].as_u64().unwrap(),
                text(&job["state"]),
            )
        })
        .collect()
    }
}

fn deliver(capture: &str) -> Told {
    Told::Deliver {
        capture: capture.to_owned(),
        files: Vec::new(),
        summary: json!({ "capture": capture }),
    }
}

fn done(what: &str, attempts: u32) -> Said {
    Said::Delivered {
        capture: "c1".to_owned(),
        what: what.to_owned(),
        result: DeliveryResult::Done {
            attempts,
            place: String::new(),
        },
    }
}

fn settled() -> Said {
    Said::Settled {
        capture: "c1".to_owned(),
    }
}

/// The next thing that is said is an error, about this.
fn complaint(helper: &Helper, about: &str) {
    match helper.said(20) {
        Said::Log { level, message } => {
            println!("{message}");
            assert!(level == "error" && message.contains(about), "{message}");
        }
        said => panic!("{said:?}"),
    }
}

#[test]
fn what_cannot_be_kept_waits() {
    let place = Place::new(|_, _, _| "200 x");
    let helper = place.start_and_look(&["a"]);
    take_away(place.dir.path());
    helper.tell(&deliver("c1"));
    complaint(&helper, "c1 is to be delivered");
    // Said once more, it is the same.
    helper.tell(&deliver("c1"));
    // As after a save that failed at its end.
    let (_, away) = outbox(place.dir.path());
    fs::write(away.join("c1.json"), "").unwrap();
    bring_back(place.dir.path());
    assert_eq!(helper.said(20), done("webhook a", 1));
    assert_eq!(helper.said(20), settled());
    assert_eq!(place.came(), ["/a"]);
    assert_eq!(place.settled(), [("a".to_owned(), 1, "done".to_owned())]);
}

#[test]
fn what_waits_for_the_disk_is_left_at_the_end() {
    let place = Place::new(|_, _, _| "200 x");
    let helper = place.start_and_look(&["a", "b"]);
    take_away(place.dir.path());
    helper.tell(&deliver("c1"));
    complaint(&helper, "c1 is to be delivered");
    let said = helper.end();
    assert_eq!(said, [Said::Stopped { left: 2 }]);
}

/// The results of two deliveries of one capture, of which the second comes while the first is not written down.
#[test]
fn a_result_is_kept_until_it_is_written() {
    let place = Place::new(|folder, path, count| match (path, count) {
        ("/a", _) => {
            // Nothing can be written where the new file would be.
            fs::create_dir(outbox(folder).0.join("c1.new")).unwrap();
            "200 x"
        }
        (_, 1) => "503 x",
        _ => "200 x",
    });
    let helper = place.start(&["a", "b"]);
    helper.tell(&deliver("c1"));
    let mut all = Vec::new();
    while !all.contains(&done("webhook a", 1)) || !all.contains(&done("webhook b", 2)) {
        all.push(helper.said(20));
    }
    let complaints = all.iter().filter(|said| matches!(said, Said::Log { .. })).count();
    assert!(complaints == 1 && !all.contains(&settled()), "{all:?}");
    fs::remove_dir(outbox(place.dir.path()).0.join("c1.new")).unwrap();
    assert_eq!(helper.said(20), settled());
    assert_eq!(place.came(), ["/a", "/b", "/b"]);
    let state = |name: &str, attempts| (name.to_owned(), attempts, "done".to_owned());
    assert_eq!(place.settled(), [state("a", 1), state("b", 2)]);
}

/// First the file is away when a try ends, then when the next one is due.
#[test]
fn a_file_that_cannot_be_read_is_read_again() {
    let place = Place::new(|folder, _, count| match count {
        1 => {
            take_away(folder);
            // Long enough for this test to do something before the next try.
            "503 x\r\nretry-after: 5"
        }
        _ => "200 x",
    });
    let helper = place.start(&["a"]);
    helper.tell(&deliver("c1"));
    complaint(&helper, "c1.json");
    bring_back(place.dir.path());
    // It is on the disk when it is said.
    let said = helper.said(20);
    let is_first = |said: &Said| {
        matches!(
            said,
            Said::Delivered {
                result: DeliveryResult::Retrying { attempts: 1, .. },
                ..
            }
        )
    };
    assert!(is_first(&said), "{said:?}");
    take_away(place.dir.path());
    complaint(&helper, "c1.json");
    bring_back(place.dir.path());
    // What could not be begun was no try.
    assert_eq!(helper.said(20), done("webhook a", 2));
    assert_eq!(helper.said(20), settled());
    assert_eq!(place.came(), ["/a", "/a"]);
}

/// Somebody has to read it before a write goes on: a disk that hangs.
#[test]
fn alerts_are_answered_while_the_disk_hangs() {
    let place = Place::new(|_, _, _| "200 x");
    let helper = place.start(&["a"]);
    let (outbox, _) = outbox(place.dir.path());
    let made = Command::new("mkfifo").arg(outbox.join("c0.new")).status().unwrap();
    assert!(made.success());
    for number in 0..30 {
        helper.tell(&deliver(&format!("c{number}")));
    }
    let response = http::post(helper.address, "/v1/falco", "t0ken", FALCO);
    assert_eq!(response.status, 202, "{response:?}");
    assert_eq!(place.came(), [""; 0]);
    // It goes on: what is said of the others is said.
    let _reader = fs::File::open(outbox.join("c0.new")).unwrap();
    while !matches!(helper.said(20), Said::Settled { capture } if capture == "c29") {}
}

#[test]
fn a_file_that_is_gone_is_given_up() {
    let place = Place::new(|folder, _, count| {
        fs::remove_file(outbox(folder).0.join("c1.json")).unwrap();
        if count == 1 { "503 x" } else { "200 x" }
    });
    let helper = place.start(&["a"]);
    helper.tell(&deliver("c1"));
    complaint(&helper, "c1.json");
    assert_eq!(helper.end(), [Said::Stopped { left: 0 }]);
    assert_eq!(place.came(), ["/a"]);
}
