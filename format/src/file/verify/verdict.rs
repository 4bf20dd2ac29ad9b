//! What verification says.

use crate::file::signed::SignatureCheck;
use std::fmt;

/// Where a file is first not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BadPlace {
    /// Number of the block; `None`: not in a block.
    pub block: Option<u64>,
    /// Its tag (`SEGM`, …); empty: not in a block.
    pub tag: String,
    /// Number of the segment, as in [`crate::file::Trace::segment`], where it is one.
    pub segment: Option<u64>,
    /// Offset in the file.
    pub offset: u64,
    /// What was expected and found.
    pub what: String,
}

/// Whether a file is as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Integrity {
    /// Sealed, and every byte is as it was.
    Intact,
    /// The file ends early; what is there is as it was. It was cut, or never sealed because the recorder was stopped.
    Truncated {
        /// Complete segments.
        segments: u64,
        /// Bytes up to the end of the last complete block.
        bytes: u64,
        /// Where it ends, in words.
        what: String,
    },
    /// Something was changed, removed, added or moved.
    Altered(BadPlace),
}

impl fmt::Display for Integrity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Integrity::Intact => write!(f, "intact"),
            Integrity::Truncated { segments, bytes, what } => {
                write!(
                    f,
                    "truncated: {what}; {segments} segments in {bytes} bytes are complete"
                )
            }
            Integrity::Altered(place) => {
                write!(f, "altered at byte {}", place.offset)?;
                if let Some(block) = place.block {
                    write!(f, " (block {block}, {}", place.tag)?;
                    if let Some(segment) = place.segment {
                        write!(f, ", segment {segment}")?;
                    }
                    write!(f, ")")?;
                }
                write!(f, ": {}", place.what)
            }
        }
    }
}

/// What [`crate::file::verify`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the file is as it was written.
    pub integrity: Integrity,
    /// Who signed its root. In an altered file, who signed it before it was altered.
    pub signatures: Vec<SignatureCheck>,
    /// The root that the footer names, where it leads to an index that has this hash.
    pub root: Option<[u8; 32]>,
    /// The header's capture id, or the signature's where the header is encrypted.
    pub capture_id: Option<[u8; 16]>,
    /// Whether it is encrypted: then the index was compared with the segments by the chain alone.
    pub encrypted: bool,
    /// Complete segments up to the first bad place.
    pub segments: u64,
    /// Size of the file.
    pub bytes: u64,
}

impl Verdict {
    /// Whether it is intact.
    pub fn is_intact(&self) -> bool {
        self.integrity == Integrity::Intact
    }

    /// Whether it is intact and one of the given keys signed it.
    pub fn is_trusted(&self) -> bool {
        self.is_intact() && self.signatures.iter().any(|s| s.trusted)
    }
}
