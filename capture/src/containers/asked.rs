//! Who is asked: on the recorder's command line, and on that of the helper, which says the same in its own words. Secrets
//! are in files and never on a command line.

use afterimage_runtimes::audit::{self, Tls, Token};
use afterimage_runtimes::{Settings, Socket, kube};
use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Args;
use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Who is asked.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Sockets of runtimes, instead of the usual ones of their kind; `None`: no runtime is asked.
    pub(crate) runtimes: Option<Vec<Socket>>,
    /// The API server.
    pub(crate) kube: Option<kube::Settings>,
    /// Files with its audit log.
    pub(crate) audit: Vec<PathBuf>,
    /// Where it posts its audit log, how, and the file with the token for it.
    pub(crate) webhooks: Vec<TcpListener>,
    pub(crate) tls: Option<Tls>,
    pub(crate) token: Option<PathBuf>,
}

impl Asked {
    /// Whether nobody is.
    pub(crate) fn is_nobody(&self) -> bool {
        self.runtimes.is_none() && self.kube.is_none() && !self.reads_audit()
    }

    /// Whether an audit log is read.
    pub(crate) fn reads_audit(&self) -> bool {
        !self.audit.is_empty() || !self.webhooks.is_empty()
    }

    /// The helper's command line. Sockets that are listened at are left open for it.
    pub(super) fn args(&self) -> Result<Vec<OsString>> {
        let mut args: Vec<OsString> = Vec::new();
        let mut add = |option: &str, value: &dyn AsRef<std::ffi::OsStr>| {
            let mut text = OsString::from(option);
            text.push(value);
            args.push(text);
        };
        if let Some(kube) = &self.kube {
            add("--kube-node=", &kube.node);
            if let Some(path) = &kube.kubeconfig {
                add("--kubeconfig=", path);
            }
        }
        for path in &self.audit {
            add("--audit=", path);
        }
        for listener in &self.webhooks {
            let fd = listener.as_raw_fd();
            // SAFETY: the descriptor is open; the command takes and gives numbers.
            if unsafe { libc::fcntl(fd, libc::F_SETFD, 0) } < 0 {
                return Err(std::io::Error::last_os_error()).context("cannot hand on the audit webhook's socket");
            }
            add("--webhook=", &fd.to_string());
        }
        if let Some(tls) = &self.tls {
            add("--cert=", &tls.cert);
            add("--key=", &tls.key);
        }
        if let Some(path) = &self.token {
            add("--token=", path);
        }
        match &self.runtimes {
            None => add("--no-runtimes", &""),
            Some(sockets) => {
                for socket in sockets {
                    add("", &format!("{}={}", socket.kind, socket.path.display()));
                }
            }
        }
        Ok(args)
    }
}

/// The helper's command line.
#[derive(Args, Debug)]
pub(crate) struct HelperArgs {
    /// Sockets, as `--runtime` names them.
    sockets: Vec<Socket>,
    #[arg(long)]
    no_runtimes: bool,
    #[arg(long)]
    kube_node: Option<String>,
    #[arg(long)]
    kubeconfig: Option<PathBuf>,
    #[arg(long)]
    audit: Vec<PathBuf>,
    #[arg(long)]
    webhook: Vec<i32>,
    #[arg(long)]
    cert: Option<PathBuf>,
    #[arg(long)]
    key: Option<PathBuf>,
    #[arg(long)]
    token: Option<PathBuf>,
}

