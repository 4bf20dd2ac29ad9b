//! Opens, copies, passes on and closes descriptors. After each step a mark says what is open.
//!
//! A mark is a folder that is made (an event with a time), and then a line in the file `marks` of what /proc/PID/fd says:
//! `{"mark": NAME, "processes": [{"pid": …, "open": {FD: TARGET}, "ends": {FD: [LOCAL, REMOTE]}}]}`.

use serde_json::{Map, Value, json};
use std::ffi::CString;
use std::io::Write;
use std::mem::ManuallyDrop;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// What a command line does: `descriptors DIR`, with a pause between; its children `mark DIR NAME`.
pub(crate) fn run(words: &[&str]) -> bool {
    match words {
        ["descriptors", dir, pause @ ("wait" | "slow")] => all(Path::new(dir), pause),
        ["mark", dir, name] => mark(Path::new(dir), name, &[own(), parent()]),
        _ => return false,
    }
    true
}

pub(crate) fn own() -> u32 {
    std::process::id()
}

pub(crate) fn parent() -> u32 {
    std::os::unix::process::parent_id()
}

/// The result of a call that must not fail.
pub(crate) fn done(result: i32) -> i32 {
    assert!(result >= 0, "{}", std::io::Error::last_os_error());
    result
}

fn all(dir: &Path, pause: &str) {
    let path = |name: &str| CString::new(dir.join(name).into_os_string().into_encoded_bytes()).unwrap();
    mark(dir, "begin", &[own()]);
    let a = std::fs::File::create(dir.join("a")).unwrap();
    let listener = UnixListener::bind(dir.join("unix")).unwrap();
    let client = UnixStream::connect(dir.join("unix")).unwrap();
    let accepted = listener.accept().unwrap();
    let mut pipe = [0; 2];
    // SAFETY: paths and arrays live until their calls return; the numbers are this program's own.
    let (b, epoll) = unsafe {
        let b = done(libc::open(path("b").as_ptr(), libc::O_CREAT | libc::O_RDWR, 0o600));
        done(libc::open(path("").as_ptr(), libc::O_RDONLY | libc::O_DIRECTORY));
        done(libc::eventfd(0, 0));
        let epoll = done(libc::epoll_create1(libc::EPOLL_CLOEXEC));
        done(libc::memfd_create(c"memory".as_ptr(), 0));
        done(libc::pipe2(pipe.as_mut_ptr(), 0));
        (b, epoll)
    };
    mark(dir, "opened", &[own()]);

    // SAFETY: these calls take numbers only.
    unsafe {
        done(libc::dup(a.as_raw_fd()));
        done(libc::dup2(b, 40));
        done(libc::dup3(b, 41, libc::O_CLOEXEC));
        done(libc::fcntl(a.as_raw_fd(), libc::F_DUPFD, 60));
        done(libc::fcntl(a.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 70));
        done(libc::fcntl(40, libc::F_SETFD, libc::FD_CLOEXEC));
    }
    mark(dir, "copied", &[own()]);
    match pause {
        // Until the test says so.
        "wait" => {
            while !dir.join("go").exists() {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        // Longer than keyframes are apart.
        _ => {
            for _ in 0..50 {
                (0..20).for_each(|_| _ = parent());
                std::thread::sleep(Duration::from_millis(200));
            }
        }
    }
    mark(dir, "paused", &[own()]);

    fork(dir, a.as_raw_fd(), b);
    mark(dir, "after the fork", &[own()]);
    let exe = std::env::current_exe().unwrap();
    let spawned = Command::new(&exe).arg("mark").arg(dir).arg("spawned").status();
    assert!(spawned.unwrap().success());

    let listener_ip = TcpListener::bind("127.0.0.1:0").unwrap();
    let client_ip = TcpStream::connect(listener_ip.local_addr().unwrap()).unwrap();
    let accepted_ip = listener_ip.accept().unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.connect("127.0.0.9:99").unwrap();
    let v6 = TcpListener::bind("[::1]:0");
    // SAFETY: the call takes numbers only.
    unsafe { done(libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0)) };
    mark(dir, "connected", &[own()]);

    drop((accepted_ip, listener_ip, v6, accepted, client));
    // SAFETY: the numbers are this program's own, and nothing uses them any more.
    unsafe {
        done(libc::close(pipe[0]));
        done(libc::close(epoll));
        done(libc::syscall(libc::SYS_close_range, 40, 65, 0) as i32);
    }
    mark(dir, "closed", &[own()]);

    let in_thread = dir.join("in-thread");
    let opened = std::thread::spawn(move || std::fs::File::create(in_thread).unwrap().into_raw_fd());
    opened.join().unwrap();
    // SAFETY: the call takes numbers only. It replaces what `b` was.
    unsafe { done(libc::dup2(client_ip.as_raw_fd(), b)) };
    mark(dir, "replaced", &[own()]);
    drop((a, listener, client_ip, udp));
    mark(dir, "end", &[own()]);
}

/// A child that changes its own table, then executes.
fn fork(dir: &Path, a: i32, b: i32) {
    let exe = CString::new(std::env::current_exe().unwrap().into_os_string().into_encoded_bytes()).unwrap();
    let argument = CString::new(dir.as_os_str().as_encoded_bytes()).unwrap();
    // SAFETY: this process has one thread, so that the child may do what it likes; the strings live until exec.
    unsafe {
        let pid = done(libc::fork());
        if pid == 0 {
            mark(dir, "forked", &[own(), parent()]);
            libc::close(a);
            done(libc::dup2(b, 90));
            mark(dir, "changed by the child", &[own(), parent()]);
            let words = [
                exe.as_ptr(),
                c"mark".as_ptr(),
                argument.as_ptr(),
                c"executed".as_ptr(),
                std::ptr::null(),
            ];
            libc::execv(exe.as_ptr(), words.as_ptr());
            libc::_exit(1);
        }
        let mut status = 0;
        assert_eq!((done(libc::waitpid(pid, &mut status, 0)), status), (pid, 0));
    }
}

/// Makes the mark and writes down what is open. The other processes must be waiting for this one.
pub(crate) fn mark(dir: &Path, name: &str, pids: &[u32]) {
    std::fs::create_dir(dir.join(format!("mark-{name}"))).unwrap();
    let processes: Vec<Value> = pids.iter().map(|pid| listed(*pid)).collect();
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(dir.join("marks"))
        .unwrap();
    writeln!(file, "{}", json!({"mark": name, "processes": processes})).unwrap();
}

fn listed(pid: u32) -> Value {
    let (mut open, mut ends) = (Map::new(), Map::new());
    let folder = format!("/proc/{pid}/fd");
    for entry in std::fs::read_dir(&folder).unwrap() {
        let entry = entry.unwrap();
        let target = std::fs::read_link(entry.path()).unwrap().to_str().unwrap().to_string();
        // What lists is open now and was not at the mark.
        if target == folder {
            continue;
        }
        let fd = entry.file_name().to_str().unwrap().to_string();
        if pid == own() && target.starts_with("socket:") {
            ends.extend(addresses(fd.parse().unwrap()).map(|both| (fd.clone(), json!(both))));
        }
        open.insert(fd, target.into());
    }
    json!({"pid": pid, "open": open, "ends": ends})
}

/// Both ends of an IP socket, empty where one is not set.
fn addresses(fd: i32) -> Option<[String; 2]> {
    // SAFETY: the number is open, and dropping nothing closes nothing.
    let socket = unsafe { ManuallyDrop::new(TcpStream::from_raw_fd(fd)) };
    let shown = |end: SocketAddr| {
        if end.port() == 0 {
            String::new()
        } else {
            end.to_string()
        }
    };
    let local = socket.local_addr().ok()?;
    Some([shown(local), socket.peer_addr().map(shown).unwrap_or_default()])
}
