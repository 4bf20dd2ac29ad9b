//! The audit log of Kubernetes' API server: who asked it for what. It comes from the file that the server writes, or from
//! the server itself, which posts it (its webhook).
//!
//! - `read`: JSON becomes events, one at a time; `entry`: an event becomes an [`Entry`], bounded and without secrets.
//! - `tail`: the file; `webhook`: the server that is posted to.

mod clean;
mod entry;
mod read;
mod tail;
mod uri;
mod webhook;

pub use entry::Entry;
pub use read::{Unreadable, read};
pub use webhook::{Tls, Token};

use crate::out::Out;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;

/// Where an audit log comes from.
#[derive(Debug, Clone)]
pub enum Settings {
    /// The file that the API server appends to (`--audit-log-path`).
    File(PathBuf),
    /// The API server posts it here (`--audit-webhook-config-file`).
    Webhook {
        /// Where.
        listener: Arc<TcpListener>,
        /// With this certificate; `None`: without TLS.
        tls: Option<Tls>,
        /// What the API server has to know.
        token: Option<Token>,
    },
}

/// Passes on entries until nobody listens.
pub(crate) fn run(settings: Settings, out: &Out) {
    // Errors mean that the recorder is gone: that is how it ends.
    let _ = match settings {
        Settings::File(path) => tail::run(&path, out),
        Settings::Webhook { listener, tls, token } => webhook::run(&listener, tls.as_ref(), token, out),
    };
}
