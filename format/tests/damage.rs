//! Files that were cut and altered: reading, verifying and recovering each of them.

mod world;

use afterimage_format::evidence::Identity;
use afterimage_format::file::*;
use std::path::Path;
use world::*;

/// Offset, header and end of every block.
fn blocks(file: &[u8]) -> Vec<(usize, usize)> {
    let mut at = 16;
    let mut all = Vec::new();
    while file.len() - at > 56 {
        let len = u64::from_le_bytes(file[at + 8..at + 16].try_into().unwrap()) as usize;
        all.push((at, at + 64 + len));
        at += 64 + len;
    }
    all
}

fn tag(file: &[u8], block: (usize, usize)) -> String {
    String::from_utf8(file[block.0..block.0 + 4].to_vec()).unwrap()
}

fn segments_of(file: &[u8]) -> Vec<(usize, usize)> {
    let all = blocks(file).into_iter();
    all.filter(|block| tag(file, *block) == "SEGM").collect()
}

/// Makes the checksums of a block fit its content.
fn fix(block: &mut [u8]) {
    let crc = crc32fast::hash(&block[64..]);
    block[56..60].copy_from_slice(&crc.to_le_bytes());
    let crc = crc32fast::hash(&block[..60]);
    block[60..64].copy_from_slice(&crc.to_le_bytes());
}

fn is_intact(path: &Path) -> bool {
    verify(path, &[]).is_ok_and(|v| v.is_intact())
}

#[test]
fn cut_anywhere_it_is_truncated_and_the_complete_segments_open() {
    let identity = Identity::generate();
    let encrypted = WriterOptions {
        recipients: vec![identity.recipient()],
        ..WriterOptions::default()
    };
    let open = OpenOptions {
        identities: vec![identity.clone()],
    };
    for options in [WriterOptions::default(), encrypted] {
        let (dir, path) = sample(options, &segments(3, 20));
        let whole = std::fs::read(&path).unwrap();
        let ends: Vec<usize> = segments_of(&whole).iter().map(|s| s.1).collect();
        let all = blocks(&whole);
        let head = all.iter().position(|b| tag(&whole, *b) == "HEAD").unwrap();
        let header_end = all[head].1;
        let torn = dir.path().join("torn.scap");
        for cut in 1..whole.len() {
            std::fs::write(&torn, &whole[..cut]).unwrap();
            let complete = ends.iter().filter(|end| **end <= cut).count();
            match Trace::open_with(&torn, &open) {
                Err(error) => assert!(cut < header_end, "cut at {cut}: {error}"),
                Ok(trace) => {
                    assert!(cut >= header_end);
                    assert_eq!(trace.segment_count(), complete, "cut at {cut}");
                    assert!(trace.summary().is_none());
                    let between = cut == header_end || all.iter().any(|b| b.1 == cut && tag(&whole, *b) != "INDX");
                    assert_eq!(trace.damage().is_empty(), between, "cut at {cut}: {:?}", trace.damage());
                }
            }
            let verdict = verify(&torn, &[]).unwrap();
            match &verdict.integrity {
                Integrity::Truncated { segments, bytes, .. } => {
                    assert_eq!(*segments, complete as u64, "cut at {cut}");
                    let last = all.iter().map(|b| b.1).filter(|end| *end <= cut).max();
                    let expected = last.unwrap_or(if cut < 16 { 0 } else { 16 });
                    assert_eq!(*bytes, expected as u64, "cut at {cut}");
                }
                other => panic!("cut at {cut}: {other}"),
            }
        }
    }
}

#[test]
fn every_flipped_byte_is_noticed_and_nothing_panics() {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    let pkcs8 = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
    std::fs::write(&key, pkcs8).unwrap();
    let options = WriterOptions {
        sign_key: Some(afterimage_format::evidence::PrivateKey::read(&key).unwrap()),
        ..WriterOptions::default()
    };
    let (dir, path) = sample(options, &segments(3, 8));
    let mut bytes = std::fs::read(&path).unwrap();
    assert!(is_intact(&path));
    let segments = segments_of(&bytes);
    let altered = dir.path().join("altered.scap");
    for at in 0..bytes.len() {
        for pattern in [1u8, 0x40, 0xff] {
            bytes[at] ^= pattern;
            std::fs::write(&altered, &bytes).unwrap();
            match verify(&altered, &[]) {
                Err(_) => assert!(at < 16, "byte {at}"),
                Ok(verdict) => {
                    let Integrity::Altered(place) = &verdict.integrity else {
                        panic!("byte {at}: {}", verdict.integrity)
                    };
                    let segment = segments.iter().position(|s| (s.0 + 64..s.1).contains(&at));
                    if let Some(segment) = segment {
                        assert_eq!(place.segment, Some(segment as u64), "byte {at}");
                        assert_eq!(place.offset, segments[segment].0 as u64);
                    }
                }
            }
            if let Ok(trace) = Trace::open(&altered) {
                let (mut good, mut rows) = (0, 0);
                for segment in 0..trace.segment_count() {
                    let inside = segments.get(segment).is_some_and(|s| (s.0..s.1).contains(&at));
                    let checked = trace.check_segment(segment);
                    if trace.summary().is_some() {
                        assert_eq!(checked.is_err(), inside, "byte {at}, segment {segment}: {checked:?}");
                    }
                    good += usize::from(checked.is_ok());
                    rows += trace.segment(segment).map_or(0, |s| s.rows());
                }
                assert!(good >= 2 && rows >= 2 * 16, "byte {at}: {good} segments are well");
                trace.containers();
                for attachment in trace.attachments() {
                    let _ = trace.attachment(attachment);
                }
            } else {
                assert!(at < segments[0].0, "byte {at}");
            }
            bytes[at] ^= pattern;
        }
    }
}

