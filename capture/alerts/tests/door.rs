//! The front door with real connections: who gets in, what the recorder hears, what the sender is told.

mod support;

use afterimage_alerts::Outside;
use afterimage_alerts::protocol::{Said, Told};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::http::{self, Response, post, request};
use support::payloads::{ALERTMANAGER, FALCO, GENERIC, GUARDDUTY, SCC};
use support::{Helper, accept, settings, skip};
use tempfile::TempDir;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto};

/// One source of each kind with the token `t0ken`.
fn five(dir: &Path) -> String {
    let token = dir.join("token");
    fs::write(&token, "t0ken\n").unwrap();
    let mut text = "[http]\nlisten = [\"127.0.0.1:0\"]\n".to_owned();
    for kind in ["falco", "alertmanager", "guardduty", "scc", "generic"] {
        text.push_str(&format!(
            "[[source]]\nkind = \"{kind}\"\nauth = {{ token_file = {token:?} }}\n"
        ));
    }
    text.push_str("[source.mapping]\nalerts = \"/events\"\ntitle = \"/what/name\"\nseverity = \"/level\"\n");
    text
}

fn started(text: &str) -> Helper {
    Helper::start(&settings(text), Outside::default(), accept)
}

#[test]
fn alerts_of_every_source_reach_the_recorder() {
    let dir = tempfile::tempdir().unwrap();
    let helper = started(&five(dir.path()));
    let check = |kind: &str, body: &str, expected: &[(&str, &str)]| {
        let response = post(helper.address, &format!("/v1/{kind}"), "t0ken", body);
        assert_eq!(response.status, 202, "{response:?}");
        let triggers = helper.triggers();
        let seen: Vec<_> = triggers.iter().map(|t| (&*t.title, &*t.severity)).collect();
        assert_eq!(seen, expected);
        for trigger in &triggers {
            assert_eq!((&*trigger.source, &*trigger.payload), (kind, body));
            assert_eq!(
                (&*trigger.payload_type, trigger.payload_base64),
                ("application/json", false)
            );
        }
        response.json()
    };
    let answer = check("falco", FALCO, &[("Terminal shell in container", "medium")]);
    assert_eq!(answer, json!({ "capture": "c-Terminal shell in container" }));
    let answer = check(
        "alertmanager",
        ALERTMANAGER,
        &[("Crash", "critical"), ("Crash", "critical")],
    );
    assert_eq!(answer["answers"][1]["capture"], "c-Crash");
    assert_eq!(answer["answers"][1]["id"], "c6eadffa33fcdf38/2026-01-02T03:04:06Z");
    assert_eq!(answer["passed"], json!({ "resolved": 1 }));
    check(
        "guardduty",
        GUARDDUTY,
        &[("Execution:Runtime/NewBinaryExecuted", "medium")],
    );
    check("scc", SCC, &[("Added Binary Executed", "high")]);
    check("generic", GENERIC, &[("Odd", "critical"), ("Odder", "low")]);
    let said = helper.end();
    assert!(said.contains(&Said::Stopped { left: 0 }), "{said:?}");
}

