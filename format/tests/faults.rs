//! Writing where the disk fails: what was appended stays, and the file can be sealed when the fault is gone.

mod world;

use afterimage_format::file::*;
use afterimage_format::{Error, Result};
use std::path::{Path, PathBuf};
use std::time::Duration;
use world::*;

/// Appends segments and attachments whatever happens; how many of each went well.
fn write(writer: &mut TraceWriter<Faulty>, content: &[afterimage_format::segment::EncodedSegment]) -> (usize, usize) {
    let (mut segments, mut attachments) = (0, 0);
    for (at, segment) in content.iter().enumerate() {
        segments += usize::from(writer.append(segment).is_ok());
        let attached = writer.attach(&format!("a{at}"), "", format!("content {at}").as_bytes());
        attachments += usize::from(attached.is_ok());
    }
    let _ = writer.add_custody(&custody("sealed"));
    (segments, attachments)
}

fn fresh(dir: &Path) -> PathBuf {
    let path = dir.join("t.scap");
    let _ = std::fs::remove_file(&path);
    path
}

fn check_unsealed(path: &Path, expected: (usize, usize), name: &str) {
    let trace = Trace::open(path).unwrap();
    assert_eq!((trace.segment_count(), trace.attachments().len()), expected, "{name}");
    (0..trace.segment_count()).for_each(|at| trace.check_segment(at).unwrap());
    let verdict = verify(path, &[]).unwrap();
    assert!(
        matches!(verdict.integrity, Integrity::Truncated { .. }),
        "{name}: {}",
        verdict.integrity
    );
}

fn check_sealed(path: &Path, expected: (usize, usize), name: &str) {
    let trace = Trace::open(path).unwrap();
    assert_eq!((trace.segment_count(), trace.attachments().len()), expected, "{name}");
    assert!(trace.summary().is_some(), "{name}");
    for attachment in trace.attachments() {
        trace.attachment(attachment).unwrap();
    }
    let verdict = verify(path, &[]).unwrap();
    assert!(verdict.is_intact(), "{name}: {}", verdict.integrity);
}

#[test]
fn after_a_fault_at_any_operation_everything_appended_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let content = segments(4, 3);
    for sync in [SyncPolicy::Seal, SyncPolicy::Segment, SyncPolicy::Every(Duration::ZERO)] {
        for (fault, times) in [
            (Fault::Errno(libc::ENOSPC), 1),
            (Fault::Errno(libc::EIO), 2),
            (Fault::Short, 1),
            (Fault::Short, 3),
        ] {
            for min_free in [0, 1] {
                for at in 0.. {
                    let options = WriterOptions {
                        sync,
                        min_free,
                        ..WriterOptions::default()
                    };
                    let name = format!("{fault:?} at {at}, {times} times, {sync:?}");
                    let path = fresh(dir.path());
                    let storage = Faulty::new(&path, at, times, fault);
                    let Ok(mut writer) = TraceWriter::with_storage(storage, &path, &header(), options) else {
                        continue;
                    };
                    let written = write(&mut writer, &content);
                    if writer.storage_mut().done.get() > at + times {
                        // Otherwise the last cut is still to be done.
                        check_unsealed(&path, written, &name);
                    }
                    let sealed = (0..=times).find_map(|_| writer.seal(&summary()).ok());
                    assert!(sealed.is_some(), "{name}: not sealed although the fault is gone");
                    check_sealed(&path, written, &name);
                    if writer.storage_mut().done.get() <= at {
                        assert_eq!(written, (4, 4), "without a fault");
                        break;
                    }
                }
            }
        }
    }
}

