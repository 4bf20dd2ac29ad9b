//! Falco's own regression cases (corpus/falco-regression): its rules over its captures find as many events as Falco says, and
//! what Falco refuses to load is refused here. What is left out is named with the reason.

mod corpus;

use afterimage_format::file::Trace;
use afterimage_query::check::TimeZone;
use afterimage_query::{Filter, Query, Rules, TraceContext, scan_several};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Captures by the names that the cases have for them.
const CAPTURES: &[(&str, &str)] = &[
    ("CatWrite", "scap/falco/cat_write.scap"),
    ("Empty", "scap/falco/empty.scap"),
    ("OpenMultipleFiles", "scap/falco/open-multiple-files.scap"),
    ("PingSendto", "scap/falco/ping_sendto.scap"),
];

/// What Falco refuses and is accepted here, and why; by what is validated.
const ACCEPTED: &[(&str, &str)] = &[
    (
        "EngineVersionMismatch",
        "there is no engine of Falco here that could be too old",
    ),
    ("InvalidRuleOutput", "what a rule prints is not used"),
    ("InvalidRuleWithoutOutput", "what a rule prints is not used"),
];

/// Other cases that are left out, and why; by name.
const LEFT_OUT: &[(&str, &str)] = &[
    (
        "RuleAppendSkipped",
        "is about priorities, by which nothing is chosen here",
    ),
    ("MonitorSyscallDrops", "is about what Falco does when it loses events"),
    (
        "DetectSkipUnknownNoevt",
        "a rule is left out there for what it prints, which is not used here",
    ),
    ("ValidateSkipUnknownNoevt", "is about warnings of Falco's"),
    ("TestWarnings", "is about warnings of Falco's"),
];

struct Case<'j> {
    json: &'j Value,
    name: &'j str,
}

impl<'j> Case<'j> {
    fn texts(&self, key: &str) -> Vec<&'j str> {
        let list = self.json[key].as_array().map_or(&[][..], Vec::as_slice);
        list.iter().filter_map(Value::as_str).collect()
    }

    /// Tags as the command line has them: in quotes, several in one text.
    fn tags(&self, key: &str) -> Vec<String> {
        let all = self.texts(key).join(",");
        let tags = all.split(',').map(|tag| tag.trim().trim_matches('"').to_owned());
        tags.filter(|tag| !tag.is_empty()).collect()
    }

    /// Why the case is left out.
    fn left_out(&self, rules: &Path) -> Option<String> {
        if let Some((_, why)) = LEFT_OUT.iter().find(|(name, _)| self.name.contains(name)) {
            return Some((*why).to_owned());
        }
        if self.json["skip"] == Value::Bool(true) {
            return Some("is skipped by Falco, too".to_owned());
        }
        if let Some((what, why)) = ACCEPTED.iter().find(|(name, _)| self.texts("validate").contains(name)) {
            return Some(format!("{what}: {why}"));
        }
        let captures = self.texts("captures");
        if captures.is_empty() && self.texts("validate").is_empty() {
            return Some("is about Falco's command line".to_owned());
        }
        if captures.iter().any(|name| name.starts_with("K8SAudit")) {
            return Some("its events are JSON of the plugin k8saudit, not a capture".to_owned());
        }
        let absent = |name: &&&str| !CAPTURES.iter().any(|(known, _)| known == *name);
        if let Some(name) = captures.iter().find(absent) {
            return Some(format!("the capture is not in the corpus ({name})"));
        }
        let absent = |name: &&&str| !rules.join(format!("{name}.yaml")).exists();
        let rules = self.texts("rules");
        rules
            .iter()
            .find(absent)
            .map(|name| format!("the rules are not in the corpus ({name})"))
    }
}

/// How many events there must be.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    Exactly(u64),
    Some,
}

impl Expected {
    fn of(json: &Value) -> Option<Expected> {
        match json {
            Value::Number(number) => number.as_u64().map(Expected::Exactly),
            Value::String(text) if text == ">0" => Some(Expected::Some),
            Value::Bool(detect) => Some(if *detect { Expected::Some } else { Expected::Exactly(0) }),
            _ => None,
        }
    }