#[test]
fn who_may_not_is_told_why_and_what_would_be_right() {
    let dir = tempfile::tempdir().unwrap();
    let helper = started(&five(dir.path()));
    let to = helper.address;
    let check = |response: Response, status: u16, error: &str| {
        assert_eq!(response.status, status, "{response:?}");
        let body = response.json();
        assert!(body["error"].as_str().unwrap().starts_with(error), "{body}");
        assert!(!body["hint"].as_str().unwrap().is_empty());
    };
    check(
        request(to, "POST", "/v1/falco", &[], FALCO.as_bytes()),
        401,
        "there are no credentials",
    );
    check(
        post(to, "/v1/falco", "t0kenX", FALCO),
        401,
        "the credentials are not right",
    );
    check(
        post(to, "/v1/falco", "t0ke", FALCO),
        401,
        "the credentials are not right",
    );
    check(post(to, "/v1/nothing", "t0ken", FALCO), 404, "there is nothing here");
    check(request(to, "GET", "/v1/falco", &[], b""), 405, "not with this method");
    check(
        post(to, "/v1/falco", "t0ken", "{}"),
        400,
        "rule: expected the name of the rule",
    );
    check(post(to, "/v1/falco", "t0ken", "{"), 400, "the body is no JSON");
    check(post(to, "/v1/scc", "t0ken", FALCO), 400, "finding: expected an object");
    let gzip = [("authorization", "Bearer t0ken"), ("content-encoding", "gzip")];
    check(request(to, "POST", "/v1/falco", &gzip, b"x"), 415, "compressed");
    let large = "x".repeat((1 << 20) + 1);
    check(
        post(to, "/v1/falco", "t0ken", &large),
        413,
        "the body has more than 1048576 bytes",
    );
    assert!(helper.triggers().is_empty());
    let mut count = 0;
    while count < 3 {
        count += helper.said_that(5, |said| match said {
            Said::Refused {
                source,
                status: 401,
                count,
                ..
            } if source == "falco" => Some(*count),
            _ => None,
        });
    }
    assert_eq!(count, 3);
}

#[test]
fn hmac_and_severities() {
    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("secret");
    fs::write(&secret, "key").unwrap();
    let helper = started(&format!(
        "[http]\nlisten = [\"127.0.0.1:0\"]\n[[source]]\nkind = \"falco\"\nmin_severity = \"high\"\npre_ms = 7\n\
         severity = {{ notice = \"critical\" }}\nauth = {{ hmac_file = {secret:?} }}\n"
    ));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"key");
    let send = |body: &str, signed: &str| {
        let tag = ring::hmac::sign(&key, signed.as_bytes());
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let signature = format!("sha256={hex}");
        request(
            helper.address,
            "POST",
            "/v1/falco",
            &[("x-signature-256", &signature)],
            body.as_bytes(),
        )
    };
    let below = send(FALCO, FALCO);
    assert_eq!(
        (below.status, below.json()),
        (200, json!({ "answers": [], "passed": { "severity": 1 } }))
    );
    assert!(helper.triggers().is_empty());
    let notice = FALCO.replace("Warning", "Notice");
    assert_eq!(send(&notice, &notice).status, 202);
    let trigger = helper.triggers().remove(0);
    assert_eq!(
        (&*trigger.severity, &*trigger.severity_raw, trigger.pre),
        ("critical", "Notice", Some(7))
    );
    assert_eq!(send(&notice, FALCO).status, 401);
    let none = request(helper.address, "POST", "/v1/falco", &[], notice.as_bytes());
    assert_eq!(none.status, 401);
}

#[test]
fn without_credentials_only_programs_of_this_machine() {
    let helper =
        started("[http]\nlisten = [\"127.0.0.1:0\"]\n[[source]]\nkind = \"falco\"\nauth.loopback_only = true\n");
    assert_eq!(helper.notes.len(), 1);
    assert!(
        helper.notes[0].contains("everyone on this machine"),
        "{:?}",
        helper.notes
    );
    let to = helper.address;
    assert_eq!(request(to, "POST", "/v1/falco", &[], FALCO.as_bytes()).status, 202);
    for header in [("origin", "https://evil.example"), ("host", "evil.example")] {
        let refused = request(to, "POST", "/v1/falco", &[header], FALCO.as_bytes());
        assert_eq!(refused.status, 403, "{refused:?}");
    }
}

#[test]
fn the_same_alert_at_once_is_asked_once() {
    let dir = tempfile::tempdir().unwrap();
    let helper = started(&five(dir.path()));
    let to = helper.address;
    let threads: Vec<_> = (0..20)
        .map(|_| std::thread::spawn(move || post(to, "/v1/falco", "t0ken", FALCO)))
        .collect();
    for thread in threads {
        let response = thread.join().unwrap();
        assert_eq!(
            (response.status, response.json()["capture"].clone()),
            (202, "c-Terminal shell in container".into())
        );
    }
    assert_eq!(helper.triggers().len(), 1);
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(post(to, "/v1/falco", "t0ken", FALCO).status, 202);
    assert_eq!(helper.triggers().len(), 1);
}

