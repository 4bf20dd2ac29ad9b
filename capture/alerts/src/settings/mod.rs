//! Settings of the doors. They hold no secret, only where one is to be read: so they can be logged, printed and sent.

mod check;
mod problem;
mod rules;
mod secret;

pub use check::{check, check_beside};
pub use problem::Problem;
pub(crate) use rules::{only_loopback, webhook_url};
pub use secret::{Secret, SecretError, SecretPlace};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Everything the helper has to know.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `[http]`: where and how requests are taken.
    pub http: Http,
    /// `[[source]]`: who may send alerts.
    pub source: Vec<Source>,
    /// `[deliver]`: what all deliveries have in common.
    pub deliver: Deliver,
    /// `[[webhook]]`: who is told when a capture is finished.
    pub webhook: Vec<Webhook>,
    /// `[[command]]`: what is run when a capture is finished.
    pub command: Vec<Command>,
    /// `[[upload]]`: where a finished capture is copied to.
    pub upload: Vec<Upload>,
}

/// `[http]`
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Addresses with port, `127.0.0.1:8765`. Empty: nothing listens.
    pub listen: Vec<String>,
    /// `[http.tls]`: without it, requests come in the clear.
    pub tls: Option<Tls>,
    /// `[http.limits]`
    pub limits: Limits,
    /// File with the bearer token that GET /metrics wants.
    pub metrics_token_file: Option<PathBuf>,
    /// Environment variable with it. Without file and variable, /metrics is for this machine only.
    pub metrics_token_env: Option<String>,
}

/// `[http.tls]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM file with the certificate and what is between it and the root.
    pub cert: PathBuf,
    /// PEM file with its key.
    pub key: PathBuf,
    /// PEM file with the roots of client certificates: clients must have one.
    #[serde(default)]
    pub client_ca: Option<PathBuf>,
}

/// `[http.limits]`: what one request, one peer and all together may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of a body; at most [`PAYLOAD_MAX`](crate::protocol::PAYLOAD_MAX).
    pub body_bytes: usize,
    /// Bytes of all bodies that are under way.
    pub bodies_bytes: usize,
    /// Requests a second of one source, on average; a burst may be twice that.
    pub per_source: u32,
    /// Requests a second of one address (IPv6: one /64), on average; a burst may be twice that.
    pub per_peer: u32,
    /// Connections at a time.
    pub connections: usize,
    /// Connections at a time of one address.
    pub connections_per_peer: usize,
    /// Time for TLS, and for the header of a request; also how long an idle connection is kept.
    pub header_ms: u64,
    /// Time for a whole request until it is read.
    pub request_ms: u64,
    /// An alert that comes again within this time gets the same answer, and the recorder does not hear of it.
    pub repeat_ms: u64,
    /// Alerts of one request that are taken; the answer says how many were not.
    pub alerts: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            body_bytes: 1 << 20,
            bodies_bytes: 16 << 20,
            per_source: 50,
            per_peer: 100,
            connections: 512,
            connections_per_peer: 256,
            header_ms: 5_000,
            request_ms: 10_000,
            repeat_ms: 1_000,
            alerts: 64,
        }
    }
}

/// What a source sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Falco's `http_output`, Falcosidekick's webhook.
    Falco,
    /// Prometheus Alertmanager's webhook, version 4.
    Alertmanager,
    /// AWS GuardDuty: EventBridge events, findings of its API; both also in an SNS envelope.
    GuardDuty,
    /// Google Security Command Center: notifications, also by Pub/Sub push.
    Scc,
    /// Any JSON, with a mapping.
    Generic,
}

impl Kind {
    /// As in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Falco => "falco",
            Kind::Alertmanager => "alertmanager",
            Kind::GuardDuty => "guardduty",
            Kind::Scc => "scc",
            Kind::Generic => "generic",
        }
    }
}

