//! Opening a trace: through its index where it was sealed, by a forward scan where it was not.

use super::index::{self, IndexEntry, Summary};
use super::layout::{self, BLOCK_HEADER_LEN, FORMAT_VERSION, HEADER, INDEX, SEGMENT};
use crate::error::Damage;
use crate::model::{Container, Header};
use crate::segment::{Segment, read_zone};
use crate::{Error, Result, meta};
use memmap2::Mmap;
use std::fs::File;
use std::io;
use std::path::Path;

/// An open trace. Columns are read when they are asked for; memory does not grow with the file.
pub struct Trace {
    map: Mmap,
    header: Header,
    entries: Vec<IndexEntry>,
    summary: Option<Summary>,
    damage: Vec<Damage>,
}

impl Trace {
    /// Opens `path`.
    ///
    /// # Errors
    /// When the file cannot be read, is empty, is no trace, has another version or a damaged header. Damage behind the
    /// header is no error: see [`Trace::damage`].
    pub fn open(path: &Path) -> Result<Trace> {
        let io = |source| Error::Io {
            action: "cannot open",
            path: path.to_owned(),
            source,
        };
        let metadata = std::fs::metadata(path).map_err(io)?;
        if metadata.is_dir() {
            return Err(io(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        // Opening a pipe would wait for somebody to write.
        if !metadata.is_file() {
            return Err(io(io::Error::other("not a regular file; copy it to one first")));
        }
        let file = File::open(path).map_err(io)?;
        if metadata.len() == 0 {
            return Err(Error::Empty(path.to_owned()));
        }
        // SAFETY: the map is read only. Another process that truncates the file meanwhile raises SIGBUS, which ends
        // this program and cannot make it read wrong memory.
        let map = unsafe { Mmap::map(&file) }.map_err(io)?;
        let start = read_prefix(&map, path)?;
        let (header, first) = read_header(&map, start, path)?;
        let mut trace = Trace {
            map,
            header,
            entries: Vec::new(),
            summary: None,
            damage: Vec::new(),
        };
        match trace.read_index() {
            Some((entries, summary)) => {
                trace.entries = entries;
                trace.summary = Some(summary);
            }
            None => trace.scan(first),
        }
        Ok(trace)
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Segments in the order of the file, with their zone maps.
    pub fn segments(&self) -> &[IndexEntry] {
        &self.entries
    }

    /// Opens segment number `at`.
    pub fn segment(&self, at: usize) -> Result<Segment<'_>> {
        let entry = self
            .entries
            .get(at)
            .ok_or_else(|| Error::damage(0, format!("segment {at} does not exist")))?;
        Segment::parse(self.body(entry)?, entry.offset)
    }

    /// Checks the whole of segment number `at`: checksum of its block, then every column.
    pub fn check_segment(&self, at: usize) -> Result<()> {
        let entry = self
            .entries
            .get(at)
            .ok_or_else(|| Error::damage(0, format!("segment {at} does not exist")))?;
        let start = entry.offset as usize;
        let block = self.map.get(start..start.saturating_add(entry.length as usize));
        if block.map(crc32fast::hash) != Some(entry.crc) {
            return Err(Error::damage(
                entry.offset,
                "checksum of a segment does not match the index",
            ));
        }
        self.segment(at)?.check()
    }

    /// What the recorder said when it sealed the file; `None` where it did not come to that.
    pub fn summary(&self) -> Option<&Summary> {
        self.summary.as_ref()
    }

    /// Damage found while opening.
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// Size of the file in bytes.
    pub fn bytes(&self) -> u64 {
        self.map.len() as u64
    }

    /// All containers: those of the summary, or what the segments know of them.
    pub fn containers(&self) -> Vec<Container> {
        if let Some(summary) = &self.summary {
            return summary.containers.clone();
        }
        let mut all: Vec<Container> = Vec::new();
        for at in 0..self.entries.len() {
            let Ok(segment) = self.segment(at) else { continue };
            for container in segment.containers().unwrap_or_default() {
                match all.iter_mut().find(|c| c.key == container.key) {
                    Some(known) => *known = container.clone(),
                    None => all.push(container.clone()),
                }
            }
        }
        all
    }

    fn body(&self, entry: &IndexEntry) -> Result<&[u8]> {
        let start = usize::try_from(entry.offset).unwrap_or(usize::MAX);
        let block = self.map.get(start..).unwrap_or_default();
        match layout::parse_block_header(block) {
            Some((SEGMENT, len)) if len.checked_add(BLOCK_HEADER_LEN as u64) == Some(entry.length) => block
                .get(BLOCK_HEADER_LEN..entry.length as usize)
                .ok_or_else(|| Error::damage(entry.offset, "a segment runs past the end of the file")),
            _ => Err(Error::damage(
                entry.offset,
                "no segment where the index says there is one",
            )),
        }
    }

    fn read_index(&mut self) -> Option<(Vec<IndexEntry>, Summary)> {
        let offset = layout::parse_footer(&self.map)?;
        match self.index_at(offset) {
            Ok(index) => Some(index),
            Err(what) => {
                self.damage.push(Damage { offset, what });
                None
            }
        }
    }

    fn index_at(&self, offset: u64) -> Result<(Vec<IndexEntry>, Summary), String> {
        let block = usize::try_from(offset)
            .ok()
            .and_then(|o| self.map.get(o..))
            .unwrap_or_default();
        let Some((INDEX, len)) = layout::parse_block_header(block) else {
            return Err("no index where the footer says there is one".into());
        };
        let body = usize::try_from(len)
            .ok()
            .and_then(|l| block[BLOCK_HEADER_LEN..].get(..l));
        let body = body.ok_or("the index runs past the end of the file")?;
        index::decode(checked(body)?).map_err(|e| format!("index: {e}"))
    }

    /// Adds damage, up to a limit: a crafted file can have any number of damaged places.
    fn report(&mut self, offset: usize, what: String) {
        if self.damage.len() < MAX_DAMAGE {
            self.damage.push(Damage {
                offset: offset as u64,
                what,
            });
        }
    }

    /// Walks the blocks from `offset` on; after damage it goes on at the next thing that is a segment.
    fn scan(&mut self, mut offset: usize) {
        let mut first_num = 1;
        while offset < self.map.len() {
            let block = &self.map[offset..];
            let fits = |len: u64| {
                usize::try_from(len)
                    .ok()
                    .and_then(|l| block[BLOCK_HEADER_LEN..].get(..l))
            };
            match layout::parse_block_header(block) {
                Some((INDEX, _)) => {
                    self.report(
                        offset,
                        "the file has an index, but its end is cut or altered".to_string(),
                    );
                    break;
                }
                Some((SEGMENT, len)) => match fits(len) {
                    Some(body) => {
                        let length = BLOCK_HEADER_LEN + body.len();
                        match read_zone(body, offset as u64) {
                            Ok(zone) => {
                                first_num = zone.first_num.wrapping_add(u64::from(zone.rows));
                                let block = &block[..BLOCK_HEADER_LEN + body.len()];
                                let (length, crc) = (block.len() as u64, crc32fast::hash(block));
                                self.entries.push(IndexEntry {
                                    offset: offset as u64,
                                    length,
                                    crc,
                                    zone,
                                });
                            }
                            Err(error) => {
                                self.report(offset, error.to_string());
                            }
                        }
                        offset += length;
                        continue;
                    }
                    None => {
                        let what = format!(
                            "the file ends inside a segment (after event {})",
                            first_num.wrapping_sub(1)
                        );
                        self.report(offset, what);
                        break;
                    }
                },
                _ => {
                    let what = "not a segment; the part up to the next one is skipped".to_string();
                    self.report(offset, what);
                }
            }
            let next = memchr_tag(&self.map[offset + 1..]).map(|at| offset + 1 + at);
            offset = next.unwrap_or(self.map.len());
        }
    }
}

/// Damaged places that are reported; there may be more.
const MAX_DAMAGE: usize = 1000;

/// Position of the next bytes that are a segment's block header.
fn memchr_tag(bytes: &[u8]) -> Option<usize> {
    (0..bytes.len().saturating_sub(BLOCK_HEADER_LEN - 1))
        .find(|at| bytes[*at..].starts_with(&SEGMENT) && layout::parse_block_header(&bytes[*at..]).is_some())
}

/// The body behind its leading CRC-32.
fn checked(body: &[u8]) -> Result<&[u8], String> {
    let (crc, rest) = body.split_first_chunk::<4>().ok_or("shorter than its checksum")?;
    if crc32fast::hash(rest).to_le_bytes() == *crc {
        Ok(rest)
    } else {
        Err("its checksum does not match".into())
    }
}

fn read_prefix(map: &[u8], path: &Path) -> Result<usize> {
    let version = map
        .strip_prefix(&layout::MAGIC)
        .and_then(|rest| rest.first_chunk::<4>());
    let Some(version) = version else {
        return Err(Error::NotATrace {
            path: path.to_owned(),
            hint: hint(map),
        });
    };
    let found = u32::from_le_bytes(*version);
    if found != FORMAT_VERSION {
        return Err(Error::Version {
            path: path.to_owned(),
            found,
            supported: FORMAT_VERSION,
        });
    }
    Ok(layout::PREFIX_LEN)
}

/// What a file that is no trace seems to be.
fn hint(map: &[u8]) -> String {
    const SYSDIG: [u8; 4] = 0x0A0D_0D0Au32.to_le_bytes();
    if map.starts_with(&SYSDIG) {
        ": it is a sysdig capture (or pcapng), which this version does not read yet".into()
    } else if map.starts_with(&[0x1f, 0x8b]) {
        ": it is gzip; a compressed sysdig capture is not read yet, another file has to be decompressed first".into()
    } else if layout::MAGIC.starts_with(map) {
        ": it ends inside the first bytes of one".into()
    } else {
        String::new()
    }
}

fn read_header(map: &[u8], start: usize, path: &Path) -> Result<(Header, usize)> {
    let error = |what: &str| Error::Header {
        path: path.to_owned(),
        what: what.to_owned(),
    };
    let block = &map[start..];
    let Some((HEADER, len)) = layout::parse_block_header(block) else {
        return Err(error("its first block is not a header, or the file ends before it"));
    };
    let body = usize::try_from(len)
        .ok()
        .and_then(|l| block[BLOCK_HEADER_LEN..].get(..l));
    let body = body.ok_or_else(|| error("the file ends inside it"))?;
    let header = checked(body).and_then(meta::decode).map_err(|e| error(&e))?;
    Ok((header, start + BLOCK_HEADER_LEN + body.len()))
}
