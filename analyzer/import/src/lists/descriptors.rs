//! Descriptor lists: what a process had open when the capture began.

use super::reader::ListReader;
use crate::blocks::{Broken, broken};
use crate::source::Source;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a descriptor refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FdKind {
    /// Source and destination.
    Connection((IpAddr, u16), (IpAddr, u16), u8),
    /// Where it listens.
    Server((IpAddr, u16), u8),
    /// Its path, where it has one.
    Unix(Vec<u8>),
    /// A regular file: path and device.
    File(Vec<u8>, u32),
    /// Another type by its number, with its name.
    Named(u8, Vec<u8>),
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FdEntry {
    pub(crate) fd: i64,
    pub(crate) ino: u64,
    pub(crate) kind: FdKind,
}

/// Calls `each` with the thread id of the list and every entry. The body has `length` bytes.
pub(crate) fn descriptors<R: Read>(
    source: &mut Source<R>,
    length: u64,
    version: u8,
    mut each: impl FnMut(i64, FdEntry),
) -> Result<(), Broken> {
    let mut list = ListReader::new(source, length);
    let tid = list.i64()?;
    while list.has_more() {
        list.begin(version >= 2, true)?;
        each(tid, entry(&mut list, version)?);
        list.finish()?;
    }
    Ok(())
}

fn entry<R: Read>(list: &mut ListReader<'_, R>, version: u8) -> Result<FdEntry, Broken> {
    let (fd, ino, ty) = (list.i64()?, list.u64()?, list.u8()?);
    let v4 = |list: &mut ListReader<'_, R>| list.bytes::<4>().map(|a| IpAddr::from(Ipv4Addr::from(a)));
    let v6 = |list: &mut ListReader<'_, R>| list.bytes::<16>().map(|a| IpAddr::from(Ipv6Addr::from(a)));
    let kind = match ty {
        3 => {
            let (source, destination) = (v4(list)?, v4(list)?);
            FdKind::Connection((source, list.u16()?), (destination, list.u16()?), list.u8()?)
        }
        4 => {
            let (source, destination) = (v6(list)?, v6(list)?);
            FdKind::Connection((source, list.u16()?), (destination, list.u16()?), list.u8()?)
        }
        5 => FdKind::Server((v4(list)?, list.u16()?), list.u8()?),
        6 => FdKind::Server((v6(list)?, list.u16()?), list.u8()?),
        8 => {
            let _addresses: [u8; 16] = list.bytes()?;
            FdKind::Unix(list.text()?)
        }
        16 => {
            let _flags = list.u32()?;
            let path = list.text()?;
            let dev = list.more(4, |list| list.u32())?.unwrap_or(0);
            FdKind::File(path, dev)
        }
        0 => FdKind::Named(0, Vec::new()),
        1 | 2 | 7 | 9..=15 | 17..=21 => FdKind::Named(ty, list.text()?),
        // Newer types are skipped where entries say how long they are.
        _ if version >= 2 => FdKind::Named(10, Vec::new()),
        other => return broken(format!("a descriptor of type {other}")),
    };
    Ok(FdEntry { fd, ino, kind })
}
