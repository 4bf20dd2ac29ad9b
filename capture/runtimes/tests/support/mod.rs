//! What the tests of runtimes share: the helper at work, a place of their own for daemons, and an image made here.
#![allow(dead_code, reason = "every test file uses its own part")]
#![allow(unreachable_pub, reason = "a module of tests")]

pub mod containerd;
pub mod image;
pub mod kubelet;
pub mod place;

use afterimage_runtimes::{Answer, Question, Said, Settings, run};
use std::io::{BufRead, BufReader, PipeWriter, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Whether the test `name` can run here; else says that it is skipped, and why.
pub fn can_run(name: &str, programs: &[&str]) -> bool {
    // SAFETY: geteuid has no preconditions.
    if unsafe { libc::geteuid() } != 0 {
        return skip(name, "not root");
    }
    programs.iter().all(|program| {
        let there = Command::new(program)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        there.is_ok() || skip(name, &format!("{program} is not installed"))
    })
}

/// Says that a test is skipped, where `cargo xtask test` collects it.
pub fn skip(name: &str, reason: &str) -> bool {
    println!("SKIPPED: {name}: {reason}");
    if let Some(log) = std::env::var_os("AFTERIMAGE_SKIP_LOG") {
        let mut log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        writeln!(log, "SKIPPED: {name}: {reason}").unwrap();
    }
    false
}

/// Waits up to half a minute.
pub fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(30), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A program's output, which must be a success.
pub fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Settings that look nowhere.
pub fn nowhere() -> Settings {
    Settings {
        sockets: Vec::new(),
        roots: Default::default(),
        discover: false,
        ..Settings::default()
    }
}

/// The helper, as the recorder would run it: questions go into a pipe, answers come out of one.
pub struct Helper {
    questions: Option<PipeWriter>,
    answers: Receiver<Answer>,
    thread: Option<JoinHandle<()>>,
    began: Instant,
}

impl Helper {
    pub fn start(settings: Settings) -> Helper {
        let (input, questions) = std::io::pipe().unwrap();
        let (from, output) = std::io::pipe().unwrap();
        let thread = std::thread::spawn(move || run(&settings, input, output).unwrap());
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(from).lines() {
                let Said::Answer(answer) = serde_json::from_str(&line.unwrap()).unwrap() else {
                    continue;
                };
                if sender.send(*answer).is_err() {
                    return;
                }
            }
        });
        Helper {
            questions: Some(questions),
            answers,
            thread: Some(thread),
            began: Instant::now(),
        }
    }

    pub fn ask(&mut self, key: u64, runtime: &str, id: &str, pid: Option<u32>) {
        let cgroup = pid.map(cgroup).unwrap_or_default();
        let question = Question {
            key,
            id: id.into(),
            runtime: runtime.into(),
            cgroup,
            pid,
        };
        let mut line = serde_json::to_vec(&question).unwrap();
        line.push(b'\n');
        self.questions.as_mut().unwrap().write_all(&line).unwrap();
    }

    /// Bytes that are no question.
    pub fn write(&mut self, bytes: &[u8]) {
        self.questions.as_mut().unwrap().write_all(bytes).unwrap();
    }

    /// The first answer about `key` from now on that is as expected; the others are passed over.
    pub fn wait(&self, what: &str, key: u64, expected: impl Fn(&Answer) -> bool) -> Answer {
        let end = Instant::now() + Duration::from_secs(40);
        let mut others = Vec::new();
        while let Ok(answer) = self.answers.recv_timeout(end.saturating_duration_since(Instant::now())) {
            println!("{:?} {what}: {answer:?}", self.began.elapsed());
            if answer.key == key && expected(&answer) {
                return answer;
            }
            others.push(answer);
        }
        panic!("waited in vain for {what}; there came {others:#?}");
    }

    /// The answer in which nothing is missing.
    pub fn complete(&self, key: u64) -> Answer {
        self.wait("everything", key, |a| a.reason.is_empty() && a.metadata.is_some())
    }

    /// Closes the questions; the helper must end soon.
    pub fn end(mut self) -> Vec<Answer> {
        self.finish();
        self.answers.iter().collect()
    }

    fn finish(&mut self) {
        self.questions = None;
        let Some(thread) = self.thread.take() else { return };
        let began = Instant::now();
        while !thread.is_finished() && began.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(5));
        }
        if !std::thread::panicking() {
            assert!(thread.is_finished(), "the helper does not end");
            thread.join().unwrap();
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Cgroup path of a process.
fn cgroup(pid: u32) -> String {
    let groups = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    let v2 = groups.lines().find_map(|l| l.strip_prefix("0::"));
    v2.unwrap_or_default().to_owned()
}

/// CPU time of this process so far.
pub fn cpu_time() -> Duration {
    // SAFETY: rusage is plain integers, for which zero is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: `usage` is valid for writes.
    assert_eq!(unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) }, 0);
    let time = |t: libc::timeval| Duration::new(t.tv_sec as u64, t.tv_usec as u32 * 1000);
    time(usage.ru_utime) + time(usage.ru_stime)
}
