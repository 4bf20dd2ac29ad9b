//! The root of the index.

use super::Group;
use crate::file::layout::{LEAF_SEGMENTS, MAX_ATTACHMENTS, MAX_CUSTODY, MAX_ROOT};
use crate::file::packed;
use crate::meta::{self, record};
use crate::model::{Accounts, AttachmentEntry, Container, Loss};
use crate::segment::MAX_ROWS;

/// What the recorder knew when it sealed the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// When the file was sealed, nanoseconds since the Unix epoch.
    pub end: u64,
    /// Why recording ended, in words.
    pub reason: String,
    /// Losses that no segment holds: events of segments that could not be written, or after the last one.
    pub losses: Vec<Loss>,
    /// All containers with what was known of them at the end; newer than what the segments say.
    pub containers: Vec<Container>,
    /// Name of the file that goes on where this one was rotated, without its folder; empty: this is the last.
    pub next_name: String,
    /// Users and groups that became known after the header was written.
    pub accounts: Accounts,
}
record!(Summary {
    end,
    reason,
    losses,
    containers,
    next_name,
    accounts
});

/// Body of the INDX block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Root {
    pub(crate) groups: Vec<Group>,
    pub(crate) summary: Summary,
    pub(crate) attachments: Vec<AttachmentEntry>,
    /// Offsets of the CUST blocks.
    pub(crate) custody: Vec<u64>,
}
record!(Root {
    groups,
    summary,
    attachments,
    custody
});

impl Root {
    /// The block's body; `None` where it is too large to be read again.
    pub(crate) fn encode(&self) -> Option<Vec<u8>> {
        let raw = meta::encode(self);
        (!raw.is_empty() && raw.len() <= MAX_ROOT).then(|| packed::pack(&raw))
    }

    /// The root in the body of the block that stands at `end`; the file's header ends at `start`.
    pub(crate) fn decode(body: &[u8], start: u64, end: u64) -> Result<Root, String> {
        let root: Root = meta::decode(&packed::unpack(body, MAX_ROOT)?)?;
        let mut at = start;
        for group in &root.groups {
            // Leaves in order, each behind its own segments: no group can refer to another's, nor to itself.
            let behind = group.offset.checked_add(group.length);
            at = behind
                .filter(|behind| {
                    group.start >= at && group.offset > group.start && *behind > group.offset && *behind <= end
                })
                .ok_or_else(|| format!("it lists a leaf at {} that cannot be there", group.offset))?;
            let limit = u64::from(group.segments) * MAX_ROWS as u64;
            if group.segments == 0 || group.segments as usize > LEAF_SEGMENTS || group.rows > limit {
                return Err(format!(
                    "{} segments with {} rows in one leaf",
                    group.segments, group.rows
                ));
            }
        }
        if root.attachments.len() > MAX_ATTACHMENTS || root.custody.len() > MAX_CUSTODY {
            return Err("more attachments or custody entries than a trace may have".into());
        }
        Ok(root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_that_cannot_be_there_are_refused() {
        let group = |start, offset, length, segments| Group {
            start,
            offset,
            length,
            segments,
            ..Group::default()
        };
        let check = |groups: &[Group], expected: bool| {
            let root = Root {
                groups: groups.to_vec(),
                ..Root::default()
            };
            let decoded = Root::decode(&root.encode().unwrap(), 100, 1000);
            assert_eq!(decoded.is_ok(), expected, "{groups:?}");
        };
        check(&[group(100, 200, 64, 2), group(264, 300, 700, 256)], true);
        check(&[group(99, 200, 64, 1)], false);
        check(&[group(100, 100, 64, 1)], false);
        check(&[group(100, 200, 0, 1)], false);
        check(&[group(100, 200, 801, 1)], false);
        check(&[group(100, 200, u64::MAX, 1)], false);
        check(&[group(100, 200, 64, 0)], false);
        check(&[group(100, 200, 64, 257)], false);
        check(&[group(100, 200, 64, 1), group(263, 300, 64, 1)], false);
        check(&[group(264, 300, 64, 1), group(100, 200, 64, 1)], false);
        check(
            &[Group {
                rows: (1 << 20) + 1,
                ..group(100, 200, 64, 1)
            }],
            false,
        );
    }
}
