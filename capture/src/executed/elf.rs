//! The dynamic linker that an ELF file names (elf(5)). The file is whatever somebody executed.

use std::io::{Read, Seek, SeekFrom};

const PT_INTERP: u32 = 3;
/// Program headers that are looked at; the linker is among the first of every real file.
const MOST_HEADERS: u64 = 64;

/// The path in the first `PT_INTERP` of a 64-bit little-endian file; `None`: there is none.
pub(super) fn interpreter(file: &mut (impl Read + Seek)) -> Option<Vec<u8>> {
    let mut head = [0; 64];
    file.read_exact(&mut head).ok()?;
    if head.get(..6)? != b"\x7fELF\x02\x01" {
        return None;
    }
    let u64_at = |bytes: &[u8], at: usize| Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let u16_at = |at: usize| Some(u64::from(u16::from_le_bytes(*head.get(at..)?.first_chunk()?)));
    let (table, size, count) = (u64_at(&head, 32)?, u16_at(54)?, u16_at(56)?);
    for at in 0..count.min(MOST_HEADERS) {
        file.seek(SeekFrom::Start(table.checked_add(at * size)?)).ok()?;
        let mut header = [0; 56];
        file.read_exact(&mut header).ok()?;
        if u32::from_le_bytes(*header.first_chunk()?) == PT_INTERP {
            let (offset, len) = (u64_at(&header, 8)?, u64_at(&header, 32)?.min(4096));
            file.seek(SeekFrom::Start(offset)).ok()?;
            let mut path = Vec::new();
            file.take(len).read_to_end(&mut path).ok()?;
            let end = path.iter().position(|b| *b == 0).unwrap_or(path.len());
            path.truncate(end);
            return Some(path);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn this_program_names_its_linker() {
        let mut me = std::fs::File::open("/proc/self/exe").unwrap();
        let path = String::from_utf8(interpreter(&mut me).unwrap()).unwrap();
        assert!(path.starts_with("/lib"), "{path}");
    }

    #[test]
    fn what_is_no_elf_names_none() {
        let mut lying = b"\x7fELF\x02\x01".to_vec();
        lying.resize(64, 0xff);
        for bytes in [b"#!/bin/sh\n".to_vec(), Vec::new(), lying] {
            assert_eq!(interpreter(&mut Cursor::new(bytes)), None);
        }
    }
}
