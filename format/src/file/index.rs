//! The index: what all segments hold, so that opening needs no scan. Entries stand in compressed groups, so that no limit
//! on one piece of metadata limits the length of a recording.

use crate::meta;
use crate::model::{Container, Loss};
use crate::segment::{MAX_FRAME, Zone};
use bincode::{Decode, Encode};

/// A segment in the index.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct IndexEntry {
    /// Offset of the segment's block in the file.
    pub offset: u64,
    /// Length of the block, its header included.
    pub length: u64,
    /// CRC-32 of the whole block.
    pub crc: u32,
    /// Its zone map.
    pub zone: Zone,
}

/// What the recorder knew when it sealed the file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Summary {
    /// When the file was sealed, nanoseconds since the Unix epoch.
    pub end: u64,
    /// Why recording ended, in words.
    pub reason: String,
    /// Losses that no segment holds: events of segments that could not be written, or after the last one.
    pub losses: Vec<Loss>,
    /// All containers with what was known of them at the end; newer than what the segments say.
    pub containers: Vec<Container>,
}

/// Entries of one group.
const GROUP: usize = 256;

/// The summary, then groups of entries, each as: length (4), decompressed length (4), bytes. An entry of a group refers
/// to nothing outside of it.
pub(crate) fn encode(entries: &[IndexEntry], summary: &Summary) -> Vec<u8> {
    let mut out = Vec::new();
    let mut part = |value: Vec<u8>| {
        let packed = zstd::bulk::compress(&value, 3)
            .ok()
            .filter(|packed| packed.len() < value.len());
        let stored = packed.as_ref().unwrap_or(&value);
        out.extend_from_slice(&(stored.len() as u32).to_le_bytes());
        out.extend_from_slice(&(value.len() as u32).to_le_bytes());
        out.extend_from_slice(stored);
    };
    part(meta::encode(summary));
    for group in entries.chunks(GROUP) {
        part(meta::encode(&group.to_vec()));
    }
    out
}

/// The other way round; the error says what is wrong.
pub(crate) fn decode(mut bytes: &[u8]) -> Result<(Vec<IndexEntry>, Summary), String> {
    let summary = meta::decode(&part(&mut bytes)?)?;
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        entries.extend(meta::decode::<Vec<IndexEntry>>(&part(&mut bytes)?)?);
    }
    Ok((entries, summary))
}

fn part(bytes: &mut &[u8]) -> Result<Vec<u8>, String> {
    let mut word = || -> Result<usize, String> {
        let (word, rest) = bytes.split_first_chunk::<4>().ok_or("ends early")?;
        *bytes = rest;
        Ok(u32::from_le_bytes(*word) as usize)
    };
    let (stored, raw) = (word()?, word()?);
    let (part, rest) = bytes.split_at_checked(stored).ok_or("ends early")?;
    *bytes = rest;
    if raw > MAX_FRAME {
        return Err(format!("a part claims {raw} bytes, over the limit of {MAX_FRAME}"));
    }
    if stored == raw {
        return Ok(part.to_vec());
    }
    let out = zstd::bulk::decompress(part, raw).map_err(|e| e.to_string())?;
    if out.len() == raw {
        Ok(out)
    } else {
        Err("a part has another length than it says".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_entries_than_fit_a_group_come_back() {
        let entry = |at: u64| IndexEntry {
            offset: at,
            length: 1,
            crc: 2,
            zone: Zone {
                first_num: at,
                ..Zone::default()
            },
        };
        let entries: Vec<IndexEntry> = (0..3 * GROUP as u64 + 1).map(entry).collect();
        let summary = Summary {
            reason: "done".into(),
            ..Summary::default()
        };
        let bytes = encode(&entries, &summary);
        assert_eq!(decode(&bytes).unwrap(), (entries, summary));
        for cut in [0, 3, 7, 9, bytes.len() - 1] {
            assert!(decode(&bytes[..cut]).is_err(), "cut at {cut}");
        }
    }
}
