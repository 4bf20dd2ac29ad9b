//! Descriptors as a segment stores them: a table of integers, a column a field.

use super::dictionary::{Dictionary, DictionaryBuilder};
use crate::model::{Descriptor, DescriptorType, L4Proto, Role, Tuple};
use std::net::IpAddr;

/// Number of fields; see [`super::threads::FIELDS`].
pub(super) const FIELDS: usize = 10;

const ID: usize = 0;
pub(super) const TYPE: usize = 1;
const L4: usize = 2;
const ROLE: usize = 3;
/// String.
pub(super) const NAME: usize = 4;
/// String: address (4 or 16 bytes) and port (2, big-endian); 0: no tuple.
const LOCAL: usize = 5;
/// See [`LOCAL`].
const REMOTE: usize = 6;
const DEV: usize = 7;
const INO: usize = 8;
/// String.
pub(super) const MISSING: usize = 9;

/// The fields of one descriptor.
#[derive(Clone, Copy)]
pub(super) struct StoredDescriptor([i64; FIELDS]);

impl StoredDescriptor {
    /// The stored form; its texts go into `strings`.
    pub(super) fn new(d: &Descriptor, strings: &mut DictionaryBuilder) -> StoredDescriptor {
        let mut f = [0; FIELDS];
        f[ID] = d.id as i64;
        f[TYPE] = i64::from(d.ty.code());
        f[L4] = i64::from(d.l4.code());
        f[ROLE] = i64::from(d.role.code());
        if !d.name.is_empty() {
            f[NAME] = i64::from(strings.intern(&d.name));
        }
        if let Some(tuple) = &d.tuple {
            f[LOCAL] = i64::from(strings.intern(&side(tuple.local)));
            f[REMOTE] = i64::from(strings.intern(&side(tuple.remote)));
        }
        f[DEV] = i64::from(d.dev);
        f[INO] = d.ino as i64;
        if !d.missing.is_empty() {
            f[MISSING] = i64::from(strings.intern(&d.missing));
        }
        StoredDescriptor(f)
    }

    /// Value of a field.
    pub(super) fn field(&self, field: usize) -> i64 {
        self.0[field]
    }
}

fn side((address, port): (IpAddr, u16)) -> Vec<u8> {
    let mut out = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    out.extend_from_slice(&port.to_be_bytes());
    out
}

fn parse_side(bytes: &[u8]) -> Option<(IpAddr, u16)> {
    let (address, port) = bytes.split_last_chunk::<2>()?;
    let address = match address.len() {
        4 => IpAddr::from(*address.first_chunk::<4>()?),
        16 => IpAddr::from(*address.first_chunk::<16>()?),
        _ => return None,
    };
    Some((address, u16::from_be_bytes(*port)))
}

/// Descriptor number `row` of a table.
pub(super) fn load(columns: &[Option<&[i64]>; FIELDS], row: usize, strings: Dictionary<'_>) -> Descriptor {
    let f = |field: usize| columns[field].and_then(|c| c.get(row)).copied().unwrap_or(0);
    let code = |field: usize| u32::try_from(f(field)).unwrap_or(u32::MAX);
    let side = |field: usize| strings.get(f(field)).and_then(parse_side);
    Descriptor {
        id: f(ID) as u64,
        ty: DescriptorType::of_code(code(TYPE)),
        l4: L4Proto::of_code(code(L4)),
        role: Role::of_code(code(ROLE)),
        name: strings.get(f(NAME)).unwrap_or_default().to_vec(),
        tuple: side(LOCAL)
            .zip(side(REMOTE))
            .map(|(local, remote)| Tuple { local, remote }),
        dev: f(DEV) as u32,
        ino: f(INO) as u64,
        missing: strings.get(f(MISSING)).unwrap_or_default().to_vec(),
    }
}
