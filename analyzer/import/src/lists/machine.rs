//! The machine block.

use crate::fields::{Fields, until_nul};

/// What is known of the machine.
#[derive(Debug, Clone, Default)]
pub(crate) struct Machine {
    pub(crate) cpus: u32,
    pub(crate) memory: u64,
    pub(crate) hostname: String,
    /// When it was started, nanoseconds since 1970; 0: not known.
    pub(crate) boot: u64,
}

/// Reads the body of the block.
pub(crate) fn machine(body: &[u8]) -> Option<Machine> {
    let mut fields = Fields(body);
    let (cpus, memory, _max_pid) = (fields.u32()?, fields.u64()?, fields.u64()?);
    let hostname = until_nul(fields.bytes(128)?);
    Some(Machine {
        cpus,
        memory,
        hostname: String::from_utf8_lossy(hostname).into_owned(),
        boot: fields.u64().unwrap_or(0),
    })
}
