//! Recovering damaged files: what is saved, what is counted as lost, and that the input stays as it was.

mod world;

use afterimage_format::Error;
use afterimage_format::evidence::Identity;
use afterimage_format::file::*;
use std::path::Path;
use world::*;

fn options() -> RecoverOptions {
    RecoverOptions {
        tool: "analyze test".into(),
        ..RecoverOptions::default()
    }
}

/// Alters `path`, recovers it and checks what must hold for every recovery.
fn recovered(path: &Path, alter: impl FnOnce(&mut Vec<u8>)) -> (Recovery, Trace) {
    let mut bytes = std::fs::read(path).unwrap();
    alter(&mut bytes);
    let (input, output) = (path.with_extension("damaged"), path.with_extension("recovered"));
    std::fs::write(&input, &bytes).unwrap();
    let options = RecoverOptions {
        force: true,
        ..options()
    };
    let recovery = recover(&input, &output, &options).unwrap();
    assert_eq!(std::fs::read(&input).unwrap(), bytes, "the input was altered");
    assert!(verify(&output, &[]).unwrap().is_intact());
    let trace = Trace::open(&output).unwrap();
    assert_eq!(trace.root(), Some(recovery.sealed.root));
    assert_eq!(trace.bytes(), recovery.sealed.bytes);
    assert_eq!(trace.totals().events, recovery.events_saved);
    assert_eq!(trace.segment_count() as u64, recovery.segments_saved);
    assert_eq!(trace.attachments().len() as u64, recovery.attachments_saved);
    (0..trace.segment_count()).for_each(|at| trace.check_segment(at).unwrap());
    let lost: u64 = trace.summary().unwrap().losses.iter().map(|l| l.events).sum();
    assert_eq!(lost, recovery.events_lost);
    let custody = trace.custody().last().unwrap();
    assert_eq!(
        (custody.action.as_str(), custody.tool.as_str()),
        ("recovered", "analyze test")
    );
    let source = custody.source.as_ref().unwrap();
    assert_eq!(source.file, *blake3::hash(&bytes).as_bytes());
    assert_eq!(source.root, recovery.verdict.root.unwrap_or_default());
    assert_eq!((source.capture_id, source.name.as_str()), ([7; 16], "t.damaged"));
    assert_eq!(source.verdict, recovery.verdict.integrity.to_string());
    (recovery, trace)
}

fn kinds_of(recovery: &Recovery) -> Vec<(&str, u64, u64)> {
    recovery.kinds.iter().map(|k| (&*k.name, k.saved, k.lost)).collect()
}

#[test]
fn a_whole_file_comes_back_whole() {
    let (_dir, path) = sample(WriterOptions::default(), &segments(3, 10));
    let original = Trace::open(&path).unwrap();
    let (recovery, trace) = recovered(&path, |_| ());
    assert_eq!(
        (recovery.segments_saved, recovery.segments_lost, recovery.events_lost),
        (3, 0, 0)
    );
    assert_eq!(
        (
            recovery.attachments_saved,
            recovery.attachments_lost,
            recovery.containers
        ),
        (3, 0, 1)
    );
    assert_eq!((recovery.loss_records_saved, recovery.loss_records_lost), (3, 0));
    assert_eq!(kinds_of(&recovery), [("openat", 30, 0), ("read", 30, 0)]);
    assert_eq!(
        (trace.header(), trace.summary()),
        (original.header(), original.summary())
    );
    assert_eq!(trace.custody().len(), 3);
    let bytes = (
        std::fs::read(&path).unwrap(),
        std::fs::read(path.with_extension("recovered")).unwrap(),
    );
    for at in 0..3 {
        let (old, new) = (original.entry(at).unwrap(), trace.entry(at).unwrap());
        let body = |file: &[u8], e: &IndexEntry| file[e.offset as usize + 64..(e.offset + e.length) as usize].to_vec();
        assert_eq!(
            body(&bytes.0, &old),
            body(&bytes.1, &new),
            "bodies are copied byte for byte"
        );
    }
}

