//! For tests of this crate: a stand-in for a provider, which an injected resolver finds under the provider's own name, and
//! somebody who signs.

use crate::outside::{Outside, Resolve};
use crate::time;
use futures_util::future::BoxFuture;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex as StdMutex};
use tempfile::TempDir;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A server that answers for the provider: what was asked is kept.
pub(crate) struct StandIn {
    pub(crate) dir: TempDir,
    asked: Arc<StdMutex<Vec<String>>>,
    pub(crate) outside: Outside,
    pub(crate) now: Arc<AtomicI64>,
}

/// Every name is found at the stand-in; which names are asked for is the code's own business.
#[derive(Debug)]
struct ToStandIn {
    address: SocketAddr,
    resolved: StdMutex<Vec<String>>,
}

impl Resolve for ToStandIn {
    fn resolve(&self, host: String, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        self.resolved.lock().unwrap().push(format!("{host}:{port}"));
        let address = self.address;
        Box::pin(async move { Ok(vec![address]) })
    }
}

impl StandIn {
    /// Its TLS certificate is for `host`; `pem` is what it serves as the signing certificate. Its clock says `now`.
    pub(crate) fn start(host: &str, pem: Vec<u8>, now: &str) -> StandIn {
        let dir = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &root).unwrap();
        let root_file = dir.path().join("root.pem");
        std::fs::write(&root_file, root.pem()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(certificate.der().to_vec())],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(StdMutex::new(Vec::new()));
        let (keep, config) = (asked.clone(), Arc::new(config));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let connection = ServerConnection::new(config.clone()).unwrap();
                let mut stream = StreamOwned::new(connection, stream);
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                    head.push(byte[0]);
                }
                let line = String::from_utf8_lossy(&head)
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                if line.is_empty() {
                    continue;
                }
                keep.lock().unwrap().push(line);
                let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", pem.len());
                let _ = stream.write_all(&pem);
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        });
        let now = Arc::new(AtomicI64::new(time::parse(now).unwrap()));
        let clock = now.clone();
        let outside = Outside {
            resolver: Arc::new(ToStandIn {
                address,
                resolved: StdMutex::default(),
            }),
            roots: vec![root_file],
            clock: Arc::new(move || clock.load(Ordering::Relaxed)),
            ..Outside::default()
        };
        StandIn {
            dir,
            asked,
            outside,
            now,
        }
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// A key, its certificate, and messages signed with it.
pub(crate) struct Signer(PathBuf);

impl Signer {
    /// Makes key and certificate in a folder; `None`: there is no openssl.
    pub(crate) fn new(dir: &Path, name: &str) -> Option<Signer> {
        let made = Command::new("openssl")
            .args([
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=test",
            ])
            .arg("-addext")
            .arg(format!("subjectAltName=DNS:{name}"))
            .args(["-keyout", "key.pem", "-out", "cert.pem"])
            .current_dir(dir)
            .output();
        made.ok().filter(|made| made.status.success())?;
        Some(Signer(dir.to_owned()))
    }

    pub(crate) fn certificate(&self) -> Vec<u8> {
        std::fs::read(self.0.join("cert.pem")).unwrap()
    }

    /// RSA with PKCS#1 padding of `text`.
    pub(crate) fn sign(&self, text: &str, digest: &str) -> Vec<u8> {
        std::fs::write(self.0.join("text"), text).unwrap();
        let signed = Command::new("openssl")
            .args(["dgst", digest, "-sign", "key.pem", "-out", "signature", "text"])
            .current_dir(&self.0)
            .status();
        assert!(signed.unwrap().success());
        std::fs::read(self.0.join("signature")).unwrap()
    }
}

pub(crate) fn skip(name: &str, reason: &str) {
    println!("SKIPPED: {name}: {reason}");
    if let Some(log) = std::env::var_os("AFTERIMAGE_SKIP_LOG") {
        let mut log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        writeln!(log, "SKIPPED: {name}: {reason}").unwrap();
    }
}

pub(crate) fn corpus(what: &str) -> Option<PathBuf> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut found = above.map(|folder| folder.join("shared/corpus/alerts").join(what));
    found.find(|path| path.exists())
}

pub(crate) fn now() -> String {
    chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
