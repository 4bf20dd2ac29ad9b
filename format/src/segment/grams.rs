//! Which runs of three bytes occur in the strings of a segment, as a set of bits with room for false positives: who looks
//! for a text of which a part is nowhere need not decompress the strings.

/// Bits of the set while it is made; a power of two.
const MOST: usize = 1 << 18;

/// Bits of the shortest and of the longest set that is stored.
const SHORTEST: usize = 1 << 10;
const LONGEST: usize = 1 << 17;

/// A stored set has a one among so many bits, or fewer.
const SPARSE: usize = 6;

/// Text that is worth a set: less is decompressed as fast.
const WORTH: usize = 8 << 10;

/// Where each run of three bytes of a text stands in a set of `bits` bits, a power of two. Letters count without their case.
fn places(text: &[u8], bits: usize) -> impl Iterator<Item = usize> {
    let mut run = 0;
    let mut push = move |byte: &u8| {
        run = run >> 8 | u32::from(byte.to_ascii_lowercase()) << 16;
        (run.wrapping_mul(0x9e37_79b1) >> 14) as usize & (bits - 1)
    };
    let (start, rest) = text.split_at(text.len().min(2));
    start.iter().for_each(|byte| _ = push(byte));
    rest.iter().map(push)
}

/// The set of a text; nothing where the text is too short for one, or too varied.
pub(crate) fn encode(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() < WORTH {
        return None;
    }
    let mut set = vec![0u64; MOST / 64];
    for at in places(text, MOST) {
        set[at / 64] |= 1 << (at % 64);
    }
    let ones = |set: &[u64]| set.iter().map(|word| word.count_ones() as usize).sum::<usize>();
    loop {
        // The places in a set of half as many bits are the same without their highest bit.
        let (low, high) = set.split_at(set.len() / 2);
        let half: Vec<u64> = low.iter().zip(high).map(|(low, high)| low | high).collect();
        let is_full = ones(&half) * SPARSE > half.len() * 64;
        if set.len() * 64 <= LONGEST && (is_full || half.len() * 64 < SHORTEST) {
            break;
        }
        if is_full {
            return None;
        }
        set = half;
    }
    Some(set.iter().flat_map(|word| word.to_le_bytes()).collect())
}

/// Whether a set with these bytes is one.
pub(crate) fn is_set(bytes: &[u8]) -> bool {
    bytes.len().is_power_of_two()
}

/// Whether the strings behind a set can have this text in them, in any case of its letters.
pub(crate) fn may_have(set: &[u8], text: &[u8]) -> bool {
    places(text, 8 * set.len()).all(|at| set[at / 8] >> (at % 8) & 1 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(count: usize) -> Vec<u8> {
        (0..count)
            .flat_map(|number| format!("/srv/data/{}/{number}.txt", number / 200).into_bytes())
            .collect()
    }

    #[test]
    fn what_is_there_is_never_ruled_out_and_most_else_is() {
        let text = paths(5000);
        let set = encode(&text).unwrap();
        assert!(is_set(&set) && set.len() < text.len() / 50, "{}", set.len());
        for part in text.windows(9).step_by(7) {
            assert!(may_have(&set, part) && may_have(&set, &part.to_ascii_uppercase()));
        }
        assert!(may_have(&set, b"") && may_have(&set, b"zz"));
        for other in [b"passwd".as_slice(), b"/etc/shadow", b"secret", b"known_hosts"] {
            assert!(!may_have(&set, other), "{other:?}");
        }
    }

    #[test]
    fn sets_fit_the_text() {
        assert_eq!(encode(&paths(10)), None);
        assert_eq!(encode(&vec![b'a'; WORTH]).map(|set| set.len() * 8), Some(SHORTEST));
        let mut state = 1u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as u8
        })
        .take(1 << 20)
        .collect();
        assert_eq!(encode(&noise), None);
        assert!(encode(&noise[..20_000]).is_some());
        assert!(is_set(&[0]) && !is_set(&[]) && !is_set(&[0; 3]));
    }
}
