//! `capture doctor`: what this kernel and host allow, in plain words.

use crate::catalogue::Catalogue;
use crate::probe::{Btf, Probe, Settings, VMLINUX};
use crate::{host, snapshot};
use afterimage_abi::ScopeMode;
use std::fs;
use std::path::Path;

/// Capabilities by number (include/uapi/linux/capability.h) and what they are for.
const CAPABILITIES: [(u32, &str, &str); 4] = [
    (39, "CAP_BPF", "loading the kernel program"),
    (38, "CAP_PERFMON", "reading kernel memory from it"),
    (19, "CAP_SYS_PTRACE", "reading descriptors of running processes"),
    (2, "CAP_DAC_READ_SEARCH", "reading /proc of other users"),
];
const CAP_SYS_ADMIN: u32 = 21;

enum Finding {
    Good(String),
    /// Recording works, but something is missing.
    Poor(String),
    /// Recording does not work.
    Bad(String),
}

/// Prints the findings; exit status 1 where recording does not work.
pub(crate) fn report() -> u8 {
    let host = host::describe();
    println!(
        "host {}, Linux {} on {}, {} CPUs",
        host.hostname, host.kernel, host.arch, host.cpus
    );
    let mut works = true;
    for finding in findings() {
        let (mark, text) = match finding {
            Finding::Good(text) => ("ok      ", text),
            Finding::Poor(text) => ("missing ", text),
            Finding::Bad(text) => {
                works = false;
                ("BLOCKED ", text)
            }
        };
        println!("{mark}{text}");
    }
    println!(
        "{}",
        if works {
            "This host can record."
        } else {
            "This host cannot record until the lines marked BLOCKED are mended."
        }
    );
    u8::from(!works)
}

fn findings() -> Vec<Finding> {
    let mut out = vec![architecture(), btf(), capabilities(), lockdown(), cgroups()];
    // Only what came so far explains why the kernel would refuse the program.
    if out.iter().any(|f| matches!(f, Finding::Bad(_))) {
        out.push(Finding::Bad("kernel program: not tried, see above".to_owned()));
    } else {
        out.push(program());
    }
    out
}

fn architecture() -> Finding {
    match std::env::consts::ARCH {
        "x86_64" => Finding::Good("architecture: x86_64".to_owned()),
        other => Finding::Bad(format!(
            "architecture: {other} is not supported yet; traces from elsewhere can be analysed here"
        )),
    }
}

fn btf() -> Finding {
    match Btf::read(Path::new(VMLINUX)) {
        Ok(_) => Finding::Good(format!("kernel type information: {VMLINUX}")),
        Err(error) => Finding::Bad(format!(
            "{error:#}. Use a kernel that has it; those of Debian, Ubuntu, Fedora and RHEL do since 2021"
        )),
    }
}

fn effective() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("CapEff:"));
    line.and_then(|l| u64::from_str_radix(l.trim(), 16).ok()).unwrap_or(0)
}

fn capabilities() -> Finding {
    let have = effective();
    let has = |bit: u32| have >> bit & 1 != 0;
    // CAP_SYS_ADMIN includes CAP_BPF and CAP_PERFMON.
    let lacks = |bit: u32| !(has(bit) || bit >= 38 && has(CAP_SYS_ADMIN));
    let missing: Vec<String> = CAPABILITIES
        .iter()
        .filter(|c| lacks(c.0))
        .map(|(_, name, what)| format!("{name} ({what})"))
        .collect();
    if missing.is_empty() {
        Finding::Good("capabilities: all that are needed".to_owned())
    } else {
        Finding::Bad(format!(
            "capabilities: {} missing; run as root, or give the service these capabilities",
            missing.join(", ")
        ))
    }
}

fn lockdown() -> Finding {
    let text = fs::read_to_string("/sys/kernel/security/lockdown").unwrap_or_default();
    if text.contains("[confidentiality]") {
        Finding::Bad("kernel lockdown: `confidentiality` keeps programs from reading kernel memory; boot with `lockdown=integrity` or without".to_owned())
    } else {
        Finding::Good("kernel lockdown: not in the way".to_owned())
    }
}

fn cgroups() -> Finding {
    match snapshot::cgroup_root() {
        Some(root) => Finding::Good(format!("cgroup v2: mounted at {}", root.display())),
        None => Finding::Poor(
            "cgroup v2: not mounted; containers cannot be told apart. Mount it: mount -t cgroup2 none /sys/fs/cgroup/unified"
                .to_owned(),
        ),
    }
}

fn program() -> Finding {
    let catalogue = Catalogue::new();
    let settings = Settings {
        scope: ScopeMode::All,
        snaplen: 80,
        specs: catalogue.specs,
        entries: catalogue.entries,
    };
    match Probe::load(&settings) {
        Ok(_) => {
            Finding::Good("kernel program: the kernel takes it (transport: one memory-mapped ring per CPU)".to_owned())
        }
        Err(error) => {
            let text = format!("{error:#}");
            // The verifier's log runs over pages; its beginning says what was refused.
            let short: String = text.chars().take(600).collect();
            Finding::Bad(format!("kernel program: {short}"))
        }
    }
}

/// An error of loading or attaching with what stands in the way, so that nobody has to ask the doctor separately.
pub(crate) fn explain(error: anyhow::Error) -> anyhow::Error {
    let reasons: Vec<String> = [architecture(), btf(), capabilities(), lockdown()]
        .into_iter()
        .filter_map(|f| if let Finding::Bad(text) = f { Some(text) } else { None })
        .collect();
    if reasons.is_empty() {
        error
    } else {
        anyhow::anyhow!("cannot record: {}", reasons.join("; "))
    }
}
