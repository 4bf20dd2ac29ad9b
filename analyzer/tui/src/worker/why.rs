//! What led to an event.

use super::job::Work;
use super::text::cut;
use crate::message::{Answer, Message};
use crate::state::{Line, Position};
use afterimage_query::Position as Place;
use afterimage_query::output::time;
use afterimage_query::reconstruct::why::{Step, why};

/// Deeper branches are not moved further to the right.
const MAX_INDENT: usize = 24;

/// Sends the steps, the event first, each behind the one that it explains.
pub(super) fn ask(work: &Work<'_>, position: Position, send: &mut dyn FnMut(Message)) {
    let opened = work.opened;
    let place = Place {
        segment: position.segment as usize,
        row: position.row as usize,
    };
    let stopped = || work.flow().is_break();
    let answer = match why(opened.trace(), opened.context(), place, &stopped) {
        Ok(answer) => answer,
        Err(_) if stopped() => return,
        Err(error) => return send(work.message(Answer::Nothing, Some(error.to_string()), true)),
    };
    let mut lines: Vec<Line> = Vec::with_capacity(answer.steps.len());
    for (at, depth) in answer.tree() {
        if let Some(step) = answer.steps.get(at) {
            lines.push(line(work, step, depth));
        }
    }
    if answer.left_out > 0 {
        let count = answer.left_out;
        lines.push(note(format!(
            "{count} more processes, files or connections could have led to it and are not shown"
        )));
    }
    if !answer.losses.is_empty() {
        lines.push(note(
            "events were lost before it: what led to it may be among them".into(),
        ));
    }
    let damage = answer
        .damage
        .first()
        .map(|error| cut(error.to_string().as_bytes(), 512));
    let title = lines
        .first()
        .and_then(|line| line.cells.last())
        .map_or(String::new(), |text| text.trim().to_owned());
    send(work.message(Answer::Lines(cut(title.as_bytes(), 80), lines), damage, true));
}

fn line(work: &Work<'_>, step: &Step, depth: usize) -> Line {
    let clock = match i64::try_from(step.time) {
        Ok(0) | Err(_) => "-".to_owned(),
        Ok(at) => time::short_clock(at, work.opened.context().zone()),
    };
    let doubt = step
        .doubt
        .as_ref()
        .map_or(String::new(), |doubt| format!("  [{doubt}]"));
    let text = format!("{}{}{doubt}", "  ".repeat(depth.min(MAX_INDENT)), step.text);
    let position = step.event.map(|event| Position {
        segment: u32::try_from(event.position.segment).unwrap_or(u32::MAX),
        row: u32::try_from(event.position.row).unwrap_or(u32::MAX),
    });
    let process = step
        .subject
        .as_ref()
        .filter(|_| position.is_none())
        .map(|subject| subject.pid);
    Line {
        cells: vec![clock, step.kind.name().into(), text],
        quiet: step.doubt.is_some(),
        position,
        label: process.map_or(String::new(), |pid| format!("pid {pid}")),
        filter: process.map_or(String::new(), |pid| format!("proc.pid = {pid}")),
        session: None,
    }
}

fn note(text: String) -> Line {
    Line {
        cells: vec![String::new(), String::new(), text],
        quiet: true,
        ..Line::default()
    }
}
