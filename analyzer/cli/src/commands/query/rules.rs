//! `--rules`: what the rules of Falco's rules files find.

use super::explain::Explain;
use super::printer::Printer;
use super::{Args, Asked};
use crate::input::load_rules;
use crate::output::stdout;
use crate::status::{Status, Usage};
use afterimage_query::lang::{self, Expr};
use afterimage_query::output::{LineWriter, escaped};
use afterimage_query::{EventRow, Filter, Found, Query, Rule, Rules, Settings, compile_all, scan_several};
use anyhow::Result;
use std::collections::HashSet;
use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

/// Rules rather than one filter.
#[derive(clap::Args)]
pub(super) struct Chosen {
    /// Show what the rules of this Falco rules file find: the rule, then the usual line. May be given several times; later
    /// files change earlier ones. With -f, only of what passes it, too
    #[arg(id = "rules_file", long = "rules", value_name = "FILE", conflicts_with_all = ["macros_file", "output"])]
    files: Vec<PathBuf>,
    /// Only the rule of this name, even where the file switches it off. May be given several times
    #[arg(id = "rule_name", long = "rule", value_name = "NAME", requires = "rules_file")]
    names: Vec<String>,
}

impl Chosen {
    pub(super) fn are_any(&self) -> bool {
        !self.files.is_empty()
    }

    pub(super) fn load(&self) -> Result<Arc<Rules>> {
        load_rules(&self.files)
    }

    /// The rules that are to run and can.
    fn of<'r>(&self, rules: &'r Rules, settings: &Settings, also: Option<&Expr>) -> Result<Vec<&'r Rule>> {
        let wanted: Vec<&Rule> = match self.names.as_slice() {
            [] => rules.rules().iter().filter(|rule| rule.enabled).collect(),
            names => {
                let mut seen = HashSet::new();
                let names = names.iter().filter(|name| seen.insert(name.as_str()));
                let found = names.map(|name| rules.rule(name)).collect::<Result<_, _>>();
                found.map_err(|error| Usage(format!("--rule: {}", escaped(error.to_string().as_bytes()))))?
            }
        };
        let mut can = Vec::new();
        for (rule, made) in wanted.iter().zip(compile_all(&wanted, settings, also)) {
            match made {
                Ok(_) => can.push(*rule),
                Err(error) => eprintln!(
                    "analyze: the rule \"{}\" is left out: {}",
                    escaped(rule.name.as_bytes()),
                    escaped(error.to_string().as_bytes())
                ),
            }
        }
        match can.is_empty() {
            true => Err(Usage("--rules: there is no rule that can run".into()).into()),
            false => Ok(can),
        }
    }
}

/// Lines, and where each ends.
#[derive(Default)]
struct Lines {
    text: Vec<u8>,
    ends: Vec<usize>,
}

pub(super) fn run(
    args: &Args,
    printer: &Printer,
    settings: &Settings,
    open: &dyn Fn(&PathBuf) -> Result<Asked>,
    explain: &Explain,
) -> Result<Status> {
    if args.files.len() > 1 && !args.count {
        return Err(Usage("--rules takes one FILE, or several with --count".into()).into());
    }
    // It was compiled already, so it parses.
    let also = args.filter.as_ref().and_then(|text| lang::parse(text).ok());
    let rules = args.rules.of(&settings.rules, settings, also.as_ref())?;
    let labels: Vec<String> = rules.iter().map(|rule| escaped(rule.name.as_bytes())).collect();
    let mut counts = vec![0; rules.len()];
    let mut status = Status::Done;
    for file in &args.files {
        let asked = open(file)?;
        let settings = asked.input.context.settings().with_rules(&settings.rules);
        let filters: Vec<Filter> = compile_all(&rules, &settings, also.as_ref())
            .into_iter()
            .collect::<Result<_, _>>()
            .map_err(|error| Usage(escaped(error.to_string().as_bytes())))?;
        let queries: Vec<Query<'_>> = filters
            .iter()
            .map(|filter| Query {
                filter: Some(filter),
                from: asked.from,
                to: asked.to,
                progress: Some(&asked.progress),
                limit: args.limit,
            })
            .collect();
        status = status.max(if args.count {
            count(&asked, &queries, &mut counts, explain)
        } else {
            lines(&asked, &queries, (printer, &labels), explain)?
        });
    }
    if args.count {
        let mut out = stdout();
        let width = counts.iter().max().map_or(1, |most: &u64| most.to_string().len());
        let mut all: Vec<(u64, &String)> = counts.into_iter().zip(&labels).collect();
        // Those that find most come first, the others in the order of the file.
        all.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        for (count, label) in all {
            writeln!(out, "{count:width$}  {label}")?;
        }
        out.flush()?;
    }
    Ok(status)
}

fn count(asked: &Asked, queries: &[Query<'_>], counts: &mut [u64], explain: &Explain) -> Status {
    let input = &asked.input;
    let of_segment = |found: &Found<'_, '_>| -> Vec<(usize, u64)> {
        found
            .hits()
            .iter()
            .map(|(number, hits)| (*number, hits.count()))
            .collect()
    };
    let outcome = scan_several(&input.trace, &input.context, queries, of_segment, |made| {
        for (number, count) in made.value {
            let most = queries[number].limit.unwrap_or(u64::MAX);
            counts[number] = (counts[number] + count).min(most);
        }
        ControlFlow::Continue(())
    });
    explain.say(input, asked.filter.as_ref(), &outcome);
    input.warn(&outcome.losses, &outcome.damage)
}

fn lines(
    asked: &Asked,
    queries: &[Query<'_>],
    (printer, labels): (&Printer, &[String]),
    explain: &Explain,
) -> Result<Status> {
    const KEY: &str = "rule";
    let mut out = stdout();
    if let Some(heading) = printer.heading(Some(KEY)) {
        writeln!(out, "{heading}")?;
    }
    let input = &asked.input;
    let zone = input.context.zone();
    let of_segment = |found: &Found<'_, '_>| {
        let mut lines = Lines::default();
        let mut writer = LineWriter::default();
        for (row, rule) in found.rows() {
            let row = EventRow::new(found.segment(), row as usize);
            let label = Some((KEY, labels[rule].as_str()));
            printer.write(&mut writer, &row, zone, label, &mut lines.text);
            lines.ends.push(lines.text.len());
        }
        lines
    };
    let mut left = queries.first().and_then(|query| query.limit);
    let mut written: io::Result<()> = Ok(());
    let outcome = scan_several(&input.trace, &input.context, queries, of_segment, |made| {
        let Lines { text, ends } = made.value;
        let wanted = match left {
            Some(left) if (ends.len() as u64) > left => {
                let last = usize::try_from(left).ok().and_then(|left| left.checked_sub(1));
                last.map_or(0, |last| ends[last])
            }
            _ => text.len(),
        };
        left = left.map(|left| left.saturating_sub(ends.len() as u64));
        written = out.write_all(&text[..wanted]);
        if written.is_err() || left == Some(0) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    written?;
    out.flush()?;
    explain.say(input, asked.filter.as_ref(), &outcome);
    Ok(input.warn(&outcome.losses, &outcome.damage))
}
