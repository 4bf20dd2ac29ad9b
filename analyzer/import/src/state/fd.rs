//! Descriptors: what each refers to, and the tables that they stand in.

use afterimage_format::model::{Descriptor, DescriptorType, L4Proto, Role, Tuple};
use hashbrown::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::rc::Rc;

/// Address and port.
pub(crate) type End = (IpAddr, u16);

/// What is known of a socket's addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Net {
    /// It has none, or is no socket.
    None,
    /// Who connects and to whom; unspecified addresses are not known.
    Connection(End, End),
    /// Where it listens.
    Server(End),
}

/// What a descriptor refers to. It does not change: what becomes of it is another one.
#[derive(Debug, Clone)]
pub(crate) struct Fd {
    /// What its rows show. The id is 0 until it is interned.
    pub(crate) shown: Descriptor,
    pub(crate) net: Net,
    /// Transport; rows show it once it is known which side is the server.
    pub(crate) l4: L4Proto,
    /// Which side the process is, as far as the state knows; rows show it with where both ends are.
    pub(crate) role: Role,
    /// The server's end is an address of this machine.
    pub(crate) server_is_here: bool,
    /// The client's end is.
    pub(crate) client_is_here: bool,
}

/// The open descriptors of a process.
pub(crate) type FdTable = HashMap<i64, Rc<Fd>>;

impl Fd {
    /// One of a type with a name.
    pub(crate) fn named(ty: DescriptorType, name: &[u8]) -> Fd {
        Fd {
            shown: Descriptor {
                ty,
                name: name.to_vec(),
                ..Descriptor::unknown(0)
            },
            net: Net::None,
            l4: L4Proto::Unknown,
            role: Role::Unknown,
            server_is_here: false,
            client_is_here: false,
        }
    }

    /// A socket of this family that has no addresses yet.
    pub(crate) fn socket(is_v6: bool, l4: L4Proto) -> Fd {
        let (ty, any): (_, IpAddr) = if is_v6 {
            (DescriptorType::Ipv6, Ipv6Addr::UNSPECIFIED.into())
        } else {
            (DescriptorType::Ipv4, Ipv4Addr::UNSPECIFIED.into())
        };
        let mut fd = Fd::named(ty, b"");
        fd.l4 = l4;
        fd.net = Net::Connection((any, 0), (any, 0));
        fd
    }

    pub(crate) fn is_ip(&self) -> bool {
        matches!(self.shown.ty, DescriptorType::Ipv4 | DescriptorType::Ipv6)
    }

    /// Exchanges source and destination.
    pub(crate) fn swap(&mut self) {
        if let Net::Connection(source, destination) = self.net {
            self.net = Net::Connection(destination, source);
        }
    }

    /// Takes over what rows show from the addresses.
    pub(crate) fn show_addresses(&mut self) {
        let unspecified = |end: End| match end.0 {
            IpAddr::V4(_) => (IpAddr::from(Ipv4Addr::UNSPECIFIED), 0),
            IpAddr::V6(_) => (IpAddr::from(Ipv6Addr::UNSPECIFIED), 0),
        };
        // As elsewhere in the field, the near end is the client's where that is an address of this machine.
        let near_is_client = match self.net {
            Net::Connection(..) => self.role == Role::Unknown || self.client_is_here,
            Net::None | Net::Server(_) => self.role == Role::Client,
        };
        let (local, remote) = match self.net {
            Net::None => {
                self.shown.role = self.role;
                return;
            }
            Net::Server(end) => (end, unspecified(end)),
            Net::Connection(source, destination) if near_is_client => (source, destination),
            Net::Connection(source, destination) => (destination, source),
        };
        // And the process counts as the server where the server's end is such an address.
        self.shown.role = match (self.role, near_is_client, self.server_is_here) {
            (Role::Unknown, ..) => Role::Unknown,
            (_, true, true) => Role::LocalClient,
            (_, true, false) => Role::Client,
            (_, false, true) => Role::Server,
            (_, false, false) => Role::ForeignServer,
        };
        let end = match self.net {
            Net::Server(end) => end,
            Net::Connection(_, destination) => destination,
            Net::None => return,
        };
        self.shown.ty = match end.0 {
            IpAddr::V4(_) => DescriptorType::Ipv4,
            IpAddr::V6(_) => DescriptorType::Ipv6,
        };
        self.shown.tuple = Some(Tuple { local, remote });
        self.shown.l4 = match (self.net, self.shown.role) {
            (Net::Connection(..), Role::Unknown) => L4Proto::Unknown,
            _ => self.l4,
        };
    }

    /// Takes over the name from the addresses.
    pub(crate) fn name_from_addresses(&mut self) {
        self.shown.name = match self.net {
            Net::None => return,
            Net::Server(end) => end_text(end).into_bytes(),
            Net::Connection(source, destination) => match self.l4 {
                L4Proto::Tcp | L4Proto::Udp => tuple_text(source, destination).into_bytes(),
                L4Proto::Icmp | L4Proto::Raw => format!("{}->{}", source.0, destination.0).into_bytes(),
                L4Proto::Unknown => b"<unknown>".to_vec(),
            },
        };
    }

    /// Memory that it takes, roughly.
    pub(crate) fn size(&self) -> usize {
        size_of::<Fd>() + self.shown.name.len()
    }
}

/// `address:port`
pub(crate) fn end_text((address, port): End) -> String {
    format!("{address}:{port}")
}

/// `address:port->address:port`
pub(crate) fn tuple_text(source: End, destination: End) -> String {
    format!("{}->{}", end_text(source), end_text(destination))
}

/// The numbers that sysdig gives to protocols.
pub(crate) fn l4(code: u8) -> L4Proto {
    match code {
        2 => L4Proto::Tcp,
        3 => L4Proto::Udp,
        4 => L4Proto::Icmp,
        5 => L4Proto::Raw,
        _ => L4Proto::Unknown,
    }
}

/// The numbers that sysdig gives to types.
pub(crate) fn fd_type(code: u8) -> DescriptorType {
    use DescriptorType as T;
    match code {
        1 | 16 => T::File,
        2 => T::Directory,
        3 | 5 => T::Ipv4,
        4 | 6 => T::Ipv6,
        7 => T::Pipe,
        8 => T::Unix,
        9 => T::Event,
        11 => T::Signalfd,
        12 => T::Eventpoll,
        13 => T::Inotify,
        14 => T::Timerfd,
        15 => T::Netlink,
        17 => T::Bpf,
        18 => T::Userfaultfd,
        19 => T::IoUring,
        20 => T::Memfd,
        21 => T::Pidfd,
        _ => T::Unknown,
    }
}