/// Fifty alerts of five sources for ten containers in a second.
#[test]
fn fifty_alerts_in_a_second() {
    let dir = tempfile::tempdir().unwrap();
    let helper = started(&five(dir.path()));
    let to = helper.address;
    let start = Instant::now();
    let threads: Vec<_> = (0..50)
        .map(|number| {
            std::thread::spawn(move || {
                let (container, source) = (number % 10, number / 10);
                let (path, body) = match source {
                    0 => (
                        "/v1/falco",
                        FALCO
                            .replace("3ad7b26ded6d", &format!("c{container}"))
                            .replace("5a5c1c3d", &number.to_string()),
                    ),
                    1 => (
                        "/v1/alertmanager",
                        ALERTMANAGER.replace("33fcdf", &format!("{number}ab")),
                    ),
                    2 => ("/v1/guardduty", GUARDDUTY.replace("\"f1\"", &format!("\"f{number}\""))),
                    3 => ("/v1/scc", SCC.replace("findings/3", &format!("findings/{number}"))),
                    _ => ("/v1/generic", GENERIC.replace("abc", &format!("c{container}"))),
                };
                post(to, path, "t0ken", &body).status
            })
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap() == 202));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    // The second event of the generic ones names no container, so it is the same in all of them.
    assert_eq!(helper.triggers().len(), 10 + 20 + 10 + 10 + 10 + 1);
}

#[test]
fn a_recorder_that_does_not_answer_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let text = five(dir.path());
    let helper = Helper::start(&settings(&text), Outside::default(), |_| None);
    let start = Instant::now();
    let response = post(helper.address, "/v1/falco", "t0ken", FALCO);
    assert_eq!(response.status, 503);
    assert!(response.head.to_lowercase().contains("retry-after"));
    assert!(start.elapsed() > Duration::from_secs(4) && start.elapsed() < Duration::from_secs(8));
}

#[test]
fn health_and_metrics() {
    let dir = tempfile::tempdir().unwrap();
    let text = five(dir.path());
    let helper = started(&text);
    let get = |path: &str, headers: &[(&str, &str)]| request(helper.address, "GET", path, headers, b"");
    assert_eq!(get("/healthz", &[]).json(), json!({ "alerts": "ok", "recorder": "ok" }));
    assert_eq!(get("/readyz", &[]).body, "# readyz\n");
    assert_eq!(get("/metrics", &[]).body, "# metrics\n");
    assert_eq!(get("/metrics", &[("host", "evil.example")]).status, 403);
    // With a token, it is asked for.
    let mut with = settings(&text);
    with.http.metrics_token_file = with.source[0].auth.token_file.clone();
    helper.tell(&Told::Settings(Box::new(with)));
    helper.replaced().unwrap();
    assert_eq!(get("/metrics", &[]).status, 401);
    assert_eq!(get("/metrics", &[("authorization", "Bearer t0ken")]).status, 200);
}

/// Whoever asks all the time does not keep the recorder busy, and one that says nothing is said to.
#[test]
fn a_recorder_that_says_nothing_is_not_asked_all_the_time() {
    let dir = tempfile::tempdir().unwrap();
    let helper = Helper::start_silent(&settings(&five(dir.path())));
    let to = helper.address;
    let start = Instant::now();
    let ask = move || request(to, "GET", "/healthz", &[], b"");
    let threads: Vec<_> = (0..50).map(|_| std::thread::spawn(ask)).collect();
    for thread in threads {
        let response = thread.join().unwrap();
        assert_eq!(response.status, 503);
        assert_eq!(
            response.json(),
            json!({ "alerts": "ok", "recorder": "does not answer" })
        );
    }
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    let asked = helper.said_so_far();
    assert_eq!(
        asked.iter().filter(|said| matches!(said, Said::Asked { .. })).count(),
        1,
        "{asked:?}"
    );
}

