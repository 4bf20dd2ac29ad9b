//! Leaves and the root of the index, made to fit the blocks that are there.

use crate::bytes::{Reader, put_int, put_record};
use std::collections::HashMap;

/// Where a block is.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) length: u64,
    pub(crate) hash: [u8; 32],
}

/// A segment with its zone map.
pub(crate) type Listed = (Place, Vec<u8>);

fn put_place(place: &Place, out: &mut Vec<u8>) {
    put_int(place.offset, out);
    put_int(place.length, out);
    out.extend_from_slice(&place.hash);
}

/// A leaf that lists these segments.
pub(crate) fn leaf(segments: &[Listed]) -> Vec<u8> {
    let mut fields = Vec::new();
    put_int(segments.len() as u64, &mut fields);
    for (place, zone) in segments {
        let mut entry = Vec::new();
        put_place(place, &mut entry);
        put_record(zone, &mut entry);
        put_record(&entry, &mut fields);
    }
    let mut out = Vec::new();
    put_record(&fields, &mut out);
    out
}

/// The root `raw` with the places of these leaves and of the blocks that moved; its sums stay.
pub(crate) fn root(raw: &[u8], leaves: &[(Place, Vec<Listed>)], moved: &HashMap<u64, Place>) -> Option<Vec<u8>> {
    let mut fields = Reader(Reader(raw).record()?);
    let groups = fields.list(|list| Some(list.record()?.to_vec()))?;
    let summary = fields.record()?;
    let attachments = fields.list(|list| Some(list.record()?.to_vec()))?;
    let custody = fields.list(Reader::int)?;

    let mut out = Vec::new();
    let count = groups.len().min(leaves.len());
    put_int(count as u64, &mut out);
    for (group, (place, segments)) in groups.iter().zip(leaves) {
        put_record(&regroup(group, place, segments)?, &mut out);
    }
    put_record(summary, &mut out);
    put_int(attachments.len() as u64, &mut out);
    for attachment in &attachments {
        put_record(&replace(attachment, moved)?, &mut out);
    }
    put_int(custody.len() as u64, &mut out);
    for offset in custody {
        put_int(moved.get(&offset).map_or(offset, |place| place.offset), &mut out);
    }
    let mut record = Vec::new();
    put_record(&out, &mut record);
    Some(record)
}

fn regroup(group: &[u8], place: &Place, segments: &[Listed]) -> Option<Vec<u8>> {
    let mut fields = Reader(group);
    fields.int()?;
    fields.int()?;
    fields.bytes(32)?;
    fields.int()?;
    fields.int()?;
    let mut out = Vec::new();
    put_place(place, &mut out);
    put_int(segments.first().map_or(0, |(place, _)| place.offset), &mut out);
    put_int(segments.len() as u64, &mut out);
    out.extend_from_slice(fields.0);
    Some(out)
}

fn replace(attachment: &[u8], moved: &HashMap<u64, Place>) -> Option<Vec<u8>> {
    let mut fields = Reader(attachment);
    fields.record()?;
    fields.record()?;
    fields.int()?;
    fields.bytes(32)?;
    let mut out = attachment[..attachment.len() - fields.0.len()].to_vec();
    let (offset, length) = (fields.int()?, fields.int()?);
    let new = moved
        .get(&offset)
        .map_or((offset, length), |place| (place.offset, place.length));
    put_int(new.0, &mut out);
    put_int(new.1, &mut out);
    Some(out)
}