impl HelperArgs {
    pub(super) fn settings(self) -> Result<Settings> {
        let mut settings = match self.no_runtimes {
            true => Settings {
                sockets: Vec::new(),
                roots: afterimage_runtimes::Roots::default(),
                discover: false,
                ..Settings::default()
            },
            false => Settings::with_sockets(self.sockets),
        };
        settings.kube = self.kube_node.map(|node| kube::Settings {
            kubeconfig: self.kubeconfig,
            node,
        });
        settings.audit = self.audit.into_iter().map(audit::Settings::File).collect();
        let tls = self.cert.zip(self.key).map(|(cert, key)| Tls { cert, key });
        let token = self
            .token
            .as_deref()
            .map(Token::read)
            .transpose()
            .map_err(|error| anyhow!(error))?;
        for fd in self.webhook {
            ensure!(fd > 2, "the helper is not for use by hand");
            // SAFETY: the recorder left this descriptor open for nobody but this process; the command takes and gives
            // numbers. Plugins for credentials that this process starts do not get it.
            let listener = TcpListener::from(unsafe {
                libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
                OwnedFd::from_raw_fd(fd)
            });
            settings.audit.push(audit::Settings::Webhook {
                listener: Arc::new(listener),
                tls: tls.clone(),
                token: token.clone(),
            });
        }
        Ok(settings)
    }
}

/// Kubernetes' API server, on the recorder's command line.
#[derive(Args)]
pub(crate) struct KubeArgs {
    /// Ask Kubernetes' API server who owns the pods of this node (deployment, stateful set, job, and so on) and for the
    /// node's labels: with this kubeconfig, or else that of KUBECONFIG, ~/.kube/config or the pod's service account. It needs
    /// list and watch of pods, get of nodes, replicasets and jobs. Without an answer everything else is recorded.
    #[arg(long, value_name = "KUBECONFIG", num_args = 0..=1, require_equals = true)]
    #[allow(clippy::option_option, reason = "not given, given without a file, given with one")]
    kube: Option<Option<PathBuf>>,
    /// Name of this node in Kubernetes [default: NODE_NAME, or the host's name].
    #[arg(long, value_name = "NAME", requires = "kube")]
    kube_node: Option<String>,
}

impl KubeArgs {
    /// The same as an agent's configuration has it: `from` is `auto` or a kubeconfig.
    pub(crate) fn new(from: &Path, node: &str) -> KubeArgs {
        let kube = match from.to_str() {
            Some("") => None,
            Some("auto") => Some(None),
            _ => Some(Some(from.to_owned())),
        };
        KubeArgs {
            kube,
            kube_node: (!node.is_empty()).then(|| node.to_owned()),
        }
    }

    pub(crate) fn settings(self) -> Result<Option<kube::Settings>> {
        let Some(kubeconfig) = self.kube else { return Ok(None) };
        if let Some(path) = &kubeconfig {
            std::fs::metadata(path).with_context(|| format!("--kube: cannot read {}", path.display()))?;
        }
        let settings = kube::Settings {
            kubeconfig,
            node: self.kube_node.unwrap_or_else(node_name),
        };
        ensure!(
            settings.is_configured(),
            "--kube: nothing says how to reach an API server; give --kube=KUBECONFIG"
        );
        Ok(Some(settings))
    }
}

/// What this node is called where nobody says it.
pub(crate) fn node_name() -> String {
    let given = std::env::var("NODE_NAME").ok().filter(|name| !name.is_empty());
    given.unwrap_or_else(|| crate::host::describe().hostname.to_lowercase())
}

/// Its audit log, on the recorder's command line.
#[derive(Args)]
pub(crate) struct AuditArgs {
    /// Record the audit log of Kubernetes' API server, too, and tie each `kubectl exec` in it to its process: from the file
    /// that the server writes (--audit-log-path), what is appended from now on; or as the server posts it
    /// (--audit-webhook-config-file) to `webhook=[ADDRESS:]PORT`, on 127.0.0.1 unless an address is given. May be given
    /// several times. A scoped recording takes entries about the pods and namespaces in scope.
    #[arg(long = "k8s-audit", value_name = "FILE|webhook=[ADDRESS:]PORT")]
    from: Vec<OsString>,
    /// Chain of certificates for the webhook, PEM: with it, it takes https only.
    #[arg(long = "k8s-audit-cert", value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// Key of the certificate, PEM.
    #[arg(long = "k8s-audit-key", id = "key", value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// A file with a word that whoever posts to the webhook must know: as the last part of the path, or as bearer token.
    #[arg(long = "k8s-audit-token", value_name = "FILE")]
    token: Option<PathBuf>,
}

