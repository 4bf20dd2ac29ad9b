//! Calls that are also read when they begin: the program is attached to the tracepoint of each.

use super::tracefs;
use anyhow::{Context, Result};
use aya::Ebpf;
use aya::programs::trace_point::TracePointError;
use aya::programs::{ProgramError, TracePoint};

const PROGRAM: &str = "syscall_begins";
const CATEGORY: &str = "syscalls";

/// The program and where it is attached.
pub(super) struct Entries {
    names: Vec<&'static str>,
    degraded: Vec<String>,
}

impl Entries {
    /// Loads the program for the calls with these names.
    pub(super) fn load(ebpf: &mut Ebpf, names: &[&'static str]) -> Result<Entries> {
        program(ebpf)?
            .load()
            .with_context(|| format!("the kernel refuses the program {PROGRAM}"))?;
        let mut entries = Entries {
            names: names.to_vec(),
            degraded: Vec::new(),
        };
        if let Err(error) = tracefs::with(CATEGORY, || ()) {
            entries.names.clear();
            entries.degraded.push(format!(
                "no call is read when it begins, so another thread of the caller can change what is recorded of the \
                 memory that it points to: no {CATEGORY} in tracefs: {error:#}"
            ));
        }
        Ok(entries)
    }

    /// Attaches to every call. What cannot be attached to is read when it returns, as all others are.
    pub(super) fn attach(&mut self, ebpf: &mut Ebpf) -> Result<()> {
        if self.names.is_empty() {
            return Ok(());
        }
        let program = program(ebpf)?;
        let missing = tracefs::with(CATEGORY, || missing(program, &self.names))?;
        if !missing.is_empty() {
            self.degraded.push(format!(
                "no tracepoint at the beginning of {}: another thread of the caller can change what is recorded of these",
                missing.join(", ")
            ));
        }
        Ok(())
    }

    /// What could not be attached to, in words.
    pub(super) fn degraded(&self) -> &[String] {
        &self.degraded
    }
}

/// Attaches to these, and says to which it could not.
fn missing(program: &mut TracePoint, names: &[&'static str]) -> Vec<&'static str> {
    let attach = |name: &&&'static str| match program.attach(CATEGORY, &tracepoint(name)) {
        Ok(_) => false,
        // A kernel that has none for a call does not have the call: one without modules, say.
        Err(error) => !is_unknown(&error),
    };
    names.iter().filter(attach).copied().collect()
}

/// Whether the kernel has no tracepoint of that name.
fn is_unknown(error: &ProgramError) -> bool {
    matches!(
        error,
        ProgramError::TracePointError(TracePointError::FileError { io_error, .. })
            if io_error.kind() == std::io::ErrorKind::NotFound
    )
}

/// The kernel names tracepoints after its functions.
fn tracepoint(call: &str) -> String {
    let function = match call {
        "umount2" => "umount",
        other => other,
    };
    format!("sys_enter_{function}")
}

fn program(ebpf: &mut Ebpf) -> Result<&mut TracePoint> {
    Ok(ebpf
        .program_mut(PROGRAM)
        .with_context(|| format!("the object has no program {PROGRAM}"))?
        .try_into()?)
}
