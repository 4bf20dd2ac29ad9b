//! The vectors of the reference implementation (corpus/filter): evaluation. The reference builds an event for each
//! test; here the values that the event gives are listed by the name of the test.

mod corpus;

use afterimage_query::{FieldArg, FieldId, Filter, Row, Settings, Value, fields};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    eval_filter: Vec<Vector>,
    mock_boolean_evaluation: Vec<Vector>,
    parametrised_eval: Vec<Parametrised>,
}

#[derive(Deserialize)]
struct Vector {
    expr: String,
    expected: bool,
    test: String,
}

/// A vector whose event has every parameter empty; the expected result is `true`, `false` or `throw`.
#[derive(Deserialize)]
struct Parametrised {
    name: String,
    expr: String,
    expected: String,
}

enum Given {
    Text(&'static [u8]),
    Texts(&'static [&'static [u8]]),
    Number(i64),
    Ip(&'static str),
    Ips(&'static [&'static str]),
}

use Given::{Ip, Ips, Number, Text, Texts};

/// Field (with `evt.arg.name` in full) and value.
type Event = &'static [(&'static str, Given)];

const GETCWD: Event = &[
    ("evt.type", Text(b"getcwd")),
    ("syscall.type", Text(b"getcwd")),
    ("evt.args", Text(b"")),
    ("evt.source", Text(b"syscall")),
    ("sample.proc_name", Text(b"init")),
    ("sample.tick", Text(b"false")),
    ("sample.is_open", Number(0)),
];
const EXECVE: Event = &[("proc.name", Text(b"myexe"))];
const OPENED: Event = &[
    ("fd.name", Text(b"/tmp/file_to_run")),
    ("fd.directory", Text(b"/tmp")),
    ("evt.num", Number(1)),
];

/// The raw parameters of the events that a test makes one after the other: the expression says which is meant.
const RAW: Event = &[
    ("evt.rawarg.size", Number(512)),
    ("evt.rawarg.flags", Number(512)),
    ("evt.rawarg.pgid", Number(0)),
    ("evt.rawarg.gid", Number(0)),
];

