//! The configuration as it is without a file, with what it means.

use crate::keys::{BINDINGS, Key, NAMES};
use crate::view::event_columns;
use crate::views::{self, Column};
use std::fmt::Write as _;

/// All that can be configured, as comments: a file with this text changes nothing.
pub(crate) fn defaults() -> String {
    let mut out = String::from(
        "# Configuration of the terminal interface of `analyze`.\n\
         # It is read from $XDG_CONFIG_HOME/afterimage/analyze.toml (~/.config/afterimage/analyze.toml).\n\
         # Everything is as it is without this file; take the `#` away from what you change.\n\n\
         # Colours: dark, light, or mono. With NO_COLOR in the environment it is mono.\n\
         #theme = \"dark\"\n\n\
         # The first screen: overview, notes, or a view (their names stand below, under [columns]).\n\
         #start = \"overview\"\n\n\
         # Wheel, clicks, and choosing a span on the histogram. The terminal's own selection then needs Shift.\n\
         #mouse = true\n\n\
         [keys]\n\
         # Keys are written x, X, Ctrl-x, Alt-x, F5, Enter, Esc, Tab, Space, PgDn, … Those that are given replace all keys of\n\
         # the action, wherever it has any; other actions lose them there. Ctrl-c always quits.\n",
    );
    for (name, action) in NAMES {
        let mut keys: Vec<String> = Vec::new();
        let mut help = "";
        for binding in BINDINGS.iter().filter(|binding| binding.action == *action) {
            let names = binding.keys.iter().filter(|key| key.name() != "Ctrl-c");
            for key in names.map(|key| Key::name(*key)) {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
            if help.is_empty() {
                help = binding.help;
            }
        }
        let line = format!("#{name} = {}", list(&keys));
        let _ = match help {
            "" => writeln!(out, "{line}"),
            help => writeln!(out, "{line:<48} # {help}"),
        };
    }
    out.push_str(
        "\n[columns]\n\
         # Tables of events take any fields (`analyze fields`), in any order. Other views take titles of their own columns.\n",
    );
    for view in views::all().filter(|view| !view.is_spectrum) {
        let names: Vec<String> = match (view.lists_events(), view.columns) {
            (true, []) => fields(&event_columns(&Default::default(), u16::MAX)),
            (true, columns) => fields(columns),
            (false, columns) => columns.iter().map(|column| column.title.to_owned()).collect(),
        };
        let _ = writeln!(out, "# {}\n#{} = {}", view.name, view.id, list(&names));
    }
    out
}

fn fields(columns: &[Column]) -> Vec<String> {
    columns.iter().map(|column| column.field.to_owned()).collect()
}

/// A list of texts as TOML.
pub(super) fn list(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", quoted.join(", "))
}

/// A text as TOML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::super::read_text;
    use super::*;

    #[test]
    fn the_defaults_are_right_line_by_line() {
        let text = defaults();
        assert_eq!(read_text(&text).1, []);
        let mut table = "";
        for line in text.lines() {
            match line.strip_prefix('#') {
                None if line.starts_with('[') => table = line,
                Some(setting) if !setting.starts_with(' ') => {
                    let one = format!("{table}\n{setting}\n");
                    assert_eq!(read_text(&one).1, [], "{one}");
                }
                _ => {}
            }
        }
    }
}
