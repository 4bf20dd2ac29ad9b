//! `analyze commands`

use crate::json;
use crate::output::{rfc3339, shown_time, stdout};
use crate::selection::Selection;
use crate::status::Status;
use crate::table::aligned;
use afterimage_query::check::TimeZone;
use afterimage_query::fields::FieldArg;
use afterimage_query::output::{escaped, time};
use afterimage_query::{EventRow, FieldId, Format, Row as _, Value, scan};
use anyhow::Result;
use serde::Serialize;
use std::collections::HashMap;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Tell who ran what: every program that was started, and directories that shells at a terminal changed to
#[derive(clap::Args)]
#[command(
    after_help = "USER is the user that the program ran as, and behind a slash who logged in, where that is another. EXIT is the \
    exit status, the signal that ended it, `exec` where another program took its place, and - where the trace ends before. \
    Programs are indented below the program that started them.\n\n\
    Keys of --json: time, end, seconds, kind (exec, chdir), user, uid, login_uid, tty, container_id, container_name, pod, \
    pid, parent_pid, parent, directory, command, exit_code, signal, replaced; null where not known.\n\n\
    Examples:\n  \
    analyze commands t.scap                          all\n  \
    analyze commands t.scap --interactive            only what has a terminal\n  \
    analyze commands t.scap -f 'container.name = web and user.uid = 0' --json\n  \
    analyze commands t.scap -f 'proc.aname = sshd'"
)]
pub(crate) struct Args {
    /// Trace
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only what has a terminal: what somebody typed, and what that started
    #[arg(short, long)]
    interactive: bool,
    #[command(flatten)]
    selection: Selection,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize, Default)]
struct Ran {
    time: Option<String>,
    end: Option<String>,
    seconds: Option<f64>,
    kind: &'static str,
    user: Option<String>,
    uid: Option<u64>,
    login_uid: Option<u64>,
    tty: Option<u64>,
    container_id: Option<String>,
    container_name: Option<String>,
    pod: Option<String>,
    pid: Option<u64>,
    parent_pid: Option<u64>,
    parent: Option<String>,
    directory: Option<String>,
    command: String,
    exit_code: Option<u8>,
    signal: Option<u8>,
    replaced: bool,
    #[serde(skip)]
    begun: i64,
    #[serde(skip)]
    depth: usize,
}

/// Programs and the ends of processes, and changes of directory at a terminal.
const CONDITION: &str = "(evt.type in (execve, execveat) and evt.dir = < and evt.rawres = 0) or evt.type = procexit or \
    (evt.type in (chdir, fchdir) and evt.dir = < and evt.rawres = 0 and proc.tty > 0 and \
    proc.name in (sh, bash, dash, ash, zsh, ksh, fish, csh, tcsh))";

/// How far a command is indented at most.
const MAX_DEPTH: usize = 12;

