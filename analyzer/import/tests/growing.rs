//! Captures that are read while they are imported.

mod make;

use afterimage_format::Error as FormatError;
use afterimage_format::file::{Refreshed, Trace};
use afterimage_import::{Error, Importing};
use make::Capture;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A capture of so many events, in a folder of its own.
fn capture(events: u64) -> (tempfile::TempDir, PathBuf) {
    let mut capture = Capture::new();
    capture.process(9, 42, 1, "one");
    for at in 0..events {
        capture.event(1000 + at, 42, 203, &[&1000u32.to_le_bytes()]);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.scap");
    std::fs::write(&path, &capture.0).unwrap();
    (folder, path)
}

/// The trace, once there is one.
fn opened(path: &Path) -> Trace {
    loop {
        match Trace::open(path) {
            Ok(trace) => return trace,
            // Nothing, or less than the header, has been written so far.
            Err(FormatError::Empty(_) | FormatError::Header { .. } | FormatError::NotATrace { .. }) => {
                std::thread::yield_now();
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn an_import_is_read_while_it_runs() {
    let (_folder, path) = capture(300_000);
    let importing = Importing::new(&path).unwrap();
    assert_eq!(importing.total, std::fs::metadata(&path).unwrap().len());
    let (total, readable) = (importing.total, importing.trace());
    let mut last = 0;
    std::thread::scope(|scope| {
        let running = scope.spawn(|| {
            importing.run(&mut |progress| {
                assert!(progress.bytes >= last && progress.bytes <= total);
                last = progress.bytes;
                ControlFlow::Continue(())
            })
        });
        let mut trace = opened(&readable.path());
        let mut events = 0;
        let sealed = loop {
            match trace.refresh().unwrap() {
                Refreshed::Grown(grown) => trace = *grown,
                Refreshed::Sealed(sealed) => break sealed,
                Refreshed::Unchanged => std::thread::yield_now(),
                _ => panic!("the file is still there"),
            }
            let now = trace.totals().events;
            assert!(now >= events, "what was seen stays");
            events = now;
        };
        let imported = running.join().unwrap().unwrap();
        assert_eq!(imported.report.events, 300_000);
        assert_eq!(sealed.totals().events, 300_000);
        assert_eq!(imported.path(), readable.path());
    });
}

#[test]
fn an_import_that_is_stopped_leaves_what_there_is() {
    let (folder, path) = capture(300_000);
    let bytes = std::fs::read(path).unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::thread::scope(|scope| {
        // The rest comes later than whoever waits is told, however fast this machine is.
        let (first, rest) = bytes.split_at(bytes.len() / 2);
        scope.spawn(|| {
            let mut pipe = std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
            // Once it is stopped, nobody reads any more.
            let _ = pipe.write_all(first);
            std::thread::sleep(Duration::from_millis(100));
            let _ = pipe.write_all(rest);
        });
        let importing = Importing::new(&pipe).unwrap();
        let readable = importing.trace();
        let stopped = importing.run(&mut |progress| match progress.events {
            0 => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        });
        assert!(matches!(stopped, Err(Error::Stopped)), "{stopped:?}");
        let trace = Trace::open(&readable.path()).unwrap();
        assert!(trace.summary().is_none() && trace.totals().events < 300_000);
    });
}
