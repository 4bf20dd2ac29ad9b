//! Sockets: their addresses, and which side is the server.

use super::address::{self, Address, unmapped_one, unmapped_pair};
use super::effects::succeeded;
use super::fd::{End, Fd, Net};
use super::world::{Context, World};
use super::{sockaddr, socktuple};
use crate::events::Event;
use afterimage_format::model::{DescriptorType, L4Proto, Role};
use std::net::{IpAddr, Ipv6Addr};
use std::rc::Rc;

const SOCK_STREAM: i64 = 1;
const SOCK_DGRAM: i64 = 2;
const SOCK_RAW: i64 = 3;
const IPPROTO_IP: i64 = 0;
const IPPROTO_ICMP: i64 = 1;
const IPPROTO_TCP: i64 = 6;
const IPPROTO_UDP: i64 = 17;
const IPPROTO_RAW: i64 = 255;
const EINPROGRESS: i64 = -115;

impl World {
    pub(super) fn socket(&mut self, event: &Event<'_>, context: &mut Context) {
        let argument = |name| self.argument(event, context, name);
        let (domain, ty, protocol) = (argument("domain"), argument("type"), argument("proto"));
        if let (Some(number), Some(domain)) = (event.int("fd"), domain) {
            self.add_socket(context, number, domain, ty.unwrap_or(0), protocol.unwrap_or(0));
        }
    }

    fn add_socket(&mut self, context: &mut Context, number: i64, domain: i64, ty: i64, protocol: i64) {
        let raw_or = |l4| if ty == SOCK_RAW { L4Proto::Raw } else { l4 };
        let l4 = match protocol {
            IPPROTO_TCP => raw_or(L4Proto::Tcp),
            IPPROTO_UDP => raw_or(L4Proto::Udp),
            IPPROTO_IP if ty & 0xff == SOCK_STREAM => L4Proto::Tcp,
            IPPROTO_IP if ty & 0xff == SOCK_DGRAM => L4Proto::Udp,
            IPPROTO_ICMP => raw_or(L4Proto::Icmp),
            IPPROTO_RAW => L4Proto::Raw,
            _ => L4Proto::Unknown,
        };
        let fd = match domain {
            1 => Fd::named(DescriptorType::Unix, b""),
            2 => Fd::socket(false, l4),
            10 => Fd::socket(true, l4),
            16 => Fd::named(DescriptorType::Netlink, b""),
            _ => return,
        };
        self.add(context, number, fd);
    }

    /// Lets the event's descriptor refer to something else.
    fn replace(&mut self, context: &mut Context, mut fd: Fd) {
        let Some(tid) = context.tid else { return };
        let number = self.threads.get(&tid).map_or(-1, |thread| thread.last_fd);
        let container = self.threads.get(&tid).map_or(0, |thread| thread.container);
        self.place(&mut fd, container);
        let fd = self.intern(fd);
        self.put(tid, number, fd.clone());
        context.fd = Some(fd);
    }

    /// Whether the server's end is here.
    pub(super) fn place(&self, fd: &mut Fd, container: u64) {
        let end = match fd.net {
            Net::None => return,
            Net::Server(_) => None,
            Net::Connection(_, destination) => Some(destination),
        };
        fd.server_is_here = end.is_none_or(|end| self.is_here(end.0, container));
        fd.client_is_here = match fd.net {
            Net::Connection(source, _) => self.is_here(source.0, container),
            Net::None | Net::Server(_) => false,
        };
    }

    /// Whether an address is one of this machine's, or of a container of it, for a thread of that container.
    fn is_here(&self, address: IpAddr, container: u64) -> bool {
        match address {
            IpAddr::V4(_) => {
                container != 0 && self.containers.has_ip(container, &address.to_string())
                    || self.interfaces.iter().any(|interface| interface.address == address)
            }
            // As elsewhere in the field: by network, and not in containers.
            IpAddr::V6(v6) => {
                let net = |address: Ipv6Addr| address.to_bits() >> 64;
                let same = |own: IpAddr| matches!(own, IpAddr::V6(own) if net(own) == net(v6));
                container == 0 && self.interfaces.iter().any(|interface| same(interface.address))
            }
        }
    }

    pub(super) fn bind(&mut self, event: &Event<'_>, context: &mut Context) {
        let (Some(fd), Some(raw)) = (context.fd.clone(), event.named("addr").filter(|raw| !raw.is_empty())) else {
            return;
        };
        if !succeeded(event) {
            return;
        }
        let mut fd = Fd::clone(&fd);
        let address = sockaddr(raw);
        if let Address::One(end) = address
            && end.1 > 0
        {
            fd.net = Net::Server(unmapped_one(end));
            fd.role = Role::Server;
        }
        fd.shown.name = address.text();
        self.replace(context, fd);
    }