#[test]
fn new_settings_without_a_connection_lost() {
    let dir = tempfile::tempdir().unwrap();
    let text = five(dir.path());
    let helper = started(&text);
    let old = helper.address;
    fs::write(dir.path().join("token"), "n3w").unwrap();
    helper.tell(&Told::Settings(Box::new(settings(&text))));
    assert_eq!(helper.replaced(), Ok(vec![old.to_string()]));
    assert_eq!(post(old, "/v1/falco", "t0ken", FALCO).status, 401);
    assert_eq!(post(old, "/v1/falco", "n3w", FALCO).status, 202);
    // What cannot be used changes nothing.
    fs::remove_file(dir.path().join("token")).unwrap();
    helper.tell(&Told::Settings(Box::new(settings(&text))));
    let reasons = helper.replaced().unwrap_err();
    assert!(
        reasons[0].starts_with("source[0].auth: cannot read the secret in "),
        "{reasons:?}"
    );
    let other = FALCO.replace("5a5c1c3d", "1");
    assert_eq!(post(old, "/v1/falco", "n3w", &other).status, 202);
}

#[test]
fn the_end_answers_what_is_under_way() {
    let dir = tempfile::tempdir().unwrap();
    let helper = Helper::start(&settings(&five(dir.path())), Outside::default(), |trigger| {
        std::thread::sleep(Duration::from_millis(500));
        accept(trigger)
    });
    let to = helper.address;
    let under_way = std::thread::spawn(move || post(to, "/v1/falco", "t0ken", FALCO));
    std::thread::sleep(Duration::from_millis(200));
    helper.tell(&Told::Stop { within_ms: 3000 });
    assert_eq!(under_way.join().unwrap().status, 202);
    assert_eq!(
        helper.said_that(5, |said| matches!(said, Said::Stopped { .. }).then(|| said.clone())),
        Said::Stopped { left: 0 }
    );
    assert!(TcpStream::connect(to).is_err());
}

struct Tls {
    dir: TempDir,
    root: String,
    client: (String, String),
}

/// A root, a certificate for 127.0.0.1, and one for a client.
fn tls() -> Tls {
    let dir = tempfile::tempdir().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // With the same name as those that it signs, OpenSSL takes these for signed by themselves.
    params
        .distinguished_name
        .push(DnType::CommonName, "a root of this test");
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let issued = |root: &Issuer<'_, KeyPair>, name: &str| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        (params.signed_by(&key, root).unwrap().pem(), key.serialize_pem())
    };
    let (cert, key) = issued(&root, "127.0.0.1");
    fs::write(dir.path().join("cert.pem"), cert).unwrap();
    fs::write(dir.path().join("key.pem"), key).unwrap();
    fs::write(dir.path().join("root.pem"), root.pem()).unwrap();
    let client = issued(&root, "client");
    Tls {
        dir,
        root: root.pem(),
        client,
    }
}

fn tls_post(tls: &Tls, helper: &Helper, with_client: bool) -> std::io::Result<Response> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(tls.root.as_bytes()).unwrap())
        .unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()));
    let builder = builder
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match with_client {
        false => builder.with_no_client_auth(),
        true => {
            let cert = CertificateDer::from_pem_slice(tls.client.0.as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(tls.client.1.as_bytes()).unwrap();
            builder.with_client_auth_cert(vec![cert], key).unwrap()
        }
    };
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(helper.address)?);
    let headers = [("authorization", "Bearer t0ken")];
    http::exchange(
        &mut stream,
        "127.0.0.1",
        "POST",
        "/v1/falco",
        &headers,
        FALCO.as_bytes(),
    )
}

