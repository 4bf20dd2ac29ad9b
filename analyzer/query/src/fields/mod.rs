//! Every field, defined once: its name, type, argument, meaning and an example.
//!
//! Each class of fields is a file with an enum and its table. A [`FieldId`] is what the rest of the
//! crate works with; [`FieldDef`] is what a person may want to know.

mod capture;
mod container;
mod define;
mod evt;
mod fd;
mod fs;
mod k8s;
mod ka;
mod proc;
mod syslog;
mod thread;
mod user;

pub use capture::CaptureField;
pub use container::ContainerField;
pub use evt::{EvtField, SyscallField};
pub use fd::FdField;
pub use fs::FsField;
pub use k8s::K8sField;
pub use ka::{JevtField, KaField};
pub use proc::ProcField;
pub use syslog::{FdlistField, SyslogField};
pub use thread::ThreadField;
pub use user::{GroupField, UserField};

use crate::nearest::nearest;
use std::fmt;

/// A field, by class and name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldId {
    /// The event.
    Evt(EvtField),
    /// The system call.
    Syscall(SyscallField),
    /// The process.
    Proc(ProcField),
    /// The thread.
    Thread(ThreadField),
    /// The user.
    User(UserField),
    /// The group.
    Group(GroupField),
    /// The descriptor.
    Fd(FdField),
    /// The paths.
    Fs(FsField),
    /// The message to the system log.
    Syslog(SyslogField),
    /// The descriptors that are waited for.
    Fdlist(FdlistField),
    /// The container.
    Container(ContainerField),
    /// The pod.
    K8s(K8sField),
    /// The entry of an audit log.
    Ka(KaField),
    /// The same as JSON.
    Jevt(JevtField),
    /// The capture.
    Capture(CaptureField),
}

impl FieldId {
    /// The definition of the field.
    pub fn def(self) -> &'static FieldDef {
        match self {
            FieldId::Evt(field) => field.def(),
            FieldId::Syscall(field) => field.def(),
            FieldId::Proc(field) => field.def(),
            FieldId::Thread(field) => field.def(),
            FieldId::User(field) => field.def(),
            FieldId::Group(field) => field.def(),
            FieldId::Fd(field) => field.def(),
            FieldId::Fs(field) => field.def(),
            FieldId::Syslog(field) => field.def(),
            FieldId::Fdlist(field) => field.def(),
            FieldId::Container(field) => field.def(),
            FieldId::K8s(field) => field.def(),
            FieldId::Ka(field) => field.def(),
            FieldId::Jevt(field) => field.def(),
            FieldId::Capture(field) => field.def(),
        }
    }

    /// The name without an argument, such as `proc.name`.
    pub fn name(self) -> &'static str {
        self.def().name
    }
}

/// All that is to know about a field.
#[derive(Debug)]
pub struct FieldDef {
    /// The field.
    pub id: FieldId,
    /// Its name without an argument, such as `proc.name`.
    pub name: &'static str,
    /// What its values are.
    pub ty: FieldType,
    /// Whether it takes an argument.
    pub arg: ArgRule,
    /// Whether an event can have several values of it at once.
    pub many: Many,
    /// What it means, one sentence or two.
    pub description: &'static str,
    /// A filter with it.
    pub example: &'static str,
}

/// What the values of a field are. It decides which operators and which right-hand sides fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// A whole number that may be negative.
    Int,
    /// A whole number from 0 on; a size in bytes may be written `1MiB`.
    Uint,
    /// `true` or `false`.
    Bool,
    /// A string of any bytes but NUL.
    Str,
    /// Raw bytes.
    Bytes,
    /// An address; compares with addresses and with networks.
    Ip,
    /// A length of time in nanoseconds; may be written `10ms`.
    Duration,
    /// A point in time in nanoseconds since 1970; may be written `2026-11-21 10:00:00`.
    Time,
}

