//! The summary of a capture, POSTed as JSON.

use super::job::{Outcome, Pending};
use crate::outside::Client;
use crate::settings::Webhook;
use crate::settings::webhook_url;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request};
use std::time::Duration;
use tokio::time::timeout;

/// One try.
pub(super) async fn post(settings: &Webhook, client: &Client, pending: &Pending) -> Outcome {
    let request = match request(settings, pending) {
        Ok(request) => request,
        Err(why) => return Outcome::again(why),
    };
    let within = Duration::from_millis(settings.timeout_ms);
    let response = match timeout(within, client.send(request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Outcome::again(error.to_string()),
        Err(_) => return Outcome::again(format!("no answer within {} ms", settings.timeout_ms)),
    };
    let status = response.status();
    let reason = format!("answered {}", status.as_u16());
    match status.as_u16() {
        200..300 => Outcome::Done { place: String::new() },
        408 | 425 | 429 | 500..600 => {
            let after = response
                .headers()
                .get(RETRY_AFTER)
                .and_then(|value| value.to_str().ok()?.parse().ok());
            let after = after.map(Duration::from_secs);
            Outcome::Again { reason, after }
        }
        // It would not be answered otherwise the next time. Redirects are not followed: the token is not for others.
        _ => Outcome::never(reason),
    }
}

/// Secrets are read each time: they may have been renewed.
fn request(settings: &Webhook, pending: &Pending) -> Result<Request<Full<Bytes>>, String> {
    let token = settings
        .token()
        .map(|place| place.read())
        .transpose()
        .map_err(|error| error.to_string())?;
    let secret = settings
        .secret_url()
        .map(|place| place.read())
        .transpose()
        .map_err(|error| error.to_string())?;
    let url = webhook_url(
        secret.as_ref().map_or(&settings.url, |url| url.reveal()),
        token.is_some(),
    )?;
    let body = serde_json::to_vec(&pending.summary).map_err(|error| error.to_string())?;
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = url.as_str().parse().map_err(|_| "the URL is no URI".to_owned())?;
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(
        USER_AGENT,
        HeaderValue::from_static(concat!("afterimage/", env!("CARGO_PKG_VERSION"))),
    );
    // The same for every try: the other side can tell repetitions.
    if let Ok(id) = HeaderValue::from_str(&pending.capture) {
        headers.insert("idempotency-key", id);
    }
    if let Some(token) = token {
        let value = HeaderValue::from_str(&format!("Bearer {}", token.reveal()));
        let mut value = value.map_err(|_| "the token is no text for a header".to_owned())?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(request)
}
