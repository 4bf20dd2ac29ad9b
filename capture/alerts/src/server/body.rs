//! Reading a body: no more than the limit, no longer than the time, and not more at once than all bodies together may have.
//! Those whose sender shows in the body alone may have a part of that: strangers must not keep out who has shown who they are.

use super::in_force::InForce;
use super::refusal::Refusal;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::HeaderMap;
use hyper::body::{Body, Incoming};
use hyper::header::CONTENT_ENCODING;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// A body, and its part of what all may have.
pub(super) struct Held {
    pub(super) bytes: Bytes,
    _permit: OwnedSemaphorePermit,
    stranger: Option<OwnedSemaphorePermit>,
}

impl Held {
    /// Its sender is known by now.
    pub(super) fn is_proven(&mut self) {
        self.stranger = None;
    }
}

/// Reads it; `proven` says whether it is known whose it is.
pub(super) async fn read(
    in_force: &InForce,
    headers: &HeaderMap,
    body: Incoming,
    proven: bool,
) -> Result<Held, Refusal> {
    let limits = &in_force.limits;
    let too_large = || {
        let error = format!("the body has more than {} bytes", limits.body_bytes);
        Refusal::new(413, "size", error, "send fewer alerts in a request")
    };
    let encoded = headers
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| encoding != "identity");
    if encoded {
        return Err(Refusal::new(
            415,
            "encoding",
            "compressed bodies are not taken",
            "send the body as it is",
        ));
    }
    let hint = body.size_hint();
    if hint.lower() > limits.body_bytes as u64 {
        return Err(too_large());
    }
    // Without a length, it may become as large as is allowed.
    let most = hint.upper().map_or(limits.body_bytes, |most| {
        usize::try_from(most).unwrap_or(limits.body_bytes)
    });
    let most = u32::try_from(most.min(limits.body_bytes)).unwrap_or(u32::MAX);
    let room = |of: &Arc<Semaphore>| {
        let permit = Arc::clone(of).try_acquire_many_owned(most);
        permit.map_err(|_| Refusal::busy("too many requests at a time"))
    };
    let stranger = match proven {
        true => None,
        false => Some(room(&in_force.strangers)?),
    };
    let permit = room(&in_force.bodies)?;
    let within = Duration::from_millis(limits.request_ms);
    let collected = timeout(within, Limited::new(body, limits.body_bytes).collect()).await;
    let Ok(collected) = collected else {
        return Err(Refusal::new(
            408,
            "time",
            "the body did not come in time",
            "send it at once",
        ));
    };
    match collected {
        Ok(collected) => Ok(Held {
            bytes: collected.to_bytes(),
            _permit: permit,
            stranger,
        }),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(Refusal::new(400, "broken", "the body broke off", "send it whole")),
    }
}
