//! Tests with indexes that somebody made up: they are refused or cost little, and the segments are read all the same.

use super::block::{BLOCK_HEADER_LEN, Block, BlockHeader};
use super::index::{Group, IndexEntry, Leaf, Root};
use super::layout::{Footer, MAX_LEAF, tag};
use super::{Integrity, Summary, Trace, TraceWriter, WriterOptions, packed, verify};
use crate::model::{AttachmentEntry, CustodyEntry, Header};
use crate::segment::{EncodedSegment, Entities, SegmentBuilder};
use crate::{Error, meta};
use std::path::Path;

struct Nothing;

impl Entities for Nothing {
    fn thread(&self, _: u64) -> Option<&crate::model::Thread> {
        None
    }
    fn container(&self, _: u64) -> Option<&crate::model::Container> {
        None
    }
    fn descriptor(&self, _: u64) -> Option<&crate::model::Descriptor> {
        None
    }
}

fn segment(at: u64) -> EncodedSegment {
    let mut builder = SegmentBuilder::new(Vec::new(), at);
    builder.set_keyframe(vec![], []);
    builder.close(&Nothing);
    builder.encode(3).unwrap()
}

/// 300 segments, an attachment and a custody entry; the file without INDX and footer, and its root.
fn sample(path: &Path) -> (Vec<u8>, Root) {
    let options = WriterOptions {
        force: true,
        ..WriterOptions::default()
    };
    let mut writer = TraceWriter::create(path, &Header::default(), options).unwrap();
    writer.add_custody(&CustodyEntry::default()).unwrap();
    writer.attach("a", "b", b"content").unwrap();
    (0..300).for_each(|at| writer.append(&segment(at)).unwrap());
    writer.seal(&Summary::default()).unwrap();
    let file = std::fs::read(path).unwrap();
    let footer = Footer::at_end(&file).unwrap();
    let block = Block::at(&file, footer.index).unwrap();
    let root = Root::decode(block.stored, 16, footer.index).unwrap();
    (file[..footer.index as usize].to_vec(), root)
}

/// Appends a block with checksums that fit; its offset.
fn push(file: &mut Vec<u8>, tag: [u8; 4], number: u64, body: &[u8]) -> usize {
    let offset = file.len();
    let header = BlockHeader {
        tag,
        flags: 0,
        len: body.len() as u64,
        number,
        prev: [0; 32],
        crc: crc32fast::hash(body),
    };
    file.extend_from_slice(&header.encode());
    file.extend_from_slice(body);
    offset
}

/// Ends a file with an index of this body.
fn end(file: &mut Vec<u8>, body: &[u8]) {
    let offset = push(file, tag::INDX, 100_000, body);
    let root = Block::at(file, offset as u64).unwrap().hash();
    let footer = Footer {
        index: offset as u64,
        root,
    };
    file.extend_from_slice(&footer.encode());
}

/// Asks for everything.
fn read_all(trace: &Trace) -> usize {
    let mut good = 0;
    for (at, entry) in trace.entries() {
        good += usize::from(entry.is_ok() && trace.check_segment(at).is_ok());
    }
    trace.entries_between(0, u64::MAX).for_each(drop);
    trace.containers();
    for attachment in trace.attachments() {
        let _ = trace.attachment(attachment);
    }
    good
}

#[test]
fn roots_that_lie_cost_no_segment() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let (file, root) = sample(&path);
    let check = |name: &str, alter: &dyn Fn(&mut Root)| {
        let mut root = root.clone();
        alter(&mut root);
        let mut file = file.clone();
        end(&mut file, &packed::pack(&meta::encode(&root)));
        std::fs::write(&path, &file).unwrap();
        let trace = Trace::open(&path).unwrap();
        let good = read_all(&trace);
        assert!(good >= 299, "{name}: {good} segments are read");
        assert!(trace.segment_count() <= 512, "{name}");
        assert!(!trace.damage().is_empty(), "{name}: nothing is said");
        let verdict = verify(&path, &[]).unwrap();
        assert!(matches!(verdict.integrity, Integrity::Altered(_)), "{name}");
    };
    let end = file.len() as u64;
    check("a leaf that is the index itself", &|r| r.groups[0].offset = end);
    check("a leaf twice", &|r| r.groups[1] = r.groups[0].clone());
    check("leaves the other way round", &|r| r.groups.reverse());
    check("a leaf of no length", &|r| r.groups[0].length = 0);
    check("a leaf that is a segment", &|r| {
        r.groups[1].offset = r.groups[1].start + 200
    });
    check("a leaf with another hash", &|r| r.groups[0].hash[0] ^= 1);
    check("a leaf of too many segments", &|r| r.groups[0].segments = u32::MAX);
    check("a leaf of more segments than listed", &|r| r.groups[1].segments += 1);
    check("more rows than segments can have", &|r| r.groups[0].rows = u64::MAX);
    check("an endless leaf", &|r| r.groups[1].length = u64::MAX);
    check("a start in a segment", &|r| r.groups[0].start += 1);
    check("custody elsewhere", &|r| r.custody = vec![0, 16, u64::MAX]);
    check("a custody log that goes round", &|r| {
        r.custody = vec![r.custody[0]; 5000]
    });
    check("any number of attachments", &|r| {
        r.attachments = vec![AttachmentEntry::default(); 70_000]
    });
}

