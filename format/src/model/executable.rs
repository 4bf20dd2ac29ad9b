//! What a thread executes, and what it may do.

use super::Text;

/// The file that a process executes, as it was when it was executed, and the environment that it was given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Executable {
    /// Environment, elements separated by NUL; empty: none or unknown.
    pub env: Text,
    /// Path of the file on the host; empty: unknown.
    pub host_path: Text,
    /// Program that loads the file: of a script the one that it names, else the dynamic linker; empty: none or unknown.
    pub interpreter: Text,
    /// Path of the script, where one was executed (the file is its interpreter then); empty: none.
    pub script: Text,
    /// SHA-256 of the content (32 bytes); empty: unknown.
    pub sha256: Text,
    /// Why `sha256` is unknown; empty: it is known, or nobody looked.
    pub no_sha256: Text,
    /// `st_mode`; 0: nothing is known of the file.
    pub mode: u32,
    /// Size in bytes.
    pub size: u64,
    /// Last change of the content, nanoseconds since the Unix epoch.
    pub mtime: i64,
    /// Last change of the file's attributes, nanoseconds since the Unix epoch.
    pub ctime: i64,
    /// See the constants.
    pub marks: u32,
}

impl Executable {
    /// The environment was cut at the recorder's limit.
    pub const ENV_TRUNCATED: u32 = 1;
    /// The file is in memory only (memfd_create).
    pub const MEMFD: u32 = 2;
    /// The file had no name any more when it was executed.
    pub const DELETED: u32 = 4;
    /// The file lies in the upper layer of an overlay: it is not part of the image.
    pub const UPPER_LAYER: u32 = 8;
    /// Whether the file lies in an upper layer is known.
    pub const LAYER_KNOWN: u32 = 16;
    /// The process may write to the file.
    pub const WRITABLE: u32 = 32;

    /// Whether all bits of `mask` are set.
    pub fn has(&self, mask: u32) -> bool {
        self.marks & mask == mask
    }

    /// Whether anything is known of the file.
    pub fn is_known(&self) -> bool {
        self.mode != 0
    }
}

/// Credentials beside the effective ids: `CAP_*` sets as bits, and the other ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Credentials {
    /// Inheritable.
    pub inheritable: u64,
    /// Permitted.
    pub permitted: u64,
    /// Effective.
    pub effective: u64,
    /// Bounding.
    pub bounding: u64,
    /// Ambient.
    pub ambient: u64,
    /// Real user id.
    pub ruid: u32,
    /// Real group id.
    pub rgid: u32,
    /// Saved user id.
    pub suid: u32,
    /// Saved group id.
    pub sgid: u32,
}
