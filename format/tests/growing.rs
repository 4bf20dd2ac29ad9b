//! Files that are read while they are written: what is seen is what a fresh look would see.

mod world;

use afterimage_format::evidence::Identity;
use afterimage_format::file::*;
use std::fs::{self, File, OpenOptions as Open};
use std::io::Write as _;
use std::path::Path;
use world::*;

/// Everything that a reader can tell two traces apart by.
fn seen(trace: &Trace) -> String {
    let mut out = format!(
        "{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n",
        trace.totals(),
        trace.groups(),
        trace.attachments(),
        trace.custody(),
        trace.damage(),
        trace.containers(),
    );
    for at in 0..trace.segment_count() {
        let segment = trace.segment(at).unwrap();
        let nums: Vec<u64> = (0..segment.rows()).map(|row| segment.num(row)).collect();
        out.push_str(&format!(
            "{nums:?} {:?} {:?}\n",
            trace.entry(at).unwrap(),
            segment.times().unwrap()
        ));
    }
    out
}

/// The trace as it is now.
fn refreshed(trace: Trace) -> (Trace, bool) {
    match trace.refresh().unwrap() {
        Refreshed::Unchanged => (trace, false),
        Refreshed::Grown(trace) => (*trace, false),
        Refreshed::Sealed(trace) => (*trace, true),
        _ => panic!("the file is still there"),
    }
}

#[track_caller]
fn same(trace: &Trace, path: &Path) {
    assert_eq!(seen(trace), seen(&Trace::open(path).unwrap()));
}

#[test]
fn what_a_writer_appends_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.scap");
    let mut writer = TraceWriter::create(&path, &header(), WriterOptions::default()).unwrap();
    let mut trace = Trace::open(&path).unwrap();
    assert!(matches!(trace.refresh().unwrap(), Refreshed::Unchanged));
    // More than a leaf lists.
    for (at, segment) in segments(300, 2).iter().enumerate() {
        writer.append(segment).unwrap();
        if at % 7 == 0 || at > 250 {
            let before = trace.segment_count();
            let (next, is_sealed) = refreshed(trace);
            assert!(!is_sealed && next.segment_count() == at + 1 && before <= at);
            trace = next;
            if at % 49 == 0 || at > 290 {
                same(&trace, &path);
            }
        }
    }
    let old = refreshed(trace).0;
    writer.seal(&Summary::default()).unwrap();
    let (trace, is_sealed) = refreshed(old);
    assert!(is_sealed && trace.summary().is_some());
    same(&trace, &path);
    assert!(matches!(trace.refresh().unwrap(), Refreshed::Unchanged));
}

#[test]
fn a_file_that_comes_in_pieces_is_seen_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, path) = (folder.path().join("whole.scap"), folder.path().join("t.scap"));
    let mut writer = TraceWriter::create(&whole, &header(), WriterOptions::default()).unwrap();
    for segment in segments(5, 3) {
        writer.append(&segment).unwrap();
    }
    let begin = {
        let trace = Trace::open(&whole).unwrap();
        trace.entry(0).unwrap().offset as usize
    };
    writer.seal(&Summary::default()).unwrap();
    let bytes = fs::read(&whole).unwrap();
    let mut file = File::create(&path).unwrap();
    file.write_all(&bytes[..begin]).unwrap();
    let mut trace = Trace::open(&path).unwrap();
    let mut sealed = false;
    for piece in bytes[begin..].chunks(61) {
        assert!(!sealed, "only the last piece completes it");
        file.write_all(piece).unwrap();
        (trace, sealed) = refreshed(trace);
        same(&trace, &path);
    }
    assert!(sealed);
}

#[test]
fn truncation_replacement_and_deletion_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.scap");
    let write = || {
        let options = WriterOptions {
            force: true,
            ..WriterOptions::default()
        };
        let mut writer = TraceWriter::create(&path, &header(), options).unwrap();
        segments(3, 2)
            .iter()
            .for_each(|segment| writer.append(segment).unwrap());
        writer
    };
    drop(write());
    let trace = Trace::open(&path).unwrap();
    let size = fs::metadata(&path).unwrap().len();
    let file = Open::new().write(true).open(&path).unwrap();
    file.set_len(size - 1).unwrap();
    assert!(matches!(trace.refresh().unwrap(), Refreshed::Truncated));
    file.set_len(0).unwrap();
    assert!(matches!(trace.refresh().unwrap(), Refreshed::Truncated));
    drop((trace, file));

    fs::remove_file(&path).unwrap();
    drop(write());
    let trace = Trace::open(&path).unwrap();
    let aside = folder.path().join("aside.scap");
    fs::rename(&path, &aside).unwrap();
    assert!(matches!(trace.refresh().unwrap(), Refreshed::Deleted));
    drop(write());
    assert!(matches!(trace.refresh().unwrap(), Refreshed::Replaced));
    assert_eq!(
        trace.segment(2).unwrap().rows(),
        Trace::open(&aside).unwrap().segment(2).unwrap().rows()
    );
}

/// A block that a failed write had left complete is taken back, and another one comes in its place.
#[test]
fn what_is_taken_back_and_written_anew_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.scap");
    let mut writer = TraceWriter::create(&path, &header(), WriterOptions::default()).unwrap();
    let all = segments(2, 2);
    writer.append(&all[0]).unwrap();
    let end = fs::metadata(&path).unwrap().len();
    writer.append(&all[1]).unwrap();
    let second = fs::read(&path).unwrap()[end as usize..].to_vec();
    let trace = Trace::open(&path).unwrap();
    let other = folder.path().join("other.scap");
    let mut again = TraceWriter::create(&other, &header(), WriterOptions::default()).unwrap();
    again.append(&all[0]).unwrap();
    again.append(&segments(2, 9)[1]).unwrap();
    let longer = fs::read(&other).unwrap();
    assert!(longer.len() - end as usize > second.len());
    fs::write(&path, &longer).unwrap();
    let (trace, _) = refreshed(trace);
    same(&trace, &path);
}

#[test]
fn an_encrypted_file_needs_no_identity_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.scap");
    let identity = Identity::generate();
    let options = WriterOptions {
        recipients: vec![identity.recipient()],
        ..WriterOptions::default()
    };
    let mut writer = TraceWriter::create(&path, &header(), options).unwrap();
    let identities = vec![identity];
    let trace = Trace::open_with(&path, &OpenOptions { identities }).unwrap();
    let all = segments(2, 3);
    writer.append(&all[0]).unwrap();
    let (trace, _) = refreshed(trace);
    assert_eq!(trace.segment(0).unwrap().rows(), 6);
    writer.append(&all[1]).unwrap();
    writer.seal(&Summary::default()).unwrap();
    let (trace, is_sealed) = refreshed(trace);
    assert!(is_sealed && trace.is_encrypted());
    assert_eq!(trace.segment(1).unwrap().rows(), 6);
}
