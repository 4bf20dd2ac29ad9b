//! Segments and files that somebody made up to exhaust the reader: it takes no more memory than its limit and ends soon.

mod memory;
mod raw;

use afterimage_format::Error;
use afterimage_format::file::{RecoverOptions, Trace, recover, verify};
use afterimage_format::segment::{MAX_SEGMENT, Segment};
use memory::{Counting, alone, measure};
use raw::*;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MIB: usize = 1 << 20;
/// What is thrown away at once.
const BESIDE: usize = 16 * MIB;
/// Nobody waits longer. Tests are not optimised and run beside others; what is unbounded takes hours.
const PATIENCE: Duration = Duration::from_secs(30);

fn check_taken(name: &str, taken: &memory::Taken) {
    println!("{name}: {} MiB, {:?}", taken.bytes / MIB, taken.time);
    assert!(taken.bytes <= MAX_SEGMENT + BESIDE, "{name}: {} MiB", taken.bytes / MIB);
    assert!(taken.time <= PATIENCE, "{name}: {:?}", taken.time);
}

/// Asks for everything that a segment has.
fn read(segment: &Segment<'_>) -> Result<(), Error> {
    let all = [
        segment.times().map(drop),
        segment.cpus().map(drop),
        segment.results().map(drop),
        segment.thread_indexes().map(drop),
        segment.threads().map(drop),
        segment.containers().map(drop),
        segment.losses().map(drop),
        segment.descriptors().map(drop),
        segment.live().map(drop),
        segment.fd_changes().map(drop),
    ];
    segment.sizes();
    all.into_iter().chain([segment.check()]).collect()
}

/// Reads a segment; whether the reader says that it is over a limit.
fn over_limit(name: &str, body: &[u8]) -> bool {
    let (read, taken) = measure(|| Segment::parse(body, 0).and_then(|segment| read(&segment)));
    check_taken(name, &taken);
    matches!(read, Err(Error::Limit { .. }))
}

#[test]
fn frames_that_are_bombs_are_over_the_limit() {
    let _alone = alone();
    let mut raw = Raw::of_rows(1);
    (0..8).for_each(|at| raw.column((200, 0, at), 7, 0, vec![0; 60 * MIB]));
    assert!(over_limit("eight frames of 60 MiB", &raw.body()));
    let mut one = Raw::of_rows(1);
    one.column((200, 0, 1), 7, 0, vec![0; 65 * MIB]);
    let body = one.body();
    assert!(!over_limit("a frame over its own limit", &body));
    assert!(Segment::parse(body.as_slice(), 0).unwrap().check().is_err());
}

#[test]
fn columns_of_any_number_of_values_are_over_the_limit() {
    let _alone = alone();
    // All million rows of a kind with many parameters have the same value: a byte a column.
    for (name, codec, data) in [
        ("constants", 0, vec![0]),
        ("planes of width 0", 3, vec![0, 0]),
        ("the same of deltas", 4, vec![0, 0, 0]),
    ] {
        let mut raw = Raw::of_rows(1 << 20);
        raw.kinds[0].2 = 3000;
        (0..3000).for_each(|param| raw.column((2, 0, 16 + 2 * param), codec, 1 << 20, data.clone()));
        assert!(over_limit(name, &raw.body()));
    }
    let mut raw = Raw::of_rows(1);
    raw.constant((0, 0, 1), u64::from(u32::MAX), 0);
    assert!(over_limit("more values than rows can be", &raw.body()));
}

/// A pco file of one value whose chunk begins with these bits.
fn pco_chunk(bits: u64) -> Vec<u8> {
    let values = vec![5i64; 10];
    let whole = pco::standalone::simple_compress(&values, &pco::ChunkConfig::default()).unwrap();
    let (_, chunk) = pco::standalone::FileDecompressor::new(whole.as_slice()).unwrap();
    let start = whole.len() - chunk.len() + 4;
    [&whole[..start], &bits.to_le_bytes(), &[0; 64]].concat()
}

#[test]
fn pco_cannot_claim_memory() {
    let _alone = alone();
    const DICTIONARY: u64 = 4 | ((1 << 25) - 1) << 4;
    // Delta encoding 2, a window of 2^24 values, state of one.
    const WINDOW: u64 = 2 << 4 | 23 << 8;
    for (name, bits) in [("a dictionary", DICTIONARY), ("a window", WINDOW)] {
        let mut raw = Raw::of_rows(10);
        raw.column((0, 0, 1), 5, 10, pco_chunk(bits));
        let body = raw.body();
        let (read, taken) = measure(|| Segment::parse(body.as_slice(), 0).and_then(|s| s.check()));
        assert!(matches!(read, Err(Error::Damage(_))), "{name}: {read:?}");
        assert!(taken.bytes < MIB, "{name}: {} bytes", taken.bytes);
    }
    let mut raw = Raw::of_rows(1);
    raw.column((0, 0, 1), 5, u64::from(u32::MAX), pco_chunk(0));
    assert!(over_limit("pco of too many values", &raw.body()));
}

