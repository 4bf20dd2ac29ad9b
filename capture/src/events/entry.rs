//! What was read when calls began waits here for the records of their ends.

use super::Raw;
use afterimage_abi::SYSCALLS;
use afterimage_format::model::EventFlags;
use hashbrown::HashMap;

/// One call that has begun.
#[derive(Default)]
pub(super) struct Entry {
    pub(super) nr: u16,
    /// The items of the record, see [`Raw::encoded`].
    pub(super) items: Vec<u8>,
}

const EXECVE: u16 = 59;
const EXECVEAT: u16 = 322;

impl Entry {
    /// The new image of an execveat returns from execve: the kernel sets its registers anew (`ELF_PLAT_INIT`).
    fn became_execve(&self, raw: &Raw<'_>) -> bool {
        self.nr == EXECVEAT && raw.header.nr == EXECVE && raw.header.result == 0
    }
}

/// The calls that have begun and not ended, by thread.
#[derive(Default)]
pub(super) struct Entries {
    open: HashMap<u32, Entry>,
    /// Used ones, for their memory.
    spare: Vec<Entry>,
}

/// It has lost its number when it ends.
pub(super) const SIGRETURN: u16 = libc::SYS_rt_sigreturn as u16;

/// Used ones that are kept.
const SPARE: usize = 64;

impl Entries {
    /// A call begins.
    pub(super) fn begin(&mut self, raw: &Raw<'_>) {
        let mut entry = self.spare.pop().unwrap_or_default();
        entry.nr = raw.header.nr;
        entry.items.clear();
        entry.items.extend_from_slice(raw.encoded());
        self.open.insert(raw.tid(), entry);
    }

    /// A call ends: what was read when it began. A thread that has gone on to another call never returned from that one
    /// as far as the records tell; but the end of rt_sigreturn has the number -1.
    pub(super) fn end(&mut self, raw: &Raw<'_>) -> Option<Entry> {
        let lost = u32::from(raw.header.nr) == SYSCALLS - 1 && raw.arg(0) as i32 == -1;
        let nr = if lost { SIGRETURN } else { raw.header.nr };
        let ended = |entry: &Entry| entry.nr == nr || entry.became_execve(raw);
        self.open.remove(&raw.tid()).filter(ended)
    }

    /// Keeps the memory of one that was used.
    pub(super) fn done(&mut self, entry: Entry) {
        if self.spare.len() < SPARE {
            self.spare.push(entry);
        }
    }

    /// An exec gave the thread the id of its process.
    pub(super) fn rename(&mut self, old: u32, new: u32) {
        if let Some(entry) = self.open.remove(&old) {
            self.open.insert(new, entry);
        }
    }

    /// A thread ended.
    pub(super) fn forget(&mut self, tid: u32) {
        self.open.remove(&tid);
    }
}

/// Marks of an event whose memory is to be read when it begins: whether it was another when it ended, and whether it
/// could be read only then.
pub(super) fn marks(raw: &Raw<'_>) -> u8 {
    let mut marks = 0;
    for item in raw.items() {
        let before = raw.entry().find(|before| before.arg == item.arg);
        marks |= match (before.and_then(|before| before.bytes), item.bytes) {
            (Some(before), Some(after)) if before != after => EventFlags::CHANGED,
            (None, Some(_)) if item.arg < 6 => EventFlags::UNVERIFIED,
            _ => 0,
        };
    }
    marks
}
