//! What of a row the value of a field depends on. A test of values that depend on one thing alone is answered once for each
//! thread, descriptor, string or number there is, not for each row. `analyzer/query/tests/select.rs` compares both.

use crate::eval::{Apply, Matcher, Source, Test};
use crate::fields::{ContainerField, EvtField, FdField, FieldArg, FieldId, ProcField, SyscallField};
use afterimage_format::model::{Category, Kind, Param, ParamType};

/// What a value depends on beside the kind of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Domain {
    /// Nothing.
    Kind,
    /// The thread version.
    Thread,
    /// The descriptor, or that there is none.
    Descriptor,
    /// The result, or that there is none.
    Result,
    /// How long the call took.
    Duration,
    /// The flags.
    Flags,
    /// This parameter.
    Arg(usize),
    /// This parameter, which is shown with the name of the descriptor.
    Described(usize),
    /// The CPU.
    Cpu,
    /// Several of these, or more.
    Row,
}

impl Domain {
    fn and(self, other: Domain) -> Domain {
        match (self, other) {
            (Domain::Kind, other) => other,
            (one, Domain::Kind) => one,
            (one, other) if one == other => one,
            _ => Domain::Row,
        }
    }
}

/// What the outcome of a test depends on in rows of this kind.
pub(crate) fn of_test(test: &Test, kind: &Kind) -> Domain {
    let left = of_source(&test.source, kind);
    match &test.matcher {
        Matcher::Against { right, .. } => left.and(of_source(right, kind)),
        _ => left,
    }
}

fn of_source(source: &Source, kind: &Kind) -> Domain {
    let all = |sources: &[Source]| {
        sources
            .iter()
            .fold(Domain::Kind, |domain, source| domain.and(of_source(source, kind)))
    };
    match source {
        Source::Field { def, arg } => of_field(def.id, arg, kind),
        Source::Text(_) => Domain::Kind,
        Source::List(items) => all(items),
        Source::Apply(apply) => match &**apply {
            Apply::ToLower(inner)
            | Apply::ToUpper(inner)
            | Apply::Base64(inner)
            | Apply::Basename(inner)
            | Apply::Len(inner) => of_source(inner, kind),
            Apply::Join { separator, values } => of_source(separator, kind).and(of_source(values, kind)),
            Apply::Concat(parts) => all(parts),
            Apply::Getopt { args, options, .. } => of_source(args, kind).and(of_source(options, kind)),
        },
    }
}

/// What the value of a field depends on in rows of this kind. What is not sure is [`Domain::Row`].
pub(crate) fn of_field(field: FieldId, arg: &FieldArg, kind: &Kind) -> Domain {
    match field {
        FieldId::Evt(field) => of_evt(field, arg, kind),
        FieldId::Syscall(SyscallField::Type) | FieldId::Capture(_) => Domain::Kind,
        FieldId::Proc(ProcField::Duration | ProcField::PpidDuration) => Domain::Row,
        FieldId::Proc(_) | FieldId::User(_) | FieldId::Group(_) | FieldId::K8s(_) => Domain::Thread,
        FieldId::Thread(_) => Domain::Thread,
        FieldId::Container(ContainerField::Duration) => Domain::Row,
        FieldId::Container(_) => Domain::Thread,
        // The number stands behind the arguments, and says whether the descriptor is the event's.
        FieldId::Fd(_) if kind.params.last().is_some_and(Param::is_number_of_descriptor) => Domain::Row,
        FieldId::Fd(FdField::Num) => match kind.params.iter().position(|param| param.ty == ParamType::Fd) {
            Some(at) => Domain::Arg(at),
            None => Domain::Row,
        },
        FieldId::Fd(
            FdField::NameRaw
            | FdField::Uid
            | FdField::ContainerName
            | FdField::ContainerDirectory
            | FdField::NameChanged,
        ) => Domain::Row,
        FieldId::Fd(_) => Domain::Descriptor,
        FieldId::Ka(_) | FieldId::Jevt(_) if kind.syscall.is_some() => Domain::Kind,
        FieldId::Fs(_) | FieldId::Syslog(_) | FieldId::Fdlist(_) | FieldId::Ka(_) | FieldId::Jevt(_) => Domain::Row,
    }
}

