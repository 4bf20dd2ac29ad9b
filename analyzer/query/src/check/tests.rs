//! What a person sees for a wrong filter.

use crate::{Filter, Settings};

#[track_caller]
fn check(filter: &str, expected: &str) {
    let error = Filter::compile(filter, &Settings::default()).expect_err("the filter is wrong");
    assert_eq!(error.render(filter), expected);
}

#[test]
fn unknown_names() {
    check(
        "evt.type = open and proc.nam = nginx",
        "unknown field `proc.nam`\n  evt.type = open and proc.nam = nginx\n                      ^^^^^^^^\ndid you mean `proc.name`?",
    );
    check(
        "proc.nmae[2] = x",
        "unknown field `proc.nmae`\n  proc.nmae[2] = x\n  ^^^^^^^^^\ndid you mean `proc.name`?",
    );
    check(
        "spawned_process",
        "unknown macro `spawned_process`\n  spawned_process\n  ^^^^^^^^^^^^^^^\nexpected a condition such as `proc.name = nginx`",
    );
    check(
        "proc.name in shells",
        "unknown list `shells`\n  proc.name in shells\n               ^^^^^^\nexpected a list such as `(a, b)`",
    );
}

#[test]
fn wrong_grammar() {
    check(
        "proc.name =",
        "the filter ends too early\n  proc.name =\n             ^\nexpected a value, `val(field)` or a transformer",
    );
    check(
        "proc.name = a && proc.pid = 1",
        "unexpected `&`\n  proc.name = a && proc.pid = 1\n                ^\nexpected `and`, `or` or the end of the filter\ndid you mean `and`?",
    );
    check(
        "(proc.name = a or proc.pid = 1",
        "the filter ends too early\n  (proc.name = a or proc.pid = 1\n                                ^\nexpected `and`, `or` or `)`",
    );
    check(
        "proc.name = 'open",
        "the string does not end\n  proc.name = 'open\n              ^^^^^\nexpected a closing '",
    );
    check(
        "proc.name startwith a",
        "unexpected `startwith`\n  proc.name startwith a\n            ^^^^^^^^^\nexpected an operator: == = != <= < >= > contains icontains bcontains startswith bstartswith endswith glob iglob regex in intersects pmatch exists\ndid you mean `startswith`?",
    );
    check(
        "proc.name = \"a\\qb\"",
        "unknown escape `\\q`\n  proc.name = \"a\\qb\"\n                ^^\nexpected one of \\b \\f \\n \\r \\t \\\\ \\/ \\xHH or the quote itself",
    );
}

#[test]
fn wrong_types() {
    check(
        "proc.pid contains 1",
        "`contains` does not work on a signed number\n  proc.pid contains 1\n           ^^^^^^^^\nexpected one of = != < <= > >= in intersects exists",
    );
    check(
        "fd.sip = 10.0.0.0/40",
        "\"10.0.0.0/40\" does not fit the field\n  fd.sip = 10.0.0.0/40\n           ^^^^^^^^^^^\nexpected an address such as `10.0.0.1`, or a network such as `10.0.0.0/8`",
    );
    check(
        "proc.name regex '(a'",
        "not a regular expression: unclosed group\n  proc.name regex '(a'\n                  ^^^^",
    );
    check(
        "evt.arg = x",
        "`evt.arg` needs an argument\n  evt.arg = x\n  ^^^^^^^\nexpected `evt.arg.path` or `evt.arg[0]`",
    );
    check(
        "proc.aname[x] = y",
        "\"x\" is no argument of `proc.aname`\n  proc.aname[x] = y\n             ^\nexpected a number from 0 on",
    );
    check(
        "syscall.type = val(evt.is_io)",
        "a boolean cannot be compared with a string\n  syscall.type = val(evt.is_io)\n                 ^^^^^^^^^^^^^^\nexpected a string",
    );
    check(
        "toupper(evt.rawres) = -1",
        "`toupper` does not work on a signed number\n  toupper(evt.rawres) = -1\n          ^^^^^^^^^^\nexpected a string",
    );
}

#[test]
fn limits() {
    let deep = format!("{}proc.pid = 1{}", "(".repeat(100), ")".repeat(100));
    assert!(Filter::compile(&deep, &Settings::default()).is_ok());
    for text in [
        format!("({deep})"),
        "(".repeat(1 << 20),
        "not ".repeat(1 << 18) + "x",
        "x".repeat((1 << 20) + 1),
    ] {
        assert!(Filter::compile(&text, &Settings::default()).is_err());
    }
    let huge = "proc.name regex '(a{1000}){1000}'";
    assert!(Filter::compile(huge, &Settings::default()).is_err());
}
