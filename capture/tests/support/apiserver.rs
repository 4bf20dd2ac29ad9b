//! A stand-in for Kubernetes' API server: TLS, and the paths that the recorder asks for, with objects in the shape that a real
//! one gives to whoever asks for metadata alone. No real one can be had where these tests run.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned, crypto};

pub(crate) const NODE: &str = "node-1";

/// How it behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Mood {
    Good,
    /// Answers with this status.
    Refuses(u16),
    /// Takes the request and says nothing.
    Hangs,
    Garbage,
    /// An answer without end.
    Endless,
}

pub(crate) struct ApiServer {
    pub(crate) mood: Arc<Mutex<Mood>>,
    pub(crate) port: u16,
    /// What it wants to be shown. Each has its own: recordings of the host see what other tests write.
    pub(crate) token: String,
    /// Paths that were asked for.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
    config: Arc<ServerConfig>,
    pods: Arc<Mutex<Vec<Value>>>,
    dir: PathBuf,
}

impl ApiServer {
    /// Starts it; certificate and kubeconfig are in `dir`.
    pub(crate) fn start(dir: &Path, mood: Mood, pods: Vec<Value>) -> ApiServer {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        std::fs::write(dir.join("ca.pem"), made.cert.pem()).unwrap();
        let token = format!(
            "t0ken-{}",
            dir.file_name().unwrap().to_string_lossy().trim_start_matches('.')
        );
        std::fs::write(dir.join("token"), &token).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let mut server = ApiServer {
            mood: Arc::new(Mutex::new(mood)),
            port: 0,
            token,
            asked: Arc::default(),
            stop: Arc::default(),
            thread: None,
            config: Arc::new(config),
            pods: Arc::new(Mutex::new(pods)),
            dir: dir.to_owned(),
        };
        server.listen();
        server
    }

    /// Listens, at the port of before if there was one.
    pub(crate) fn listen(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).unwrap();
        self.port = listener.local_addr().unwrap().port();
        listener.set_nonblocking(true).unwrap();
        self.stop = Arc::default();
        let shared = (
            Arc::clone(&self.mood),
            Arc::clone(&self.asked),
            Arc::clone(&self.stop),
            Arc::clone(&self.pods),
        );
        let config = Arc::clone(&self.config);
        let token = self.token.clone();
        self.thread = Some(std::thread::spawn(move || {
            let (mood, asked, stop, pods) = shared;
            while !stop.load(Ordering::Relaxed) {
                let Ok((stream, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(5));
                    continue;
                };
                let one = Serving {
                    mood: Arc::clone(&mood),
                    asked: Arc::clone(&asked),
                    stop: Arc::clone(&stop),
                    pods: Arc::clone(&pods),
                    token: token.clone(),
                };
                let config = Arc::clone(&config);
                std::thread::spawn(move || _ = one.serve(stream, config));
            }
        }));
    }

    /// Nobody listens any more, and connections end.
    pub(crate) fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        let path = self.dir.join("kubeconfig");
        let text = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
            "clusters": [{"name": "k", "cluster": {
                "server": format!("https://127.0.0.1:{}", self.port), "certificate-authority": self.dir.join("ca.pem")}}],
            "users": [{"name": "u", "user": {"tokenFile": self.dir.join("token")}}],
        });
        std::fs::write(&path, text.to_string()).unwrap();
        path
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.end();
    }
}

/// The metadata of an object, with the owner that manages it.
pub(crate) fn object(namespace: &str, name: &str, uid: &str, owner: Option<(&str, &str, &str, &str)>) -> Value {
    let owners: Vec<Value> = owner
        .into_iter()
        .map(|(version, kind, name, uid)| {
            json!({"apiVersion": version, "kind": kind, "name": name, "uid": uid, "controller": true, "blockOwnerDeletion": true})
        })
        .collect();
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": {"namespace": namespace, "name": name, "uid": uid, "resourceVersion": "41",
            "creationTimestamp": "2026-11-28T07:00:00Z", "labels": {"app": "web"}, "ownerReferences": owners},
    })
}

struct Serving {
    mood: Arc<Mutex<Mood>>,
    asked: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    pods: Arc<Mutex<Vec<Value>>>,
    token: String,
}

