//! The connection to the API server. `kube` reads whole answers and lines of any length; here they have bounds.

use super::Settings;
use crate::api::one_line;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Bytes;
use hyper::{Request, Response};
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::client::ClientBuilder;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config, Error};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tower::{BoxError, Layer, Service};

/// How long one question may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer, and of a line of a watch.
const ANSWER_MAX: usize = 16 << 20;

/// Reads the configuration anew: what is in it may be replaced at any time.
pub(super) async fn connect(settings: &Settings) -> Result<Client, String> {
    let mut config = match &settings.kubeconfig {
        Some(path) => {
            let wrong = |error: &dyn std::fmt::Display| format!("{}: {}", path.display(), one_line(&error.to_string()));
            let file = Kubeconfig::read_from(path).map_err(|error| wrong(&error))?;
            let options = KubeConfigOptions::default();
            Config::from_custom_kubeconfig(file, &options)
                .await
                .map_err(|error| wrong(&error))?
        }
        None => Config::infer()
            .await
            .map_err(|_| "no kubeconfig, and no service account of a pod: give --kube=FILE".to_owned())?,
    };
    config.connect_timeout = Some(TIMEOUT);
    config.default_retry = false;
    let builder = ClientBuilder::try_from(config).map_err(|error| explain(&error))?;
    Ok(builder.with_layer(&Bounds).build())
}

/// Why a question failed, without anything that could be a secret: what plugins for credentials print is not repeated.
pub(super) fn explain(error: &Error) -> String {
    match error {
        Error::Api(status) => {
            let hint = match status.code {
                401 => " (the credentials are not valid, or not any more)",
                403 => " (it needs: list and watch of pods, get of nodes, replicasets and jobs)",
                _ => "",
            };
            one_line(&format!(
                "API server: {} {}: {}{hint}",
                status.code, status.reason, status.message
            ))
        }
        Error::Auth(_) => {
            "the credentials of the kubeconfig cannot be had: its plugin or its token file fails".to_owned()
        }
        Error::SerdeError(error) => one_line(&format!("API server: what it answers is not understood: {error}")),
        other => one_line(&format!("API server: {}", crate::api::causes(other))),
    }
}

/// The answer in time, or why there is none.
pub(super) async fn within<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, String> {
    match tokio::time::timeout(TIMEOUT, work).await {
        Ok(result) => result.map_err(|error| explain(&error)),
        Err(_) => Err(format!("API server: no answer within {} s", TIMEOUT.as_secs())),
    }
}

/// Asks for the server's version and for the first pod of this node: how long it took, and what it is.
///
/// # Errors
/// Why `--kube` would learn nothing.
pub fn survey(settings: &Settings) -> Result<(Duration, String), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let asked = async {
        let client = connect(settings).await?;
        let began = Instant::now();
        let version = within(client.apiserver_version()).await?;
        let time = began.elapsed();
        let first = ListParams::default().fields(&on_node(&settings.node)).limit(1);
        let pods = within(Api::<Pod>::all(client).list_metadata(&first)).await?;
        let none = if pods.items.is_empty() {
            format!("; it knows no pod on node {}", settings.node)
        } else {
            String::new()
        };
        Ok((time, one_line(&format!("{}{none}", version.git_version))))
    };
    let result = runtime.block_on(asked);
    runtime.shutdown_background();
    result
}

/// The pods of a node, for the server to select.
pub(super) fn on_node(node: &str) -> String {
    format!("spec.nodeName={node}")
}

/// Puts [`Bounded`] around answers.
#[derive(Clone)]
struct Bounds;

impl<S> Layer<S> for Bounds {
    type Service = Within<S>;

    fn layer(&self, inner: S) -> Within<S> {
        Within(inner)
    }
}

struct Within<S>(S);

impl<S, Q, B> Service<Request<Q>> for Within<S>
where
    S: Service<Request<Q>, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = Response<Bounded<B>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let query = request.uri().query().unwrap_or_default();
        let lines = query.split('&').any(|pair| matches!(pair, "watch=true" | "watch=1"));
        let answer = self.0.call(request);
        Box::pin(async move { Ok(answer.await?.map(|body| Bounded { body, lines, bytes: 0 })) })
    }
}

/// An answer that ends with an error where it is too long.
struct Bounded<B> {
    body: B,
    /// Each line counts for itself.
    lines: bool,
    bytes: usize,
}

impl<B> Body for Bounded<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            None => return Poll::Ready(None),
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            Some(Ok(frame)) => frame,
        };
        if let Some(data) = frame.data_ref() {
            self.bytes = match data.iter().rposition(|byte| *byte == b'\n').filter(|_| self.lines) {
                Some(end) => data.len() - end,
                None => self.bytes + data.len(),
            };
            if self.bytes > ANSWER_MAX {
                return Poll::Ready(Some(Err("an answer of more than 16 MiB".into())));
            }
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