fn of_evt(field: EvtField, arg: &FieldArg, kind: &Kind) -> Domain {
    use EvtField as F;
    let first = |ty: ParamType| kind.params.iter().position(|param| param.ty == ty);
    match field {
        F::Type | F::TypeIs | F::IsWait | F::Source | F::IsAsync | F::AsyncType | F::PluginName | F::PluginInfo => {
            Domain::Kind
        }
        F::Cpu => Domain::Cpu,
        F::IsIo | F::IsIoRead | F::IsIoWrite | F::IoDir | F::Hostname | F::Count => Domain::Kind,
        F::Category if !matches!(kind.category, Category::IoRead | Category::IoWrite | Category::IoOther) => {
            Domain::Kind
        }
        F::Category => Domain::Descriptor,
        F::CountExit | F::Dir | F::Changed | F::Unverified => Domain::Flags,
        F::Res | F::RawRes | F::Failed | F::Buflen => Domain::Result,
        F::WaitLatency | F::Latency | F::LatencyS | F::LatencyNs | F::LatencyHuman => Domain::Duration,
        F::Arg => match arg {
            FieldArg::Name(name) => match kind.param(name) {
                Some(at) => of_arg(kind, at),
                None if name == "res" => Domain::Result,
                None => Domain::Kind,
            },
            FieldArg::Index(at) => of_arg(kind, *at as usize),
            FieldArg::None => Domain::Kind,
        },
        F::Buffer => first(ParamType::Bytes).map_or(Domain::Kind, Domain::Arg),
        // Where a call begins, nothing is open yet: flags and parameter decide.
        F::IsOpenRead | F::IsOpenWrite if first(ParamType::OpenFlags).is_none() && kind.name != "creat" => Domain::Kind,
        F::IsOpenRead | F::IsOpenWrite => Domain::Row,
        F::Num
        | F::RawArg
        | F::IsSyslog
        | F::CountError
        | F::CountErrorFile
        | F::CountErrorNet
        | F::CountErrorMemory
        | F::CountErrorOther
        | F::IsOpenExec
        | F::Around
        | F::DeltaTime
        | F::DeltaTimeS
        | F::DeltaTimeNs
        | F::RelTimeS
        | F::RelTimeNs
        | F::TimeS
        | F::DateTimeS
        | F::Time
        | F::RawTime
        | F::TimeIso8601
        | F::DateTime
        | F::OutputTime
        | F::RawTimeS
        | F::RawTimeNs
        | F::RelTime
        | F::Args
        | F::Info
        | F::IsOpenCreate
        | F::Abspath => Domain::Row,
    }
}

/// Whether the same thread or descriptor gives the same value of this field in rows of every kind.
pub(crate) fn is_same_for_all_kinds(field: FieldId) -> bool {
    match field {
        FieldId::Evt(_)
        | FieldId::Syscall(_)
        | FieldId::Fs(_)
        | FieldId::Syslog(_)
        | FieldId::Fdlist(_)
        | FieldId::Ka(_)
        | FieldId::Jevt(_)
        | FieldId::Fd(
            FdField::Num
            | FdField::NameRaw
            | FdField::Uid
            | FdField::ContainerName
            | FdField::ContainerDirectory
            | FdField::NameChanged,
        ) => false,
        FieldId::Proc(_)
        | FieldId::Thread(_)
        | FieldId::User(_)
        | FieldId::Group(_)
        | FieldId::Fd(_)
        | FieldId::Container(_)
        | FieldId::K8s(_)
        | FieldId::Capture(_) => true,
    }
}

/// Whether the same thread or descriptor gives the same answer in rows of every kind.
pub(crate) fn asks_the_same_of_all_kinds(test: &Test) -> bool {
    fn of(source: &Source) -> bool {
        match source {
            Source::Field { def, .. } => is_same_for_all_kinds(def.id),
            Source::Text(_) => true,
            Source::List(items) => items.iter().all(of),
            Source::Apply(apply) => match &**apply {
                Apply::ToLower(inner)
                | Apply::ToUpper(inner)
                | Apply::Base64(inner)
                | Apply::Basename(inner)
                | Apply::Len(inner) => of(inner),
                Apply::Join { separator, values } => of(separator) && of(values),
                Apply::Concat(parts) => parts.iter().all(of),
                Apply::Getopt { args, options, .. } => of(args) && of(options),
            },
        }
    }
    of(&test.source)
        && match &test.matcher {
            Matcher::Against { right, .. } => of(right),
            _ => true,
        }
}

fn of_arg(kind: &Kind, at: usize) -> Domain {
    match kind.params.get(at) {
        None => Domain::Kind,
        // The first is that of the row's descriptor, whose name is shown with it.
        Some(param) if param.ty == ParamType::Fd => {
            match kind.params.iter().position(|param| param.ty == ParamType::Fd) {
                Some(first) if first == at => Domain::Described(at),
                _ => Domain::Arg(at),
            }
        }
        // The container decides the name of an account.
        Some(param) if matches!(param.ty, ParamType::Uid | ParamType::Gid) => Domain::Row,
        Some(_) => Domain::Arg(at),
    }
}
