//! The command line.

use crate::agent;
use crate::containers::{Asked, AuditArgs, KubeArgs};
use crate::filter::Filter;
use crate::probe::{self, Wanted, Way};
use crate::profile::{self, Profile};
use crate::redact::Redactor;
use crate::scope::{self, Scope};
use crate::state::What;
use crate::{containers, doctor, record, units};
use afterimage_abi::SNAPLEN_MAX;
use afterimage_format::evidence::{PrivateKey, Recipient};
use afterimage_format::file::{SyncPolicy, WriterOptions};
use afterimage_runtimes::Socket;
use anyhow::Context;
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Record Linux containers into trace files that outlive them.
#[derive(Parser)]
#[command(name = "capture", version, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "Examples:
  capture record -o web.scap --container web      wait for the container `web`, record it until Ctrl-C
  capture record -o all.scap --duration 30s       record the whole host for 30 seconds
  capture record -o build.scap -- make -j2        record a command and its children
  capture record -o all.scap --rotate 100MiB --keep 5
                                                  the newest 500 MiB, in files that each stand alone
  capture record -o web.scap --pid 1234 --filter 'evt.failed = true'
                                                  what fails in process 1234 and its descendants
  capture doctor                                  say what is missing, in plain words

Exit status: 0 done (or that of the command); 1 could not do it; 2 usage; 3 sealed, but events are missing.";

