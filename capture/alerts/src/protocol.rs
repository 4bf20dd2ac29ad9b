//! What recorder and helper say to each other, one JSON object a line. Plain data: the asynchronous world does not show here.
//!
//! The recorder starts the helper and says [`Told::Settings`] first. From then on both talk whenever they like:
//!
//! | recorder says | helper says | then |
//! |---|---|---|
//! | `Settings` | `Ready` or `Failed` | a second `Settings` replaces the first without a connection lost; after `Failed` the old ones stay |
//! | | `Trigger` | `Answer` with the same ticket, within [`ANSWER_WITHIN`]; later ones are dropped |
//! | | `Asked` | `Text` with the same ticket, within [`TEXT_WITHIN`] |
//! | `Deliver` | `Delivered`, several | what is to be delivered is on disk before the first of them |
//! | `Stop`, or end of file | `Stopped` | end of file |
//!
//! The recorder reads what is said whatever else it does: the helper's lines are few, and while they wait, requests do.
//!
//! Unknown fields are ignored and missing ones have defaults, so that both sides may be of neighbouring versions.

use crate::settings::Settings;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// How long an [`Answer`](Told::Answer) may take before the sender of the alert gets 503 (and tries again later).
pub const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How long a [`Text`](Told::Text) may take before who asked gets 503.
pub const TEXT_WITHIN: Duration = Duration::from_secs(2);
/// Bytes of one request's body that are passed on at most; the limit of the settings is at most this.
pub const PAYLOAD_MAX: usize = 1 << 20;
/// Bytes of one line in either direction. A payload in which every byte needs two is twice [`PAYLOAD_MAX`].
pub const LINE_MAX: usize = 4 << 20;

/// Helper to recorder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// The settings are in force: listening at these addresses (with the port that was chosen, if 0 was asked for).
    Ready {
        /// `127.0.0.1:8765`, …; empty: no HTTP is wanted.
        listening: Vec<String>,
        /// What whoever runs it should know: sources without credentials, tokens without TLS, …
        notes: Vec<String>,
    },
    /// The settings cannot be used. Those from before stay in force; without any, the helper ends.
    Failed {
        /// What is wrong, one after the other. No secrets in it.
        reasons: Vec<String>,
    },
    /// A trigger that wants an answer.
    Trigger {
        /// Comes back in the answer. Never used twice by one helper.
        ticket: u64,
        /// The alert.
        trigger: Box<Trigger>,
    },
    /// Requests that were refused, for counting and the log; those of one second and kind are one line.
    Refused {
        /// Name of the source; empty: none was reached (no such path, too many connections, no TLS, …).
        source: String,
        /// What was answered; 0: the connection was closed without an answer.
        status: u16,
        /// Why, of the last one. No secrets in it; what the body said at the place that is wrong is short and quoted.
        reason: String,
        /// How many since the last line of this kind.
        count: u64,
    },
    /// Requests that were well and caused nothing new: resolved alerts, below the minimum severity, repetitions within
    /// [`repeat_ms`](crate::settings::Limits::repeat_ms). Gathered as `Refused` is.
    Passed {
        /// Name of the source.
        source: String,
        /// `resolved`, `severity`, `repeated`, `subscribed` or `inactive`.
        reason: String,
        /// How many alerts since the last line of this kind.
        count: u64,
    },
    /// How it goes with one delivery of a finished capture.
    Delivered {
        /// As in [`Told::Deliver`].
        capture: String,
        /// `webhook NAME`, `command NAME` or `upload NAME`.
        what: String,
        /// How it went.
        result: DeliveryResult,
    },
    /// Everything that was to be done with a capture is done or given up: its files are no longer needed here.
    Settled {
        /// As in [`Told::Deliver`].
        capture: String,
    },
    /// Somebody wants to know, and the recorder knows: GET /healthz, /readyz, /metrics.
    Asked {
        /// Comes back in the text.
        ticket: u64,
        /// `healthz`, `readyz` or `metrics`.
        what: String,
    },
    /// Line for the recorder's log.
    Log {
        /// `error`, `warn`, `info` or `debug`.
        level: String,
        /// No secrets in it; what strangers wrote is escaped.
        message: String,
    },
    /// Nothing more will be said.
    Stopped {
        /// Deliveries that are left in the state folder for the next start.
        left: u64,
    },
}

