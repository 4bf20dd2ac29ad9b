//! Reading a body: no more than the limit, no longer than the time, and not more at once than all bodies together may have.
//! Those whose sender shows in the body alone may have a part of that: strangers must not keep out who has shown who they are.
//! And they have room for what has come of them only, or a few who send nothing more would keep out all that are no strangers
//! in truth.

use super::in_force::InForce;
use super::refusal::Refusal;
use bytes::Bytes;
use http_body_util::BodyExt;
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

/// What of the room for bodies one of them has.
struct Room {
    permit: OwnedSemaphorePermit,
    stranger: Option<OwnedSemaphorePermit>,
    bytes: usize,
}

impl Room {
    fn new(in_force: &InForce, proven: bool) -> Result<Room, Refusal> {
        let stranger = match proven {
            true => None,
            false => Some(take(&in_force.strangers, 0)?),
        };
        Ok(Room {
            permit: take(&in_force.bodies, 0)?,
            stranger,
            bytes: 0,
        })
    }

    /// Room for so many bytes in all.
    fn grow(&mut self, in_force: &InForce, bytes: usize) -> Result<(), Refusal> {
        let more = bytes.saturating_sub(self.bytes);
        if let Some(stranger) = &mut self.stranger {
            stranger.merge(take(&in_force.strangers, more)?);
        }
        self.permit.merge(take(&in_force.bodies, more)?);
        self.bytes += more;
        Ok(())
    }
}

fn take(of: &Arc<Semaphore>, bytes: usize) -> Result<OwnedSemaphorePermit, Refusal> {
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    let permit = Arc::clone(of).try_acquire_many_owned(bytes);
    permit.map_err(|_| Refusal::busy("too many requests at a time"))
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
    let mut room = Room::new(in_force, proven)?;
    // Of those who are known, what is let in comes to its end.
    if proven && let Some(most) = hint.exact() {
        room.grow(in_force, usize::try_from(most).unwrap_or(usize::MAX))?;
    }
    let collect = async {
        let mut body = body;
        let mut bytes = Vec::with_capacity(room.bytes);
        while let Some(frame) = body.frame().await {
            let broken = |_| Refusal::new(400, "broken", "the body broke off", "send it whole");
            let Ok(data) = frame.map_err(broken)?.into_data() else {
                continue;
            };
            let len = bytes.len() + data.len();
            if len > limits.body_bytes {
                return Err(too_large());
            }
            room.grow(in_force, len)?;
            bytes.extend_from_slice(&data);
        }
        Ok(bytes)
    };
    match timeout(Duration::from_millis(limits.request_ms), collect).await {
        Ok(bytes) => Ok(Held {
            bytes: bytes?.into(),
            _permit: room.permit,
            stranger: room.stranger,
        }),
        Err(_) => Err(Refusal::new(
            408,
            "time",
            "the body did not come in time",
            "send it at once",
        )),
    }
}
