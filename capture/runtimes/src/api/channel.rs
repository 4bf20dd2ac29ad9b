//! A gRPC connection over a Unix socket, and what its messages have in common.

use hyper_util::rt::TokioIo;
use std::path::Path;
use tokio::net::UnixStream;
use tonic::transport::{Channel, Endpoint, Uri};

/// Connects.
pub(super) async fn connect(path: &Path) -> Result<Channel, String> {
    let path = path.to_owned();
    // An address is asked for, and the connector does not look at it.
    Endpoint::from_static("http://localhost")
        .connect_with_connector(tower::service_fn(move |_: Uri| {
            let path = path.clone();
            async move { UnixStream::connect(path).await.map(TokioIo::new) }
        }))
        .await
        .map_err(|e| super::causes(&e))
}

/// What a call that failed says.
pub(super) fn explain(status: &tonic::Status) -> String {
    let text = super::causes(status);
    format!("{:?}: {text}", status.code())
}

/// The answer, or `None` where there is no such thing.
pub(super) fn found<T>(result: Result<tonic::Response<T>, tonic::Status>) -> Result<Option<T>, String> {
    match result {
        Ok(response) => Ok(Some(response.into_inner())),
        Err(status) if status.code() == tonic::Code::NotFound => Ok(None),
        Err(status) => Err(explain(&status)),
    }
}
