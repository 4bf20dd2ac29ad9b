//! `--by`, `--every`: events counted and summed up.

use super::explain::Explain;
use super::{Args, Asked};
use crate::groups::{self, Form};
use crate::output::stdout;
use crate::status::{Status, Usage};
use afterimage_query::aggregate::{self, Grouping, Measure, group};
use afterimage_query::check::parse_duration;
use afterimage_query::fields::{FieldArg, FieldDef};
use afterimage_query::output::escaped;
use afterimage_query::{Format, Hits, scan_fold};
use anyhow::Result;
use std::io::Write as _;
use std::path::PathBuf;

/// Groups rather than events.
#[derive(clap::Args)]
pub(super) struct Groups {
    /// Count events by the values of these fields, as in `proc.name,fd.name`; the largest groups first
    #[arg(long, value_name = "FIELD,…", value_delimiter = ',')]
    by: Vec<String>,
    /// Count events by stretches of time of this length: 10s, 1m
    #[arg(long, value_name = "TIME")]
    every: Option<String>,
    /// Only the N largest groups (of each stretch of time)
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// Sum up this number in each group and order by it: evt.buflen, evt.latency. May be given several times
    #[arg(long, value_name = "FIELD")]
    sum: Vec<String>,
    /// Its least value
    #[arg(long, value_name = "FIELD")]
    min: Vec<String>,
    /// Its greatest value
    #[arg(long, value_name = "FIELD")]
    max: Vec<String>,
    /// Its mean
    #[arg(long, value_name = "FIELD")]
    avg: Vec<String>,
    /// How many different values there are
    #[arg(long, value_name = "FIELD")]
    distinct: Vec<String>,
}

impl Groups {
    /// What was asked for; nothing where events are wanted.
    pub(super) fn grouping(&self) -> Result<Option<Grouping>> {
        let keys = self.by.iter().map(|name| field(name)).collect::<Result<Vec<_>>>()?;
        let every = match &self.every {
            None => None,
            Some(text) => match parse_duration(text).filter(|every| *every > 0) {
                Some(every) => Some(every),
                None => {
                    let text = escaped(text.as_bytes());
                    return Err(Usage(format!("--every: `{text}` is no length of time such as 10s or 1m")).into());
                }
            },
        };
        type Make = fn(&'static FieldDef, FieldArg) -> Measure;
        let asked: [(&Vec<String>, Make); 5] = [
            (&self.sum, Measure::Sum),
            (&self.avg, Measure::Avg),
            (&self.max, Measure::Max),
            (&self.min, Measure::Min),
            (&self.distinct, Measure::Distinct),
        ];
        let mut measures = Vec::new();
        for (names, make) in asked {
            for name in names {
                let (def, arg) = field(name)?;
                let measure = make(def, arg);
                if !measure.fits() {
                    let (name, ty) = (measure.name(), def.ty);
                    return Err(Usage(format!("{name} takes a number, and {} is a {ty}", def.name)).into());
                }
                measures.push(measure);
            }
        }
        if keys.is_empty() && every.is_none() && measures.is_empty() {
            return match self.top {
                Some(_) => Err(Usage("--top needs --by: the largest groups of what?".into()).into()),
                None => Ok(None),
            };
        }
        // Counting is what is always asked; sums come first where they are asked for.
        measures.push(Measure::Count);
        Ok(Some(Grouping { keys, every, measures }))
    }
}

fn field(name: &str) -> Result<(&'static FieldDef, FieldArg)> {
    Format::field(name).map_err(|error| Usage(format!("in the fields: {}", error.render(name))).into())
}

pub(super) fn run(
    args: &Args,
    grouping: &Grouping,
    open: &dyn Fn(&PathBuf) -> Result<Asked>,
    explain: &Explain,
) -> Result<Status> {
    let zone = args.zone.get();
    let mut all = aggregate::Groups::default();
    let mut status = Status::Done;
    for file in &args.files {
        let asked = open(file)?;
        let input = &asked.input;
        let of_segment = |hits: &Hits<'_, '_>, groups: &mut aggregate::Groups| group(hits, grouping, zone, groups);
        let (made, outcome) = scan_fold(
            &input.trace,
            &input.context,
            &asked.query(None),
            Default::default,
            of_segment,
        );
        made.into_iter().for_each(|made| all.merge(made));
        explain.say(input, asked.filter.as_ref(), &outcome);
        status = status.max(input.warn(&outcome.losses, &outcome.damage));
    }
    let mut out = stdout();
    let form = Form::new(args.json, args.csv);
    status = status.max(groups::write(
        &mut out,
        grouping,
        all,
        (args.groups.top, zone),
        (form, &[]),
    )?);
    out.flush()?;
    Ok(status)
}
