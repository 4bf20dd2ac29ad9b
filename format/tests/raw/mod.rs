//! Traces made by hand from docs/format.md: what no writer writes, with every checksum and hash right.
#![allow(dead_code, reason = "every test uses another part of it")]

/// Appends an integer of the metadata.
pub(crate) fn int(value: u64, out: &mut Vec<u8>) {
    match value {
        0..=250 => out.push(value as u8),
        251..=0xffff => {
            out.push(251);
            out.extend_from_slice(&(value as u16).to_le_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(252);
            out.extend_from_slice(&(value as u32).to_le_bytes());
        }
        _ => {
            out.push(253);
            out.extend_from_slice(&value.to_le_bytes());
        }
    }
}

/// A record of these fields; also a byte string.
pub(crate) fn record(fields: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    int(fields.iter().map(|f| f.len() as u64).sum(), &mut out);
    fields.iter().for_each(|field| out.extend_from_slice(field));
    out
}

/// Integers one behind the other.
pub(crate) fn ints(values: &[u64]) -> Vec<u8> {
    let mut out = Vec::new();
    values.iter().for_each(|value| int(*value, &mut out));
    out
}

/// A list of elements that are encoded already.
pub(crate) fn list(elements: &[Vec<u8>]) -> Vec<u8> {
    let mut out = ints(&[elements.len() as u64]);
    elements.iter().for_each(|element| out.extend_from_slice(element));
    out
}

/// A list of `count` times the same element.
pub(crate) fn repeated(count: u64, element: &[u8]) -> Vec<u8> {
    [ints(&[count]), element.repeat(count as usize)].concat()
}

/// `raw` as zstd where that is shorter.
pub(crate) fn zstd_of(raw: &[u8]) -> Vec<u8> {
    let packed = zstd::bulk::compress(raw, 3).unwrap();
    if packed.len() < raw.len() { packed } else { raw.to_vec() }
}

/// A column: table, key and field, codec, number of values, frame, and bytes in it.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    pub(crate) name: (u8, u64, u64),
    pub(crate) codec: u8,
    pub(crate) rows: u64,
    pub(crate) frame: u64,
    pub(crate) length: u64,
}

/// The directory of a segment: a list a field of the columns, then of the frames (stored, raw, CRC-32).
pub(crate) fn directory(zone: &[u8], kinds: &[u8], columns: &[Column], frames: &[[u64; 3]]) -> Vec<u8> {
    let bytes = |value: fn(&Column) -> u8| {
        let values: Vec<u8> = columns.iter().map(value).collect();
        [ints(&[values.len() as u64]), values].concat()
    };
    let numbers = |values: Vec<u64>| [ints(&[values.len() as u64]), ints(&values)].concat();
    let of_columns = |value: fn(&Column) -> u64| numbers(columns.iter().map(value).collect());
    let of_frames = |at: usize| numbers(frames.iter().map(|frame| frame[at]).collect());
    record(&[
        zone,
        kinds,
        &bytes(|column| column.name.0),
        &of_columns(|column| column.name.1),
        &of_columns(|column| column.name.2),
        &bytes(|column| column.codec),
        &of_columns(|column| column.rows),
        &of_columns(|column| column.frame),
        &of_columns(|column| column.length),
        &of_frames(0),
        &of_frames(1),
        &of_frames(2),
    ])
}

/// A segment.
#[derive(Default)]
pub(crate) struct Raw {
    pub(crate) rows: u64,
    /// Name, rows and number of parameters of each kind.
    pub(crate) kinds: Vec<(&'static str, u64, usize)>,
    pub(crate) keyframe: bool,
    pub(crate) columns: Vec<Column>,
    /// Frames when decompressed.
    pub(crate) frames: Vec<Vec<u8>>,
}

impl Raw {
    /// A segment of one kind with `rows` rows of one thread, whose columns are there and have the same value in each row.
    pub(crate) fn of_rows(rows: u64) -> Raw {
        let mut raw = Raw {
            rows,
            kinds: vec![("read", rows, 0)],
            ..Raw::default()
        };
        raw.constant((1, 0, 0), 1, 0);
        raw.constant((1, 0, 1), 1, rows);
        raw.constant((1, 0, 2), 1, 1);
        raw
    }

    /// Adds a column in a frame of its own.
    pub(crate) fn column(&mut self, name: (u8, u64, u64), codec: u8, rows: u64, data: Vec<u8>) {
        let (frame, length) = (self.frames.len() as u64, data.len() as u64);
        self.columns.push(Column {
            name,
            codec,
            rows,
            frame,
            length,
        });
        self.frames.push(data);
    }

    /// Adds a column of one value.
    pub(crate) fn constant(&mut self, name: (u8, u64, u64), rows: u64, value: u64) {
        let mut data = Vec::new();
        let mut folded = value << 1;
        while folded >= 0x80 {
            data.push(folded as u8 | 0x80);
            folded >>= 7;
        }
        data.push(folded as u8);
        self.column(name, 0, rows, data);
    }

    /// The zone map's record.
    pub(crate) fn zone(&self) -> Vec<u8> {
        let kinds = self.kinds.iter();
        let kinds = kinds.map(|(name, rows, _)| record(&[&record(&[name.as_bytes()]), &ints(&[*rows, 0])]));
        let kinds = list(&kinds.collect::<Vec<_>>());
        let keyframe = [u8::from(self.keyframe)];
        record(&[
            &ints(&[1, self.rows, 0, 0]),
            &kinds,
            &ints(&[0, 0, 0]),
            &keyframe,
            &ints(&[0]),
        ])
    }

