//! Field offsets from the kernel's own type information (`/sys/kernel/btf/vmlinux`,
//! Documentation/bpf/btf.rst): only what a flight recorder needs, structures and unions with their members.

use anyhow::{Context, Result, bail};
use hashbrown::HashMap;
use std::cell::RefCell;
use std::path::Path;

/// Where the kernel offers its BTF.
pub(crate) const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

const MAGIC: u16 = 0xeb9f;
const KIND_STRUCT: u32 = 4;
const KIND_UNION: u32 = 5;
const KIND_ENUM: u32 = 6;

/// Parsed BTF: the place of each type, found once.
pub(crate) struct Btf {
    data: Vec<u8>,
    /// Offset of each type's record in `data`; index is the type id.
    types: Vec<usize>,
    strings: usize,
    /// Structures that were asked for: a search goes through all types.
    found: RefCell<HashMap<String, usize>>,
}

struct Type {
    name: u32,
    kind: u32,
    vlen: usize,
    flag: bool,
    /// Size, or the type that this one refers to.
    size: u32,
    /// Offset of what follows the record.
    body: usize,
}

impl Btf {
    /// Reads and indexes the BTF at `path`.
    pub(crate) fn read(path: &Path) -> Result<Btf> {
        let data = std::fs::read(path).with_context(|| {
            format!(
                "cannot read {}: this kernel offers no BTF (CONFIG_DEBUG_INFO_BTF)",
                path.display()
            )
        })?;
        Btf::parse(data).with_context(|| format!("{} is not usable BTF", path.display()))
    }

    fn parse(data: Vec<u8>) -> Result<Btf> {
        let mut btf = Btf {
            data,
            types: vec![0],
            strings: 0,
            found: RefCell::default(),
        };
        if btf.u32(0)? as u16 != MAGIC {
            bail!("no BTF magic");
        }
        let header = btf.u32(4)? as usize;
        let (types, types_len) = (header + btf.u32(8)? as usize, btf.u32(12)? as usize);
        btf.strings = header + btf.u32(16)? as usize;
        let mut at = types;
        while at < types + types_len {
            btf.types.push(at);
            let ty = btf.record(at)?;
            // What follows a record, by kind: arrays, members, enumerators, parameters, sections, tags.
            at = ty.body
                + match ty.kind {
                    1 | 14 | 17 => 4,
                    3 => 12,
                    KIND_STRUCT | KIND_UNION | 15 | 19 => 12 * ty.vlen,
                    KIND_ENUM | 13 => 8 * ty.vlen,
                    0 | 2 | 7..=12 | 16 | 18 => 0,
                    kind => bail!("type kind {kind} is not known"),
                };
        }
        Ok(btf)
    }

    /// Size of a structure in bytes.
    pub(crate) fn size(&self, name: &str) -> Result<u32> {
        Ok(self.structure(name)?.size)
    }

    /// Byte offset of a member of a structure; members of anonymous members count as its own, and `a.b` goes into
    /// member `a`.
    pub(crate) fn offset(&self, structure: &str, path: &str) -> Result<u32> {
        let mut ty = self.structure(structure)?;
        let mut bits = 0;
        for name in path.split('.') {
            let (offset, member) = self
                .member(&ty, name, 0)?
                .with_context(|| format!("struct {structure} has no field {path} on this kernel"))?;
            bits += offset;
            ty = self.resolve(member)?;
        }
        if bits % 8 != 0 {
            bail!("field {path} of struct {structure} is a bit field");
        }
        Ok(bits / 8)
    }

    /// Value of a constant of an enumeration.
    pub(crate) fn enumerator(&self, enumeration: &str, name: &str) -> Result<u32> {
        for at in self.types.iter().skip(1) {
            let ty = self.record(*at)?;
            if ty.kind != KIND_ENUM || self.string(ty.name) != enumeration.as_bytes() {
                continue;
            }
            for place in (0..ty.vlen).map(|at| ty.body + 8 * at) {
                if self.string(self.u32(place)?) == name.as_bytes() {
                    return self.u32(place + 4);
                }
            }
        }
        bail!("this kernel has no {name} in enum {enumeration}")
    }

