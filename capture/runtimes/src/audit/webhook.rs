//! The audit log as the API server posts it: an HTTP server, with TLS or without, that takes lists of events. Whoever posts
//! is not trusted: bodies, connections and time have bounds.

use super::read::read;
use crate::out::Out;
use crate::protocol::Said;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::fmt;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

/// Bytes of a body. The API server posts 10 MiB at most.
const BODY_MAX: usize = 16 << 20;
/// Connections at once; others wait.
const CONNECTIONS: usize = 32;
/// Bodies that are received at once.
const BODIES: usize = 2;
/// How long greetings, heads of requests and bodies may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of a token.
const TOKEN_MAX: usize = 4096;

/// Where certificate and key are. They are read for each connection, since they may be replaced.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Chain of certificates, PEM.
    pub cert: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
}

impl Tls {
    /// Whether they can be used.
    ///
    /// # Errors
    /// Says what is wrong with which file.
    pub fn check(&self) -> Result<(), String> {
        self.config().map(|_| ())
    }

    fn config(&self) -> Result<ServerConfig, String> {
        let wrong = |path: &Path, error: &dyn fmt::Display| format!("{}: {error}", path.display());
        let chain = CertificateDer::pem_file_iter(&self.cert)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| wrong(&self.cert, &error))?;
        if chain.is_empty() {
            return Err(wrong(&self.cert, &"there is no certificate in it"));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| wrong(&self.key, &error))?;
        ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| wrong(&self.cert, &error))
    }
}

/// What whoever posts has to know: as the last part of the path, or as bearer token.
#[derive(Clone)]
pub struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    /// Reads it from a file.
    ///
    /// # Errors
    /// The file cannot be read, or has no line that could be a part of a path.
    pub fn read(path: &Path) -> Result<Token, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let text = text.trim();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if text.is_empty() || text.len() > TOKEN_MAX || !text.bytes().all(fits) {
            return Err(format!(
                "{}: a token has letters, digits and -._~, and nothing else",
                path.display()
            ));
        }
        Ok(Token(text.to_owned()))
    }

    fn is(&self, given: &str) -> bool {
        // How long it takes does not depend on where they differ.
        let (own, given) = (self.0.as_bytes(), given.as_bytes());
        own.len() == given.len() && own.iter().zip(given).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
    }

    fn is_in(&self, request: &Request<Incoming>) -> bool {
        let path = request.uri().path().rsplit('/').next().unwrap_or_default();
        let bearer = request
            .headers()
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        self.is(path)
            || bearer
                .and_then(|value| value.strip_prefix("Bearer "))
                .is_some_and(|given| self.is(given))
    }
}

/// What all connections have in common.
struct Shared {
    token: Option<Token>,
    bodies: Semaphore,
    out: Out,
}

/// Serves until the process ends.
pub(super) fn run(listener: &TcpListener, tls: Option<&Tls>, token: Option<Token>, out: &Out) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let shared = Arc::new(Shared {
        token,
        bodies: Semaphore::new(BODIES),
        out: out.clone(),
    });
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    runtime.block_on(async {
        let listener = listener.try_clone()?;
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let Ok(place) = Arc::clone(&connections).acquire_owned().await else {
                return Ok(());
            };
            let Ok((stream, _)) = listener.accept().await else {
                // No descriptor is free, or the peer has gone.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let (shared, tls) = (Arc::clone(&shared), tls.cloned());
            tokio::spawn(async move {
                let _place = place;
                match tls.map(|tls| tls.config()) {
                    None => serve(stream, shared).await,
                    Some(Ok(config)) => {
                        let accepted = timeout(PATIENCE, TlsAcceptor::from(Arc::new(config)).accept(stream)).await;
                        if let Ok(Ok(stream)) = accepted {
                            serve(stream, shared).await;
                        }
                    }
                    Some(Err(_)) => {}
                }
            });
        }
    })
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, shared: Arc<Shared>) {
    let answer = hyper::service::service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move {
            let mut response = Response::new(Empty::<Bytes>::new());
            *response.status_mut() = shared.take(request).await;
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    // Errors are those of the other side.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(64 << 10)
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}

impl Shared {
    async fn take(&self, request: Request<Incoming>) -> StatusCode {
        if self.token.as_ref().is_some_and(|token| !token.is_in(&request)) {
            return StatusCode::UNAUTHORIZED;
        }
        if request.method() != Method::POST {
            return StatusCode::METHOD_NOT_ALLOWED;
        }
        let Ok(_permit) = self.bodies.acquire().await else {
            return StatusCode::SERVICE_UNAVAILABLE;
        };
        let body = match timeout(PATIENCE, body(request.into_body())).await {
            Ok(Ok(body)) => body,
            Ok(Err(status)) => return status,
            Err(_) => return StatusCode::REQUEST_TIMEOUT,
        };
        let mut said = Ok(());
        let result = read(&body, |entry| {
            if said.is_ok() {
                said = self.out.say(&Said::Audit(Box::new(entry)));
            }
        });
        match (result, said) {
            (_, Err(_)) => StatusCode::SERVICE_UNAVAILABLE,
            (Err(_), _) => StatusCode::BAD_REQUEST,
            (Ok(0), Ok(())) => StatusCode::OK,
            // They would not be read better if they were posted again.
            (Ok(lost), Ok(())) => match self.out.say(&Said::AuditLost(lost)) {
                Ok(()) => StatusCode::OK,
                Err(_) => StatusCode::SERVICE_UNAVAILABLE,
            },
        }
    }
}

async fn body(mut incoming: Incoming) -> Result<Vec<u8>, StatusCode> {
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|_| StatusCode::BAD_REQUEST)?;
        let Ok(data) = frame.into_data() else { continue };
        if body.len() + data.len() > BODY_MAX {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        body.extend_from_slice(&data);
    }
    Ok(body)
}
