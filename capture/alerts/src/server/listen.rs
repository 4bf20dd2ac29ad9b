//! Addresses that are listened at, and who is let in.

use super::{Door, connection, lock};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// What is listened at; by the address of the settings.
#[derive(Default)]
pub(crate) struct Listeners {
    listening: HashMap<SocketAddr, (SocketAddr, JoinHandle<()>)>,
    open: Arc<AtomicUsize>,
    /// Open already, and to be used instead of new ones.
    given: Vec<std::net::TcpListener>,
}

/// Addresses that were bound but are not used yet.
pub(crate) struct Bound(Vec<(SocketAddr, TcpListener)>);

impl Listeners {
    /// With sockets that somebody else keeps open, at whatever address they are.
    pub(crate) fn new(given: &[std::net::TcpListener]) -> Listeners {
        Listeners {
            given: given.iter().filter_map(|one| one.try_clone().ok()).collect(),
            ..Listeners::default()
        }
    }

    /// Binds what is new among `wanted`. Nothing changes yet.
    pub(crate) fn bind(&self, wanted: &[SocketAddr]) -> Result<Bound, String> {
        let new = wanted.iter().filter(|address| !self.listening.contains_key(address));
        let bound = new.map(|address| {
            let given = self
                .given
                .iter()
                .find(|one| one.local_addr().is_ok_and(|at| at == *address));
            let listener = match given {
                Some(given) => take(given),
                None => bind(*address),
            };
            let listener = listener.map_err(|error| format!("http.listen: cannot listen at {address}: {error}"))?;
            Ok((*address, listener))
        });
        Ok(Bound(bound.collect::<Result<_, String>>()?))
    }

    /// Listens at `wanted` and nowhere else. Connections that are open stay so.
    pub(crate) fn listen(&mut self, door: &Arc<Door>, wanted: &[SocketAddr], bound: Bound) {
        self.listening.retain(|address, (_, task)| {
            let stays = wanted.contains(address);
            if !stays {
                task.abort();
            }
            stays
        });
        for (address, listener) in bound.0 {
            let real = listener.local_addr().unwrap_or(address);
            let task = tokio::spawn(accept(door.clone(), listener, self.open.clone()));
            self.listening.insert(address, (real, task));
        }
    }

    /// Addresses with their real ports.
    pub(crate) fn addresses(&self) -> Vec<String> {
        let mut all: Vec<String> = self.listening.values().map(|(real, _)| real.to_string()).collect();
        all.sort();
        all
    }

    /// Takes no more connections.
    pub(crate) fn close(&mut self) {
        for (_, (_, task)) in self.listening.drain() {
            task.abort();
        }
    }

    /// Connections that are open.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn take(given: &std::net::TcpListener) -> io::Result<TcpListener> {
    given.set_nonblocking(true)?;
    TcpListener::from_std(given.try_clone()?)
}

async fn accept(door: Arc<Door>, listener: TcpListener, open: Arc<AtomicUsize>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let peer = peer.ip().to_canonical();
                // Whoever is not let in is not answered: that would cost more than it does them.
                if let Some(place) = Place::take(&door, &open, peer) {
                    let _ = stream.set_nodelay(true);
                    let door = door.clone();
                    tokio::spawn(async move {
                        connection::serve(door, stream, peer).await;
                        drop(place);
                    });
                }
            }
            // Too many open files, mostly: those that are open must end first.
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

/// A connection among those that may be. Given back when it is dropped.
struct Place {
    door: Arc<Door>,
    open: Arc<AtomicUsize>,
    peer: IpAddr,
}

impl Place {
    fn take(door: &Arc<Door>, open: &Arc<AtomicUsize>, peer: IpAddr) -> Option<Place> {
        let limits = door.limits();
        if open.load(Ordering::Relaxed) >= limits.connections {
            lock(&door.tally).refuse("", 0, "connections", "too many connections");
            return None;
        }
        let may = lock(&door.peers).connect(peer, limits.connections_per_peer, limits.per_peer, Instant::now());
        if !may {
            lock(&door.tally).refuse("", 0, "peer connections", &format!("too many connections of {peer}"));
            return None;
        }
        open.fetch_add(1, Ordering::Relaxed);
        Some(Place {
            door: door.clone(),
            open: open.clone(),
            peer,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        lock(&self.door.peers).disconnect(self.peer);
    }
}
