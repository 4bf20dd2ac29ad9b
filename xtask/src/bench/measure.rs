//! `measure`, the format's example that times its encoder and its reader, as a child of its own for each answer.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::{process, workspace};

/// The program, built.
pub(crate) struct Measure(PathBuf);

/// Numbers with their names, as `measure` prints them in one line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figures(Vec<(String, f64)>);

/// What one column of a trace takes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    /// Table and field.
    pub(crate) name: String,
    /// Stored bytes for each event of the trace.
    pub(crate) each: f64,
}

impl Measure {
    /// Builds it.
    pub(crate) fn build(root: &Path) -> Result<Self> {
        workspace::build_measure(root).map(Self)
    }

    /// The figures that `measure WHAT TRACE` prints.
    pub(crate) fn figures(&self, what: &str, trace: &Path) -> Result<Figures> {
        let mut command = self.command(what, trace);
        Figures::parse(&process::output(&mut command)?)
            .with_context(|| format!("from `{}`", process::describe(&command)))
    }

    /// The columns of a trace, the largest first.
    pub(crate) fn columns(&self, trace: &Path) -> Result<Vec<Column>> {
        let mut command = self.command("columns", trace);
        Column::parse(&process::output(&mut command)?)
            .with_context(|| format!("from `{}`", process::describe(&command)))
    }

    /// Writes copies of a trace behind each other into `out`, until it has this size in bytes. Says how far it is on
    /// standard error.
    pub(crate) fn grow(&self, trace: &Path, out: &Path, bytes: u64) -> Result<Figures> {
        let mut command = self.command("grow", trace);
        command.arg(out).arg(bytes.to_string());
        let what = process::describe(&command);
        let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
        let output = output.with_context(|| format!("cannot start `{what}`"))?;
        if !output.status.success() {
            bail!("`{what}` failed: {}", output.status);
        }
        Figures::parse(&String::from_utf8_lossy(&output.stdout)).with_context(|| format!("from `{what}`"))
    }

    fn command(&self, what: &str, trace: &Path) -> Command {
        let mut command = Command::new(&self.0);
        command.arg(what).arg(trace);
        command
    }
}

impl Figures {
    /// Reads such a line.
    pub(super) fn parse(said: &str) -> Result<Self> {
        let words: Vec<&str> = said.split_whitespace().collect();
        let pairs = words.chunks(2).map(|pair| match pair {
            [name, number] => Some(((*name).to_owned(), number.parse().ok()?)),
            _ => None,
        });
        let pairs: Option<Vec<(String, f64)>> = pairs.collect();
        match pairs.filter(|pairs| !pairs.is_empty()) {
            Some(pairs) => Ok(Self(pairs)),
            None => bail!("expected names and numbers, found {said:?}"),
        }
    }

    /// A number by its name.
    pub(crate) fn get(&self, name: &str) -> Result<f64> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found
            .map(|(_, number)| *number)
            .with_context(|| format!("`measure` did not say {name}"))
    }
}

impl Column {
    fn parse(said: &str) -> Result<Vec<Self>> {
        let columns = said.lines().map(|line| {
            let mut words = line.split_whitespace();
            let (_bytes, each) = (words.next()?, words.next()?.parse().ok()?);
            let name = words.collect::<Vec<_>>().join(" ");
            (!name.is_empty()).then_some(Self { name, each })
        });
        let columns: Option<Vec<Self>> = columns.collect();
        columns.with_context(|| format!("expected bytes, bytes per event and a name in each line, found {said:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_pairs_of_name_and_number() {
        let figures = Figures::parse("events 1200 push 41.50 total 150.00\n").unwrap();
        assert_eq!(figures.get("events").unwrap(), 1200.0);
        assert_eq!(figures.get("total").unwrap(), 150.0);
        assert_eq!(
            figures.get("close").unwrap_err().to_string(),
            "`measure` did not say close"
        );
    }

    #[test]
    fn other_output_is_no_figures() {
        for said in ["", "events", "events many", "events 1 push"] {
            assert!(Figures::parse(said).is_err(), "{said:?}");
        }
    }

    #[test]
    fn columns_have_names_of_several_words() {
        let said = "   1048576 0.7300 events time\n       512 0.0004 events param openat 1\n";
        let column = |name: &str, each| Column {
            name: name.to_owned(),
            each,
        };
        assert_eq!(
            Column::parse(said).unwrap(),
            [column("events time", 0.73), column("events param openat 1", 0.0004)]
        );
        assert_eq!(Column::parse("").unwrap(), []);
        for said in ["12 0.5\n", "12 half events time\n"] {
            assert!(Column::parse(said).is_err(), "{said:?}");
        }
    }
}