    fn holds(&self, count: u64) -> bool {
        match self {
            Expected::Exactly(expected) => count == *expected,
            Expected::Some => count > 0,
        }
    }
}

fn load(folder: &Path, files: &[&str]) -> Result<Arc<Rules>, String> {
    let mut rules = Rules::default();
    for file in files {
        let text = std::fs::read_to_string(folder.join(format!("{file}.yaml"))).expect("the rules can be read");
        rules.add(&text).map_err(|error| format!("{file}: {error}"))?;
    }
    Ok(Arc::new(rules))
}

/// Whether all of it can be used: macros as well as rules.
fn validate(folder: &Path, files: &[&str]) -> Result<(), String> {
    let rules = load(folder, files)?;
    let settings = afterimage_query::Settings::default().with_rules(&rules);
    for name in rules.macro_names() {
        Filter::compile(name, &settings).map_err(|error| format!("{name}: {error}"))?;
    }
    for rule in rules.rules().iter().filter(|rule| rule.source == "syscall") {
        rule.compile(&settings, None)
            .map_err(|error| format!("{}: {error}", rule.name))?;
    }
    Ok(())
}

/// What each rule finds that is switched on.
fn found(case: &Case<'_>, folder: &Path, capture: &Path) -> BTreeMap<String, u64> {
    let rules = load(folder, &case.texts("rules")).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    let imported = afterimage_import::open(capture, &mut |_| ControlFlow::Continue(())).expect("imported");
    let trace = Trace::open(&imported.path()).expect("opened");
    let context = TraceContext::new(&trace, TimeZone::Utc);
    let settings = context.settings().with_rules(&rules);
    let (with, without) = (case.tags("enabled_tags"), case.tags("disabled_tags"));
    let disabled = case.tags("disabled_rules");
    let has = |rule: &afterimage_query::Rule, tags: &[String]| rule.tags.iter().any(|tag| tags.contains(tag));
    let mut compiled = Vec::new();
    for rule in rules.rules() {
        let on = rule.enabled
            && (with.is_empty() || has(rule, &with))
            && !has(rule, &without)
            && !disabled.contains(&rule.name);
        // A field of a newer or older Falco: the rule is left out, as `analyze` does it.
        if let Some(filter) = on.then(|| rule.compile(&settings, None).ok()).flatten() {
            compiled.push((rule.name.clone(), filter));
        }
    }
    let query = |filter| Query {
        filter: Some(filter),
        ..Query::default()
    };
    let queries: Vec<Query<'_>> = compiled.iter().map(|(_, filter)| query(filter)).collect();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let of_segment = |found: &afterimage_query::Found<'_, '_>| -> Vec<(usize, u64)> {
        found
            .hits()
            .iter()
            .map(|(number, hits)| (*number, hits.count()))
            .collect()
    };
    scan_several(&trace, &context, &queries, of_segment, |made| {
        for (number, count) in made.value {
            *counts.entry(compiled[number].0.clone()).or_default() += count;
        }
        ControlFlow::Continue(())
    });
    counts
}

/// Where a case says nothing of how many: the older version of it, which says whether there are any.
fn detected(older: &Value, name: &str) -> Option<Expected> {
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    let name = plain(name.rsplit("Legacy_").next()?);
    let cases = older.as_array()?.iter();
    let case = cases
        .into_iter()
        .find(|case| case["_name"].as_str().is_some_and(|known| plain(known) == name))?;
    Expected::of(&case["detect"])
}

fn read(path: PathBuf) -> Value {
    let text = std::fs::read_to_string(path).expect("the cases can be read");
    serde_json::from_str(&text).expect("the cases are JSON")
}

