//! The client of `outside` as object_store wants it: one TLS and one resolver for everything that leaves this process.

use crate::outside::{Client, ClientError};
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Incoming;
use object_store::client::{
    ClientConfigKey, ClientOptions, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use std::time::Duration;
use tokio::time::timeout;

/// Time for one request with its answer's header: a part over a slow line.
const REQUEST_WITHIN: Duration = Duration::from_secs(300);

/// Time from one part of an answer's body to the next. Bodies are short; one that stalls would hold its place among the uploads
/// for ever.
const FRAME_WITHIN: Duration = Duration::from_secs(60);

/// Makes services.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    client: Client,
    /// See [`FRAME_WITHIN`].
    frame_within: Duration,
}

impl Connector {
    pub(super) fn new(client: Client) -> Connector {
        Connector {
            client,
            frame_within: FRAME_WITHIN,
        }
    }
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let plain = options.get_config_value(&ClientConfigKey::AllowHttp);
        Ok(HttpClient::new(Service {
            client: self.client.clone(),
            frame_within: self.frame_within,
            plain: plain.is_some_and(|plain| plain == "true"),
        }))
    }
}

#[derive(Debug)]
struct Service {
    client: Client,
    frame_within: Duration,
    /// Without TLS, too.
    plain: bool,
}

#[async_trait::async_trait]
impl HttpService for Service {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if !self.plain && request.uri().scheme_str() != Some("https") {
            let error = ClientError::Address("http:// only with the option allow_http = \"true\"".to_owned());
            return Err(HttpError::new(HttpErrorKind::Unknown, error));
        }
        let answered = timeout(REQUEST_WITHIN, self.client.send(request))
            .await
            .map_err(|_| late(REQUEST_WITHIN))?;
        let response = answered.map_err(|error| {
            let kind = match &error {
                ClientError::Connect(..) => HttpErrorKind::Connect,
                ClientError::Http(..) => HttpErrorKind::Request,
                _ => HttpErrorKind::Unknown,
            };
            HttpError::new(kind, error)
        })?;
        Ok(response.map(|body| in_time(body, self.frame_within)))
    }
}

fn late(within: Duration) -> HttpError {
    HttpError::new(HttpErrorKind::Timeout, ClientError::Time(within))
}

/// A body that ends with an error where its next part does not come in time.
fn in_time(body: Incoming, within: Duration) -> HttpResponseBody {
    let frames = stream::unfold(Some(body), move |body| async move {
        let mut body = body?;
        let frame = match timeout(within, body.frame()).await {
            Ok(frame) => frame?,
            Err(_) => return Some((Err(late(within)), None)),
        };
        let frame = frame.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error));
        Some((frame, Some(body)))
    });
    // Whoever reads it may ask once more after its end.
    HttpResponseBody::new(StreamBody::new(frames.fuse()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outside::Outside;
    use object_store::client::HttpRequestBody;
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpListener};

    /// What comes of the body of an answer that has so many bytes, of which these come, from somebody who never closes.
    fn read(length: usize, sent: &'static str) -> Result<Vec<u8>, HttpErrorKind> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (done, wait) = std::sync::mpsc::channel::<()>();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{sent}");
            let _ = wait.recv();
        });
        let connector = Connector {
            client: Client::new(&Outside::default(), None).unwrap(),
            frame_within: Duration::from_millis(200),
        };
        let client = connector.connect(&ClientOptions::new().with_allow_http(true)).unwrap();
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.uri_mut() = url.parse().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let read = runtime.block_on(async { client.execute(request).await?.into_body().bytes().await });
        drop(done);
        read.map(|bytes| bytes.to_vec()).map_err(|error| error.kind())
    }

    #[test]
    fn a_body_that_stalls_has_an_end() {
        assert_eq!(read(10, "0123456789").unwrap(), b"0123456789");
        assert_eq!(read(0, "").unwrap(), b"");
        for sent in ["", "01234"] {
            assert!(matches!(read(10, sent), Err(HttpErrorKind::Timeout)), "{sent}");
        }
    }
}
