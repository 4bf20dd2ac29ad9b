//! `evt`.

use super::args::tells_number;
use super::{Fields, Observed};
use crate::eval::Value;
use crate::fields::{EvtField, FdlistField, FieldArg, SyslogField};
use crate::output::time;
use afterimage_format::constants::errno_name;
use afterimage_format::model::{self, Category, DescriptorType, EventFlags, ParamType};

const O_ACCMODE: i64 = 3;
const O_WRONLY: i64 = 1;
const O_CREAT: i64 = 0o100;
const O_TRUNC: i64 = 0o1000;
const O_TMPFILE: i64 = 0o20000000;

/// Facilities and severities of RFC 5424, with the names that syslog(3) has for them.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "clock", "authpriv", "ftp", "ntp",
    "logaudit", "logalert", "cron", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];
const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"];

/// A time without its fraction.
fn whole_seconds(text: &str) -> Value<'static> {
    Value::owned(text.split('.').next().unwrap_or_default())
}

impl<'s, E: Observed<'s>> Fields<'s, E> {
    pub(super) fn evt(&self, field: EvtField, arg: &FieldArg) -> Value<'s> {
        // Asked for only where it is needed: it takes the order of all rows.
        let at = || self.time();
        let zone = self.context().zone();
        match field {
            EvtField::Num => Value::Uint(self.num()),
            EvtField::Time | EvtField::RawTime => Value::Int(at()),
            EvtField::TimeS => whole_seconds(&time::clock(at(), zone)),
            EvtField::TimeIso8601 => Value::owned(time::iso8601(at())),
            EvtField::DateTime => Value::owned(time::date_time(at(), zone)),
            EvtField::DateTimeS => whole_seconds(&time::date_time(at(), zone)),
            EvtField::OutputTime => Value::owned(time::clock(at(), zone)),
            EvtField::RawTimeS => Value::Int(at().div_euclid(time::SECOND)),
            EvtField::RawTimeNs => Value::Int(at().rem_euclid(time::SECOND)),
            EvtField::RelTime => Value::Int(at().saturating_sub(self.context().first())),
            EvtField::RelTimeS => Value::Int(at().saturating_sub(self.context().first()) / time::SECOND),
            EvtField::RelTimeNs => Value::Int(at().saturating_sub(self.context().first()) % time::SECOND),
            EvtField::DeltaTime => Value::Int(self.delta()),
            EvtField::DeltaTimeS => Value::Int(self.delta() / time::SECOND),
            EvtField::DeltaTimeNs => Value::Int(self.delta() % time::SECOND),
            EvtField::Around => match arg {
                FieldArg::Name(around) => around.parse::<i64>().map_or(Value::Missing, |around| {
                    Value::Uint(at().abs_diff(around) / time::MILLISECOND.unsigned_abs())
                }),
                _ => Value::Missing,
            },
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
            EvtField::TypeIs => match (self.kind(), arg) {
                (Some(kind), FieldArg::Name(name)) => Value::Uint(u64::from(kind.name == *name)),
                _ => Value::Missing,
            },
            EvtField::Category => self.category().map_or(Value::Missing, Value::str),
            EvtField::Cpu => self.cpu().map_or(Value::Missing, Value::Int),
            EvtField::Args | EvtField::Info => Value::owned(self.args()),
            EvtField::Arg => self.arg(arg),
            EvtField::RawArg => self.raw_number(arg),
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
            EvtField::IsWait => Value::Bool(self.waits()),
            EvtField::WaitLatency => match self.latency().filter(|_| self.waits()) {
                Some(latency) => Value::Int(latency),
                None => Value::Missing,
            },
            EvtField::IsSyslog => Value::Bool(self.is_syslog()),
            EvtField::Hostname => super::unless_empty(self.context().header().host.hostname.as_bytes()),
            EvtField::Count => Value::Uint(1),
            EvtField::CountError => self.counts_error(|_| true),
            EvtField::CountErrorFile => self.counts_error(|category| category == "file"),
            EvtField::CountErrorNet => self.counts_error(|category| category == "net"),
            EvtField::CountErrorMemory => self.counts_error(|category| category == "memory"),
            EvtField::CountErrorOther => self.counts_error(|category| !matches!(category, "file" | "net" | "memory")),
            EvtField::CountExit if self.flags().has(EventFlags::ENTER) => Value::Missing,
            EvtField::CountExit => Value::Uint(1),
            EvtField::IsOpenExec => Value::Bool(self.is_open_exec()),
            EvtField::Source => match self.kind() {
                Some(kind) if kind.name == super::audit::KIND => Value::str(super::audit::KIND),
                _ => Value::str("syscall"),
            },
            EvtField::IsAsync => Value::Bool(false),
            EvtField::AsyncType | EvtField::PluginName | EvtField::PluginInfo => Value::Missing,
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

    /// Nanoseconds since the event before it; 0 for the first.
    fn delta(&self) -> i64 {
        self.event
            .before()
            .map_or(0, |before| self.time().saturating_sub(before).max(0))
    }

    /// The number of an argument; `res` is the result where no parameter has the name.
    fn raw_number(&self, arg: &FieldArg) -> Value<'s> {
        let at = match (self.kind(), arg) {
            (Some(kind), FieldArg::Name(name)) => kind.param(name),
            (Some(_), FieldArg::Index(at)) => usize::try_from(*at).ok(),
            _ => None,
        };
        match (at.map(|at| self.raw_arg(at)), arg) {
            (Some(model::Value::Int(number)), _) => Value::Int(number),
            (None, FieldArg::Name(name)) if name == "res" && !self.kind().is_some_and(tells_number) => {
                self.result().map_or(Value::Missing, Value::Int)
            }
            _ => Value::Missing,
        }
    }

    fn waits(&self) -> bool {
        self.kind().is_some_and(|kind| {
            // Imported calls that are known by their number alone say nothing of waiting.
            matches!(kind.category, Category::Wait | Category::Sleep) && kind.param("ID").is_none()
        })
    }

    /// What is written to the log goes through a socket with this name (sd-daemon, syslog(3)).
    fn is_syslog(&self) -> bool {
        self.io() == Some("write")
            && self.descriptor().is_some_and(|descriptor| {
                descriptor.ty == DescriptorType::Unix
                    && [b"/dev/log".as_slice(), b"/run/systemd/journal/dev-log"]
                        .iter()
                        .any(|path| descriptor.name.ends_with(path))
            })
    }

    /// The message to the system log: what stands behind the priority, and the priority.
    pub(super) fn syslog(&self, field: SyslogField) -> Value<'s> {
        let Value::Str(data) = self.buffer() else {
            return Value::Missing;
        };
        if !self.is_syslog() {
            return Value::Missing;
        }
        let parsed = data.strip_prefix(b"<").and_then(|rest| {
            let end = rest.iter().take(4).position(|byte| *byte == b'>')?;
            let priority: u64 = std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
            Some((priority, &rest[end + 1..]))
        });
        let Some((priority, message)) = parsed.filter(|(priority, _)| *priority < 192) else {
            return Value::Missing;
        };
        let (facility, severity) = (priority / 8, priority % 8);
        let name = |names: &'static [&'static str], at: u64| names.get(at as usize).map_or(Value::Missing, Value::str);
        match field {
            SyslogField::Facility => Value::Uint(facility),
            SyslogField::FacilityName => name(&FACILITIES, facility),
            SyslogField::Severity => Value::Uint(severity),
            SyslogField::SeverityName => name(&SEVERITIES, severity),
            SyslogField::Message => Value::owned(message),
        }
    }

    /// The descriptors that a call waits for, as far as a trace has them.
    pub(super) fn fdlist(&self, field: FdlistField) -> Value<'s> {
        let polled = self.kind().and_then(|kind| {
            let is_polled = |param: &model::Param| param.ty == ParamType::PollFds || param.name == "fds";
            Some((kind, kind.params.iter().position(is_polled)?))
        });
        let fds = polled.map(|(kind, at)| (kind.params[at].ty, self.raw_arg(at)));
        match (field, fds) {
            (_, Some((_, model::Value::Bytes(b"")))) => Value::Missing,
            (FdlistField::Nums, Some((ParamType::PollFds, model::Value::Bytes(fds)))) => {
                // `struct pollfd`: the number, and what is waited for.
                let number = |fd: &[u8]| i32::from_le_bytes([fd[0], fd[1], fd[2], fd[3]]).to_string();
                let numbers: Vec<String> = fds.chunks_exact(8).map(number).collect();
                Value::owned(numbers.join(","))
            }
            // Imported: `4:POLLIN 5:POLLOUT`.
            (FdlistField::Nums, Some((_, model::Value::Bytes(fds)))) => {
                let fds = fds.split(|byte| *byte == b' ');
                let numbers = fds.filter_map(|fd| fd.split(|byte| *byte == b':').next());
                Value::owned(numbers.collect::<Vec<_>>().join(b",".as_slice()))
            }
            _ => Value::Missing,
        }
    }

    /// 1 for events that failed on what fits. As elsewhere in the field, only opening counts as working on files.
    fn counts_error(&self, fits: impl Fn(&str) -> bool) -> Value<'s> {
        if self.result().is_none_or(|result| result >= 0) {
            return Value::Missing;
        }
        let on = match self.kind() {
            Some(kind) if matches!(kind.name.as_str(), "open" | "openat" | "openat2" | "creat") => "file",
            Some(kind) if kind.category == Category::Net => "net",
            Some(kind) if kind.name.starts_with("recv") || kind.name.starts_with("send") => "net",
            Some(kind) if kind.category == Category::Memory => "memory",
            _ => "other",
        };
        if fits(on) { Value::Uint(1) } else { Value::Missing }
    }

    fn is_open_exec(&self) -> bool {
        let made = self
            .open_flags()
            .is_some_and(|flags| flags & (O_CREAT | O_TMPFILE) != 0);
        let mode = self
            .kind()
            .and_then(|kind| kind.params.iter().position(|param| param.ty == ParamType::Mode));
        let mode = mode.map(|at| self.raw_arg(at));
        made && self.result().is_some_and(|result| result >= 0)
            && matches!(mode, Some(model::Value::Int(mode)) if mode & 0o111 != 0)
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