impl Serving {
    fn serve(&self, stream: TcpStream, config: Arc<ServerConfig>) -> std::io::Result<()> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let tls = ServerConnection::new(config).map_err(std::io::Error::other)?;
        let mut stream = BufReader::new(StreamOwned::new(tls, stream));
        let (mut line, mut first, mut token) = (String::new(), String::new(), false);
        loop {
            line.clear();
            if stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if first.is_empty() {
                first = line.clone();
            }
            token |= line.trim_end() == format!("authorization: Bearer {}", self.token);
            if line == "\r\n" {
                break;
            }
        }
        let stream = stream.get_mut();
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        self.asked.lock().unwrap().push(path.clone());
        let mood = *self.mood.lock().unwrap();
        let mut answer = |status: u16, body: &str| {
            let head = format!(
                "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes())?;
            stream.write_all(body.as_bytes())?;
            stream.conn.send_close_notify();
            stream.flush()
        };
        let status = |code: u16, reason: &str| {
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "no \u{1b}[31mway",
                "reason": reason, "code": code})
            .to_string()
        };
        match mood {
            Mood::Refuses(code) => {
                return answer(
                    code,
                    &status(code, if code == 401 { "Unauthorized" } else { "Forbidden" }),
                );
            }
            Mood::Garbage => return answer(200, "\u{0}{]nonsense"),
            Mood::Hangs => return self.wait(),
            Mood::Endless => {
                stream.write_all(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")?;
                let piece = vec![b'['; 0x10000];
                while !self.stop.load(Ordering::Relaxed) {
                    stream.write_all(b"10000\r\n")?;
                    stream.write_all(&piece)?;
                    stream.write_all(b"\r\n")?;
                }
                return Ok(());
            }
            Mood::Good if !token => return answer(401, &status(401, "Unauthorized")),
            Mood::Good => {}
        }
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        let here = query.contains(&format!("fieldSelector=spec.nodeName%3D{NODE}"));
        if path == "/api/v1/pods" && here && query.contains("watch=true") {
            stream
                .write_all(b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")?;
            let mut sent = 0;
            while !self.stop.load(Ordering::Relaxed) && *self.mood.lock().unwrap() == Mood::Good {
                let pods = self.pods.lock().unwrap().clone();
                // Those of the list were there before.
                for pod in pods.iter().skip(sent.max(1)) {
                    let line = format!("{}\n", json!({"type": "ADDED", "object": pod}));
                    stream.write_all(format!("{:x}\r\n{line}\r\n", line.len()).as_bytes())?;
                }
                sent = pods.len();
                stream.flush()?;
                std::thread::sleep(Duration::from_millis(20));
            }
            return Ok(());
        }
        let found = match path {
            "/version" => Some(
                json!({"major": "1", "minor": "33", "gitVersion": "v1.33.1", "gitCommit": "c", "gitTreeState": "clean",
                "buildDate": "2026-01-01T00:00:00Z", "goVersion": "go1.25", "compiler": "gc", "platform": "linux/amd64"}),
            ),
            "/api/v1/pods" if here => {
                let first: Vec<Value> = self.pods.lock().unwrap().iter().take(1).cloned().collect();
                Some(
                    json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                    "metadata": {"resourceVersion": "42"}, "items": first}),
                )
            }
            "/api/v1/nodes/node-1" => Some(json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                "metadata": {"name": NODE, "uid": "n", "labels": {"topology.kubernetes.io/zone": "eu-1", "disk": "ssd"}}})),
            "/apis/apps/v1/namespaces/shop/replicasets/web-7f" => Some(object(
                "shop",
                "web-7f",
                "rs-1",
                Some(("apps/v1", "Deployment", "web", "d-1")),
            )),
            "/apis/batch/v1/namespaces/shop/jobs/backup-29" => Some(object(
                "shop",
                "backup-29",
                "j-1",
                Some(("batch/v1", "CronJob", "backup", "cj-1")),
            )),
            _ => None,
        };
        match found {
            Some(found) => answer(200, &found.to_string()),
            None => answer(404, &status(404, "NotFound")),
        }
    }

    fn wait(&self) -> std::io::Result<()> {
        while !self.stop.load(Ordering::Relaxed) && *self.mood.lock().unwrap() == Mood::Hangs {
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}