#[test]
fn what_the_index_still_tells_of_is_counted_by_kind() {
    let (_dir, path) = sample(WriterOptions::default(), &segments(3, 10));
    let second = Trace::open(&path).unwrap().entry(1).unwrap();
    let middle = (second.offset + second.length / 2) as usize;
    let start = second.offset as usize;
    for at in [middle, start, start + 20, start + 64] {
        let (recovery, trace) = recovered(&path, |bytes| bytes[at] ^= 4);
        assert_eq!(
            (recovery.segments_saved, recovery.segments_lost, recovery.events_lost),
            (2, 1, 20)
        );
        assert_eq!(recovery.events_lost_of_unknown_kind, 0);
        assert_eq!((recovery.loss_records_saved, recovery.loss_records_lost), (2, 1));
        assert_eq!(kinds_of(&recovery), [("openat", 20, 10), ("read", 20, 10)]);
        assert!(!recovery.damage.is_empty());
        assert_eq!(trace.entry(1).unwrap().zone.first_num, 41);
    }
}

#[test]
fn without_an_index_a_gap_in_the_numbers_tells_of_the_loss() {
    let (_dir, path) = sample(WriterOptions::default(), &segments(4, 10));
    let trace = Trace::open(&path).unwrap();
    let (second, last) = (trace.entry(1).unwrap(), trace.entry(3).unwrap());
    let cut = (last.offset + last.length - 1) as usize;
    // The second one's directory is gone, and the last one is cut.
    let (recovery, trace) = recovered(&path, |bytes| {
        bytes.truncate(cut);
        bytes[second.offset as usize..][..100].fill(b'x');
    });
    assert_eq!((recovery.segments_saved, recovery.events_saved), (2, 40));
    assert_eq!((recovery.events_lost, recovery.events_lost_of_unknown_kind), (20, 20));
    assert!(recovery.segments_lost >= 1 && recovery.garbage > 0);
    assert_eq!(kinds_of(&recovery), [("openat", 20, 0), ("read", 20, 0)]);
    assert_eq!(trace.summary().unwrap().containers.len(), 1);
    assert_eq!(
        trace.summary().unwrap().reason,
        "recovered from a file that was not sealed"
    );
    assert_eq!(recovery.verdict.root, None);
}

#[test]
fn a_leaf_between_the_segments_tells_of_those_that_are_gone() {
    let (_dir, path) = sample(WriterOptions::default(), &segments(300, 1));
    let trace = Trace::open(&path).unwrap();
    let gone = trace.entry(100).unwrap();
    let cut = trace.bytes() as usize - 1;
    let (recovery, _) = recovered(&path, |bytes| {
        bytes.truncate(cut);
        bytes[gone.offset as usize..][..100].fill(b'x');
    });
    assert_eq!(
        (recovery.segments_saved, recovery.segments_lost, recovery.events_lost),
        (299, 1, 2)
    );
    assert_eq!(recovery.events_lost_of_unknown_kind, 0);
    assert_eq!(kinds_of(&recovery), [("openat", 299, 1), ("read", 299, 1)]);
    // With the leaf and a segment damaged in a sealed file, the root's sums tell of them.
    let leaf = trace.groups()[0].offset as usize;
    let (recovery, _) = recovered(&path, |bytes| {
        bytes[leaf + 70] ^= 1;
        bytes[gone.offset as usize..][..100].fill(b'x');
    });
    assert_eq!(
        (recovery.segments_saved, recovery.segments_lost, recovery.events_lost),
        (299, 1, 2)
    );
    assert_eq!(kinds_of(&recovery), [("openat", 299, 1), ("read", 299, 1)]);
}