fn event(test: &str, expr: &str) -> Option<Event> {
    Some(match test {
        "EVT_FILTER_rawarg_madness" if expr == "evt.rawarg.size < -20" => &[("evt.rawarg.size", Number(-22))],
        "EVT_FILTER_rawarg_madness" if expr == "evt.rawarg.flags <= 255" => &[("evt.rawarg.flags", Number(255))],
        "EVT_FILTER_rawarg_madness" => RAW,
        "filter_cache_pointer_instability" => &[("evt.arg.ret", Text(b"2")), ("evt.arg.reaper_tid", Text(b"1"))],
        "plugin_syscall_extract" => &[
            ("sample.proc_name", Text(b"init")),
            ("sample.tick", Text(b"false")),
            ("sample.is_open", Number(1)),
        ],
        "filter_simple_evaluation"
        | "filter_val_transformer"
        | "filter_transformers_combination"
        | "filter_cache_disabled"
        | "filter_cache_enabled"
        | "filter_cache_corner_cases"
        | "filter_cache_unary_check_plugin_ptr_instability"
        | "filter_regex_operator_evaluation"
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
        "signed_int_compare" => &[
            ("evt.cpu", Number(1)),
            ("fd.num", Number(-1)),
            ("evt.rawarg.res", Number(-22)),
        ],
        "pmatch" => &[("fd.name", Text(b"/opt/dir/subdir/file.txt"))],
        "len_transformer" => &[
            ("fd.name", Text(b"/tmp/file_to_run")),
            ("fd.types", Texts(&[b"file"])),
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

/// Fields of the reference's plugins and mocks, and fields that are not defined here, with a defined one of the same type that
/// no vector uses beside it: what is tested is the language.
const STAND_INS: &[(&str, &str)] = &[
    ("evt.source", "evt.hostname"),
    ("evt.pluginname", "container.name"),
    ("evt.rawarg.res", "evt.rawres"),
    ("evt.rawarg.size", "evt.rawres"),
    ("evt.rawarg.flags", "evt.buflen"),
    ("evt.rawarg.pgid", "proc.vpid"),
    ("evt.rawarg.gid", "group.gid"),
    ("fd.types", "ka.user.groups"),
    ("sample.proc_name", "proc.exe"),
    ("sample.tick", "proc.cwd"),
    ("sample.is_open", "evt.buflen"),
    ("c.true", "evt.is_io"),
    ("c.false", "evt.failed"),
    ("c.singlequote", "proc.name"),
    ("c.doublequote", "proc.exe"),
];

/// Stand-ins for parameters of the reference by their type, as the name of the vector begins. All are missing.
const BY_TYPE: &[(&str, &str)] = &[
    ("PT_UINT64", "evt.buflen"),
    ("PT_FLAGS", "evt.buflen"),
    ("PT_UID", "user.uid"),
    ("PT_GID", "group.gid"),
    ("PT_PID", "proc.vpid"),
    ("PT_ABSTIME", "evt.rawtime"),
    ("PT_FSPATH", "fs.path.name"),
];

fn is_defined(name: &str) -> bool {
    fields::lookup(name).is_some()
}

/// The expression with stand-ins.
fn translated(expr: &str) -> String {
    let missing = STAND_INS.iter().filter(|(name, _)| !is_defined(name));
    missing.fold(expr.to_owned(), |expr, (name, stand_in)| expr.replace(name, stand_in))
}

struct Made(Event);

impl Row for Made {
    fn value(&self, field: FieldId, arg: &FieldArg) -> Value<'_> {
        let name = match arg {
            FieldArg::None => field.name().to_string(),
            FieldArg::Index(index) => format!("{}[{index}]", field.name()),
            FieldArg::Name(name) => format!("{}.{name}", field.name()),
        };
        let address = |text: &str| Value::Ip(text.parse().expect("an address"));
        let stands_for = |known: &str| {
            let mut all = STAND_INS.iter().filter(|(original, _)| !is_defined(original));
            all.any(|(original, stand_in)| *original == known && *stand_in == name)
        };
        match self.0.iter().find(|(known, _)| *known == name || stands_for(known)) {
            None => Value::Missing,
            Some((_, Texts(texts))) => Value::List(texts.iter().map(|text| Value::str(*text)).collect()),
            Some((_, Text(text))) => Value::str(*text),
            Some((_, Number(number))) => Value::Int(*number),
            Some((_, Ip(text))) => address(text),
            Some((_, Ips(texts))) => Value::List(texts.iter().map(|text| address(text)).collect()),
        }
    }
}

fn vectors() -> Option<Vectors> {
    let path = corpus::locate("filter/libsinsp-filter-vectors.json")?;
    let text = std::fs::read_to_string(path).expect("the vectors can be read");
    Some(serde_json::from_str(&text).expect("the vectors have the known form"))
}

#[track_caller]
fn matches(expr: &str, event: Event) -> bool {
    let expr = translated(expr);
    let filter = Filter::compile(&expr, &Settings::default()).unwrap_or_else(|error| panic!("{}", error.render(&expr)));
    filter.matches(&Made(event))
}

#[test]
fn filters_evaluate_as_in_the_reference() {
    let Some(vectors) = vectors() else { return };
    assert_eq!(vectors.eval_filter.len(), 293);
    for Vector { expr, expected, test } in &vectors.eval_filter {
        let test = test.rsplit("::").next().unwrap_or_default();
        let event = event(test, expr).unwrap_or_else(|| panic!("no event for the test {test}"));
        assert_eq!(matches(expr, event), *expected, "{test}: {expr}");
    }
}

#[test]
fn truth_and_quotes_are_those_of_the_reference() {
    let Some(vectors) = vectors() else { return };
    assert_eq!(vectors.mock_boolean_evaluation.len(), 27);
    let event: Event = &[
        ("c.true", Number(1)),
        ("c.false", Number(0)),
        ("c.singlequote", Text(b"hello 'quoted'")),
        ("c.doublequote", Text(b"hello \"quoted\"")),
    ];
    for Vector { expr, expected, .. } in &vectors.mock_boolean_evaluation {
        assert_eq!(matches(expr, event), *expected, "{expr}");
    }
}

#[test]
fn parameters_without_a_value_pass_nothing() {
    let Some(vectors) = vectors() else { return };
    assert_eq!(vectors.parametrised_eval.len(), 60);
    let (mut compared, mut by_design) = (0, 0);
    for Parametrised { name, expr, expected } in &vectors.parametrised_eval {
        // What is empty is the text `<NA>` in the reference, and a path or text besides. Here it is missing.
        if expected == "true" && name != "dummy" {
            by_design += 1;
            continue;
        }
        let mut expr = expr.clone();
        if let Some((_, stand_in)) = BY_TYPE.iter().find(|(ty, _)| name.starts_with(ty))
            && let Some(raw) = expr.split(' ').next().filter(|field| field.starts_with("evt.rawarg."))
        {
            expr = expr.replace(raw, stand_in);
        }
        let result = Filter::compile(&expr, &Settings::default()).map(|filter| match name.as_str() {
            "dummy" => filter.matches(&Made(&[("proc.pid", Number(1))])),
            _ => filter.matches(&Made(&[])),
        });
        let result = result.map_or("throw", |passes| if passes { "true" } else { "false" });
        assert_eq!(result, expected, "{name}: {expr}");
        compared += 1;
    }
    assert_eq!((compared, by_design), (42, 18));
}
