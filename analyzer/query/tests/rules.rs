//! The Falco rules in corpus/rules, as they are: every file loads, and every macro and rule of it compiles.

mod corpus;

use afterimage_query::lang::{Expr, Operand, Right, parse};
use afterimage_query::{Filter, Rules, Settings, compile_all, fields};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// Fields that these rules name and that are not defined yet. A name that gets defined must leave this list.
const NOT_DEFINED: &[&str] = &[];

/// Files that are loaded together, those that others build on first.
const SETS: &[&[&str]] = &[
    &["current/falco_rules.yaml"],
    &["current/falco_rules.yaml", "current/falco-incubating_rules.yaml"],
    &[
        "current/falco_rules.yaml",
        "current/falco-incubating_rules.yaml",
        "current/falco-sandbox_rules.yaml",
    ],
    &["tagged/falco-rules-2.0.0.yaml"],
    &["tagged/falco-rules-4.0.0.yaml"],
    &["tagged/falco-rules-5.0.0.yaml"],
    &["tagged/falco-rules-5.1.0.yaml"],
    &[
        "tagged/falco-rules-4.0.0.yaml",
        "tagged/falco-incubating-rules-3.0.1.yaml",
    ],
    &[
        "tagged/falco-rules-5.1.0.yaml",
        "tagged/falco-incubating-rules-6.0.1.yaml",
    ],
    &[
        "tagged/falco-rules-5.1.0.yaml",
        "tagged/falco-incubating-rules-6.0.1.yaml",
        "tagged/falco-sandbox-rules-6.1.0.yaml",
    ],
    &["archive/application_rules.yaml"],
    &["archive/falco-deprecated_rules.yaml"],
    // A later version over an earlier one: the same names twice.
    &["tagged/falco-rules-4.0.0.yaml", "current/falco_rules.yaml"],
];

/// Rules files of the folders above that hold no rules, and why.
const NO_RULES: &[(&str, &str)] = &[("current/registry.yaml", "the list of the files")];

fn load(folder: &Path, files: &[&str]) -> Rules {
    let mut rules = Rules::default();
    for file in files {
        let text = std::fs::read_to_string(folder.join(file)).expect("the rules can be read");
        if let Err(error) = rules.add(&text) {
            panic!("{file}: {error}");
        }
    }
    rules
}

/// Fields that a condition names and that are not defined.
fn unknown_fields(expr: &Expr, found: &mut BTreeSet<String>) {
    match expr {
        Expr::And { terms, .. } | Expr::Or { terms, .. } => terms.iter().for_each(|term| unknown_fields(term, found)),
        Expr::Not { term, .. } => unknown_fields(term, found),
        Expr::Macro { .. } => {}
        Expr::Exists { left, .. } => unknown_in(left, found),
        Expr::Compare { left, right, .. } => {
            unknown_in(left, found);
            if let Right::Operand(right) = right {
                unknown_in(right, found);
            }
        }
    }
}

fn unknown_in(operand: &Operand, found: &mut BTreeSet<String>) {
    match operand {
        Operand::Field(field) if fields::lookup(&field.name).is_none() => drop(found.insert(field.name.clone())),
        Operand::Field(_) | Operand::Text(_) => {}
        Operand::Call(call) => call.args.iter().for_each(|arg| unknown_in(arg, found)),
        Operand::List { items, .. } => items.iter().for_each(|item| unknown_in(item, found)),
    }
}

#[test]
fn every_condition_of_the_rules_compiles() {
    let Some(folder) = corpus::locate("rules") else { return };
    let (mut unknown, mut plugins, mut wrong) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    let (mut compiled, mut waiting) = (0, 0);
    for files in SETS {
        let rules = Arc::new(load(&folder, files));
        let settings = Settings::default().with_rules(&rules);
        let mut note = |name: &str, text: &str, error: Option<String>| {
            match parse(text) {
                Ok(expr) => unknown_fields(&expr, &mut unknown),
                Err(error) => panic!("{files:?}: {name}: {}", error.render(text)),
            }
            match error {
                None => compiled += 1,
                Some(error) if error.contains("unknown field `") => waiting += 1,
                Some(error) => wrong.push(format!("{files:?}: {name}: {error}")),
            }
        };
        for name in rules.macro_names() {
            let made = Filter::compile(name, &settings);
            note(
                name,
                rules.macro_text(name).unwrap_or_default(),
                made.err().map(|error| error.message),
            );
        }
        let mut all = Vec::new();
        for rule in rules.rules() {
            let made = rule.compile(&settings, None);
            all.push(rule);
            if matches!(rule.source.as_str(), "syscall" | "k8s_audit") {
                note(&rule.name, &rule.condition, made.err().map(|error| error.to_string()));
            } else {
                // Their fields are those of the plugin.
                plugins.insert(rule.source.clone());
                assert!(made.is_err(), "{}", rule.name);
            }
        }
        // Together they are far from what rules may come to.
        for made in compile_all(&all, &settings, None) {
            let error = made.err().map(|error| error.to_string());
            assert!(error.is_none_or(|error| error.contains("unknown field")), "{files:?}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    eprintln!(
        "{compiled} conditions compile, {waiting} name fields that are not defined; sources of plugins: {plugins:?}"
    );
    assert_eq!(Vec::from_iter(&unknown), NOT_DEFINED);
}

#[test]
fn damaged_rules_files_are_refused_or_read() {
    let Some(path) = corpus::locate("rules/current/falco_rules.yaml") else {
        return;
    };
    let text = std::fs::read_to_string(path).expect("the rules can be read");
    let mut refused = 0;
    for at in (0..text.len()).step_by(701).filter(|at| text.is_char_boundary(*at)) {
        for change in ["", "\"", "[", "{", "- ", "\n", "&a ", "*a ", "\t", ": ", "(", "|", "\0"] {
            let changed = match change {
                "" => text[..at].to_owned(),
                change => format!("{}{change}{}", &text[..at], &text[at..]),
            };
            let mut rules = Rules::default();
            refused += usize::from(rules.add(&changed).is_err());
            let rules = Arc::new(rules);
            let settings = Settings::default().with_rules(&rules);
            for rule in rules.rules().iter().rev().take(3) {
                let _ = rule.compile(&settings, None);
            }
        }
    }
    assert!(refused > 100, "{refused}");
}

#[test]
fn no_rules_file_is_left_out() {
    let Some(folder) = corpus::locate("rules") else { return };
    for part in ["current", "tagged", "archive"] {
        for entry in std::fs::read_dir(folder.join(part)).expect("the folder can be read") {
            let name = entry.expect("the folder can be read").file_name();
            let file = format!("{part}/{}", name.to_string_lossy());
            let known = SETS.iter().any(|files| files.contains(&file.as_str()));
            assert!(known || NO_RULES.iter().any(|(name, _)| *name == file), "{file}");
        }
    }
    // Macros and rules as counted in rules/coverage.json: the loader must not lose any.
    for (file, macros, lists, rules) in [
        ("current/falco_rules.yaml", 87, 49, 25),
        ("current/falco-incubating_rules.yaml", 82, 54, 31),
        ("current/falco-sandbox_rules.yaml", 183, 60, 37),
    ] {
        let loaded = load(&folder, &[file]);
        let counts = (
            loaded.macro_names().count(),
            loaded.list_names().count(),
            loaded.rules().len(),
        );
        assert_eq!(counts, (macros, lists, rules), "{file}");
    }
}
