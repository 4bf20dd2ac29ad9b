//! The front door: a request from its first byte to its answer.
//!
//! What costs least comes first: number of connections, time for the header, rate of the peer, path, credentials, size; only
//! then is a body read, checked, understood, and the recorder asked.

mod alert;
mod answer;
mod auth;
mod body;
mod connection;
mod in_force;
mod listen;
mod rate;
mod refusal;
mod request;
mod tally;
mod tickets;
mod tls;

pub(crate) use in_force::InForce;
pub(crate) use listen::Listeners;
pub(crate) use tickets::Tickets;

use crate::dedup::Dedup;
use crate::protocol::Said;
use crate::settings::Limits;
use rate::Peers;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tally::Tally;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::Instant;

/// What all connections share, over changes of the settings.
pub(crate) struct Door {
    /// To the recorder.
    said: mpsc::Sender<Said>,
    pub(crate) tickets: Tickets,
    in_force: RwLock<Arc<InForce>>,
    peers: Mutex<Peers>,
    tally: Mutex<Tally>,
    dedup: Mutex<Dedup>,
    /// The last answers to GET /healthz, /readyz and /metrics.
    texts: [tokio::sync::Mutex<Option<(Instant, Answered)>>; 3],
    /// Becomes true when no more requests are taken.
    ending: watch::Receiver<bool>,
    /// Alerts that are under way to the recorder and back; see [`ALERTS_MAX`].
    alerts: Arc<Semaphore>,
}

/// Requests whose alerts wait for the recorder. Beyond, senders are told to try again.
const ALERTS_MAX: usize = 256;

impl Door {
    pub(crate) fn new(said: mpsc::Sender<Said>, ending: watch::Receiver<bool>, in_force: InForce) -> Arc<Door> {
        Arc::new(Door {
            said,
            tickets: Tickets::default(),
            in_force: RwLock::new(Arc::new(in_force)),
            peers: Mutex::default(),
            tally: Mutex::default(),
            dedup: Mutex::default(),
            texts: Default::default(),
            ending,
            alerts: Arc::new(Semaphore::new(ALERTS_MAX)),
        })
    }

    /// New settings. Requests that are under way end under the old ones.
    pub(crate) fn replace(&self, in_force: InForce) {
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(in_force);
    }

    /// Refused and passed requests since the last time.
    pub(crate) fn take_tally(&self) -> Vec<Said> {
        lock(&self.tally).take()
    }

    fn now_in_force(&self) -> Arc<InForce> {
        self.in_force.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn limits(&self) -> Limits {
        self.now_in_force().limits.clone()
    }
}

/// Nothing here is left half done by a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What goes back to whoever asked.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answered {
    status: u16,
    content_type: String,
    body: String,
    /// The connection ends with it.
    close: bool,
}
