//! What alerts of others look like: a body in, [`Trigger`]s out. No I/O, no clock; nothing in a body makes it panic.

mod alertmanager;
mod falco;
mod generic;
mod guardduty;
mod json;
mod scc;

use crate::protocol::Trigger;
use crate::settings::{Kind, Mapping};
use serde_json::Value;
use std::fmt;

/// What is in a body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Alerts that may trigger. `severity` still says nothing, `severity_raw` is the source's word.
    pub triggers: Vec<Trigger>,
    /// Alerts that never do, and why: `resolved`, `inactive`, `sample`.
    pub passed: Vec<&'static str>,
    /// Alerts beyond [`ALERTS_MAX`] that were not looked at.
    pub left_out: usize,
}

/// Alerts of one body. A small body can have many, and each is larger here than there.
pub const ALERTS_MAX: usize = 1024;
/// Selectors of one alert, for the same reason.
pub const SELECTORS_MAX: usize = 64;

impl Found {
    fn one(trigger: Trigger) -> Found {
        Found {
            triggers: vec![trigger],
            ..Found::default()
        }
    }

    fn pass(&mut self, why: &'static str) {
        self.passed.push(why);
    }
}

/// Why a body is no alert of its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What it is about: `alerts[2].labels`; empty: the body as a whole.
    pub field: String,
    /// What was expected there, and what is there.
    pub message: String,
}

impl Reason {
    fn new(field: impl Into<String>, message: impl Into<String>) -> Reason {
        Reason {
            field: field.into(),
            message: message.into(),
        }
    }

    /// The same within something.
    fn within(mut self, outer: &str) -> Reason {
        self.field = match self.field.is_empty() {
            true => outer.to_owned(),
            false => format!("{outer}.{}", self.field),
        };
        self
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.is_empty() {
            true => f.write_str(&self.message),
            false => write!(f, "{}: {}", self.field, self.message),
        }
    }
}

/// Reads a body as `kind` sends it.
///
/// # Errors
/// It is no such alert.
pub fn read(kind: Kind, mapping: Option<&Mapping>, body: &[u8]) -> Result<Found, Reason> {
    let document = json::parse(body)?;
    match kind {
        Kind::Falco => falco::read(&document),
        Kind::Alertmanager => alertmanager::read(&document),
        Kind::GuardDuty => guardduty::read(&document),
        Kind::Scc => scc::read(&document),
        Kind::Generic => generic::read(&document, mapping.unwrap_or(&Mapping::default())),
    }
}

/// An id for an alert that has none: of what makes it this alert.
fn made_id<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    for part in parts {
        digest.update(&(part.len() as u64).to_le_bytes());
        digest.update(part.as_bytes());
    }
    let digest = digest.finish();
    digest.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The body as one alert, or as a list of alerts that are read one by one.
fn each<'a>(document: &'a Value, mut read: impl FnMut(&'a Value) -> Result<Found, Reason>) -> Result<Found, Reason> {
    let Value::Array(items) = document else {
        return read(document);
    };
    let mut all = Found::default();
    for (at, item) in items.iter().enumerate() {
        if all.triggers.len() >= ALERTS_MAX {
            all.left_out = items.len() - at;
            break;
        }
        let found = read(item).map_err(|reason| reason.within(&format!("[{at}]")))?;
        all.triggers.extend(found.triggers);
        all.passed.extend(found.passed);
    }
    if items.is_empty() {
        return Err(Reason::new("", "the list of alerts is empty"));
    }
    Ok(all)
}
