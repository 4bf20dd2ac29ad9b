//! The programs of the object: which a recording needs, which it can do without, and what is missing then.

use anyhow::{Context, Result};
use aya::programs::BtfTracePoint;
use aya::{Btf, Ebpf};

/// A program, and the tracepoint of the same name that it attaches to.
struct Program {
    name: &'static str,
    /// What a recording lacks without it; `None`: there is no recording without it.
    without: Option<&'static str>,
}

const fn required(name: &'static str) -> Program {
    Program { name, without: None }
}

/// `without` is a sentence that tells a user what a recording lacks.
const fn optional(name: &'static str, without: &'static str) -> Program {
    Program {
        name,
        without: Some(without),
    }
}

/// All programs in the order of attaching: births and deaths first, so that no call is recorded of a thread whose birth
/// was not.
const PROGRAMS: [Program; 9] = [
    optional(
        "cgroup_mkdir",
        "containers that begin during the recording are not noticed",
    ),
    optional("cgroup_rmdir", "the end of a container is not recorded"),
    optional(
        "cgroup_attach_task",
        "processes that are moved into a container keep the one they came from",
    ),
    required("sched_process_fork"),
    required("sched_process_exec"),
    required("sched_process_exit"),
    optional(
        "sched_process_free",
        "a process with the number of one that ended may be taken for a part of the command",
    ),
    optional("sys_enter", "how long calls took is not recorded"),
    required("sys_exit"),
];

/// The programs that this kernel took.
pub(super) struct Programs {
    loaded: Vec<&'static str>,
    degraded: Vec<String>,
}

impl Programs {
    /// Loads all that this kernel takes.
    ///
    /// # Errors
    /// Names the required program that it refuses, with the verifier's words.
    pub(super) fn load(ebpf: &mut Ebpf, btf: &Btf, latency: bool) -> Result<Programs> {
        let mut programs = Programs {
            loaded: Vec::new(),
            degraded: Vec::new(),
        };
        // It would run at every call.
        let wanted = |program: &&Program| latency || program.name != "sys_enter";
        for Program { name, without } in PROGRAMS.iter().filter(wanted) {
            match (program(ebpf, name)?.load(name, btf), without) {
                (Ok(()), _) => programs.loaded.push(name),
                (Err(error), Some(without)) => {
                    programs
                        .degraded
                        .push(format!("{without}: tracepoint {name}: {}", in_short(&error)));
                }
                (Err(error), None) => {
                    return Err(error).with_context(|| format!("the kernel refuses the program {name}"));
                }
            }
        }
        Ok(programs)
    }

    /// What a recording lacks on this kernel, a line each.
    pub(super) fn degraded(&self) -> &[String] {
        &self.degraded
    }

    /// Attaches what was loaded.
    pub(super) fn attach(&self, ebpf: &mut Ebpf) -> Result<()> {
        for name in &self.loaded {
            program(ebpf, name)?
                .attach()
                .with_context(|| format!("cannot attach to the tracepoint {name}"))?;
        }
        Ok(())
    }

    /// Detaches and unloads, the other way round than attaching, for the same reason.
    pub(super) fn unload(&self, ebpf: &mut Ebpf) -> Result<()> {
        for name in self.loaded.iter().rev() {
            program(ebpf, name)?
                .unload()
                .with_context(|| format!("cannot unload the program {name}"))?;
        }
        Ok(())
    }
}

/// The first line of an error and of what it came from: a verifier's log runs over pages.
fn in_short(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default().chars().take(200).collect();
    match error.source() {
        Some(source) if !text.contains(&source.to_string()) => format!("{line}: {}", in_short(source)),
        _ => line,
    }
}

fn program<'e>(ebpf: &'e mut Ebpf, name: &str) -> Result<&'e mut BtfTracePoint> {
    Ok(ebpf
        .program_mut(name)
        .with_context(|| format!("the object has no program {name}"))?
        .try_into()?)
}
