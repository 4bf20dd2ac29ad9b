//! The client of `outside` as object_store wants it: one TLS and one resolver for everything that leaves this process.

use crate::outside::{Client, ClientError};
use http_body_util::BodyExt;
use object_store::client::{
    ClientConfigKey, ClientOptions, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use std::time::Duration;
use tokio::time::timeout;

/// Time for one request with its answer's header: a part over a slow line.
const REQUEST_WITHIN: Duration = Duration::from_secs(300);

/// Makes services.
#[derive(Debug, Clone)]
pub(super) struct Connector(pub(super) Client);

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let plain = options.get_config_value(&ClientConfigKey::AllowHttp);
        Ok(HttpClient::new(Service {
            client: self.0.clone(),
            plain: plain.is_some_and(|plain| plain == "true"),
        }))
    }
}

#[derive(Debug)]
struct Service {
    client: Client,
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
        let late = || HttpError::new(HttpErrorKind::Timeout, ClientError::Time(REQUEST_WITHIN));
        let answered = timeout(REQUEST_WITHIN, self.client.send(request))
            .await
            .map_err(|_| late())?;
        let response = answered.map_err(|error| {
            let kind = match &error {
                ClientError::Connect(..) => HttpErrorKind::Connect,
                ClientError::Http(..) => HttpErrorKind::Request,
                _ => HttpErrorKind::Unknown,
            };
            HttpError::new(kind, error)
        })?;
        let broken = |error| HttpError::new(HttpErrorKind::Interrupted, error);
        Ok(response.map(|body| HttpResponseBody::new(body.map_err(broken))))
    }
}
