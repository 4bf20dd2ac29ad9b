//! From a body that may be believed to the recorder and back.

use super::answer::{self, One};
use super::body::Held;
use super::in_force::{InForce, InForceSource};
use super::refusal::Refusal;
use super::{Answered, Door, lock};
use crate::dedup::{Answer, Seen};
use crate::protocol::{ANSWER_WITHIN, Said, Trigger};
use crate::severity::Severity;
use crate::sources;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

/// Reads the alerts in `alerts` and asks the recorder about each; `held` is the request's body, of which they are a part.
pub(super) async fn take(
    door: &Arc<Door>,
    in_force: &Arc<InForce>,
    source: &Arc<InForceSource>,
    held: Held,
    alerts: &[u8],
    payload_type: String,
) -> Result<Answered, Refusal> {
    let settings = &source.source;
    let found = sources::read(settings.kind, settings.mapping.as_ref(), alerts).map_err(|reason| {
        let hint = "nothing was triggered; the kind of the source says what is expected";
        Refusal::new(400, "malformed", reason.to_string(), hint)
    })?;
    let mut passed: BTreeMap<&'static str, u64> = BTreeMap::new();
    for why in found.passed {
        *passed.entry(why).or_default() += 1;
    }
    let mut triggers = Vec::new();
    for mut trigger in found.triggers {
        let severity = Severity::of_word(&trigger.severity_raw, &settings.severity);
        if severity < source.least {
            *passed.entry("severity").or_default() += 1;
            continue;
        }
        settings.name.clone_into(&mut trigger.source);
        severity.name().clone_into(&mut trigger.severity);
        payload_type.clone_into(&mut trigger.payload_type);
        trigger.pre = trigger.pre.or(settings.pre_ms);
        trigger.post = trigger.post.or(settings.post_ms);
        triggers.push(trigger);
    }
    for (why, count) in &passed {
        lock(&door.tally).pass(&settings.name, why, *count);
    }
    let left_out = found.left_out + triggers.len().saturating_sub(in_force.limits.alerts);
    triggers.truncate(in_force.limits.alerts);
    if triggers.is_empty() {
        return Ok(answer::together(Vec::new(), &passed, left_out));
    }
    let under_way = door.alerts.clone().try_acquire_owned();
    let under_way = under_way.map_err(|_| Refusal::busy("the recorder is behind with alerts"))?;
    let (door, window) = (door.clone(), Duration::from_millis(in_force.limits.repeat_ms));
    // A task of its own: what the recorder was told stays true when the sender goes away, and the next one gets the answer.
    let asked = tokio::spawn(async move {
        let answers = ask_all(&door, triggers, &held, window).await;
        drop((held, under_way));
        answers
    });
    let answers = asked.await.map_err(|_| Refusal::busy("the alert was lost"))?;
    Ok(answer::together(answers, &passed, left_out))
}

/// Who waits for the answer to one alert.
enum Waiting {
    First(
        u64,
        tokio::sync::oneshot::Receiver<Answer>,
        watch::Sender<Option<Answer>>,
    ),
    Repeated(watch::Receiver<Option<Answer>>),
    Unsaid,
}

async fn ask_all(door: &Arc<Door>, triggers: Vec<Trigger>, held: &Held, window: Duration) -> Vec<One> {
    let until = Instant::now() + ANSWER_WITHIN;
    let mut waiting = Vec::with_capacity(triggers.len());
    for trigger in triggers {
        let (id, title) = (trigger.id.clone(), trigger.title.clone());
        let now = Instant::now();
        let seen = lock(&door.dedup).see(&trigger.source, &trigger.id, window, now);
        let state = match seen {
            Seen::Before(answer) => {
                lock(&door.tally).pass(&trigger.source, "repeated", 1);
                Waiting::Repeated(answer)
            }
            Seen::New(tell) => {
                let (ticket, answer) = door.tickets.for_answer();
                let said = Said::Trigger {
                    ticket,
                    trigger: Box::new(with_payload(trigger, &held.bytes)),
                };
                match timeout_at(until, door.said.send(said)).await {
                    Ok(Ok(())) => Waiting::First(ticket, answer, tell),
                    _ => {
                        door.tickets.give_up(ticket);
                        Waiting::Unsaid
                    }
                }
            }
        };
        waiting.push((id, title, state));
    }
    let mut answers = Vec::with_capacity(waiting.len());
    for (id, title, state) in waiting {
        let answer = wait(door, state, until).await;
        let answer = answer.unwrap_or_else(|| Answer {
            status: 503,
            body: json!({ "error": "the recorder did not answer in time", "hint": "try again in a moment" }),
        });
        answers.push(One { id, title, answer });
    }
    answers
}

async fn wait(door: &Arc<Door>, state: Waiting, until: Instant) -> Option<Answer> {
    let left = until.saturating_duration_since(Instant::now());
    match state {
        Waiting::First(ticket, answer, tell) => {
            let answer = timeout(left, answer).await.ok().and_then(Result::ok);
            door.tickets.give_up(ticket);
            if let Some(answer) = &answer {
                tell.send_replace(Some(answer.clone()));
            }
            answer
        }
        Waiting::Repeated(mut answer) => {
            let answered = timeout(left, answer.wait_for(Option::is_some)).await.ok()?.ok()?;
            (*answered).clone()
        }
        Waiting::Unsaid => None,
    }
}

fn with_payload(mut trigger: Trigger, body: &[u8]) -> Trigger {
    match str::from_utf8(body) {
        Ok(text) => text.clone_into(&mut trigger.payload),
        Err(_) => {
            trigger.payload = STANDARD.encode(body);
            trigger.payload_base64 = true;
        }
    }
    trigger
}
