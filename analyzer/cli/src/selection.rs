//! Which events of a file a command is about.

use crate::input::{Input, Macros, Span, Zone, any_trace, filter};
use crate::progress::Scanning;
use afterimage_query::{Filter, Query};
use anyhow::Result;
use clap::Args;
use std::path::Path;

/// Which events.
#[derive(Args)]
pub(crate) struct Selection {
    /// Only events that pass, as in `container.name = web and proc.name = sh`; see `analyze fields`
    #[arg(short, long, value_name = "EXPR", allow_hyphen_values = true)]
    filter: Option<String>,
    #[command(flatten)]
    macros: Macros,
    #[command(flatten)]
    span: Span,
    #[command(flatten)]
    zone: Zone,
}

/// A file, and what is asked of it.
pub(crate) struct Selected {
    /// The file.
    pub(crate) input: Input,
    filter: Option<Filter>,
    from: Option<i64>,
    to: Option<i64>,
    progress: Scanning,
}

impl Selected {
    /// The query, for all that is found.
    pub(crate) fn query(&self) -> Query<'_> {
        Query {
            filter: self.filter.as_ref(),
            from: self.from,
            to: self.to,
            limit: None,
            progress: Some(&self.progress),
        }
    }
}

impl Selection {
    /// Opens a file; of its events those count that pass the filter and `condition`.
    pub(crate) fn open(&self, file: &Path, condition: &str) -> Result<Selected> {
        let zone = self.zone.get();
        let rules = self.macros.load()?;
        if let Some(text) = &self.filter {
            // By itself, so that an error shows what was written.
            filter(text, &any_trace(zone).with_rules(&rules))?;
        }
        let input = Input::open(file, zone)?;
        let settings = input.context.settings().with_rules(&rules);
        let (from, to) = self.span.resolve(&settings)?;
        let text = match (&self.filter, condition) {
            (None, "") => None,
            (None, condition) => Some(condition.to_owned()),
            (Some(text), "") => Some(text.clone()),
            (Some(text), condition) => Some(format!("({condition}) and ({text}\n)")),
        };
        let filter = text.map(|text| filter(&text, &settings)).transpose()?;
        Ok(Selected {
            progress: Scanning::new(&input.path, &input.trace, false),
            input,
            filter,
            from,
            to,
        })
    }
}
