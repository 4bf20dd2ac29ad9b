//! Events that are there and not whole: counted by CPU and cause, told once a segment.

use afterimage_format::model::{EventFlags, Loss, LossCause};
use afterimage_format::segment::SegmentBuilder;

const CAUSES: [(u8, LossCause); 2] = [
    (EventFlags::TRUNCATED, LossCause::Truncated),
    (EventFlags::FAULTED, LossCause::Unreadable),
];

/// What one CPU's events of the open segment lack.
#[derive(Default, Clone, Copy)]
struct Count {
    events: u64,
    from: u64,
    to: u64,
}

/// Counts by CPU.
#[derive(Default)]
pub(super) struct Incomplete(Vec<[Count; CAUSES.len()]>);

impl Incomplete {
    /// Counts an event with these flags.
    #[inline]
    pub(super) fn count(&mut self, flags: u8, cpu: u16, time: u64) {
        if flags & (EventFlags::TRUNCATED | EventFlags::FAULTED) == 0 {
            return;
        }
        let cpu = usize::from(cpu);
        if self.0.len() <= cpu {
            self.0.resize_with(cpu + 1, Default::default);
        }
        for (count, (flag, _)) in self.0[cpu].iter_mut().zip(CAUSES) {
            if flags & flag != 0 {
                if count.events == 0 {
                    count.from = time;
                }
                count.events += 1;
                count.to = count.to.max(time);
            }
        }
    }

    /// Tells what was counted since the last time.
    pub(super) fn tell(&mut self, out: &mut SegmentBuilder) {
        for (cpu, counts) in self.0.iter_mut().enumerate() {
            for (count, (_, cause)) in counts.iter_mut().zip(CAUSES) {
                let Count { events, from, to } = std::mem::take(count);
                if events > 0 {
                    let cpu = Some(cpu as u16);
                    out.push_incomplete(Loss {
                        cause,
                        cpu,
                        events,
                        from,
                        to,
                    });
                }
            }
        }
    }
}
