//! Writes the seeds of all targets: small traces of rows that are made up here, plain where they can be, so that
//! mutations change what is decoded and not its compressed form.
//!
//! `cargo run --manifest-path fuzz/Cargo.toml --example seeds`

#[path = "../../analyzer/import/tests/make/mod.rs"]
mod make;

use afterimage_format::evidence::PrivateKey;
use afterimage_format::file::{Summary, TraceWriter, WriterOptions};
use afterimage_format::model::{CustodyEntry, Header, Loss, LossCause};
use afterimage_format::segment::{EncodedSegment, FdState, SegmentBuilder};
use afterimage_fuzz::rows::{self, Row, Timed};
use afterimage_fuzz::{File, memory};
use arbitrary::{Arbitrary, Unstructured};
use make::Capture;
use std::io::{Read, Seek};
use std::path::Path;

/// Made for this; nothing else is signed with it.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";

/// Bytes that look random and are always the same.
fn noise(seed: u8, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut bytes);
    bytes
}

/// Rows of which there are so many different ones.
fn made_up(seed: u8, count: usize, different: usize) -> Vec<Timed> {
    let row = |at: usize| {
        let bytes = noise(seed.wrapping_add((at % different) as u8), 48);
        Row::arbitrary(&mut Unstructured::new(&bytes)).expect("a row")
    };
    rows::timed(&(0..count).map(row).collect::<Vec<_>>())
}

/// A segment with everything that one can have.
fn full() -> EncodedSegment {
    let mut builder = SegmentBuilder::new(rows::kinds(), 1);
    builder.set_keyframe(vec![1, 5], [(1000, 3, 1), (1000, 4, 2)]);
    rows::push(&mut builder, &made_up(1, 12, 12));
    builder.fd_change(1000, 3, FdState::Closed);
    builder.fd_change(1001, 0, FdState::CopyOf(1000));
    builder.fd_change(1000, 0, FdState::Ended);
    builder.push_loss(Loss {
        cause: LossCause::RingFull,
        cpu: Some(1),
        events: 4,
        from: 1,
        to: 2,
    });
    builder.close(&rows::world());
    builder.encode(1).expect("a segment")
}

fn trace(segments: &[EncodedSegment], sealed: bool, options: WriterOptions) -> Vec<u8> {
    let (mut file, path) = memory::create();
    let storage = memory::Unsynced(file.try_clone().expect("a descriptor"));
    let header = Header {
        capture_id: [7; 16],
        scope: "made up".into(),
        tags: vec![("seed".into(), "yes".into())],
        ..Header::default()
    };
    let mut writer = TraceWriter::with_storage(storage, &path, &header, options).expect("memory");
    let entry = CustodyEntry {
        action: "created".into(),
        ..CustodyEntry::default()
    };
    writer.add_custody(&entry).expect("memory");
    for (at, segment) in segments.iter().enumerate() {
        writer.append(segment).expect("memory");
        if at == 0 {
            writer.attach("a.txt", "text/plain", &[b'a'; 99]).expect("memory");
            writer.attach("b.txt", "text/plain", &[b'a'; 99]).expect("memory");
            writer.attach("c.bin", "", b"other").expect("memory");
        }
    }
    if sealed {
        writer.seal(&Summary::default()).expect("memory");
    }
    let mut bytes = Vec::new();
    file.rewind().expect("memory");
    file.read_to_end(&mut bytes).expect("memory");
    bytes
}

fn plain(trace: &[u8]) -> Vec<u8> {
    File::parse(trace).expect("a trace").encode()
}

fn main() -> std::io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let write = |target: &str, name: &str, bytes: &[u8]| {
        let folder = corpus.join(target);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(name), bytes)
    };
    let small = rows::encode(&made_up(30, 30, 30), false, 5);
    let kept = rows::encode(&made_up(70, 10, 10), true, 10);
    let long = rows::encode(&made_up(100, 700, 9), false, 700);
    let key = PrivateKey::parse(KEY.as_bytes(), "the key of the seeds").expect("a key");
    let signed = WriterOptions {
        sign_key: Some(key),
        ..WriterOptions::default()
    };
    let all = [full()].into_iter().chain(small).chain(kept).collect::<Vec<_>>();
    let traces = [
        ("sealed", plain(&trace(&all[..3], true, WriterOptions::default()))),
        ("unsealed", plain(&trace(&all[3..], false, WriterOptions::default()))),
        ("signed", trace(&all[..2], true, signed)),
        ("empty", trace(&[], true, WriterOptions::default())),
    ];
    for (name, bytes) in &traces {
        for target in ["open", "scan", "recover", "verify"] {
            write(target, name, bytes)?;
        }
    }
    write("scan", "segment-full", &all[0].body)?;
    write("scan", "segment-long", &long[0].body)?;
    for seed in 10..14 {
        write("round_trip", &format!("rows-{seed}"), &noise(seed, 1 << (seed - 3)))?;
    }
    write("import", "capture", &capture().0)?;
    write("import", "versions", &versions().0)?;
    Ok(())
}

/// A capture of sysdig with calls of all sorts.
fn capture() -> Capture {
    let int = i64::to_le_bytes;
    let mut capture = Capture::new();
    let open: [&[u8]; 4] = [&int(3), b"/etc/x\0", &[1, 0, 0, 0], &[0; 4]];
    let tuple = [2, 10, 0, 0, 1, 1, 0, 10, 0, 0, 2, 80, 0];
    capture
        .process(9, 42, 1, "one")
        .event(1, 42, 2, &[])
        .event(2, 42, 3, &open);
    capture.event_in(0x222, 3, 42, 324, &[b"{\"container\":{\"id\":\"a\"}}\0"]);
    capture.event(4, 42, 27, &[&int(5), &tuple, &[0]]);
    capture.event(5, 42, 35, &[&int(1), b"x", &tuple]);
    capture
        .event(6, 42, 223, &[&int(43), b"x\0"])
        .event(7, 42, 293, &[&int(0), b"y\0"]);
    capture.event(8, 42, 186, &[]);
    capture
}

/// All versions of process lists and events.
fn versions() -> Capture {
    let mut capture = Capture::new();
    for version in 1..=9 {
        capture.process(version, i64::from(version), 1, "one");
    }
    for ty in [0x204, 0x208, 0x216, 0x217, 0x221, 0x222] {
        capture.event_in(ty, 1, 2, 203, &[&[5, 0, 0, 0]]);
    }
    capture
}
