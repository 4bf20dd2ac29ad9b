//! docs/benchmarks.md: each command keeps its own part of it and leaves the others alone.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::machine;

const TITLE: &str = "# Benchmarks\n\nMeasured by this repository's own commands, which replace these figures when run with `--save`.\n\n";

/// The part of one command.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    /// The command that makes it, without options.
    command: &'static str,
    title: &'static str,
}

impl Part {
    pub(crate) const RECORD: Part = Part::new("record", "Recording");
    pub(crate) const SIZE: Part = Part::new("size", "Size of traces");
    pub(crate) const SEEK: Part = Part::new("seek", "Seeking");
    pub(crate) const QUERY: Part = Part::new("query", "Queries");
    pub(crate) const SCREEN: Part = Part::new("screen", "Terminal interface");
    pub(crate) const SOAK: Part = Part::new("soak", "An agent under a steady load");
    pub(crate) const RING: Part = Part::new("ring", "How far back a ring goes");
    pub(crate) const ENCODE: Part = Part::new("encode", "Encoding");
    pub(crate) const DECODE: Part = Part::new("decode", "Decoding");

    const fn new(command: &'static str, title: &'static str) -> Self {
        Self { command, title }
    }

    /// Prints a report under its heading, with the command line and the machine; keeps it in the document with `save`.
    /// The report begins with what its figures are.
    pub(crate) fn publish(self, root: &Path, report: &str, save: bool) -> Result<()> {
        let text = self.headed(report, &machine::describe()?, &command_line());
        print!("{text}");
        if save {
            let file = root.join("docs/benchmarks.md");
            let before = fs::read_to_string(&file).unwrap_or_default();
            fs::write(&file, self.place(&before, &text)).with_context(|| format!("cannot write {}", file.display()))?;
            println!("\nxtask: saved in {}", file.display());
        }
        Ok(())
    }

    fn headed(self, report: &str, machine: &str, command: &str) -> String {
        format!("## {}\n\n`{command}`\n\n{machine}; {report}", self.title)
    }

    /// A document with this part replaced, or added at its end.
    fn place(self, document: &str, text: &str) -> String {
        let begin = format!("<!-- begin: cargo xtask bench {} -->\n", self.command);
        let end = format!("<!-- end: cargo xtask bench {} -->\n", self.command);
        let part = format!("{begin}{text}{end}");
        match (document.split_once(&begin), document.split_once(&end)) {
            (Some((before, _)), Some((_, after))) => format!("{before}{part}{after}"),
            _ if document.trim().is_empty() => format!("{TITLE}{part}"),
            _ => format!("{}\n\n{part}", document.trim_end()),
        }
    }
}

/// The command as it was typed, without the path of this program.
fn command_line() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    format!("cargo xtask {}", arguments.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_replaces_only_the_one_before() {
        let (begin, end) = (
            "<!-- begin: cargo xtask bench size -->\n",
            "<!-- end: cargo xtask bench size -->\n",
        );
        let first = Part::SIZE.place("", "one\n");
        assert_eq!(first, format!("{TITLE}{begin}one\n{end}"));
        let with_more = Part::SEEK.place(&first, "far\n");
        assert_eq!(
            Part::SIZE.place(&with_more, "two\n"),
            with_more.replace("one\n", "two\n"),
            "the other part stays as it is"
        );
        assert_eq!(
            Part::SIZE.place("# Other\n", "one\n"),
            format!("# Other\n\n{begin}one\n{end}")
        );
    }

    #[test]
    fn a_report_says_how_and_where_it_was_made() {
        assert_eq!(
            Part::SEEK.headed("medians.\n", "a machine", "cargo xtask bench seek"),
            "## Seeking\n\n`cargo xtask bench seek`\n\na machine; medians.\n"
        );
    }
}