#[test]
fn a_disk_that_stays_full_leaves_every_complete_segment() {
    let dir = tempfile::tempdir().unwrap();
    let content = segments(4, 3);
    for at in 4..60 {
        let path = fresh(dir.path());
        let storage = Faulty::new(&path, at, usize::MAX, Fault::Short);
        let created = TraceWriter::with_storage(storage, &path, &header(), WriterOptions::default());
        let Ok(mut writer) = created else { continue };
        let (written, _) = write(&mut writer, &content);
        let sealed = writer.seal(&summary());
        drop(writer);
        let trace = Trace::open(&path).unwrap();
        assert_eq!(trace.segment_count(), written, "fault at {at}");
        // Where only the last sync failed, the file may be complete although sealing said that it is not safe.
        let whole = verify(&path, &[]).unwrap().is_intact();
        assert!(whole || sealed.is_err(), "fault at {at}: {sealed:?}");
        assert_eq!(trace.summary().is_some(), whole, "fault at {at}");
    }
}

#[test]
fn the_index_has_its_room_before_the_disk_is_full() {
    /// A disk of so many bytes, of which reserved ones are taken.
    struct Small {
        file: FileStorage,
        size: u64,
        taken: u64,
    }
    impl Small {
        fn take(&mut self, end: u64) -> std::io::Result<()> {
            if end > self.size {
                return Err(std::io::Error::from_raw_os_error(libc::ENOSPC));
            }
            self.taken = self.taken.max(end);
            Ok(())
        }
    }
    impl Storage for Small {
        fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> std::io::Result<()> {
            self.take(offset + bytes.len() as u64)?;
            self.file.write_all_at(bytes, offset)
        }
        fn reserve(&mut self, offset: u64, len: u64) -> std::io::Result<()> {
            self.take(offset + len)
        }
        fn set_len(&mut self, len: u64) -> std::io::Result<()> {
            self.taken = len;
            self.file.set_len(len)
        }
        fn sync_data(&mut self) -> std::io::Result<()> {
            Ok(())
        }
        fn sync_all(&mut self) -> std::io::Result<()> {
            Ok(())
        }
        fn free(&self) -> std::io::Result<u64> {
            Ok(self.size - self.taken)
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let content = segments(1, 40);
    for (size, min_free) in [(200_000, 0), (900_000, 0), (900_000, 300_000), (1_500_000, 0)] {
        let path = fresh(dir.path());
        let file = std::fs::File::create_new(&path).unwrap();
        let storage = Small {
            file: FileStorage::new(file, &path),
            size,
            taken: 0,
        };
        let options = WriterOptions {
            min_free,
            ..WriterOptions::default()
        };
        let mut writer = TraceWriter::with_storage(storage, &path, &header(), options).unwrap();
        let mut written = 0;
        let error = loop {
            match writer.append(&content[0]) {
                Ok(()) => written += 1,
                Err(error) => break error,
            }
        };
        assert!(error.is_no_space() && written > 10, "{error} after {written}");
        assert_eq!(matches!(error, Error::DiskFloor { .. }), min_free > 0, "{error}");
        if min_free > 0 {
            assert!(error.to_string().contains("--min-free"), "{error}");
            let free = writer.storage_mut().free().unwrap();
            assert!((min_free..min_free + 20_000).contains(&free), "{free} bytes are free");
        }
        writer.seal(&summary()).unwrap();
        check_sealed(&path, (written, 0), &format!("{size}"));
    }
}

#[test]
fn a_disk_under_the_floor_gets_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let options = WriterOptions {
        min_free: u64::MAX,
        ..WriterOptions::default()
    };
    let error = TraceWriter::create(&path, &header(), options).map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::DiskFloor { .. }));
    assert!(!path.exists());
}

#[test]
fn sealing_is_the_end() -> Result<()> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let content = segments(1, 1);
    let mut writer = TraceWriter::create(&path, &header(), WriterOptions::default())?;
    writer.append(&content[0])?;
    let sealed = writer.seal(&summary())?;
    assert!(
        writer
            .append(&content[0])
            .unwrap_err()
            .to_string()
            .contains("sealed already")
    );
    assert_eq!(writer.seal(&summary())?, sealed);
    check_sealed(&path, (1, 0), "sealed");
    Ok(())
}
