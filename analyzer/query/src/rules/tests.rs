use super::*;
use crate::{Filter, Settings};
use std::sync::Arc;

const FILE: &str = r#"
- list: shells
  items: [sh, "bash"]
- list: programs
  items: [shells, cat, 7z]
- macro: spawned
  condition: evt.type in (execve, execveat) and evt.dir = <
- macro: is_shell
  condition: proc.name in (shells)
- rule: Shell
  desc: a shell
  condition: spawned and is_shell
  output: x
  priority: NOTICE
- list: shells
  append: true
  items: [zsh]
- macro: is_shell
  condition: or proc.name = rbash
  override:
    condition: append
- rule: Shell
  enabled: false
"#;

fn settings(text: &str) -> Settings {
    let mut rules = Rules::default();
    rules.add(text).unwrap_or_else(|error| panic!("{error}"));
    Settings::default().with_rules(&Arc::new(rules))
}

#[test]
fn macros_and_lists_are_what_they_stand_for() {
    let settings = settings(FILE);
    let compiled = |text: &str| format!("{:?}", Filter::compile(text, &settings).unwrap().root());
    let same = |one: &str, other: &str| {
        let one = Filter::compile(one, &settings).unwrap_or_else(|error| panic!("{}", error.render(one)));
        let other = Filter::compile(other, &settings).unwrap_or_else(|error| panic!("{}", error.render(other)));
        assert_eq!(format!("{:?}", one.root()).len(), format!("{:?}", other.root()).len());
    };
    same("is_shell", "proc.name in (sh, bash, zsh) or proc.name = rbash");
    same("proc.name in (programs)", "proc.name in (sh, bash, zsh, cat, 7z)");
    same("fd.name pmatch (programs)", "fd.name pmatch (sh, bash, zsh, cat, 7z)");
    assert!(compiled("proc.name in ('shells')").contains(&format!("{:?}", b"shells")));
    assert_eq!(settings.rules.rules()[0].condition, "spawned and is_shell");
    assert_eq!(settings.rules.rules().len(), 1);
}

#[test]
fn circles_end() {
    let mut text = String::from(
        "- macro: a\n  condition: b\n- macro: b\n  condition: a or a\n- list: l\n  items: [m]\n- list: m\n  \
             items: [l, l]\n- macro: z0\n  condition: evt.num = 1\n- list: e0\n  items: []\n",
    );
    // Forty that name the one before twice come to a million millions.
    for n in 1..=40 {
        let before = n - 1;
        text += &format!("- macro: z{n}\n  condition: z{before} or z{before}\n");
        text += &format!("- list: e{n}\n  items: [e{before}, e{before}]\n");
    }
    let settings = settings(&text);
    for text in ["a", "proc.name in (l)", "z40", "proc.name in (e40)"] {
        assert!(Filter::compile(text, &settings).is_err(), "{text}");
    }
    assert!(Filter::compile("z5", &settings).is_ok());
}

#[test]
fn what_is_no_rules_file_is_said() {
    let rule = "- rule: r\n  condition: evt.num = 1\n";
    for (text, expected) in [
        ("a: b", "line 1: this is no list of rules, macros and lists"),
        ("- foo", "line 1: this item is no rule, macro or list"),
        ("- macro: x", "line 1: the macro `x`: it has no condition"),
        (
            "- macro: x\n  condition:",
            "line 2: the macro `x`: its condition is empty, or no text",
        ),
        ("- macro:\n  condition: a", "line 1: a macro has no name"),
        ("- list: x", "line 1: the list `x`: it has no items"),
        ("- list: x\n  items: 1", "line 2: the list `x`: its items are no list"),
        (
            "- list: x\n  append: true\n  items: [a]",
            "line 1: the list `x`: it changes a list that no item before it defines",
        ),
        ("- rule: x", "line 1: the rule `x`: it has no condition"),
        (
            "- rule: x\n  enabled: true",
            "line 1: the rule `x`: it has no condition",
        ),
        ("[", "line 2: this is no YAML"),
        ("- required_engine_version: x", "line 1: required_engine_version is `x`"),
        (
            "RULE- rule: r\n  append: true",
            "line 3: the rule `r`: it appends neither a condition nor exceptions",
        ),
        (
            "RULE- rule: r\n  enabled: maybe",
            "line 4: the rule `r`: `enabled` is neither true nor false",
        ),
        (
            "RULE- rule: r\n  condition: a\n  source: k8s_audit",
            "line 3: the rule `r`: its source was `syscall` before",
        ),
        (
            "RULE- rule: r\n  condition: a\n  override: {condition: add}",
            "line 5: the rule `r`: its `override` of `condition`",
        ),
        (
            "RULE- rule: r\n  condition: a\n  override: {desc: append}",
            "line 5: the rule `r`: its `override` names `desc`",
        ),
        (
            "RULE- rule: r\n  condition: a\n  enabled: true\n  override: {condition: append}",
            "line 6: the rule `r`: its `override` does not say",
        ),
        (
            "RULE  exceptions: {}",
            "line 3: the exceptions of the rule `r` are no list",
        ),
        (
            "RULE  exceptions: [{fields: [a.b]}]",
            "line 3: an exception of the rule `r` has no name",
        ),
        (
            "RULE  exceptions: [{name: e}]",
            "line 3: the exception `e` of the rule `r`: it has no fields",
        ),
        (
            "RULE  exceptions: [{name: e, fields: []}]",
            "line 3: the exception `e` of the rule `r`: it has no fields",
        ),
        (
            "RULE  exceptions: [{name: e, fields: [a.b], comps: [is]}]",
            "line 3: the exception `e` of the rule `r`: `is` is no operator",
        ),
        (
            "RULE  exceptions: [{name: e, fields: [a.b], comps: ['=', in]}]",
            "line 3: the exception `e` of the rule `r`: it has 1 fields and 2 comps",
        ),
        (
            "RULE  exceptions: [{name: e, fields: a.b, comps: startswith}]",
            "line 3: the exception `e` of the rule `r`: `comps` of one field is",
        ),
        (
            "RULE  exceptions: [{name: e, fields: a.b, values: [[x]]}]",
            "line 3: the exception `e` of the rule `r`: it has one field",
        ),
        (
            "RULE  exceptions: [{name: e, fields: [a.b, c.d], values: [[x]]}]",
            "line 3: the exception `e` of the rule `r`: each of its values",
        ),
        (
            "RULE  exceptions: [{name: e, fields: [a.b]}, {name: e, fields: [a.b]}]",
            "line 3: the exception `e` of the rule `r`: the rule has it already",
        ),
    ] {
        let error = Rules::default().add(&text.replace("RULE", rule)).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{text}: {error}");
    }
    for text in [
        "",
        "---\n---\n",
        "- required_engine_version: 0.31.0",
        "- required_plugin_versions: []",
        "- somethings: new",
    ] {
        assert_eq!(Rules::default().add(text), Ok(()), "{text}");
    }
}