impl AuditArgs {
    /// The same as an agent's configuration has it.
    pub(crate) fn new(from: &[String], cert: &Path, key: &Path, token: &Path) -> AuditArgs {
        let named = |path: &Path| (!path.as_os_str().is_empty()).then(|| path.to_owned());
        AuditArgs {
            from: from.iter().map(OsString::from).collect(),
            cert: named(cert),
            key: named(key),
            token: named(token),
        }
    }

    /// What can be said without listening anywhere: an agent may be running.
    pub(crate) fn check(mut self) -> Result<()> {
        let is_webhook = |text: &OsString| {
            text.to_str()
                .and_then(|text| text.strip_prefix("webhook=").map(address))
        };
        let webhooks = self.from.iter().filter_map(is_webhook).collect::<Result<Vec<_>>>()?;
        self.from.retain(|from| is_webhook(from).is_none());
        ensure!(
            self.cert.is_some() == self.key.is_some(),
            "a certificate needs its key, and the other way round"
        );
        if webhooks.is_empty() {
            return self.add_to(&mut Asked::default());
        }
        let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        let mut asked = Asked {
            webhooks: vec![TcpListener::bind(any).context("cannot listen anywhere")?],
            ..Asked::default()
        };
        self.add_to(&mut asked)
    }

    /// Opens what is listened at and reads what is named, so that nothing but the recording itself can fail later.
    pub(crate) fn add_to(self, asked: &mut Asked) -> Result<()> {
        for from in self.from {
            match from.to_str().and_then(|text| text.strip_prefix("webhook=")) {
                Some(place) => {
                    let place = address(place)?;
                    let listener = TcpListener::bind(place);
                    asked
                        .webhooks
                        .push(listener.with_context(|| format!("--k8s-audit: cannot listen at {place}"))?);
                }
                None => asked.audit.push(absolute(Path::new(&from))?),
            }
        }
        asked.tls = self.cert.zip(self.key).map(|(cert, key)| Tls { cert, key });
        if let Some(tls) = &asked.tls {
            tls.check().map_err(|error| anyhow!("--k8s-audit-cert: {error}"))?;
        }
        if let Some(path) = &self.token {
            Token::read(path).map_err(|error| anyhow!("--k8s-audit-token: {error}"))?;
        }
        asked.token = self.token;
        ensure!(
            asked.tls.is_none() && asked.token.is_none() || !asked.webhooks.is_empty(),
            "certificate and token are for --k8s-audit webhook=PORT"
        );
        Ok(())
    }
}

/// `9443`, `10.0.0.1:9443` or `[::]:9443`.
fn address(text: &str) -> Result<SocketAddr> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    text.parse()
        .map_err(|_| anyhow!("--k8s-audit webhook={text}: expected PORT or ADDRESS:PORT, as in webhook=127.0.0.1:9443"))
}

/// A file that may be yet to come, in a folder that is there.
fn absolute(path: &Path) -> Result<PathBuf> {
    let whole = std::path::absolute(path).with_context(|| format!("--k8s-audit: {}", path.display()))?;
    match std::fs::metadata(&whole) {
        Ok(about) if !about.is_file() => bail!("--k8s-audit: {} is no file", path.display()),
        Ok(_) => {}
        Err(_) => {
            let folder = whole.parent().unwrap_or(Path::new("/"));
            ensure!(
                folder.is_dir(),
                "--k8s-audit: there is no {}; the API server's --audit-log-path says where its log is",
                path.display()
            );
            eprintln!("capture: {} is not there yet; it is read once it is", path.display());
        }
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, expected) in [
            ("9443", Some("127.0.0.1:9443")),
            ("0.0.0.0:1", Some("0.0.0.0:1")),
            ("[::1]:7", Some("[::1]:7")),
            ("localhost:7", None),
            ("70000", None),
            ("", None),
        ] {
            assert_eq!(
                address(text).ok().map(|place| place.to_string()).as_deref(),
                expected,
                "{text}"
            );
        }
    }
}
