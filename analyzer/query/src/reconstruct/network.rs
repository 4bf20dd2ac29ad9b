//! Connections: made, accepted, and what went over them.

use super::builder::Builder;
use super::dns;
use super::file_use::is_file;
use super::happening::Happening;
use super::lines::net_use;
use super::paths;
use super::state::{DraftId, Same};
use super::story::{Kind, NetOp, NetUse, ProcessId, What};
use afterimage_format::model::{Descriptor, DescriptorType, L4Proto, SockAddr, Tuple, parse_sockaddr};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

const ENOENT: i64 = -2;
const EINPROGRESS: i64 = -115;
const DNS_PORT: u16 = 53;
/// Longest first line that is kept of a connection, in bytes.
const FIRST_LINE: usize = 240;
/// Names that are kept for one connection.
const MAX_NAMES: usize = 16;
/// Other processes that are kept for one connection.
const MAX_USERS: usize = 8;
/// Cloud platforms hand out credentials at this address.
const METADATA_SERVICE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(169, 254, 169, 254));

/// Sockets of name services and logs: every program uses them.
const NOISE: [&[u8]; 5] = [
    b"/run/nscd/socket",
    b"/var/run/nscd/socket",
    b"/dev/log",
    b"/run/systemd/journal/dev-log",
    b"/run/systemd/journal/socket",
];

