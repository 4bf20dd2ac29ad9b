//! The pass over all blocks.

use super::index::IndexCheck;
use super::verdict::{BadPlace, Integrity};
use crate::evidence::chain::{self, Hash};
use crate::file::block::{BLOCK_HEADER_LEN, BlockHeader, ENCRYPTED};
use crate::file::layout::{self, FOOTER_LEN, Footer, MAX_METADATA, PREFIX_LEN, tag};
use crate::file::reader::map::Map;
use crate::file::reader::open::check_prefix;
use crate::file::reader::walk::is_zero;
use crate::model::Header;
use crate::{Result, meta};
use std::path::Path;

/// A block that was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) header: BlockHeader,
    pub(super) offset: usize,
    pub(super) hash: Hash,
    /// Number of the segment, where it is one.
    segment: Option<u64>,
}

impl Seen {
    pub(super) fn end(&self) -> usize {
        self.offset + BLOCK_HEADER_LEN + self.header.len as usize
    }

    fn place(&self, what: impl Into<String>) -> BadPlace {
        BadPlace {
            block: Some(self.header.number),
            tag: self.header.name(),
            segment: self.segment,
            offset: self.offset as u64,
            what: what.into(),
        }
    }
}

/// State of the pass.
pub(super) struct Pass<'m> {
    map: &'m Map,
    last: Option<Seen>,
    index: IndexCheck,
    /// The INDX block.
    root: Option<Seen>,
    pub(super) capture_id: Option<[u8; 16]>,
    pub(super) encrypted: bool,
    pub(super) segments: u64,
    /// The SIGN block, where there is one.
    pub(super) sign: Option<BadPlace>,
}

