//! Sockets of runtimes. Each has a task of its own (`source`) that connects, asks and listens; what is spoken there is in
//! one file per language.

mod backoff;
mod channel;
mod containerd;
mod cri;
mod docker;
mod source;

pub(crate) use backoff::Backoff;
pub(crate) use source::{Ask, Source, Word};

use crate::protocol::Metadata;
use crate::settings::{Kind, Socket};
use std::time::Duration;

/// Why a socket did not answer, in words.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    /// Names the socket.
    pub(crate) text: String,
    /// Nobody listens there: looking again costs nothing.
    pub(crate) absent: bool,
}

/// What a runtime tells unasked.
#[derive(Debug)]
pub(crate) struct Notice {
    /// Of which container.
    pub(crate) id: String,
    /// What happened to it.
    pub(crate) what: What,
}

/// What happens to containers.
#[derive(Debug)]
pub(crate) enum What {
    /// It was made, or begins.
    Begun(Box<Metadata>),
    /// Something about it is new.
    Changed(Box<Metadata>),
    /// Its first process ended.
    Ended(Box<Metadata>),
    /// It was removed.
    Removed,
}

/// A connection to a runtime.
pub(crate) enum Client {
    Docker(docker::Docker),
    Containerd(Box<containerd::Containerd>),
    Cri(Box<cri::Cri>),
}

impl Client {
    /// Connects; `since` is when the connection before ended, in seconds since the epoch.
    pub(crate) async fn connect(socket: &Socket, timeout: Duration, since: u64) -> Result<Client, Trouble> {
        let path = &socket.path;
        if let Err(e) = std::fs::symlink_metadata(path) {
            return Err(Trouble {
                text: format!("{}: {e}", path.display()),
                absent: true,
            });
        }
        let connecting = async {
            Ok(match socket.kind {
                Kind::Docker | Kind::Podman => Client::Docker(docker::Docker::connect(socket, since).await?),
                Kind::Containerd => Client::Containerd(Box::new(containerd::Containerd::connect(path).await?)),
                Kind::Cri | Kind::CriO => Client::Cri(Box::new(cri::Cri::connect(socket).await?)),
            })
        };
        within(timeout, connecting).await.map_err(|text| explain(socket, &text))
    }

    /// What it calls itself.
    pub(crate) fn version(&self) -> &str {
        match self {
            Client::Docker(client) => &client.version,
            Client::Containerd(client) => &client.version,
            Client::Cri(client) => &client.version,
        }
    }

    /// What it knows of a container.
    pub(crate) async fn ask(&mut self, ask: &Ask) -> Result<Option<Metadata>, String> {
        match self {
            Client::Docker(client) => client.ask(&ask.id).await,
            Client::Containerd(client) => client.ask(&ask.id, ask.namespace.as_deref()).await,
            Client::Cri(client) => client.ask(&ask.id).await,
        }
    }

    /// What it tells next. Can be dropped at any time; an error ends the connection.
    pub(crate) async fn next(&mut self) -> Result<Notice, String> {
        match self {
            Client::Docker(client) => client.next().await,
            Client::Containerd(client) => client.next().await,
            Client::Cri(client) => client.next().await,
        }
    }
}

/// Nothing waits longer than this.
async fn within<T>(timeout: Duration, work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    tokio::time::timeout(timeout, work)
        .await
        .unwrap_or_else(|_| Err(format!("timed out after {timeout:?}")))
}

fn explain(socket: &Socket, text: &str) -> Trouble {
    Trouble {
        text: format!("{}: {}", socket.path.display(), one_line(text)),
        absent: text.contains("refused") || text.contains("No such file"),
    }
}

/// What a runtime says about its errors is as hostile as the rest.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(300)
        .collect()
}

/// An error with what is behind it: those of gRPC say only "transport error" themselves.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut at = error.source();
    while let Some(cause) = at {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        at = cause.source();
    }
    text
}
