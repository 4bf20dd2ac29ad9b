//! An agent that takes alerts over HTTP, and what belongs to it.

use super::agent::Agent;
use super::http::{self, Response};
use super::wait_for;
use serde_json::Value;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An agent whose sources all want the same token.
pub(crate) struct Doors {
    pub(crate) agent: Agent,
    pub(crate) token: String,
    /// Where its own lines begin in the log.
    log_from: usize,
}

/// What its configuration is made of.
#[derive(Default)]
pub(crate) struct Wanted<'a> {
    /// Lines of `[recording]`.
    pub(crate) recording: &'a str,
    /// Kinds of sources.
    pub(crate) sources: &'a [&'a str],
    /// Lines of `[http]`.
    pub(crate) http: &'a str,
    /// Further sections.
    pub(crate) more: &'a str,
    /// Lines of `[captures]`.
    pub(crate) captures: &'a str,
}

impl Wanted<'_> {
    fn text(&self, token: &Path) -> String {
        let source = |kind: &&str| {
            format!(
                "[[source]]\nkind = '{kind}'\nauth = {{ token_file = '{}' }}\n",
                token.display()
            )
        };
        let sources: String = self.sources.iter().map(source).collect();
        format!(
            "{}\n[http]\nlisten = ['127.0.0.1:0']\n{}\n{sources}\n{}\n[captures]\n{}\n[retention]\nmin_free = '0'\n",
            self.recording, self.http, self.more, self.captures
        )
    }
}

impl Doors {
    pub(crate) fn start(dir: &Path, wanted: &Wanted<'_>) -> Doors {
        Doors::start_with(dir, wanted, |_| {})
    }

    /// The same, where more has to be said about the process.
    pub(crate) fn start_with(dir: &Path, wanted: &Wanted<'_>, prepare: impl FnOnce(&mut Command)) -> Doors {
        // Recordings of the host see what other tests send: each has a token of its own.
        let token = format!("t0ken-of-{}", dir.file_name().unwrap().to_string_lossy());
        let file = dir.join("token");
        std::fs::write(&file, &token).unwrap();
        let log_from = std::fs::read_to_string(dir.join("log")).unwrap_or_default().len();
        let agent = Agent::start_with(dir, &wanted.text(&file), prepare);
        let doors = Doors { agent, token, log_from };
        wait_for("the doors", || doors.listening().is_some());
        doors
    }

    /// Where it listens now: a helper that is started again has another port.
    pub(crate) fn address(&self) -> SocketAddr {
        self.listening().unwrap()
    }

    fn listening(&self) -> Option<SocketAddr> {
        let log = self.agent.log();
        let (_, rest) = log.get(self.log_from..)?.rsplit_once("listening")?;
        // As text or as JSON.
        let rest = rest.trim_start_matches(['"', '=', ':']);
        rest.split(['"', '\n']).next()?.parse().ok()
    }

    /// Posts an alert with the right token.
    pub(crate) fn post(&self, source: &str, body: &str) -> Response {
        http::post(self.address(), &format!("/v1/{source}"), &self.token, body)
    }

    /// The same for an alert that must lead to a capture: its id.
    #[track_caller]
    pub(crate) fn captured(&self, source: &str, body: &str) -> String {
        let response = self.post(source, body);
        assert_eq!(response.status, 202, "{source}: {response:?}");
        let answer = response.json();
        // Where one request can have several alerts, each has its answer.
        let one = if answer["answers"].is_array() {
            &answer["answers"][0]
        } else {
            &answer
        };
        let id = one["capture"].as_str();
        id.unwrap_or_else(|| panic!("{source}: {answer}")).to_owned()
    }

    /// Agent, keeper, helpers, with the name that each was started with.
    pub(crate) fn family(&self) -> Vec<(String, u32)> {
        let agent = self.agent.pid();
        let keeper = helpers("capture-keeper", agent);
        let mut all = vec![("agent".to_owned(), agent)];
        all.extend(keeper.iter().map(|pid| ("keeper".to_owned(), *pid)));
        let alerts = keeper.iter().flat_map(|pid| helpers("capture-alerts", *pid));
        all.extend(alerts.map(|pid| ("helper".to_owned(), pid)));
        all
    }
}

/// A port that nobody has now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Children of a process by the name that they were started with.
pub(crate) fn helpers(name: &str, parent: u32) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let stat = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let of = stat
            .lines()
            .find_map(|line| line.strip_prefix("PPid:\t"))
            .and_then(|text| text.parse().ok());
        line.starts_with(name.as_bytes()) && of == Some(parent)
    })
    .collect()
}

/// A line of /proc/PID/status in KiB.
pub(crate) fn memory(pid: u32, line: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let found = text.lines().find_map(|text| text.strip_prefix(line)).unwrap();
    found.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Nanoseconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64
}

/// As alerts say it.
pub(crate) fn rfc3339(time: u64) -> String {
    afterimage_query::output::time::rfc3339(time as i64)
}

/// What Falco posts here about a container; without `time` it is about now.
pub(crate) fn falco(uuid: &str, container: &str, time: Option<u64>) -> Value {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let mut event = serde_json::json!({
        "uuid": uuid, "hostname": host.trim(), "output": "A shell was spawned", "priority": "Warning",
        "rule": "Terminal shell in container", "source": "syscall", "tags": ["container"],
        "output_fields": {"container.id": container, "proc.pid": null, "k8s.ns.name": null},
    });
    if let Some(time) = time {
        event["time"] = rfc3339(time).into();
    }
    event
}

/// How long after the end of its time a capture was ready, as the time of its side-car says.
pub(crate) fn ready_after(agent: &Agent, id: &str, summary: &Value) -> Duration {
    let to = Command::new("date")
        .args(["-u", "+%s%N", "-d", summary["to"].as_str().unwrap()])
        .output()
        .unwrap();
    let to: u64 = String::from_utf8(to.stdout).unwrap().trim().parse().unwrap();
    let written = std::fs::metadata(agent.folder().join(format!("{id}.json"))).unwrap();
    let written = written.modified().unwrap().duration_since(UNIX_EPOCH).unwrap();
    written.saturating_sub(Duration::from_nanos(to))
}

/// Something of the corpus beside the repository.
pub(crate) fn corpus(what: &str) -> Option<Value> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut found = above.map(|folder| folder.join("shared/corpus/alerts").join(what));
    let path = found.find(|path| path.exists())?;
    Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
}
