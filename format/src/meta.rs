//! The only place that knows bincode: metadata sections (header, zone maps, entities, index), never event columns.
//! bincode is unmaintained (RUSTSEC-2025-0141); docs/decisions/bincode.md says why it is here and how it can leave.

use bincode::config::{self, Config};
use bincode::{Decode, Encode};

/// No metadata section may ask for more memory than this.
pub(crate) const LIMIT: usize = 64 << 20;

fn config() -> impl Config {
    config::standard()
        .with_little_endian()
        .with_variable_int_encoding()
        .with_limit::<LIMIT>()
}

/// Encodes a metadata value.
pub(crate) fn encode<T: Encode>(value: &T) -> Vec<u8> {
    // Encoding into a Vec fails only on the size limit, which an own value does not reach; an empty section then reads
    // as damage rather than as wrong data.
    bincode::encode_to_vec(value, config()).unwrap_or_default()
}

/// Decodes a metadata value; the error text says what bincode found.
pub(crate) fn decode<T: Decode<()>>(bytes: &[u8]) -> Result<T, String> {
    match bincode::decode_from_slice(bytes, config()) {
        Ok((value, used)) if used == bytes.len() => Ok(value),
        Ok((_, used)) => Err(format!("{} bytes left over", bytes.len() - used)),
        Err(e) => Err(e.to_string()),
    }
}
