//! Descriptors of sockets from what the kernel and calls say of them.

use super::named;
use afterimage_abi::KernelSocket;
use afterimage_format::model::{Descriptor, DescriptorType, L4Proto, Role, Tuple};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
const AF_NETLINK: u16 = 16;

/// A new socket as of its call's arguments: it has no addresses yet.
pub(crate) fn socket(domain: u16, ty: u16, protocol: u16) -> Descriptor {
    socket_of(
        &KernelSocket {
            family: domain,
            ty: ty & 0xf,
            protocol,
            ..KernelSocket::default()
        },
        Role::Unknown,
    )
}

/// A socket as the kernel knows it.
pub(crate) fn socket_of(socket: &KernelSocket, role: Role) -> Descriptor {
    let (ty, l4, tuple) = what(socket);
    let out = Descriptor {
        l4,
        role,
        ..named(ty, Vec::new())
    };
    match tuple {
        Some(tuple) => with_tuple(out, tuple, role),
        None => out,
    }
}

/// Whether the kernel says no more of a socket than is known of it.
pub(crate) fn is_known(socket: &KernelSocket, known: &Descriptor) -> bool {
    (known.ty, known.l4, known.tuple) == what(socket)
}

/// What a socket is, and its addresses where it is one that has an IP address.
fn what(socket: &KernelSocket) -> (DescriptorType, L4Proto, Option<Tuple>) {
    let ty = match socket.family {
        AF_INET => DescriptorType::Ipv4,
        AF_INET6 => DescriptorType::Ipv6,
        AF_UNIX => DescriptorType::Unix,
        AF_NETLINK => DescriptorType::Netlink,
        _ => DescriptorType::Socket,
    };
    if !matches!(ty, DescriptorType::Ipv4 | DescriptorType::Ipv6) {
        return (ty, L4Proto::Unknown, None);
    }
    let address = |bytes: &[u8; 16]| -> IpAddr {
        if ty == DescriptorType::Ipv4 {
            Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3]).into()
        } else {
            // An IPv4 peer of an IPv6 socket is shown as what it is.
            Ipv6Addr::from(*bytes).to_canonical()
        }
    };
    let tuple = Tuple {
        local: (address(&socket.local), socket.local_port),
        remote: (address(&socket.remote), u16::from_be(socket.remote_port_be)),
    };
    (ty, l4(socket.ty, socket.protocol), Some(tuple))
}

/// The same socket with these addresses and the name that they make.
pub(crate) fn with_tuple(mut socket: Descriptor, tuple: Tuple, role: Role) -> Descriptor {
    socket.name = tuple_name(&tuple, role);
    socket.tuple = Some(tuple);
    socket
}

fn l4(ty: u16, protocol: u16) -> L4Proto {
    match (protocol, ty) {
        (6, _) | (0, 1) => L4Proto::Tcp,
        (17, _) | (0, 2) => L4Proto::Udp,
        (1 | 58, _) => L4Proto::Icmp,
        (_, 3) => L4Proto::Raw,
        _ => L4Proto::Unknown,
    }
}

/// The name of a Unix socket in the kernel's `sun_path`: a path ends at its NUL, an abstract name begins with one.
pub(crate) fn unix_name(path: &[u8]) -> Vec<u8> {
    match path.split_first() {
        Some((0, _)) => path.to_vec(),
        _ => path.split(|b| *b == 0).next().unwrap_or_default().to_vec(),
    }
}

/// `client->server`, as the field writes it; one side alone where the other is not known.
fn tuple_name(tuple: &Tuple, role: Role) -> Vec<u8> {
    let side = |(ip, port): (IpAddr, u16)| {
        if ip.is_ipv6() {
            format!("[{ip}]:{port}")
        } else {
            format!("{ip}:{port}")
        }
    };
    let unset = |(ip, port): (IpAddr, u16)| ip.is_unspecified() && port == 0;
    match (unset(tuple.local), unset(tuple.remote)) {
        (true, true) => Vec::new(),
        (false, true) => side(tuple.local).into_bytes(),
        (_, false) if role == Role::Server => format!("{}->{}", side(tuple.remote), side(tuple.local)).into_bytes(),
        (_, false) => format!("{}->{}", side(tuple.local), side(tuple.remote)).into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn socket_names() {
        let mut socket = KernelSocket {
            family: AF_INET,
            ty: 1,
            ..KernelSocket::default()
        };
        assert_eq!(socket_of(&socket, Role::Unknown).name, b"");
        socket.local[..4].copy_from_slice(&[10, 0, 0, 1]);
        socket.local_port = 80;
        assert_eq!(socket_of(&socket, Role::Server).name, b"10.0.0.1:80");
        socket.remote[..4].copy_from_slice(&[10, 0, 0, 2]);
        socket.remote_port_be = 4242u16.to_be();
        assert_eq!(socket_of(&socket, Role::Server).name, b"10.0.0.2:4242->10.0.0.1:80");
        assert_eq!(socket_of(&socket, Role::Client).name, b"10.0.0.1:80->10.0.0.2:4242");
        assert_eq!(socket_of(&socket, Role::Client).l4, L4Proto::Tcp);
    }
}
