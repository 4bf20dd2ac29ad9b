//! Terminal sessions: their list, and what went through one of them.

use super::job::{Pace, Work};
use super::text::cut;
use crate::message::{Answer, Message};
use crate::state::{Frame, Line, Position};
use afterimage_query::output::{escaped, time};
use afterimage_query::sessions::{Session, Sessions, frames, sessions};
use std::ops::ControlFlow;

/// Names of processes that a line shows.
const NAMES: usize = 6;

/// Sends the list.
pub(super) fn list(work: &Work<'_>, send: &mut dyn FnMut(Message)) {
    let Some(found) = find(work) else { return };
    let lines = found
        .list
        .iter()
        .enumerate()
        .map(|(at, session)| line(work, at, session));
    let title = match found.left_out {
        0 => String::new(),
        more => format!("({more} more are not listed)"),
    };
    let damage = found.damage.first().map(|error| cut(error.to_string().as_bytes(), 512));
    send(work.message(Answer::Lines(title, lines.collect()), damage, true));
}

fn find(work: &Work<'_>) -> Option<Sessions> {
    let opened = work.opened;
    sessions(opened.trace(), opened.context(), &|| work.flow().is_break())
}

fn line(work: &Work<'_>, at: usize, session: &Session) -> Line {
    let opened = work.opened;
    let names: Vec<String> = session
        .processes
        .iter()
        .take(NAMES)
        .map(|process| escaped(&process.name))
        .collect();
    let more = (session.processes.len() + session.more_processes).saturating_sub(names.len());
    let mut processes = names.join(" ");
    if more > 0 {
        processes.push_str(&format!(" and {more} more"));
    }
    Line {
        cells: vec![
            time::short_clock(session.first, opened.context().zone()),
            cut(&session.tty, 64),
            container(work, session.container),
            user(session.uid),
            time::human(session.last.saturating_sub(session.first)),
            session.bytes_out.to_string(),
            session.bytes_in.to_string(),
            if session.complete { "yes".into() } else { "no".into() },
            processes,
        ],
        session: Some(at),
        ..Line::default()
    }
}

fn user(uid: u32) -> String {
    match uid {
        0 => "root".into(),
        u32::MAX => "-".into(),
        uid => uid.to_string(),
    }
}

fn container(work: &Work<'_>, key: u64) -> String {
    let opened = work.opened;
    match opened.context().container(key) {
        Some(container) => {
            let id = escaped(container.short_id().as_bytes());
            opened.container_name(&id).map_or(id.clone(), str::to_owned)
        }
        None => "host".into(),
    }
}

/// Sends what went through the session with this number.
pub(super) fn replay(work: &Work<'_>, number: usize, send: &mut dyn FnMut(Message)) {
    let Some(found) = find(work) else { return };
    let Some(session) = found.list.get(number) else {
        let missing = "this session is not there any more".to_owned();
        return send(work.message(Answer::Nothing, Some(missing), true));
    };
    let opened = work.opened;
    let mut title = Some(format!(
        "{} in {}, {}",
        cut(&session.tty, 64),
        container(work, session.container),
        user(session.uid)
    ));
    let (mut batch, mut lacking) = (Vec::new(), 0u64);
    let mut pace = Pace::new();
    let cancelled = || work.flow().is_break();
    let outcome = frames(opened.trace(), opened.context(), session, &cancelled, |frame| {
        lacking = lacking.saturating_add(frame.lacks);
        batch.push(Frame {
            position: Position {
                segment: u32::try_from(frame.position.segment).unwrap_or(u32::MAX),
                row: u32::try_from(frame.position.row).unwrap_or(u32::MAX),
            },
            at: frame.time.saturating_sub(session.first).max(0),
            typed: frame.typed,
            data: frame.data,
        });
        if pace.is_due() {
            let answer = Answer::Frames(title.take(), std::mem::take(&mut batch), std::mem::take(&mut lacking));
            send(work.message(answer, None, false));
        }
        ControlFlow::Continue(())
    });
    work.end(Answer::Frames(title, batch, lacking), &outcome, send);
}
