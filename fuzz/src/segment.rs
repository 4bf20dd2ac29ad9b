//! A segment taken apart into zone map, kinds and columns, and put together again with lengths and checksums that fit.

use crate::bytes::{Reader, decompress, put_int, put_record, word};

/// A column: where the directory lists it, and its bytes.
#[derive(Clone)]
pub(crate) struct Column {
    pub(crate) table: u8,
    pub(crate) codec: u8,
    /// Key, field, rows, frame.
    pub(crate) numbers: [u64; 4],
    pub(crate) data: Vec<u8>,
}

/// A segment in parts.
#[derive(Clone)]
pub(crate) struct Segment {
    /// Body of the zone map's record.
    pub(crate) zone: Vec<u8>,
    /// The list of kinds.
    pub(crate) kinds: Vec<u8>,
    pub(crate) columns: Vec<Column>,
    pub(crate) frames: usize,
    /// Compress the directory, the frames.
    pub(crate) pack: (bool, bool),
}

impl Segment {
    /// The parts of a block's body; `None` where it is none, or too damaged to be taken apart.
    pub(crate) fn parse(body: &[u8]) -> Option<Segment> {
        let (stored, raw) = (word(body, 0)?, word(body, 4)?);
        let mut rest = Reader(body.get(12..)?);
        let directory = decompress(rest.bytes(stored.into())?, raw)?;
        let mut fields = Reader(Reader(&directory).record()?);
        let zone = fields.record()?.to_vec();
        let before = fields.0;
        fields.list(|kinds| kinds.record().map(drop))?;
        let kinds = before[..before.len() - fields.0.len()].to_vec();
        let bytes = |fields: &mut Reader<'_>| fields.list(|list| Some(list.bytes(1)?[0]));
        let ints = |fields: &mut Reader<'_>| fields.list(Reader::int);
        let tables = bytes(&mut fields)?;
        let (keys, names) = (ints(&mut fields)?, ints(&mut fields)?);
        let codecs = bytes(&mut fields)?;
        let (rows, numbers, lengths) = (ints(&mut fields)?, ints(&mut fields)?, ints(&mut fields)?);
        let listed = (0..tables.len()).map(|at| {
            let column = Column {
                table: tables[at],
                codec: *codecs.get(at)?,
                numbers: [*keys.get(at)?, *names.get(at)?, *rows.get(at)?, *numbers.get(at)?],
                data: Vec::new(),
            };
            Some((column, *lengths.get(at)?))
        });
        let listed = listed.collect::<Option<Vec<_>>>()?;
        let (stored, raws) = (ints(&mut fields)?, ints(&mut fields)?);
        let sizes: Vec<(u64, u64)> = stored.into_iter().zip(raws).collect();
        let mut frames = Vec::new();
        for (stored, raw) in &sizes {
            frames.push(decompress(rest.bytes(*stored)?, u32::try_from(*raw).ok()?)?);
        }
        let mut used = vec![0usize; frames.len()];
        let mut columns = Vec::new();
        for (mut column, length) in listed {
            let frame = usize::try_from(column.numbers[3]).ok()?;
            let (frame, used) = frames.get(frame).zip(used.get_mut(frame))?;
            let end = used.checked_add(usize::try_from(length).ok()?)?;
            column.data = frame.get(*used..end)?.to_vec();
            *used = end;
            columns.push(column);
        }
        Some(Segment {
            zone,
            kinds,
            columns,
            frames: frames.len(),
            pack: (false, false),
        })
    }

    /// The block's body.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut frames = vec![Vec::new(); self.frames];
        let mut fields = Vec::new();
        put_record(&self.zone, &mut fields);
        fields.extend_from_slice(&self.kinds);
        for column in &self.columns {
            if let Some(frame) = frames.get_mut(column.numbers[3] as usize) {
                frame.extend_from_slice(&column.data);
            }
        }
        let stored: Vec<Vec<u8>> = frames.iter().map(|frame| pack(frame, self.pack.1)).collect();
        let bytes = |values: &[u8], fields: &mut Vec<u8>| {
            put_int(values.len() as u64, fields);
            fields.extend_from_slice(values);
        };
        let ints = |values: Vec<u64>, fields: &mut Vec<u8>| {
            put_int(values.len() as u64, fields);
            values.into_iter().for_each(|value| put_int(value, fields));
        };
        let numbers = |at: usize| self.columns.iter().map(|column| column.numbers[at]).collect();
        bytes(
            &self.columns.iter().map(|column| column.table).collect::<Vec<u8>>(),
            &mut fields,
        );
        ints(numbers(0), &mut fields);
        ints(numbers(1), &mut fields);
        bytes(
            &self.columns.iter().map(|column| column.codec).collect::<Vec<u8>>(),
            &mut fields,
        );
        ints(numbers(2), &mut fields);
        ints(numbers(3), &mut fields);
        ints(
            self.columns.iter().map(|column| column.data.len() as u64).collect(),
            &mut fields,
        );
        ints(stored.iter().map(|stored| stored.len() as u64).collect(), &mut fields);
        ints(frames.iter().map(|raw| raw.len() as u64).collect(), &mut fields);
        ints(
            stored.iter().map(|stored| crc32fast::hash(stored).into()).collect(),
            &mut fields,
        );
        let mut directory = Vec::new();
        put_record(&fields, &mut directory);
        let packed = pack(&directory, self.pack.0);
        let mut body = (packed.len() as u32).to_le_bytes().to_vec();
        body.extend_from_slice(&(directory.len() as u32).to_le_bytes());
        body.extend_from_slice(&crc32fast::hash(&packed).to_le_bytes());
        body.extend_from_slice(&packed);
        stored.iter().for_each(|frame| body.extend_from_slice(frame));
        body
    }
}

/// `raw`, compressed where that is asked for and smaller.
pub(crate) fn pack(raw: &[u8], wanted: bool) -> Vec<u8> {
    let packed = wanted.then(|| zstd::bulk::compress(raw, 1).ok()).flatten();
    packed
        .filter(|packed| packed.len() < raw.len())
        .unwrap_or_else(|| raw.to_vec())
}
