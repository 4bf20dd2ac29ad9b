//! `capture trigger`, `capture status` and `capture captures`: what a person or a script says to a running agent.

use super::alert::{Selector, Trigger};
use super::config::SOCKET;
use super::folder;
use crate::units;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Args)]
pub(crate) struct At {
    /// Socket of the agent.
    #[arg(long, value_name = "SOCKET", default_value = SOCKET)]
    socket: PathBuf,
}

#[derive(Args)]
pub(crate) struct TriggerArgs {
    #[command(flatten)]
    at: At,
    /// Capture this container: its id, at least 4 characters of it, or its name. May be given several times.
    #[arg(long = "container", value_name = "NAME|ID")]
    containers: Vec<String>,
    /// Capture this pod: NAMESPACE/NAME or its uid. May be given several times.
    #[arg(long = "pod", value_name = "NAMESPACE/NAME|UID")]
    pods: Vec<String>,
    /// Capture the pods of this namespace.
    #[arg(long = "namespace", value_name = "NAME")]
    namespaces: Vec<String>,
    /// Capture this process and its descendants.
    #[arg(long = "pid", value_name = "PID")]
    pids: Vec<u32>,
    /// Capture the whole node.
    #[arg(long)]
    node: bool,
    /// Why; it is kept with the capture.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// Time before now that the capture has [default: as configured].
    #[arg(long, value_name = "TIME", value_parser = units::duration)]
    pre: Option<Duration>,
    /// Time after now [default: as configured].
    #[arg(long, value_name = "TIME", value_parser = units::duration)]
    post: Option<Duration>,
    /// A name for this trigger: the same again joins the same capture.
    #[arg(long, value_name = "TEXT", default_value = "")]
    id: String,
    /// Print the whole answer.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    at: At,
    /// Print what Prometheus would be told.
    #[arg(long)]
    metrics: bool,
}