#[test]
fn tls_with_and_without_client_certificates() {
    let tls = tls();
    let dir = tls.dir.path();
    let text = format!(
        "{}[http.tls]\ncert = {:?}\nkey = {:?}\n",
        five(dir),
        dir.join("cert.pem"),
        dir.join("key.pem")
    );
    let helper = started(&text);
    assert_eq!(tls_post(&tls, &helper, false).unwrap().status, 202);
    // curl of the distribution, and its own TLS.
    let url = format!("https://{}/v1/falco", helper.address);
    let root = dir.join("root.pem");
    let curl = Command::new("curl")
        .args([
            "-sS",
            "-w",
            " %{http_code}",
            "-H",
            "Authorization: Bearer t0ken",
            "-d",
            FALCO,
            "--cacert",
        ])
        .arg(&root)
        .arg(&url)
        .output();
    match curl {
        Ok(output) => assert!(String::from_utf8_lossy(&output.stdout).ends_with("} 202"), "{output:?}"),
        Err(_) => skip(
            "tls_with_and_without_client_certificates",
            "no curl; its part was left out",
        ),
    }
    // Without TLS, nobody is heard.
    assert!(http::try_request(helper.address, "GET", "/healthz", &[], b"").is_err());
    let reason = helper.said_that(5, |said| match said {
        Said::Refused { status: 0, reason, .. } => Some(reason.clone()),
        _ => None,
    });
    assert!(reason.starts_with("no TLS"), "{reason}");

    let mut with = settings(&text);
    with.http.tls.as_mut().unwrap().client_ca = Some(root);
    with.source[0].auth = serde_json::from_value(json!({ "client_certificate": true })).unwrap();
    helper.tell(&Told::Settings(Box::new(with)));
    helper.replaced().unwrap();
    assert_eq!(tls_post(&tls, &helper, true).unwrap().status, 202);
    assert!(tls_post(&tls, &helper, false).is_err());
}

/// A token is in no line, no argument and no message, whatever happens to it.
#[test]
fn tokens_are_never_said() {
    let dir = tempfile::tempdir().unwrap();
    let helper = started(&five(dir.path()));
    post(helper.address, "/v1/falco", "t0ken", FALCO);
    post(helper.address, "/v1/falco", "t0ken", "{");
    let wrong = post(helper.address, "/v1/falco", "t0kenWRONG", FALCO);
    assert!(!wrong.body.contains("t0ken"));
    let triggers = serde_json::to_string(&helper.triggers()).unwrap();
    std::thread::sleep(Duration::from_millis(1200));
    let said = helper.end();
    let said: Value = serde_json::to_value(&said).unwrap();
    assert!(said.as_array().unwrap().len() >= 3, "{said}");
    assert!(!said.to_string().contains("t0ken") && !triggers.contains("t0ken"));
}

#[test]
fn sns_messages_must_be_what_they_say() {
    let dir = tempfile::tempdir().unwrap();
    let text = "[http]\nlisten = [\"127.0.0.1:0\"]\n[[source]]\nkind = \"guardduty\"\n\
                auth = { sns_topics = [\"arn:aws:sns:us-east-1:1:t\"] }\n";
    let helper = started(text);
    let check = |body: &Value, status: u16, error: &str| {
        let response = request(
            helper.address,
            "POST",
            "/v1/guardduty",
            &[],
            body.to_string().as_bytes(),
        );
        assert_eq!(response.status, status, "{response:?}");
        assert!(
            response.json()["error"].as_str().unwrap().starts_with(error),
            "{response:?}"
        );
    };
    let finding: Value = serde_json::from_str(GUARDDUTY).unwrap();
    check(&finding, 400, "no message of SNS: missing field `Type`");
    let mut envelope = json!({ "Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:us-east-1:1:t",
        "Message": GUARDDUTY, "Timestamp": "2015-01-01T00:00:00Z", "SignatureVersion": "1", "Signature": "AA==",
        "SigningCertURL": "https://sns.us-east-1.amazonaws.com.evil.example/x.pem" });
    check(&envelope, 403, "Timestamp: is not of the last hour");
    envelope["Timestamp"] = chrono::Utc::now().to_rfc3339().into();
    check(&envelope, 403, "SigningCertURL: is no host of SNS");
    envelope["TopicArn"] = "arn:aws:sns:us-east-1:666:t".into();
    check(&envelope, 403, "TopicArn: is none of this source's");
    // With a token, an envelope is still not taken at its word.
    let helper = started(&five(dir.path()));
    let refused = post(helper.address, "/v1/guardduty", "t0ken", &envelope.to_string());
    assert_eq!(refused.status, 403, "{refused:?}");
    assert!(helper.triggers().is_empty());
}
