//! `fd`.

use super::{Fields, Observed, unless_empty};
use crate::eval::Value;
use crate::fields::FdField;
use afterimage_format::model::{self, Descriptor, DescriptorType, L4Proto, ParamType, Role};
use std::net::IpAddr;

impl<'s, E: Observed<'s>> Fields<'s, E> {
    pub(super) fn fd(&self, field: FdField) -> Value<'s> {
        if field == FdField::Num {
            return self.fd_num().map_or(Value::Missing, Value::Int);
        }
        if field == FdField::Uid {
            return match (self.thread(), self.fd_num()) {
                (Some(thread), Some(number)) => Value::owned(format!("{}{number}", thread.tid)),
                _ => Value::Missing,
            };
        }
        let Some(fd) = self.descriptor().filter(|_| !self.only_names_descriptor()) else {
            return Value::Missing;
        };
        let (type_name, type_char) = fd.ty.names();
        match field {
            FdField::Num | FdField::Uid => Value::Missing,
            FdField::Type | FdField::SockFamily if !fd.missing.is_empty() => Value::Missing,
            // What was to be opened is known.
            FdField::TypeChar if !fd.missing.is_empty() && fd.ty == DescriptorType::Unknown => Value::Missing,
            FdField::Type => Value::str(type_name),
            FdField::TypeChar => Value::owned(type_char.to_string()),
            FdField::Name => unless_empty(&fd.name),
            FdField::NameMissing => unless_empty(&fd.missing),
            FdField::NameRaw => self.path_given().unwrap_or_else(|| unless_empty(&fd.name)),
            FdField::Types => Value::str(type_name),
            FdField::ContainerName => self.behind_container(unless_empty(&fd.name)),
            FdField::ContainerDirectory => self.behind_container(directory(fd)),
            // Where there is no other end, there is no connection that a service could be of.
            FdField::Lproto | FdField::Rproto | FdField::Cproto | FdField::Sproto | FdField::Proto
                if remote(fd).is_none() =>
            {
                Value::Missing
            }
            FdField::Proto => both(fd, |(_, port)| service(port)),
            FdField::Cproto => client(fd).map_or(Value::Missing, |(_, port)| service(port)),
            FdField::Sproto => server(fd).map_or(Value::Missing, |(_, port)| service(port)),
            FdField::Lproto => local(fd).map_or(Value::Missing, |(_, port)| service(port)),
            FdField::Rproto => remote(fd).map_or(Value::Missing, |(_, port)| service(port)),
            FdField::CipName | FdField::SipName | FdField::LipName | FdField::RipName => Value::Missing,
            FdField::Connected if !fd.is_socket() => Value::Missing,
            FdField::Connected => Value::Bool(remote(fd).is_some()),
            FdField::NameChanged => Value::Bool(self.names_other_end()),
            FdField::DevMajor | FdField::DevMinor if fd.dev == 0 => Value::Missing,
            // As makedev(3) puts them together.
            FdField::DevMajor => Value::Uint(u64::from(fd.dev >> 8 & 0xfff)),
            FdField::DevMinor => Value::Uint(u64::from(fd.dev & 0xff | fd.dev >> 12 & 0xf_ff00)),
            FdField::Directory => directory(fd),
            // The name of a file that was not opened is known; a file there was not.
            FdField::Filename if !fd.missing.is_empty() => Value::Missing,
            FdField::Filename => filename(fd),
            FdField::Ip | FdField::Net => both(fd, |(address, _)| Value::Ip(address)),
            FdField::Port => both(fd, |(_, port)| Value::Uint(u64::from(port))),
            FdField::Cip | FdField::Cnet => address(client(fd)),
            FdField::Sip | FdField::Snet => address(server(fd)),
            FdField::Lip | FdField::Lnet => address(local(fd)),
            FdField::Rip | FdField::Rnet => address(remote(fd)),
            FdField::Cport => port(client(fd)),
            FdField::Sport => port(server(fd)),
            FdField::Lport => port(local(fd)),
            FdField::Rport => port(remote(fd)),
            FdField::L4Proto => match fd.l4 {
                L4Proto::Unknown => Value::Missing,
                L4Proto::Tcp => Value::str("tcp"),
                L4Proto::Udp => Value::str("udp"),
                L4Proto::Icmp => Value::str("icmp"),
                L4Proto::Raw => Value::str("raw"),
            },
            FdField::SockFamily => match fd.ty {
                DescriptorType::Ipv4 | DescriptorType::Ipv6 => Value::str("ip"),
                DescriptorType::Unix => Value::str("unix"),
                _ => Value::Missing,
            },
            FdField::IsServer => match fd.role {
                Role::Unknown if !fd.missing.is_empty() => Value::Missing,
                Role::Client | Role::ForeignServer | Role::Unknown => Value::Bool(false),
                // As elsewhere in the field: the server of the connection is here.
                Role::Server | Role::LocalClient => Value::Bool(true),
            },
            FdField::Dev if fd.dev == 0 => Value::Missing,
            FdField::Dev => Value::Uint(u64::from(fd.dev)),
            FdField::Ino if fd.ino == 0 => Value::Missing,
            FdField::Ino => Value::Uint(fd.ino),
        }
    }

    /// The container's id, a colon and the value.
    fn behind_container(&self, value: Value<'s>) -> Value<'s> {
        let id = match self.thread().map(|thread| thread.container) {
            Some(0) => "host".to_owned(),
            Some(_) => match self.container() {
                Some(container) => container.short_id().to_owned(),
                None => return Value::Missing,
            },
            None => return Value::Missing,
        };
        match value {
            Value::Str(text) => Value::owned([id.as_bytes(), b":", &text].concat()),
            _ => Value::Missing,
        }
    }

    /// Whether the event gave a socket its other end.
    fn names_other_end(&self) -> bool {
        let Some(kind) = self.kind() else { return false };
        match kind.name.as_str() {
            "connect" => self.result().is_some_and(|result| result >= 0 || result == EINPROGRESS),
            name if name.starts_with("send") => {
                let address = kind.params.iter().position(|param| param.ty == ParamType::SockAddr);
                address.is_some_and(|at| self.raw_arg(at) != model::Value::Missing)
            }
            _ => false,
        }
    }

    /// Whether the descriptor of the row is one of its arguments, and not what the event works on.
    fn only_names_descriptor(&self) -> bool {
        let last = self
            .kind()
            .and_then(|kind| Some((kind.params.len() - 1, kind.params.last()?)));
        last.is_some_and(|(at, last)| last.is_number_of_descriptor() && self.raw_arg(at) == model::Value::Missing)
    }

    /// The number that stands behind the arguments, where there is one; else the first descriptor among them, or the one
    /// returned.
    fn fd_num(&self) -> Option<i64> {
        let kind = self.kind()?;
        if let Some(last) = kind.params.last()
            && last.is_number_of_descriptor()
        {
            return match self.raw_arg(kind.params.len() - 1) {
                model::Value::Int(fd) => Some(fd),
                _ => None,
            };
        }
        match kind.params.iter().position(|param| param.ty == ParamType::Fd) {
            Some(at) => match self.raw_arg(at) {
                model::Value::Int(fd) => Some(fd),
                _ => None,
            },
            None if self.descriptor().is_some() => self.result(),
            None => None,
        }
    }
}

