//! The order in which the tests of a filter are answered: cheap ones first, so that dear ones see few rows.

use crate::Filter;
use crate::eval::{Apply, Matcher, Node, Source, Test};
use crate::fields::{EvtField, FieldId};

/// A filter, put in order. `and` and `or` mean the same in any order.
pub(super) enum Step<'f> {
    And(Vec<Step<'f>>),
    Or(Vec<Step<'f>>),
    Not(Box<Step<'f>>),
    /// A test, and its number in the plan.
    Test(&'f Test, usize),
}

/// What is done for each segment.
pub(super) struct Plan<'f> {
    pub(super) root: Option<Step<'f>>,
    /// Whether rows count that only tell of the state of the machine.
    pub(super) with_state: bool,
}

impl<'f> Plan<'f> {
    pub(super) fn of(filter: Option<&'f Filter>) -> Plan<'f> {
        let mut tests = 0;
        Plan {
            root: filter.map(|filter| step(filter.root(), &mut tests).0),
            with_state: filter.is_none_or(Filter::asks_for_state),
        }
    }
}

/// The step, and what it costs.
fn step<'f>(node: &'f Node, tests: &mut usize) -> (Step<'f>, u32) {
    let mut several = |nodes: &'f [Node]| {
        let mut steps: Vec<(Step<'f>, u32)> = nodes.iter().map(|node| step(node, tests)).collect();
        steps.sort_by_key(|(_, cost)| *cost);
        let cost = steps.iter().map(|(_, cost)| cost).sum();
        (steps.into_iter().map(|(step, _)| step).collect(), cost)
    };
    match node {
        Node::And(nodes) => {
            let (steps, cost) = several(nodes);
            (Step::And(steps), cost)
        }
        Node::Or(nodes) => {
            let (steps, cost) = several(nodes);
            (Step::Or(steps), cost)
        }
        Node::Not(node) => {
            let (inner, cost) = step(node, tests);
            (Step::Not(Box::new(inner)), cost)
        }
        Node::Test(test) => {
            *tests += 1;
            (Step::Test(test, *tests - 1), cost(test))
        }
    }
}

fn cost(test: &Test) -> u32 {
    let left = source_cost(&test.source);
    match &test.matcher {
        Matcher::Against { right, .. } => left.max(source_cost(right)),
        _ => left,
    }
}

/// By what has to be read: nothing, one answer a thread or descriptor, a column, all of a row.
fn source_cost(source: &Source) -> u32 {
    let most = |sources: &[Source]| sources.iter().map(source_cost).max().unwrap_or(0);
    match source {
        Source::Text(_) => 0,
        Source::List(items) => most(items),
        Source::Apply(apply) => match &**apply {
            Apply::ToLower(inner)
            | Apply::ToUpper(inner)
            | Apply::Base64(inner)
            | Apply::Basename(inner)
            | Apply::Len(inner) => source_cost(inner),
            Apply::Join { separator, values } => source_cost(separator).max(source_cost(values)),
            Apply::Concat(parts) => most(parts),
            Apply::Getopt { args, options, .. } => source_cost(args).max(source_cost(options)),
        },
        Source::Field { def, .. } => match def.id {
            FieldId::Evt(EvtField::Type | EvtField::IsIo | EvtField::IsIoRead | EvtField::IsIoWrite)
            | FieldId::Syscall(_)
            | FieldId::Capture(_) => 0,
            FieldId::Proc(_)
            | FieldId::Thread(_)
            | FieldId::User(_)
            | FieldId::Group(_)
            | FieldId::Container(_)
            | FieldId::K8s(_) => 1,
            FieldId::Fd(_) => 2,
            FieldId::Evt(
                EvtField::RawRes
                | EvtField::Res
                | EvtField::Failed
                | EvtField::Latency
                | EvtField::Dir
                | EvtField::Buflen,
            ) => 3,
            FieldId::Evt(EvtField::Args | EvtField::Info) => 100,
            FieldId::Evt(EvtField::Arg | EvtField::Buffer) => 4,
            FieldId::Evt(_)
            | FieldId::Fs(_)
            | FieldId::Syslog(_)
            | FieldId::Fdlist(_)
            | FieldId::Ka(_)
            | FieldId::Jevt(_) => 10,
        },
    }
}

/// The tests of a filter in the order in which they are answered, and once for what each is.
pub fn describe(filter: &Filter) -> Vec<String> {
    fn each(step: &Step<'_>, out: &mut Vec<String>) {
        match step {
            Step::And(steps) | Step::Or(steps) => steps.iter().for_each(|step| each(step, out)),
            Step::Not(step) => each(step, out),
            Step::Test(test, _) => {
                let once_for = match cost(test) {
                    0 => "once for each kind of event",
                    1 => "once for each thread",
                    2 => "once for each descriptor",
                    3 => "on a column",
                    4 => "once for each string or number",
                    _ => "for each event that is left",
                };
                out.push(format!("{}: {once_for}", fields(&test.source)));
            }
        }
    }
    let mut out = Vec::new();
    each(&step(filter.root(), &mut 0).0, &mut out);
    out
}

/// The names of the fields that a source reads.
fn fields(source: &Source) -> String {
    match source {
        Source::Field { def, arg } => crate::output::field_name(def, arg),
        Source::Text(_) => "a constant".to_owned(),
        Source::List(items) => items.iter().map(fields).collect::<Vec<_>>().join(", "),
        Source::Apply(apply) => match &**apply {
            Apply::ToLower(inner)
            | Apply::ToUpper(inner)
            | Apply::Base64(inner)
            | Apply::Basename(inner)
            | Apply::Len(inner) => fields(inner),
            Apply::Join { values, .. } => fields(values),
            Apply::Concat(parts) => parts.iter().map(fields).collect::<Vec<_>>().join(", "),
            Apply::Getopt { args, .. } => fields(args),
        },
    }
}
