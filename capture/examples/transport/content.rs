//! What the writes of `transport stream` have; the tests that look for it share this file.

/// What write number `at` has: its number, then noise, `most` bytes at most.
pub(crate) fn content(at: u32, most: u32) -> Vec<u8> {
    let mut state = at.wrapping_mul(2_654_435_761) | 1;
    let len = 8 + state % (most - 8);
    let mut bytes = at.to_le_bytes().to_vec();
    while bytes.len() < len as usize {
        // xorshift
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        bytes.push(state as u8);
    }
    bytes
}
