//! Macros, lists and rules as Falco's rules files have them: names for conditions and for values.

use crate::error::{FilterError, Span};
use crate::lang::{List, Right, Text};
use saphyr::{LoadableYamlNode as _, Yaml};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Values that a list comes to at most, with those of the lists in it.
const MAX_VALUES: usize = 100_000;

/// Lists that name each other so deep are taken for a circle.
const MAX_DEPTH: usize = 100;

/// A condition with a name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Its condition as it is written.
    pub condition: String,
    /// Where its events come from: `syscall`, `k8s_audit`, …
    pub source: String,
}

/// Macros, lists and rules of any number of files. Later files change what earlier ones say.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    macros: BTreeMap<String, String>,
    lists: BTreeMap<String, Vec<String>>,
    rules: Vec<Rule>,
}

/// What is wrong with a rules file.
#[derive(Debug, PartialEq, Eq)]
pub struct RulesError(String);

impl fmt::Display for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RulesError {}

impl Rules {
    /// Adds what a file says. Its conditions are looked at when a filter names them.
    ///
    /// # Errors
    /// The text is no YAML, or no list of macros, lists and rules.
    pub fn add(&mut self, text: &str) -> Result<(), RulesError> {
        let documents = Yaml::load_from_str(text).map_err(|error| RulesError(format!("this is no YAML: {error}")))?;
        for document in documents {
            if document.is_null() {
                continue;
            }
            let Some(items) = document.as_vec() else {
                return Err(RulesError("this is no list of rules, macros and lists".into()));
            };
            for item in items {
                self.item(item)?;
            }
        }
        Ok(())
    }

    fn item(&mut self, item: &Yaml<'_>) -> Result<(), RulesError> {
        let text = |key: &str| item.as_mapping_get(key).and_then(scalar);
        // The old way to say it, and the new one, which names what is appended.
        let appends = |what: &str| {
            item.as_mapping_get("append").and_then(scalar).as_deref() == Some("true")
                || item
                    .as_mapping_get("override")
                    .and_then(|how| how.as_mapping_get(what))
                    .and_then(scalar)
                    .as_deref()
                    == Some("append")
        };
        if let Some(name) = text("macro") {
            let condition = text("condition").ok_or_else(|| missing("macro", &name, "condition"))?;
            match self.macros.get_mut(&name) {
                Some(known) if appends("condition") => *known = format!("{known} {condition}"),
                _ => drop(self.macros.insert(name, condition)),
            }
        } else if let Some(name) = text("list") {
            let items = item
                .as_mapping_get("items")
                .and_then(|items| items.as_vec().map(Vec::as_slice));
            let items = items.ok_or_else(|| missing("list", &name, "items"))?;
            let items = items.iter().filter_map(scalar);
            match self.lists.get_mut(&name) {
                Some(known) if appends("items") => known.extend(items),
                _ => drop(self.lists.insert(name, items.collect())),
            }
        } else if let Some(name) = text("rule") {
            let known = self.rules.iter_mut().find(|rule| rule.name == name);
            match (known, text("condition")) {
                (Some(rule), Some(condition)) if appends("condition") => {
                    rule.condition = format!("{} {condition}", rule.condition);
                }
                (Some(rule), Some(condition)) => rule.condition = condition,
                // Only something else of it is changed.
                (Some(_), None) => {}
                (None, condition) => self.rules.push(Rule {
                    name,
                    condition: condition.unwrap_or_default(),
                    source: text("source").unwrap_or_else(|| "syscall".into()),
                }),
            }
        }
        Ok(())
    }

    /// The rules, in the order of the files.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Names of the macros.
    pub fn macro_names(&self) -> impl Iterator<Item = &str> {
        self.macros.keys().map(String::as_str)
    }

    /// Names of the lists.
    pub fn list_names(&self) -> impl Iterator<Item = &str> {
        self.lists.keys().map(String::as_str)
    }

    /// What a macro stands for.
    pub fn macro_text(&self, name: &str) -> Option<&str> {
        self.macros.get(name).map(String::as_str)
    }

    /// The right-hand side with the values of the lists that it names.
    pub(crate) fn expand<'r>(&self, right: &'r Right) -> Result<Cow<'r, Right>, FilterError> {
        let (names, span) = match right {
            Right::ListName { name, span } if self.lists.contains_key(name) => {
                let text = Text {
                    bytes: name.clone().into_bytes(),
                    quoted: false,
                    span: *span,
                };
                (vec![text], *span)
            }
            Right::List(list) if list.items.iter().any(|item| self.list(item).is_some()) => {
                (list.items.clone(), list.span)
            }
            _ => return Ok(Cow::Borrowed(right)),
        };
        let mut items = Vec::new();
        let mut left = MAX_VALUES;
        for name in &names {
            self.values(name, span, &mut items, (0, &mut left))?;
        }
        Ok(Cow::Owned(Right::List(List { items, span })))
    }

    /// The list that an item of a list names.
    fn list(&self, item: &Text) -> Option<&Vec<String>> {
        if item.quoted {
            return None;
        }
        self.lists.get(std::str::from_utf8(&item.bytes).ok()?)
    }

    fn values(
        &self,
        item: &Text,
        span: Span,
        out: &mut Vec<Text>,
        (depth, left): (usize, &mut usize),
    ) -> Result<(), FilterError> {
        *left = left.saturating_sub(1);
        if depth >= MAX_DEPTH || *left == 0 {
            let message = format!("lists in lists: more than {MAX_DEPTH} deep or {MAX_VALUES} values in all");
            return Err(FilterError::new(span, message).expected("lists that do not name themselves"));
        }
        let Some(list) = self.list(item) else {
            out.push(Text { span, ..item.clone() });
            return Ok(());
        };
        for value in list {
            let value = Text {
                bytes: value.clone().into_bytes(),
                quoted: false,
                span,
            };
            self.values(&value, span, out, (depth + 1, left))?;
        }
        Ok(())
    }
}

fn missing(what: &str, name: &str, part: &str) -> RulesError {
    RulesError(format!("the {what} `{name}` has no {part}"))
}

/// A scalar as it is written, numbers and truth values too.
fn scalar(node: &Yaml<'_>) -> Option<String> {
    if let Some(text) = node.as_str() {
        return Some(text.to_owned());
    }
    if let Some(number) = node.as_integer() {
        return Some(number.to_string());
    }
    if let Some(truth) = node.as_bool() {
        return Some(truth.to_string());
    }
    node.as_floating_point().map(|number| number.to_string())
}

#[cfg(test)]
mod tests {
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
        for (text, expected) in [
            ("a: b", "this is no list of rules, macros and lists"),
            ("- macro: x", "the macro `x` has no condition"),
            ("- list: x", "the list `x` has no items"),
            ("[", "this is no YAML"),
        ] {
            let error = Rules::default().add(text).unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
        }
        assert_eq!(Rules::default().add(""), Ok(()));
        assert_eq!(Rules::default().add("- required_engine_version: 10"), Ok(()));
    }
}
