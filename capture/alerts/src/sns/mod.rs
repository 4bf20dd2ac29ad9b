//! Messages of Amazon SNS: signed by the provider, whoever owns the topic. A message is taken if its topic is one of those of
//! the settings, it is at most [`AGE_MAX`] old, and its signature is right.

mod address;
mod certificate;
mod envelope;

pub(crate) use envelope::Envelope;

use crate::outside::{Client, Clock};
use crate::time;
use certificate::Certificate;
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

/// How old a message may be. SNS tries for an hour at most.
const AGE_MAX: Duration = Duration::from_secs(3900);
/// How far its clock may be before ours.
const AHEAD_MAX: Duration = Duration::from_secs(300);
/// Certificates that are kept, and how long.
const CERTIFICATES_MAX: usize = 16;
const CERTIFICATE_AGE: Duration = Duration::from_secs(24 * 3600);
/// When one that is older and could not be fetched anew is asked for again. Until then it is used: it is the provider's.
const REFRESH_PAUSE: Duration = Duration::from_secs(600);
/// Fetches that failed are not repeated within this time: messages of strangers must not make us ask all the time.
const FETCH_PAUSE: Duration = Duration::from_secs(2);
/// Bytes of a certificate's file.
const PEM_MAX: usize = 64 << 10;
/// Time for a fetch.
const FETCH_WITHIN: Duration = Duration::from_secs(5);

/// What a message is, once it is known to be SNS'.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Opened {
    /// Somebody published this.
    Notification(String),
    /// The subscription was confirmed just now.
    Subscribed,
    /// The subscription ended. Nothing is done: to confirm would be to subscribe again.
    Unsubscribed,
}

/// Why a message is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is none.
    Malformed(String),
    /// It is not who it should be, or too old.
    Forbidden(String),
    /// Whether it is cannot be said now.
    Unknown(String),
}

/// Opens messages; keeps certificates.
pub(crate) struct Sns {
    client: Client,
    clock: Clock,
    /// Held while one is fetched: at most one fetch at a time.
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// And until when they are not asked for again.
    certificates: HashMap<Url, (Certificate, Instant)>,
    failed: Option<(Instant, String)>,
}

impl Sns {
    pub(crate) fn new(client: Client, clock: Clock) -> Sns {
        Sns {
            client,
            clock,
            kept: Mutex::default(),
        }
    }

    /// Takes a message of one of `topics` (of any, if there are none), and confirms a subscription to it.
    pub(crate) async fn open(&self, body: &[u8], topics: &[String]) -> Result<Opened, Refusal> {
        let envelope = Envelope::read(body).map_err(Refusal::Malformed)?;
        // What costs nothing comes first; nothing is fetched for a stranger's topic.
        if !topics.is_empty() && !topics.contains(&envelope.topic_arn) {
            return Err(Refusal::Forbidden(
                "TopicArn: is none of this source's sns_topics".to_owned(),
            ));
        }
        let at = time::parse(&envelope.timestamp);
        let at = at.ok_or_else(|| Refusal::Malformed("Timestamp: expected a time".to_owned()))?;
        let now = (self.clock)();
        let span = |limit: Duration| i64::try_from(limit.as_nanos()).unwrap_or(i64::MAX);
        if now.saturating_sub(at) > span(AGE_MAX) || at.saturating_sub(now) > span(AHEAD_MAX) {
            return Err(Refusal::Forbidden("Timestamp: is not of the last hour".to_owned()));
        }
        let text = envelope.signed_text().map_err(Refusal::Malformed)?;
        let url = address::certificate(&envelope.signing_cert_url, &envelope.topic_arn).map_err(Refusal::Forbidden)?;
        let certificate = self.certificate(url).await?;
        let good = certificate.verify(&envelope.signature_version, &text, &envelope.signature, at);
        good.map_err(Refusal::Forbidden)?;
        match envelope.r#type.as_str() {
            "Notification" => Ok(Opened::Notification(envelope.message)),
            "SubscriptionConfirmation" => self.confirm(&envelope).await,
            _ => Ok(Opened::Unsubscribed),
        }
    }

    async fn certificate(&self, url: Url) -> Result<Certificate, Refusal> {
        let mut kept = self.kept.lock().await;
        let old = match kept.certificates.get(&url) {
            Some((certificate, until)) if Instant::now() < *until => return Ok(certificate.clone()),
            old => old.map(|(certificate, _)| certificate.clone()),
        };
        let failed = kept.failed.as_ref().filter(|(at, _)| at.elapsed() < FETCH_PAUSE);
        if let (Some((_, why)), None) = (failed, &old) {
            return Err(Refusal::Unknown(why.clone()));
        }
        let fetched = self.client.get(&url, PEM_MAX, FETCH_WITHIN).await;
        if let (Err(_), Some(old)) = (&fetched, old) {
            let until = Instant::now() + REFRESH_PAUSE;
            kept.certificates.insert(url, (old.clone(), until));
            return Ok(old);
        }
        let read = fetched.map_err(|error| format!("cannot fetch the signing certificate: {error}"));
        match read.and_then(|pem| Certificate::read(&pem)) {
            Ok(certificate) => {
                if kept.certificates.len() >= CERTIFICATES_MAX {
                    let oldest = kept
                        .certificates
                        .iter()
                        .min_by_key(|(_, (_, until))| *until)
                        .map(|(url, _)| url.clone());
                    oldest.and_then(|url| kept.certificates.remove(&url));
                }
                kept.failed = None;
                let until = Instant::now() + CERTIFICATE_AGE;
                kept.certificates.insert(url, (certificate.clone(), until));
                Ok(certificate)
            }
            Err(why) => {
                kept.failed = Some((Instant::now(), why.clone()));
                Err(Refusal::Unknown(why))
            }
        }
    }

    async fn confirm(&self, envelope: &Envelope) -> Result<Opened, Refusal> {
        let address = envelope.subscribe_url.as_deref().unwrap_or_default();
        let token = envelope.token.as_deref().unwrap_or_default();
        let url = address::confirmation(address, &envelope.topic_arn, token).map_err(Refusal::Forbidden)?;
        let visited = self.client.get(&url, PEM_MAX, FETCH_WITHIN).await;
        let why = |error| Refusal::Unknown(format!("cannot confirm the subscription: {error}"));
        visited.map(|_| Opened::Subscribed).map_err(why)
    }
}

#[cfg(test)]
mod tests;
