//! What of an event is replaced before it is written.

use super::{Emit, Tracker};
use crate::redact;
use afterimage_format::model::{ParamType, Value};
use std::borrow::Cow;

/// The arguments of an event that are replaced.
#[derive(Default)]
pub(super) struct Redacted {
    /// Place and text.
    texts: Vec<(usize, Vec<u8>)>,
    /// Whether there is a mark in the event, of these or from when the thread's own arguments came in.
    pub(super) marked: bool,
}

impl Redacted {
    /// Puts the texts in their places.
    pub(super) fn put<'a>(&'a self, args: &mut [Value<'a>]) {
        for (at, text) in &self.texts {
            if let Some(arg) = args.get_mut(*at) {
                *arg = Value::Bytes(text);
            }
        }
    }
}

impl Tracker {
    /// What is to be replaced in an event. Argument lists come from the thread, which has them redacted already.
    pub(super) fn redacted(&self, emit: &Emit<'_>) -> Redacted {
        let mut out = Redacted::default();
        let redactor = &self.chosen.redactor;
        if !redactor.has_patterns() {
            return out;
        }
        let Some(kind) = self.catalogue.kinds.get(usize::from(emit.kind)) else {
            return out;
        };
        for ((at, arg), param) in emit.args.iter().enumerate().zip(&kind.params) {
            match (arg, param.ty) {
                (Value::Bytes(bytes), ParamType::Bytes) => {
                    if let Cow::Owned(text) = redactor.payload(bytes) {
                        out.texts.push((at, text));
                        out.marked = true;
                    }
                }
                (Value::Bytes(bytes), ParamType::TextList) => out.marked |= redact::is_marked(bytes),
                _ => {}
            }
        }
        out
    }
}
