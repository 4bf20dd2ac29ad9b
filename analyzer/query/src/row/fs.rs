//! `fs`, and paths in arguments made absolute.

use super::{Fields, Observed, unless_empty};
use crate::eval::Value;
use crate::fields::FsField;
use afterimage_format::model::{self, Category, Kind, ParamType};

/// What a relative path is relative to when it is not a directory given by descriptor.
const AT_FDCWD: i64 = -100;

impl<'s, E: Observed<'s>> Fields<'s, E> {
    pub(super) fn fs(&self, field: FsField) -> Value<'s> {
        let Some(kind) = self.file_kind() else {
            return Value::Missing;
        };
        if self.result().is_some_and(|result| result < 0) {
            return Value::Missing;
        }
        let is_raw = matches!(
            field,
            FsField::PathNameRaw | FsField::PathSourceRaw | FsField::PathTargetRaw
        );
        let at = match (two_paths(kind), field) {
            (None, FsField::PathName | FsField::PathNameRaw) => match first_path(kind) {
                Some(at) => Some(at),
                None if kind.name == "fchmod" || kind.name == "fchown" => {
                    return self
                        .descriptor()
                        .map_or(Value::Missing, |descriptor| unless_empty(&descriptor.name));
                }
                None => None,
            },
            (Some((source, _)), FsField::PathSource | FsField::PathSourceRaw) => Some(source),
            (Some((_, target)), FsField::PathTarget | FsField::PathTargetRaw) => Some(target),
            _ => None,
        };
        match at {
            // What a symbolic link leads to and what is mounted are text: they need not be paths.
            Some(at) if is_raw => self.path_as_given(at),
            Some(at) if kind.params[at].ty != ParamType::Path || kind.params[at].name == "target" => {
                self.path_as_given(at)
            }
            Some(at) => self.absolute(kind, at),
            None => Value::Missing,
        }
    }

    /// The first path among the arguments, made absolute.
    pub(super) fn abspath(&self) -> Value<'s> {
        let Some(kind) = self.file_kind() else {
            return Value::Missing;
        };
        first_path(kind).map_or(Value::Missing, |at| self.absolute(kind, at))
    }

    /// The first path among the arguments, as the caller gave it.
    pub(super) fn path_given(&self) -> Option<Value<'s>> {
        let at = first_path(self.file_kind()?)?;
        Some(self.path_as_given(at)).filter(|path| *path != Value::Missing)
    }

    /// The kind, if it works on files by name. Others tell paths, too: an execve where it happened.
    fn file_kind(&self) -> Option<&'s Kind> {
        self.kind().filter(|kind| kind.category == Category::File)
    }

    fn path_as_given(&self, at: usize) -> Value<'s> {
        match self.raw_arg(at) {
            model::Value::Bytes(path) => Value::str(path),
            _ => Value::Missing,
        }
    }

    fn absolute(&self, kind: &Kind, at: usize) -> Value<'s> {
        let model::Value::Bytes(path) = self.raw_arg(at) else {
            return Value::Missing;
        };
        let relative_to_cwd = match at
            .checked_sub(1)
            .filter(|&before| kind.params[before].ty == ParamType::DirFd)
        {
            Some(before) => matches!(self.raw_arg(before), model::Value::Int(fd) if fd as i32 == AT_FDCWD as i32),
            None => true,
        };
        match self.thread() {
            _ if path.starts_with(b"/") => Value::owned(normalised(path)),
            Some(thread) if relative_to_cwd && !path.is_empty() && !thread.cwd.is_empty() => {
                Value::owned(normalised(&[&thread.cwd, b"/".as_slice(), path].concat()))
            }
            _ => Value::Missing,
        }
    }
}

fn first_path(kind: &Kind) -> Option<usize> {
    kind.params.iter().position(|param| param.ty == ParamType::Path)
}

/// The parameters that are source and target, for kinds with two paths. A link is the source, what it leads to the
/// target: as elsewhere in the field.
fn two_paths(kind: &Kind) -> Option<(usize, usize)> {
    [("linkpath", "target"), ("oldpath", "newpath"), ("dev", "dir")]
        .into_iter()
        .find_map(|(source, target)| {
            let pair = (kind.param(source)?, kind.param(target)?);
            Some(if kind.name.starts_with("link") {
                (pair.1, pair.0)
            } else {
                pair
            })
        })
}

/// The path without empty parts, `.` and `..`.
pub(crate) fn normalised(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let mut out = Vec::with_capacity(path.len() + 1);
    for part in parts {
        out.push(b'/');
        out.extend_from_slice(part);
    }
    if out.is_empty() {
        out.push(b'/');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::normalised;

    #[test]
    fn paths_are_made_plain() {
        for (path, expected) in [
            ("/", "/"),
            ("/a//b/./c/", "/a/b/c"),
            ("/a/../../b", "/b"),
            ("/..", "/"),
            ("/tmp/x", "/tmp/x"),
        ] {
            assert_eq!(normalised(path.as_bytes()), expected.as_bytes());
        }
    }
}
