//! Files that fuzzing found to be called intact although no reader reads them: every checksum and hash is right.

mod raw;

use afterimage_format::file::{Integrity, Trace, verify};
use raw::*;

/// What verification says of a file, and whether its index can be read.
fn check(name: &str, file: &File, expected: Option<&str>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    std::fs::write(&path, &file.bytes).unwrap();
    let integrity = verify(&path, &[]).unwrap().integrity;
    let readable = Trace::open(&path).is_ok_and(|trace| trace.root().is_some());
    match (&integrity, expected) {
        (Integrity::Intact, None) => assert!(readable, "{name}: intact and not readable"),
        (Integrity::Altered(place), Some(what)) => assert!(place.what.contains(what), "{name}: {integrity}"),
        _ => panic!("{name}: {integrity}"),
    }
}

#[test]
fn what_is_intact_can_be_read() {
    let empty = record(&[]);
    let sealed = |alter: &dyn Fn(&mut File)| {
        let mut file = File::new();
        alter(&mut file);
        file.seal(&[], &empty);
        file
    };
    check("as it should be", &sealed(&|_| ()), None);
    check(
        "a block of an unknown kind",
        &sealed(&|file| _ = file.push(b"NEW1", b"x")),
        None,
    );
    check(
        "a key behind the header",
        &sealed(&|file| _ = file.push(b"KEYS", b"x")),
        Some("does not belong"),
    );
    check(
        "a second header",
        &sealed(&|file| _ = file.push(b"HEAD", &empty)),
        Some("does not belong"),
    );
    check(
        "an unknown flag",
        &sealed(&|file| file.flags = 0x0800_0000),
        Some("flags 0x8000000"),
    );
}
