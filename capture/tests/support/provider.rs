//! A stand-in for Amazon SNS that an agent finds under the provider's own name, although no check of the agent's is changed: it
//! runs with a hosts file and with roots of its own, as any program can be made to.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use std::ffi::CString;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned, crypto};

pub(crate) const HOST: &str = "sns.us-east-2.amazonaws.com";
pub(crate) const TOPIC: &str = "arn:aws:sns:us-east-2:123456789012:findings";

pub(crate) struct Provider {
    dir: PathBuf,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Provider {
    /// Starts it; `None`: there is no openssl, or no address for it.
    pub(crate) fn start(dir: &Path) -> Option<Provider> {
        let dir = dir.join("provider");
        std::fs::create_dir(&dir).unwrap();
        let made = Command::new("openssl")
            .args([
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=test",
            ])
            .args(["-addext", "subjectAltName=DNS:sns.amazonaws.com"])
            .args(["-keyout", "key.pem", "-out", "cert.pem"])
            .current_dir(&dir)
            .output();
        made.ok().filter(|made| made.status.success())?;
        let pem = std::fs::read(dir.join("cert.pem")).unwrap();
        // An address of this test's own: the port is the provider's.
        let pid = std::process::id().to_be_bytes();
        let address = Ipv4Addr::new(127, 64 | pid[1], pid[2], pid[3]);
        let listener = TcpListener::bind((address, 443)).ok()?;
        let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
        std::fs::write(dir.join("hosts"), format!("{address} {HOST} evil.example\n{hosts}")).unwrap();
        let config = tls(&dir);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                    head.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let line = head.lines().next().unwrap_or("nothing that was understood").to_owned();
                keep.lock().unwrap().push(line);
                let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", pem.len());
                let _ = stream.write_all(&pem);
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        });
        Some(Provider { dir, asked })
    }

    /// First lines of the requests that came.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Sees to it that a program finds the stand-in.
    pub(crate) fn lead(&self, command: &mut Command) {
        command.env("SSL_CERT_FILE", self.dir.join("root.pem"));
        let hosts = CString::new(self.dir.join("hosts").as_os_str().as_bytes()).unwrap();
        let bind = move || {
            let done = |result: i32| match result {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            };
            let none = std::ptr::null();
            // SAFETY: system calls with strings that live as long as the closure; nothing is allocated.
            unsafe {
                done(libc::unshare(libc::CLONE_NEWNS))?;
                let private = libc::MS_REC | libc::MS_PRIVATE;
                done(libc::mount(none, c"/".as_ptr(), none, private, none.cast()))?;
                done(libc::mount(
                    hosts.as_ptr(),
                    c"/etc/hosts".as_ptr(),
                    none,
                    libc::MS_BIND,
                    none.cast(),
                ))
            }
        };
        // SAFETY: between fork and exec only system calls are made.
        unsafe { command.pre_exec(bind) };
    }

    /// A message as SNS posts it, of today.
    pub(crate) fn message(&self, kind: &str, version: &str, message: &str) -> Value {
        let mut envelope = json!({
            "Type": kind, "MessageId": format!("{kind}-{version}-{}", super::doors::now()), "TopicArn": TOPIC,
            "Message": message, "Timestamp": super::doors::rfc3339(super::doors::now()), "SignatureVersion": version,
            "SigningCertURL": format!("https://{HOST}/SimpleNotificationService-1.pem"),
        });
        if kind == "SubscriptionConfirmation" {
            envelope["Token"] = "2336412f37fb687f5d51e6e2425dacbbac".into();
            envelope["SubscribeURL"] = format!(
                "https://{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37fb687f5d51e6e2425dacbbac"
            )
            .into();
        }
        self.sign(&mut envelope);
        envelope
    }

    /// Signs it anew.
    pub(crate) fn sign(&self, envelope: &mut Value) {
        let fields: &[&str] = match envelope["Type"].as_str() {
            Some("Notification") => &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
            _ => &[
                "Message",
                "MessageId",
                "SubscribeURL",
                "Timestamp",
                "Token",
                "TopicArn",
                "Type",
            ],
        };
        let text: String = fields
            .iter()
            .filter_map(|field| Some(format!("{field}\n{}\n", envelope[*field].as_str()?)))
            .collect();
        let digest = if envelope["SignatureVersion"] == "1" {
            "-sha1"
        } else {
            "-sha256"
        };
        std::fs::write(self.dir.join("text"), text).unwrap();
        let signed = Command::new("openssl")
            .args(["dgst", digest, "-sign", "key.pem", "-out", "signature", "text"])
            .current_dir(&self.dir)
            .status();
        assert!(signed.unwrap().success());
        use base64::Engine;
        let signature = std::fs::read(self.dir.join("signature")).unwrap();
        envelope["Signature"] = base64::engine::general_purpose::STANDARD.encode(signature).into();
    }
}

/// A certificate of the provider's name, with the root that is in `root.pem`.
fn tls(dir: &Path) -> Arc<ServerConfig> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![HOST.to_owned(), "evil.example".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &root).unwrap();
    std::fs::write(dir.join("root.pem"), root.pem()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from(certificate.der().to_vec())],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        );
    Arc::new(config.unwrap())
}
