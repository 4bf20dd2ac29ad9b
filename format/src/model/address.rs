//! Socket addresses as the kernel lays them out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A decoded `struct sockaddr`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SockAddr<'a> {
    /// `AF_INET` or `AF_INET6`.
    Ip(IpAddr, u16),
    /// `AF_UNIX`: the path; abstract names keep their leading NUL; empty: unnamed.
    Unix(&'a [u8]),
    /// `AF_NETLINK`: port id and groups.
    Netlink(u32, u32),
    /// Another family, or an address too short for its family.
    Other(u16, &'a [u8]),
}

/// Decodes a raw `struct sockaddr` (family in native order of the recorded machine, little-endian here). `None` where
/// not even the family is there.
pub fn parse_sockaddr(raw: &[u8]) -> Option<SockAddr<'_>> {
    const AF_UNIX: u16 = 1;
    const AF_INET: u16 = 2;
    const AF_INET6: u16 = 10;
    const AF_NETLINK: u16 = 16;
    let (family, rest) = raw.split_first_chunk::<2>()?;
    let family = u16::from_le_bytes(*family);
    let port = || rest.first_chunk::<2>().map(|p| u16::from_be_bytes(*p));
    let addr = match family {
        AF_UNIX => {
            // A path ends at its NUL; an abstract name begins with one and runs to the end.
            let end = if rest.first() == Some(&0) {
                rest.len()
            } else {
                rest.iter().position(|b| *b == 0).unwrap_or(rest.len())
            };
            Some(SockAddr::Unix(&rest[..end]))
        }
        AF_INET => rest
            .get(2..6)
            .and_then(|a| a.first_chunk::<4>())
            .zip(port())
            .map(|(a, p)| SockAddr::Ip(Ipv4Addr::from(*a).into(), p)),
        AF_INET6 => rest
            .get(6..22)
            .and_then(|a| a.first_chunk::<16>())
            .zip(port())
            .map(|(a, p)| SockAddr::Ip(Ipv6Addr::from(*a).into(), p)),
        AF_NETLINK => rest.get(2..10).and_then(|a| {
            let (pid, groups) = a.split_at(4);
            Some(SockAddr::Netlink(
                u32::from_le_bytes(pid.try_into().ok()?),
                u32::from_le_bytes(groups.try_into().ok()?),
            ))
        }),
        _ => None,
    };
    Some(addr.unwrap_or(SockAddr::Other(family, rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_each_family() {
        let v4 = [2, 0, 0x1f, 0x90, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(
            parse_sockaddr(&v4),
            Some(SockAddr::Ip("127.0.0.1".parse().unwrap(), 8080))
        );
        let mut v6 = [0u8; 28];
        v6[0] = 10;
        v6[3] = 53;
        v6[23] = 1;
        assert_eq!(parse_sockaddr(&v6), Some(SockAddr::Ip("::1".parse().unwrap(), 53)));
        assert_eq!(parse_sockaddr(b"\x01\0/run/x\0rest"), Some(SockAddr::Unix(b"/run/x")));
        assert_eq!(parse_sockaddr(b"\x01\0\0abstract"), Some(SockAddr::Unix(b"\0abstract")));
        assert_eq!(parse_sockaddr(&v4[..5]), Some(SockAddr::Other(2, &v4[2..5])));
        assert_eq!(parse_sockaddr(&[1]), None);
    }
}
