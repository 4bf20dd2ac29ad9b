//! Filters on rows made by hand.

use super::{Row, Value};
use crate::fields::{FieldArg, FieldId};
use crate::{Filter, Settings};

/// Fields by name, with the argument as written.
struct Given(&'static [(&'static str, Value<'static>)]);

impl Row for Given {
    fn value(&self, field: FieldId, arg: &FieldArg) -> Value<'_> {
        let name = match arg {
            FieldArg::None => field.name().to_string(),
            FieldArg::Index(index) => format!("{}[{index}]", field.name()),
            FieldArg::Name(name) => format!("{}[{name}]", field.name()),
        };
        self.0
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(Value::Missing, |(_, value)| value.clone())
    }
}

fn text(text: &'static str) -> Value<'static> {
    Value::str(text)
}

fn ip(text: &str) -> Value<'static> {
    Value::Ip(text.parse().expect("an address"))
}

#[track_caller]
fn check(row: &[(&'static str, Value<'static>)], cases: &[(&str, bool)]) {
    let row = Given(row.to_vec().leak());
    for (filter, expected) in cases {
        let compiled = Filter::compile(filter, &Settings::default());
        let compiled = compiled.unwrap_or_else(|error| panic!("{}", error.render(filter)));
        assert_eq!(compiled.matches(&row), *expected, "{filter}");
    }
}

#[test]
fn a_missing_value_passes_nothing() {
    check(
        &[],
        &[
            ("proc.name exists", false),
            ("proc.name = a", false),
            ("proc.name != a", false),
            ("not proc.name = a", true),
            ("fd.ip != 10.0.0.1", false),
            ("proc.pid >= 0", false),
            ("concat(proc.name, 'x') = x", false),
            ("proc.name = val(proc.pname)", false),
        ],
    );
}

#[test]
fn both_ends_of_a_connection() {
    let row = [
        ("fd.ip", Value::List(vec![ip("10.0.0.1"), ip("::ffff:192.168.0.7")])),
        ("fd.net", Value::List(vec![ip("10.0.0.1"), ip("192.168.0.7")])),
        ("fd.port", Value::List(vec![Value::Uint(40000), Value::Uint(443)])),
        ("fd.rip", ip("10.0.0.1")),
    ];
    check(
        &row,
        &[
            ("fd.ip = 10.0.0.1", true),
            ("fd.ip = 192.168.0.7", true),
            ("fd.ip = 10.0.0.2", false),
            ("fd.ip != 10.0.0.1", false),
            ("fd.ip != 10.0.0.2", true),
            ("fd.ip in (10.0.0.2, 10.0.0.1)", true),
            ("fd.net = 192.168.0.0/16", true),
            ("fd.net != 192.168.0.0/16", false),
            ("fd.rip = 10.0.0.0/8", true),
            ("fd.rip != 10.0.0.0/8", false),
            ("fd.port = 443", true),
            ("fd.port != 443", false),
            ("fd.port != 80", true),
            ("fd.port < 1024", true),
            ("fd.ip = val(fd.rip)", true),
            ("fd.ip exists", true),
        ],
    );
}

#[test]
fn ancestors() {
    let row = [
        ("proc.aname", Value::List(vec![text("sh"), text("httpd")])),
        ("proc.aname[1]", text("sh")),
        ("proc.aname[2]", text("httpd")),
    ];
    check(
        &row,
        &[
            ("proc.aname = httpd", true),
            ("proc.aname in (sshd, sh)", true),
            ("proc.aname = sshd", false),
            ("proc.aname != httpd", true),
            ("proc.aname[2] = httpd", true),
            ("proc.aname[2] != httpd", false),
            ("proc.aname[3] exists", false),
            ("toupper(proc.aname) = HTTPD", true),
        ],
    );
}

#[test]
fn numbers_and_strings() {
    let row = [
        ("evt.buflen", Value::Uint(1 << 20)),
        ("proc.duration", Value::Int(10_000_000)),
        ("evt.rawres", Value::Int(-2)),
        ("evt.failed", Value::Bool(true)),
        ("evt.num", Value::Uint(u64::MAX)),
        ("proc.name", text("nginx")),
        ("fd.name", text("/var/log/nginx/a=b")),
    ];
    check(
        &row,
        &[
            ("evt.buflen >= 1MiB", true),
            ("evt.buflen > 0x100000", false),
            ("proc.duration = 10ms", true),
            ("proc.duration < 1s", true),
            ("evt.rawres < 0", true),
            ("evt.rawres in (-2, -13)", true),
            ("evt.num > -1", true),
            ("evt.num > val(evt.rawres)", true),
            ("evt.failed = true", true),
            ("evt.failed != 1", false),
            ("proc.name startswith ng and proc.name endswith x", true),
            ("proc.name > 'apache'", true),
            ("proc.name in (apache, nginx)", true),
            ("proc.name regex 'ngin'", false),
            ("proc.name regex 'n|nginx'", true),
            ("fd.name contains 'a=b'", true),
            ("fd.name icontains NGINX", true),
            ("fd.name glob '/var/*/a=?'", true),
            ("fd.name pmatch (/etc, /var/l*)", true),
            ("fd.name pmatch (/var/lo)", false),
            ("fd.name contains val(proc.name)", true),
            ("basename(fd.name) = 'a=b'", true),
            ("len(proc.name) = 5", true),
        ],
    );
}
