//! The TLS door, and where its token must not be: logs, command lines, environments, captures, side-cars.

mod support;

use afterimage_format::file::Trace;
use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use support::doors::{Doors, Wanted, falco};
use support::{can_record, count, holds, http, wait_for};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto};

fn client(root: Option<CertificateDer<'static>>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    root.into_iter().for_each(|root| roots.add(root).unwrap());
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// Posts over TLS.
fn post(doors: &Doors, config: &Arc<ClientConfig>, token: &str, body: &str) -> std::io::Result<http::Response> {
    let stream = TcpStream::connect(doors.address())?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::clone(config), name).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    let token = format!("Bearer {token}");
    let headers = [("authorization", &*token), ("content-type", "application/json")];
    http::exchange(&mut stream, "localhost", "POST", "/v1/falco", &headers, body.as_bytes())
}

/// Whether a file has it in it.
fn has(path: &std::path::Path, text: &str) -> bool {
    let bytes = std::fs::read(path).unwrap_or_default();
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

#[test]
fn the_token_of_the_tls_door_is_nowhere() {
    let name = "the_token_of_the_tls_door_is_nowhere";
    if !can_record(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(dir.path().join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(dir.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let more = format!(
        "[http.tls]\ncert = '{0}/cert.pem'\nkey = '{0}/key.pem'\n[deliver]\nstate = '{0}/outbox'\n\
         [[command]]\nname = 'true'\nargv = ['/bin/true']\n",
        dir.path().display()
    );
    let mut doors = Doors::start(
        dir.path(),
        &Wanted {
            sources: &["falco"],
            more: &more,
            captures: "post = '500ms'\nfallback = 'node'",
            ..Wanted::default()
        },
    );
    let trusts = client(Some(made.cert.der().clone()));
    let body = |uuid: &str| falco(uuid, "no-such-container", None).to_string();
    // Who does not trust the certificate says nothing, and who speaks in the clear is not heard.
    assert!(post(&doors, &client(None), &doors.token, &body("a")).is_err());
    let clear = http::try_request(doors.address(), "POST", "/v1/falco", &[], body("b").as_bytes());
    assert!(clear.is_err() || clear.is_ok_and(|response| response.status == 400));
    let wrong = post(&doors, &trusts, "another", &body("c")).unwrap();
    assert_eq!(wrong.status, 401, "{wrong:?}");
    let right = post(&doors, &trusts, &doors.token, &body("d")).unwrap();
    assert_eq!(right.status, 202, "{right:?}");
    let capture = right.json()["capture"].as_str().unwrap().to_owned();
    // While the node is captured: reloaded, and the helper started anew, so that everything is read again.
    doors.agent.signal(libc::SIGHUP);
    let family = doors.family();
    // SAFETY: kill has no memory effects; the process is the agent's.
    assert_eq!(unsafe { libc::kill(family[2].1 as i32, libc::SIGKILL) }, 0);
    assert!(Command::new("true").status().unwrap().success());
    let summary = doors.agent.ended(&capture);
    assert_eq!(summary["result"], "complete", "{summary}");
    wait_for("the door again", || {
        let response = post(&doors, &trusts, &doors.token, &body("e"));
        response.is_ok_and(|response| response.status == 202)
    });
    let again = doors.agent.trigger(&["--node", "--id", "another one"]);
    doors.agent.ended(again["capture"].as_str().unwrap());
    wait_for("the delivery", || {
        let side = std::fs::read_to_string(doors.agent.folder().join(format!("{capture}.json"))).unwrap();
        side.contains("\"delivery\": \"done\"")
    });

    let token = doors.token.clone();
    for (name, pid) in doors.family() {
        for what in ["cmdline", "environ"] {
            assert!(
                !has(format!("/proc/{pid}/{what}").as_ref(), &token),
                "{what} of the {name}"
            );
        }
    }
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        assert!(!has(&entry.path().join("cmdline"), &token), "{:?}", entry.path());
    }
    assert_eq!(doors.agent.stop(), Some(0), "{}", doors.agent.log());
    let mut looked_at = 0;
    let mut folders = vec![dir.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            looked_at += 1;
            assert!(path.ends_with("token") || !has(&path, &token), "{}", path.display());
            if path.extension().is_some_and(|kind| kind == "scap") {
                let trace = Trace::open(&path).unwrap();
                // The test itself is in it, and with it both ends of the connection.
                assert!(
                    count(&trace, "evt.type = connect and fd.sip = 127.0.0.1") > 0 && !holds(&trace, &token),
                    "{}",
                    path.display()
                );
            }
        }
    }
    assert!(looked_at >= 8, "{looked_at}");
}
