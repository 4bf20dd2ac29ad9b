//! What a trace says about itself before its first event.

use super::Accounts;
use crate::meta::record;

/// The recorded machine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Host {
    /// Host name.
    pub hostname: String,
    /// `/etc/machine-id`; empty: not readable.
    pub machine_id: String,
    /// Boot id of the kernel.
    pub boot_id: String,
    /// `uname -r`.
    pub kernel: String,
    /// `uname -m`.
    pub arch: String,
    /// CPUs online when the capture began.
    pub cpus: u32,
}
record!(Host {
    hostname,
    machine_id,
    boot_id,
    kernel,
    arch,
    cpus
});

/// The same instant on both clocks: event times are boot-clock times moved by the difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClockAnchor {
    /// `CLOCK_BOOTTIME`, nanoseconds.
    pub boottime: u64,
    /// `CLOCK_REALTIME`, nanoseconds since the Unix epoch.
    pub realtime: u64,
}
record!(ClockAnchor { boottime, realtime });

/// Place of a file in a recording that was rotated over several.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Series {
    /// Number of the file, from 1; 0: not said.
    pub number: u32,
    /// Root of the file before it; zeros: there is none, or it is not known.
    pub previous: [u8; 32],
    /// Name of the file before it, without its folder; empty: there is none.
    pub previous_name: String,
}
record!(Series {
    number,
    previous,
    previous_name
});

/// The header of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// Random id of this capture (UUID version 4).
    pub capture_id: [u8; 16],
    /// The machine.
    pub host: Host,
    /// Clocks when the capture began.
    pub clock: ClockAnchor,
    /// Program and version that wrote the file.
    pub recorder: String,
    /// What was in scope, in words (`container web`, `command: nginx -t`, `everything`).
    pub scope: String,
    /// Bytes of payload kept per call.
    pub snaplen: u32,
    /// User tags.
    pub tags: Vec<(String, String)>,
    /// What this kernel or host did not offer, a sentence each.
    pub degraded: Vec<String>,
    /// Its place among the files of one recording.
    pub series: Series,
    /// Which calls were recorded: a named profile, or a file; empty: not said.
    pub profile: String,
    /// The condition that events had to pass to be written; empty: none.
    pub filter: String,
    /// What was replaced before it was written, a rule each.
    pub redactions: Vec<String>,
    /// Users and groups that were known when the capture began.
    pub accounts: Accounts,
}
record!(Header {
    capture_id,
    host,
    clock,
    recorder,
    scope,
    snaplen,
    tags,
    degraded,
    series,
    profile,
    filter,
    redactions,
    accounts
});

impl Header {
    /// The capture id in its usual text form.
    pub fn capture_uuid(&self) -> String {
        uuid::Uuid::from_bytes(self.capture_id).to_string()
    }
}