#[test]
fn attachments_that_lie_are_damage() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let (file, root) = sample(&path);
    let whole = root.attachments[0].clone();
    let altered: [&dyn Fn(&mut AttachmentEntry); 4] = [
        &|a| a.offset = 16,
        &|a| a.offset = u64::MAX,
        &|a| a.hash[0] ^= 1,
        &|a| a.offset += 1,
    ];
    for (at, alter) in altered.iter().enumerate() {
        let mut entry = whole.clone();
        alter(&mut entry);
        let mut file = file.clone();
        let root = Root {
            attachments: vec![entry, whole.clone()],
            ..root.clone()
        };
        end(&mut file, &root.encode().unwrap());
        std::fs::write(&path, &file).unwrap();
        let trace = Trace::open(&path).unwrap();
        let all = trace.attachments();
        assert!(matches!(trace.attachment(&all[0]), Err(Error::Damage(_))), "lie {at}");
        assert_eq!(trace.attachment(&all[1]).unwrap(), b"content");
    }
}

/// A leaf or root of some bytes that would take much more memory.
#[test]
fn bombs_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let (file, root) = sample(&path);
    // A record of a list that has as many empty records as there is room for.
    let bomb = |size: usize| {
        let list = [meta::encode(&(size as u64 - 32)), vec![0; size - 32]].concat();
        meta::encode(&list)
    };
    let claims_more = |mut packed: Vec<u8>| {
        packed[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        packed
    };
    let empty = packed::pack(&meta::encode(&Leaf {
        entries: vec![IndexEntry::default(); 256],
    }));
    for leaf in [
        packed::pack(&bomb(MAX_LEAF)),
        claims_more(packed::pack(&bomb(1 << 20))),
        empty,
        vec![],
    ] {
        // The second leaf is replaced.
        let group = root.groups[1].clone();
        let mut altered = file[..group.offset as usize].to_vec();
        let offset = push(&mut altered, tag::LEAF, 90_000, &leaf);
        let block = Block::at(&altered, offset as u64).unwrap();
        let group = Group {
            length: block.length() as u64,
            hash: block.hash(),
            ..group
        };
        let root = Root {
            groups: vec![root.groups[0].clone(), group],
            ..root.clone()
        };
        end(&mut altered, &root.encode().unwrap());
        std::fs::write(&path, &altered).unwrap();
        let trace = Trace::open(&path).unwrap();
        assert_eq!(read_all(&trace), 300);
        assert!(trace.damage()[0].what.contains("index"), "{:?}", trace.damage());
    }
    for index in [
        packed::pack(&bomb(16 << 20)),
        claims_more(packed::pack(&[0; 100])),
        vec![1],
    ] {
        let mut altered = file.clone();
        end(&mut altered, &index);
        std::fs::write(&path, &altered).unwrap();
        let trace = Trace::open(&path).unwrap();
        assert_eq!(read_all(&trace), 300);
        assert!(trace.damage()[0].what.contains("index"), "{:?}", trace.damage());
    }
}

/// A file of tiny blocks, which a walk passes over in time that grows with its size alone.
#[test]
fn many_small_blocks_are_no_trouble() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let (mut file, _) = sample(&path);
    for number in 0..100_000 {
        let tag = [tag::LEAF, tag::CUST, tag::ATCH, *b"NEW1", tag::SEGM][number as usize % 5];
        push(&mut file, tag, 1000 + number, b"");
        if number % 3 == 0 {
            file.extend_from_slice(&[b'S'; BLOCK_HEADER_LEN / 2]);
        }
    }
    std::fs::write(&path, &file).unwrap();
    let trace = Trace::open(&path).unwrap();
    assert_eq!(trace.segment_count(), 300);
    assert_eq!(trace.damage().len(), 1000, "reported up to the limit");
    assert_eq!(read_all(&trace), 300);
    assert!(!verify(&path, &[]).unwrap().is_intact());
}
