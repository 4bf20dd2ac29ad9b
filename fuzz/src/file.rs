//! A trace taken apart into blocks, and put together again with numbers, chain, checksums, index and footer that fit.

use crate::bytes::{decompress, word};
use crate::index::{self, Place};
use crate::segment::Segment;
use std::collections::HashMap;

/// What stands in a block.
#[derive(Clone)]
pub(crate) enum Body {
    /// A segment.
    Segment(Segment),
    /// Decompressed metadata of the index.
    Packed(Vec<u8>),
    /// Anything else.
    Plain(Vec<u8>),
}

/// A block.
#[derive(Clone)]
pub(crate) struct Block {
    pub(crate) tag: [u8; 4],
    pub(crate) flags: u32,
    pub(crate) number: u64,
    pub(crate) body: Body,
    /// Where it stood.
    offset: u64,
}

/// A trace in parts.
#[derive(Clone)]
pub struct File {
    pub(crate) prefix: [u8; 16],
    pub(crate) blocks: Vec<Block>,
    /// What stands behind the last whole block.
    pub(crate) tail: Vec<u8>,
    pub(crate) footer: bool,
    /// Number blocks anew.
    pub(crate) renumber: bool,
    /// Make leaves list the segments that are there.
    pub(crate) fix_leaves: bool,
    /// Make the root list the leaves, attachments and custody entries that are there.
    pub(crate) fix_root: bool,
}

const FOOTER: usize = 56;

impl File {
    /// The parts of a trace; `None` where it does not begin as one. Checksums and hashes are not looked at.
    pub fn parse(bytes: &[u8]) -> Option<File> {
        let prefix = *bytes.first_chunk::<16>()?;
        prefix.starts_with(b"\x89AFTERIMG").then_some(())?;
        let mut file = File {
            prefix,
            blocks: Vec::new(),
            tail: Vec::new(),
            footer: false,
            renumber: false,
            fix_leaves: true,
            fix_root: true,
        };
        let mut at = 16;
        while let Some(block) = bytes.get(at..).and_then(|rest| parse_block(rest, at as u64)) {
            at += 64 + block.1;
            file.blocks.push(block.0);
        }
        let mut tail = &bytes[at..];
        if tail.len() >= FOOTER && tail.ends_with(b"AFTERIMG") {
            (file.footer, tail) = (true, &tail[..tail.len() - FOOTER]);
        }
        file.tail = tail.to_vec();
        Some(file)
    }

    /// The trace.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.prefix.to_vec();
        let mut prev = *blake3::hash(&out).as_bytes();
        let (mut moved, mut since_leaf, mut leaves) = (HashMap::new(), Vec::new(), Vec::new());
        let mut root = None;
        for (at, block) in self.blocks.iter().enumerate() {
            let body = match (&block.body, &block.tag) {
                (Body::Segment(segment), _) => segment.encode(),
                (Body::Packed(_), b"LEAF") if self.fix_leaves => packed(&index::leaf(&since_leaf), true),
                (Body::Packed(raw), b"INDX") if self.fix_root => {
                    packed(&index::root(raw, &leaves, &moved).unwrap_or_else(|| raw.clone()), false)
                }
                (Body::Packed(raw), _) => packed(raw, false),
                (Body::Plain(body), _) => body.clone(),
            };
            let offset = out.len() as u64;
            let mut header = [0; 64];
            header[..4].copy_from_slice(&block.tag);
            header[4..8].copy_from_slice(&block.flags.to_le_bytes());
            header[8..16].copy_from_slice(&(body.len() as u64).to_le_bytes());
            let number = if self.renumber { at as u64 } else { block.number };
            header[16..24].copy_from_slice(&number.to_le_bytes());
            header[24..56].copy_from_slice(&prev);
            header[56..60].copy_from_slice(&crc32fast::hash(&body).to_le_bytes());
            let crc = crc32fast::hash(&header[..60]);
            header[60..].copy_from_slice(&crc.to_le_bytes());
            out.extend_from_slice(&header);
            out.extend_from_slice(&body);
            prev = *blake3::hash(&out[offset as usize..]).as_bytes();
            let place = Place {
                offset,
                length: 64 + body.len() as u64,
                hash: prev,
            };
            moved.insert(block.offset, place);
            match (&block.tag, &block.body) {
                (b"SEGM", Body::Segment(segment)) => since_leaf.push((place, segment.zone.clone())),
                (b"SEGM", _) => since_leaf.push((place, Vec::new())),
                (b"LEAF", _) => leaves.push((place, std::mem::take(&mut since_leaf))),
                (b"INDX", _) => root = Some(place),
                _ => {}
            }
        }
        out.extend_from_slice(&self.tail);
        if self.footer {
            let root = root.unwrap_or_default();
            let start = out.len();
            out.extend_from_slice(&root.offset.to_le_bytes());
            out.extend_from_slice(&root.hash);
            out.extend_from_slice(&[0; 4]);
            let crc = crc32fast::hash(&out[start..]);
            out.extend_from_slice(&crc.to_le_bytes());
            out.extend_from_slice(b"AFTERIMG");
        }
        out
    }
}

fn parse_block(bytes: &[u8], offset: u64) -> Option<(Block, usize)> {
    let tag = *bytes.first_chunk::<4>()?;
    tag.iter().all(u8::is_ascii_uppercase).then_some(())?;
    let long = |at: usize| Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let length = usize::try_from(long(8)?).ok()?;
    let stored = bytes.get(64..)?.get(..length)?;
    let unpacked = || decompress(stored.get(4..)?, word(stored, 0)?);
    let body = match &tag {
        b"SEGM" => Segment::parse(stored).map(Body::Segment),
        b"LEAF" | b"INDX" => unpacked().map(Body::Packed),
        _ => None,
    };
    let block = Block {
        tag,
        flags: word(bytes, 4)?,
        number: long(16)?,
        body: body.unwrap_or_else(|| Body::Plain(stored.to_vec())),
        offset,
    };
    Some((block, length))
}

fn packed(raw: &[u8], compress: bool) -> Vec<u8> {
    let mut out = (raw.len() as u32).to_le_bytes().to_vec();
    out.extend(crate::segment::pack(raw, compress));
    out
}