impl Builder<'_> {
    /// connect.
    pub(super) fn connect(&mut self, at: &Happening<'_>) {
        let error = at.error().filter(|error| *error != EINPROGRESS);
        let given = parse_sockaddr(at.bytes("addr"));
        if let Some(SockAddr::Unix(path)) = given {
            return self.connect_unix(at, path, error);
        }
        let Some(descriptor) = at.descriptor().filter(|d| is_inet(d)) else {
            return;
        };
        // A datagram socket that is connected has done nothing yet; libc does it to learn about routes.
        if descriptor.l4 == L4Proto::Udp && error.is_none() && !self.options.all {
            return;
        }
        let (_, known) = ends(descriptor);
        let to = match given {
            Some(SockAddr::Ip(address, port)) => Some(SocketAddr::new(address.to_canonical(), port)),
            _ => known,
        };
        let Some(to) = to else { return };
        let pending = at.error() == Some(EINPROGRESS);
        let same = Same::Connect {
            to,
            error: error.unwrap_or(0),
        };
        let what = || {
            What::Net(NetUse {
                pending,
                remote: Some(to),
                ..net_use(NetOp::Connect, descriptor)
            })
        };
        let metadata = to.ip() == METADATA_SERVICE;
        let (draft, is_new) = self.line(at, Some(same), Kind::Connect, what, metadata);
        self.failed(draft, error);
        match self.net(draft) {
            Some(net) => net.count += u64::from(!is_new),
            None => self.one_more(draft, b""),
        }
        if error.is_none() {
            self.connections.insert(key(at, descriptor), draft);
        }
    }

    fn connect_unix(&mut self, at: &Happening<'_>, path: &[u8], error: Option<i64>) {
        let noise = NOISE.contains(&path) || error == Some(ENOENT);
        if noise && !self.options.all {
            return self.fold(at);
        }
        let same = Same::Unix {
            path: path.to_vec(),
            error: error.unwrap_or(0),
        };
        let unknown = Descriptor::unknown(0);
        let what = || {
            What::Net(NetUse {
                path: path.to_vec(),
                ..net_use(NetOp::Connect, &unknown)
            })
        };
        let notable = paths::sensitive_to_connect(path).is_some();
        let (draft, is_new) = self.line(at, Some(same), Kind::Connect, what, notable);
        self.failed(draft, error);
        match self.net(draft) {
            Some(net) => net.count += u64::from(!is_new),
            None => self.one_more(draft, b""),
        }
        if let (None, Some(descriptor)) = (error, at.descriptor()) {
            self.connections.insert(key(at, descriptor), draft);
        }
    }

    /// accept, accept4.
    pub(super) fn accept(&mut self, at: &Happening<'_>) {
        let (None, Some(descriptor)) = (at.error(), at.descriptor()) else {
            return;
        };
        self.has_opened(at, at.result(), descriptor, false);
        if !is_inet(descriptor) && descriptor.ty != DescriptorType::Unix {
            return;
        }
        let what = || {
            What::Net(NetUse {
                path: unix_path(descriptor),
                ..net_use(NetOp::Accept, descriptor)
            })
        };
        let (draft, _) = self.line(at, None, Kind::Accept, what, false);
        self.one_more(draft, b"");
        self.connections.insert(key(at, descriptor), draft);
    }

    /// listen.
    pub(super) fn listen(&mut self, at: &Happening<'_>) {
        if let (None, Some(descriptor)) = (at.error(), at.descriptor()) {
            self.listens(at, descriptor, NetOp::Listen);
        }
    }

    /// bind: tells something where no listen follows.
    pub(super) fn bind(&mut self, at: &Happening<'_>) {
        if let (None, Some(descriptor)) = (at.error(), at.descriptor())
            && matches!(descriptor.l4, L4Proto::Udp | L4Proto::Raw)
            && ends(descriptor).0.is_some_and(|local| local.port() != 0)
        {
            self.listens(at, descriptor, NetOp::Bind);
        }
    }

    fn listens(&mut self, at: &Happening<'_>, descriptor: &Descriptor, op: NetOp) {
        let path = unix_path(descriptor);
        let local = descriptor
            .tuple
            .map(|tuple| SocketAddr::new(tuple.local.0, tuple.local.1));
        let same = Same::Listen {
            at: local,
            path: path.clone(),
        };
        let what = || {
            What::Net(NetUse {
                path,
                local,
                ..net_use(op, descriptor)
            })
        };
        self.line(at, Some(same), Kind::Other, what, false);
    }

    /// Data was moved through the event's descriptor.
    pub(super) fn data_moved(&mut self, at: &Happening<'_>, write: bool, data: Option<usize>) {
        let (None, Some(descriptor)) = (at.error(), at.descriptor()) else {
            return;
        };
        let bytes = u64::try_from(at.result()).unwrap_or(0);
        let payload = data.and_then(|data| at.bytes_at(data)).unwrap_or_default();
        self.through(at, descriptor, write, bytes, payload);
    }

    /// sendmmsg, recvmmsg: how many bytes is not recorded.
    pub(super) fn messages_moved(&mut self, at: &Happening<'_>, write: bool) {
        if let (None, Some(descriptor)) = (at.error(), at.descriptor()) {
            self.through(at, descriptor, write, 0, &[]);
        }
    }

    /// Data was moved from one descriptor to another. The event knows the one that comes first among its parameters.
    pub(super) fn transfer(&mut self, at: &Happening<'_>, from: usize, to: usize) {
        if at.error().is_some() {
            return;
        }
        let bytes = u64::try_from(at.result()).unwrap_or(0);
        for (param, write) in [(from, false), (to, true)] {
            let named = param == from.min(to);
            match (named, at.descriptor()) {
                (true, Some(descriptor)) => self.through(at, descriptor, write, bytes, &[]),
                _ => {
                    if let Some(descriptor) = at.int_at(param).and_then(|fd| self.behind(at, fd)) {
                        self.through(at, &descriptor, write, bytes, &[]);
                    }
                }
            }
        }
    }

    fn through(&mut self, at: &Happening<'_>, descriptor: &Descriptor, write: bool, bytes: u64, payload: &[u8]) {
        if is_file(descriptor) {
            self.file_moved(at, &descriptor.name, write, bytes);
        } else if is_inet(descriptor) || descriptor.ty == DescriptorType::Unix {
            self.net_moved(at, descriptor, write, bytes, payload);
        }
    }

    fn net_moved(&mut self, at: &Happening<'_>, descriptor: &Descriptor, write: bool, bytes: u64, payload: &[u8]) {
        let draft = match self.connections.get(&key(at, descriptor)).copied() {
            Some(draft) => {
                self.again(draft, at);
                draft
            }
            None => match self.unannounced(at, descriptor) {
                Some(draft) => draft,
                None => return,
            },
        };
        if let Some(net) = self.net(draft) {
            net.pending &= bytes == 0;
        }
        match &mut self.drafts[draft].entry.what {
            What::Net(net) if write => net.sent += bytes,
            What::Net(net) => net.received += bytes,
            What::More { written, .. } if write => *written += bytes,
            What::More { read, .. } => *read += bytes,
            _ => {}
        }
        self.used_by(at, draft);
        let remote = ends(descriptor).1;
        if remote.is_some_and(|remote| remote.port() == DNS_PORT) {
            self.looked_up(draft, payload);
        } else if !payload.is_empty() && !self.first_lines.contains_key(&draft) {
            let line = first_line(payload).to_vec();
            self.first_lines.insert(draft, (!write, line));
        }
        if write {
            self.drafts[draft].taken_in = Rc::clone(&self.registry.state(at.process).taken_in);
        } else if bytes > 0 && remote.is_some() {
            self.registry.state(at.process).take_in(draft);
        }
    }

    /// The line of a connection whose beginning was not seen, or of a datagram socket. Unix sockets are told where they
    /// connect only, and a socket without a far end does not say whom it talks to.
    fn unannounced(&mut self, at: &Happening<'_>, descriptor: &Descriptor) -> Option<DraftId> {
        let (_, remote) = ends(descriptor);
        let remote = remote?;
        let op = if descriptor.l4 == L4Proto::Udp {
            NetOp::Connect
        } else {
            NetOp::Use
        };
        let same = Same::Connect { to: remote, error: 0 };
        let what = || What::Net(net_use(op, descriptor));
        let (draft, _) = self.line(at, Some(same), Kind::Connect, what, remote.ip() == METADATA_SERVICE);
        self.connections.insert(key(at, descriptor), draft);
        Some(draft)
    }

    fn used_by(&mut self, at: &Happening<'_>, draft: DraftId) {
        let entry = &self.drafts[draft].entry;
        if !matches!(entry.what, What::Net(_)) || entry.who.as_ref().is_some_and(|who| who.process == at.process) {
            return;
        }
        let who = self.who(at);
        let users = self.users.entry(draft).or_default();
        let known = users.iter().position(|known| known.process == at.process);
        match known {
            Some(known) => users[known] = who,
            None if users.len() < MAX_USERS => users.push(who),
            None => {}
        }
    }

    fn looked_up(&mut self, draft: DraftId, payload: &[u8]) {
        let Some(name) = dns::question(payload) else { return };
        let names = self.lookups.entry(draft).or_default();
        if names.len() < MAX_NAMES && !names.contains(&name) {
            names.push(name);
        }
    }
}