#[test]
fn exceptions_are_part_of_the_condition() {
    let settings = settings(
        "- list: known\n  items: [a, 'b c']\n\
         - rule: r\n  condition: evt.type = open or evt.type = close\n  exceptions:\n  \
         - {name: one, fields: proc.name, values: [sh, 'x (y)', \"'q r'\"]}\n  \
         - {name: two, fields: [proc.name, fd.name], comps: ['=', in], values: [[sh, known], [ls, [/a, '/b \"']]]}\n  \
         - {name: three, fields: [fd.name], comps: [startswith]}\n\
         - rule: r\n  append: true\n  exceptions:\n  - {name: three, values: [[/etc]]}\n  \
         - {name: four, fields: proc.name, comps: pmatch, values: [/bin]}\n",
    );
    let same = "evt.type != k8s_audit and (evt.type = open or evt.type = close) \
        and not proc.name in (sh, 'x (y)', 'q r') \
        and not (proc.name = sh and fd.name in (a, 'b c') or proc.name = ls and fd.name in (/a, '/b \"')) \
        and not fd.name startswith /etc and not proc.name pmatch (/bin)";
    // Sets have no order, so the lengths are compared.
    let length = |filter: &Filter| format!("{:?}", filter.root()).len();
    let rule = settings.rules.rules()[0].compile(&settings, None).unwrap();
    assert_eq!(length(&rule), length(&Filter::compile(same, &settings).unwrap()));
}

#[test]
fn a_rule_that_cannot_be_used_says_why() {
    let settings = settings(
        "- rule: plugin\n  condition: ct.name = x\n  source: aws_cloudtrail\n\
         - rule: field\n  condition: proc.nmae = x\n\
         - rule: list\n  condition: proc.name in (a) or proc.name = l or proc.name = 'l'\n- list: l\n  items: [a, b]\n\
         - rule: exception\n  condition: evt.num = 1\n  exceptions: [{name: e, fields: [no.field]}]\n\
         - rule: breaks out\n  condition: evt.num = 1) or (evt.num = 2\n\
         - rule: breaks in\n  condition: evt.num = 1\n  \
           exceptions: [{name: e, fields: proc.name, values: [a]}, {name: f, fields: ['a.b in (a) or proc.name'], values: [[x]]}]\n",
    );
    for (name, expected) in [
        ("plugin", "its events come from the plugin `aws_cloudtrail`"),
        ("field", "unknown field `proc.nmae`; did you mean `proc.name`?"),
        ("list", "`l` is a list of 2 values"),
        ("exception", "in the exception `e`: unknown field `no.field`"),
        ("breaks out", "unexpected `)`"),
        ("breaks in", "in the exception `f`: "),
    ] {
        let rule = settings.rules.rule(name).unwrap();
        let error = rule.compile(&settings, None).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{name}: {error}");
    }
    let error = settings.rules.rule("feild").unwrap_err().to_string();
    assert_eq!(error, "there is no rule `feild`; did you mean `field`?");
}

#[test]
fn macros_do_not_come_to_a_tree_of_any_depth() {
    // Fifty levels in each of a hundred macros.
    let deep = |inner: &str| "(evt.num = 1 or not ".repeat(50) + inner + &")".repeat(50);
    let mut text = String::from("- macro: m0\n  condition: evt.num = 1\n");
    for n in 1..=100 {
        text += &format!("- macro: m{n}\n  condition: {}\n", deep(&format!("m{}", n - 1)));
    }
    let settings = settings(&text);
    assert!(Filter::compile("m1", &settings).is_ok());
    let error = Filter::compile("m100", &settings).unwrap_err();
    assert!(error.message.contains("deep"), "{}", error.message);
}

#[test]
fn many_rules_of_a_large_macro_are_bounded_together() {
    let mut text = format!(
        "- macro: large\n  condition: evt.num in ({})\n",
        vec!["1"; 400_000].join(",")
    );
    for n in 0..100 {
        text += &format!("- rule: r{n}\n  condition: large\n");
    }
    let settings = settings(&text);
    let rules: Vec<&Rule> = settings.rules.rules().iter().collect();
    let made = compile_all(&rules, &settings, None);
    let usable = made.iter().filter(|made| made.is_ok()).count();
    assert!((30..50).contains(&usable), "{usable}");
}
