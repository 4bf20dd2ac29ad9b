//! A larger file cut at random places: what is complete comes back, soon and without much memory.

mod memory;
mod world;

use afterimage_format::file::*;
use memory::{Counting, alone, measure};
use std::time::Duration;
use world::*;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const CUTS: usize = 1000;
const SEED: u64 = 0x5eed_0003;
/// Memory for opening and reading a segment of this file; all of it has several times as much.
const MEMORY: usize = 2 << 20;
const PATIENCE: Duration = Duration::from_secs(5);

fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// A trace of some MB, and where its segments end. Payloads are random, so that compression leaves them large.
fn large(path: &std::path::Path) -> Vec<u64> {
    use afterimage_format::model::*;
    use afterimage_format::segment::SegmentBuilder;
    let mut state = SEED;
    let mut builder = SegmentBuilder::new(kinds(), 1);
    let mut writer = TraceWriter::create(path, &header(), WriterOptions::default()).unwrap();
    let mut ends = Vec::new();
    writer.add_custody(&custody("created")).unwrap();
    // More than one leaf.
    for segment in 0..300u64 {
        for row in 0..200 {
            let payload: Vec<u8> = (0..9).flat_map(|_| random(&mut state).to_le_bytes()).collect();
            let args = [Value::Bytes(&payload), Value::Int(row as i64)];
            builder.push(&Event {
                duration: 0,
                time: 1_000_000 * segment + 10 * row,
                kind: 2,
                cpu: 1,
                flags: EventFlags(EventFlags::HAS_RESULT),
                result: random(&mut state) as i64,
                thread: 20,
                descriptor: 3,
                args: &args,
            });
        }
        builder.close(&world());
        writer.append(&builder.encode(1).unwrap()).unwrap();
        builder.clear();
        ends.push(writer.bytes());
        if segment % 100 == 50 {
            writer.attach(&format!("a{segment}"), "", &payload_of(segment)).unwrap();
        }
    }
    writer.seal(&summary()).unwrap();
    ends
}

fn payload_of(segment: u64) -> Vec<u8> {
    segment.to_le_bytes().repeat(1000)
}

#[test]
fn cut_at_random_places_all_complete_segments_come_back() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let ends = large(&path);
    let size = std::fs::metadata(&path).unwrap().len();
    let head = Trace::open(&path).unwrap().entry(0).unwrap().offset;
    println!("{size} bytes, {CUTS} cuts, seed {SEED:#x}");
    assert!(size > 4 << 20);
    let mut state = SEED;
    let mut cuts: Vec<u64> = (0..CUTS).map(|_| 1 + random(&mut state) % (size - 1)).collect();
    // The same file becomes shorter and shorter.
    cuts.sort_unstable_by(|a, b| b.cmp(a));
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    let (mut most, mut longest) = (0, Duration::ZERO);
    for (number, cut) in cuts.into_iter().enumerate() {
        file.set_len(cut).unwrap();
        let complete = ends.iter().filter(|end| **end <= cut).count();
        let (opened, taken) = measure(|| {
            let Ok(trace) = Trace::open(&path) else { return None };
            trace
                .entries()
                .for_each(|(_, entry)| assert!(entry.is_ok(), "cut at {cut}"));
            let last = complete.saturating_sub(1);
            for at in [last, random(&mut state) as usize % complete.max(1)] {
                assert!(
                    complete == 0 || trace.check_segment(at).is_ok(),
                    "cut at {cut}: segment {at}"
                );
            }
            Some(trace.segment_count())
        });
        match opened {
            Some(found) => assert_eq!(found, complete, "cut at {cut}"),
            None => assert!(cut < head, "cut at {cut} it does not open"),
        }
        (most, longest) = (most.max(taken.bytes), longest.max(taken.time));
        match verify(&path, &[]).unwrap().integrity {
            Integrity::Truncated { segments, .. } => assert_eq!(segments, complete as u64, "cut at {cut}"),
            other => panic!("cut at {cut}: {other}"),
        }
        if number % 50 == 0 && cut > head {
            let output = dir.path().join("recovered.scap");
            let options = RecoverOptions {
                force: true,
                ..RecoverOptions::default()
            };
            let (recovery, taken) = measure(|| recover(&path, &output, &options).unwrap());
            assert_eq!(recovery.segments_saved, complete as u64, "cut at {cut}");
            assert!(verify(&output, &[]).unwrap().is_intact(), "cut at {cut}");
            (most, longest) = (most.max(taken.bytes), longest.max(taken.time));
        }
    }
    println!("at most {} KiB and {longest:?}", most >> 10);
    assert!(most <= MEMORY, "{most} bytes");
    assert!(longest <= PATIENCE, "{longest:?}");
}