/// Recorder to helper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// To a trigger. With several alerts in one request, the answers are put together (see `server/answer.rs`).
    Answer {
        /// Of the trigger.
        ticket: u64,
        /// HTTP status: 202 accepted or joined, 409 not possible now, 404 nothing there, 503 try again, …
        status: u16,
        /// JSON object; should have `capture` (the id), `joined`, and where refused `error` and `hint`.
        body: serde_json::Value,
    },
    /// To what was asked.
    Text {
        /// Of what was asked.
        ticket: u64,
        /// HTTP status.
        status: u16,
        /// `text/plain; version=0.0.4`, `application/json`, …
        content_type: String,
        /// The text.
        body: String,
    },
    /// A capture is finished: call-backs and uploads are due. The files must stay until `Settled`. Saying it again for
    /// the same capture does nothing twice.
    Deliver {
        /// Id of the capture.
        capture: String,
        /// The trace first (commands get its path), then what belongs to it.
        files: Vec<PathBuf>,
        /// What webhooks post: the side-car.
        summary: serde_json::Value,
    },
    /// Settings: once at the start, again after SIGHUP. Always all of them.
    Settings(Box<Settings>),
    /// End: requests that are under way are answered, deliveries are left for the next start.
    Stop {
        /// What is not finished by then is broken off.
        within_ms: u64,
    },
}

/// How it goes with a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryResult {
    /// It arrived.
    Done {
        /// Tries it took, over restarts.
        attempts: u32,
        /// Where it is now, as far as that can be said: the URL of an upload without credentials; else empty.
        place: String,
    },
    /// It did not, and will be tried again.
    Retrying {
        /// Tries so far.
        attempts: u32,
        /// Why. No secrets in it.
        reason: String,
        /// When the next one is due.
        next_ms: u64,
    },
    /// It did not, and will not be tried again.
    GaveUp {
        /// Tries it took.
        attempts: u32,
        /// Why. No secrets in it.
        reason: String,
    },
}

/// A normalised alert.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Trigger {
    /// Name of the configured source: `falco`, …
    pub source: String,
    /// What the source calls this alert, for de-duplication; made of its content where the source has no word for it.
    pub id: String,
    /// Rule or name of the alert.
    pub title: String,
    /// `critical`, `high`, `medium`, `low` or `info`.
    pub severity: String,
    /// The same as the source says it; empty: not at all (then `severity` is `medium`).
    pub severity_raw: String,
    /// When it happened, as the source says: nanoseconds since 1970.
    pub time: Option<i64>,
    /// Who is meant; any of them. Empty: the alert names neither container, pod, process nor node.
    pub selectors: Vec<Selector>,
    /// The request's body, verbatim; at most [`PAYLOAD_MAX`] bytes. Several alerts of one request have the same.
    pub payload: String,
    /// Content type of the body as it was sent.
    pub payload_type: String,
    /// The body is no UTF-8, so `payload` is its base64.
    pub payload_base64: bool,
    /// Milliseconds before, if the alert asks for it.
    pub pre: Option<u64>,
    /// Milliseconds after, if the alert asks for it.
    pub post: Option<u64>,
}

/// Who is meant, as far as the alert says. Empty fields are unknown; those that are set hold together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Selector {
    /// Id without `containerd://`; may be the first 12 digits only.
    pub container_id: String,
    /// Name: of the runtime, or in the pod.
    pub container_name: String,
    /// Namespace of Kubernetes.
    pub namespace: String,
    /// Name of the pod.
    pub pod: String,
    /// Uid of the pod.
    pub pod_uid: String,
    /// Process, as the source numbers it (Falco: the host's number).
    pub pid: Option<u32>,
    /// Host name or node.
    pub node: String,
}

impl Selector {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Selector::default()
    }
}