/// `[[source]]`: who may send alerts, and how it is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Name, unique; stands in captures, logs and metrics. Default: the kind.
    #[serde(default)]
    pub name: String,
    /// What it sends.
    pub kind: Kind,
    /// Path of the URL, unique. Default: `/v1/` and the name.
    #[serde(default)]
    pub path: String,
    /// What a request must show.
    #[serde(default)]
    pub auth: Auth,
    /// Alerts below do nothing: `critical`, `high`, `medium`, `low` or `info` (default: everything).
    #[serde(default)]
    pub min_severity: String,
    /// What the source's own words for severities mean here: `page = "critical"`. Others have their usual meaning.
    #[serde(default)]
    pub severity: BTreeMap<String, String>,
    /// `[source.mapping]`: where things are in generic JSON.
    #[serde(default)]
    pub mapping: Option<Mapping>,
    /// Milliseconds before, for the captures of this source; the alert's own mapping comes first.
    #[serde(default)]
    pub pre_ms: Option<u64>,
    /// Milliseconds after.
    #[serde(default)]
    pub post_ms: Option<u64>,
}

/// `auth = { … }`: exactly one way. In Kubernetes the files are mounted secrets; they are read again at every reload.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// File with a token: `Authorization: Bearer …`, or the bare token in another `header`. `Basic` with the token as
    /// password is taken, too.
    pub token_file: Option<PathBuf>,
    /// Environment variable with it.
    pub token_env: Option<String>,
    /// File with a secret: HMAC-SHA256 of the body, hexadecimal, `sha256=` before it or not.
    pub hmac_file: Option<PathBuf>,
    /// Environment variable with it.
    pub hmac_env: Option<String>,
    /// Header of token or HMAC. Default: `Authorization`, `X-Signature-256`.
    pub header: Option<String>,
    /// Topics of SNS whose signed messages are taken: ARNs. Anyone can sign for a topic of their own.
    pub sns_topics: Vec<String>,
    /// Audience of the tokens with which Google's Pub/Sub signs in to push: as in the subscription.
    pub google_audience: Option<String>,
    /// The service account of the subscription; belongs to the audience.
    pub google_account: Option<String>,
    /// A client certificate of `http.tls.client_ca` is enough.
    pub client_certificate: bool,
    /// Everyone on this machine may. Only where all addresses of `listen` are loopback ones.
    pub loopback_only: bool,
}

/// `[source.mapping]`: JSON pointers (RFC 6901: `/labels/pod`). Numbers and strings are taken, null and "" are nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mapping {
    /// List of alerts in the document; the other pointers start at each of them. Default: the document is one alert.
    pub alerts: String,
    /// What the source calls the alert.
    pub id: String,
    /// Its name. Must be there.
    pub title: String,
    /// Severity: a word or a number.
    pub severity: String,
    /// Time: RFC 3339, or a number of seconds, milliseconds, microseconds or nanoseconds since 1970.
    pub time: String,
    /// Id of the container.
    pub container_id: String,
    /// Its name.
    pub container_name: String,
    /// Namespace of Kubernetes.
    pub namespace: String,
    /// Pod.
    pub pod: String,
    /// Uid of the pod.
    pub pod_uid: String,
    /// Process.
    pub pid: String,
    /// Host or node.
    pub node: String,
    /// Milliseconds before.
    pub pre_ms: String,
    /// Milliseconds after.
    pub post_ms: String,
    /// Only alerts where this …
    pub only_if: String,
    /// … is this do something.
    pub equals: String,
}

/// `[deliver]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Deliver {
    /// Folder for what is still to be delivered; needed with any `[[webhook]]`, `[[command]]` or `[[upload]]`.
    pub state: PathBuf,
}

/// `[[webhook]]`: the summary of a finished capture is POSTed as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Name, unique among webhooks.
    pub name: String,
    /// http:// or https://, without user and password.
    #[serde(default)]
    pub url: String,
    /// File with the URL, where the URL itself is a secret.
    #[serde(default)]
    pub url_file: Option<PathBuf>,
    /// Environment variable with it.
    #[serde(default)]
    pub url_env: Option<String>,
    /// File with the token for `Authorization: Bearer`.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// Environment variable with it.
    #[serde(default)]
    pub token_env: Option<String>,
    /// PEM file with more roots than the system's.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// Tries after the first one.
    #[serde(default = "retries")]
    pub retries: u32,
    /// Time for one try.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
}

