//! `capture doctor`: what this kernel and host allow, in plain words.

use crate::catalogue::Catalogue;
use crate::probe::{Btf, Probe, Settings, VMLINUX, Way};
use crate::{conduct, host, snapshot};
use std::fs;
use std::path::Path;

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
        out.extend(program());
    }
    out.extend(runtimes());
    out.push(kubernetes());
    out
}

/// Whether `--kube` would learn anything.
fn kubernetes() -> Finding {
    let settings = afterimage_runtimes::kube::Settings {
        kubeconfig: None,
        node: crate::containers::node_name(),
    };
    if !settings.is_configured() {
        return Finding::Good(
            "Kubernetes: nothing here says how to reach an API server; --kube=KUBECONFIG does".to_owned(),
        );
    }
    match afterimage_runtimes::kube::survey(&settings) {
        Ok((time, version)) => Finding::Good(format!(
            "Kubernetes: API server {version}, answers in {} ms; asked about node {}",
            time.as_millis(),
            settings.node
        )),
        Err(error) => Finding::Poor(format!(
            "Kubernetes: owners of pods may stay unknown with --kube: {error}"
        )),
    }
}

/// Container runtimes that are here, and whether they answer.
fn runtimes() -> Vec<Finding> {
    let found = afterimage_runtimes::survey(&afterimage_runtimes::Settings::default());
    let here: Vec<_> = found.into_iter().filter(|runtime| runtime.present).collect();
    if here.is_empty() {
        return vec![Finding::Good(
            "container runtimes: none has a socket here; what their files tell is used".to_owned(),
        )];
    }
    let told = |runtime: afterimage_runtimes::Finding| {
        let place = format!("container runtime {} at {}", runtime.kind, runtime.path.display());
        match runtime.answer {
            Ok((time, version)) => Finding::Good(format!("{place}: {version}, answers in {} ms", time.as_millis())),
            Err(error) => Finding::Poor(format!(
                "{place}: labels and the like of its containers may stay unknown: {error}"
            )),
        }
    };
    here.into_iter().map(told).collect()
}

fn architecture() -> Finding {
    match std::env::consts::ARCH {
        known @ ("x86_64" | "aarch64") => Finding::Good(format!("architecture: {known}")),
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

fn capabilities() -> Finding {
    let have = conduct::effective();
    let has = |bit: u32| have >> bit & 1 != 0;
    // CAP_SYS_ADMIN includes CAP_BPF and CAP_PERFMON.
    let lacks = |bit: u32| !(has(bit) || bit >= 38 && has(conduct::CAP_SYS_ADMIN));
    let missing: Vec<String> = conduct::NEEDED
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
    match snapshot::hierarchy() {
        Some(found) if found.id == 0 => Finding::Good(format!("cgroup v2: mounted at {}", found.root.display())),
        Some(found) => Finding::Good(format!(
            "cgroup v1: containers are told apart by the controller {}, mounted at {}",
            found.controller,
            found.root.display()
        )),
        None => Finding::Poor(
            "cgroups: none mounted; containers cannot be told apart. Mount them: mount -t cgroup2 none /sys/fs/cgroup"
                .to_owned(),
        ),
    }
}

/// The kernel program, and what it cannot tell on this kernel.
fn program() -> Vec<Finding> {
    let catalogue = Catalogue::new();
    let settings = Settings {
        scope: 0,
        helper: 0,
        snaplen: 80,
        latency: false,
        way: Way::default(),
        specs: catalogue.specs,
        entries: catalogue.entries,
        compat_specs: catalogue.compat_specs,
    };
    match Probe::load(&settings) {
        Ok(probe) => {
            let transport = probe.rings().describe();
            let good = [
                "kernel program: the kernel takes it".to_owned(),
                format!("transport: {transport}"),
            ];
            let missing = probe.degraded().into_iter().map(Finding::Poor);
            good.into_iter().map(Finding::Good).chain(missing).collect()
        }
        Err(error) => {
            let text = format!("{error:#}");
            // The verifier's log runs over pages; its beginning says what was refused.
            let short: String = text.chars().take(600).collect();
            vec![Finding::Bad(format!("kernel program: {short}"))]
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
