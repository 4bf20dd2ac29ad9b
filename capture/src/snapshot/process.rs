//! Processes.

use super::hierarchy::{hierarchy, path_in};
use super::read::read;
use super::sockets::Sockets;
use crate::state::{named, socket_of};
use afterimage_format::model::{Descriptor, DescriptorType, Role, Text, Thread};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const O_CLOEXEC: u64 = 0o2000000;

fn numbers(dir: &Path) -> impl Iterator<Item = u32> + use<> {
    fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|e| e.file_name().to_str()?.parse().ok())
}

/// Ids of all processes.
pub(crate) fn processes() -> impl Iterator<Item = u32> {
    numbers(Path::new("/proc"))
}

/// Ids of the threads of a process.
pub(crate) fn threads(pid: u32) -> impl Iterator<Item = u32> {
    numbers(&PathBuf::from(format!("/proc/{pid}/task")))
}

/// The parent of a process.
pub(crate) fn parent_of(pid: u32) -> Option<u32> {
    let stat = read(format!("/proc/{pid}/stat")).ok()?;
    let behind = stat.iter().rposition(|b| *b == b')')? + 1;
    let rest = std::str::from_utf8(stat.get(behind..)?).ok()?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

/// The process of a thread.
pub(crate) fn process_of(tid: u32) -> Option<u32> {
    let status = read(format!("/proc/{tid}/status")).ok()?;
    let status = String::from_utf8_lossy(&status);
    status
        .lines()
        .find_map(|line| line.strip_prefix("Tgid:"))?
        .trim()
        .parse()
        .ok()
}

/// Real and effective user of a process.
pub(crate) fn users_of(pid: u32) -> Option<[u32; 2]> {
    let status = read(format!("/proc/{pid}/status")).ok()?;
    let status = String::from_utf8_lossy(&status);
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    let mut ids = line.split_whitespace().map(str::parse);
    Some([ids.next()?.ok()?, ids.next()?.ok()?])
}

/// A thread as /proc shows it, with its cgroup's path; ids of versions and containers are left to the caller. `None`
/// where it is gone, or was when the last of its files was read.
pub(crate) fn thread(pid: u32, tid: u32) -> Option<Thread> {
    let dir = PathBuf::from(format!("/proc/{pid}/task/{tid}"));
    let status = read(dir.join("status")).ok()?;
    let status = String::from_utf8_lossy(&status).into_owned();
    let field = |name: &str| status.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(":\t"));
    let last = |name: &str| field(name)?.split_whitespace().last()?.parse().ok();
    let effective = |name: &str| field(name)?.split_whitespace().nth(1)?.parse().ok();
    let stat = read(dir.join("stat")).ok()?;
    // comm stands in parentheses and may hold any byte, also ")".
    let (open, close) = (
        stat.iter().position(|b| *b == b'(')?,
        stat.iter().rposition(|b| *b == b')')?,
    );
    let rest = String::from_utf8_lossy(&stat[close + 1..]).into_owned();
    let stat_field = |at: usize| rest.split_whitespace().nth(at)?.parse::<i64>().ok();
    let link = |name: &str| {
        fs::read_link(dir.join(name))
            .map(|p| Text::from(p.as_os_str().as_bytes()))
            .unwrap_or_default()
    };
    let cmdline = read(dir.join("cmdline")).unwrap_or_default();
    let cmdline = cmdline.strip_suffix(b"\0").unwrap_or(&cmdline);
    let (exe, args) = match cmdline.iter().position(|b| *b == 0) {
        Some(at) => (&cmdline[..at], &cmdline[at + 1..]),
        None => (cmdline, &[][..]),
    };
    Some(Thread {
        tid,
        pid,
        ppid: field("PPid")?.parse().ok()?,
        vtid: last("NSpid").unwrap_or(0),
        vpid: last("NStgid").unwrap_or(0),
        sid: stat_field(3).unwrap_or(0) as u32,
        tty: stat_field(4).unwrap_or(0) as u32,
        uid: effective("Uid").unwrap_or(u32::MAX),
        gid: effective("Gid").unwrap_or(u32::MAX),
        loginuid: read(dir.join("loginuid"))
            .ok()
            .and_then(|t| std::str::from_utf8(&t).ok()?.trim().parse().ok())
            .unwrap_or(u32::MAX),
        comm: stat.get(open + 1..close)?.into(),
        exe: exe.into(),
        exepath: link("exe"),
        args: args.into(),
        cwd: link("cwd"),
        start: start_time(stat_field(19)?),
        cgroup: cgroup(&dir).map(Text::from).unwrap_or_default(),
        ..Thread::default()
    })
}

