//! Networks.

use std::net::IpAddr;

/// A network: an address and how many of its leading bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Net {
    address: IpAddr,
    bits: u8,
}

impl Net {
    /// The network of `address` alone.
    pub fn host(address: IpAddr) -> Net {
        let address = address.to_canonical();
        Net {
            address,
            bits: width(address),
        }
    }

    /// The network of the first `bits` bits of `address`, or nothing if it has not so many.
    pub fn new(address: IpAddr, bits: u8) -> Option<Net> {
        (bits <= width(address)).then_some(Net { address, bits })
    }

    /// Whether the address lies in the network. An IPv4 address never lies in an IPv6 network, nor the reverse.
    pub fn contains(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let width = width(address);
        if width != self::width(self.address) {
            return false;
        }
        let differing = leading(address) ^ leading(self.address);
        differing.leading_zeros() >= u32::from(self.bits)
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The bits of the address from the top of the number on.
fn leading(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(net: &str, bits: u8, address: &str, expected: bool) {
        let net = Net::new(net.parse().unwrap(), bits).unwrap();
        assert_eq!(net.contains(address.parse().unwrap()), expected, "{address} in {net:?}");
    }

    #[test]
    fn addresses_lie_in_networks() {
        check("10.0.0.0", 8, "10.255.0.1", true);
        check("10.0.0.0", 8, "11.0.0.1", false);
        check("142.0.0.0", 4, "142.251.111.147", true);
        check("0.0.0.0", 0, "255.255.255.255", true);
        check("127.0.0.1", 32, "127.0.0.1", true);
        check("127.0.0.1", 32, "127.0.0.2", false);
        check("2001:4860::", 32, "2001:4860:4860::8888", true);
        check("10::", 16, "2001:4860:4860::8888", false);
        check("::", 0, "1.2.3.4", false);
        check("10.0.0.0", 8, "::ffff:10.1.2.3", true);
        check("::", 0, "::1", true);
        assert_eq!(Net::new("10.0.0.0".parse().unwrap(), 33), None);
    }
}