/// A connect that goes on while the caller does something else.
const EINPROGRESS: i64 = -115;

/// Services by the ports that IANA has for them, as far as people know them by name.
const SERVICES: [(u16, &str); 58] = [
    (20, "ftp-data"),
    (21, "ftp"),
    (22, "ssh"),
    (23, "telnet"),
    (25, "smtp"),
    (43, "whois"),
    (49, "tacacs"),
    (53, "domain"),
    (67, "bootps"),
    (68, "bootpc"),
    (69, "tftp"),
    (79, "finger"),
    (80, "http"),
    (88, "kerberos"),
    (110, "pop3"),
    (111, "sunrpc"),
    (113, "auth"),
    (119, "nntp"),
    (123, "ntp"),
    (135, "epmap"),
    (137, "netbios-ns"),
    (138, "netbios-dgm"),
    (139, "netbios-ssn"),
    (143, "imap2"),
    (161, "snmp"),
    (162, "snmp-trap"),
    (179, "bgp"),
    (194, "irc"),
    (389, "ldap"),
    (443, "https"),
    (445, "microsoft-ds"),
    (465, "submissions"),
    (514, "shell"),
    (515, "printer"),
    (546, "dhcpv6-client"),
    (547, "dhcpv6-server"),
    (587, "submission"),
    (631, "ipp"),
    (636, "ldaps"),
    (853, "domain-s"),
    (873, "rsync"),
    (989, "ftps-data"),
    (990, "ftps"),
    (993, "imaps"),
    (995, "pop3s"),
    (1080, "socks"),
    (1194, "openvpn"),
    (1433, "ms-sql-s"),
    (1883, "mqtt"),
    (2049, "nfs"),
    (3306, "mysql"),
    (3389, "ms-wbt-server"),
    (5060, "sip"),
    (5432, "postgresql"),
    (5672, "amqp"),
    (6379, "redis"),
    (6443, "kube-apiserver"),
    (8080, "http-alt"),
];

