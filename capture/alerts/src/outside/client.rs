//! A client of HTTP/1.1: one connection a request, no redirects, no proxies, a time for everything.

use super::{Outside, Resolve, roots};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, HeaderValue};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use std::error::Error as StdError;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use url::Url;

/// Time for one address to answer to a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Why a request had no answer. Never contains what was sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("the address cannot be used: {0}")]
    Address(String),
    #[error("no connection to {0}: {1}")]
    Connect(String, std::io::Error),
    #[error("{0}: {1}")]
    Http(String, hyper::Error),
    #[error("no answer within {} ms", .0.as_millis())]
    Time(Duration),
    #[error("answered {0}")]
    Status(u16),
    #[error("the answer is not readable: {0}")]
    Answer(String),
}

/// The client. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    resolver: Arc<dyn Resolve>,
    tls: TlsConnectorDebug,
}

#[derive(Clone)]
struct TlsConnectorDebug(TlsConnector);

impl std::fmt::Debug for TlsConnectorDebug {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsConnector")
    }
}

impl Client {
    /// Trusts the system's roots, those of `outside`, and `more`.
    pub(crate) fn new(outside: &Outside, more: Option<&PathBuf>) -> Result<Client, String> {
        let roots: Vec<PathBuf> = outside.roots.iter().chain(more).cloned().collect();
        let config = roots::client_config(&roots)?;
        Ok(Client {
            resolver: outside.resolver.clone(),
            tls: TlsConnectorDebug(TlsConnector::from(Arc::new(config))),
        })
    }

    /// What is there, if it is answered with 200 and has at most `most` bytes.
    pub(crate) async fn get(&self, url: &Url, most: usize, within: Duration) -> Result<Bytes, ClientError> {
        let uri: Uri = url
            .as_str()
            .parse()
            .map_err(|_| ClientError::Address("no URI".to_owned()))?;
        let asked = async {
            let mut request = Request::new(Empty::<Bytes>::new());
            *request.uri_mut() = uri;
            let response = self.send(request).await?;
            if response.status() != 200 {
                return Err(ClientError::Status(response.status().as_u16()));
            }
            let body = Limited::new(response.into_body(), most).collect().await;
            body.map(|body| body.to_bytes())
                .map_err(|error| ClientError::Answer(error.to_string()))
        };
        timeout(within, asked).await.unwrap_or(Err(ClientError::Time(within)))
    }

    /// Sends a request with an absolute URI. The caller bounds the time.
    pub(crate) async fn send<B>(&self, mut request: Request<B>) -> Result<Response<Incoming>, ClientError>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        let uri = request.uri().clone();
        let bad = |why: &str| ClientError::Address(why.to_owned());
        let host = uri.host().ok_or_else(|| bad("no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(bad("expected http or https")),
        };
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
        let authority = authority.rsplit('@').next().unwrap_or_default();
        if !request.headers().contains_key(HOST) {
            let value = HeaderValue::from_str(authority).map_err(|_| bad("no host"))?;
            request.headers_mut().insert(HOST, value);
        }
        request
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        *request.uri_mut() = target.parse().map_err(|_| bad("no path"))?;

        let place = format!("{host}:{port}");
        let stream = self
            .connect(&host, port)
            .await
            .map_err(|error| ClientError::Connect(place.clone(), error))?;
        if !secure {
            return exchange(stream, request, place).await;
        }
        let name = ServerName::try_from(host).map_err(|_| bad("no name of a host"))?;
        let wrong = |error| ClientError::Connect(place.clone(), error);
        let stream = self.tls.0.connect(name, stream).await.map_err(wrong)?;
        exchange(stream, request, place).await
    }

    async fn connect(&self, host: &str, port: u16) -> std::io::Result<TcpStream> {
        let addresses = self.resolver.resolve(host.to_owned(), port).await?;
        let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address");
        for address in addresses {
            match timeout(CONNECT_WITHIN, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true)?;
                    keep_alive(&stream)?;
                    return Ok(stream);
                }
                Ok(Err(error)) => last = error,
                Err(_) => last = std::io::ErrorKind::TimedOut.into(),
            }
        }
        Err(last)
    }
}

/// Somebody who is gone without a word is noticed within a minute or so, also while nothing is sent.
fn keep_alive(stream: &TcpStream) -> std::io::Result<()> {
    let options: [(_, _, libc::c_int); 4] = [
        (libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1),
        (libc::IPPROTO_TCP, libc::TCP_KEEPIDLE, 30),
        (libc::IPPROTO_TCP, libc::TCP_KEEPINTVL, 10),
        (libc::IPPROTO_TCP, libc::TCP_KEEPCNT, 3),
    ];
    for (level, option, value) in options {
        let size = size_of_val(&value) as libc::socklen_t;
        // SAFETY: the socket is open, and the value is as long as is said.
        let set = unsafe { libc::setsockopt(stream.as_raw_fd(), level, option, (&raw const value).cast(), size) };
        if set != 0 {
            return Err(std::io::Error::last_os_error());
        }
    }
    Ok(())
}

async fn exchange<S, B>(stream: S, request: Request<B>, place: String) -> Result<Response<Incoming>, ClientError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let wrong = |error| ClientError::Http(place.clone(), error);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(wrong)?;
    // Ends when the answer was read or dropped.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    sender.send_request(request).await.map_err(wrong)
}
