//! The beginning of a file: prefix, key, header.

use super::map::Map;
use crate::evidence::Identity;
use crate::evidence::seal::BlockCipher;
use crate::file::block::Block;
use crate::file::layout::{self, FORMAT_VERSION, MAX_METADATA, PREFIX_LEN, tag};
use crate::model::Header;
use crate::{Error, Result, meta};
use std::path::Path;
use std::sync::Arc;

/// The beginning of an open file.
pub(crate) struct Beginning {
    pub(crate) cipher: Option<Arc<BlockCipher>>,
    pub(crate) header: Header,
    /// Offset behind the header.
    pub(crate) end: usize,
    /// Number of the header's block.
    pub(crate) number: Option<u64>,
    /// What is wrong with the header, where that was asked to be no error.
    pub(crate) lost: Option<String>,
}

/// Checks magic and version.
pub(crate) fn check_prefix(file: &[u8], path: &Path) -> Result<()> {
    let version = file
        .strip_prefix(&layout::MAGIC)
        .and_then(|rest| rest.first_chunk::<4>());
    let Some(version) = version else {
        return Err(Error::NotATrace {
            path: path.to_owned(),
            hint: hint(file),
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
    Ok(())
}

/// What a file that is no trace seems to be.
fn hint(file: &[u8]) -> String {
    const SYSDIG: [u8; 4] = 0x0A0D_0D0Au32.to_le_bytes();
    if file.starts_with(&SYSDIG) {
        ": it is a sysdig capture (or pcapng); `analyze convert` makes a trace of it".into()
    } else if file.starts_with(&[0x1f, 0x8b]) {
        ": it is gzip; if it is a compressed sysdig capture, `analyze convert` makes a trace of it".into()
    } else if layout::MAGIC.starts_with(file) {
        ": it ends inside the first bytes of one".into()
    } else {
        String::new()
    }
}

/// Reads the beginning of `map`. With `lenient` a damaged header is replaced by an empty one.
pub(crate) fn read(map: &Map, path: &Path, identities: &[Identity], lenient: bool) -> Result<Beginning> {
    check_prefix(map, path)?;
    let damaged = |what: &str| Error::Header {
        path: path.to_owned(),
        what: what.to_owned(),
    };
    let mut beginning = Beginning {
        cipher: None,
        header: Header::default(),
        end: PREFIX_LEN,
        number: None,
        lost: None,
    };
    if let Ok(keys) = Block::at(map, PREFIX_LEN as u64)
        && keys.header.tag == tag::KEYS
    {
        let body = metadata(&keys, None).map_err(|e| damaged(&e))?;
        let cipher = BlockCipher::unlock(&body, identities).map_err(|e| damaged(&format!("its key: {e}")))?;
        beginning.cipher = Some(Arc::new(cipher.ok_or_else(|| Error::Encrypted {
            path: path.to_owned(),
            what: match identities {
                [] => "needs an identity",
                _ => "not to any of the given identities",
            },
        })?));
        (beginning.end, beginning.number) = (keys.end(), Some(keys.header.number));
    }
    match read_header(map, &beginning) {
        Ok((header, block)) => {
            beginning.header = header;
            (beginning.end, beginning.number) = (block.end(), Some(block.header.number));
        }
        Err(what) if lenient => {
            // The block is passed over where its length can be believed; else the search for the next one begins here.
            if let Ok(block) = Block::at(map, beginning.end as u64) {
                (beginning.end, beginning.number) = (block.end(), Some(block.header.number));
            }
            beginning.lost = Some(what);
        }
        Err(what) => return Err(damaged(&what)),
    }
    Ok(beginning)
}

fn read_header<'m>(map: &'m Map, beginning: &Beginning) -> Result<(Header, Block<'m>), String> {
    let block = Block::at(map, beginning.end as u64).map_err(|what| format!("where the header should be, {what}"))?;
    if block.header.tag != tag::HEAD {
        return Err(format!("its first block is {} and no header", block.header.name()));
    }
    let body = metadata(&block, beginning.cipher.as_deref())?;
    Ok((meta::decode(&body)?, block))
}

/// The body of a block of metadata that is not compressed.
pub(crate) fn metadata<'m>(
    block: &Block<'m>,
    cipher: Option<&BlockCipher>,
) -> Result<std::borrow::Cow<'m, [u8]>, String> {
    if block.stored.len() > MAX_METADATA {
        return Err(format!(
            "a block of metadata has {} bytes, over the limit of {MAX_METADATA}",
            block.stored.len()
        ));
    }
    block.checked_body(cipher)
}