pub(crate) fn run(args: &Args) -> Result<Status> {
    let condition = match args.interactive {
        true => format!("({CONDITION}) and proc.tty > 0"),
        false => CONDITION.to_owned(),
    };
    let selected = args.selection.open(&args.file, &condition)?;
    let input = &selected.input;
    let zone = input.context.zone();
    let fields = Fields::new()?;
    let mut all: Vec<Ran> = Vec::new();
    // By process: the place of the program that it runs.
    let mut running: HashMap<u64, usize> = HashMap::new();
    let outcome = scan(&input.trace, &input.context, &selected.query(), |row| {
        let Some(pid) = fields.number(&row, "proc.pid") else {
            return ControlFlow::Continue(());
        };
        let kind = row.kind().map_or("", |kind| kind.name.as_str());
        if kind == "procexit" {
            if row.thread().is_some_and(|thread| thread.is_main())
                && let Some(at) = running.remove(&pid)
            {
                all[at].ended(&row, fields.number(&row, "evt.arg.status"));
            }
            return ControlFlow::Continue(());
        }
        let mut ran = fields.ran(&row);
        let parent = ran.parent_pid.and_then(|parent| running.get(&parent));
        ran.depth = parent.map_or(0, |at| all[*at].depth + 1);
        if kind.ends_with("chdir") {
            ran.kind = "chdir";
            ran.depth = running.get(&pid).map_or(0, |at| all[*at].depth + 1);
            ran.command = format!("cd {}", ran.directory.as_deref().unwrap_or("?"));
        } else if let Some(at) = running.insert(pid, all.len()) {
            let before = &mut all[at];
            before.replaced = true;
            before.over(row.time());
            ran.depth = before.depth;
        }
        all.push(ran);
        ControlFlow::Continue(())
    });
    let mut out = stdout();
    if args.json {
        all.iter().try_for_each(|ran| json::write_line(&mut out, ran))?;
    } else {
        let heading = ["TIME", "USER", "TTY", "CONTAINER", "PID", "EXIT", "SECONDS", "COMMAND"];
        let heading = heading.map(str::to_owned).to_vec();
        let rows: Vec<Vec<String>> = std::iter::once(heading)
            .chain(all.iter().map(|ran| ran.cells(zone)))
            .collect();
        for line in aligned(&rows, &[4, 5, 6]) {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()?;
    Ok(input.warn(&outcome.losses, &outcome.damage))
}

impl Ran {
    fn over(&mut self, time: i64) {
        self.end = u64::try_from(time).ok().and_then(rfc3339);
        self.seconds = Some(time.saturating_sub(self.begun) as f64 / 1e9);
    }

    /// `status` is what wait(2) tells: the exit status, or the signal.
    fn ended(&mut self, row: &EventRow<'_>, status: Option<u64>) {
        self.over(row.time());
        match status.map(|status| ((status >> 8) as u8, (status & 0x7f) as u8)) {
            Some((code, 0)) => self.exit_code = Some(code),
            Some((_, signal)) => self.signal = Some(signal),
            None => {}
        }
    }

    fn cells(&self, zone: TimeZone) -> Vec<String> {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let shown = |text: &Option<String>| or_dash(text.as_ref().map(|text| escaped(text.as_bytes())));
        let user = match (&self.user, self.uid) {
            (Some(name), _) => escaped(name.as_bytes()),
            (None, uid) => or_dash(uid.map(|uid| uid.to_string())),
        };
        let user = match self.login_uid {
            Some(login) if Some(login) != self.uid => format!("{user}/{login}"),
            _ => user,
        };
        let exit = match (self.exit_code, self.signal, self.replaced) {
            (Some(code), ..) => code.to_string(),
            (_, Some(signal), _) => afterimage_format::constants::signal_name(i64::from(signal))
                .unwrap_or_else(|| format!("signal {signal}")),
            (.., true) => "exec".to_owned(),
            _ => "-".to_owned(),
        };
        let container = match (&self.container_name, &self.container_id) {
            (Some(name), _) => escaped(name.as_bytes()),
            (None, id) => shown(id),
        };
        vec![
            shown_time(u64::try_from(self.begun).unwrap_or(0), zone),
            user,
            or_dash(self.tty.map(tty)),
            container,
            or_dash(self.pid.map(|pid| pid.to_string())),
            exit,
            or_dash(self.seconds.map(|seconds| format!("{seconds:.3}"))),
            format!(
                "{}{}",
                "  ".repeat(self.depth.min(MAX_DEPTH)),
                escaped(self.command.as_bytes())
            ),
        ]
    }
}

/// `pts/3` for a device number; major 136 to 143 are pseudo-terminals (Documentation/admin-guide/devices.txt).
fn tty(device: u64) -> String {
    let (major, minor) = (device >> 8 & 0xfff, device & 0xff | device >> 12 & 0xf_ff00);
    match major {
        136..=143 => format!("pts/{}", (major - 136) * 256 + minor),
        4 => format!("tty{minor}"),
        _ => format!("{major}:{minor}"),
    }
}

/// The fields that are read, looked up once.
struct Fields(HashMap<&'static str, (FieldId, FieldArg)>);

impl Fields {
    fn new() -> Result<Fields> {
        let names = [
            "proc.pid",
            "proc.ppid",
            "proc.pname",
            "proc.cmdline",
            "proc.exepath",
            "proc.cwd",
            "proc.tty",
            "user.name",
            "user.uid",
            "user.loginuid",
            "container.id",
            "container.name",
            "k8s.pod.name",
            "k8s.ns.name",
            "evt.arg.status",
        ];
        let field = |name: &'static str| Format::field(name).map(|(def, arg)| (name, (def.id, arg)));
        Ok(Fields(names.into_iter().map(field).collect::<Result<_, _>>()?))
    }

    fn value<'r>(&self, row: &'r EventRow<'_>, name: &str) -> Value<'r> {
        self.0.get(name).map_or(Value::Missing, |(id, arg)| row.value(*id, arg))
    }

    fn number(&self, row: &EventRow<'_>, name: &str) -> Option<u64> {
        match self.value(row, name) {
            Value::Uint(number) => Some(number),
            Value::Int(number) => u64::try_from(number).ok(),
            // Arguments are text.
            Value::Str(text) => std::str::from_utf8(&text).ok()?.parse().ok(),
            _ => None,
        }
    }

    fn text(&self, row: &EventRow<'_>, name: &str) -> Option<String> {
        match self.value(row, name) {
            Value::Str(text) => Some(json::text(&text)),
            _ => None,
        }
    }

    fn ran(&self, row: &EventRow<'_>) -> Ran {
        let text = |name: &str| self.text(row, name);
        let pod = text("k8s.pod.name").map(|pod| match text("k8s.ns.name") {
            Some(namespace) => format!("{namespace}/{pod}"),
            None => pod,
        });
        Ran {
            time: Some(time::rfc3339(row.time())),
            kind: "exec",
            user: text("user.name"),
            uid: self.number(row, "user.uid"),
            login_uid: self.number(row, "user.loginuid"),
            tty: self.number(row, "proc.tty").filter(|tty| *tty != 0),
            container_id: text("container.id"),
            container_name: text("container.name").filter(|name| name != "host"),
            pod,
            pid: self.number(row, "proc.pid"),
            parent_pid: self.number(row, "proc.ppid"),
            parent: text("proc.pname"),
            directory: text("proc.cwd"),
            command: text("proc.cmdline")
                .or_else(|| text("proc.exepath"))
                .unwrap_or_else(|| "?".to_owned()),
            begun: row.time(),
            ..Ran::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::tty;

    #[test]
    fn terminals_have_their_names() {
        assert_eq!(
            [tty(0x8803), tty(0x8900), tty(0x0401), tty(0x0500)],
            ["pts/3", "pts/256", "tty1", "5:0"]
        );
    }
}
