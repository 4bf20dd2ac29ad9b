//! The agent's configuration: TOML, of which `default.toml` is the commented whole.

mod defaults;
mod values;

pub(crate) use values::{Rights, Size, Time};

use crate::containers::{Asked, AuditArgs, KubeArgs};
use crate::profile::Profile;
use crate::redact::Redactor;
use afterimage_alerts::settings::{Settings as Doors, check_beside};
use afterimage_format::evidence::PrivateKey;
use afterimage_query::Filter;
use afterimage_runtimes::kube;
use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// Every key with its default and what it is for.
pub(crate) const DEFAULT: &str = include_str!("default.toml");

/// Where the agent listens unless it is told otherwise.
pub(crate) const SOCKET: &str = "/run/afterimage/agent.sock";

/// What is configured.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) recording: Recording,
    pub(crate) kubernetes: Kubernetes,
    pub(crate) ring: Ring,
    pub(crate) trigger: Trigger,
    pub(crate) captures: Captures,
    pub(crate) retention: Retention,
    pub(crate) log: Log,
    /// What the helper that listens and delivers is told: the sections below, which it checks itself.
    #[serde(skip)]
    pub(crate) doors: Doors,
    #[serde(default, rename = "http")]
    _http: Others,
    #[serde(default, rename = "source")]
    _source: Others,
    #[serde(default, rename = "deliver")]
    _deliver: Others,
    #[serde(default, rename = "webhook")]
    _webhook: Others,
    #[serde(default, rename = "command")]
    _command: Others,
    #[serde(default, rename = "upload")]
    _upload: Others,
}

/// A section that is not read here.
#[derive(Debug, Clone, Default, PartialEq)]
struct Others;

impl<'de> Deserialize<'de> for Others {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Others, D::Error> {
        serde::de::IgnoredAny::deserialize(from).map(|_| Others)
    }
}