#[derive(Subcommand)]
enum Command {
    /// Record into a file.
    Record(Box<Record>),
    /// Keep the last minutes in memory, and make a capture of them when an alert comes.
    Agent(agent::AgentArgs),
    /// Ask a running agent for a capture; prints its id.
    Trigger(agent::TriggerArgs),
    /// Say how a running agent is.
    Status(agent::StatusArgs),
    /// List the captures of a running agent.
    Captures(agent::CapturesArgs),
    /// Say what the profiles record: all of them, or one in full.
    Profiles {
        /// A profile, or the file of one.
        #[arg(value_name = "NAME|FILE")]
        name: Option<String>,
    },
    /// Say what this kernel and host allow, what is missing, and how to get it.
    Doctor,
    /// Print what makes a shell complete options and commands.
    Completions {
        /// The shell.
        #[arg(value_enum, value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write the pages of all commands to a folder.
    Man {
        /// Folder to write capture.1, capture-record.1 and so on to.
        #[arg(short, long, value_name = "FOLDER")]
        output: Option<PathBuf>,
    },
    /// What an agent starts to have its helper run.
    #[command(name = agent::KEEPER, hide = true)]
    KeepAlerts,
    /// The helper for alerts and deliveries.
    #[command(name = agent::HELPER, hide = true)]
    TakeAlerts,
    /// What the recorder starts to ask container runtimes.
    #[command(name = containers::COMMAND, hide = true)]
    AskRuntimes(containers::HelperArgs),
}

#[derive(Args)]
struct Record {
    /// File to write. It is created with mode 0600.
    #[arg(short, long, value_name = "FILE", required_unless_present = "explain")]
    output: Option<PathBuf>,
    /// Replace FILE if it exists.
    #[arg(long)]
    force: bool,
    /// End after this time: 500ms, 30s, 5m, 2h. Without it, Ctrl-C ends.
    #[arg(long, value_name = "TIME", value_parser = units::duration)]
    duration: Option<Duration>,
    /// Record only this container: its id, at least 4 characters of it, the name that its runtime or its cgroup has for it,
    /// or the whole path of its cgroup (/parent/NAME). It need not exist yet. May be given several times.
    #[arg(long = "container", value_name = "NAME|ID")]
    containers: Vec<String>,
    /// Record only this pod: its uid, at least 4 characters of it, or NAMESPACE/NAME. May be given several times.
    #[arg(long = "pod", value_name = "UID|NAMESPACE/NAME")]
    pods: Vec<String>,
    /// Record only this cgroup (v2) and those below it. It need not exist yet. May be given several times.
    #[arg(long = "cgroup", value_name = "PATH")]
    cgroups: Vec<String>,
    /// Record only containers of images whose name, with or without the tag, matches this glob, as their runtimes say. May
    /// be given several times.
    #[arg(long = "image", value_name = "GLOB")]
    images: Vec<String>,
    /// Record only containers that have, or whose pod has, this label; the value is a glob. May be given several times.
    #[arg(long = "label", value_name = "NAME[=VALUE]")]
    labels: Vec<String>,
    /// Record only pods in Kubernetes namespaces that match this glob. May be given several times.
    #[arg(long = "namespace", value_name = "GLOB")]
    namespaces: Vec<String>,
    /// Where a container runtime is asked: docker, podman, containerd, cri or cri-o, with its socket, as in
    /// `docker=/run/docker.sock`, instead of the usual place. `none` asks nobody. May be given several times.
    #[arg(long = "runtime", value_name = "KIND=SOCKET|none")]
    runtimes: Vec<String>,
    #[command(flatten)]
    kube: KubeArgs,
    #[command(flatten)]
    audit: AuditArgs,
    /// Record only this process and its descendants, those that run already included. May be given several times.
    #[arg(long = "pid", value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pids: Vec<u32>,
    /// Record only threads whose real or effective user this is. May be given several times.
    #[arg(long = "user", value_name = "NAME|UID", value_parser = scope::user)]
    users: Vec<u32>,
    /// Write only events that pass this condition, in the language of `analyze query`. Scopes of different kinds and the
    /// filter must all hold.
    #[arg(long, value_name = "EXPR")]
    filter: Option<String>,
    /// What to record: forensic, full, process, network, files, or a file (see `capture profiles`).
    #[arg(long, value_name = "NAME|FILE", default_value = "forensic")]
    profile: String,
    /// Say what the kernel decides of scope, profile and filter, and what user space does, and record nothing.
    #[arg(long)]
    explain: bool,
    /// Replace what this regular expression matches (its first group, if it has one) in arguments, environment and payload
    /// with `[redacted]` before anything is written. May be given several times.
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true)]
    redact: Vec<String>,
    /// Keep the values of environment variables whose names say that they are secrets (PASSWORD, TOKEN, SECRET, ...).
    #[arg(long)]
    no_default_redactions: bool,
    /// Bytes of payload to keep per call [default: 80, or what the profile says].
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(0..=i64::from(SNAPLEN_MAX)))]
    snaplen: Option<u32>,
    /// Also record how long each call took (evt.latency). Costs a second look at every call.
    #[arg(long)]
    latency: bool,
    /// How events come from the kernel. `ring`: rings in shared memory, one for each CPU that can ever be online. `ringbuf`:
    /// the kernel's ring buffers, one for each CPU that is online; recorded calls take longer. `auto`: ring, or ringbuf
    /// where the kernel refuses or rings for CPUs that are not there would take more than a sixteenth of the memory.
    #[arg(long, value_name = "KIND", value_enum, default_value_t = Wanted::Auto, hide_possible_values = true)]
    transport: Wanted,
    /// Bytes of each CPU's ring, a power of two from 512KiB to 256MiB. What bursts put in faster than the recorder takes it
    /// out has to fit, or it is lost and counted.
    #[arg(long, value_name = "SIZE", default_value = "4MiB", value_parser = probe::ring_size)]
    ring_size: u32,
    /// A note kept in the file, as KEY=VALUE. May be given several times.
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    tags: Vec<(String, String)>,
    /// Begin another file when one has this size (100MiB) or age (10m): NAME.0001.scap, NAME.0002.scap, and so on. May be
    /// given once for each.
    #[arg(long, value_name = "SIZE|TIME", value_parser = limit)]
    rotate: Vec<Limit>,
    /// Keep so many files of this recording; older ones are deleted.
    #[arg(long, value_name = "N", requires = "rotate", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
    /// When to force data to the disk: `seal` (when a file is complete), `segment` (at least once a second while there are
    /// events), or every TIME. A crash of the recorder alone never costs what was written; a power cut can.
    #[arg(long, value_name = "seal|segment|TIME", default_value = "seal", value_parser = sync)]
    sync: SyncPolicy,
    /// Stop recording and seal before the disk has less free space than this.
    #[arg(long, value_name = "SIZE", default_value = "100MiB", value_parser = units::size)]
    min_free: u64,
    /// Sign the sealed file with this Ed25519 key (OpenSSH or PKCS#8 PEM, without passphrase).
    #[arg(long, value_name = "KEY")]
    sign_key: Option<PathBuf>,
    /// Encrypt to this age recipient (age1...); reading then asks for its identity file. May be given several times.
    #[arg(long, value_name = "RECIPIENT", value_parser = recipient)]
    encrypt_to: Vec<Recipient>,
    /// Put a copy of this file into the trace. May be given several times.
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
    /// Put executed files that are new in their container into the trace, each content once, up to 16 MiB each: those in
    /// the upper layer of an overlay, in a tmpfs or a memfd, and where the container has no overlay or a mount of its own,
    /// those that changed after the recording began. Also when they are deleted right after.
    #[arg(long)]
    keep_executed: bool,
    /// Nice level of the recorder, -20 to 19. The command keeps its own.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(i32).range(-20..=19))]
    nice: Option<i32>,
    /// Let the recorder use at most this part of one CPU (200: two). It compresses less then, and pauses; what the rings
    /// cannot hold meanwhile is lost and counted.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(1..))]
    cpu_limit: Option<u32>,
    /// Say nothing but errors. Without it, a terminal shows how it is going; SIGUSR1 always does.
    #[arg(short, long)]
    quiet: bool,
    /// Create this file when recording has begun, for scripts that have to wait.
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
    /// Command to run and record, with all processes that it starts.
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["containers", "pods", "cgroups", "images", "labels", "namespaces", "pids"])]
    command: Vec<OsString>,
}

