//! What a file descriptor referred to when an event used it.

use bincode::{Decode, Encode};
use std::net::IpAddr;

/// `fd.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
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

/// Which end of a connection the recorded process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Role {
    /// Not known.
    Unknown,
    /// It connected.
    Client,
    /// It accepted or listens.
    Server,
}

/// Addresses of an IP socket. An unset side is the unspecified address with port 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Tuple {
    /// This process's side.
    pub local: (IpAddr, u16),
    /// The other side.
    pub remote: (IpAddr, u16),
}

/// A descriptor as an event saw it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode)]
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
}

impl Descriptor {
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
        }
    }
}
