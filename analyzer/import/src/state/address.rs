//! Addresses as parameters of events have them: a byte with the family, then ports in the order of the machine.

use super::fd::{End, end_text, tuple_text};
use crate::fields::{Fields, unsigned, until_nul};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(crate) const UNIX: u8 = 1;
pub(crate) const INET: u8 = 2;
pub(crate) const INET6: u8 = 10;

/// A decoded address or pair of addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address<'b> {
    One(End),
    Two(End, End),
    /// Path.
    Unix(&'b [u8]),
    /// Addresses of both sockets in the kernel, and path.
    UnixPair(u64, u64, &'b [u8]),
    /// Of a family that is not known.
    Family(u8),
    /// None.
    Null,
    /// Its length does not fit its family.
    Invalid(u8),
}

fn end(fields: &mut Fields<'_>, is_v6: bool) -> Option<End> {
    let address: IpAddr = if is_v6 {
        let octets: [u8; 16] = fields.bytes(16)?.try_into().ok()?;
        Ipv6Addr::from(octets).into()
    } else {
        let octets: [u8; 4] = fields.bytes(4)?.try_into().ok()?;
        Ipv4Addr::from(octets).into()
    };
    Some((address, fields.u16()?))
}

/// An address in place of one that is an IPv4 address in IPv6.
fn unmapped((address, port): End) -> Option<End> {
    match address {
        IpAddr::V6(v6) => {
            let octets = v6.octets();
            // As elsewhere in the field: all zeros in front, with or without the mark.
            let is_mapped = octets[..10] == [0; 10] && (octets[10..12] == [0xff; 2] || v6.is_unspecified());
            is_mapped.then(|| {
                let [.., a, b, c, d] = octets;
                (Ipv4Addr::new(a, b, c, d).into(), port)
            })
        }
        IpAddr::V4(_) => Some((address, port)),
    }
}

/// Both ends as IPv4 where both are.
pub(crate) fn unmapped_pair(source: End, destination: End) -> (End, End) {
    match (unmapped(source), unmapped(destination)) {
        (Some(source), Some(destination)) => (source, destination),
        _ => (source, destination),
    }
}

/// One end as IPv4 where it is.
pub(crate) fn unmapped_one(end: End) -> End {
    unmapped(end).unwrap_or(end)
}

/// A `SOCKADDR`.
pub(crate) fn sockaddr(bytes: &[u8]) -> Address<'_> {
    let Some((family, rest)) = bytes.split_first() else {
        return Address::Null;
    };
    let mut fields = Fields(rest);
    match *family {
        UNIX => Address::Unix(until_nul(rest)),
        INET if rest.len() == 6 => end(&mut fields, false).map_or(Address::Invalid(INET), Address::One),
        INET6 if rest.len() == 18 => end(&mut fields, true).map_or(Address::Invalid(INET6), Address::One),
        INET | INET6 => Address::Invalid(*family),
        other => Address::Family(other),
    }
}

/// A `SOCKTUPLE`.
pub(crate) fn socktuple(bytes: &[u8]) -> Address<'_> {
    let Some((family, rest)) = bytes.split_first() else {
        return Address::Null;
    };
    let mut fields = Fields(rest);
    let mut pair = |is_v6| Some((end(&mut fields, is_v6)?, end(&mut fields, is_v6)?));
    match *family {
        INET if rest.len() == 12 => pair(false).map_or(Address::Invalid(INET), |(s, d)| Address::Two(s, d)),
        INET6 if rest.len() == 36 => pair(true).map_or(Address::Invalid(INET6), |(s, d)| Address::Two(s, d)),
        INET | INET6 => Address::Invalid(*family),
        UNIX => {
            let number = |range: std::ops::Range<usize>| rest.get(range).and_then(unsigned);
            match (number(0..8), number(8..16)) {
                (Some(source), Some(destination)) => {
                    Address::UnixPair(source, destination, until_nul(rest.get(16..).unwrap_or_default()))
                }
                _ => Address::Invalid(UNIX),
            }
        }
        other => Address::Family(other),
    }
}

impl Address<'_> {
    /// As text.
    pub(crate) fn text(&self) -> Vec<u8> {
        match self {
            Address::One(end) => end_text(*end).into_bytes(),
            Address::Two(source, destination) => {
                let (source, destination) = unmapped_pair(*source, *destination);
                tuple_text(source, destination).into_bytes()
            }
            Address::Unix(path) => path.to_vec(),
            Address::UnixPair(source, destination, path) => {
                let mut text = format!("{source:x}->{destination:x} ").into_bytes();
                text.extend_from_slice(path);
                text
            }
            Address::Family(family) => format!("family {family}").into_bytes(),
            Address::Null => b"NULL".to_vec(),
            Address::Invalid(INET) => b"INVALID IPv4".to_vec(),
            Address::Invalid(_) => b"INVALID IPv6".to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_each_family() {
        let v4 = [2, 127, 0, 0, 1, 0x90, 0x1f, 10, 0, 0, 1, 80, 0];
        assert_eq!(socktuple(&v4).text(), b"127.0.0.1:8080->10.0.0.1:80");
        assert_eq!(sockaddr(&v4[..7]).text(), b"127.0.0.1:8080");
        assert_eq!(sockaddr(&v4[..6]).text(), b"INVALID IPv4");
        assert_eq!(sockaddr(b"\x01/run/x\0").text(), b"/run/x");
        let mut unix = vec![1];
        unix.extend(0xabcu64.to_le_bytes());
        unix.extend(0xdefu64.to_le_bytes());
        unix.extend(b"/run/x\0");
        assert_eq!(socktuple(&unix).text(), b"abc->def /run/x");
        assert_eq!(sockaddr(&[]).text(), b"NULL");
        assert_eq!(sockaddr(&[16, 1]).text(), b"family 16");
    }
}
