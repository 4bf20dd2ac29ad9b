//! The audit log of Kubernetes' API server: real events of the corpus and rules about them, files that are rotated, the
//! webhook and whoever posts to it, secrets, scopes.

mod support;

use afterimage_format::file::Trace;
use afterimage_query::{Filter, Settings};
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use support::rules::Rules;
use support::{Recording, can_record, count, lost, select, skip, text};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto};

/// The path of something in the corpus beside the repository.
fn corpus(what: &str) -> Option<PathBuf> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut found = above.map(|folder| folder.join("shared/corpus/falco-regression").join(what));
    found.find(|path| path.exists())
}

/// Records entries of audit logs and nothing else.
fn record(dir: &Path, trace: &Path, args: &[&str]) -> Recording {
    let filter = [
        "--filter",
        "evt.type = k8s_audit",
        "--profile",
        "process",
        "--runtime",
        "none",
        "--quiet",
    ];
    Recording::start(dir, trace, &[&filter, args].concat())
}

fn append(path: &Path, line: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(line.as_bytes()).unwrap();
    file.write_all(b"\n").unwrap();
}

fn event(id: &str) -> String {
    format!(
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":"{id}","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/pods/web-0","verb":"get","user":{{"username":"alice","groups":["dev","system:authenticated"]}},"sourceIPs":["10.0.0.7"],"userAgent":"kubectl/v1.33.1","objectRef":{{"resource":"pods","namespace":"shop","name":"web-0"}},"responseStatus":{{"code":200}}}}"#
    )
}

/// Time for what was written to come through.
fn settle() {
    std::thread::sleep(Duration::from_millis(500));
}