impl<'m> Pass<'m> {
    pub(super) fn new(map: &'m Map) -> Pass<'m> {
        Pass {
            map,
            last: None,
            index: IndexCheck::new(),
            root: None,
            capture_id: None,
            encrypted: false,
            segments: 0,
            sign: None,
        }
    }

    /// Reads everything.
    pub(super) fn run(&mut self, path: &Path) -> Result<Integrity> {
        if self.map.len() < PREFIX_LEN && layout::prefix().starts_with(self.map) {
            return Ok(self.cut(0, "it ends inside its first bytes"));
        }
        check_prefix(self.map, path)?;
        let mut at = PREFIX_LEN;
        loop {
            match self.step(at) {
                Ok(next) => at = next,
                Err(integrity) => return Ok(integrity),
            }
        }
    }

    /// Reads what stands at `at`; where the next thing is, or what the whole comes to.
    fn step(&mut self, at: usize) -> Result<usize, Integrity> {
        let map: &'m Map = self.map;
        let rest = map.get(at..).unwrap_or_default();
        let header = BlockHeader::parse(rest);
        if let Some(root) = self.root
            && (self.sign.is_some() || header.is_none_or(|h| h.tag != tag::SIGN))
        {
            return Err(self.footer(at, rest, &root));
        }
        let Some(header) = header else {
            return Err(self.no_block(at, rest));
        };
        let body = at + BLOCK_HEADER_LEN..at.saturating_add(BLOCK_HEADER_LEN).saturating_add(header.len as usize);
        if body.end > map.len() {
            return Err(self.cut(at, &format!("it ends inside a {} block", header.name())));
        }
        let mut seen = Seen {
            header,
            offset: at,
            hash: Hash::default(),
            segment: (header.tag == tag::SEGM).then_some(self.segments),
        };
        self.check_order(&seen)?;
        let (mut crc, mut hasher) = (crc32fast::Hasher::new(), blake3::Hasher::new());
        hasher.update(&rest[..BLOCK_HEADER_LEN]);
        map.stream(body.clone(), |piece| {
            crc.update(piece);
            hasher.update(piece);
        });
        seen.hash = *hasher.finalize().as_bytes();
        if crc.finalize() != header.crc {
            let what = if body.end == map.len() {
                "its checksum does not match: it was altered, or not all of it was on the disk when the machine stopped"
            } else {
                "its checksum does not match"
            };
            return Err(Integrity::Altered(seen.place(what)));
        }
        self.last = Some(seen);
        let content = self.content(&seen, map.get(body).unwrap_or_default());
        content.map_err(|what| Integrity::Altered(seen.place(what)))?;
        Ok(seen.end())
    }

    /// Number and previous hash must be those that come next.
    fn check_order(&self, seen: &Seen) -> Result<(), Integrity> {
        let bad = |place: BadPlace| Err(Integrity::Altered(place));
        let Some(last) = &self.last else {
            return if seen.header.prev != chain::hash(&[&layout::prefix()]) {
                bad(seen.place("it is not the first block of this file"))
            } else if matches!(seen.header.tag, tag::KEYS | tag::HEAD) {
                Ok(())
            } else {
                bad(seen.place("it is where the header should be"))
            };
        };
        if seen.header.number <= last.header.number {
            return bad(seen.place(format!(
                "it is repeated or moved: block {} stands before it",
                last.header.number
            )));
        }
        if seen.header.prev == last.hash {
            // Elsewhere than at the beginning a reader does not look for them.
            let after_keys = last.header.tag == tag::KEYS;
            return if seen.header.tag == tag::KEYS || after_keys != (seen.header.tag == tag::HEAD) {
                bad(seen.place("it does not belong where it is: key and header come first, and once"))
            } else {
                Ok(())
            };
        }
        if seen.header.number == last.header.number + 1 {
            return bad(last.place("the block behind it was written after another content of this one"));
        }
        bad(seen.place(format!(
            "it does not follow block {}: something was removed, added or altered between them",
            last.header.number
        )))
    }

    /// Takes what a block says; the error says what does not fit.
    fn content(&mut self, seen: &Seen, stored: &[u8]) -> Result<(), String> {
        if seen.header.flags & !ENCRYPTED != 0 {
            // A reader refuses it, whatever is in it.
            let flags = seen.header.flags;
            return Err(format!(
                "it has flags {flags:#x} that this program does not know; use a newer release"
            ));
        }
        let readable = seen.header.flags == 0;
        let secret = self.encrypted && tag::is_secret(seen.header.tag);
        if secret != (seen.header.flags & ENCRYPTED != 0) {
            return Err("it is encrypted where the file is not, or the other way round".into());
        }
        match seen.header.tag {
            tag::KEYS => self.encrypted = true,
            tag::HEAD if readable && self.capture_id.is_none() && stored.len() <= MAX_METADATA => {
                let header: Header = meta::decode(stored).map_err(|e| format!("the header cannot be read: {e}"))?;
                self.capture_id = Some(header.capture_id);
                self.index.start(seen.end());
            }
            tag::HEAD => self.index.start(seen.end()),
            tag::SEGM => {
                self.segments += 1;
                self.index.segment(seen)?;
            }
            tag::CUST => self.index.custody(seen),
            tag::LEAF => self.index.leaf(seen, readable.then_some(stored))?,
            tag::INDX => {
                self.root = Some(*seen);
                self.index.root(seen, readable.then_some(stored))?;
            }
            tag::SIGN => self.sign = Some(seen.place("")),
            _ => {}
        }
        Ok(())
    }

    /// What it comes to where no block begins.
    fn no_block(&self, at: usize, rest: &[u8]) -> Integrity {
        if rest.is_empty() {
            return self.cut(at, "it is not sealed, or cut between two blocks");
        }
        if Footer::parse(rest).is_some() {
            return self.altered(at, "a footer follows without an index");
        }
        if rest.len() < BLOCK_HEADER_LEN {
            return self.cut(at, "it ends inside the header of a block");
        }
        if is_zero(self.map, at..self.map.len()) {
            return self.cut(
                at,
                "only zeros follow: the rest was not on the disk when the machine stopped",
            );
        }
        self.altered(at, "there is no block where the next one should be")
    }

    /// The footer has to be here, and nothing behind it.
    fn footer(&self, at: usize, rest: &[u8], root: &Seen) -> Integrity {
        let inside_signature = self.sign.is_none() && rest.len() < BLOCK_HEADER_LEN && rest.starts_with(&tag::SIGN);
        if rest.len() < FOOTER_LEN || inside_signature {
            return self.cut(at, "it ends between its index and the end of its footer");
        }
        let (bytes, behind) = rest.split_at(FOOTER_LEN);
        let Some(footer) = Footer::parse(bytes) else {
            return if is_zero(self.map, at..self.map.len()) {
                self.cut(
                    at,
                    "its footer is only zeros: it was not on the disk when the machine stopped",
                )
            } else {
                self.altered(at, "there is no footer where it should be")
            };
        };
        if footer.index != root.offset as u64 || footer.root != root.hash {
            return self.altered(at, "the footer names another index than the one that is there");
        }
        if !behind.is_empty() {
            return self.altered(at + FOOTER_LEN, &format!("{} bytes follow the footer", behind.len()));
        }
        Integrity::Intact
    }

    fn cut(&self, at: usize, what: &str) -> Integrity {
        Integrity::Truncated {
            segments: self.segments,
            bytes: at as u64,
            what: what.to_owned(),
        }
    }

    fn altered(&self, at: usize, what: &str) -> Integrity {
        Integrity::Altered(BadPlace {
            offset: at as u64,
            what: what.to_owned(),
            ..BadPlace::default()
        })
    }
}
