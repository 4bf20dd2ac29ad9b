//! What of a row a group's key depends on, in rows of one kind: where that is little, keys are made once for each thread,
//! descriptor or name, not for each row.

use super::Grouping;
use crate::fields::{FdField, FieldId};
use crate::row::domain::{Domain, is_same_for_all_kinds, of_field};
use afterimage_format::model::Kind;

/// What tells groups of rows of a kind apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cells {
    /// The kind, the thread version and the descriptor, as far as they matter.
    Of {
        /// Whether the kind does.
        kind: bool,
        /// Whether the thread does.
        thread: bool,
        /// Whether the descriptor does, and how.
        descriptor: Part,
    },
    /// More than these.
    Row,
}

/// How a descriptor matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    No,
    /// Its name alone.
    Name,
    Whole,
}

impl Cells {
    pub(super) fn of(grouping: &Grouping, kind: &Kind) -> Cells {
        if grouping.every.is_some() {
            return Cells::Row;
        }
        let (mut thread, mut descriptor) = (false, Part::No);
        let mut by_kind = false;
        for (def, arg) in &grouping.keys {
            by_kind |= !is_same_for_all_kinds(def.id);
            match of_field(def.id, arg, kind) {
                Domain::Kind => {}
                Domain::Thread => thread = true,
                Domain::Descriptor if def.id == FieldId::Fd(FdField::Name) && descriptor != Part::Whole => {
                    descriptor = Part::Name;
                }
                Domain::Descriptor => descriptor = Part::Whole,
                _ => return Cells::Row,
            }
        }
        Cells::Of {
            kind: by_kind,
            thread,
            descriptor,
        }
    }
}
