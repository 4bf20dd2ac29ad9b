//! The mutator of the targets that read files. Random changes alone end at the first checksum; these change one part of
//! a trace that was taken apart, and put it together again so that checksums, hashes, lengths and index fit.

use crate::file::File;
use crate::mutate;
use crate::rng::Rng;
use crate::segment::Segment;

/// Mutates the first `size` bytes of `data`, in which there is room for `max_size`; their new number. `bytes` is the
/// fuzzer's own mutation: it changes a buffer's first bytes, from a number of them to another one.
pub fn mutate(
    data: &mut [u8],
    size: usize,
    max_size: usize,
    seed: u32,
    bytes: fn(&mut [u8], usize, usize) -> usize,
) -> usize {
    let mut rng = Rng::new(seed);
    if rng.once_in(16) {
        return bytes(data, size, max_size);
    }
    let mut change = |part: &mut Vec<u8>| {
        let (before, room) = (part.len(), part.len() + 32);
        part.resize(room, 0);
        let after = bytes(part, before, room);
        part.truncate(after);
    };
    let input = &data[..size];
    let encoded = if let Some(mut file) = File::parse(input) {
        for _ in 0..1 + rng.below(3) {
            mutate::file(&mut file, &mut rng, &mut change);
        }
        Some(file.encode())
    } else {
        Segment::parse(input).map(|mut segment| {
            for _ in 0..1 + rng.below(3) {
                mutate::segment(&mut segment, &mut rng, &mut change);
            }
            segment.encode()
        })
    };
    match encoded.filter(|encoded| encoded.len() <= max_size) {
        Some(encoded) => {
            data[..encoded.len()].copy_from_slice(&encoded);
            encoded.len()
        }
        None => bytes(data, size, max_size),
    }
}

/// The mutator of a target that reads traces.
#[macro_export]
macro_rules! trace_mutator {
    () => {
        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            $crate::custom::mutate(data, size, max_size, seed, libfuzzer_sys::fuzzer_mutate)
        });
    };
}
