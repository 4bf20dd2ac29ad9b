//! `evt`.

use super::{Fields, Observed};
use crate::eval::Value;
use crate::fields::{EvtField, FieldArg};
use crate::output::time;
use afterimage_format::constants::errno_name;
use afterimage_format::model::{self, Category, DescriptorType, EventFlags, ParamType};

const O_ACCMODE: i64 = 3;
const O_WRONLY: i64 = 1;
const O_CREAT: i64 = 0o100;
const O_TRUNC: i64 = 0o1000;

impl<'s, E: Observed<'s>> Fields<'s, E> {
    pub(super) fn evt(&self, field: EvtField, arg: &FieldArg) -> Value<'s> {
        let time = self.time();
        let zone = self.context().zone();
        match field {
            EvtField::Num => Value::Uint(self.num()),
            EvtField::Time | EvtField::RawTime => Value::Int(time),
            EvtField::TimeIso8601 => Value::owned(time::iso8601(time)),
            EvtField::DateTime => Value::owned(time::date_time(time, zone)),
            EvtField::OutputTime => Value::owned(time::clock(time, zone)),
            EvtField::RawTimeS => Value::Int(time.div_euclid(time::SECOND)),
            EvtField::RawTimeNs => Value::Int(time.rem_euclid(time::SECOND)),
            EvtField::RelTime => Value::Int(time.saturating_sub(self.context().first())),
            EvtField::Latency => self.latency().map_or(Value::Missing, Value::Int),
            EvtField::LatencyS => self
                .latency()
                .map_or(Value::Missing, |latency| Value::Int(latency / time::SECOND)),
            EvtField::LatencyNs => self
                .latency()
                .map_or(Value::Missing, |latency| Value::Int(latency % time::SECOND)),
            EvtField::LatencyHuman => self
                .latency()
                .map_or(Value::Missing, |latency| Value::owned(time::human(latency))),
            EvtField::Dir => Value::owned(self.flags().direction().as_char().to_string()),
            EvtField::Type => self.kind().map_or(Value::Missing, |kind| Value::str(&kind.name)),
            EvtField::Category => self.category().map_or(Value::Missing, Value::str),
            EvtField::Cpu => self.cpu().map_or(Value::Missing, Value::Int),
            EvtField::Args | EvtField::Info => Value::owned(self.args()),
            EvtField::Arg => self.arg(arg),
            EvtField::Res => match self.result() {
                None => Value::Missing,
                Some(0..) => Value::str("SUCCESS"),
                Some(error) => match error.checked_neg().and_then(errno_name) {
                    Some(name) => Value::str(name),
                    None => Value::owned(error.to_string()),
                },
            },
            EvtField::RawRes => self.result().map_or(Value::Missing, Value::Int),
            EvtField::Failed => Value::Bool(self.result().is_some_and(|result| result < 0)),
            EvtField::Buffer => self.buffer(),
            EvtField::Buflen => match (self.io(), self.result()) {
                (Some(_), Some(moved @ 0..)) => Value::Int(moved),
                _ => Value::Missing,
            },
            EvtField::IsIo => Value::Bool(self.io().is_some()),
            EvtField::IsIoRead => Value::Bool(self.io() == Some("read")),
            EvtField::IsIoWrite => Value::Bool(self.io() == Some("write")),
            EvtField::IoDir => self.io().map_or(Value::Missing, Value::str),
            EvtField::Hostname => super::unless_empty(self.context().header().host.hostname.as_bytes()),
            EvtField::Count => Value::Uint(1),
            EvtField::IsOpenRead => Value::Bool(self.open_flags().is_some_and(|flags| flags & O_ACCMODE != O_WRONLY)),
            EvtField::IsOpenWrite => Value::Bool(self.open_flags().is_some_and(|flags| flags & O_ACCMODE != 0)),
            EvtField::IsOpenCreate => Value::Bool(
                self.open_flags().is_some_and(|flags| flags & O_CREAT != 0)
                    && self.result().is_some_and(|result| result >= 0),
            ),
            EvtField::Changed => Value::Bool(self.flags().has(EventFlags::CHANGED)),
            EvtField::Unverified => Value::Bool(self.flags().has(EventFlags::UNVERIFIED)),
            EvtField::Abspath => self.abspath(),
        }
    }

    /// Nanoseconds that the call took.
    fn latency(&self) -> Option<i64> {
        i64::try_from(self.event.duration()?).ok()
    }

    /// `read` or `write`. Sending and receiving belong to the category of networks, and move data like the others.
    fn io(&self) -> Option<&'static str> {
        let kind = self.kind()?;
        let has_payload = || kind.params.iter().any(|param| param.ty == ParamType::Bytes);
        match kind.category {
            Category::IoRead => Some("read"),
            Category::IoWrite => Some("write"),
            Category::Net if kind.name.starts_with("recv") && has_payload() => Some("read"),
            Category::Net if kind.name.starts_with("send") && has_payload() => Some("write"),
            _ => None,
        }
    }

    /// What moves data belongs to the category of what it moves the data to or from.
    fn category(&self) -> Option<&'static str> {
        let category = self.kind()?.category;
        if !matches!(category, Category::IoRead | Category::IoWrite | Category::IoOther) {
            return Some(category.name());
        }
        Some(match self.descriptor().map(|descriptor| descriptor.ty) {
            Some(DescriptorType::File | DescriptorType::Directory) => "file",
            Some(DescriptorType::Ipv4 | DescriptorType::Ipv6) => "net",
            Some(
                DescriptorType::Pipe
                | DescriptorType::Unix
                | DescriptorType::Event
                | DescriptorType::Signalfd
                | DescriptorType::Inotify
                | DescriptorType::Userfaultfd,
            ) => "ipc",
            _ => "unknown",
        })
    }

    /// The first payload among the arguments.
    fn buffer(&self) -> Value<'s> {
        let payload = self
            .kind()
            .and_then(|kind| kind.params.iter().position(|param| param.ty == ParamType::Bytes));
        match payload.map(|at| self.raw_arg(at)) {
            Some(model::Value::Bytes(bytes)) => Value::str(bytes),
            _ => Value::Missing,
        }
    }

    /// The flags of an open.
    fn open_flags(&self) -> Option<i64> {
        // Where a call begins, nothing is open yet.
        if self.flags().has(EventFlags::ENTER) {
            return None;
        }
        let kind = self.kind()?;
        if kind.name == "creat" {
            return Some(O_WRONLY | O_CREAT | O_TRUNC);
        }
        let at = kind.params.iter().position(|param| param.ty == ParamType::OpenFlags)?;
        match self.raw_arg(at) {
            // dup3 and pipe2 take O_CLOEXEC, and open nothing.
            model::Value::Int(flags) if kind.params.iter().any(|param| param.ty == ParamType::Path) => Some(flags),
            _ => None,
        }
    }
}
