//! A configuration in TOML, with every problem at its line. Each section is read on its own, so that one mistake does not
//! hide the next; rules over the whole come when all of it could be read.

use super::problem::Problem;
use super::rules::{self, Key, Part};
use super::{Command, Deliver, Http, Settings, Source, Upload, Webhook};
use serde::de::DeserializeOwned;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, ValueDeserializer};

/// The sections of [`Settings`].
const SECTIONS: [&str; 6] = ["http", "source", "deliver", "webhook", "command", "upload"];

/// Reads settings.
///
/// # Errors
/// All that is wrong, in the order of the text.
pub fn check(text: &str) -> Result<Settings, Vec<Problem>> {
    check_beside(text, &[])
}

/// Reads settings from a text in which top-level keys `others` belong to somebody else.
///
/// # Errors
/// All that is wrong with the rest, in the order of the text.
pub fn check_beside(text: &str, others: &[&str]) -> Result<Settings, Vec<Problem>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut problems: Vec<Problem> = errors
        .into_iter()
        .map(|error| Problem::at(text, error.span(), String::new(), error.message()))
        .collect();
    let table = document.get_ref();
    for key in table.keys() {
        let name: &str = key.get_ref();
        if !SECTIONS.contains(&name) && !others.contains(&name) {
            let known = SECTIONS.iter().chain(others).copied().collect::<Vec<_>>().join(", ");
            let message = format!("there is no such section; there are {known}");
            problems.push(Problem::at(text, Some(key.span()), name.to_owned(), message));
        }
    }
    let mut reading = Reading {
        text,
        table,
        problems: &mut problems,
    };
    let settings = Settings {
        http: reading.one::<Http>("http").unwrap_or_default(),
        source: reading.list::<Source>("source"),
        deliver: reading.one::<Deliver>("deliver").unwrap_or_default(),
        webhook: reading.list::<Webhook>("webhook"),
        command: reading.list::<Command>("command"),
        upload: reading.list::<Upload>("upload"),
    };
    if problems.is_empty() {
        let settings = settings.with_defaults();
        for (key, message) in rules::broken(&settings) {
            // What a section that is missing lacks is said where it is needed.
            let needed = || {
                ["webhook", "command", "upload"]
                    .iter()
                    .find_map(|name| Some(table.get_key_value(*name)?.0.span()))
            };
            let span = span_of(table, &key).or_else(needed);
            problems.push(Problem::at(text, span, rules::written(&key), message));
        }
        if problems.is_empty() {
            return Ok(settings);
        }
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    Err(problems)
}

struct Reading<'r, 't> {
    text: &'t str,
    table: &'r DeTable<'t>,
    problems: &'r mut Vec<Problem>,
}

impl<'t> Reading<'_, 't> {
    fn one<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = self.table.get(name)?;
        self.read(value, name.to_owned())
    }

    fn list<T: DeserializeOwned>(&mut self, name: &str) -> Vec<T> {
        let Some(value) = self.table.get(name) else {
            return Vec::new();
        };
        let Some(items) = value.get_ref().as_array() else {
            let message = format!("expected [[{name}]], with two brackets: there may be several");
            let problem = Problem::at(self.text, Some(value.span()), name.to_owned(), message);
            self.problems.push(problem);
            return Vec::new();
        };
        let numbered = items.iter().enumerate();
        numbered
            .filter_map(|(at, item)| self.read(item, format!("{name}[{at}]")))
            .collect()
    }

    fn read<T: DeserializeOwned>(&mut self, value: &Spanned<DeValue<'t>>, key: String) -> Option<T> {
        match T::deserialize(ValueDeserializer::from(value.clone())) {
            Ok(read) => Some(read),
            Err(error) => {
                let span = error.span().unwrap_or_else(|| value.span());
                let problem = Problem::at(self.text, Some(span), key, error.message());
                self.problems.push(problem);
                None
            }
        }
    }
}

/// Where a key is in the text; of a key that is missing, where it should be.
fn span_of(table: &DeTable<'_>, key: &[Part]) -> Option<Range<usize>> {
    let mut found = None;
    let mut here = Here::Table(table);
    for part in key {
        let value = match (&here, part) {
            (Here::Table(table), Part::Name(name)) => match table.get_key_value(name.as_ref()) {
                Some((key, value)) => {
                    found = Some(key.span());
                    value
                }
                None => break,
            },
            (Here::Array(array), Part::At(at)) => match array.get(*at) {
                Some(value) => {
                    found = Some(value.span());
                    value
                }
                None => break,
            },
            _ => break,
        };
        here = match value.get_ref() {
            DeValue::Table(table) => Here::Table(table),
            DeValue::Array(array) => Here::Array(array),
            _ => break,
        };
    }
    found
}

enum Here<'a, 't> {
    Table(&'a DeTable<'t>),
    Array(&'a DeArray<'t>),
}

impl Settings {
    /// Names and paths that were left out.
    pub(crate) fn with_defaults(mut self) -> Settings {
        for source in &mut self.source {
            if source.name.is_empty() {
                source.name = source.kind.name().to_owned();
            }
            if source.path.is_empty() {
                source.path = format!("/v1/{}", source.name);
            }
        }
        self
    }

    /// Whether settings that came as JSON can be used; what is wrong has no line.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn checked(self) -> Result<Settings, Vec<Problem>> {
        let settings = self.with_defaults();
        let broken: Vec<(Key, String)> = rules::broken(&settings);
        if broken.is_empty() {
            return Ok(settings);
        }
        let problem = |(key, message): (Key, String)| Problem::at("", None, rules::written(&key), message);
        Err(broken.into_iter().map(problem).collect())
    }
}