#[derive(Args)]
pub(crate) struct CapturesArgs {
    #[command(flatten)]
    at: At,
    /// One object a line, with everything that is known.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// Copy a sealed capture.
    Fetch {
        /// Its id.
        id: String,
        /// File to write.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
}

fn ask(at: &At, question: &Value) -> Result<Value> {
    let path = at.socket.display();
    let connected = UnixStream::connect(&at.socket);
    let denied = matches!(&connected, Err(error) if error.kind() == ErrorKind::PermissionDenied);
    let mut stream = connected.with_context(|| match denied {
        true => format!("only root and the group of `group` in [trigger.socket] may use the agent's socket {path}"),
        false => format!("cannot reach an agent at {path}; is `capture agent` running?"),
    })?;
    let asked = stream.write_all(format!("{question}\n").as_bytes());
    // A line is the answer: the end of the connection may come later, since a process of the agent's can hold it open. Who may
    // not ask is told so, and may not have got to the end of the question.
    let mut answer = String::new();
    let heard = BufReader::new(stream).read_line(&mut answer);
    if answer.is_empty() {
        asked.and(heard.map(drop)).context("the agent went away")?;
    }
    serde_json::from_str(&answer).context("the agent gave no answer; its log says more")
}

impl TriggerArgs {
    fn selectors(&self) -> Vec<Selector> {
        let with = |set: &dyn Fn(&mut Selector)| {
            let mut selector = Selector::default();
            set(&mut selector);
            selector
        };
        let mut all = Vec::new();
        for text in &self.containers {
            all.push(with(&|one| one.container_name.clone_from(text)));
            all.push(with(&|one| one.container_id.clone_from(text)));
        }
        for text in &self.pods {
            all.push(match text.split_once('/') {
                Some((namespace, pod)) => {
                    with(&|one| (one.namespace, one.pod) = (namespace.to_owned(), pod.to_owned()))
                }
                None => with(&|one| one.pod_uid.clone_from(text)),
            });
        }
        all.extend(
            self.namespaces
                .iter()
                .map(|text| with(&|one| one.namespace.clone_from(text))),
        );
        all.extend(self.pids.iter().map(|pid| with(&|one| one.pid = Some(*pid))));
        if self.node {
            all.push(with(&|one| one.node = "*".to_owned()));
        }
        all
    }
}

/// Returns the exit status.
pub(crate) fn trigger(args: &TriggerArgs) -> Result<u8> {
    let selectors = args.selectors();
    if selectors.is_empty() {
        bail!("say what to capture: --container, --pod, --namespace, --pid or --node");
    }
    let milliseconds = |time: Option<Duration>| time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    let trigger = Trigger {
        id: args.id.clone(),
        title: args.reason.clone(),
        selectors,
        pre: milliseconds(args.pre),
        post: milliseconds(args.post),
        ..Trigger::default()
    };
    let answer = ask(&args.at, &json!({"trigger": trigger}))?;
    if args.json {
        print(&format!("{answer}\n"));
    }
    if answer["ok"] != true {
        let hint = answer["hint"].as_str().unwrap_or_default();
        bail!(
            "{}{}{hint}",
            shown(&answer["error"]),
            if hint.is_empty() { "" } else { "; " }
        );
    }
    if !args.json {
        print(&format!("{}\n", shown(&answer["capture"])));
        let what = if answer["joined"] == true {
            "joined a capture of"
        } else {
            "capturing"
        };
        let note = shown(&answer["note"]);
        eprintln!(
            "capture: {what} {}{}{note}",
            shown(&answer["scope"]),
            if note.is_empty() { "" } else { ": " }
        );
    }
    Ok(0)
}

/// Returns the exit status.
pub(crate) fn status(args: &StatusArgs) -> Result<u8> {
    let question = if args.metrics {
        json!({"metrics": {}})
    } else {
        json!({"status": {}})
    };
    let answer = ask(&args.at, &question)?;
    match answer["metrics"].as_str() {
        Some(text) => print(text),
        None => print(&format!("{}\n", serde_json::to_string_pretty(&answer)?)),
    }
    Ok(0)
}

/// Returns the exit status.
pub(crate) fn captures(args: &CapturesArgs) -> Result<u8> {
    let answer = ask(&args.at, &json!({"captures": {}}))?;
    let all = answer["captures"].as_array().cloned().unwrap_or_default();
    if let Some(Action::Fetch { id, output }) = &args.action {
        let Some(found) = all.iter().find(|one| one["capture"] == id.as_str()) else {
            bail!("there is no capture {id}; `capture captures` lists them");
        };
        let Some(file) = found["file"].as_str().filter(|_| found["sealed"] == true) else {
            bail!("capture {id} is not sealed ({})", shown(&found["result"]));
        };
        return fetch(Path::new(file), output);
    }
    for one in &all {
        if args.json {
            print(&format!("{one}\n"));
            continue;
        }
        print(&format!(
            "{}  {:<13}  {:>9} events  {:>11} bytes  {}\n",
            shown(&one["capture"]),
            shown(&one["result"]),
            one["events"],
            one["bytes"],
            shown(&one["scope"]["text"])
        ));
    }
    Ok(0)
}

/// The file itself is read by whoever asks, with their own rights.
fn fetch(from: &Path, to: &Path) -> Result<u8> {
    let name = from.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_one = name.strip_suffix(".scap").is_some_and(folder::is_id);
    anyhow::ensure!(is_one, "the agent named a file that is no capture");
    let mut source = std::fs::File::open(from).with_context(|| format!("cannot read {}", from.display()))?;
    let target = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to);
    let mut target = target.with_context(|| format!("cannot create {}", to.display()))?;
    let copied = std::io::copy(&mut source, &mut target).and_then(|_| target.sync_all());
    if let Err(error) = copied {
        let _ = std::fs::remove_file(to);
        return Err(error).with_context(|| format!("cannot write {}", to.display()));
    }
    Ok(0)
}

/// Text of an answer, fit for a terminal.
fn shown(value: &Value) -> String {
    afterimage_query::output::escaped(value.as_str().unwrap_or_default().as_bytes())
}

/// Prints; a reader that has gone away is no error.
fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}