/// `[[command]]`: a program that is run, without a shell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Name, unique among commands.
    pub name: String,
    /// Absolute path of the program, and its arguments; the path of the trace is appended.
    pub argv: Vec<String>,
    /// Tries after the first one.
    #[serde(default)]
    pub retries: u32,
    /// It is killed after this time.
    #[serde(default = "command_ms")]
    pub timeout_ms: u64,
}

/// `[[upload]]`: the files of a finished capture are copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// Name, unique among uploads.
    pub name: String,
    /// s3://bucket/folder, gs://bucket/folder, az://container/folder or file:///folder.
    pub url: String,
    /// What else the store has to know, without secrets: `region`, `endpoint`, …
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// Secret ones: `secret_access_key = { file = "…" }` or `{ env = "…" }`.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretPlace>,
    /// PEM file with more roots than the system's.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// How long it is tried. Default: a day.
    #[serde(default = "retry_s")]
    pub retry_s: u64,
    /// Bytes of a part; what has more is sent in parts, and goes on with the part where it stopped.
    #[serde(default = "part_bytes")]
    pub part_bytes: u64,
}

fn retries() -> u32 {
    8
}
fn timeout_ms() -> u64 {
    10_000
}
fn command_ms() -> u64 {
    60_000
}
fn retry_s() -> u64 {
    24 * 3600
}
fn part_bytes() -> u64 {
    8 << 20
}

impl Auth {
    /// The ways, and which is taken.
    pub(crate) fn ways(&self) -> [(&'static str, bool); 8] {
        [
            ("token_file", self.token_file.is_some()),
            ("token_env", self.token_env.is_some()),
            ("hmac_file", self.hmac_file.is_some()),
            ("hmac_env", self.hmac_env.is_some()),
            ("sns_topics", !self.sns_topics.is_empty()),
            ("google_audience", self.google_audience.is_some()),
            ("client_certificate", self.client_certificate),
            ("loopback_only", self.loopback_only),
        ]
    }

    /// Where the token is.
    pub(crate) fn token(&self) -> Option<SecretPlace> {
        SecretPlace::of(self.token_file.as_deref(), self.token_env.as_deref())
    }

    /// Where the secret of the HMAC is.
    pub(crate) fn hmac(&self) -> Option<SecretPlace> {
        SecretPlace::of(self.hmac_file.as_deref(), self.hmac_env.as_deref())
    }
}

impl Webhook {
    /// Where the URL is, if it is a secret.
    pub(crate) fn secret_url(&self) -> Option<SecretPlace> {
        SecretPlace::of(self.url_file.as_deref(), self.url_env.as_deref())
    }

    /// Where the token is.
    pub(crate) fn token(&self) -> Option<SecretPlace> {
        SecretPlace::of(self.token_file.as_deref(), self.token_env.as_deref())
    }
}

impl Http {
    /// Where the token for /metrics is.
    pub(crate) fn metrics_token(&self) -> Option<SecretPlace> {
        SecretPlace::of(self.metrics_token_file.as_deref(), self.metrics_token_env.as_deref())
    }
}

impl Mapping {
    /// All pointers with the names of their keys.
    pub(crate) fn pointers(&self) -> [(&'static str, &str); 15] {
        [
            ("alerts", &self.alerts),
            ("id", &self.id),
            ("title", &self.title),
            ("severity", &self.severity),
            ("time", &self.time),
            ("container_id", &self.container_id),
            ("container_name", &self.container_name),
            ("namespace", &self.namespace),
            ("pod", &self.pod),
            ("pod_uid", &self.pod_uid),
            ("pid", &self.pid),
            ("node", &self.node),
            ("pre_ms", &self.pre_ms),
            ("post_ms", &self.post_ms),
            ("only_if", &self.only_if),
        ]
    }
}
