//! `analyze sessions`

use crate::input::{Input, Zone};
use crate::json;
use crate::output::{counted, rfc3339, shown_time, stdout};
use crate::status::Status;
use crate::table::aligned;
use afterimage_query::output::escaped;
use afterimage_query::reconstruct::size;
use afterimage_query::sessions::{Member, Session, Side, sessions};
use afterimage_query::{losses, reconstruct};
use anyhow::Result;
use serde::Serialize;
use std::io::Write as _;
use std::path::PathBuf;

/// List the terminal sessions: who sat at which terminal, when, and how much was shown and typed
#[derive(clap::Args)]
#[command(
    after_help = "SIDE is which side of the terminal was recorded: `master`, as a terminal emulator or sshd sees it, \
    with all that was shown; `slave`, as its programs see it, which lacks the echo of the terminal itself. `partly` says \
    that bytes or events of the session are missing: recorders keep the first bytes of each call (--snaplen).\n\n\
    Keys of --json: tty, side, container_id, user, uid, login_uid, sid, start, end, first_event, last_event, bytes_out, \
    bytes_in, bytes_missing, complete, processes (pid, name), more_processes.\n\n\
    Examples:\n  \
    analyze sessions t.scap\n  \
    analyze sessions t.scap --json\n  \
    analyze follow t.scap pts/3   what went through a terminal"
)]
pub(crate) struct Args {
    /// Trace
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// One JSON object for each session
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    zone: Zone,
}

#[derive(Serialize)]
struct Object {
    tty: String,
    side: &'static str,
    container_id: String,
    user: Option<String>,
    uid: Option<u32>,
    login_uid: Option<u32>,
    sid: Option<u32>,
    start: Option<String>,
    end: Option<String>,
    first_event: u64,
    last_event: u64,
    bytes_out: u64,
    bytes_in: u64,
    bytes_missing: u64,
    complete: bool,
    processes: Vec<Process>,
    more_processes: usize,
}

#[derive(Serialize)]
struct Process {
    pid: u32,
    name: String,
}

pub(crate) fn run(args: &Args) -> Result<Status> {
    let input = Input::open(&args.file, args.zone.get())?;
    let Some(found) = sessions(&input.trace, &input.context, &|| false) else {
        return Ok(Status::Done);
    };
    let mut out = stdout();
    if args.json {
        for session in &found.list {
            json::write_line(&mut out, &object(&input, session))?;
        }
    } else {
        writeln!(out, "{}", counted(found.list.len() as u64, "terminal session"))?;
        let heading = [
            "TTY",
            "SIDE",
            "CONTAINER",
            "USER",
            "START",
            "LASTED",
            "SHOWN",
            "TYPED",
            "",
            "PROCESSES",
        ];
        let rows = found.list.iter().map(|session| row(&input, session));
        let rows: Vec<Vec<String>> = std::iter::once(heading.map(str::to_owned).to_vec())
            .chain(rows)
            .collect();
        if rows.len() > 1 {
            for line in aligned(&rows, &[5, 6, 7]) {
                writeln!(out, "{line}")?;
            }
        }
    }
    out.flush()?;
    if found.left_out > 0 {
        eprintln!(
            "analyze: {} of other sessions are not shown",
            counted(found.left_out as u64, "event")
        );
    }
    let lost = losses(&input.trace, None, None);
    let damage: Vec<_> = found.damage.into_iter().chain(lost.damage).collect();
    Ok(input.warn(&lost.records, &damage))
}

fn side(session: &Session) -> &'static str {
    match session.side {
        Side::Master => "master",
        Side::Slave => "slave",
    }
}

fn container(input: &Input, key: u64) -> String {
    match (key, input.context.container(key)) {
        (0, _) => "host".to_owned(),
        (_, Some(container)) => container.short_id().to_owned(),
        (_, None) => "?".to_owned(),
    }
}

fn user(input: &Input, session: &Session) -> Option<String> {
    match input.context.user(session.container, session.uid) {
        Some(user) => Some(user.name.clone()),
        None => (session.uid == 0).then(|| "root".to_owned()),
    }
}

fn row(input: &Input, session: &Session) -> Vec<String> {
    let number = (session.uid != u32::MAX).then(|| session.uid.to_string());
    let user = user(input, session).or(number).unwrap_or_else(|| "-".to_owned());
    let member = |member: &Member| format!("{}({})", escaped(&member.name), member.pid);
    let mut processes: Vec<String> = session.processes.iter().take(6).map(member).collect();
    let more = session.processes.len() - processes.len() + session.more_processes;
    if more > 0 {
        processes.push(format!("and {more} more"));
    }
    let lasted = u64::try_from(session.last.saturating_sub(session.first)).unwrap_or(0);
    vec![
        escaped(session.tty.strip_prefix(b"/dev/").unwrap_or(&session.tty)),
        side(session).to_owned(),
        escaped(container(input, session.container).as_bytes()),
        escaped(user.as_bytes()),
        shown_time(u64::try_from(session.first).unwrap_or(0), input.context.zone()),
        reconstruct::duration(lasted),
        size(session.bytes_out),
        size(session.bytes_in),
        if session.complete { "" } else { "partly" }.to_owned(),
        processes.join(" "),
    ]
}

fn object(input: &Input, session: &Session) -> Object {
    let known = |id: u32| Some(id).filter(|id| *id != u32::MAX);
    let time = |at: i64| u64::try_from(at).ok().and_then(rfc3339);
    let process = |member: &Member| Process {
        pid: member.pid,
        name: json::text(&member.name),
    };
    Object {
        tty: json::text(&session.tty),
        side: side(session),
        container_id: container(input, session.container),
        user: user(input, session),
        uid: known(session.uid),
        login_uid: known(session.loginuid),
        sid: Some(session.sid).filter(|sid| *sid != 0),
        start: time(session.first),
        end: time(session.last),
        first_event: session.events.0,
        last_event: session.events.1,
        bytes_out: session.bytes_out,
        bytes_in: session.bytes_in,
        bytes_missing: session.lacks,
        complete: session.complete,
        processes: session.processes.iter().map(process).collect(),
        more_processes: session.more_processes,
    }
}
