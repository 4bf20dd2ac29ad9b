//! Verification: every byte of a file against the chain, the root and the signatures. It needs no identity, for the chain
//! is over what is stored.

mod index;
mod pass;
mod verdict;

pub use verdict::{BadPlace, Integrity, Verdict};

use super::layout::Footer;
use super::reader::index::{index_block, signatures};
use super::reader::map::Map;
use super::signed::check_all;
use crate::Result;
use crate::evidence::{Algorithm, PublicKey};
use pass::Pass;
use std::path::Path;

/// Verifies `path`; signatures of one of `keys` are trusted. Reads the whole file once and keeps little of it in memory.
///
/// # Errors
/// When the file cannot be read, is empty, is no trace or has another version.
pub fn verify(path: &Path, keys: &[PublicKey]) -> Result<Verdict> {
    verify_map(&Map::open(path)?, path, keys)
}

pub(crate) fn verify_map(map: &Map, path: &Path, keys: &[PublicKey]) -> Result<Verdict> {
    let mut pass = Pass::new(map);
    let mut integrity = pass.run(path)?;
    let footer = Footer::at_end(map);
    let index = footer.and_then(|footer| Some((index_block(map, &footer).ok()?, footer)));
    let stored = index.and_then(|(index, footer)| signatures(map, &index, &footer.root));
    let root = index.map(|(_, footer)| footer.root);
    let checks = check_all(
        stored.as_ref(),
        pass.capture_id.as_ref(),
        &root.unwrap_or_default(),
        keys,
    );
    if integrity == Integrity::Intact
        && let Some(place) = &pass.sign
    {
        let bad = |what: String| Integrity::Altered(BadPlace { what, ..place.clone() });
        let forged = checks.iter().find(|c| !c.valid && c.algorithm == Algorithm::Ed25519);
        if let Some(check) = forged {
            integrity = bad(format!("the signature of {} does not fit this file", check.fingerprint));
        } else if stored.is_none() {
            integrity = bad("the signatures cannot be read".into());
        }
    }
    Ok(Verdict {
        integrity,
        signatures: checks,
        root,
        capture_id: pass.capture_id.or(stored.map(|s| s.capture_id)),
        encrypted: pass.encrypted,
        segments: pass.segments,
        bytes: map.len() as u64,
    })
}