/// What finds the line of a connection: TCP connections are one whoever of a family of processes uses them; for other
/// sockets the descriptor says too little to tell two processes' apart.
fn key(at: &Happening<'_>, descriptor: &Descriptor) -> (Option<ProcessId>, u64) {
    let connected = descriptor.l4 == L4Proto::Tcp && ends(descriptor).1.is_some();
    (if connected { None } else { Some(at.process) }, descriptor.id)
}

fn is_inet(descriptor: &Descriptor) -> bool {
    matches!(descriptor.ty, DescriptorType::Ipv4 | DescriptorType::Ipv6)
}

/// Near and far end, where they are set.
pub(super) fn ends(descriptor: &Descriptor) -> (Option<SocketAddr>, Option<SocketAddr>) {
    let set = |(address, port): (IpAddr, u16)| {
        (!address.is_unspecified() || port != 0).then(|| SocketAddr::new(address.to_canonical(), port))
    };
    match descriptor.tuple {
        Some(Tuple { local, remote }) => (set(local), set(remote)),
        None => (None, None),
    }
}

fn unix_path(descriptor: &Descriptor) -> Vec<u8> {
    if descriptor.ty == DescriptorType::Unix {
        descriptor.name.clone()
    } else {
        Vec::new()
    }
}

/// The first line of what was sent.
fn first_line(payload: &[u8]) -> &[u8] {
    let end = payload
        .iter()
        .position(|byte| matches!(byte, b'\n' | b'\r' | 0))
        .unwrap_or(payload.len());
    &payload[..end.min(FIRST_LINE)]
}
