//! One request: where it goes, and everything that can refuse it.

use super::auth::{Asker, Proof, bearer, check_loopback, check_token};
use super::in_force::{InForce, InForceSource};
use super::refusal::Refusal;
use super::{Answered, Door, alert, body, lock};
use crate::google;
use crate::protocol::{Said, TEXT_WITHIN};
use crate::settings::Kind;
use crate::sns::{self, Envelope, Opened};
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{HeaderMap, Method, Request};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long an answer of the recorder's is given to others, too.
const TEXT_AGE: Duration = Duration::from_millis(250);

/// Answers a request.
pub(super) async fn answer(door: &Arc<Door>, request: Request<Incoming>, asker: Asker) -> Answered {
    let in_force = door.now_in_force();
    let mut name = String::new();
    let answered = route(door, &in_force, request, asker, &mut name).await;
    answered.unwrap_or_else(|refusal| {
        lock(&door.tally).refuse(&name, refusal.status, refusal.class, &refusal.error);
        refusal.answer()
    })
}

async fn route(
    door: &Arc<Door>,
    in_force: &Arc<InForce>,
    request: Request<Incoming>,
    asker: Asker,
    name: &mut String,
) -> Result<Answered, Refusal> {
    if !lock(&door.peers).may_ask(asker.peer, in_force.limits.per_peer, Instant::now()) {
        return Err(Refusal::new(
            429,
            "peer rate",
            "too many requests of this address",
            "wait a second",
        ));
    }
    let (parts, body) = request.into_parts();
    match parts.uri.path() {
        what @ ("/healthz" | "/readyz" | "/metrics") => {
            only(&parts.method, &[Method::GET, Method::HEAD])?;
            if what == "/metrics" {
                match &in_force.metrics_token {
                    Some(token) => check_token(&parts.headers, None, token)?,
                    None => check_loopback(&parts.headers, asker.peer)?,
                }
            }
            let at = ["/healthz", "/readyz", "/metrics"]
                .iter()
                .position(|one| *one == what)
                .unwrap_or(0);
            let mut last = door.texts[at].lock().await;
            // Those who come at once get one answer: the recorder is not to be kept busy by them.
            if let Some((_, answered)) = last.as_ref().filter(|(at, _)| at.elapsed() < TEXT_AGE) {
                return Ok(answered.clone());
            }
            let answered = asked(door, &what[1..]).await;
            *last = Some((Instant::now(), answered.clone()));
            Ok(answered)
        }
        path => {
            let Some(source) = in_force.sources.get(path) else {
                return Err(Refusal::new(
                    404,
                    "path",
                    "there is nothing here",
                    "sources have the paths of the settings",
                ));
            };
            source.source.name.clone_into(name);
            only(&parts.method, &[Method::POST])?;
            post(door, in_force, source, &parts.headers, body, asker).await
        }
    }
}

fn only(method: &Method, methods: &[Method]) -> Result<(), Refusal> {
    match methods.contains(method) {
        true => Ok(()),
        false => Err(Refusal::new(
            405,
            "method",
            "not with this method",
            "alerts are POSTed, everything else is GET",
        )),
    }
}

/// What the recorder knows.
async fn asked(door: &Arc<Door>, what: &str) -> Answered {
    let (ticket, text) = door.tickets.for_text();
    let said = Said::Asked {
        ticket,
        what: what.to_owned(),
    };
    let answered = timeout(TEXT_WITHIN, async {
        door.said.send(said).await.ok()?;
        text.await.ok()
    });
    let answered = answered.await.ok().flatten();
    door.tickets.give_up(ticket);
    let (status, content_type, body) = match answered {
        // Whether this process is well shows in that it answers; the rest is the recorder's.
        Some((status, ..)) if what == "healthz" => {
            let state = if status < 400 { "ok" } else { "unwell" };
            (
                status,
                "application/json".to_owned(),
                json!({ "alerts": "ok", "recorder": state }).to_string(),
            )
        }
        Some(text) => text,
        None => {
            let body = json!({ "alerts": "ok", "recorder": "does not answer" });
            (503, "application/json".to_owned(), body.to_string())
        }
    };
    Answered {
        status,
        content_type,
        body,
        close: false,
    }
}

async fn post(
    door: &Arc<Door>,
    in_force: &Arc<InForce>,
    source: &Arc<InForceSource>,
    headers: &HeaderMap,
    body: Incoming,
    asker: Asker,
) -> Result<Answered, Refusal> {
    let proof = &source.proof;
    proof.check_header(headers, asker)?;
    if let Proof::Google { audience, account } = proof {
        let hint = "send the token of the subscription's service account, for the audience of this source";
        let token = bearer(headers).ok_or_else(|| Refusal::unauthorized("there are no credentials", hint))?;
        let checked = in_force.google.check(token, audience, account).await;
        checked.map_err(|refusal| match refusal {
            google::Refusal::Forbidden(why) => Refusal::unauthorized(why, hint),
            google::Refusal::Unknown(why) => Refusal::new(503, "google", why, "try again in a moment"),
        })?;
    }
    // Strangers must not use up what the source may send.
    let rate = || match lock(&source.bucket).take(in_force.limits.per_source, Instant::now()) {
        true => Ok(()),
        false => Err(Refusal::new(
            429,
            "source rate",
            "too many alerts of this source",
            "wait a second",
        )),
    };
    if proof.is_in_header() {
        rate()?;
    }
    let mut held = body::read(in_force, headers, body, proof.is_in_header()).await?;
    proof.check_body(headers, &held.bytes)?;
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let content_type: String = content_type.chars().take(128).collect();
    let alerts = match open(in_force, source, &held.bytes).await? {
        Some(Opened::Notification(message)) => Bytes::from(message),
        Some(opened) => return Ok(subscription(door, source, &opened)),
        None => held.bytes.clone(),
    };
    if !proof.is_in_header() {
        held.is_proven();
        rate()?;
    }
    alert::take(door, in_force, source, held, &alerts, content_type).await
}

/// Opens a message of SNS, if it is one or must be one.
async fn open(in_force: &InForce, source: &InForceSource, body: &Bytes) -> Result<Option<Opened>, Refusal> {
    let topics: &[String] = match &source.proof {
        Proof::Sns { topics } => topics,
        // With other credentials, too, a message must be what it says it is.
        _ if source.source.kind == Kind::GuardDuty && Envelope::is_claimed(body) => &[],
        _ => return Ok(None),
    };
    let opened = in_force.sns.open(body, topics).await;
    opened.map(Some).map_err(|refusal| match refusal {
        sns::Refusal::Malformed(why) => Refusal::new(400, "sns", why, "expected what SNS posts to HTTPS subscribers"),
        sns::Refusal::Forbidden(why) => Refusal::new(
            403,
            "sns",
            why,
            "only fresh messages that SNS signed, of the topics in sns_topics",
        ),
        sns::Refusal::Unknown(why) => Refusal::new(503, "sns", why, "try again in a moment"),
    })
}

fn subscription(door: &Door, source: &InForceSource, opened: &Opened) -> Answered {
    let what = match opened {
        Opened::Subscribed => "subscribed",
        _ => "unsubscribed",
    };
    lock(&door.tally).pass(&source.source.name, what, 1);
    Answered {
        status: 200,
        content_type: "application/json".to_owned(),
        body: json!({ "subscription": what }).to_string(),
        close: false,
    }
}
