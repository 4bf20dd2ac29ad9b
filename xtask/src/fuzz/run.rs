//! One target, run for a while.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::process;

/// Limits for every input: memory, also of a single allocation, and time. A reader may take 256 MiB for a segment.
const LIMITS: [&str; 4] = [
    "-rss_limit_mb=512",
    "-malloc_limit_mb=300",
    "-timeout=10",
    "-max_len=32768",
];

/// Freed memory that the sanitizer holds back; its default would be most of the limit.
const SANITIZER: &str = "quarantine_size_mb=32";

/// What came of a target.
pub(crate) struct Outcome<'t> {
    pub(crate) target: &'t str,
    pub(crate) passed: bool,
}

/// Runs `target` from its seeds and prints what came of it.
pub(crate) fn target<'t>(
    root: &Path,
    folder: &Path,
    host: &str,
    target: &'t str,
    time: Duration,
) -> Result<Outcome<'t>> {
    let program = folder.join(host).join("release").join(target);
    let (corpus, artifacts) = (
        folder.join("corpus").join(target),
        folder.join("artifacts").join(target),
    );
    // From the seeds each time: what is found does not depend on what ran before.
    if corpus.exists() {
        fs::remove_dir_all(&corpus).with_context(|| format!("cannot empty {}", corpus.display()))?;
    }
    for needed in [&corpus, &artifacts] {
        fs::create_dir_all(needed).with_context(|| format!("cannot create {}", needed.display()))?;
    }
    let log = folder.join(format!("{target}.log"));
    let output = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = Command::new(&program);
    command
        .args(LIMITS)
        .arg(format!("-max_total_time={}", time.as_secs()))
        .arg("-print_final_stats=1")
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(&corpus)
        .arg(root.join("fuzz/corpus").join(target))
        .env("ASAN_OPTIONS", SANITIZER)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(output);
    let status = command
        .status()
        .with_context(|| format!("cannot start `{}`", process::describe(&command)))?;
    let said = fs::read(&log).with_context(|| format!("cannot read {}", log.display()))?;
    let said = String::from_utf8_lossy(&said);
    println!("xtask: fuzz {target}: {}", summary(&said));
    if !status.success() {
        for line in findings(&said) {
            println!("  {line}");
        }
        match input(&said) {
            Some(input) => println!(
                "  the input: {input}\n  again: ASAN_OPTIONS={SANITIZER} {} {} {input}",
                program.display(),
                LIMITS.join(" ")
            ),
            None => println!("  it ended without an input: {status}"),
        }
        println!("  all that it said: {}", log.display());
    }
    Ok(Outcome {
        target,
        passed: status.success(),
    })
}

/// `1234 executions (56 a second), coverage 789`, read from what libFuzzer says.
fn summary(said: &str) -> String {
    let number = |name: &str| {
        let line = said.lines().rev().find_map(|line| line.trim().strip_prefix(name))?;
        line.trim_start_matches(':').split_whitespace().next()
    };
    let coverage = said
        .lines()
        .rev()
        .find_map(|line| line.split_once(" cov: ")?.1.split_whitespace().next());
    format!(
        "{} executions ({} a second), coverage {}",
        number("stat::number_of_executed_units").unwrap_or("unknown"),
        number("stat::average_exec_per_sec").unwrap_or("unknown"),
        coverage.unwrap_or("unknown")
    )
}

/// The lines that say what went wrong: a panic with its message, or what the fuzzer or sanitizer found.
fn findings(said: &str) -> Vec<&str> {
    let lines: Vec<&str> = said.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if line.contains("panicked at") {
            found.extend(lines.iter().skip(at).take(4).copied());
        } else if line.contains("ERROR: ") || line.starts_with("SUMMARY: ") {
            found.push(line);
        }
    }
    found
}

/// The file in which libFuzzer left the input.
fn input(said: &str) -> Option<&str> {
    said.lines()
        .find_map(|line| line.split_once("Test unit written to ").map(|(_, path)| path.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "#12\tNEW    cov: 345 ft: 6 corp: 1/1b\n#99\tpulse  cov: 400 ft: 7 corp: 2/2b\n\
        thread '<unnamed>' (1) panicked at format/src/x.rs:1:2:\nindex out of range\nnote\nstack\n  0: f\n\
        ==1== ERROR: libFuzzer: deadly signal\nSUMMARY: libFuzzer: deadly signal\n\
        artifact_prefix='a/'; Test unit written to a/crash-1\n\
        stat::number_of_executed_units: 1234\nstat::average_exec_per_sec:     56\n";

    #[test]
    fn what_the_fuzzer_says_is_read() {
        assert_eq!(summary(SAID), "1234 executions (56 a second), coverage 400");
        assert_eq!(input(SAID), Some("a/crash-1"));
        let found = findings(SAID);
        assert!(
            found[0].contains("panicked at") && found[1] == "index out of range",
            "{found:?}"
        );
        assert_eq!(found.last(), Some(&"SUMMARY: libFuzzer: deadly signal"));
        assert_eq!(summary(""), "unknown executions (unknown a second), coverage unknown");
        assert_eq!(input("Done"), None);
    }
}
