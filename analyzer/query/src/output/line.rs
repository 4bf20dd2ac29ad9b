//! Lines made fast: a million of them should take no longer than reading the events.

use super::escape::{escape_into, plain};
use super::format::{Format, MISSING, Part};
use super::text::shown;
use super::time;
use crate::check::TimeZone;
use crate::eval::Row as _;
use crate::fields::{EvtField, FieldId, ProcField, ThreadField};
use crate::row::{EventRow, Observed as _};

/// Writes lines of events and keeps what lines have in common.
#[derive(Default)]
pub struct LineWriter {
    clock: time::Clock,
    scratch: Vec<u8>,
}

impl LineWriter {
    /// Writes the line for a row, without a newline; `false` where a field is missing and the format did not begin with `*`:
    /// then part of a line stands there. The same as [`Format::line`].
    pub fn line(&mut self, format: &Format, row: &EventRow<'_>, zone: TimeZone, out: &mut Vec<u8>) -> bool {
        for part in &format.parts {
            let written = match part {
                Part::Text(text) => {
                    out.extend_from_slice(text.as_bytes());
                    true
                }
                Part::Field(def, arg) => match self.known(def.id, row, zone, out) {
                    Some(written) => written,
                    None => match shown(def.id, &row.value(def.id, arg), zone) {
                        Some(text) => {
                            out.extend_from_slice(text.as_bytes());
                            true
                        }
                        None => false,
                    },
                },
            };
            if !written {
                if !format.show_missing {
                    return false;
                }
                out.extend_from_slice(MISSING.as_bytes());
            }
        }
        true
    }

    /// The fields of the usual line, without a value made for each; nothing for others. Whether there was a value.
    fn known(&mut self, field: FieldId, row: &EventRow<'_>, zone: TimeZone, out: &mut Vec<u8>) -> Option<bool> {
        Some(match field {
            FieldId::Evt(EvtField::Num) => number(out, row.num()),
            FieldId::Evt(EvtField::Time | EvtField::OutputTime) => {
                self.clock.write(row.time(), zone, out);
                true
            }
            FieldId::Evt(EvtField::Dir) => {
                out.push(row.flags().direction().as_char() as u8);
                true
            }
            FieldId::Evt(EvtField::Type) => row.kind().is_some_and(|kind| escape_into(kind.name.as_bytes(), out)),
            FieldId::Evt(EvtField::Info | EvtField::Args) => {
                let start = out.len();
                row.write_args(out);
                if plain(&out[start..]) < out.len() - start {
                    self.scratch.clear();
                    self.scratch.extend_from_slice(&out[start..]);
                    out.truncate(start);
                    escape_into(&self.scratch, out);
                }
                true
            }
            FieldId::Evt(EvtField::Cpu) => row.cpu().is_some_and(|cpu| {
                out.extend_from_slice(itoa::Buffer::new().format(cpu).as_bytes());
                true
            }),
            FieldId::Proc(ProcField::Name) => {
                let thread = row.thread().filter(|thread| !thread.comm.is_empty());
                thread.is_some_and(|thread| escape_into(&thread.comm, out))
            }
            FieldId::Thread(ThreadField::Tid) => {
                let thread = row.thread().filter(|thread| thread.tid != 0);
                thread.is_some_and(|thread| number(out, u64::from(thread.tid)))
            }
            _ => return None,
        })
    }
}

fn number(out: &mut Vec<u8>, number: u64) -> bool {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    true
}
