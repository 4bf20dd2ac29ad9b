//! An alert as it asks for a capture, wherever it came from.

use serde::{Deserialize, Serialize};

/// A normalised alert.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Trigger {
    /// Where it came from: `socket`, `filter`, `signal`, or a source of the configuration.
    pub(crate) source: String,
    /// What the source calls it; the same twice is one alert. Empty: it is the only one of its kind.
    pub(crate) id: String,
    /// Rule or name.
    pub(crate) title: String,
    /// `critical`, `high`, `medium`, `low` or `info`.
    pub(crate) severity: String,
    /// When it happened, as the source says: nanoseconds since 1970.
    pub(crate) time: Option<i64>,
    /// Who is meant; any of them.
    pub(crate) selectors: Vec<Selector>,
    /// As it came.
    pub(crate) payload: String,
    /// Its media type.
    pub(crate) payload_type: String,
    /// Whether the payload is base64.
    pub(crate) payload_base64: bool,
    /// Milliseconds before and after, where the alert says.
    pub(crate) pre: Option<u64>,
    /// See `pre`.
    pub(crate) post: Option<u64>,
}

/// Who is meant, as far as the alert says. Empty fields are unknown; those that are set hold together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Selector {
    pub(crate) container_id: String,
    pub(crate) container_name: String,
    pub(crate) namespace: String,
    pub(crate) pod: String,
    pub(crate) pod_uid: String,
    /// Process in the initial pid namespace.
    pub(crate) pid: Option<u32>,
    /// The whole node.
    pub(crate) node: String,
}
