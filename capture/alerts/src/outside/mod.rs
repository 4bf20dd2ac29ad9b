//! The way out: HTTP and HTTPS to others. Names are resolved by whoever [`Outside`] says, so that tests can stand in for a
//! provider without any check being weaker.

mod client;
mod roots;

pub(crate) use client::{Client, ClientError};

use crate::time;
use futures_util::future::BoxFuture;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Nanoseconds since 1970.
pub(crate) type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Names to addresses.
pub trait Resolve: fmt::Debug + Send + Sync {
    /// Addresses of a host, best first.
    fn resolve(&self, host: String, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>;
}

/// Lookups at a time. A name server that does not answer holds a thread for long, and there are few: the disk needs some, too.
const LOOKUPS: usize = 2;

/// The system's resolver.
#[derive(Debug)]
struct System {
    places: Arc<Semaphore>,
    lookup: fn(&str, u16) -> io::Result<Vec<SocketAddr>>,
}

impl System {
    fn new() -> System {
        System {
            places: Arc::new(Semaphore::new(LOOKUPS)),
            lookup: |host, port| Ok((host, port).to_socket_addrs()?.collect()),
        }
    }
}

impl Resolve for System {
    fn resolve(&self, host: String, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        let (places, lookup) = (self.places.clone(), self.lookup);
        Box::pin(async move {
            if let Ok(address) = host.parse::<IpAddr>() {
                return Ok(vec![(address, port).into()]);
            }
            let place = places.acquire_owned().await.map_err(io::Error::other)?;
            let found = tokio::task::spawn_blocking(move || {
                // A lookup goes on when nobody waits for it any more, and has its place until its end.
                let _place = place;
                lookup(&host, port)
            });
            found.await.map_err(io::Error::other)?
        })
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
            resolver: Arc::new(System::new()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::time::Duration;
    use tokio::time::timeout;

    static BEGUN: AtomicUsize = AtomicUsize::new(0);
    static ENDS: AtomicBool = AtomicBool::new(false);

    fn swallowed(_: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        BEGUN.fetch_add(1, Ordering::Relaxed);
        while !ENDS.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(Vec::new())
    }

    /// As many threads as the helper has.
    #[test]
    fn lookups_that_hang_leave_threads_to_others() {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().max_blocking_threads(4).build().unwrap();
        let system = System {
            lookup: swallowed,
            ..System::new()
        };
        runtime.block_on(async {
            for _ in 0..6 {
                let given_up = timeout(Duration::from_millis(20), system.resolve("a.example".to_owned(), 1)).await;
                assert!(given_up.is_err());
            }
            let disk = tokio::task::spawn_blocking(|| BEGUN.load(Ordering::Relaxed));
            let begun = timeout(Duration::from_secs(20), disk).await.unwrap().unwrap();
            assert!(begun <= LOOKUPS, "{begun}");
            // An address is no name.
            for (host, address) in [("127.0.0.1", "127.0.0.1:7"), ("::1", "[::1]:7")] {
                let found = timeout(Duration::from_secs(20), system.resolve(host.to_owned(), 7)).await;
                assert_eq!(found.unwrap().unwrap(), [address.parse().unwrap()]);
            }
            ENDS.store(true, Ordering::Relaxed);
            let found = timeout(Duration::from_secs(20), system.resolve("a.example".to_owned(), 1)).await;
            assert_eq!(found.unwrap().unwrap(), []);
        });
    }

    #[test]
    fn names_are_looked_up() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let found = runtime
            .block_on(System::new().resolve("localhost".to_owned(), 7))
            .unwrap();
        assert!(
            found
                .iter()
                .any(|address| address.ip().is_loopback() && address.port() == 7),
            "{found:?}"
        );
    }
}