#[test]
fn attachments_and_headers_can_be_lost() {
    let (_dir, path) = sample(WriterOptions::default(), &segments(3, 10));
    let trace = Trace::open(&path).unwrap();
    let shared = trace.attachments()[0].clone();
    let (recovery, trace) = recovered(&path, |bytes| bytes[(shared.offset + shared.length - 1) as usize] ^= 1);
    assert_eq!((recovery.attachments_saved, recovery.attachments_lost), (1, 2));
    assert_eq!(trace.attachments()[0].name, "c.bin");

    let bytes = std::fs::read(&path).unwrap();
    let (input, output) = (path.with_extension("damaged"), path.with_extension("recovered"));
    for at in [16, 40, 90] {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        std::fs::write(&input, &altered).unwrap();
        let forced = RecoverOptions {
            force: true,
            ..options()
        };
        assert!(matches!(Trace::open(&input), Err(Error::Header { .. })));
        let recovery = recover(&input, &output, &forced).unwrap();
        assert!(recovery.header_lost);
        assert_eq!(recovery.segments_saved, 3, "byte {at}");
        let trace = Trace::open(&output).unwrap();
        assert_eq!(trace.header().degraded, ["the header of the recovered file was lost"]);
    }
}

#[test]
fn encrypted_files_are_recovered_for_other_recipients_or_in_clear() {
    let (mine, theirs) = (Identity::generate(), Identity::generate());
    let encrypted = WriterOptions {
        recipients: vec![mine.recipient()],
        ..WriterOptions::default()
    };
    let (_dir, path) = sample(encrypted, &segments(3, 10));
    let mut bytes = std::fs::read(&path).unwrap();
    let len = bytes.len();
    bytes.truncate(len - 1);
    std::fs::write(&path, &bytes).unwrap();
    let output = path.with_extension("out");
    assert!(matches!(
        recover(&path, &output, &options()),
        Err(Error::Encrypted { .. })
    ));
    assert!(!output.exists());
    for (recipients, identities) in [(vec![], vec![]), (vec![theirs.recipient()], vec![theirs])] {
        let how = RecoverOptions {
            identities: vec![mine.clone()],
            recipients,
            force: true,
            ..options()
        };
        let recovery = recover(&path, &output, &how).unwrap();
        assert_eq!((recovery.segments_saved, recovery.attachments_saved), (3, 3));
        let trace = Trace::open_with(&output, &OpenOptions { identities }).unwrap();
        (0..3).for_each(|at| trace.check_segment(at).unwrap());
    }
}

#[test]
fn the_input_is_never_the_output() {
    let (dir, path) = sample(WriterOptions::default(), &segments(1, 1));
    let before = std::fs::read(&path).unwrap();
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let hard = dir.path().join("hard");
    std::fs::hard_link(&path, &hard).unwrap();
    let forced = RecoverOptions {
        force: true,
        ..options()
    };
    for output in [&path, &link, &hard] {
        assert!(matches!(recover(&path, output, &forced), Err(Error::SameFile(_))));
    }
    let other = dir.path().join("other");
    std::fs::write(&other, "mine").unwrap();
    assert!(matches!(recover(&path, &other, &options()), Err(Error::Exists(_))));
    assert_eq!(std::fs::read(&other).unwrap(), b"mine");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn every_cut_and_every_flipped_byte_is_recovered() {
    let (dir, path) = sample(WriterOptions::default(), &segments(3, 3));
    let bytes = std::fs::read(&path).unwrap();
    let ends: Vec<usize> = {
        let trace = Trace::open(&path).unwrap();
        trace
            .entries()
            .map(|(_, e)| e.map(|e| (e.offset + e.length) as usize).unwrap())
            .collect()
    };
    let (input, output) = (dir.path().join("in"), dir.path().join("out"));
    let forced = RecoverOptions {
        force: true,
        ..options()
    };
    for cut in (100..bytes.len()).step_by(3) {
        std::fs::write(&input, &bytes[..cut]).unwrap();
        let saved = recover(&input, &output, &forced).map(|r| r.segments_saved).unwrap();
        assert_eq!(
            saved,
            ends.iter().filter(|end| **end <= cut).count() as u64,
            "cut at {cut}"
        );
    }
    let mut altered = bytes.clone();
    for at in (16..bytes.len()).step_by(3) {
        altered[at] ^= 0x20;
        std::fs::write(&input, &altered).unwrap();
        let recovery = recover(&input, &output, &forced).unwrap();
        assert!(recovery.segments_saved >= 2, "byte {at}");
        assert_eq!(
            recovery.events_saved + recovery.events_lost,
            18,
            "byte {at}: {recovery:?}"
        );
        altered[at] ^= 0x20;
    }
}