    pub(super) fn connect_begins(&mut self, event: &Event<'_>, context: &mut Context) {
        let Some(fd) = context.fd.clone() else { return };
        let mut fd = Fd::clone(&fd);
        match event.named("addr") {
            None | Some([]) => return,
            Some(raw) => match sockaddr(raw) {
                Address::One(end) => {
                    let end = unmapped_one(end);
                    let source = match fd.net {
                        Net::Connection(source, _) | Net::Server(source) if source.0.is_ipv4() == end.0.is_ipv4() => {
                            source
                        }
                        _ => unspecified(end),
                    };
                    fd.net = Net::Connection(source, end);
                }
                address => fd.shown.name = address.text(),
            },
        }
        self.replace(context, fd);
    }

    pub(super) fn connect_ends(&mut self, event: &Event<'_>, context: &mut Context) {
        let Some(fd) = context.fd.clone() else { return };
        let result = event.int("res").unwrap_or(0);
        let raw = event.named("tuple").unwrap_or_default();
        if result < 0 {
            // Its row names what it was to be connected with.
            let mut shown = Fd::clone(&fd);
            shown.shown.name = socktuple(raw).text();
            if result != EINPROGRESS || raw.is_empty() {
                context.fd = Some(self.intern(shown));
                return;
            }
        }
        if raw.is_empty() {
            return;
        }
        let mut fd = Fd::clone(&fd);
        match socktuple(raw) {
            Address::Two(source, destination) => {
                let (source, destination) = unmapped_pair(source, destination);
                let changed = set_addresses(&mut fd, source, destination, false);
                if changed && is_server(fd.role) && fd.l4 == L4Proto::Udp {
                    fd.swap();
                }
                fd.name_from_addresses();
            }
            address => fd.shown.name = address.text(),
        }
        if fd.role == Role::Unknown {
            fd.role = Role::Client;
        }
        self.replace(context, fd);
        if result < 0
            && let Some(fd) = &context.fd
        {
            let mut shown = Fd::clone(fd);
            shown.shown.name = socktuple(raw).text();
            context.fd = Some(self.intern(shown));
        }
    }

    pub(super) fn accept(&mut self, event: &Event<'_>, context: &mut Context) {
        let (Some(tid), Some(number)) = (context.tid, event.int("fd").filter(|fd| *fd >= 0)) else {
            return;
        };
        self.set_last_fd(tid, number);
        let raw = event.named("tuple").unwrap_or_default();
        let address = socktuple(raw);
        let mut fd = match address {
            Address::Two(source, destination) => {
                let (source, destination) = unmapped_pair(source, destination);
                let mut fd = Fd::socket(source.0.is_ipv6(), L4Proto::Tcp);
                fd.net = Net::Connection(source, destination);
                fd
            }
            Address::UnixPair(..) => Fd::named(DescriptorType::Unix, b""),
            _ => return,
        };
        fd.shown.name = address.text();
        fd.role = Role::Server;
        let container = self.threads.get(&tid).map_or(0, |thread| thread.container);
        self.place(&mut fd, container);
        self.add(context, number, fd);
    }

    /// A socket that sends to somewhere, and that nobody has seen being made.
    pub(super) fn sendto_begins(&mut self, event: &Event<'_>, context: &mut Context) {
        if context.fd.is_some() {
            return;
        }
        let family = event.named("tuple").and_then(|tuple| tuple.first().copied());
        if let (Some(family @ (address::INET | address::INET6)), Some(number)) = (family, event.int("fd")) {
            self.add_socket(context, number, i64::from(family), SOCK_DGRAM, IPPROTO_UDP);
        }
    }

    pub(super) fn received(&mut self, event: &Event<'_>, context: &mut Context, name: &str) {
        if succeeded(event)
            && let (Some(fd), Some(raw)) = (context.fd.clone(), event.named(name))
        {
            self.moved(context, &fd, raw, true);
        }
    }

    pub(super) fn sent(&mut self, event: &Event<'_>, context: &mut Context) {
        let raw = match self.begun(event, context, "tuple") {
            Some(raw) => raw.to_vec(),
            None => event.named("tuple").unwrap_or_default().to_vec(),
        };
        if succeeded(event)
            && let Some(fd) = context.fd.clone()
        {
            self.moved(context, &fd, &raw, false);
        }
    }