    /// The segment's body.
    pub(crate) fn body(&self) -> Vec<u8> {
        let param = record(&[&record(&[b"p"]), &ints(&[1])]);
        let kinds = self.kinds.iter().map(|(name, _, params)| {
            let params = repeated(*params as u64, &param);
            record(&[&record(&[name.as_bytes()]), &ints(&[0, 0]), &params])
        });
        let stored: Vec<Vec<u8>> = self.frames.iter().map(|frame| zstd_of(frame)).collect();
        let sizes = stored.iter().zip(&self.frames);
        let sizes = sizes.map(|(s, f)| [s.len() as u64, f.len() as u64, crc32fast::hash(s).into()]);
        let kinds = list(&kinds.collect::<Vec<_>>());
        let directory = directory(&self.zone(), &kinds, &self.columns, &sizes.collect::<Vec<_>>());
        body(&directory, &stored.concat())
    }
}

/// A segment's body with this directory.
pub(crate) fn body(directory: &[u8], frames: &[u8]) -> Vec<u8> {
    let stored = zstd_of(directory);
    if 4096 + 64 * stored.len() < directory.len() {
        // Packed more densely than a reader takes.
        return body_of(directory, directory, frames);
    }
    body_of(directory, &stored, frames)
}

/// A segment's body whose directory is stored as these bytes.
pub(crate) fn body_of(directory: &[u8], stored: &[u8], frames: &[u8]) -> Vec<u8> {
    let lengths = [stored.len() as u32, directory.len() as u32, crc32fast::hash(stored)];
    let head: Vec<u8> = lengths.iter().flat_map(|word| word.to_le_bytes()).collect();
    [&head, stored, frames].concat()
}

/// Where a block is, and its hash.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) length: u64,
    pub(crate) hash: [u8; 32],
}

impl Place {
    /// Offset, length and hash as the index has them.
    pub(crate) fn encode(&self) -> Vec<u8> {
        [ints(&[self.offset, self.length]), self.hash.to_vec()].concat()
    }
}

/// A trace to which blocks are appended.
pub(crate) struct File {
    pub(crate) bytes: Vec<u8>,
    prev: [u8; 32],
    number: u64,
    /// Flags of the blocks that follow.
    pub(crate) flags: u32,
}

impl File {
    /// A trace with a header of this body.
    pub(crate) fn with_header(header: &[u8]) -> File {
        let bytes = b"\x89AFTERIMG\r\n\x1a\x01\0\0\0".to_vec();
        let prev = *blake3::hash(&bytes).as_bytes();
        let mut file = File {
            bytes,
            prev,
            number: 0,
            flags: 0,
        };
        file.push(b"HEAD", header);
        file
    }

    /// A trace with an empty header.
    pub(crate) fn new() -> File {
        File::with_header(&record(&[]))
    }

    /// Appends a block.
    pub(crate) fn push(&mut self, tag: &[u8; 4], body: &[u8]) -> Place {
        let offset = self.bytes.len();
        let mut header = tag.to_vec();
        header.extend_from_slice(&self.flags.to_le_bytes());
        header.extend_from_slice(&(body.len() as u64).to_le_bytes());
        header.extend_from_slice(&self.number.to_le_bytes());
        header.extend_from_slice(&self.prev);
        header.extend_from_slice(&crc32fast::hash(body).to_le_bytes());
        let crc = crc32fast::hash(&header);
        self.bytes.extend_from_slice(&header);
        self.bytes.extend_from_slice(&crc.to_le_bytes());
        self.bytes.extend_from_slice(body);
        self.prev = *blake3::hash(&self.bytes[offset..]).as_bytes();
        self.number += 1;
        Place {
            offset: offset as u64,
            length: 64 + body.len() as u64,
            hash: self.prev,
        }
    }

    /// Appends a block of packed metadata.
    pub(crate) fn push_packed(&mut self, tag: &[u8; 4], raw: &[u8]) -> Place {
        let body = [(raw.len() as u32).to_le_bytes().to_vec(), zstd_of(raw)].concat();
        self.push(tag, &body)
    }

    /// Appends an index with these groups and this summary, and the footer.
    pub(crate) fn seal(&mut self, groups: &[Vec<u8>], summary: &[u8]) {
        let root = record(&[&list(groups), summary, &ints(&[0, 0])]);
        let index = self.push_packed(b"INDX", &root);
        let mut footer = index.offset.to_le_bytes().to_vec();
        footer.extend_from_slice(&index.hash);
        footer.extend_from_slice(&[0; 4]);
        footer.extend_from_slice(&crc32fast::hash(&footer).to_le_bytes());
        footer.extend_from_slice(b"AFTERIMG");
        self.bytes.extend_from_slice(&footer);
    }
}

/// An entry of a leaf.
pub(crate) fn entry(place: &Place, zone: &[u8]) -> Vec<u8> {
    record(&[&place.encode(), zone])
}

/// A group of so many segments without rows.
pub(crate) fn group(leaf: &Place, start: u64, segments: u64) -> Vec<u8> {
    record(&[&leaf.encode(), &ints(&[start, segments])])
}
