//! What a file descriptor referred to when an event used it.

use crate::meta::codes;

use std::net::IpAddr;

/// `fd.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DescriptorType {
    /// Regular file, or one whose exact type is not known.
    File,
    /// Directory.
    Directory,
    /// IPv4 socket.
    Ipv4,
    /// IPv6 socket.
    Ipv6,
    /// Unix socket.
    Unix,
    /// Netlink socket.
    Netlink,
    /// Another socket.
    Socket,
    /// Pipe or FIFO.
    Pipe,
    /// eventfd.
    Event,
    /// signalfd.
    Signalfd,
    /// epoll.
    Eventpoll,
    /// inotify or fanotify.
    Inotify,
    /// timerfd.
    Timerfd,
    /// memfd_create.
    Memfd,
    /// pidfd.
    Pidfd,
    /// bpf map, program or link.
    Bpf,
    /// io_uring.
    IoUring,
    /// userfaultfd.
    Userfaultfd,
    /// Something else.
    Unknown,
}
codes!(DescriptorType { File = 0, Directory = 1, Ipv4 = 2, Ipv6 = 3, Unix = 4, Netlink = 5, Socket = 6, Pipe = 7, Event = 8, Signalfd = 9, Eventpoll = 10, Inotify = 11, Timerfd = 12, Memfd = 13, Pidfd = 14, Bpf = 15, IoUring = 16, Userfaultfd = 17, Unknown = 18 } else |_| DescriptorType::Unknown);

impl DescriptorType {
    /// `fd.type` and `fd.typechar`, the letters as in sysdig.
    pub fn names(self) -> (&'static str, char) {
        match self {
            DescriptorType::File => ("file", 'f'),
            DescriptorType::Directory => ("directory", 'd'),
            DescriptorType::Ipv4 => ("ipv4", '4'),
            DescriptorType::Ipv6 => ("ipv6", '6'),
            DescriptorType::Unix => ("unix", 'u'),
            DescriptorType::Netlink => ("netlink", 'n'),
            DescriptorType::Socket => ("socket", 'o'),
            DescriptorType::Pipe => ("pipe", 'p'),
            DescriptorType::Event => ("event", 'e'),
            DescriptorType::Signalfd => ("signalfd", 's'),
            DescriptorType::Eventpoll => ("eventpoll", 'l'),
            DescriptorType::Inotify => ("inotify", 'i'),
            DescriptorType::Timerfd => ("timerfd", 't'),
            DescriptorType::Memfd => ("memfd", 'm'),
            DescriptorType::Pidfd => ("pidfd", 'P'),
            DescriptorType::Bpf => ("bpf", 'b'),
            DescriptorType::IoUring => ("io_uring", 'r'),
            DescriptorType::Userfaultfd => ("userfaultfd", 'u'),
            DescriptorType::Unknown => ("unknown", 'o'),
        }
    }
}

/// `fd.l4proto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum L4Proto {
    /// Not known or not IP.
    Unknown,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP and ICMPv6.
    Icmp,
    /// Raw sockets.
    Raw,
}
codes!(L4Proto { Unknown = 0, Tcp = 1, Udp = 2, Icmp = 3, Raw = 4 } else |_| L4Proto::Unknown);

/// Which end of a connection the recorded process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Not known.
    Unknown,
    /// It connected.
    Client,
    /// It accepted or listens.
    Server,
    /// It connected, to an address of its own machine.
    LocalClient,
    /// It accepted, at an address that is not known to be one of its machine's.
    ForeignServer,
}
codes!(Role { Unknown = 0, Client = 1, Server = 2, LocalClient = 3, ForeignServer = 4 } else |_| Role::Unknown);

/// Addresses of an IP socket. An unset side is the unspecified address with port 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tuple {
    /// This process's side.
    pub local: (IpAddr, u16),
    /// The other side.
    pub remote: (IpAddr, u16),
}

/// A descriptor as an event saw it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Descriptor {
    /// Unique in one capture for this content, never 0.
    pub id: u64,
    /// Type.
    pub ty: DescriptorType,
    /// Transport.
    pub l4: L4Proto,
    /// Client or server.
    pub role: Role,
    /// `fd.name`: the path, or `client->server` for sockets. Empty: unknown.
    pub name: Vec<u8>,
    /// Addresses of an IP socket.
    pub tuple: Option<Tuple>,
    /// Device and inode of a file; 0: unknown.
    pub dev: u32,
    /// See `dev`.
    pub ino: u64,
    /// Why nothing is known of it: a sentence. Empty where something is.
    pub missing: Vec<u8>,
}

impl Descriptor {
    /// Whether it is a socket of any kind.
    pub fn is_socket(&self) -> bool {
        use DescriptorType::{Ipv4, Ipv6, Netlink, Socket, Unix};
        matches!(self.ty, Ipv4 | Ipv6 | Unix | Netlink | Socket)
    }

    /// A descriptor of which nothing is known.
    pub fn unknown(id: u64) -> Descriptor {
        Descriptor {
            id,
            ty: DescriptorType::Unknown,
            l4: L4Proto::Unknown,
            role: Role::Unknown,
            name: Vec::new(),
            tuple: None,
            dev: 0,
            ino: 0,
            missing: Vec::new(),
        }
    }
}
