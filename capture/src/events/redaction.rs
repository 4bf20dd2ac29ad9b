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
    /// What is to be replaced in an event; `None` where there is no mark in it, of what is replaced or from when the thread's
    /// own arguments came in: argument lists come from the thread, which has them redacted already.
    pub(super) fn redacted(&self, emit: &Emit<'_>) -> Option<Redacted> {
        let mut out: Option<Redacted> = None;
        let redactor = &self.chosen.redactor;
        if !redactor.has_patterns() {
            return out;
        }
        let kind = self.catalogue.kinds.get(usize::from(emit.kind))?;
        for ((at, arg), param) in emit.args.iter().enumerate().zip(&kind.params) {
            match (arg, param.ty) {
                (Value::Bytes(bytes), ParamType::Bytes) => {
                    if let Cow::Owned(text) = redactor.payload(bytes) {
                        out.get_or_insert_default().texts.push((at, text));
                    }
                }
                (Value::Bytes(bytes), ParamType::TextList) if redact::is_marked(bytes) => {
                    out.get_or_insert_default();
                }
                _ => {}
            }
        }
        out
    }
}
