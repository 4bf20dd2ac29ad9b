//! Token buckets: so many a second on average, twice that in a burst.

use std::collections::HashMap;
use std::net::IpAddr;
use tokio::time::Instant;

/// Peers that are told apart; beyond, the one that was quiet longest is forgotten (and thereby forgiven).
const PEERS_MAX: usize = 4096;

/// One bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    pub(super) fn full(per_second: u32, now: Instant) -> Bucket {
        Bucket {
            left: f64::from(per_second) * 2.0,
            at: now,
        }
    }

    /// Takes one, if there is one.
    pub(super) fn take(&mut self, per_second: u32, now: Instant) -> bool {
        let rate = f64::from(per_second);
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + since * rate).min(rate * 2.0);
        self.at = now;
        let taken = self.left >= 1.0;
        if taken {
            self.left -= 1.0;
        }
        taken
    }
}

/// Buckets and connections of peers.
#[derive(Debug, Default)]
pub(super) struct Peers {
    known: HashMap<IpAddr, Peer>,
}

#[derive(Debug)]
struct Peer {
    bucket: Bucket,
    connections: usize,
}

impl Peers {
    /// Whether this peer may ask something now.
    pub(super) fn may_ask(&mut self, peer: IpAddr, per_second: u32, now: Instant) -> bool {
        self.entry(peer, per_second, now).bucket.take(per_second, now)
    }

    /// Counts a connection, if there may be one more.
    pub(super) fn connect(&mut self, peer: IpAddr, most: usize, per_second: u32, now: Instant) -> bool {
        let entry = self.entry(peer, per_second, now);
        let may = entry.connections < most;
        entry.connections += usize::from(may);
        may
    }

    /// Forgets a connection.
    pub(super) fn disconnect(&mut self, peer: IpAddr) {
        if let Some(entry) = self.known.get_mut(&group(peer)) {
            entry.connections = entry.connections.saturating_sub(1);
        }
    }

    fn entry(&mut self, peer: IpAddr, per_second: u32, now: Instant) -> &mut Peer {
        let key = group(peer);
        if self.known.len() >= PEERS_MAX && !self.known.contains_key(&key) {
            // Those with connections stay: at most as many as there are connections.
            let idle = self.known.iter().filter(|(_, peer)| peer.connections == 0);
            let oldest = idle.min_by_key(|(_, peer)| peer.bucket.at).map(|(key, _)| *key);
            oldest.and_then(|key| self.known.remove(&key));
        }
        self.known.entry(key).or_insert_with(|| Peer {
            bucket: Bucket::full(per_second, now),
            connections: 0,
        })
    }
}

/// Whoever has an IPv6 address has a whole /64 of them.
fn group(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6((u128::from(ip) >> 64 << 64).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};
    use std::time::Duration;

    #[test]
    fn twice_the_rate_at_once_and_then_the_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::full(10, start);
        let count = |bucket: &mut Bucket, now| (0..100).filter(|_| bucket.take(10, now)).count();
        assert_eq!(count(&mut bucket, start), 20);
        assert_eq!(count(&mut bucket, start + Duration::from_secs(1)), 10);
        assert_eq!(count(&mut bucket, start + Duration::from_secs(60)), 20);
    }

    #[test]
    fn peers_are_bounded_and_a_network_is_one() {
        let now = Instant::now();
        let mut peers = Peers::default();
        for number in 0..3 * PEERS_MAX as u32 {
            peers.may_ask(
                Ipv4Addr::from(number).into(),
                1,
                now + Duration::from_millis(number.into()),
            );
        }
        assert_eq!(peers.known.len(), PEERS_MAX);
        let host = |number: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, number));
        assert!(peers.may_ask(host(1), 1, now) && peers.may_ask(host(2), 1, now));
        assert!(!peers.may_ask(host(3), 1, now));
        assert!(peers.connect(host(4), 1, 1, now) && !peers.connect(host(5), 1, 1, now));
        peers.disconnect(host(6));
        assert!(peers.connect(host(7), 1, 1, now));
    }
}
