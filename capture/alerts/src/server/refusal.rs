//! A request that is refused: what its sender is told, and what is counted.

use super::Answered;
use serde_json::json;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// Kind, for counting.
    pub(super) class: &'static str,
    /// What is wrong.
    pub(super) error: String,
    /// What would be right.
    pub(super) hint: &'static str,
}

impl Refusal {
    pub(super) fn new(status: u16, class: &'static str, error: impl Into<String>, hint: &'static str) -> Refusal {
        Refusal {
            status,
            class,
            error: error.into(),
            hint,
        }
    }

    /// Who it is was not shown. Says nothing of what would have been right but how.
    pub(super) fn unauthorized(error: &'static str, hint: &'static str) -> Refusal {
        Refusal::new(401, "credentials", error, hint)
    }

    pub(super) fn busy(error: &'static str) -> Refusal {
        Refusal::new(503, "busy", error, "try again in a moment")
    }

    pub(super) fn answer(&self) -> Answered {
        Answered {
            status: self.status,
            content_type: "application/json".to_owned(),
            body: json!({ "error": self.error, "hint": self.hint }).to_string(),
            // What else comes on this connection is not read.
            close: !matches!(self.status, 400 | 404 | 503),
        }
    }
}
