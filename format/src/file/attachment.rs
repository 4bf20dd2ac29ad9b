//! The body of an ATCH block: length of the record (4), the record, the content.

use super::layout::MAX_ATTACHMENT;
use super::packed;
use crate::evidence::chain::{self, Hash};
use crate::meta::{self, codes, record};

/// How the content is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Storing {
    /// As it is.
    #[default]
    Plain,
    /// One zstd frame.
    Zstd,
    /// Not here: an earlier block has the same content.
    Reference,
    /// In a way that this program does not know.
    Other,
}
codes!(Storing { Plain = 0, Zstd = 1, Reference = 2, Other = 3 } else |_| Storing::Other);

/// What stands before the content.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AttachmentHead {
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) size: u64,
    pub(crate) hash: Hash,
    pub(crate) storing: Storing,
}
record!(AttachmentHead {
    name,
    media_type,
    size,
    hash,
    storing
});

impl AttachmentHead {
    /// The body of a block with this content; `storing` is chosen here unless it is a reference.
    pub(crate) fn encode(mut self, content: &[u8]) -> Vec<u8> {
        let packed = match self.storing {
            Storing::Reference => None,
            _ => zstd::bulk::compress(content, 3)
                .ok()
                .filter(|p| p.len() < content.len()),
        };
        let stored = match (self.storing, &packed) {
            (Storing::Reference, _) => &[],
            (_, Some(packed)) => packed.as_slice(),
            (_, None) => content,
        };
        if self.storing != Storing::Reference {
            self.storing = if packed.is_some() {
                Storing::Zstd
            } else {
                Storing::Plain
            };
        }
        let record = meta::encode(&self);
        let mut body = (record.len() as u32).to_le_bytes().to_vec();
        body.extend_from_slice(&record);
        body.extend_from_slice(stored);
        body
    }

    /// The record and the stored content of a block's body.
    pub(crate) fn decode(body: &[u8]) -> Result<(AttachmentHead, &[u8]), String> {
        let (len, rest) = body.split_first_chunk::<4>().ok_or("an attachment ends early")?;
        let (record, stored) = rest
            .split_at_checked(u32::from_le_bytes(*len) as usize)
            .ok_or("an attachment ends early")?;
        Ok((meta::decode(record)?, stored))
    }

    /// The content, which must be what the record says.
    pub(crate) fn content(&self, stored: &[u8]) -> Result<Vec<u8>, String> {
        let limit = MAX_ATTACHMENT as usize;
        let content = match self.storing {
            Storing::Plain if stored.len() as u64 != self.size => Err("an attachment has another length".to_owned()),
            Storing::Plain | Storing::Zstd => packed::decompress(stored, self.size, limit),
            Storing::Reference => Err("an attachment refers to a reference".into()),
            Storing::Other => Err("an attachment is stored in a way that this program does not know".into()),
        }?;
        if chain::hash(&[&content]) == self.hash {
            Ok(content)
        } else {
            Err("an attachment does not have the hash that it says".into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(storing: Storing, content: &[u8]) -> AttachmentHead {
        AttachmentHead {
            name: "x".into(),
            media_type: String::new(),
            size: content.len() as u64,
            hash: chain::hash(&[content]),
            storing,
        }
    }

    #[test]
    fn contents_come_back_and_altered_ones_do_not() {
        for content in [b"".as_slice(), b"abc", &[9; 9000]] {
            let mut body = head(Storing::Plain, content).encode(content);
            let (read, stored) = AttachmentHead::decode(&body).unwrap();
            assert_eq!(read.content(stored).unwrap(), content);
            if stored.is_empty() {
                continue;
            }
            let last = body.len() - 1;
            body[last] ^= 1;
            let altered = AttachmentHead::decode(&body).and_then(|(head, stored)| head.content(stored));
            assert!(altered.is_err());
        }
        let bomb = AttachmentHead {
            size: MAX_ATTACHMENT + 1,
            ..head(Storing::Zstd, b"")
        };
        assert!(bomb.content(b"").is_err());
        let body = head(Storing::Reference, b"abc").encode(b"abc");
        let (read, stored) = AttachmentHead::decode(&body).unwrap();
        assert!(stored.is_empty() && read.content(stored).is_err());
    }
}
