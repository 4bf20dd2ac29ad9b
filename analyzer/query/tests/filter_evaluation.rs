//! The vectors of the reference implementation (corpus/filter): evaluation. The reference builds an event for each
//! test; here the values that the event gives are listed by the name of the test.

mod corpus;

use afterimage_query::{FieldArg, FieldId, Filter, Row, Settings, Value};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    eval_filter: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    expr: String,
    expected: bool,
    test: String,
}

enum Given {
    Text(&'static [u8]),
    Number(i64),
    Ip(&'static str),
    Ips(&'static [&'static str]),
}

use Given::{Ip, Ips, Number, Text};

/// Field (with `evt.arg.name` in full) and value.
type Event = &'static [(&'static str, Given)];

const GETCWD: Event = &[
    ("evt.type", Text(b"getcwd")),
    ("syscall.type", Text(b"getcwd")),
    ("evt.args", Text(b"")),
];
const EXECVE: Event = &[("proc.name", Text(b"myexe"))];
const OPENED: Event = &[
    ("fd.name", Text(b"/tmp/file_to_run")),
    ("fd.directory", Text(b"/tmp")),
    ("evt.num", Number(1)),
];

fn event(test: &str) -> Option<Event> {
    Some(match test {
        "filter_simple_evaluation"
        | "filter_val_transformer"
        | "filter_transformers_combination"
        | "filter_cache_disabled"
        | "filter_cache_enabled"
        | "filter_cache_corner_cases"
        | "filter_str_op_modifier_evaluation" => GETCWD,
        test if test.starts_with("FILTERCHECK_MOD_") => EXECVE,
        test if test.starts_with("multivalue_transformer_") => OPENED,
        "basename_transformer" => OPENED,
        "bytebuf_bcontains_bstartswith" => &[("evt.buffer", Text(b"hello\0"))],
        "bytebuf_matches_nul" => &[("evt.buffer", Text(b"a\0b"))],
        "contains_icontains" => &[
            ("fd.name", Text(b"/opt/dir/SUBDIR/file.txt")),
            ("evt.arg.flags", Text(b"O_RDWR|O_CREAT")),
        ],
        "net_ipv4_compare" | "net_modifier_ip_compare" => &[
            ("fd.ip", Ips(&["172.40.111.222", "142.251.111.147"])),
            ("fd.net", Ips(&["172.40.111.222", "142.251.111.147"])),
            ("fd.sip", Ip("142.251.111.147")),
            ("fd.cip", Ip("172.40.111.222")),
            ("fd.lip", Ip("142.251.111.147")),
            ("fd.rip", Ip("172.40.111.222")),
        ],
        "net_ipv6_compare" => &[
            ("fd.ip", Ips(&["::1", "2001:4860:4860::8888"])),
            ("fd.net", Ips(&["::1", "2001:4860:4860::8888"])),
            ("fd.sip", Ip("2001:4860:4860::8888")),
            ("fd.lip", Ip("2001:4860:4860::8888")),
            ("fd.rip", Ip("::1")),
        ],
        "signed_int_compare" => &[("evt.cpu", Number(1)), ("fd.num", Number(-1))],
        "pmatch" => &[("fd.name", Text(b"/opt/dir/subdir/file.txt"))],
        "len_transformer" => &[
            ("fd.name", Text(b"/tmp/file_to_run")),
            ("evt.arg.data", Text(b"hello\0")),
        ],
        "EVT_FILTER_data_buffer_str" => &[("evt.arg.data", Text(b"gigi"))],
        "fd_fields_invalid_utf8_match" => &[
            ("fd.name", Text(b"/p\xff/q\xff")),
            ("fd.directory", Text(b"/p\xff")),
            ("fd.filename", Text(b"q\xff")),
            ("fs.path.name", Text(b"/p\xff/q\xff")),
            ("evt.arg.name", Text(b"/p\xff/q\xff")),
        ],
        "proc_fields_invalid_utf8_match" => &[("proc.name", Text(b"bad\xff")), ("proc.exe", Text(b"/bin/bad\xff"))],
        "fspath_fields_invalid_utf8_match" => &[("fs.path.target", Text(b"/tmp/t\xff"))],
        "evt_abspath_invalid_utf8_match" => &[("evt.abspath", Text(b"/tmp/a\xff"))],
        "PROC_FILTER_aname" => &[("proc.aname", Text(b"init"))],
        _ => return None,
    })
}

/// Tests left out, and why.
const LEFT_OUT: [(&str, &str); 5] = [
    ("filter_cache_pointer_instability", "is about the reference's cache"),
    ("filter_cache_unary_check_plugin_ptr_instability", "is about a plugin"),
    (
        "filter_regex_operator_evaluation",
        "uses evt.source, which is not defined here",
    ),
    (
        "EVT_FILTER_rawarg_madness",
        "uses evt.rawarg, which is not defined here",
    ),
    ("plugin_syscall_extract", "is about a plugin"),
];

/// Fields that single vectors of the other tests use and that are not defined here.
const NOT_DEFINED: [&str; 4] = ["evt.source", "evt.rawarg", "sample.", "fd.types"];

struct Made(Event);

impl Row for Made {
    fn value(&self, field: FieldId, arg: &FieldArg) -> Value<'_> {
        let name = match arg {
            FieldArg::None => field.name().to_string(),
            FieldArg::Index(index) => format!("{}[{index}]", field.name()),
            FieldArg::Name(name) => format!("{}.{name}", field.name()),
        };
        let address = |text: &str| Value::Ip(text.parse().expect("an address"));
        match self.0.iter().find(|(known, _)| *known == name) {
            None => Value::Missing,
            Some((_, Text(text))) => Value::str(*text),
            Some((_, Number(number))) => Value::Int(*number),
            Some((_, Ip(text))) => address(text),
            Some((_, Ips(texts))) => Value::List(texts.iter().map(|text| address(text)).collect()),
        }
    }
}

#[test]
fn filters_evaluate_as_in_the_reference() {
    let Some(path) = corpus::locate("filter/libsinsp-filter-vectors.json") else {
        return;
    };
    let text = std::fs::read_to_string(path).expect("the vectors can be read");
    let vectors: Vectors = serde_json::from_str(&text).expect("the vectors have the known form");
    let mut compared = 0;
    for Vector { expr, expected, test } in &vectors.eval_filter {
        let test = test.rsplit("::").next().unwrap_or_default();
        let Some(event) = event(test) else {
            assert!(
                LEFT_OUT.iter().any(|(name, _)| *name == test),
                "no event for the test {test}"
            );
            continue;
        };
        if NOT_DEFINED.iter().any(|field| expr.contains(field)) {
            continue;
        }
        let filter =
            Filter::compile(expr, &Settings::default()).unwrap_or_else(|error| panic!("{}", error.render(expr)));
        assert_eq!(filter.matches(&Made(event)), *expected, "{test}: {expr}");
        compared += 1;
    }
    assert!(compared >= 240, "only {compared} vectors were compared");
}
