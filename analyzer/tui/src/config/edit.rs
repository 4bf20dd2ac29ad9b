//! Puts one setting into a configuration file that a person wrote: nothing else in it changes.

use super::defaults::list;
use toml::Table;
use toml::Value;
use toml::de::{DeTable, DeValue};

/// The text with these columns for the view `id`.
///
/// # Errors
/// Why it cannot be done; the line is then to be written by hand.
pub(crate) fn set_columns(text: &str, id: &str, columns: &[String]) -> Result<String, String> {
    let line = format!("{id} = {}", list(columns));
    let by_hand = || format!("write it yourself under [columns]: {line}");
    let before: Table = text
        .parse()
        .map_err(|_| format!("the file is not understood; {}", by_hand()))?;
    let new = match place(text, id) {
        Place::Value(from, to) => format!("{}{}{}", &text[..from], list(columns), &text[to..]),
        Place::Line(at) => format!("{}{line}\n{}", &text[..at], &text[at..]),
        Place::None => {
            let gap = match text {
                "" => "",
                text if text.ends_with('\n') => "\n",
                _ => "\n\n",
            };
            format!("{text}{gap}[columns]\n{line}\n")
        }
    };
    // Whatever the file looks like: it says afterwards what it said, and this.
    let mut expected = before;
    let values = columns.iter().map(|column| Value::String(column.clone())).collect();
    let of = expected.entry("columns").or_insert_with(|| Value::Table(Table::new()));
    match of {
        Value::Table(table) => table.insert(id.to_owned(), Value::Array(values)),
        _ => return Err(by_hand()),
    };
    match new.parse::<Table>() {
        Ok(after) if after == expected => Ok(new),
        _ => Err(by_hand()),
    }
}

enum Place {
    /// The value stands from here to there.
    Value(usize, usize),
    /// A line can begin here.
    Line(usize),
    /// There is no table of columns.
    None,
}

fn place(text: &str, id: &str) -> Place {
    if let Ok(table) = DeTable::parse(text)
        && let Some((_, columns)) = table.get_ref().iter().find(|(key, _)| key.get_ref() == "columns")
        && let DeValue::Table(columns) = columns.get_ref()
        && let Some((_, value)) = columns.iter().find(|(key, _)| key.get_ref() == id)
    {
        let span = value.span();
        return Place::Value(span.start, span.end);
    }
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        let head = line.split('#').next().unwrap_or_default().trim();
        if head == "[columns]" && line.ends_with('\n') {
            return Place::Line(at);
        }
    }
    Place::None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_setting_changes_and_the_rest_stays() {
        let columns = ["evt.num".to_owned(), "proc.name".to_owned()];
        for (text, expected) in [
            ("", "[columns]\nevents = [\"evt.num\", \"proc.name\"]\n"),
            (
                "# mine\ntheme = \"dark\" # night",
                "# mine\ntheme = \"dark\" # night\n\n[columns]\nevents = [\"evt.num\", \"proc.name\"]\n",
            ),
            (
                "[columns] # here\nprocs = [\"pid\"]\n",
                "[columns] # here\nevents = [\"evt.num\", \"proc.name\"]\nprocs = [\"pid\"]\n",
            ),
            (
                "[columns]\nevents = [ # old\n  \"evt.time\",\n] # end\nprocs = [\"pid\"]\n",
                "[columns]\nevents = [\"evt.num\", \"proc.name\"] # end\nprocs = [\"pid\"]\n",
            ),
            (
                "columns.events = [\"x\"]\n[keys]\n",
                "columns.events = [\"evt.num\", \"proc.name\"]\n[keys]\n",
            ),
        ] {
            assert_eq!(set_columns(text, "events", &columns).as_deref(), Ok(expected), "{text}");
        }
        for text in [
            "[columns",
            "columns = 5\n",
            "columns = { procs = [\"pid\"] }\n",
            "a = \"\"\"\n[columns]\n\"\"\"\n",
        ] {
            let refused = set_columns(text, "events", &columns);
            assert!(
                refused
                    .as_ref()
                    .is_err_and(|why| why.ends_with("events = [\"evt.num\", \"proc.name\"]")),
                "{text}: {refused:?}"
            );
        }
    }
}
