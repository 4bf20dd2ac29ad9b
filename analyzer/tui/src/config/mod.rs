//! The configuration file: theme, start screen, mouse, keys, columns. What is wrong in it is said and left out; the rest counts.

mod defaults;
mod edit;

pub(crate) use edit::set_columns;

use defaults::defaults;

use crate::keys::{Bound, Key, NAMES, named};
use crate::state::{Columns, Notice};
use crate::view::{THEMES, Theme};
use crate::views::{self, Column, View};
use afterimage_query::Format;
use afterimage_query::output::escaped;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What a person configured.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// Colours.
    pub(crate) theme: &'static Theme,
    /// The screen that is opened first: `overview`, `notes`, or the id of a view.
    pub(crate) start: &'static str,
    /// Whether the mouse is used.
    pub(crate) mouse: bool,
    /// Keys.
    pub(crate) keys: Bound,
    /// Columns of tables.
    pub(crate) columns: Columns,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            theme: &THEMES[0],
            start: OVERVIEW,
            mouse: true,
            keys: Bound::default(),
            columns: Columns::default(),
        }
    }
}

/// The name of the overview as a start screen.
const OVERVIEW: &str = "overview";
/// The name of the list of alerts and notes.
pub(crate) const NOTES: &str = "notes";
/// More is no configuration.
const MAX_BYTES: u64 = 1 << 20;

/// All that can be configured, as a commented file: with it everything is as without one.
pub fn default_configuration() -> String {
    defaults()
}

/// Something wrong in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The line, from 1 on.
    pub(crate) line: usize,
    /// What is wrong and what would be right; escaped.
    pub(crate) what: String,
}

/// Reads the file, and says what is wrong in it. No file is no error.
pub(crate) fn load(path: &Path) -> (Config, Option<Notice>) {
    let shown = escaped(path.as_os_str().as_bytes());
    let failed = |text| (Config::default(), Some(Notice { text, failed: true }));
    let read = std::fs::metadata(path).and_then(|metadata| match metadata.len() {
        0..=MAX_BYTES => std::fs::read_to_string(path),
        _ => Err(std::io::ErrorKind::FileTooLarge.into()),
    });
    let text = match read {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return (Config::default(), None),
        Err(error) => return failed(format!("{shown} cannot be read: {error}")),
    };
    let (config, problems) = read_text(&text);
    let notice = problems.first().map(|problem| Notice {
        text: match problems.len() {
            1 => format!("{shown}:{}: {}", problem.line, problem.what),
            more => format!("{shown}:{}: {} (and {} more)", problem.line, problem.what, more - 1),
        },
        failed: true,
    });
    (config, notice)
}

/// What a text configures, and what is wrong in it.
pub(crate) fn read_text(text: &str) -> (Config, Vec<Problem>) {
    let mut reading = Reading {
        text,
        config: Config::default(),
        problems: Vec::new(),
    };
    match DeTable::parse(text) {
        Ok(table) => reading.table(table.get_ref()),
        Err(error) => {
            let at = error.span().unwrap_or(0..0);
            reading.wrong(&at, error.message().to_owned());
        }
    }
    reading.problems.sort_by_key(|problem| problem.line);
    (reading.config, reading.problems)
}

type Value<'v> = Spanned<DeValue<'v>>;

