//! The programs of the object: which a recording needs, which it can do without, and what is missing then.

use anyhow::{Context, Result};
use aya::maps::{MapData, ProgramArray};
use aya::programs::BtfTracePoint;
use aya::{Btf, Ebpf};

/// Something that is recorded, and how.
struct Program {
    /// Program and tracepoint. Where there is a second pair, it is for kernels that do not take the first.
    ways: [(&'static str, &'static str); 2],
    /// What a recording lacks without it; `None`: there is no recording without it.
    without: Option<&'static str>,
}

const NO_OTHER: (&str, &str) = ("", "");

/// A program that attaches to the tracepoint of its name.
const fn required(name: &'static str) -> Program {
    Program {
        ways: [(name, name), NO_OTHER],
        without: None,
    }
}

/// `without` is a sentence that tells a user what a recording lacks.
const fn optional(name: &'static str, without: &'static str) -> Program {
    Program {
        ways: [(name, name), NO_OTHER],
        without: Some(without),
    }
}

/// As [`optional`], where kernels differ.
const fn either(ways: [(&'static str, &'static str); 2], without: &'static str) -> Program {
    Program {
        ways,
        without: Some(without),
    }
}

/// All programs in the order of attaching: births and deaths first, so that no call is recorded of a thread whose birth
/// was not.
const PROGRAMS: [Program; 13] = [
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
    optional("signal_deliver", "delivered signals are not recorded"),
    optional(
        "mark_victim",
        "processes that are killed for their memory are not told of",
    ),
    either(
        [
            ("io_uring_submit", "io_uring_submit_req"),
            ("io_uring_submit", "io_uring_submit_sqe"),
        ],
        "operations of io_uring are not recorded",
    ),
    either(
        [
            ("io_uring_complete", "io_uring_complete"),
            ("io_uring_complete_fields", "io_uring_complete"),
        ],
        "results of operations of io_uring are not recorded",
    ),
    required("sys_exit"),
];

/// The program that [`sys_exit`](PROGRAMS) goes on with, and the map where it looks for it.
const AFTER: (&str, &str) = ("sys_exit_descriptors", "AFTER");
const WITHOUT_AFTER: &str = "descriptors that come in memory or with messages are not known";

/// The programs that this kernel took.
pub(super) struct Programs {
    loaded: Vec<&'static str>,
    degraded: Vec<String>,
    /// What it has is gone with the last descriptor of it.
    after: ProgramArray<MapData>,
}

impl Programs {
    /// Loads all that this kernel takes.
    ///
    /// # Errors
    /// Names the required program that it refuses, with the verifier's words.
    pub(super) fn load(ebpf: &mut Ebpf, btf: &Btf, latency: bool) -> Result<Programs> {
        let map = ebpf.take_map(AFTER.1).context("the object has no map AFTER")?;
        let mut programs = Programs {
            loaded: Vec::new(),
            degraded: Vec::new(),
            after: map.try_into()?,
        };
        // It would run at every call.
        let wanted = |program: &&Program| latency || program.ways[0].0 != "sys_enter";
        for Program { ways, without } in PROGRAMS.iter().filter(wanted) {
            let [(name, tracepoint), (other, elsewhere)] = *ways;
            let first = match program(ebpf, name)?.load(tracepoint, btf) {
                Ok(()) => {
                    programs.loaded.push(name);
                    continue;
                }
                Err(error) => error,
            };
            if ways[1] != NO_OTHER && program(ebpf, other)?.load(elsewhere, btf).is_ok() {
                programs.loaded.push(other);
                continue;
            }
            let Some(without) = without else {
                return Err(first).with_context(|| format!("the kernel refuses the program {name}"));
            };
            let reason = in_short(&first);
            programs
                .degraded
                .push(format!("{without}: tracepoint {tracepoint}: {reason}"));
        }
        programs.load_after(ebpf, btf)?;
        Ok(programs)
    }

    fn load_after(&mut self, ebpf: &mut Ebpf, btf: &Btf) -> Result<()> {
        let program = program(ebpf, AFTER.0)?;
        match program.load("sys_exit", btf) {
            Ok(()) => self.after.set(0, program.fd()?, 0).context("cannot join two programs"),
            Err(error) => {
                self.degraded.push(format!("{WITHOUT_AFTER}: {}", in_short(&error)));
                Ok(())
            }
        }
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
