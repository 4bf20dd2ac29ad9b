//! The index of a sealed file.

use super::map::Map;
use super::open::{Beginning, metadata};
use super::scan::MAX_LISTED;
use crate::error::Damage;
use crate::evidence::chain::Hash;
use crate::evidence::seal::BlockCipher;
use crate::evidence::signature::Signatures;
use crate::file::block::Block;
use crate::file::index::Root;
use crate::file::layout::{Footer, tag};
use crate::meta;
use crate::model::CustodyEntry;

/// The root that the footer leads to. `Ok(None)`: the file was not sealed, or is cut.
pub(crate) fn read(map: &Map, beginning: &Beginning) -> Result<Option<(Root, Footer)>, Damage> {
    let Some(footer) = Footer::at_end(map) else {
        return Ok(None);
    };
    let damage = |what: String| Damage {
        offset: footer.index,
        what: format!("index: {what}"),
    };
    let block = index_block(map, &footer).map_err(damage)?;
    let body = block.checked_body(beginning.cipher.as_deref()).map_err(damage)?;
    let root = Root::decode(&body, beginning.end as u64, footer.index).map_err(damage)?;
    Ok(Some((root, footer)))
}

/// The INDX block, which must be the one that the footer means.
pub(crate) fn index_block<'m>(map: &'m Map, footer: &Footer) -> Result<Block<'m>, String> {
    let block = Block::at(map, footer.index).map_err(|what| format!("where it should be, {what}"))?;
    map.touch(block.offset..block.end());
    if block.header.tag != tag::INDX {
        return Err(format!("where it should be, there is a {} block", block.header.name()));
    }
    if block.hash() != footer.root {
        return Err("it is not the one that the footer means".into());
    }
    Ok(block)
}

/// The signatures behind the index; `None` where there are none.
pub(crate) fn signatures(map: &Map, index: &Block<'_>, root: &Hash) -> Option<Signatures> {
    let block = Block::at(map, index.end() as u64).ok()?;
    if block.header.tag != tag::SIGN || block.header.prev != *root {
        return None;
    }
    meta::decode(&metadata(&block, None).ok()?).ok()
}

/// The custody log at these offsets.
pub(crate) fn custody(
    map: &Map,
    cipher: Option<&BlockCipher>,
    offsets: &[u64],
    damage: &mut Vec<Damage>,
) -> Vec<CustodyEntry> {
    let mut read = 0;
    let mut entries = Vec::new();
    for &offset in offsets {
        let entry = Block::at(map, offset)
            .map_err(str::to_owned)
            .and_then(|block| {
                read += block.length();
                if block.header.tag != tag::CUST || read > MAX_LISTED {
                    return Err("an entry is not where it should be, or the log is too long".into());
                }
                metadata(&block, cipher)
            })
            .and_then(|body| meta::decode(&body));
        match entry {
            Ok(entry) => entries.push(entry),
            Err(what) => damage.push(Damage {
                offset,
                what: format!("custody log: {what}"),
            }),
        }
    }
    entries
}
