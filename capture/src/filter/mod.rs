//! `--filter`: the filter language of the analyzer while recording.
//!
//! What can be said of a kind of event without seeing one decides which calls the kernel records at all, and which of
//! them only where they fail. Conditions on process, user and container narrow the kernel's scope. The rest, and
//! whatever the kernel could only narrow, is decided here before an event is written; the state follows every record.

mod explain;
mod foresee;
mod live;
mod narrow;

pub(crate) use explain::explain;
pub(crate) use live::Live;

use crate::catalogue::Catalogue;
use crate::profile::Take;
use afterimage_format::model::Kind;
use afterimage_query::Settings;
use anyhow::{Result, anyhow, bail};
use foresee::{Result as Known, Verdict, foresee};

/// A checked filter.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) text: String,
    query: afterimage_query::Filter,
}

impl Filter {
    /// Parses and checks.
    ///
    /// # Errors
    /// The place that is wrong, underlined; that it can never hold.
    pub(crate) fn parse(text: &str) -> Result<Filter> {
        let query = afterimage_query::Filter::compile(text, &Settings::default())
            .map_err(|error| anyhow!("--filter:\n{}", error.render(text)))?;
        let filter = Filter {
            text: text.to_owned(),
            query,
        };
        if Catalogue::new()
            .kinds
            .iter()
            .all(|kind| filter.foresee(kind, Known::Any) == Verdict::Never)
        {
            bail!("--filter: no event can pass `{text}`");
        }
        Ok(filter)
    }

    fn foresee(&self, kind: &Kind, result: Known) -> Verdict {
        foresee(self.query.root(), kind, result)
    }

    /// Takes out of the catalogue what cannot pass, beyond what `take` (the profile) leaves out.
    pub(crate) fn choose(&self, catalogue: &mut Catalogue, take: impl Fn(&Kind) -> Take) {
        catalogue.choose(|kind| match self.foresee(kind, Known::Any) {
            Verdict::Never => Take::Never,
            Verdict::Maybe | Verdict::Always => take(kind),
        });
        catalogue.only_failed(|kind| self.foresee(kind, Known::Success) == Verdict::Never);
    }

    /// Whether anything that the catalogue still has can pass.
    pub(crate) fn leaves_something(&self, catalogue: &Catalogue) -> bool {
        let mut calls = catalogue.calls();
        let mut others = catalogue.kinds.iter().filter(|kind| kind.syscall.is_none());
        calls.any(|(call, _)| call.take != Take::Never)
            || others.any(|kind| self.foresee(kind, Known::Any) != Verdict::Never)
    }

    /// Whether the kernel has calls to look at the result of.
    pub(crate) fn has_failures_only(&self, catalogue: &Catalogue) -> bool {
        catalogue
            .specs
            .iter()
            .any(|spec| spec.recorded == afterimage_abi::recorded::FAILED)
    }
}

#[cfg(test)]
mod tests;