fn service(port: u16) -> Value<'static> {
    let found = SERVICES.binary_search_by_key(&port, |(port, _)| *port);
    found.map_or_else(|_| Value::owned(port.to_string()), |at| Value::str(SERVICES[at].1))
}

type End = (IpAddr, u16);

/// An end that was never set is the unspecified address with port 0.
fn set(end: End) -> Option<End> {
    (!end.0.is_unspecified() || end.1 != 0).then_some(end)
}

fn local(fd: &Descriptor) -> Option<End> {
    set(fd.tuple?.local)
}

fn remote(fd: &Descriptor) -> Option<End> {
    set(fd.tuple?.remote)
}

fn client(fd: &Descriptor) -> Option<End> {
    match fd.role {
        Role::Client | Role::LocalClient => local(fd),
        Role::Server | Role::ForeignServer => remote(fd),
        Role::Unknown => None,
    }
}

fn server(fd: &Descriptor) -> Option<End> {
    match fd.role {
        Role::Client | Role::LocalClient => remote(fd),
        Role::Server | Role::ForeignServer => local(fd),
        Role::Unknown => None,
    }
}

fn address(end: Option<End>) -> Value<'static> {
    end.map_or(Value::Missing, |(address, _)| Value::Ip(address))
}

fn port(end: Option<End>) -> Value<'static> {
    end.map_or(Value::Missing, |(_, port)| Value::Uint(u64::from(port)))
}

fn both(fd: &Descriptor, read: impl Fn(End) -> Value<'static>) -> Value<'static> {
    let values: Vec<Value<'static>> = local(fd).into_iter().chain(remote(fd)).map(read).collect();
    if values.is_empty() {
        Value::Missing
    } else {
        Value::List(values)
    }
}

fn directory(fd: &Descriptor) -> Value<'_> {
    match (fd.ty, fd.name.iter().rposition(|&byte| byte == b'/')) {
        _ if fd.name.is_empty() => Value::Missing,
        (DescriptorType::Directory, _) => Value::str(&fd.name),
        (DescriptorType::File, Some(0)) => Value::str("/"),
        (DescriptorType::File, Some(slash)) => Value::str(&fd.name[..slash]),
        _ => Value::Missing,
    }
}

fn filename(fd: &Descriptor) -> Value<'_> {
    let start = fd
        .name
        .iter()
        .rposition(|&byte| byte == b'/')
        .map_or(0, |slash| slash + 1);
    if fd.ty == DescriptorType::File {
        unless_empty(&fd.name[start..])
    } else {
        Value::Missing
    }
}
