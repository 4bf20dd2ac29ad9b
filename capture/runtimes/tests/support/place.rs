//! A folder of its own for everything that daemons and containers make. At its end nothing of it is left: processes,
//! mounts, files.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The folder, and what runs in it.
pub struct Place {
    dir: tempfile::TempDir,
    daemons: Vec<Child>,
    /// Run before the daemons are ended: containers are removed by those who made them.
    farewells: Vec<Command>,
    /// A control group at the root of every hierarchy that is removed at the end.
    pub group: Option<String>,
}

impl Place {
    pub fn new() -> Place {
        Place {
            // Paths of sockets are short.
            dir: tempfile::Builder::new().prefix("ai").tempdir_in("/tmp").unwrap(),
            daemons: Vec::new(),
            farewells: Vec::new(),
            group: None,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Starts a daemon and waits until somebody listens at `socket`; its number.
    pub fn daemon(&mut self, mut command: Command, socket: &str) -> usize {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.path("log"))
            .unwrap();
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        self.daemons.push(command.spawn().unwrap());
        let socket = self.path(socket);
        let began = Instant::now();
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "{command:?} does not listen: {}",
                std::fs::read_to_string(self.path("log")).unwrap()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        self.daemons.len() - 1
    }

    /// Ends a daemon as a service manager would.
    pub fn stop(&mut self, daemon: usize) {
        end(&mut self.daemons[daemon]);
    }

    /// Sends a signal to a daemon.
    pub fn signal(&self, daemon: usize, signal: i32) {
        // SAFETY: kill has no memory effects; the child has not been waited for.
        assert_eq!(unsafe { libc::kill(self.daemons[daemon].id() as i32, signal) }, 0);
    }

    /// The control group in each hierarchy.
    fn group_roots(&self) -> Vec<PathBuf> {
        let Some(group) = &self.group else { return Vec::new() };
        let hierarchies = std::fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten();
        hierarchies
            .map(|h| h.path())
            .chain([PathBuf::from("/sys/fs/cgroup"), self.path("hugetlb")])
            .map(|root| root.join(group))
            .collect()
    }

    /// What has to be run before the daemons end.
    pub fn farewell(&mut self, command: Command) {
        self.farewells.push(command);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.path("log")).unwrap_or_default();
            let from = log.len().saturating_sub(6000);
            eprintln!("{}", log.get(from..).unwrap_or_default());
        }
        for command in &mut self.farewells {
            let _ = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
        self.daemons.iter_mut().rev().for_each(end);
        // Containers first, so that no shim is left with one.
        for root in self.group_roots() {
            kill_group(&root);
        }
        // Shims and monitors are nobody's children, but their command lines or folders name this one.
        for pid in processes_of(self.dir.path()) {
            // SAFETY: kill has no memory effects.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        }
        for root in self.group_roots() {
            remove_group(&root);
        }
        for mount in mounts_below(self.dir.path()) {
            let path = CString::new(mount.as_os_str().as_bytes()).unwrap();
            // SAFETY: the path ends with a zero byte.
            unsafe { libc::umount2(path.as_ptr(), libc::MNT_DETACH) };
        }
    }
}

/// Kills what is in a group and below it.
fn kill_group(group: &Path) {
    for below in std::fs::read_dir(group).into_iter().flatten().flatten() {
        if below.file_type().is_ok_and(|t| t.is_dir()) {
            kill_group(&below.path());
        }
    }
    let processes = std::fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    for pid in processes.lines().filter_map(|l| l.parse().ok()).filter(|pid| *pid > 1) {
        // SAFETY: kill has no memory effects.
        unsafe { libc::kill(pid, libc::SIGKILL) };
    }
}

/// Removes a group and all below it; the processes in it have just been killed.
fn remove_group(group: &Path) {
    for below in std::fs::read_dir(group).into_iter().flatten().flatten() {
        if below.file_type().is_ok_and(|t| t.is_dir()) {
            remove_group(&below.path());
        }
    }
    for _ in 0..50 {
        if std::fs::remove_dir(group).is_ok() || !group.exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn end(child: &mut Child) {
    if matches!(child.try_wait(), Ok(Some(_))) {
        return;
    }
    // SAFETY: kill has no memory effects; the child has not been waited for.
    unsafe { libc::kill(child.id() as i32, libc::SIGTERM) };
    let began = Instant::now();
    while matches!(child.try_wait(), Ok(None)) {
        if began.elapsed() > Duration::from_secs(15) {
            let _ = child.kill();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn processes_of(dir: &Path) -> Vec<i32> {
    let dir = dir.as_os_str().as_bytes();
    let names = |pid: i32| {
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let root = std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
        root.as_os_str().as_bytes().starts_with(dir) || command.windows(dir.len()).any(|w| w == dir)
    };
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|f| f.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != std::process::id() as i32 && names(*pid))
        .collect()
}

/// The innermost first.
fn mounts_below(dir: &Path) -> Vec<PathBuf> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mut all: Vec<PathBuf> = mounts
        .lines()
        .filter_map(|l| l.split(' ').nth(4).map(PathBuf::from))
        .filter(|p| p.starts_with(dir))
        .collect();
    all.reverse();
    all
}
