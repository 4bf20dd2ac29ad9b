//! One event with what every line needs of it.

use super::story::ProcessId;
use crate::eval::Row as _;
use crate::fields::{EvtField, FieldArg, FieldId};
use crate::row::EventRow;
use afterimage_format::model::{Descriptor, Thread, Value};

/// One event.
#[derive(Clone, Copy)]
pub(super) struct Happening<'s> {
    pub(super) row: EventRow<'s>,
    pub(super) time: u64,
    pub(super) thread: &'s Thread,
    pub(super) process: ProcessId,
    pub(super) wanted: bool,
}

impl<'s> Happening<'s> {
    /// The result; 0 where there is none.
    pub(super) fn result(&self) -> i64 {
        self.row.result().unwrap_or(0)
    }

    /// The error, if it failed.
    pub(super) fn error(&self) -> Option<i64> {
        self.row.result().filter(|result| *result < 0)
    }

    /// An integer parameter by name.
    pub(super) fn int(&self, name: &str) -> Option<i64> {
        self.int_at(self.row.kind()?.param(name)?)
    }

    /// An integer parameter by number.
    pub(super) fn int_at(&self, at: usize) -> Option<i64> {
        match self.row.raw_arg(at) {
            Value::Int(value) => Some(value),
            _ => None,
        }
    }

    /// A parameter of bytes by name; empty where it is missing.
    pub(super) fn bytes(&self, name: &str) -> &'s [u8] {
        let at = self.row.kind().and_then(|kind| kind.param(name));
        at.and_then(|at| self.bytes_at(at)).unwrap_or_default()
    }

    /// A parameter of bytes by number.
    pub(super) fn bytes_at(&self, at: usize) -> Option<&'s [u8]> {
        match self.row.raw_arg(at) {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The descriptor, where anything is known of it.
    pub(super) fn descriptor(&self) -> Option<&'s Descriptor> {
        self.row.descriptor().filter(|descriptor| descriptor.missing.is_empty())
    }

    /// All arguments as text, not escaped.
    pub(super) fn arguments(&self) -> Vec<u8> {
        match self.row.value(FieldId::Evt(EvtField::Args), &FieldArg::None) {
            crate::Value::Str(text) => text.into_owned(),
            _ => Vec::new(),
        }
    }
}
