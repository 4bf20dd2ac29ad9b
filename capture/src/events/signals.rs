//! Signals that reached a task, and kills for want of memory.

use super::{Emit, Raw, Tracker};
use crate::catalogue::Own;
use afterimage_abi::item;
use afterimage_format::model::Value;
use afterimage_format::segment::SegmentBuilder;

/// `SI_*` with a process behind them (uapi/asm-generic/siginfo.h): kill and sigqueue, timers excepted. Codes of SIGCHLD
/// name the child.
fn has_sender(signal: u32, code: i32) -> bool {
    const SIGCHLD: u32 = 17;
    matches!(code, 0 | -1 | -3 | -6) || signal == SIGCHLD && (1..=6).contains(&code)
}

impl Tracker {
    /// A signal reached the thread of the record. The sender's id is of the receiver's pid namespace, as the kernel
    /// tells it to the receiver.
    pub(super) fn signal(&mut self, raw: &Raw<'_>, cpu: u16, out: &mut SegmentBuilder) {
        let thread = self.thread_of(raw);
        let (signal, code) = (raw.arg(0) as u32, raw.arg(1) as i32);
        let known = raw.arg(3) != 0;
        let sender = match raw.arg(2) {
            pid @ 1.. if known && has_sender(signal, code) => Value::Int(i64::from(pid as u32)),
            _ => Value::Missing,
        };
        let args = [
            sender,
            Value::Int(i64::from(raw.pid())),
            Value::Int(i64::from(signal)),
            if known {
                Value::Int(i64::from(code))
            } else {
                Value::Missing
            },
        ];
        self.tell(raw, cpu, Own::Signaldeliver, thread, &args, out);
    }

    /// The process of the record will be killed.
    pub(super) fn oom_victim(&mut self, raw: &Raw<'_>, cpu: u16, out: &mut SegmentBuilder) {
        let thread = self.thread_of(raw);
        let args = [
            Value::Int(i64::from(raw.pid())),
            raw.bytes(item::COMM).map_or(Value::Missing, Value::Bytes),
            Value::Int((raw.arg(0) >> 32) as i64),
            Value::Int((raw.arg(1) >> 32) as i64),
        ];
        self.tell(raw, cpu, Own::OomKill, thread, &args, out);
    }

    fn tell(&mut self, raw: &Raw<'_>, cpu: u16, kind: Own, thread: u64, args: &[Value<'_>], out: &mut SegmentBuilder) {
        let emit = Emit {
            kind: kind as u16,
            flags: 0,
            thread,
            descriptor: 0,
            args,
        };
        self.emit(raw, cpu, emit, out);
    }
}

#[cfg(test)]
mod tests {
    use super::has_sender;

    #[test]
    fn only_signals_of_processes_have_a_sender() {
        const SIGTERM: u32 = 15;
        for (signal, code, expected) in [
            (SIGTERM, 0, true),
            (SIGTERM, -6, true),
            (17, 1, true),
            // A fault has an address where others have the sender.
            (11, 1, false),
            (SIGTERM, 128, false),
            (14, -2, false),
        ] {
            assert_eq!(has_sender(signal, code), expected, "{signal} {code}");
        }
    }
}
