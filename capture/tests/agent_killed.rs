//! `capture agent` killed at any moment, again and again: what was sealed stays as it was, what was begun is recovered.

mod support;

use afterimage_format::file::{Trace, verify};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use support::agent::{Agent, ask};
use support::can_record;

/// How often: 12 times where nothing else is said, since each takes about a second. Before a release:
/// `AFTERIMAGE_KILLS=50 cargo nextest run -p afterimage-capture --test agent_killed --no-capture`
fn rounds() -> u64 {
    let asked = std::env::var("AFTERIMAGE_KILLS").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(12)
}

/// Numbers that look like chance (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// What is known of the captures so far.
#[derive(Default)]
struct Known {
    /// Bytes of those that are sealed.
    sealed: BTreeMap<String, Vec<u8>>,
    results: BTreeMap<String, usize>,
}

impl Known {
    /// Looks at the folder, after a kill: what had been sealed is as it was. What is new and said to be sealed is noted.
    fn look(&mut self, folder: &Path) {
        for (id, bytes) in &self.sealed {
            assert!(
                std::fs::read(folder.join(format!("{id}.scap"))).unwrap() == *bytes,
                "{id} was changed"
            );
        }
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            let Some(id) = name.strip_suffix(".scap") else { continue };
            if !self.sealed.contains_key(id) && Trace::open(&entry.path()).unwrap().root().is_some() {
                self.sealed.insert(id.to_owned(), std::fs::read(entry.path()).unwrap());
            }
        }
    }

    /// After a start: nothing is left unfinished.
    fn check(&mut self, folder: &Path, answered: &[String]) {
        self.look(folder);
        self.results.clear();
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            let known = name == ".lock" || name.ends_with(".scap") || name.ends_with(".json");
            assert!(known, "{name} is left behind");
            let Some(id) = name.strip_suffix(".scap") else { continue };
            let side = std::fs::read(folder.join(format!("{id}.json"))).unwrap();
            let summary: Value = serde_json::from_slice(&side).unwrap();
            let result = summary["result"].as_str().unwrap().to_owned();
            assert!(
                ["complete", "interrupted"].contains(&&*result) && summary["sealed"] == true,
                "{summary}"
            );
            assert!(verify(&entry.path(), &[]).unwrap().is_intact(), "{summary}");
            let trace = Trace::open(&entry.path()).unwrap();
            assert_eq!(summary["events"], trace.totals().events, "{summary}");
            assert_eq!(
                trace.summary().is_some_and(|s| s.reason == "complete"),
                result == "complete",
                "{summary}"
            );
            *self.results.entry(result).or_default() += 1;
        }
        // Who got an answer finds the capture, with the alert in it.
        for id in answered {
            let trace = Trace::open(&folder.join(format!("{id}.scap"))).unwrap_or_else(|error| panic!("{id}: {error}"));
            assert_eq!(trace.attachments().len(), 1, "{id}: the alert is lost");
        }
    }
}

#[test]
fn an_agent_that_is_killed_at_any_moment_keeps_its_captures() {
    let name = "an_agent_that_is_killed_at_any_moment_keeps_its_captures";
    if !can_record(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let config = "[captures]\npost = '250ms'\n[retention]\nmin_free = '0'\nfiles = 0\n";
    let seed = u64::from(std::process::id()) << 17 | 0x5eed;
    println!("seed {seed}");
    let (mut chance, mut known, mut answered) = (Chance(seed), Known::default(), Vec::new());
    let (start, mut killed_early, mut while_ending) = (Instant::now(), 0, 0);
    let pid = std::process::id().to_string();
    for round in 0..rounds() {
        // One in three is killed while it looks after what the last one left.
        if round % 3 == 2 {
            let mut agent = Agent::spawn(dir.path(), config, |_| {});
            std::thread::sleep(Duration::from_micros(chance.below(60_000)));
            agent.kill();
            killed_early += 1;
            known.look(&agent.folder());
        }
        let mut agent = Agent::start(dir.path(), config);
        known.check(&agent.folder(), &answered);
        for scope in [&["--node"][..], &["--pid", &pid]] {
            assert!(Command::new("true").status().unwrap().success());
            let answer = agent.trigger(scope);
            answered.push(
                answer["capture"]
                    .as_str()
                    .unwrap_or_else(|| panic!("{answer}"))
                    .to_owned(),
            );
        }
        // Right behind the answer, within the time of the capture, or around its end.
        let wait = match round % 4 {
            0 => chance.below(3_000),
            1 => chance.below(250_000),
            2 => 240_000 + chance.below(60_000),
            _ => {
                // Sealed, and its side-car does not say so yet.
                let part = agent
                    .folder()
                    .join(format!("{}.scap.part", answered[answered.len() - 1]));
                let side = part.with_extension("").with_extension("json");
                let began = Instant::now();
                while part.exists() && began.elapsed() < Duration::from_secs(5) {
                    std::thread::yield_now();
                }
                let running = std::fs::read_to_string(&side)
                    .unwrap_or_default()
                    .contains("\"running\"");
                while_ending += usize::from(running);
                0
            }
        };
        std::thread::sleep(Duration::from_micros(wait));
        agent.kill();
        known.look(&agent.folder());
    }
    let agent = Agent::start(dir.path(), config);
    known.check(&agent.folder(), &answered);
    println!(
        "{} rounds in {:?}: {} captures, {:?}; {killed_early} agents killed while they began, {while_ending} between file and side-car",
        rounds(),
        start.elapsed(),
        known.sealed.len(),
        known.results
    );
    assert_eq!(answered.len() as u64, 2 * rounds());
    assert!(known.results["interrupted"] > 0);
    // The socket of the last one works.
    assert!(ask(dir.path(), "status", &[]).status.success());
}
