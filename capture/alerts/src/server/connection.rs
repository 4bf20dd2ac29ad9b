//! One connection: TLS, then HTTP/1.1, each in its time.

use super::auth::Asker;
use super::{Answered, Door, lock, request};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// Bytes of a request's header.
const HEADER_MAX: usize = 16 << 10;
/// No connection lives longer, whatever comes on it.
const LIFE_MAX: Duration = Duration::from_secs(300);
/// Time for the first request of a connection that was let in before the end.
const FIRST_WITHIN: Duration = Duration::from_millis(300);
/// Time for the last answer when a connection shall end.
const END_WITHIN: Duration = Duration::from_secs(10);

/// Serves a connection to its end.
pub(super) async fn serve(door: Arc<Door>, stream: TcpStream, peer: IpAddr) {
    let in_force = door.now_in_force();
    let within = Duration::from_millis(in_force.limits.header_ms);
    let Some(acceptor) = in_force.tls.clone() else {
        let asker = Asker { peer, certified: false };
        return http(&door, stream, asker, within).await;
    };
    // What is not needed for the rest of a long connection.
    drop(in_force);
    match timeout(within, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let certified = stream
                .get_ref()
                .1
                .peer_certificates()
                .is_some_and(|all| !all.is_empty());
            http(&door, stream, Asker { peer, certified }, within).await;
        }
        Ok(Err(error)) => lock(&door.tally).refuse("", 0, "tls", &format!("no TLS: {error}")),
        Err(_) => lock(&door.tally).refuse("", 0, "tls time", "no TLS in time"),
    }
}

async fn http<S>(door: &Arc<Door>, stream: S, asker: Asker, within: Duration)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let begun = Notify::new();
    let begun = &begun;
    let service = service_fn(|request: Request<Incoming>| async move {
        begun.notify_one();
        let answered = request::answer(door, request, asker).await;
        Ok::<_, Infallible>(response(answered))
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(within)
        .max_buf_size(HEADER_MAX)
        .half_close(false);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut ending = door.ending.clone();
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = sleep(LIFE_MAX) => {
            connection.as_mut().graceful_shutdown();
            timeout(END_WITHIN, connection).await.unwrap_or(Ok(()))
        }
        () = async {
            drop(ending.wait_for(|ending| *ending).await);
            let _ = timeout(FIRST_WITHIN, begun.notified()).await;
        } => {
            connection.as_mut().graceful_shutdown();
            timeout(END_WITHIN, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        let (class, reason) = match () {
            () if error.is_timeout() => ("header time", "the header did not come in time"),
            () if error.is_parse() => ("http", "no HTTP"),
            // Who goes away is not refused.
            () => return,
        };
        lock(&door.tally).refuse("", 0, class, reason);
    }
}

fn response(answered: Answered) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(answered.body)));
    *response.status_mut() = StatusCode::from_u16(answered.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let text = HeaderValue::from_static("text/plain");
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_str(&answered.content_type).unwrap_or(text),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match answered.status {
        401 => drop(headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
        429 | 503 => drop(headers.insert(RETRY_AFTER, HeaderValue::from_static("1"))),
        _ => {}
    }
    if answered.close {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
