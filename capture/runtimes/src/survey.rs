//! Which runtimes are here, for `capture doctor`.

use crate::api::Client;
use crate::files;
use crate::settings::{Kind, Settings, Socket, usual};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What was found at one socket.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What is spoken there.
    pub kind: Kind,
    /// Its path.
    pub path: PathBuf,
    /// Whether somebody seems to be there; a conventional place that is empty is no problem.
    pub present: bool,
    /// How long connecting and asking for the version took, and the version; or why that failed.
    pub answer: Result<(Duration, String), String>,
}

/// Asks every socket for its version, one after the other: those of the settings and those that running daemons name.
pub fn survey(settings: &Settings) -> Vec<Finding> {
    let mut sockets = settings.sockets.clone();
    if settings.discover {
        sockets.extend(files::daemons(Path::new("/proc")).0);
    }
    let mut asked: Vec<Socket> = Vec::new();
    for socket in sockets {
        let socket = Socket::new(socket.kind, usual(&socket.path));
        if !asked.contains(&socket) {
            asked.push(socket);
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ask = |socket: Socket| {
        let began = Instant::now();
        let (present, answer) = match &runtime {
            Ok(runtime) => match runtime.block_on(Client::connect(&socket, settings.timeout, 0)) {
                Ok(client) => (true, Ok((began.elapsed(), client.version().to_owned()))),
                Err(trouble) => (!trouble.absent, Err(trouble.text)),
            },
            Err(e) => (false, Err(e.to_string())),
        };
        Finding {
            kind: socket.kind,
            path: socket.path,
            present,
            answer,
        }
    };
    asked.into_iter().map(ask).collect()
}