/// Nanoseconds since the Unix epoch of a start time in clock ticks since boot.
fn start_time(ticks: i64) -> u64 {
    // SAFETY: sysconf has no preconditions.
    let per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) }.max(1);
    let since_boot = ticks as u64 * (1_000_000_000 / per_second as u64);
    let clock = crate::clock::anchor();
    clock.realtime.wrapping_sub(clock.boottime).wrapping_add(since_boot)
}

/// Path of the cgroup v2 of a process; nothing else of it is read.
pub(crate) fn cgroup_of(pid: u32) -> Option<Vec<u8>> {
    cgroup(&PathBuf::from(format!("/proc/{pid}")))
}

fn cgroup(dir: &Path) -> Option<Vec<u8>> {
    let text = read(dir.join("cgroup")).ok()?;
    path_in(&text, hierarchy()?).map(<[u8]>::to_vec)
}

/// The descriptors of a process, as far as it still has them.
pub(crate) fn descriptors(pid: u32, sockets: &mut Sockets) -> Vec<(i32, Descriptor, bool)> {
    let dir = PathBuf::from(format!("/proc/{pid}"));
    let mut out = Vec::new();
    for fd in numbers(&dir.join("fd")) {
        let Ok(target) = fs::read_link(dir.join(format!("fd/{fd}"))) else {
            continue;
        };
        let info = read(dir.join(format!("fdinfo/{fd}"))).unwrap_or_default();
        let info = String::from_utf8_lossy(&info);
        let flags = info.lines().find_map(|l| l.strip_prefix("flags:"));
        let flags = flags.and_then(|f| u64::from_str_radix(f.trim(), 8).ok()).unwrap_or(0);
        let descriptor = describe(target.as_os_str().as_bytes(), pid, sockets);
        out.push((fd as i32, descriptor, flags & O_CLOEXEC != 0));
    }
    out
}

/// A descriptor from what its link in /proc/PID/fd says.
fn describe(target: &[u8], pid: u32, sockets: &mut Sockets) -> Descriptor {
    let text = String::from_utf8_lossy(target).into_owned();
    let inode = |prefix: &str| text.strip_prefix(prefix)?.strip_suffix(']')?.parse::<u64>().ok();
    if let Some(inode) = inode("socket:[") {
        return match sockets.find(pid, inode) {
            Some((socket, path)) => {
                let mut out = socket_of(&socket, Role::Unknown);
                out.ino = inode;
                if !path.is_empty() {
                    out.name = path;
                }
                out
            }
            None => Descriptor {
                ino: inode,
                ..named(DescriptorType::Socket, Vec::new())
            },
        };
    }
    if let Some(inode) = inode("pipe:[") {
        return Descriptor {
            ino: inode,
            ..named(DescriptorType::Pipe, text.into_bytes())
        };
    }
    let ty = match text.strip_prefix("anon_inode:") {
        Some("[eventfd]") => DescriptorType::Event,
        Some("[eventpoll]") => DescriptorType::Eventpoll,
        Some("[signalfd]") => DescriptorType::Signalfd,
        Some("[timerfd]") => DescriptorType::Timerfd,
        Some("[pidfd]") => DescriptorType::Pidfd,
        Some("[io_uring]") => DescriptorType::IoUring,
        Some("[userfaultfd]") => DescriptorType::Userfaultfd,
        Some("inotify" | "[fanotify]") => DescriptorType::Inotify,
        Some(other) if other.starts_with("bpf") => DescriptorType::Bpf,
        Some(_) => DescriptorType::Unknown,
        None if text.starts_with("pidfd:") || text.starts_with("/pidfd:") => DescriptorType::Pidfd,
        None if text.starts_with("/memfd:") => DescriptorType::Memfd,
        None => DescriptorType::File,
    };
    named(ty, target.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_very_process() {
        let pid = std::process::id();
        let me = thread(pid, pid).unwrap();
        assert_eq!((me.tid, me.pid), (pid, pid));
        assert_eq!(*me.exepath, *std::env::current_exe().unwrap().as_os_str().as_bytes());
        assert_eq!(*me.cwd, *std::env::current_dir().unwrap().as_os_str().as_bytes());
        let age = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64 - me.start;
        assert!(age < 600_000_000_000, "started {age} ns ago");

        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let file = fs::File::open("/proc/self/status").unwrap();
        let fds = descriptors(pid, &mut Sockets::default());
        let find = |name: &str| fds.iter().find(|(_, d, _)| d.name == name.as_bytes());
        let (_, socket, cloexec) = find(&format!("127.0.0.1:{port}")).expect("the listening socket");
        assert_eq!((socket.ty, *cloexec), (DescriptorType::Ipv4, true));
        assert!(find(&format!("/proc/{pid}/status")).is_some());
        drop(file);
    }

    #[test]
    fn who_is_gone_is_none() {
        assert!(thread(u32::MAX, u32::MAX).is_none());
        assert!(descriptors(u32::MAX, &mut Sockets::default()).is_empty());
    }
}