#[test]
fn rules_find_what_falco_finds() {
    let Some(folder) = corpus::locate("falco-regression") else {
        return;
    };
    let cases = read(folder.join("falco-testing-go-cases.json"));
    let older = read(folder.join("falco-python-yaml-cases.json"));
    let rules = folder.join("rules");
    let (mut ran, mut validated, mut wrong) = (0, 0, Vec::new());
    let mut left_out: BTreeMap<String, usize> = BTreeMap::new();
    for json in cases["cases"].as_array().expect("a list of cases") {
        let name = json["name"].as_str().expect("a name");
        let case = Case { json, name };
        if let Some(why) = case.left_out(&rules) {
            *left_out.entry(why).or_default() += 1;
            continue;
        }
        let to_validate = case.texts("validate");
        if !to_validate.is_empty() {
            let refused = validate(&rules, &to_validate).err();
            let must_be = json["exit"] == 1;
            if refused.is_some() != must_be {
                wrong.push(format!("{name}: {to_validate:?}: {refused:?}"));
            }
            validated += 1;
            continue;
        }
        let capture = case.texts("captures")[0];
        let (_, path) = CAPTURES
            .iter()
            .find(|(known, _)| *known == capture)
            .expect("it is known");
        let counts = found(&case, &rules, &folder.join("..").join(path));
        let total: u64 = counts.values().sum();
        let mut checks = 0;
        let by_rule = json["counts_by_rule"].as_object().expect("counts by rule");
        for (rule, expected) in by_rule {
            let (expected, count) = (Expected::of(expected), counts.get(rule).copied().unwrap_or(0));
            checks += 1;
            if !expected.as_ref().is_some_and(|expected| expected.holds(count)) {
                wrong.push(format!("{name}: {rule}: {count}, not {expected:?}"));
            }
        }
        let expected = match Expected::of(&json["total"]) {
            None if by_rule.is_empty() => detected(&older, name),
            expected => expected,
        };
        if let Some(expected) = expected {
            checks += 1;
            if !expected.holds(total) {
                wrong.push(format!("{name}: {counts:?}, not {expected:?}"));
            }
        }
        if checks == 0 {
            *left_out
                .entry(format!("says nothing of how many ({name})"))
                .or_default() += 1;
        }
        ran += usize::from(checks > 0);
    }
    eprintln!("{ran} cases find what they must, {validated} are refused or accepted; left out:");
    for (why, count) in &left_out {
        eprintln!("{count:4}  {why}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ran >= 47 && validated >= 24, "only {ran} and {validated}");
}

#[test]
fn what_is_no_rules_file_is_refused() {
    let Some(folder) = corpus::locate("falco-regression/rules") else {
        return;
    };
    let mut refused = 0;
    for entry in std::fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let wrong = ["Invalid", "ExceptionsItem", "ExceptionsAppendItem"];
        if !wrong.iter().any(|wrong| name.starts_with(wrong)) || ACCEPTED.iter().any(|(known, _)| *known == name) {
            continue;
        }
        // What these two are before they are changed to something wrong.
        let before = ["InvalidBaseMacro", "InvalidBaseRule"];
        if before.contains(&name.as_str()) {
            validate(&folder, &[&name]).unwrap_or_else(|error| panic!("{error}"));
            continue;
        }
        let error = validate(&folder, &[&name]).err();
        eprintln!("{name}: {}", error.unwrap_or_else(|| panic!("{name} is accepted")));
        refused += 1;
    }
    assert!(refused >= 30, "{refused}");
}

#[test]
fn rules_of_audit_logs_compile() {
    let Some(folder) = corpus::locate("falco-regression/rules") else {
        return;
    };
    let mut compiled = 0;
    for files in [
        &["K8SAuditEngineV4K8SAuditRules", "K8SAuditEngineV4AllowNginxContainer"][..],
        &[
            "K8SAuditEngineV4K8SAuditRules",
            "K8SAuditEngineV4AllowOnlyApacheContainer",
        ],
        &["K8SAuditSingleRuleWithJsonPointer"],
    ] {
        let rules = load(&folder, files).unwrap_or_else(|error| panic!("{error}"));
        let settings = afterimage_query::Settings::default().with_rules(&rules);
        for rule in rules.rules() {
            rule.compile(&settings, None)
                .unwrap_or_else(|error| panic!("{}: {error}", rule.name));
            compiled += usize::from(rule.source == "k8s_audit");
        }
    }
    assert!(compiled > 30, "{compiled}");
}