#[test]
fn entities_cannot_claim_memory() {
    let _alone = alone();
    // Containers whose labels are two bytes each in the file and 48 in memory.
    let labels = repeated(1 << 20, &[0, 0]);
    let container = record(&[&[0; 13], &labels]);
    let mut raw = Raw::of_rows(1);
    raw.column((7, 0, 0), 7, 0, repeated(20, &container));
    over_limit("containers with a million labels", &raw.body());

    let mut raw = Raw::of_rows(1);
    raw.column((8, 0, 0), 7, 0, repeated(20 << 20, &[0]));
    over_limit("millions of empty loss records", &raw.body());

    for (table, name) in [(5, "threads"), (6, "descriptors")] {
        let mut raw = Raw::of_rows(1);
        // Each row names other strings, most of which are not there.
        let ids = |first: u64| {
            let mut ids = Vec::new();
            let mut folded = first << 20;
            while folded >= 0x80 {
                ids.push(folded as u8 | 0x80);
                folded >>= 7;
            }
            ids.push(folded as u8);
            [ids, vec![2; (1 << 19) - 1]].concat()
        };
        raw.constant((table, 0, 0), 1 << 19, 7);
        for field in 13..19 {
            raw.column((table, 0, field), 2, 1 << 19, ids(field - 13));
        }
        raw.constant((3, 0, 0), 1 << 19, 0);
        raw.column((3, 0, 1), 7, 0, vec![]);
        over_limit(&format!("many {name}"), &raw.body());
    }
}

#[test]
fn runs_without_rows_and_tiny_columns_are_no_trouble() {
    let _alone = alone();
    let mut raw = Raw {
        rows: 1,
        kinds: vec![("read", 1, 0)],
        ..Raw::default()
    };
    let runs = 1 << 20;
    raw.constant((1, 0, 0), runs, 0);
    let mut counts = vec![0; runs as usize];
    counts[runs as usize - 1] = 2;
    raw.column((1, 0, 1), 1, runs, counts);
    raw.constant((1, 0, 2), runs, 1);
    assert!(!over_limit("a million runs without rows", &raw.body()));
    let body = raw.body();
    assert_eq!(Segment::parse(body.as_slice(), 0).unwrap().times().unwrap(), [0]);

    // As many columns, frames and kinds as a directory has room for.
    let zone = Raw::of_rows(0).zone();
    let kinds = list(&[record(&[])]);
    let columns: Vec<Column> = (0..400_000).map(column_without_values).collect();
    let frames = vec![[0; 3]; 1 << 16];
    check_directory("columns", &directory(&zone, &kinds, &columns, &frames), true);
    let frames = vec![[0; 3]; 1 << 20];
    check_directory("a million frames", &directory(&zone, &kinds, &[], &frames), false);
    let millions = repeated(3 << 20, &[0]);
    check_directory("millions of kinds", &directory(&zone, &millions, &[], &[]), false);
    let many = repeated(400_000, &[0]);
    let zone = record(&[&ints(&[1, 0, 0, 0]), &many]);
    check_directory("kinds, in the zone map too", &directory(&zone, &many, &[], &[]), true);
}

#[test]
fn a_large_directory_leaves_less_for_the_rest() {
    let _alone = alone();
    let mut raw = Raw::of_rows(1);
    raw.columns.extend((0..50_000).map(column_without_values));
    raw.kinds.extend((0..200_000).map(|_| ("", 0, 0)));
    (0..8).for_each(|at| raw.column((250, 0, at), 7, 0, vec![0; 60 * MIB]));
    assert!(over_limit("a large directory and frames", &raw.body()));
}

/// One of many columns of tables that nobody knows.
fn column_without_values(at: u64) -> Column {
    Column {
        name: (200 + (at / 63_001) as u8, at % 251, at / 251 % 251),
        codec: 0,
        rows: 0,
        frame: 0,
        length: 0,
    }
}

/// Reads a segment that has nothing but this directory.
fn check_directory(name: &str, directory: &[u8], readable: bool) {
    assert!(directory.len() <= 4 * MIB, "{name}: {}", directory.len());
    let body = body(directory, &[]);
    over_limit(name, &body);
    assert_eq!(Segment::parse(body.as_slice(), 0).is_ok(), readable, "{name}");
}

/// A reserved field of events, which measuring a segment once took for a parameter.
#[test]
fn unknown_fields_have_a_size() {
    let _alone = alone();
    let mut raw = Raw::of_rows(1);
    raw.constant((2, 0, 5), 1, 0);
    raw.constant((2, 0, 15), 1, 0);
    raw.constant((2, 0, 16), 1, 0);
    let body = raw.body();
    let sizes = Segment::parse(body.as_slice(), 0).unwrap().sizes();
    for name in ["events field 5", "events field 15", "events param read 0"] {
        assert!(sizes.iter().any(|(found, _)| found == name), "{name}: {sizes:?}");
    }
}

