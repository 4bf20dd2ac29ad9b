//! Sockets by inode, from /proc/PID/net: each network namespace is read once.

use afterimage_abi::KernelSocket;
use hashbrown::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

type Found = (KernelSocket, Vec<u8>);

/// Sockets of the namespaces met so far. A Unix socket has its path beside it.
#[derive(Default)]
pub(crate) struct Sockets {
    namespaces: HashMap<PathBuf, HashMap<u64, Found>>,
}

impl Sockets {
    /// The socket with this inode in the network namespace of process `pid`.
    pub(crate) fn find(&mut self, pid: u32, inode: u64) -> Option<Found> {
        let dir = PathBuf::from(format!("/proc/{pid}"));
        let namespace = fs::read_link(dir.join("ns/net")).ok()?;
        let sockets = self
            .namespaces
            .entry(namespace)
            .or_insert_with(|| read(&dir.join("net")));
        sockets.get(&inode).cloned()
    }
}

/// Families and types by file: (name, family, type, protocol).
const TABLES: [(&str, u16, u16, u16); 4] = [
    ("tcp", 2, 1, 6),
    ("tcp6", 10, 1, 6),
    ("udp", 2, 2, 17),
    ("udp6", 10, 2, 17),
];

fn read(dir: &Path) -> HashMap<u64, Found> {
    let mut out = HashMap::new();
    for (name, family, ty, protocol) in TABLES {
        let text = fs::read_to_string(dir.join(name)).unwrap_or_default();
        out.extend(text.lines().skip(1).filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (local, local_port) = address(fields.get(1)?)?;
            let (remote, remote_port) = address(fields.get(2)?)?;
            let remote_port_be = remote_port.to_be();
            let base = KernelSocket {
                family,
                ty,
                protocol,
                ..KernelSocket::default()
            };
            let socket = KernelSocket {
                local_port,
                remote_port_be,
                local,
                remote,
                ..base
            };
            Some((fields.get(9)?.parse().ok()?, (socket, Vec::new())))
        }));
    }
    let text = fs::read_to_string(dir.join("unix")).unwrap_or_default();
    out.extend(text.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let socket = KernelSocket {
            family: 1,
            ..KernelSocket::default()
        };
        Some((
            fields.get(6)?.parse().ok()?,
            (socket, fields.get(7).unwrap_or(&"").as_bytes().to_vec()),
        ))
    }));
    out
}

/// `0100007F:1F90`: words of the address in host order, port in hexadecimal.
fn address(text: &str) -> Option<([u8; 16], u16)> {
    let (hex, port) = text.split_once(':')?;
    let mut out = [0; 16];
    for (to, at) in out.chunks_exact_mut(4).zip((0..hex.len()).step_by(8)) {
        to.copy_from_slice(&u32::from_str_radix(hex.get(at..at + 8)?, 16).ok()?.to_le_bytes());
    }
    Some((out, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let (v4, port) = address("0100007F:1F90").unwrap();
        assert_eq!((&v4[..4], port), ([127, 0, 0, 1].as_slice(), 8080));
        let (v6, _) = address("00000000000000000000000001000000:0035").unwrap();
        assert_eq!(v6[15], 1);
        assert_eq!(address("nonsense"), None);
        assert_eq!(address("01:zz"), None);
    }
}