#[test]
fn blocks_that_were_removed_moved_repeated_or_forged_are_noticed() {
    let (dir, path) = sample(WriterOptions::default(), &segments(5, 8));
    let file = std::fs::read(&path).unwrap();
    let all = blocks(&file);
    let place = |at: usize| all.iter().position(|b| *b == segments_of(&file)[at]).unwrap();
    let (second, third) = (place(1), place(2));
    let check = |name: &str, order: &[Vec<u8>], expected: Option<u64>| {
        let mut altered = file[..16].to_vec();
        order.iter().for_each(|block| altered.extend_from_slice(block));
        altered.extend_from_slice(&file[file.len() - 56..]);
        let out = dir.path().join("altered.scap");
        std::fs::write(&out, &altered).unwrap();
        let verdict = verify(&out, &[]).unwrap();
        let Integrity::Altered(place) = &verdict.integrity else {
            panic!("{name}: {}", verdict.integrity)
        };
        if expected.is_some() {
            assert_eq!(place.segment, expected, "{name}: {}", verdict.integrity);
        }
        // Reading it must not panic or hang; what it says is for `verify` to judge.
        if let Ok(trace) = Trace::open(&out) {
            trace.entries().for_each(drop);
            (0..trace.segment_count()).for_each(|at| drop(trace.check_segment(at)));
        }
    };
    let whole: Vec<Vec<u8>> = all.iter().map(|(start, end)| file[*start..*end].to_vec()).collect();
    for at in 0..whole.len() {
        let mut order = whole.clone();
        order.remove(at);
        check(&format!("block {at} removed"), &order, None);
        let mut order = whole.clone();
        order.insert(at, whole[at].clone());
        check(&format!("block {at} twice"), &order, None);
        let mut order = whole.clone();
        let last = order[at].len() - 1;
        order[at][last] ^= 1;
        fix(&mut order[at]);
        let segment = segments_of(&file).iter().position(|s| *s == all[at]);
        check(&format!("block {at} forged"), &order, segment.map(|s| s as u64));
        for field in [4, 16, 24] {
            let mut order = whole.clone();
            order[at][field] ^= 2;
            fix(&mut order[at]);
            check(&format!("block {at} with another field at {field}"), &order, None);
        }
    }
    let mut order = whole.clone();
    order.swap(second, third);
    check("segments 1 and 2 swapped", &order, Some(1));
    let mut order = whole.clone();
    let mut foreign = whole[third].clone();
    foreign[64] ^= 1;
    fix(&mut foreign);
    order.insert(third, foreign);
    check("a foreign segment before the third", &order, None);
    let mut order = whole.clone();
    order.truncate(1);
    check("all but the header", &order, None);
}

#[test]
fn what_follows_the_footer_is_noticed() {
    let (_dir, path) = sample(WriterOptions::default(), &segments(2, 2));
    let file = std::fs::read(&path).unwrap();
    for more in [b"x".to_vec(), vec![0; 100], file.clone()] {
        std::fs::write(&path, [file.as_slice(), &more].concat()).unwrap();
        let verdict = verify(&path, &[]).unwrap();
        let Integrity::Altered(place) = verdict.integrity else {
            panic!("{verdict:?}")
        };
        assert_eq!(place.offset, file.len() as u64);
        // Two traces one behind the other read as one that has the second's index, or as the first one's segments.
        assert!(Trace::open(&path).is_ok());
    }
}

#[test]
fn a_tail_of_zeros_is_what_a_power_cut_leaves() {
    let (_dir, path) = sample(WriterOptions::default(), &segments(3, 2));
    let mut file = std::fs::read(&path).unwrap();
    let second_end = segments_of(&file)[1].1;
    file[second_end..].fill(0);
    std::fs::write(&path, &file).unwrap();
    let verdict = verify(&path, &[]).unwrap();
    assert!(
        matches!(verdict.integrity, Integrity::Truncated { segments: 2, .. }),
        "{verdict:?}"
    );
    let trace = Trace::open(&path).unwrap();
    assert_eq!(trace.segment_count(), 2);
    assert!(trace.damage()[0].what.contains("only zeros follow"));
}

#[test]
fn blocks_of_an_unknown_kind_are_passed_over() {
    let (_dir, path) = sample(WriterOptions::default(), &segments(3, 2));
    let file = std::fs::read(&path).unwrap();
    let (start, end) = segments_of(&file)[1];
    let mut altered = file[..end].to_vec();
    altered[start..start + 4].copy_from_slice(b"NEW1");
    fix(&mut altered[start..end]);
    let next = segments_of(&file)[2];
    altered.extend_from_slice(&file[next.0..next.1]);
    std::fs::write(&path, &altered).unwrap();
    let trace = Trace::open(&path).unwrap();
    assert_eq!((trace.segment_count(), trace.damage()), (2, vec![]));
    assert_eq!(trace.entry(1).unwrap().zone.first_num, 9);
    // Unknown flags are refused instead.
    altered[start..start + 4].copy_from_slice(b"SEGM");
    altered[start + 4] = 2;
    fix(&mut altered[start..end]);
    std::fs::write(&path, &altered).unwrap();
    let trace = Trace::open(&path).unwrap();
    assert_eq!(trace.segment_count(), 2);
    assert!(trace.damage()[0].what.contains("flags 0x2"), "{:?}", trace.damage());
}