/// Opens a file, reads all of it, verifies and recovers it; how many segments it has, and how many are well.
fn use_file(name: &str, file: &File) -> (usize, usize) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    std::fs::write(&path, &file.bytes).unwrap();
    let (good, taken) = measure(|| {
        let Ok(trace) = Trace::open(&path) else { return (0, 0) };
        trace.entries().for_each(drop);
        trace.containers();
        let all = trace.segment_count();
        (all, (0..all).filter(|at| trace.check_segment(*at).is_ok()).count())
    });
    check_taken(name, &taken);
    let (_, taken) = measure(|| verify(&path, &[]).map(drop));
    check_taken(&format!("{name}, verified"), &taken);
    let (_, taken) = measure(|| recover(&path, &dir.path().join("out.scap"), &RecoverOptions::default()).map(drop));
    check_taken(&format!("{name}, recovered"), &taken);
    good
}

#[test]
fn headers_and_summaries_cannot_claim_memory() {
    let _alone = alone();
    let empty = [0; 16];
    let tags = repeated(7 << 20, &[0, 0]);
    let header = record(&[&empty, &[0, 0, 0, 0, 0], &tags]);
    assert_eq!(
        use_file("a header with millions of tags", &File::with_header(&header)),
        (0, 0)
    );

    let container = record(&[&[0; 13], &repeated(1 << 20, &[0, 0])]);
    let summary = record(&[&ints(&[0, 0, 0]), &repeated(15, &container)]);
    let mut file = File::new();
    file.seal(&[], &summary);
    use_file("a summary with millions of labels", &file);
}

#[test]
fn leaves_that_list_a_segment_more_than_once_are_refused() {
    let _alone = alone();
    let raw = Raw::of_rows(0);
    let twice = |a: &Place, _: &Place| vec![*a; 256];
    let back = |a: &Place, b: &Place| vec![*b, *a];
    let overlapping = |a: &Place, b: &Place| {
        let first = Place {
            length: a.length + 1,
            ..*a
        };
        vec![first, *b]
    };
    type Lie = fn(&Place, &Place) -> Vec<Place>;
    for (name, lie) in [
        ("the same", twice as Lie),
        ("backwards", back),
        ("overlapping", overlapping),
    ] {
        let mut file = File::new();
        let (a, b) = (file.push(b"SEGM", &raw.body()), file.push(b"SEGM", &raw.body()));
        let entries: Vec<Vec<u8>> = lie(&a, &b).iter().map(|place| entry(place, &raw.zone())).collect();
        let count = entries.len() as u64;
        let leaf = file.push_packed(b"LEAF", &record(&[&list(&entries)]));
        file.seal(&[group(&leaf, a.offset, count)], &record(&[]));
        assert_eq!(use_file(name, &file).1, 2, "{name}");
    }
}

#[test]
fn a_million_empty_blocks_are_no_trouble() {
    let _alone = alone();
    for tag in [b"SEGM", b"LEAF", b"NEW1"] {
        let mut file = File::new();
        for _ in 0..1_000_000 / 3 {
            file.push(tag, b"");
        }
        assert_eq!(
            use_file(&format!("empty {}", String::from_utf8_lossy(tag)), &file),
            (0, 0)
        );
    }
}

#[test]
fn an_unsealed_file_of_tiny_bombs_is_read_soon() {
    let _alone = alone();
    let zone = Raw::of_rows(0).zone();
    let kinds = list(&[record(&[])]);
    let columns = vec![column_without_values(0); (4 << 20) / 7 - 100];
    // Some hundred bytes each, whose directory is as large as it may be: too densely packed.
    let large = directory(&zone, &kinds, &columns, &[[0; 3]]);
    let dense = body_of(&large, &zstd_of(&large), &[]);
    let mut file = File::new();
    for _ in 0..20_000 {
        file.push(b"SEGM", &dense);
    }
    assert_eq!(use_file("dense directories", &file), (0, 0));
    // As dense as they may be.
    let most = directory(&zone, &kinds, &columns[..550], &[[0; 3]]);
    let bomb = body(&most, &[]);
    assert!(most.len() > 20 * bomb.len());
    let mut file = File::new();
    for _ in 0..20_000 {
        file.push(b"SEGM", &bomb);
    }
    assert_eq!(use_file("directories as dense as they may be", &file), (20_000, 0));
    // The same with leaves.
    let mut file = File::new();
    let raw = record(&[&repeated(4 << 20, &[0])]);
    let leaf = [(raw.len() as u32).to_le_bytes().to_vec(), zstd_of(&raw)].concat();
    for _ in 0..20_000 {
        file.push(b"LEAF", &leaf);
    }
    assert_eq!(use_file("dense leaves", &file), (0, 0));
}
