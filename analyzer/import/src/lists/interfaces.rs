//! Network interfaces: which addresses are the machine's own.

use super::reader::ListReader;
use crate::blocks::{Broken, broken};
use crate::source::Source;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interface {
    pub(crate) address: IpAddr,
    pub(crate) netmask: IpAddr,
}

/// Calls `each` with every entry of a list of `version` whose body has `length` bytes.
pub(crate) fn interfaces<R: Read>(
    source: &mut Source<R>,
    length: u64,
    version: u8,
    mut each: impl FnMut(Interface),
) -> Result<(), Broken> {
    let mut list = ListReader::new(source, length);
    while list.has_more() {
        list.begin(version >= 2, false)?;
        let (ty, name) = (list.u16()?, usize::from(list.u16()?));
        // Address, mask and broadcast address; then the speed, but for the types that have none.
        let (interface, has_speed) = match ty {
            1 | 3 => {
                let (address, netmask, _broadcast) = (list.bytes::<4>()?, list.bytes::<4>()?, list.bytes::<4>()?);
                let interface = Interface {
                    address: Ipv4Addr::from(address).into(),
                    netmask: Ipv4Addr::from(netmask).into(),
                };
                (interface, ty == 1)
            }
            2 | 4 => {
                let (address, netmask, _broadcast) = (list.bytes::<16>()?, list.bytes::<16>()?, list.bytes::<16>()?);
                let interface = Interface {
                    address: Ipv6Addr::from(address).into(),
                    netmask: Ipv6Addr::from(netmask).into(),
                };
                (interface, ty == 2)
            }
            other => return broken(format!("a network interface of type {other}")),
        };
        if has_speed {
            list.u64()?;
        }
        for _ in 0..name {
            list.u8()?;
        }
        each(interface);
        list.finish()?;
    }
    Ok(())
}
