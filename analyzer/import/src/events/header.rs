//! One event as it stands in a block.

use super::table::{Direction, EventInfo, info};
use crate::blocks::{Broken, EventShape, broken};
use crate::fields::{Fields, signed, unsigned, until_nul};
use crate::limits::MAX_PARAMS;
use std::ops::Range;

/// Codes whose length old writers gave three bytes too large.
const LONG_BY_THREE: [u16; 2] = [280, 286];

/// The parameters of an event: where each stands in its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Params {
    ranges: [(u32, u32); MAX_PARAMS],
    count: usize,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            ranges: [(0, 0); MAX_PARAMS],
            count: 0,
        }
    }
}

impl Params {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Where parameter `at` stands.
    pub(crate) fn range(&self, at: usize) -> Option<Range<usize>> {
        let (start, end) = *self.ranges[..self.count].get(at)?;
        Some(start as usize..end as usize)
    }
}

/// An event.
#[derive(Clone, Copy)]
pub(crate) struct Event<'b> {
    pub(crate) cpu: u16,
    pub(crate) flags: u32,
    pub(crate) time: u64,
    pub(crate) tid: i64,
    pub(crate) code: u16,
    pub(crate) info: Option<&'static EventInfo>,
    pub(crate) params: &'b Params,
    /// What the ranges of the parameters refer to.
    pub(crate) bytes: &'b [u8],
    /// Some of it was not kept.
    pub(crate) is_cut: bool,
}

/// The fixed part of an event.
struct Head {
    cpu: u16,
    flags: u32,
    time: u64,
    tid: i64,
    length: u32,
    code: u16,
    /// Number of parameters, where the header says it.
    count: Option<u32>,
    /// Bytes of the fixed part, as `length` counts them.
    size: usize,
}

fn head(fields: &mut Fields<'_>, shape: EventShape) -> Option<Head> {
    let cpu = fields.u16()?;
    let flags = if shape.flags { fields.u32()? } else { 0 };
    let (time, tid, length, code) = (fields.u64()?, fields.i64()?, fields.u32()?, fields.u16()?);
    let count = if shape.counted { Some(fields.u32()?) } else { None };
    Some(Head {
        cpu,
        flags,
        time,
        tid,
        length,
        code,
        count,
        size: if shape.counted { 26 } else { 22 },
    })
}

impl<'b> Event<'b> {
    /// The event in the body of a block, of which everything from `body.len()` on was not kept where `is_cut`.
    pub(crate) fn parse(
        body: &'b [u8],
        shape: EventShape,
        is_cut: bool,
        params: &'b mut Params,
    ) -> Result<Event<'b>, Broken> {
        let mut fields = Fields(body);
        let Some(head) = head(&mut fields, shape) else {
            return broken(format!("an event has {} bytes, less than its header", body.len()));
        };
        // The block may be longer: tools that know pcapng add options behind the event.
        let Some(length) = (head.length as usize).checked_sub(head.size) else {
            return broken(format!(
                "an event says it has {} bytes, less than its header",
                head.length
            ));
        };
        let rest = match fields.0.get(..length) {
            Some(rest) => rest,
            None if is_cut => fields.0,
            None => {
                return broken(format!(
                    "an event says it has {} bytes, more than its block",
                    head.length
                ));
            }
        };
        let info = info(head.code);
        let found = match head.count {
            Some(count) => {
                let large = info.map_or(shape.large, |info| info.large);
                let found = counted(rest, count as usize, large, is_cut, params);
                found || counted(rest, count as usize, !large, is_cut, params)
            }
            None => uncounted(rest, head.code, params),
        };
        if !found {
            return broken(format!(
                "the parameters of an event of type {} do not fit into it",
                head.code
            ));
        }
        Ok(Event {
            cpu: head.cpu,
            flags: head.flags,
            time: head.time,
            tid: head.tid,
            code: head.code,
            info,
            params,
            bytes: rest,
            is_cut,
        })
    }

    /// What can be said of an event whose parameters cannot be read.
    pub(crate) fn header_only(body: &'b [u8], shape: EventShape, params: &'b mut Params) -> Option<Event<'b>> {
        let head = head(&mut Fields(body), shape)?;
        params.count = 0;
        Some(Event {
            cpu: head.cpu,
            flags: head.flags,
            time: head.time,
            tid: head.tid,
            code: head.code,
            info: None,
            params,
            bytes: &[],
            is_cut: true,
        })
    }

    /// Whether a call begins or ends; what has no end is a beginning.
    pub(crate) fn direction(&self) -> Direction {
        if self.code.is_multiple_of(2) {
            Direction::Enter
        } else {
            Direction::Exit
        }
    }

    /// Parameter number `at`.
    pub(crate) fn raw(&self, at: usize) -> Option<&'b [u8]> {
        self.bytes.get(self.params.range(at)?)
    }

    /// The parameter called `name`.
    pub(crate) fn named(&self, name: &str) -> Option<&'b [u8]> {
        self.raw(self.info?.param(name)?)
    }

    /// The integer called `name`.
    pub(crate) fn int(&self, name: &str) -> Option<i64> {
        signed(self.named(name)?)
    }

    /// The integer called `name`, without a sign.
    pub(crate) fn uint(&self, name: &str) -> Option<u64> {
        unsigned(self.named(name)?)
    }

    /// The text called `name`, up to its NUL.
    pub(crate) fn text(&self, name: &str) -> Option<&'b [u8]> {
        self.named(name).map(until_nul)
    }
}

/// Finds the parameters where their number is known: false where they do not fit.
fn counted(rest: &[u8], count: usize, large: bool, is_cut: bool, params: &mut Params) -> bool {
    let width = if large { 4 } else { 2 };
    let Some(start) = count.checked_mul(width).filter(|start| *start <= rest.len()) else {
        return false;
    };
    let (lengths, _) = rest.split_at(start);
    let mut at = start;
    params.count = 0;
    for length in lengths.chunks_exact(width) {
        let length = unsigned(length).unwrap_or(0) as usize;
        let Some(end) = at.checked_add(length) else {
            return false;
        };
        if end > rest.len() {
            // There is a part of this one, and nothing of those behind it.
            if is_cut && at < rest.len() && params.count < MAX_PARAMS {
                params.ranges[params.count] = (at as u32, rest.len() as u32);
                params.count += 1;
            }
            return is_cut;
        }
        if params.count < MAX_PARAMS {
            params.ranges[params.count] = (at as u32, end as u32);
            params.count += 1;
        }
        at = end;
    }
    true
}

/// Finds the parameters of an old event, whose number follows from its length: with each more, it would be longer.
fn uncounted(rest: &[u8], code: u16, params: &mut Params) -> bool {
    let ends = [
        Some(rest.len()),
        rest.len().checked_sub(3).filter(|_| LONG_BY_THREE.contains(&code)),
    ];
    for end in ends.into_iter().flatten() {
        let mut payload = 0;
        for count in 0..=MAX_PARAMS {
            let whole = 2 * count + payload;
            if whole == end {
                return counted(&rest[..end], count, false, false, params);
            }
            let Some(length) = rest.get(2 * count..2 * count + 2).filter(|_| whole < end) else {
                break;
            };
            payload += unsigned(length).unwrap_or(0) as usize;
        }
    }
    false
}