    fn structure(&self, name: &str) -> Result<Type> {
        if let Some(at) = self.found.borrow().get(name) {
            return self.record(*at);
        }
        for at in self.types.iter().skip(1) {
            let ty = self.record(*at)?;
            if ty.kind == KIND_STRUCT && self.string(ty.name) == name.as_bytes() {
                self.found.borrow_mut().insert(name.to_owned(), *at);
                return Ok(ty);
            }
        }
        bail!("this kernel has no struct {name}")
    }

    /// Offset in bits and type id of a member.
    fn member(&self, ty: &Type, name: &str, depth: u32) -> Result<Option<(u32, u32)>> {
        if depth > 16 || !matches!(ty.kind, KIND_STRUCT | KIND_UNION) {
            return Ok(None);
        }
        for at in 0..ty.vlen {
            let place = ty.body + 12 * at;
            let (own, type_id, offset) = (self.u32(place)?, self.u32(place + 4)?, self.u32(place + 8)?);
            // With the flag the upper byte is the size of a bit field.
            let offset = if ty.flag { offset & 0xff_ffff } else { offset };
            if own != 0 {
                if self.string(own) == name.as_bytes() {
                    return Ok(Some((offset, type_id)));
                }
            } else if let Some((inner, found)) = self.member(&self.resolve(type_id)?, name, depth + 1)? {
                return Ok(Some((offset + inner, found)));
            }
        }
        Ok(None)
    }

    /// A type behind typedefs and qualifiers.
    fn resolve(&self, mut id: u32) -> Result<Type> {
        for _ in 0..16 {
            let at = *self
                .types
                .get(id as usize)
                .context("a type refers to one that does not exist")?;
            let ty = self.record(at)?;
            if !matches!(ty.kind, 8..=11 | 18) {
                return Ok(ty);
            }
            id = ty.size;
        }
        bail!("types refer to each other in a circle")
    }

    fn record(&self, at: usize) -> Result<Type> {
        let info = self.u32(at + 4)?;
        Ok(Type {
            name: self.u32(at)?,
            kind: info >> 24 & 0x1f,
            vlen: (info & 0xffff) as usize,
            flag: info >> 31 != 0,
            size: self.u32(at + 8)?,
            body: at + 12,
        })
    }

    fn u32(&self, at: usize) -> Result<u32> {
        let bytes = self
            .data
            .get(at..)
            .and_then(|d| d.first_chunk::<4>())
            .context("ends early")?;
        Ok(u32::from_le_bytes(*bytes))
    }

    fn string(&self, offset: u32) -> &[u8] {
        let rest = self.data.get(self.strings + offset as usize..).unwrap_or_default();
        &rest[..rest.iter().position(|b| *b == 0).unwrap_or(rest.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_of_the_running_kernel() {
        let path = Path::new(VMLINUX);
        if !path.exists() {
            println!("SKIPPED: offsets_of_the_running_kernel: no {VMLINUX}");
            return;
        }
        let btf = Btf::read(path).unwrap();
        // Facts that every kernel with BTF shares.
        assert_eq!(btf.offset("list_head", "next").unwrap(), 0);
        assert_eq!(btf.offset("list_head", "prev").unwrap(), 8);
        assert_eq!(btf.size("list_head").unwrap(), 16);
        // Inside an anonymous union, and through a named member.
        let local = btf.offset("sock_common", "skc_rcv_saddr").unwrap();
        assert_eq!(btf.offset("sock", "__sk_common.skc_rcv_saddr").unwrap(), local);
        assert!(
            btf.offset("task_struct", "no_such_field")
                .unwrap_err()
                .to_string()
                .contains("no field")
        );
        assert!(btf.offset("no_such_struct", "x").is_err());
    }

    #[test]
    fn bytes_that_are_no_btf_are_refused() {
        for bytes in [
            vec![],
            vec![0; 64],
            b"\x9f\xeb\x01\0\x18\0\0\0\0\0\0\0\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x7f".to_vec(),
        ] {
            assert!(Btf::parse(bytes).is_err());
        }
    }
}