struct Reading<'t> {
    text: &'t str,
    config: Config,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    fn wrong(&mut self, at: &Range<usize>, what: String) {
        let before = &self.text.as_bytes()[..at.start.min(self.text.len())];
        self.problems.push(Problem {
            line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
            what: escaped(what.as_bytes()),
        });
    }

    fn table(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            let at = value.span();
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("theme", DeValue::String(name)) => match THEMES.iter().find(|theme| theme.name == name) {
                    Some(theme) => self.config.theme = theme,
                    None => self.wrong(
                        &at,
                        format!("theme: there is no `{name}`; allowed are dark, light and mono"),
                    ),
                },
                ("start", DeValue::String(name)) => {
                    let known = [OVERVIEW, NOTES].into_iter().chain(views::all().map(|view| view.id));
                    match known.into_iter().find(|known| known == name) {
                        Some(start) => self.config.start = start,
                        None => {
                            let ids: Vec<&str> = views::all().map(|view| view.id).collect();
                            let ids = ids.join(", ");
                            let what = format!("start: there is no `{name}`; allowed are overview, notes, {ids}");
                            self.wrong(&at, what);
                        }
                    }
                }
                ("mouse", DeValue::Boolean(mouse)) => self.config.mouse = *mouse,
                ("keys", DeValue::Table(keys)) => self.keys(keys),
                ("columns", DeValue::Table(columns)) => self.columns(columns),
                ("theme" | "start", _) => self.wrong(&at, format!("{}: expected a text in quotes", key.get_ref())),
                ("mouse", _) => self.wrong(&at, "mouse: expected true or false".into()),
                ("keys" | "columns", _) => self.wrong(&at, format!("{0}: expected a table, [{0}]", key.get_ref())),
                (other, _) => {
                    let what = format!("there is no `{other}`; allowed are theme, start, mouse, [keys] and [columns]");
                    self.wrong(&key.span(), what);
                }
            }
        }
    }

    fn keys(&mut self, keys: &DeTable<'_>) {
        // In the order of the file: the first one has its keys.
        let mut keys: Vec<_> = keys.iter().collect();
        keys.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in keys {
            let Some(action) = named(name.get_ref()) else {
                let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
                let what = format!(
                    "keys: there is no `{}`; allowed are {}",
                    name.get_ref(),
                    names.join(", ")
                );
                self.wrong(&name.span(), what);
                continue;
            };
            let Some(texts) = self.texts("keys", name.get_ref(), value) else {
                continue;
            };
            let parsed: Result<Vec<Key>, String> = texts
                .iter()
                .map(|text| {
                    Key::parse(text).ok_or_else(|| {
                        format!("`{text}` is no key; allowed are such as x, Ctrl-x, Alt-x, F5, Enter, PgDn, Space")
                    })
                })
                .collect();
            let done = parsed.and_then(|keys| self.config.keys.choose(action, &keys));
            if let Err(why) = done {
                self.wrong(&value.span(), format!("keys: {}: {why}", name.get_ref()));
            }
        }
    }

    fn columns(&mut self, columns: &DeTable<'_>) {
        for (name, value) in columns {
            let Some(view) = views::find(name.get_ref()) else {
                let ids: Vec<&str> = views::all().map(|view| view.id).collect();
                let what = format!(
                    "columns: there is no view `{}`; allowed are {}",
                    name.get_ref(),
                    ids.join(", ")
                );
                self.wrong(&name.span(), what);
                continue;
            };
            let Some(texts) = self.texts("columns", name.get_ref(), value) else {
                continue;
            };
            let done = match view.lists_events() {
                true => self.event_columns(view, &texts),
                false => self.group_columns(view, &texts),
            };
            if let Err(why) = done {
                self.wrong(&value.span(), format!("columns: {}: {why}", view.id));
            }
        }
    }

    fn event_columns(&mut self, view: &'static View, fields: &[String]) -> Result<(), String> {
        let column = |field: &String| {
            let known = view.columns.iter().find(|column| column.field == field);
            known.copied().or_else(|| Column::of_field(field)).ok_or_else(|| {
                let why = Format::field(field).err();
                let why = why.map_or_else(String::new, |error| format!(": {}", error.message));
                format!("`{field}` is no field{why}; `analyze fields` lists all")
            })
        };
        let columns = fields.iter().map(column).collect::<Result<Vec<_>, _>>()?;
        self.config.columns.set_events(view.id, columns);
        Ok(())
    }

    fn group_columns(&mut self, view: &'static View, titles: &[String]) -> Result<(), String> {
        let all: Vec<&str> = view.columns.iter().map(|column| column.title).collect();
        if let Some(title) = titles.iter().find(|title| !all.contains(&title.as_str())) {
            return Err(format!("there is no `{title}`; allowed are {}", all.join(", ")));
        }
        let hidden = (0..all.len()).filter(|at| titles.iter().all(|title| title != all[*at]));
        self.config.columns.hide(view.id, hidden.collect());
        Ok(())
    }

    /// A list of texts that is not empty.
    fn texts(&mut self, table: &str, name: &str, value: &Value<'_>) -> Option<Vec<String>> {
        let texts = match value.get_ref() {
            DeValue::Array(values) => values
                .iter()
                .map(|value| match value.get_ref() {
                    DeValue::String(text) => Some(text.to_string()),
                    _ => None,
                })
                .collect::<Option<Vec<String>>>(),
            _ => None,
        };
        let texts = texts.filter(|texts| !texts.is_empty());
        if texts.is_none() {
            self.wrong(
                &value.span(),
                format!("{table}: {name}: expected a list of texts, such as [\"x\"]"),
            );
        }
        texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Action, Context};
    use crossterm::event::{KeyCode, KeyEvent};

    #[test]
    fn what_is_configured_counts() {
        let (config, problems) = read_text(
            "theme = \"light\"\nstart = \"procs\"\nmouse = false\n[keys]\nbookmark = [\"F7\", \"x\"]\n\
             [columns]\nevents = [\"evt.num\", \"container.label[app]\"]\nprocs = [\"pid\", \"events\"]\n",
        );
        assert_eq!(problems, []);
        assert_eq!(
            (config.theme.name, config.start, config.mouse),
            ("light", "procs", false)
        );
        let event = KeyEvent::from(KeyCode::F(7));
        assert_eq!(config.keys.action(Context::Events, &event), Some(Action::Bookmark));
        let fields: Vec<&str> = config
            .columns
            .of_events("events")
            .unwrap_or_default()
            .iter()
            .map(|column| column.field)
            .collect();
        assert_eq!(fields, ["evt.num", "container.label[app]"]);
        let procs = views::find("procs").expect("a view");
        assert_eq!(config.columns.of_groups(procs), [0, 5]);
    }

    #[test]
    fn the_example_of_the_documentation_is_right() {
        let document = include_str!("../../../../docs/config.md");
        let example = document
            .split("```toml\n")
            .nth(1)
            .and_then(|rest| rest.split("```").next());
        let (config, problems) = read_text(example.expect("an example"));
        assert_eq!((config.theme.name, problems), ("light", vec![]));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_the_rest_counts() {
        for (text, line, expected) in [
            (
                "mouse = false\ntheme = \"blue\"",
                2,
                "theme: there is no `blue`; allowed are dark, light and mono",
            ),
            (
                "mouse = false\n\nsound = true",
                3,
                "there is no `sound`; allowed are theme",
            ),
            ("mouse = false\ntheme = 5", 2, "theme: expected a text in quotes"),
            (
                "mouse = false\n[keys]\n\nfly = [\"x\"]",
                4,
                "keys: there is no `fly`; allowed are up, down",
            ),
            (
                "mouse = false\n[keys]\nquit = [\"two\"]",
                3,
                "keys: quit: `two` is no key; allowed are",
            ),
            (
                "mouse = false\n[keys]\nquit = \"x\"",
                3,
                "keys: quit: expected a list of texts",
            ),
            (
                "mouse = false\n[keys]\nquit = [\"x\"]\nhelp = [\"x\"]",
                4,
                "keys: help: x is taken by quit above",
            ),
            (
                "mouse = false\n[columns]\nevents = [\"proc.nam\"]",
                3,
                "columns: events: `proc.nam` is no field",
            ),
            (
                "mouse = false\n[columns]\nprocs = [\"pod\"]",
                3,
                "columns: procs: there is no `pod`; allowed are pid",
            ),
            (
                "mouse = false\nstart = \"x\\u001b\"",
                2,
                "start: there is no `x\\x1b`; allowed are overview",
            ),
        ] {
            let (config, problems) = read_text(text);
            let [problem] = problems.as_slice() else {
                panic!("{text}: {problems:?}");
            };
            assert_eq!(problem.line, line, "{text}");
            assert!(problem.what.starts_with(expected), "{}", problem.what);
            assert!(!config.mouse, "the rest counts: {text}");
        }
        let (_, problems) = read_text("theme = \"light\"\nmouse = maybe\n");
        assert_eq!((problems.len(), problems[0].line), (1, 2), "{problems:?}");
    }
}
