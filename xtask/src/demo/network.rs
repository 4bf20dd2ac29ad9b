//! Two network namespaces and a cable between them: the victim's and the attacker's. The host's network is not touched.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::process::{self as this, Command};
use std::thread;

use anyhow::{Context, Result, bail};

use crate::process;

/// Address of the victim, from the block set aside for documentation (RFC 5737).
pub(super) const VICTIM: &str = "192.0.2.10";

/// Address of the attacker.
pub(super) const ATTACKER: &str = "192.0.2.66";

const PREFIX: &str = "/24";

/// The namespaces; dropping them removes everything.
pub(super) struct Network {
    /// Where the container runs.
    pub(super) victim: Namespace,
    /// Where the attack comes from.
    pub(super) attacker: Namespace,
}

impl Network {
    /// Makes both namespaces and joins them.
    pub(super) fn create() -> Result<Self> {
        // The process id keeps two demos on one machine apart.
        let network = Self {
            victim: Namespace::create(format!("afterimage-victim-{}", this::id()))?,
            attacker: Namespace::create(format!("afterimage-attacker-{}", this::id()))?,
        };
        let Self { victim, attacker } = &network;
        // Both ends are born inside the namespaces, so the host never sees an interface.
        attacker.ip(&[
            "link",
            "add",
            "eth0",
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "netns",
            &victim.name,
        ])?;
        victim.up(VICTIM)?;
        attacker.up(ATTACKER)?;
        Ok(network)
    }
}

/// A named network namespace, removed when dropped.
pub(super) struct Namespace {
    name: String,
}

impl Namespace {
    fn create(name: String) -> Result<Self> {
        process::run_quietly(Command::new("ip").args(["netns", "add", &name]))?;
        Ok(Self { name })
    }

    /// Path by which others join it.
    pub(super) fn path(&self) -> PathBuf {
        PathBuf::from("/run/netns").join(&self.name)
    }

    /// A command that runs inside.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    /// Runs a function on a thread that has joined the namespace; its sockets are inside.
    pub(super) fn inside<T: Send>(&self, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        let path = self.path();
        let namespace = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        thread::scope(|scope| {
            let worker = scope.spawn(|| {
                // SAFETY: the descriptor is open; joining a network namespace affects this thread alone.
                if unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) } != 0 {
                    bail!("cannot join {}: {}", path.display(), std::io::Error::last_os_error());
                }
                work()
            });
            worker
                .join()
                .unwrap_or_else(|_| bail!("the work inside {} panicked", path.display()))
        })
    }

    fn up(&self, address: &str) -> Result<()> {
        self.ip(&["address", "add", &format!("{address}{PREFIX}"), "dev", "eth0"])?;
        self.ip(&["link", "set", "eth0", "up"])?;
        self.ip(&["link", "set", "lo", "up"])
    }

    fn ip(&self, arguments: &[&str]) -> Result<()> {
        process::run_quietly(Command::new("ip").args(["-n", &self.name]).args(arguments))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if let Err(error) = process::run_quietly(Command::new("ip").args(["netns", "delete", &self.name])) {
            eprintln!("xtask: network namespace {} is left behind: {error:#}", self.name);
        }
    }
}