/// Every event of the corpus is read, and the rules of Falco find in them what they find there.
#[test]
fn rules_find_what_they_shall_in_real_events() {
    let name = "rules_find_what_they_shall_in_real_events";
    let (Some(events), Some(rules), Some(cases)) = (
        corpus("k8s_audit"),
        corpus("rules"),
        corpus("falco-testing-go-cases.json"),
    ) else {
        skip(name, "no corpus beside the repository");
        return;
    };
    if !can_record(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (log, path) = (dir.path().join("audit.log"), dir.path().join("t.scap"));
    std::fs::write(&log, "").unwrap();
    let recording = record(dir.path(), &path, &["--k8s-audit", log.to_str().unwrap()]);
    let mut written = 0;
    let files = std::fs::read_dir(&events).unwrap().map(|entry| entry.unwrap().path());
    for file in files.filter(|path| path.extension().is_some_and(|e| e == "json")) {
        // Ids say from which file an event is.
        let stem = file.file_stem().unwrap().to_str().unwrap().replace('-', "_");
        for (at, line) in std::fs::read_to_string(&file).unwrap().lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let mut event: serde_json::Value = serde_json::from_str(line).unwrap();
            if event.get("auditID").is_none() {
                continue;
            }
            event["auditID"] = format!("{stem}:{at}").into();
            append(&log, &event.to_string());
            written += 1;
        }
    }
    settle();
    let sealed = recording.seal();
    assert!(sealed.status.success(), "{sealed:?}");
    let trace = Trace::open(&path).unwrap();
    assert_eq!(count(&trace, "ka.auditid exists"), written);
    assert!(written >= 50, "{written}");
    let cases: serde_json::Value = serde_json::from_slice(&std::fs::read(cases).unwrap()).unwrap();
    let (mut checked, mut compiled) = (0, 0);
    for case in cases["cases"].as_array().unwrap() {
        let texts = |key: &str| {
            case[key]
                .as_array()
                .unwrap()
                .iter()
                .map(|t| t.as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        if !case["name"].as_str().unwrap().starts_with("TestK8SAudit_Legacy")
            || case["captures"].as_array().unwrap().len() != 1
        {
            continue;
        }
        let mut all = Rules::default();
        for file in texts("rules") {
            let text = match file.as_str() {
                // It has nothing but lists that the others use.
                "LegacyFalcoRules_v1_0_1" => {
                    std::fs::read_to_string(rules.join(format!("{file}.yaml"))).map(|text| lists_of(&text))
                }
                // The plugin's own file is not in the corpus; this one has the same rules.
                "K8SAuditRules" => std::fs::read_to_string(rules.join("K8SAuditEngineV4K8SAuditRules.yaml")),
                // These have names of lists that only the plugin's own file has.
                "K8SAuditTrustNginxContainer" | "K8SAuditAllowNginxContainer" | "K8SAuditAllowOnlyApacheContainer" => {
                    break;
                }
                file => std::fs::read_to_string(rules.join(format!("{file}.yaml"))),
            };
            all.add(&text.unwrap());
        }
        if texts("rules").iter().any(|file| {
            [
                "K8SAuditTrustNginxContainer",
                "K8SAuditAllowNginxContainer",
                "K8SAuditAllowOnlyApacheContainer",
            ]
            .contains(&file.as_str())
        }) {
            continue;
        }
        for condition in all.rules.values() {
            let condition = all.expanded(condition);
            Filter::compile(&condition, &Settings::default()).unwrap_or_else(|e| panic!("{}", e.render(&condition)));
            compiled += 1;
        }
        let capture = snake(texts("captures")[0].strip_prefix("K8SAudit").unwrap());
        for (rule, times) in case["counts_by_rule"].as_object().unwrap() {
            // Only the plugin's own file has it.
            let Some(condition) = all.rules.get(rule) else {
                println!("no rule {rule}");
                continue;
            };
            let condition = all.expanded(condition);
            let filter = format!("({condition}) and ka.auditid startswith '{capture}:'");
            assert_eq!(
                count(&trace, &filter) as u64,
                times.as_u64().unwrap(),
                "{}: {rule}: {filter}",
                case["name"]
            );
            checked += 1;
        }
        if case["counts_by_rule"].as_object().unwrap().is_empty() && case.get("total").is_none() {
            for rule in all.rules.values() {
                let condition = all.expanded(rule);
                let filter = format!("({condition}) and ka.auditid startswith '{capture}:'");
                // What only tells of activity is not what these cases are about.
                let told = count(&trace, &filter);
                assert!(
                    told == 0 || condition.contains("jevt.rawtime exists"),
                    "{}: {filter}",
                    case["name"]
                );
            }
            checked += 1;
        }
    }
    println!("{checked} expectations, {compiled} conditions");
    assert!(checked >= 40 && compiled > 1000, "{checked} {compiled}");
}

/// The lists of a file that is indented as a whole.
fn lists_of(text: &str) -> String {
    let indented = text.lines().any(|line| line.starts_with("    - list:"));
    let lines = text.lines().map(|line| {
        if indented {
            line.strip_prefix("    ").unwrap_or(line)
        } else {
            line
        }
    });
    let mut out = String::new();
    let mut inside = false;
    for line in lines {
        if line.starts_with("- ") {
            inside = line.starts_with("- list:");
        }
        if inside {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// `CreateNginxPod2ndContainer` as files are called.
fn snake(name: &str) -> String {
    let mut out = String::new();
    let chars: Vec<char> = name.chars().collect();
    for (at, c) in chars.iter().enumerate() {
        let digit_begins = c.is_ascii_digit() && at > 0 && !chars[at - 1].is_ascii_digit();
        if (c.is_ascii_uppercase() && at > 0 && !chars[at - 1].is_ascii_digit()) || digit_begins {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out.replace("fal_01003", "fal_01_003")
}

/// A log that is renamed, one that is emptied in place, half lines, and what is no event.
#[test]
fn a_log_is_followed() {
    let name = "a_log_is_followed";
    if !can_record(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (log, path) = (dir.path().join("audit.log"), dir.path().join("t.scap"));
    append(&log, &event("before"));
    // The end of a line that began before.
    std::fs::write(&log, format!("{}\n{{\"half\":", event("before"))).unwrap();
    let recording = record(dir.path(), &path, &["--k8s-audit", log.to_str().unwrap()]);
    settle();
    append(&log, "1}");
    append(&log, &event("one"));
    append(&log, "nonsense");
    append(&log, "");
    append(&log, &format!("{{\"x\":\"{}\"}}", "y".repeat(5 << 20)));
    append(&log, &event("two"));
    settle();
    append(&log, &event("three"));
    std::fs::rename(&log, dir.path().join("audit-1.log")).unwrap();
    append(&dir.path().join("audit-1.log"), &event("four"));
    append(&log, &event("five"));
    settle();
    std::fs::write(&log, "").unwrap();
    settle();
    append(&log, &event("six"));
    settle();
    // In two pieces.
    let seven = event("seven");
    let mut file = OpenOptions::new().append(true).open(&log).unwrap();
    file.write_all(&seven.as_bytes()[..100]).unwrap();
    settle();
    file.write_all(&[&seven.as_bytes()[100..], b"\n"].concat()).unwrap();
    let sealed = recording.seal();
    let trace = Trace::open(&path).unwrap();
    let ids = select(&trace, "evt.type = k8s_audit", |row| text(row, "%ka.auditid"));
    assert_eq!(ids, ["one", "two", "three", "four", "five", "six", "seven"]);
    // What could not be read is counted.
    assert_eq!((lost(&trace), sealed.status.code()), (2, Some(3)), "{sealed:?}");
    let all = "ka.user.name = alice and ka.user.groups intersects (dev) and ka.sourceips = 10.0.0.7 and ka.target.pod.name = web-0 \
        and ka.response.code = 200 and ka.useragent startswith kubectl and jevt.value[/user/groups/0] = dev \
        and evt.category = internal and jevt.obj contains web-0";
    assert_eq!(
        count(&trace, all),
        7,
        "{}",
        select(&trace, "evt.num = 1", |row| text(row, "%jevt.obj"))[0]
    );
    // Segments are in the order of time whatever the entries' own times are.
    let times = select(&trace, "evt.type = k8s_audit", |row| row.time());
    assert!(times.is_sorted());
}

/// One request and its answer's status.
fn post(port: u16, head: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let _ = stream.write_all(
        format!(
            "{head} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        )
        .as_bytes(),
    );
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer)
        .split(' ')
        .nth(1)
        .unwrap_or_default()
        .to_owned()
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Lists are taken, with the token; whoever has none, sends too much or nothing costs nothing.
#[test]
fn the_webhook_takes_lists_and_no_nonsense() {
    let name = "the_webhook_takes_lists_and_no_nonsense";
    if !can_record(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (path, token, port) = (dir.path().join("t.scap"), dir.path().join("token"), free_port());
    std::fs::write(&token, "w0rd-of-the-test\n").unwrap();
    let from = format!("webhook={port}");
    let recording = record(
        dir.path(),
        &path,
        &["--k8s-audit", &from, "--k8s-audit-token", token.to_str().unwrap()],
    );
    let list = |ids: &[&str]| {
        let events: Vec<String> = ids.iter().map(|id| event(id)).collect();
        format!(
            r#"{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{{}},"items":[{}]}}"#,
            events.join(",")
        )
    };
    // Slow ones, that hold their connections open meanwhile.
    let slow: Vec<TcpStream> = (0..8)
        .map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap())
        .collect();
    for mut stream in &slow {
        stream.write_all(b"POST /w0rd-of-the-test HTTP/1.1\r\nHo").unwrap();
    }
    let good = "POST /audit/w0rd-of-the-test";
    assert_eq!(post(port, good, list(&["a", "b"]).as_bytes()), "200");
    assert_eq!(post(port, good, list(&[]).as_bytes()), "200");
    assert_eq!(
        post(
            port,
            good,
            list(&["v1beta1"])
                .replace("audit.k8s.io/v1\"", "audit.k8s.io/v1beta1\"")
                .as_bytes()
        ),
        "200"
    );
    assert_eq!(post(port, "POST /audit", list(&["c"]).as_bytes()), "401");
    assert_eq!(post(port, "POST /w0rd-of-the-tesT", list(&["c"]).as_bytes()), "401");
    assert_eq!(post(port, "GET /w0rd-of-the-test", b""), "405");
    assert_eq!(post(port, good, b"nonsense"), "400");
    assert_eq!(post(port, good, &b"[".repeat(100_000)), "400");
    assert_eq!(post(port, good, &vec![b' '; (16 << 20) + 1]), "413");
    // Events of a list that are none are counted, and the others taken.
    assert_eq!(
        post(port, good, list(&["c"]).replace("[{", "[7,{}, {").as_bytes()),
        "200"
    );
    let with_header = "POST / HTTP/1.1\r\nAuthorization: Bearer w0rd-of-the-test\r\nX:";
    assert_eq!(post(port, with_header, list(&["d"]).as_bytes()), "200");
    settle();
    // Nowhere but in its file.
    let cmdlines = std::fs::read_dir("/proc").unwrap().flatten();
    let said = cmdlines.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    assert!(
        !said
            .into_iter()
            .any(|line| String::from_utf8_lossy(&line).contains("w0rd-of-the-test"))
    );
    let sealed = recording.seal();
    assert_eq!(sealed.status.code(), Some(3), "{sealed:?}");
    let trace = Trace::open(&path).unwrap();
    let ids = select(&trace, "evt.type = k8s_audit", |row| text(row, "%ka.auditid"));
    assert_eq!(ids, ["a", "b", "v1beta1", "c", "d"]);
    assert_eq!(lost(&trace), 2);
    // A second recorder cannot listen there, and says so.
    let busy = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let refused = support::capture()
        .args([
            "record",
            "-o",
            dir.path().join("u.scap").to_str().unwrap(),
            "--k8s-audit",
            &from,
            "--duration",
            "1s",
        ])
        .output()
        .unwrap();
    drop(busy);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("cannot listen at 127.0.0.1"),
        "{said}"
    );
}

/// With a certificate it takes https, and http no more.
#[test]
fn the_webhook_speaks_tls() {
    let name = "the_webhook_speaks_tls";
    if !can_record(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (path, port) = (dir.path().join("t.scap"), free_port());
    let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let from = format!("webhook={port}");
    let tls = [
        "--k8s-audit",
        &from,
        "--k8s-audit-cert",
        cert.to_str().unwrap(),
        "--k8s-audit-key",
        key.to_str().unwrap(),
    ];
    let recording = record(dir.path(), &path, &tls);
    assert_eq!(post(port, "POST /", event("plain").as_bytes()), "");
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let mut stream = StreamOwned::new(client, TcpStream::connect(("127.0.0.1", port)).unwrap());
    let body = event("tls");
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    settle();
    let sealed = recording.seal();
    assert!(sealed.status.success(), "{sealed:?}");
    let trace = Trace::open(&path).unwrap();
    assert_eq!(
        select(&trace, "evt.type = k8s_audit", |row| text(row, "%ka.auditid")),
        ["tls"]
    );
    // A key that is none is an error before anything is recorded.
    std::fs::write(&key, "nothing").unwrap();
    let refused = support::capture()
        .args(["record", "-o", "u.scap"])
        .args(tls)
        .current_dir(dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("key.pem"), "{said}");
}

/// Secrets, tokens and variables are replaced, what patterns match as well; scoped recordings have entries of their pods.
#[test]
fn secrets_do_not_come_in_and_scopes_hold() {
    let name = "secrets_do_not_come_in_and_scopes_hold";
    if !can_record(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("audit.log");
    std::fs::write(&log, "").unwrap();
    let (all, scoped) = (dir.path().join("all.scap"), dir.path().join("scoped.scap"));
    let from = ["--k8s-audit", log.to_str().unwrap()];
    let everything = record(dir.path(), &all, &[&from[..], &["--redact", "hunter[0-9]"]].concat());
    let pods = Recording::start(
        dir.path(),
        &scoped,
        &[
            &from[..],
            &["--namespace", "sho*", "--quiet", "--runtime", "docker=/nowhere.sock"],
        ]
        .concat(),
    );
    append(
        &log,
        &event("secret").replace("\"pods\"", "\"secrets\"").replace(
            "\"verb\":\"get\"",
            r#""verb":"create","requestObject":{"kind":"Secret","metadata":{"name":"db"},"stringData":{"k":"t0p-s3cret"}}"#,
        ),
    );
    append(
        &log,
        &event("exec")
            .replace(
                "/pods/web-0\"",
                "/pods/web-0/exec?command=mysql&command=-phunter2&container=app\"",
            )
            .replace("\"name\":\"web-0\"}", "\"name\":\"web-0\",\"subresource\":\"exec\"}"),
    );
    append(
        &log,
        &event("elsewhere").replace("\"namespace\":\"shop\"", "\"namespace\":\"prod\""),
    );
    append(&log, &event("nowhere").replace("\"namespace\":\"shop\",", ""));
    settle();
    let (sealed, scoped_sealed) = (everything.seal(), pods.seal());
    assert!(sealed.status.success(), "{sealed:?}");
    let trace = Trace::open(&all).unwrap();
    assert_eq!(count(&trace, "evt.type = k8s_audit"), 4);
    let shown = select(&trace, "evt.type = k8s_audit", |row| {
        format!(
            "{} {} {}",
            text(row, "%jevt.obj"),
            text(row, "%evt.args"),
            text(row, "%ka.uri")
        )
    });
    let shown = shown.join("\n");
    assert!(
        !shown.contains("t0p-s3cret") && !shown.contains("hunter2") && shown.contains("[redacted]"),
        "{shown}"
    );
    assert_eq!(
        count(
            &trace,
            "ka.target.resource = secrets and jevt.value[/requestObject/stringData/k] = '[redacted]'"
        ),
        1
    );
    assert_eq!(
        count(
            &trace,
            "ka.uri endswith '?[redacted]' and evt.arg.command contains mysql"
        ),
        1
    );
    let trace = Trace::open(&scoped).unwrap_or_else(|error| panic!("{error} {scoped_sealed:?}"));
    let ids = select(&trace, "evt.type = k8s_audit", |row| text(row, "%ka.auditid"));
    assert_eq!(ids, ["secret", "exec"]);
}
