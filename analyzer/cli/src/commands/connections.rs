//! `analyze connections`

use super::descriptors::{self, DescriptorArgs, Listing, or_dash};
use crate::json;
use crate::status::Status;
use afterimage_format::model::{Descriptor, DescriptorType, L4Proto, Role};
use anyhow::Result;
use serde::Serialize;
use std::net::{IpAddr, SocketAddr};

/// List the sockets that were open at a time
#[derive(clap::Args)]
#[command(after_help = "\
    ROLE is what is known of the socket: `listening`; `server`, it was accepted; `client`, it was connected, or tried to \
    be; `bound`, it has an address of its own and no peer.\n\n\
    Keys of --json: pid, process, container_id, container_name, fd, type, proto, local_ip, local_port, remote_ip, \
    remote_port, role, name; null where not known or not set. `name` is the path of a Unix socket, else \
    `client->server`.\n\n\
    Examples:\n  \
    analyze connections t.scap                           at the end of the trace\n  \
    analyze connections t.scap --at 10:00:05.25          then\n  \
    analyze connections t.scap --at -30s --process 4711  of one process, half a minute before the end\n  \
    analyze connections t.scap --container web --json    for scripts")]
pub(crate) struct Args {
    #[command(flatten)]
    descriptors: DescriptorArgs,
}

#[derive(Serialize)]
struct Object {
    r#type: &'static str,
    proto: Option<&'static str>,
    local_ip: Option<IpAddr>,
    local_port: Option<u16>,
    remote_ip: Option<IpAddr>,
    remote_port: Option<u16>,
    role: Option<&'static str>,
    name: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<Status> {
    let listing = Listing {
        noun: "connection",
        has: |open| open.is_socket(),
        columns: &["PROTO", "LOCAL", "REMOTE", "ROLE"],
        cells,
        object,
    };
    descriptors::run(&args.descriptors, &listing)
}

fn cells(socket: &Descriptor) -> Vec<String> {
    let (local, remote) = match ends(socket) {
        // The path is that of who listens.
        (None, None) if matches!(socket.role, Role::Client | Role::LocalClient) => {
            (or_dash(b""), or_dash(&socket.name))
        }
        (None, None) if socket.tuple.is_none() => (or_dash(&socket.name), or_dash(b"")),
        (local, remote) => {
            let shown = |end: Option<SocketAddr>| end.map_or("-".to_string(), |end| end.to_string());
            (shown(local), shown(remote))
        }
    };
    let proto = proto(socket).unwrap_or(socket.ty.names().0).to_string();
    vec![proto, local, remote, role(socket).unwrap_or("-").to_string()]
}

fn object(socket: &Descriptor) -> Object {
    let (local, remote) = ends(socket);
    Object {
        r#type: socket.ty.names().0,
        proto: proto(socket),
        local_ip: local.map(|end| end.ip()),
        local_port: local.map(|end| end.port()),
        remote_ip: remote.map(|end| end.ip()),
        remote_port: remote.map(|end| end.port()),
        role: role(socket),
        name: (!socket.name.is_empty()).then(|| json::text(&socket.name)),
    }
}

fn proto(socket: &Descriptor) -> Option<&'static str> {
    match socket.l4 {
        L4Proto::Unknown => None,
        L4Proto::Tcp => Some("tcp"),
        L4Proto::Udp => Some("udp"),
        L4Proto::Icmp => Some("icmp"),
        L4Proto::Raw => Some("raw"),
    }
}

/// Both ends of an IP socket, as far as they are set.
fn ends(socket: &Descriptor) -> (Option<SocketAddr>, Option<SocketAddr>) {
    let set = |(ip, port): (IpAddr, u16)| (port != 0 || !ip.is_unspecified()).then(|| SocketAddr::new(ip, port));
    match &socket.tuple {
        Some(tuple) => (set(tuple.local), set(tuple.remote)),
        None => (None, None),
    }
}

fn role(socket: &Descriptor) -> Option<&'static str> {
    let (local, remote) = ends(socket);
    match socket.role {
        Role::Client | Role::LocalClient => Some("client"),
        Role::Server | Role::ForeignServer if remote.is_none() && socket.tuple.is_some() => Some("listening"),
        // A Unix socket that listens and one that was accepted look the same.
        Role::Server | Role::ForeignServer => Some("server"),
        Role::Unknown if remote.is_none() && (local.is_some() || is_named_unix(socket)) => Some("bound"),
        Role::Unknown => None,
    }
}

fn is_named_unix(socket: &Descriptor) -> bool {
    socket.ty == DescriptorType::Unix && !socket.name.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use afterimage_format::model::Tuple;

    #[test]
    fn what_a_socket_is_said_to_be() {
        let check = |ty, l4, role, ends: Option<(&str, &str)>, name: &str, expected: &str| {
            let end = |text: &str| {
                let end: SocketAddr = text.parse().expect("an address");
                (end.ip(), end.port())
            };
            let socket = Descriptor {
                ty,
                l4,
                role,
                name: name.into(),
                tuple: ends.map(|(local, remote)| Tuple {
                    local: end(local),
                    remote: end(remote),
                }),
                ..Descriptor::unknown(1)
            };
            assert_eq!(cells(&socket).join(" "), expected);
        };
        use DescriptorType::{Ipv4, Ipv6, Netlink, Socket, Unix};
        use L4Proto::{Raw, Tcp, Udp, Unknown};
        use Role::{Client, Server};
        let any = "0.0.0.0:0";
        check(Ipv4, Tcp, Role::Unknown, Some((any, any)), "", "tcp - - -");
        check(
            Ipv4,
            Tcp,
            Role::Unknown,
            Some(("10.0.0.5:80", any)),
            "10.0.0.5:80",
            "tcp 10.0.0.5:80 - bound",
        );
        check(
            Ipv4,
            Tcp,
            Server,
            Some(("0.0.0.0:80", any)),
            "0.0.0.0:80",
            "tcp 0.0.0.0:80 - listening",
        );
        check(
            Ipv4,
            Tcp,
            Server,
            Some(("10.0.0.5:80", "10.0.0.6:4")),
            "",
            "tcp 10.0.0.5:80 10.0.0.6:4 server",
        );
        check(
            Ipv6,
            Tcp,
            Client,
            Some(("[::1]:4", "[::1]:80")),
            "",
            "tcp [::1]:4 [::1]:80 client",
        );
        check(
            Ipv4,
            Udp,
            Role::Unknown,
            Some((any, "10.0.0.6:53")),
            "",
            "udp - 10.0.0.6:53 -",
        );
        check(Ipv4, Raw, Role::Unknown, None, "", "raw - - -");
        check(Unix, Unknown, Client, None, "/run/x\n", "unix - /run/x\\n client");
        check(Unix, Unknown, Server, None, "/run/x", "unix /run/x - server");
        check(Unix, Unknown, Role::Unknown, None, "/run/x", "unix /run/x - bound");
        check(Unix, Unknown, Role::Unknown, None, "", "unix - - -");
        check(Netlink, Unknown, Role::Unknown, None, "", "netlink - - -");
        check(Socket, Unknown, Role::Unknown, None, "", "socket - - -");
    }
}