    /// Data went between these addresses.
    fn moved(&mut self, context: &mut Context, fd: &Rc<Fd>, raw: &[u8], incoming: bool) {
        if raw.is_empty() || !fd.shown.name.is_empty() && fd.is_ip() && fd.l4 == L4Proto::Tcp {
            return;
        }
        let mut fd = Fd::clone(fd);
        match socktuple(raw) {
            Address::Two(source, destination) => {
                let (source, destination) = unmapped_pair(source, destination);
                if !set_addresses(&mut fd, source, destination, true) {
                    return;
                }
                if fd.l4 == L4Proto::Unknown {
                    fd.l4 = L4Proto::Udp;
                }
                self.infer(&mut fd);
                if fd.role == Role::Unknown {
                    // Who begins with receiving is a server.
                    let is_v4 = source.0.is_ipv4();
                    fd.role = if is_v4 && incoming { Role::Server } else { Role::Client };
                }
                if is_server(fd.role) != incoming {
                    fd.swap();
                }
                fd.name_from_addresses();
            }
            Address::UnixPair(_, _, path) => {
                fd.shown.ty = DescriptorType::Unix;
                fd.shown.name = socktuple(raw).text();
                let _ = path;
            }
            _ => return,
        }
        self.replace(context, fd);
    }

    /// Puts one of the machine's addresses where one is missing.
    pub(super) fn infer(&self, fd: &mut Fd) {
        let Net::Connection(source, destination) = fd.net else {
            return;
        };
        if !source.0.is_unspecified() && !destination.0.is_unspecified() {
            return;
        }
        let known = if source.0.is_unspecified() { destination } else { source };
        let inferred = self.near(known.0);
        if inferred == known.0 && source.1 == destination.1 {
            return;
        }
        fd.net = if source.0.is_unspecified() {
            Net::Connection((inferred, source.1), destination)
        } else {
            Net::Connection(source, (inferred, destination.1))
        };
    }

    /// The machine's own address that is nearest to another one.
    fn near(&self, other: IpAddr) -> IpAddr {
        let same_family = || {
            self.interfaces
                .iter()
                .filter(|i| i.address.is_ipv4() == other.is_ipv4())
        };
        let exact = same_family().find(|i| i.address == other);
        let in_net = || same_family().find(|i| masked(i.address, i.netmask) == masked(other, i.netmask));
        let first = || same_family().find(|i| !i.address.is_loopback());
        let found = exact.or_else(in_net).or_else(first);
        found.map_or(unspecified((other, 0)).0, |interface| interface.address)
    }

    pub(super) fn socketpair(&mut self, event: &Event<'_>, context: &mut Context) {
        let (Some(first), Some(second)) = (event.int("fd1"), event.int("fd2")) else {
            return;
        };
        if succeeded(event) {
            self.add(context, first, Fd::named(DescriptorType::Unix, b""));
            let shown = context.fd.clone();
            self.add(context, second, Fd::named(DescriptorType::Unix, b""));
            context.fd = shown;
        }
    }

    pub(super) fn getsockopt(&mut self, event: &Event<'_>, context: &mut Context) {
        if let (Some(tid), Some(number)) = (context.tid, event.int("fd")) {
            self.set_last_fd(tid, number);
            context.fd = self.fd(tid, number);
        }
    }
}

fn is_server(role: Role) -> bool {
    role == Role::Server
}

fn unspecified(end: End) -> End {
    match end.0 {
        IpAddr::V4(_) => (IpAddr::from([0; 4]), 0),
        IpAddr::V6(_) => (IpAddr::from([0; 16]), 0),
    }
}

fn masked(address: IpAddr, mask: IpAddr) -> Option<u128> {
    match (address, mask) {
        (IpAddr::V4(a), IpAddr::V4(m)) => Some(u128::from(a.to_bits() & m.to_bits())),
        (IpAddr::V6(a), IpAddr::V6(m)) => Some(a.to_bits() & m.to_bits()),
        _ => None,
    }
}

/// Sets both addresses, the destination only where it is not known yet unless `overwrite`; says whether they are others.
/// The same ones the other way round are no others.
fn set_addresses(fd: &mut Fd, source: End, destination: End, overwrite: bool) -> bool {
    let before = match fd.net {
        Net::Connection(s, d) if s.0.is_ipv4() == source.0.is_ipv4() => (s, d),
        _ => (unspecified(source), unspecified(destination)),
    };
    if before == (source, destination) || before == (destination, source) {
        fd.net = Net::Connection(before.0, before.1);
        return false;
    }
    let mut after = (source, before.1);
    if overwrite || after.1.0.is_unspecified() {
        after.1.0 = destination.0;
    }
    if overwrite || after.1.1 == 0 {
        after.1.1 = destination.1;
    }
    fd.net = Net::Connection(after.0, after.1);
    after != before
}
