//! The way out: HTTP and HTTPS to others. Names are resolved by whoever [`Outside`] says, so that tests can stand in for a
//! provider without any check being weaker.

mod client;
mod roots;

pub(crate) use client::{Client, ClientError};

use crate::time;
use futures_util::future::BoxFuture;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

/// Nanoseconds since 1970.
pub(crate) type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Names to addresses.
pub trait Resolve: fmt::Debug + Send + Sync {
    /// Addresses of a host, best first.
    fn resolve(&self, host: String, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>;
}

/// The system's resolver.
#[derive(Debug)]
struct System;

impl Resolve for System {
    fn resolve(&self, host: String, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}

/// What the helper takes from the world around it.
#[derive(Clone)]
pub struct Outside {
    /// Names to addresses.
    pub resolver: Arc<dyn Resolve>,
    /// PEM files with roots beside the system's.
    pub roots: Vec<PathBuf>,
    /// Nanoseconds since 1970.
    pub clock: Arc<dyn Fn() -> i64 + Send + Sync>,
    /// Sockets that are open already, for the addresses in the settings that they are at.
    pub listeners: Arc<[TcpListener]>,
}

impl Default for Outside {
    fn default() -> Outside {
        Outside {
            resolver: Arc::new(System),
            roots: Vec::new(),
            clock: Arc::new(time::now),
            listeners: Arc::new([]),
        }
    }
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outside")
            .field("resolver", &self.resolver)
            .field("roots", &self.roots)
            .finish_non_exhaustive()
    }
}
