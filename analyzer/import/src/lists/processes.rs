//! Process lists, in all nine versions; from the ninth on entries say how long they are, and grow.

use super::reader::ListReader;
use crate::blocks::Broken;
use crate::source::Source;
use std::io::Read;

/// A thread that was alive when the capture began.
#[derive(Debug, Clone, Default)]
pub(crate) struct ProcessEntry {
    pub(crate) tid: i64,
    pub(crate) pid: i64,
    pub(crate) ptid: i64,
    /// -1: not known.
    pub(crate) sid: i64,
    pub(crate) comm: Vec<u8>,
    pub(crate) exe: Vec<u8>,
    pub(crate) exepath: Vec<u8>,
    pub(crate) args: Vec<u8>,
    pub(crate) cwd: Vec<u8>,
    pub(crate) flags: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) env: Vec<u8>,
    /// -1: not known.
    pub(crate) vtid: i64,
    /// -1: not known.
    pub(crate) vpid: i64,
    pub(crate) cgroups: Vec<u8>,
    pub(crate) tty: u32,
    pub(crate) loginuid: u32,
    pub(crate) exe_writable: bool,
    pub(crate) exe_upper_layer: Option<bool>,
    pub(crate) exe_memfd: bool,
    /// Inheritable, permitted, effective.
    pub(crate) capabilities: Option<[u64; 3]>,
    pub(crate) exe_ino: u64,
    pub(crate) exe_ctime: u64,
    pub(crate) exe_mtime: u64,
}

/// Bytes that an entry has behind its root if it was written before the beginning of the pid namespace and the terminal
/// stood there.
const SHORT_TAIL: u64 = 29;

/// Calls `each` with every entry of a list of `version` whose body has `length` bytes.
pub(crate) fn processes<R: Read>(
    source: &mut Source<R>,
    length: u64,
    version: u8,
    mut each: impl FnMut(ProcessEntry),
) -> Result<(), Broken> {
    let mut list = ListReader::new(source, length);
    while list.has_more() {
        list.begin(version >= 9, true)?;
        each(entry(&mut list, version)?);
        list.finish()?;
    }
    Ok(())
}

fn entry<R: Read>(list: &mut ListReader<'_, R>, version: u8) -> Result<ProcessEntry, Broken> {
    let mut e = ProcessEntry {
        tid: list.i64()?,
        pid: list.i64()?,
        ptid: list.i64()?,
        sid: -1,
        vtid: -1,
        vpid: -1,
        loginuid: u32::MAX,
        ..ProcessEntry::default()
    };
    if version >= 6 {
        e.sid = list.i64()?;
    }
    if version >= 8 {
        let _vpgid = list.i64()?;
    }
    e.comm = list.text()?;
    e.exe = list.text()?;
    if version >= 7 {
        e.exepath = list.text()?;
    }
    e.args = list.text()?;
    e.cwd = list.text()?;
    let _fdlimit = list.u64()?;
    e.flags = list.u32()?;
    e.uid = list.u32()?;
    e.gid = list.u32()?;
    if version >= 2 {
        let _memory: [u8; 12] = list.bytes()?;
        let _page_faults: [u8; 16] = list.bytes()?;
    }
    if version >= 3 {
        e.env = list.text()?;
    }
    if version >= 4 {
        e.vtid = list.i64()?;
        e.vpid = list.i64()?;
        e.cgroups = list.text()?;
    }
    if version >= 5 {
        let _root = list.text()?;
    }
    if version >= 9 {
        tail(list, &mut e)?;
    }
    Ok(e)
}

/// What the ninth version has got since.
fn tail<R: Read>(list: &mut ListReader<'_, R>, e: &mut ProcessEntry) -> Result<(), Broken> {
    let u64 = |list: &mut ListReader<'_, R>| list.u64();
    let u32 = |list: &mut ListReader<'_, R>| list.u32();
    let u8 = |list: &mut ListReader<'_, R>| list.u8();
    if list.left() > SHORT_TAIL {
        let _pidns_start = list.more(8, u64)?;
        e.tty = list.more(4, u32)?.unwrap_or(0);
    }
    e.loginuid = list.more(4, u32)?.unwrap_or(u32::MAX);
    e.exe_writable = list.more(1, u8)? == Some(1);
    let (inheritable, permitted, effective) = (list.more(8, u64)?, list.more(8, u64)?, list.more(8, u64)?);
    e.capabilities = match (inheritable, permitted, effective) {
        (Some(i), Some(p), Some(e)) => Some([i, p, e]),
        _ => None,
    };
    e.exe_upper_layer = list.more(1, u8)?.map(|layer| layer != 0);
    e.exe_ino = list.more(8, u64)?.unwrap_or(0);
    e.exe_ctime = list.more(8, u64)?.unwrap_or(0);
    e.exe_mtime = list.more(8, u64)?.unwrap_or(0);
    e.exe_memfd = list.more(1, u8)?.is_some_and(|memfd| memfd != 0);
    Ok(())
}
