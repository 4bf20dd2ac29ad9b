//! A record as the kernel program wrote it, taken apart without copying.

use crate::state::Who;
use afterimage_abi::{ItemHeader, KernelSocket, RecordHeader, flags, item, kind, status};

/// One record.
#[derive(Clone, Copy)]
pub(crate) struct Raw<'a> {
    /// Its header.
    pub(crate) header: RecordHeader,
    /// The call's arguments, or what stands in their place.
    args: &'a [[u8; 8]],
    items: &'a [u8],
    /// The items of the record of the call's beginning, if there is one.
    entry: &'a [u8],
}

/// One item.
#[derive(Clone, Copy)]
pub(crate) struct Item<'a> {
    /// Argument or one of [`item`].
    pub(crate) arg: u8,
    /// See [`status`].
    pub(crate) status: u8,
    /// The bytes; `None` where they could not be read.
    pub(crate) bytes: Option<&'a [u8]>,
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

impl<'a> Raw<'a> {
    /// The header of the record at the start of `bytes`.
    pub(crate) fn header(bytes: &[u8]) -> Option<RecordHeader> {
        let bytes: &[u8; size_of::<RecordHeader>()] = bytes.first_chunk()?;
        // SAFETY: as many bytes as the header has, which is repr(C) and has integers only. Copied as a whole: put together
        // from words it would cost more than all of the rest.
        Some(unsafe { bytes.as_ptr().cast::<RecordHeader>().read_unaligned() })
    }

    /// The record in `bytes`; `syscall_args` says how many arguments a system call's record has. `None` where the bytes
    /// are shorter than they say.
    pub(crate) fn parse(bytes: &'a [u8], syscall_args: impl Fn(&RecordHeader) -> u8) -> Option<Raw<'a>> {
        let header = Self::header(bytes)?;
        let count = match header.kind {
            kind::SYSCALL_EXIT | kind::SYSCALL_ENTER => usize::from(syscall_args(&header)).min(6),
            kind::EXEC | kind::FORK => 4,
            kind::EXIT | kind::DESCRIPTOR => 0,
            kind::CGROUP_RMDIR => 1,
            kind::CGROUP_MKDIR => 2,
            kind::CGROUP_ATTACH | kind::SIGNAL | kind::URING_SUBMIT | kind::URING_COMPLETE => 4,
            kind::OOM_VICTIM => 2,
            _ => return None,
        };
        let body = bytes.get(size_of::<RecordHeader>()..header.len as usize)?;
        let (args, items) = body.split_at_checked(8 * count)?;
        Some(Raw {
            header,
            // Left where they stand: a copy would be waited for.
            args: args.as_chunks().0,
            items,
            entry: &[],
        })
    }

    /// The same record with another system call number.
    pub(crate) fn renumbered(&self, nr: u16) -> Raw<'a> {
        let header = RecordHeader { nr, ..self.header };
        Raw { header, ..*self }
    }

    /// Process id.
    pub(crate) fn pid(&self) -> u32 {
        (self.header.tgid_tid >> 32) as u32
    }

    /// Thread id.
    pub(crate) fn tid(&self) -> u32 {
        self.header.tgid_tid as u32
    }

    /// The thread.
    pub(crate) fn who(&self) -> Who {
        Who {
            pid: self.pid(),
            tid: self.tid(),
        }
    }

    /// Argument `at`; 0 where the record has fewer.
    pub(crate) fn arg(&self, at: u8) -> u64 {
        self.args.get(usize::from(at)).map_or(0, |arg| u64::from_le_bytes(*arg))
    }

    /// The same with the number that the call began with and the items (see [`Raw::encoded`]) that were read then.
    pub(crate) fn with_entry(mut self, nr: u16, entry: &'a [u8]) -> Raw<'a> {
        self.header.nr = nr;
        Raw { entry, ..self }
    }

    /// The items as they stand in the record.
    pub(crate) fn encoded(&self) -> &'a [u8] {
        self.items
    }

    /// The items in order; ends at the first that does not fit.
    pub(crate) fn items(&self) -> impl Iterator<Item = Item<'a>> + use<'a> {
        items(self.items)
    }

    /// The items that were read when the call began.
    pub(crate) fn entry(&self) -> impl Iterator<Item = Item<'a>> + use<'a> {
        items(self.entry)
    }

