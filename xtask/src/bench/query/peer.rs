//! A capture for sysdig with as many events: its own, of the corpus, over and over.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::packages::{self, Need};

/// The capture that is repeated, below the corpus: the largest plain one.
const CAPTURE: &str = "scap/libs/sample.scap";

/// Debian's package; reading takes no driver.
const SYSDIG: Need = Need::program("sysdig", "sysdig");

/// What sysdig reads.
pub(super) struct Peer {
    pub(super) file: PathBuf,
    pub(super) events: u64,
    pub(super) bytes: u64,
}

/// Makes it; nothing where sysdig or the corpus is not there, which is said.
pub(super) fn prepare(root: &Path, scratch: &Path, events: u64) -> Result<Option<Peer>> {
    let capture = root.join("../shared/corpus").join(CAPTURE);
    if !capture.is_file() {
        eprintln!("xtask: no capture of sysdig's beside the repository, so sysdig is left out");
        return Ok(None);
    }
    if let Err(error) = packages::ensure(&[SYSDIG], "comparing with sysdig") {
        eprintln!("xtask: {error}; it is left out");
        return Ok(None);
    }
    eprintln!("xtask: making a capture of {events} events for sysdig");
    let bytes = fs::read(&capture).with_context(|| format!("cannot read {}", capture.display()))?;
    let (lists, blocks, each) = split(&bytes).with_context(|| format!("{} is no capture", capture.display()))?;
    let file = scratch.join("peer.scap");
    let mut out = BufWriter::new(File::create(&file)?);
    out.write_all(lists)?;
    let mut written = 0;
    while written < events {
        out.write_all(blocks)?;
        written += each;
    }
    out.flush()?;
    Ok(Some(Peer {
        bytes: fs::metadata(&file)?.len(),
        file,
        events: written,
    }))
}

/// Types of blocks that are events: plain, with flags, and those of version 2 (pcapng's block layout).
const EVENTS: [u32; 6] = [0x204, 0x208, 0x216, 0x217, 0x221, 0x222];

/// What stands before the first event, all from there on, and how many events that is.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8], u64)> {
    let word = |at: usize| {
        bytes
            .get(at..at + 4)
            .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
    };
    let (mut at, mut first, mut events) = (0, None, 0);
    while at < bytes.len() {
        if EVENTS.contains(&word(at)?) {
            first.get_or_insert(at);
            events += 1;
        }
        at += word(at + 4).filter(|length| *length >= 12)? as usize;
    }
    let (lists, blocks) = bytes.split_at_checked(first?)?;
    Some((lists, blocks, events))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn events_are_behind_the_lists() {
        let block = |ty: u32| [ty, 16, 7, 16].map(u32::to_le_bytes).concat();
        let bytes = [block(0x0a0d_0d0a), block(0x201), block(0x216), block(0x204)].concat();
        assert_eq!(split(&bytes), Some((&bytes[..32], &bytes[32..], 2)));
        assert_eq!(split(&bytes[..20]), None);
        assert_eq!(split(b""), None);
    }
}