/// Bytes of payload per call where nobody says anything else.
pub(crate) const SNAPLEN: u32 = 80;

/// When another file begins: a size or an age.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Limit {
    Bytes(u64),
    Age(Duration),
}

/// `100MiB` or `10m`.
fn limit(text: &str) -> Result<Limit, String> {
    let limit = units::size(text)
        .map(Limit::Bytes)
        .or_else(|_| units::duration(text).map(Limit::Age));
    match limit {
        Ok(Limit::Bytes(0) | Limit::Age(Duration::ZERO)) => Err("it must be more than nothing".to_owned()),
        // A bare number could be either.
        Ok(limit) if !text.ends_with(|c: char| c.is_ascii_digit()) => Ok(limit),
        _ => Err("expected a size (100MiB) or a time (10m)".to_owned()),
    }
}

/// `seal`, `segment`, or a time.
fn sync(text: &str) -> Result<SyncPolicy, String> {
    match text {
        "seal" => Ok(SyncPolicy::Seal),
        "segment" => Ok(SyncPolicy::Segment),
        _ => units::duration(text)
            .map(SyncPolicy::Every)
            .map_err(|_| "expected seal, segment, or a time (5s)".to_owned()),
    }
}

fn recipient(text: &str) -> Result<Recipient, String> {
    text.parse()
        .map_err(|error: afterimage_format::Error| error.to_string())
}

fn tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

impl Record {
    /// Reads what the command line names, so that nothing but the recording itself can fail later.
    fn options(self) -> anyhow::Result<record::Options> {
        let mut rotation = record::Rotation {
            keep: self.keep.map(|keep| keep as usize),
            ..record::Rotation::default()
        };
        for limit in self.rotate {
            match limit {
                Limit::Bytes(bytes) => rotation.bytes = Some(bytes),
                Limit::Age(age) => rotation.age = Some(age),
            }
        }
        let attached = self.attach.iter().map(|path| {
            let content = std::fs::read(path).with_context(|| format!("cannot attach {}", path.display()))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok(record::Attached { name, content })
        });
        let mut asked = Asked {
            runtimes: runtimes(&self.runtimes)?,
            kube: self.kube.settings()?,
            ..Asked::default()
        };
        // Nothing is listened at where nothing is recorded.
        if !self.explain {
            self.audit.add_to(&mut asked)?;
        }
        let told = [&self.images, &self.labels, &self.namespaces];
        anyhow::ensure!(
            asked.runtimes.is_some() || told.iter().all(|asked| asked.is_empty()),
            "only a runtime knows images, labels and namespaces: --runtime none leaves nobody to ask"
        );
        let profile = Profile::find(&self.profile)?;
        let mut scope = Scope {
            trees: self.pids.into_iter().collect(),
            users: self.users.into_iter().collect(),
            command: self.command,
            ..Scope::default()
        };
        scope.select(What::Container, &self.containers, true);
        scope.select(What::Pod, &self.pods, true);
        scope.select(What::Cgroup, &self.cgroups, true);
        scope.select(What::Image, &self.images, true);
        scope.select(What::Label, &self.labels, true);
        scope.select(What::Namespace, &self.namespaces, true);
        Ok(record::Options {
            output: self.output.unwrap_or_default(),
            writer: WriterOptions {
                force: self.force,
                sync: self.sync,
                min_free: self.min_free,
                sign_key: self.sign_key.as_deref().map(PrivateKey::read).transpose()?,
                recipients: self.encrypt_to,
            },
            rotation,
            attached: attached.collect::<anyhow::Result<_>>()?,
            duration: self.duration,
            snaplen: self.snaplen.or(profile.snaplen).unwrap_or(SNAPLEN),
            latency: self.latency,
            way: Way {
                wanted: self.transport,
                size: self.ring_size,
            },
            scope,
            profile,
            filter: self.filter.as_deref().map(Filter::parse).transpose()?,
            redactor: Redactor::new(&self.redact, !self.no_default_redactions)?,
            tags: self.tags,
            ready_file: self.ready_file,
            nice: self.nice,
            cpu_limit: self.cpu_limit,
            quiet: self.quiet,
            keep_executed: self.keep_executed,
            asked,
        })
    }
}