    /// The bytes of an item: as they were when the call began, where that is known.
    pub(crate) fn bytes(&self, arg: u8) -> Option<&'a [u8]> {
        let entry = self.entry().find(|i| i.arg == arg).and_then(|i| i.bytes);
        entry.or_else(|| self.items().find(|i| i.arg == arg)?.bytes)
    }

    /// The bytes of the first item, which is the path of those calls that have one.
    pub(crate) fn path(&self) -> Option<&'a [u8]> {
        self.bytes(self.items().next()?.arg)
    }

    /// Nanoseconds since the call began; 0: not measured.
    pub(crate) fn duration(&self) -> u64 {
        if self.header.flags & flags::TIMED == 0 {
            return 0;
        }
        let entered = self
            .items
            .len()
            .checked_sub(8)
            .and_then(|last| u64_at(self.items, last));
        entered.map_or(0, |entered| self.header.time.saturating_sub(entered))
    }

    /// An integer of `size` bytes at `offset` in the bytes of an item.
    pub(crate) fn word(&self, arg: u8, offset: u16, size: u8) -> Option<u64> {
        let bytes = self.bytes(arg)?.get(usize::from(offset)..)?.get(..usize::from(size))?;
        let mut word = [0; 8];
        word.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(u64::from_le_bytes(word))
    }

    /// What the kernel said about a socket.
    pub(crate) fn socket(&self) -> Option<KernelSocket> {
        let bytes = self.bytes(item::SOCKET)?;
        let word = |at: usize| Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        Some(KernelSocket {
            family: word(0)?,
            ty: word(2)?,
            protocol: word(4)?,
            local_port: word(6)?,
            remote_port_be: word(8)?,
            pad: [0; 3],
            local: *bytes.get(16..)?.first_chunk()?,
            remote: *bytes.get(32..)?.first_chunk()?,
        })
    }
}

fn items(mut rest: &[u8]) -> impl Iterator<Item = Item<'_>> {
    std::iter::from_fn(move || {
        let head = u64_at(rest, 0)?;
        let (arg, status, len) = (head as u8, (head >> 8) as u8, (head >> 32) as usize);
        let bytes = rest.get(size_of::<ItemHeader>()..size_of::<ItemHeader>().checked_add(len)?)?;
        rest = rest
            .get(size_of::<ItemHeader>() + len.next_multiple_of(8)..)
            .unwrap_or_default();
        Some(Item {
            arg,
            status,
            bytes: (status & status::FAULT == 0).then_some(bytes),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, args: &[u64], items: &[(u8, u8, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        args.iter().for_each(|a| body.extend_from_slice(&a.to_le_bytes()));
        for (arg, status, bytes) in items {
            body.extend_from_slice(&[*arg, *status, 0, 0]);
            body.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
            body.extend_from_slice(bytes);
            body.resize(body.len().next_multiple_of(8), 0);
        }
        let mut out = (40 + body.len() as u32).to_le_bytes().to_vec();
        out.extend_from_slice(&[kind, 0, 1, 1]); // system call 257
        for word in [5u64, 7 << 32 | 8, 3, 9] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(&body);
        out
    }

    #[test]
    fn a_record_comes_apart() {
        let bytes = record(
            kind::SYSCALL_EXIT,
            &[1, 2],
            &[(1, 0, b"/etc/passwd"), (4, status::FAULT, b""), (3, 1, b"ab")],
        );
        let raw = Raw::parse(&bytes, |h| if h.nr == 257 { 2 } else { 0 }).unwrap();
        assert_eq!(
            (
                raw.pid(),
                raw.tid(),
                raw.header.time,
                raw.header.result,
                raw.header.cgroup
            ),
            (7, 8, 5, 3, 9)
        );
        assert_eq!((raw.arg(0), raw.arg(1), raw.arg(2)), (1, 2, 0));
        assert_eq!(raw.bytes(1), Some(b"/etc/passwd".as_slice()));
        assert_eq!(raw.bytes(4), None);
        assert_eq!(raw.word(3, 0, 2), Some(0x6261));
        assert_eq!(raw.word(3, 1, 2), None);
        assert_eq!(raw.items().count(), 3);
    }

    #[test]
    fn short_records_are_refused() {
        let bytes = record(kind::SYSCALL_EXIT, &[1, 2], &[(1, 0, b"/etc/passwd")]);
        for cut in 0..bytes.len() {
            assert!(Raw::parse(&bytes[..cut], |_| 2).is_none(), "cut at {cut}");
        }
        assert!(Raw::parse(&record(99, &[], &[]), |_| 0).is_none());
        // An item that says more than there is ends the items.
        let mut lying = bytes.clone();
        lying[60] = 0xff;
        assert_eq!(Raw::parse(&lying, |_| 2).unwrap().items().count(), 0);
    }
}