/// The sections that are not the doors'.
const OURS: [&str; 7] = [
    "recording",
    "kubernetes",
    "ring",
    "trigger",
    "captures",
    "retention",
    "log",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mode {
    Flight,
    OnDemand,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Recording {
    pub(crate) mode: Mode,
    pub(crate) profile: Spanned<String>,
    pub(crate) snaplen: Option<u32>,
    pub(crate) latency: bool,
    pub(crate) kernel_ring: Spanned<String>,
    pub(crate) runtimes: Vec<Spanned<String>>,
    pub(crate) redact: Vec<Spanned<String>>,
    pub(crate) cpu_limit: u32,
    pub(crate) nice: i32,
    pub(crate) scope: Scope,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Scope {
    pub(crate) containers: Vec<String>,
    pub(crate) pods: Vec<String>,
    pub(crate) cgroups: Vec<String>,
    pub(crate) images: Vec<String>,
    pub(crate) labels: Vec<String>,
    pub(crate) namespaces: Vec<String>,
}

/// Who is asked about pods, as `--kube` and `--k8s-audit` of a recording.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Kubernetes {
    pub(crate) api_server: PathBuf,
    pub(crate) node: String,
    pub(crate) audit: Vec<String>,
    pub(crate) audit_cert: PathBuf,
    pub(crate) audit_key: PathBuf,
    pub(crate) audit_token: PathBuf,
}

impl Recording {
    /// Patterns of what is to be redacted, as `--redact` takes them.
    pub(crate) fn redact(&self) -> Vec<String> {
        self.redact.iter().map(|one| one.get_ref().clone()).collect()
    }

    /// Runtimes, as `--runtime` takes them.
    pub(crate) fn runtimes(&self) -> Vec<String> {
        self.runtimes.iter().map(|one| one.get_ref().clone()).collect()
    }
}

impl Kubernetes {
    fn kube(&self) -> Result<Option<kube::Settings>> {
        let settings = KubeArgs::new(&self.api_server, &self.node).settings();
        settings.context("`api_server` of [kubernetes], which is --kube of a recording")
    }

    fn audit(&self) -> AuditArgs {
        AuditArgs::new(&self.audit, &self.audit_cert, &self.audit_key, &self.audit_token)
    }

    /// What can be checked while another agent runs.
    ///
    /// # Errors
    /// What cannot be used.
    pub(crate) fn check(&self) -> Result<()> {
        self.kube()?;
        self.audit().check().context(AUDIT)
    }

    /// Opens what a recording listens at and reads.
    ///
    /// # Errors
    /// As [`Self::check`], and where an address is taken.
    pub(crate) fn add_to(&self, asked: &mut Asked) -> Result<()> {
        asked.kube = self.kube()?;
        self.audit().add_to(asked).context(AUDIT)
    }
}

const AUDIT: &str = "`audit` of [kubernetes], which is --k8s-audit of a recording";

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Ring {
    pub(crate) memory: Size,
    pub(crate) time: Time,
    pub(crate) disk: Option<Disk>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Disk {
    pub(crate) folder: PathBuf,
    #[serde(deserialize_with = "values::more_than_nothing")]
    pub(crate) size: Size,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Trigger {
    pub(crate) socket: Socket,
    pub(crate) signals: Signals,
    pub(crate) filter: Vec<Watch>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Socket {
    pub(crate) path: PathBuf,
    pub(crate) mode: Rights,
    pub(crate) group: Spanned<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Signals {
    pub(crate) usr1: bool,
}

/// A condition that is looked for in what is recorded.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Watch {
    pub(crate) name: String,
    pub(crate) condition: Spanned<String>,
    #[serde(default = "defaults::cooldown")]
    pub(crate) cooldown: Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Fallback {
    Node,
    Refuse,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Captures {
    pub(crate) folder: PathBuf,
    pub(crate) pre: Spanned<Time>,
    pub(crate) post: Time,
    pub(crate) max_extension: Time,
    #[serde(deserialize_with = "values::more_than_nothing")]
    pub(crate) max_size: Size,
    pub(crate) at_once: NonZeroUsize,
    pub(crate) node_names: Vec<String>,
    pub(crate) fallback: Fallback,
    pub(crate) sign_key: Spanned<PathBuf>,
    pub(crate) encrypt_to: Vec<Spanned<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Retention {
    pub(crate) total: Size,
    pub(crate) files: usize,
    pub(crate) age: Time,
    pub(crate) min_free: Size,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) format: LogFormat,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong, with file, line, column and key.
    pub(crate) fn read(path: &Path) -> Result<Config> {
        let text = std::fs::read_to_string(path).with_context(|| {
            format!(
                "cannot read {} (`capture agent --print-config` prints one)",
                path.display()
            )
        })?;
        Config::parse(&text, path)
    }

    /// The configuration in `text`; what it does not say has its default.
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Config> {
        let mut config: Config = toml::from_str(text).map_err(|error| anyhow!("{}: {error}", path.display()))?;
        config.doors = check_beside(text, &OURS).map_err(|problems| {
            let problems: Vec<String> = problems
                .iter()
                .map(|one| format!("{}: {one}", path.display()))
                .collect();
            anyhow!("{}", problems.join("\n"))
        })?;
        config.check(text, path)?;
        Ok(config)
    }

    fn check(&self, text: &str, path: &Path) -> Result<()> {
        let at = |span: Range<usize>, key: &str, what: String| {
            let before = &text[..span.start.min(text.len())];
            let line = before.matches('\n').count() + 1;
            let column = span.start - before.rfind('\n').map_or(0, |at| at + 1) + 1;
            anyhow!("{}: line {line}, column {column}: `{key}`: {what}", path.display())
        };
        let recording = &self.recording;
        if let Err(error) = crate::probe::ring_size(recording.kernel_ring.get_ref()) {
            return Err(at(recording.kernel_ring.span(), "kernel_ring", error));
        }
        let why = |error: anyhow::Error| format!("{error:#}");
        if let Err(error) = Profile::find(recording.profile.get_ref()) {
            return Err(at(recording.profile.span(), "profile", why(error)));
        }
        for pattern in &recording.redact {
            if let Err(error) = Redactor::new(std::slice::from_ref(pattern.get_ref()), false) {
                return Err(at(pattern.span(), "redact", why(error)));
            }
        }
        if let Some(first) = recording.runtimes.first()
            && let Err(error) = crate::cli::runtimes(&recording.runtimes())
        {
            return Err(at(first.span(), "runtimes", why(error)));
        }
        let key = self.captures.sign_key.get_ref();
        if !key.as_os_str().is_empty()
            && let Err(error) = PrivateKey::read(key)
        {
            return Err(at(self.captures.sign_key.span(), "sign_key", error.to_string()));
        }
        if self.captures.pre.get_ref().0 > self.ring.time.0 && self.ring.disk.is_none() {
            let what = "is more than `time` of [ring] keeps: raise that, or give [ring.disk]";
            return Err(at(self.captures.pre.span(), "pre", what.to_owned()));
        }
        for watch in &self.trigger.filter {
            let condition = watch.condition.get_ref();
            if let Err(error) = Filter::compile(condition, &afterimage_query::Settings::default()) {
                return Err(at(
                    watch.condition.span(),
                    "condition",
                    format!("{}\n{}", watch.name, error.render(condition)),
                ));
            }
        }
        for recipient in &self.captures.encrypt_to {
            if let Err(error) = recipient.get_ref().parse::<afterimage_format::evidence::Recipient>() {
                return Err(at(recipient.span(), "encrypt_to", error.to_string()));
            }
        }
        let group = self.trigger.socket.group.get_ref();
        if !group.is_empty() && crate::agent::group::id(group).is_none() {
            let what = format!("there is no group called {group} here");
            return Err(at(self.trigger.socket.group.span(), "group", what));
        }
        if self.captures.folder.as_os_str().is_empty() {
            bail!("{}: `folder` of [captures] is empty; name a folder", path.display());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn parse(text: &str) -> Result<Config> {
        Config::parse(text, Path::new("agent.toml"))
    }

    /// What is printed, with its examples: from `# [section]` to the end of the paragraph, and each `# key = value`. Sources and
    /// deliveries get the address and the folder that they need.
    fn with_examples() -> String {
        let mut in_example = false;
        let text: Vec<&str> = DEFAULT
            .lines()
            .map(|line| {
                let Some(rest) = line.strip_prefix("# ") else {
                    in_example = false;
                    return line;
                };
                in_example |= rest.starts_with('[');
                match in_example || key(rest).is_some() {
                    true => rest,
                    false => line,
                }
            })
            .collect();
        text.join("\n")
            .replace("\nlisten = []\n", "\nlisten = [\"127.0.0.1:8765\"]\n")
            .replace("\nstate = \"\"\n", "\nstate = \"/var/lib/afterimage/outbox\"\n")
    }

    /// The key of a line that has one.
    fn key(line: &str) -> Option<&str> {
        let (key, _) = line.split_once(" = ")?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        key.chars().all(plain).then_some(key)
    }

    /// All keys below `at`, whatever the number in a list.
    fn keys(at: &str, value: &Value, all: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(key, value)| {
                let at = format!("{at}{}{key}", if at.is_empty() { "" } else { "." });
                keys(&at, value, all);
                all.insert(at);
            }),
            Value::Array(items) => items.iter().for_each(|item| keys(at, item, all)),
            _ => {}
        }
    }

    #[test]
    fn the_printed_default_is_the_default() {
        assert_eq!(parse(DEFAULT).unwrap(), Config::default());
        // What is commented out is right as well.
        let all = parse(&with_examples()).unwrap();
        assert!(all.ring.disk.is_some() && all.trigger.filter.len() == 1 && all.recording.snaplen.is_some());
        let sources: Vec<&str> = all.doors.source.iter().map(|source| source.kind.name()).collect();
        assert_eq!(sources, ["falco", "alertmanager", "guardduty", "scc", "generic"]);
        let deliveries = [all.doors.webhook.len(), all.doors.command.len(), all.doors.upload.len()];
        assert_eq!(deliveries, [1, 1, 1]);
    }

    #[test]
    fn every_key_of_the_doors_is_printed() {
        let text = with_examples();
        let (mut printed, mut there_are) = (BTreeSet::new(), BTreeSet::new());
        keys("", &toml::from_str(&text).unwrap(), &mut printed);
        keys(
            "",
            &serde_json::to_value(parse(&text).unwrap().doors).unwrap(),
            &mut there_are,
        );
        let missing: Vec<&str> = there_are.difference(&printed).map(String::as_str).collect();
        // Those that exclude one which is printed stand in the text beside it.
        let excluded = [
            "http.metrics_token_env",
            "source.auth.client_certificate",
            "source.auth.hmac_env",
            "source.auth.loopback_only",
            "webhook.token_env",
            "webhook.url_env",
            "webhook.url_file",
        ];
        assert_eq!(missing, excluded);
        for path in excluded {
            let key = path.rsplit('.').next().unwrap();
            assert!(DEFAULT.contains(&format!("`{key}`")), "{key}");
        }
    }

    #[test]
    fn examples_have_the_defaults_where_there_are_some() {
        let value = |text: &str| serde_json::to_value(parse(text).unwrap().doors).unwrap();
        let least = value(
            "[http]\nlisten = ['127.0.0.1:1']\n[[source]]\nkind = 'falco'\nauth = { loopback_only = true }\n\
             [deliver]\nstate = '/s'\n[[webhook]]\nname = 'w'\nurl = 'https://w.example'\n\
             [[command]]\nname = 'c'\nargv = ['/c']\n[[upload]]\nname = 'u'\nurl = 'file:///u'\n",
        );
        let examples = value(&with_examples());
        for (list, keys) in [
            ("source", &["name", "path", "min_severity", "severity"][..]),
            ("webhook", &["retries", "timeout_ms"]),
            ("command", &["retries", "timeout_ms"]),
            ("upload", &["retry_s", "part_bytes"]),
        ] {
            for key in keys {
                assert_eq!(examples[list][0][key], least[list][0][key], "{list}.{key}");
            }
        }
        let of_captures = Config::default().captures;
        let milliseconds = |time: Time| u64::try_from(time.0.as_millis()).unwrap();
        assert_eq!(
            examples["source"][0]["pre_ms"],
            milliseconds(*of_captures.pre.get_ref())
        );
        assert_eq!(examples["source"][0]["post_ms"], milliseconds(of_captures.post));
    }

    #[test]
    fn a_key_that_there_is_not_is_said_wherever_it_is() {
        let text = with_examples();
        let lines: Vec<&str> = text.lines().collect();
        let mut tried = 0;
        for (at, line) in lines.iter().enumerate() {
            let Some(key) = key(line) else { continue };
            let wrong = format!("{key}x{}", &line[key.len()..]);
            let mut lines = lines.clone();
            lines[at] = &wrong;
            let error = format!("{:#}", parse(&lines.join("\n")).expect_err(line));
            assert!(error.contains(&format!("`{key}x`")), "{line}: {error}");
            tried += 1;
        }
        assert!(tried > 100, "{tried}");
    }

    #[test]
    fn what_the_documentation_shows_is_right() {
        let mut blocks = vec![String::new()];
        for line in include_str!("../../../../docs/operate.md").lines() {
            match line.strip_prefix("    ") {
                Some(line) => blocks.last_mut().unwrap().push_str(&format!("{line}\n")),
                None => blocks.push(String::new()),
            }
        }
        blocks.retain(|block| block.starts_with('['));
        for block in &blocks {
            let listen = match block.contains("[[source]]") && !block.contains("[http]") {
                true => "[http]\nlisten = ['127.0.0.1:8765']\n",
                false => "",
            };
            parse(&format!("{listen}{block}")).unwrap_or_else(|error| panic!("{block}{error:#}"));
        }
        assert!(blocks.len() >= 10, "{blocks:?}");
    }

    #[test]
    fn errors_name_the_place_and_what_to_do() {
        for (text, said) in [
            (
                "[captures]\npre = '30x'",
                &["line 2", "pre = '30x'", "no unit of time"][..],
            ),
            ("[captures]\npost = 30", &["line 2", "column 8", "string"]),
            ("[capture]", &["line 1", "unknown field `capture`", "`captures`"]),
            (
                "\n[ring]\ntime = '1m'\n[captures]\npre = '2m'",
                &["line 5, column 7", "`pre`", "[ring.disk]"],
            ),
            (
                "[[trigger.filter]]\nname = 'x'\ncondition = 'proc.nam = a'",
                &["line 3", "`condition`", "proc.name"],
            ),
            ("[captures]\nencrypt_to = ['age1x']", &["line 2", "encrypt_to"]),
            ("[captures]\nfallback = 'all'", &["line 2", "node"]),
            ("[trigger.socket]\nmode = '999'", &["line 2", "octal"]),
            (
                "[trigger.socket]\ngroup = 'no-such-group'",
                &["line 2", "no group called"],
            ),
            (
                "[recording]\nkernel_ring = '5MiB'",
                &["line 2", "kernel_ring", "power of two"],
            ),
            (
                "[recording]\nprofile = 'all-of-it'",
                &["line 2, column 11", "profile", "all-of-it"],
            ),
            ("[recording]\nredact = ['fine', '(']", &["line 2", "redact", "unclosed"]),
            ("[recording]\nruntimes = ['none', 'docker']", &["line 2", "runtimes"]),
            (
                "\n[captures]\nsign_key = '/nowhere/key'",
                &["line 3", "sign_key", "/nowhere/key"],
            ),
            ("[ring", &["line 1"]),
            ("[captures]\n[http]\nlisten = ['nowhere']", &["line 3", "http.listen"]),
        ] {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(error.contains("agent.toml"), "{error}");
            for part in said {
                assert!(error.contains(part), "{text}: {error}");
            }
        }
    }
}
