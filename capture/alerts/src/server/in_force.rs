//! Settings as they are in force: secrets read, TLS ready.

use super::auth::Proof;
use super::rate::Bucket;
use super::tls;
use crate::google::Google;
use crate::outside::{Client, Outside};
use crate::settings::{Limits, Secret, Settings, Source};
use crate::severity::Severity;
use crate::sns::Sns;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

/// The part of all bodies that strangers may have is one in so many.
const STRANGERS: usize = 4;

/// Of one generation of settings.
pub(crate) struct InForce {
    pub(super) limits: Limits,
    pub(super) tls: Option<TlsAcceptor>,
    /// By path.
    pub(super) sources: HashMap<String, Arc<InForceSource>>,
    pub(super) metrics_token: Option<Secret>,
    pub(super) sns: Sns,
    pub(super) google: Google,
    /// Bytes of bodies that may still come.
    pub(super) bodies: Arc<Semaphore>,
    /// Of those, what bodies may have of which nobody knows whose they are.
    pub(super) strangers: Arc<Semaphore>,
    /// What whoever runs it should know.
    pub(crate) notes: Vec<String>,
}

/// A source and what it has used up.
pub(super) struct InForceSource {
    pub(super) source: Source,
    pub(super) proof: Proof,
    pub(super) least: Severity,
    pub(super) bucket: Mutex<Bucket>,
}

impl InForce {
    /// Reads what the settings name.
    ///
    /// # Errors
    /// All secrets and files that cannot be used.
    pub(crate) fn new(settings: &Settings, outside: &Outside) -> Result<InForce, Vec<String>> {
        let mut wrong = Vec::new();
        let http = &settings.http;
        let tls = match http.tls.as_ref().map(tls::acceptor).transpose() {
            Ok(tls) => tls,
            Err(why) => {
                wrong.push(format!("http.tls: {why}"));
                None
            }
        };
        let mut sources = HashMap::new();
        for (at, source) in settings.source.iter().enumerate() {
            match Proof::read(&source.auth) {
                Ok(proof) => {
                    let in_force = InForceSource {
                        source: source.clone(),
                        proof,
                        least: Severity::of_name(&source.min_severity).unwrap_or(Severity::Info),
                        bucket: Mutex::new(Bucket::full(http.limits.per_source, Instant::now())),
                    };
                    sources.insert(source.path.clone(), Arc::new(in_force));
                }
                Err(why) => wrong.push(format!("source[{at}].auth: {why}")),
            }
        }
        let metrics_token = http.metrics_token().map(|place| place.read()).transpose();
        let metrics_token = metrics_token.unwrap_or_else(|why| {
            wrong.push(format!("http: {why}"));
            None
        });
        let client = Client::new(outside, None).map_err(|why| vec![why])?;
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(InForce {
            limits: http.limits.clone(),
            tls,
            sources,
            metrics_token,
            sns: Sns::new(client.clone(), outside.clock.clone()),
            google: Google::new(client, outside.clock.clone()),
            bodies: Arc::new(Semaphore::new(http.limits.bodies_bytes)),
            strangers: Arc::new(Semaphore::new(
                (http.limits.bodies_bytes / STRANGERS).max(http.limits.body_bytes),
            )),
            notes: notes(settings),
        })
    }
}

fn notes(settings: &Settings) -> Vec<String> {
    let mut notes = Vec::new();
    for source in &settings.source {
        let name = &source.name;
        if source.auth.loopback_only {
            notes.push(format!(
                "source '{name}': everyone on this machine may trigger captures (loopback_only)"
            ));
        }
        let inside = crate::settings::only_loopback(&settings.http.listen);
        if source.auth.token().is_some() && settings.http.tls.is_none() && !inside {
            notes.push(format!(
                "source '{name}': its token comes in the clear; set [http.tls], or end TLS before it"
            ));
        }
    }
    notes
}
