//! Macros, lists and rules as Falco's rules files have them: names for conditions and for values, and conditions to tell of.

mod exception;
mod expand;
mod load;
mod yaml;

pub(crate) use expand::Budget;

use crate::check::{Filter, Settings};
use crate::error::{FilterError, Span};
use crate::lang::{self, Expr};
use crate::nearest::nearest;
use exception::Exception;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// Where events come from that a trace can hold: system calls, and the audit log of Kubernetes.
const SYSCALL: &str = "syscall";
const K8S_AUDIT: &str = "k8s_audit";

/// A condition with a name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Its condition as it is written, without its exceptions.
    pub condition: String,
    /// Where its events come from: `syscall`, `k8s_audit`, …
    pub source: String,
    /// Whether it is to be used.
    pub enabled: bool,
    /// What people call it, too.
    pub tags: Vec<String>,
    exceptions: Vec<Exception>,
}

/// Macros, lists and rules of any number of files. Later files change what earlier ones say.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    macros: BTreeMap<String, String>,
    lists: BTreeMap<String, Vec<String>>,
    rules: Vec<Rule>,
    /// Where each rule is.
    by_name: HashMap<String, usize>,
}

/// What is wrong with a rules file, or with a rule.
#[derive(Debug, PartialEq, Eq)]
pub struct RulesError(String);

impl RulesError {
    /// Something is wrong in this line of a file.
    fn at(line: usize, what: impl fmt::Display) -> RulesError {
        RulesError(format!("line {line}: {what}"))
    }

    fn of(error: FilterError) -> RulesError {
        RulesError(match error.suggestion {
            Some(name) => format!("{}; did you mean `{name}`?", error.message),
            None => error.message,
        })
    }
}

impl fmt::Display for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RulesError {}

impl Rules {
    /// Largest rules file, in bytes.
    pub const MAX_FILE: usize = 16 << 20;

    /// Adds what a file says. Its conditions are looked at when a filter names them, or a rule is compiled.
    ///
    /// # Errors
    /// The text is no YAML, or an item of it is no macro, list or rule; the message says which one. What stands before it
    /// was added.
    pub fn add(&mut self, text: &str) -> Result<(), RulesError> {
        load::add(self, text)
    }

    /// The rules, in the order of the files.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule of that name.
    ///
    /// # Errors
    /// There is none; the message names the nearest one.
    pub fn rule(&self, name: &str) -> Result<&Rule, RulesError> {
        self.by_name.get(name).map(|at| &self.rules[*at]).ok_or_else(|| {
            let all = self.rules.iter().map(|rule| rule.name.as_str());
            RulesError::of(
                FilterError::new(Span::default(), format!("there is no rule `{name}`")).suggest(nearest(name, all)),
            )
        })
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
}

impl Rule {
    /// What the rule finds: its condition without its exceptions, among events of its source; of these only what `also` holds
    /// for. The macros and lists are those of the settings.
    ///
    /// # Errors
    /// What is wrong with it, or why a trace holds nothing of it.
    pub fn compile(&self, settings: &Settings, also: Option<&Expr>) -> Result<Filter, RulesError> {
        self.compile_within(settings, also, &mut Budget::default())
    }

    fn compile_within(
        &self,
        settings: &Settings,
        also: Option<&Expr>,
        budget: &mut Budget,
    ) -> Result<Filter, RulesError> {
        let source = match self.source.as_str() {
            SYSCALL => "evt.type != k8s_audit",
            K8S_AUDIT => "evt.type = k8s_audit",
            other => {
                let what = format!("its events come from the plugin `{other}`, and a trace has none of it");
                return Err(RulesError(what));
            }
        };
        let parse = |text: &str| lang::parse(text).map_err(RulesError::of);
        let mut terms = vec![parse(source)?];
        terms.extend(also.cloned());
        terms.push(parse(&self.condition)?);
        for exception in &self.exceptions {
            let wrong = |what: String| RulesError(format!("in the exception `{}`: {what}", exception.name));
            // A field is looked at even where there is no value for it yet.
            for field in exception.fields() {
                let exists = match lang::parse(&format!("{field} exists")) {
                    Ok(exists @ Expr::Exists { .. }) => exists,
                    _ => return Err(wrong(format!("`{field}` is no field"))),
                };
                Filter::check(&exists, settings).map_err(|error| wrong(RulesError::of(error).0))?;
            }
            if let Some(term) = exception.condition().map_err(wrong)? {
                terms.push(Expr::Not {
                    term: Box::new(term),
                    span: Span::default(),
                });
            }
        }
        Filter::check_within(&exception::and(terms), settings, budget).map_err(RulesError::of)
    }
}

/// What each of the rules finds, as [`Rule::compile`] says it. All together are bounded, too: a file can have many rules that
/// name the same large macro.
pub fn compile_all(rules: &[&Rule], settings: &Settings, also: Option<&Expr>) -> Vec<Result<Filter, RulesError>> {
    let mut left = Budget::of_all_rules();
    let each = rules.iter().map(|rule| {
        let before = left.of_one();
        let mut after = before;
        let made = rule.compile_within(settings, also, &mut after);
        left.take(before, after);
        made
    });
    each.collect()
}

#[cfg(test)]
mod tests;