/// Runs the command line of this process.
pub(crate) fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Doctor => Ok(doctor::report()),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "capture", &mut text);
            Ok(print(&String::from_utf8_lossy(&text)))
        }
        Command::Man { output: Some(folder) } => std::fs::create_dir_all(&folder)
            .and_then(|()| clap_mangen::generate_to(Cli::command(), &folder))
            .with_context(|| format!("cannot write manual pages to {}", folder.display()))
            .map(|()| 0),
        Command::Man { output: None } => {
            let mut text = Vec::new();
            let page = clap_mangen::Man::new(Cli::command()).render(&mut text);
            page.context("cannot make the manual page")
                .map(|()| print(&String::from_utf8_lossy(&text)))
        }
        Command::Agent(args) => agent::agent(&args),
        Command::Trigger(args) => agent::trigger(&args),
        Command::Status(args) => agent::status(&args),
        Command::Captures(args) => agent::captures(&args),
        Command::KeepAlerts => agent::keep().map(|()| 0),
        Command::TakeAlerts => agent::help().map(|()| 0),
        Command::AskRuntimes(args) => containers::run(args).map(|()| 0),
        Command::Profiles { name } => profile::list(name.as_deref()).map(|text| print(&text)),
        Command::Record(args) => {
            let explain = args.explain;
            args.options().and_then(|options| match explain {
                true => Ok(print(&options.explain())),
                false => record::record(options),
            })
        }
    };
    match result {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("capture: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The sockets that the user named; `None`: no runtime is to be asked.
pub(crate) fn runtimes(named: &[String]) -> anyhow::Result<Option<Vec<Socket>>> {
    if named.iter().any(|name| name == "none") {
        anyhow::ensure!(
            named.len() == 1,
            "--runtime none leaves no runtime to be asked; give it alone"
        );
        return Ok(None);
    }
    let sockets = named.iter().map(|text| text.parse());
    Ok(Some(sockets.collect::<Result<_, afterimage_runtimes::Error>>()?))
}

/// Prints; a reader that has gone away is no error.
fn print(text: &str) -> u8 {
    let _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes());
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        assert_eq!(limit("100MiB"), Ok(Limit::Bytes(100 << 20)));
        assert_eq!(limit("10m"), Ok(Limit::Age(Duration::from_secs(600))));
        for text in ["100", "0s", "0KiB", "soon", ""] {
            assert!(limit(text).is_err(), "{text}");
        }
        assert_eq!(sync("segment"), Ok(SyncPolicy::Segment));
        assert_eq!(sync("5s"), Ok(SyncPolicy::Every(Duration::from_secs(5))));
        assert!(sync("never").is_err());
    }

    #[test]
    fn tags() {
        assert_eq!(tag("env=prod=1"), Ok(("env".to_owned(), "prod=1".to_owned())));
        assert!(tag("env").is_err() && tag("=x").is_err());
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