impl FieldType {
    /// The name for a person.
    pub fn name(self) -> &'static str {
        match self {
            FieldType::Int => "signed number",
            FieldType::Uint => "number",
            FieldType::Bool => "boolean",
            FieldType::Str => "string",
            FieldType::Bytes => "bytes",
            FieldType::Ip => "address",
            FieldType::Duration => "duration",
            FieldType::Time => "time",
        }
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The argument of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgRule {
    /// It takes none.
    None,
    /// `[n]` may follow, n from 0 on.
    MayIndex,
    /// `[key]` must follow.
    Key,
    /// `[key]` may follow.
    MayKey,
    /// `.name` or `[n]` must follow.
    NameOrIndex,
}

/// What it means that an event has several values of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Many {
    /// It has one at most.
    No,
    /// Both ends of a connection: `!=` holds when neither end is equal, every other operator when it holds for one.
    Sides,
    /// All ancestors, when no argument picks one: an operator, `!=` too, holds when it holds for one of them.
    Ancestors,
    /// The elements of a list: `in` holds when it holds for all, every other operator when it holds for one.
    Elements,
}

/// The argument as written in a filter or format.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum FieldArg {
    /// None.
    #[default]
    None,
    /// `[2]`
    Index(u32),
    /// `.path` or `[key]`
    Name(String),
}

/// A class of fields, such as `proc`.
pub struct Class {
    /// What its fields begin with.
    pub name: &'static str,
    /// What its fields tell about.
    pub description: &'static str,
    /// Its fields, in the order they are shown.
    pub fields: &'static [FieldDef],
}

/// Every class, in the order they are shown.
pub static CLASSES: [Class; 15] = [
    EvtField::CLASS,
    SyscallField::CLASS,
    ProcField::CLASS,
    ThreadField::CLASS,
    UserField::CLASS,
    GroupField::CLASS,
    FdField::CLASS,
    FsField::CLASS,
    SyslogField::CLASS,
    FdlistField::CLASS,
    ContainerField::CLASS,
    K8sField::CLASS,
    KaField::CLASS,
    JevtField::CLASS,
    CaptureField::CLASS,
];

/// Every field, in the order of [`CLASSES`].
pub fn all() -> impl Iterator<Item = &'static FieldDef> {
    CLASSES.iter().flat_map(|class| class.fields)
}

/// The field of that name, and the argument that is part of the name, as `path` in `evt.arg.path`.
pub fn lookup(name: &str) -> Option<(&'static FieldDef, Option<&str>)> {
    if let Some(def) = all().find(|def| def.name == name) {
        return Some((def, None));
    }
    all().filter(|def| def.arg == ArgRule::NameOrIndex).find_map(|def| {
        let arg = name.strip_prefix(def.name)?.strip_prefix('.')?;
        Some((def, Some(arg)))
    })
}

/// The field whose name is nearest to one that does not exist.
pub fn suggest(name: &str) -> Option<&'static str> {
    nearest(name, all().map(|def| def.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_begin_with_their_class() {
        let mut seen = HashSet::new();
        for class in &CLASSES {
            for def in class.fields {
                assert!(seen.insert(def.name), "{} is defined twice", def.name);
                assert!(
                    def.name.starts_with(&format!("{}.", class.name)),
                    "{} in class {}",
                    def.name,
                    class.name
                );
                assert_eq!(def.id.name(), def.name, "is not found by its id");
            }
        }
    }

    #[test]
    fn examples_are_filters_with_the_field() {
        for def in all() {
            let filter = crate::Filter::compile(def.example, &crate::Settings::default());
            assert!(
                filter.is_ok(),
                "{}: {}",
                def.name,
                filter.unwrap_err().render(def.example)
            );
            assert!(def.example.contains(def.name), "{}: {}", def.name, def.example);
        }
    }

    #[test]
    fn lookup_finds_names_with_and_without_arguments() {
        assert_eq!(
            lookup("proc.name").map(|(def, arg)| (def.name, arg)),
            Some(("proc.name", None))
        );
        assert_eq!(
            lookup("evt.args").map(|(def, arg)| (def.name, arg)),
            Some(("evt.args", None))
        );
        assert_eq!(
            lookup("evt.arg.path").map(|(def, arg)| (def.name, arg)),
            Some(("evt.arg", Some("path")))
        );
        assert!(lookup("proc.name.x").is_none());
        assert!(lookup("evt.argx").is_none());
    }
}
