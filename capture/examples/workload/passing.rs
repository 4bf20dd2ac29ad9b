//! Descriptors and directories that come from elsewhere, or are had in common: `workload passing DIR`.
//!
//! What is open is told by marks, as in `descriptors`. What a single number is, `look` writes down: a line in the file
//! `looks`, and a call that has the line's number as its argument.

use crate::descriptors::{done, mark, own, parent};
use std::ffi::{CString, c_void};
use std::fs::File;
use std::io::Write;
use std::mem::{size_of_val, zeroed};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

/// How many times this process has looked.
static LOOKS: AtomicI64 = AtomicI64::new(0);

/// What a look needs wherever the process may be: /proc as it was at the beginning, and where the lines go.
struct Desk {
    proc: i32,
    looks: Mutex<File>,
}

impl Desk {
    fn link(&self, path: &str) -> String {
        let path = CString::new(path).unwrap();
        let mut out = [0u8; 4096];
        // SAFETY: the buffer is as long as it says, the path ends with NUL.
        let len = unsafe { libc::readlinkat(self.proc, path.as_ptr(), out.as_mut_ptr().cast(), out.len()) };
        String::from_utf8(out[..done(len as i32) as usize].to_vec()).unwrap()
    }

    /// Writes down what `fd` is and where this thread is, then makes the call that says which line that was.
    fn look(&self, fd: i32, known: bool) {
        // SAFETY: the call takes nothing.
        let tid = unsafe { libc::gettid() };
        // Children go on counting where they began: with the thread it is one of its kind.
        let number = i64::from(tid) << 8 | LOOKS.fetch_add(1, Ordering::Relaxed) & 0xff;
        let cwd = self.link(&format!("{tid}/cwd"));
        let target = self.link(&format!("{tid}/fd/{fd}"));
        let line = serde_json::json!({"look": number, "tid": tid, "cwd": cwd, "target": target, "known": known});
        writeln!(self.looks.lock().unwrap(), "{line}").unwrap();
        // SAFETY: the call takes numbers; where it cannot seek it fails.
        unsafe { libc::lseek(fd, number, libc::SEEK_SET) };
    }
}

pub(crate) fn run(words: &[&str]) -> bool {
    let ["passing", dir] = words else { return false };
    let dir = Path::new(dir);
    let desk = Desk {
        proc: open(Path::new("/proc"), libc::O_DIRECTORY),
        looks: Mutex::new(File::create(dir.join("looks")).unwrap()),
    };
    for folder in ["inner", "other", "root/sub", "mounted"] {
        std::fs::create_dir_all(dir.join(folder)).unwrap();
    }
    mark(dir, "begin", &[own()]);
    rights(dir, &desk);
    taken(dir, &desk);
    common_table(dir, &desk);
    table_of_a_thread(dir, &desk);
    common_directory(dir, &desk);
    roots(dir, &desk);
    close_on_exec(dir);
    by_ioctl(&desk);
    mark(dir, "end", &[own()]);
    true
}

fn open(path: &Path, flags: i32) -> i32 {
    open_at(libc::AT_FDCWD, path.to_str().unwrap(), flags)
}

fn open_at(at: i32, path: &str, flags: i32) -> i32 {
    let path = CString::new(path).unwrap();
    // SAFETY: the path ends with NUL.
    done(unsafe { libc::openat(at, path.as_ptr(), flags, 0o600) })
}

/// A child made with these flags, which does `work` and ends with its result; the result.
fn child(flags: i32, work: impl FnOnce() -> i32) -> i32 {
    // SAFETY: as fork, but for what the flags say; the child ends without returning.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags | libc::SIGCHLD, 0, 0, 0, 0) } as i32;
    if done(pid) == 0 {
        let result = work();
        // SAFETY: the child ends here.
        unsafe { libc::_exit(result) };
    }
    let mut status = 0;
    // SAFETY: our own child, and a place for its status.
    assert_eq!(done(unsafe { libc::waitpid(pid, &mut status, 0) }), pid);
    assert!(libc::WIFEXITED(status), "status {status:#x}");
    libc::WEXITSTATUS(status)
}

fn pair() -> [i32; 2] {
    let mut ends = [0; 2];
    // SAFETY: a place for two numbers.
    done(unsafe { libc::socketpair(libc::AF_UNIX, libc::SOCK_DGRAM, 0, ends.as_mut_ptr()) });
    ends
}

/// Room for control messages, aligned as they must be.
#[repr(C, align(8))]
struct Control([u8; 256]);

fn send(socket: i32, fds: &[i32]) {
    let mut byte = 7u8;
    let mut iov = libc::iovec {
        iov_base: (&raw mut byte).cast(),
        iov_len: 1,
    };
    let mut control = Control([0; 256]);
    // SAFETY: all that the header points to lives until the call returns; the control message fits its room.
    unsafe {
        let mut header: libc::msghdr = zeroed();
        (header.msg_iov, header.msg_iovlen) = (&raw mut iov, 1);
        header.msg_control = (&raw mut control).cast();
        header.msg_controllen = libc::CMSG_SPACE(size_of_val(fds) as u32) as usize;
        let message = libc::CMSG_FIRSTHDR(&raw const header);
        (*message).cmsg_level = libc::SOL_SOCKET;
        (*message).cmsg_type = libc::SCM_RIGHTS;
        (*message).cmsg_len = libc::CMSG_LEN(size_of_val(fds) as u32) as usize;
        std::ptr::copy_nonoverlapping(fds.as_ptr(), libc::CMSG_DATA(message).cast(), fds.len());
        assert_eq!(libc::sendmsg(socket, &raw const header, 0), 1);
    }
}

/// The descriptors of one message, received with recvmsg, or of two with one recvmmsg.
fn receive(socket: i32, messages: usize) -> Vec<i32> {
    let mut bytes = [[0u8; 8]; 2];
    let mut iovs = bytes.each_mut().map(|bytes| libc::iovec {
        iov_base: bytes.as_mut_ptr().cast::<c_void>(),
        iov_len: bytes.len(),
    });
    let mut controls = [Control([0; 256]), Control([0; 256])];
    let mut fds = Vec::new();
    // SAFETY: all that the headers point to lives until the calls return, and the kernel says how far it filled it.
    unsafe {
        let mut headers: [libc::mmsghdr; 2] = zeroed();
        for ((header, iov), control) in headers.iter_mut().zip(&mut iovs).zip(&mut controls) {
            (header.msg_hdr.msg_iov, header.msg_hdr.msg_iovlen) = (iov, 1);
            header.msg_hdr.msg_control = (&raw mut *control).cast();
            header.msg_hdr.msg_controllen = size_of_val(control);
        }
        if messages == 1 {
            assert_eq!(libc::recvmsg(socket, &raw mut headers[0].msg_hdr, 0), 1);
        } else {
            let got = libc::recvmmsg(socket, headers.as_mut_ptr(), 2, 0, std::ptr::null_mut());
            assert_eq!(got as usize, messages);
        }
        for header in headers.iter().take(messages) {
            let message = libc::CMSG_FIRSTHDR(&raw const header.msg_hdr);
            let count = ((*message).cmsg_len - libc::CMSG_LEN(0) as usize) / 4;
            let data = libc::CMSG_DATA(message).cast::<i32>();
            fds.extend((0..count).map(|at| data.add(at).read_unaligned()));
        }
    }
    fds
}

/// Descriptors in messages: files, both ends of a pipe and of a pair, a connection.
fn rights(dir: &Path, desk: &Desk) {
    let [near, far] = pair();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let mut pipe = [0; 2];
    // SAFETY: a place for two numbers.
    done(unsafe { libc::pipe(pipe.as_mut_ptr()) });
    desk.look(pipe[0], true);
    desk.look(near, true);
    let result = child(0, || {
        // Nothing but the socket is the child's when the messages come.
        // SAFETY: the numbers are not used any more.
        unsafe {
            for fd in [pipe[0], pipe[1], client.as_raw_fd(), listener.as_raw_fd()] {
                libc::close(fd);
            }
        }
        let in_parent = child(0, || {
            let passed = open(&dir.join("passed"), libc::O_CREAT | libc::O_RDWR);
            let twice = open(&dir.join("twice"), libc::O_CREAT | libc::O_RDWR);
            send(near, &[passed, near]);
            send(near, &[twice]);
            send(near, &[passed, twice]);
            0
        });
        assert_eq!(in_parent, 0);
        let mut got = receive(far, 1);
        got.extend(receive(far, 2));
        assert_eq!(got.len(), 5);
        for fd in &got {
            desk.look(*fd, true);
        }
        mark(dir, "received", &[own(), parent()]);
        0
    });
    assert_eq!(result, 0);
    send(near, &[pipe[1], client.as_raw_fd(), listener.as_raw_fd()]);
    for fd in receive(far, 1) {
        desk.look(fd, true);
    }
    mark(dir, "received here", &[own()]);
}

/// A child takes a descriptor of its parent's.
fn taken(dir: &Path, desk: &Desk) {
    let kept = open(&dir.join("kept"), libc::O_CREAT | libc::O_RDWR);
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let result = child(0, || {
        // SAFETY: the calls take numbers only.
        unsafe {
            let pidfd = done(libc::syscall(libc::SYS_pidfd_open, parent(), 0) as i32);
            libc::close(kept);
            for fd in [kept, socket.as_raw_fd()] {
                let fd = libc::syscall(libc::SYS_pidfd_getfd, pidfd, fd, 0) as i32;
                desk.look(done(fd), true);
            }
        }
        mark(dir, "taken", &[own(), parent()]);
        0
    });
    assert_eq!(result, 0);
}

/// Processes with one table of descriptors.
fn common_table(dir: &Path, desk: &Desk) {
    let closed = open(&dir.join("closed by the child"), libc::O_CREAT | libc::O_RDWR);
    let opened = child(libc::CLONE_FILES, || {
        let opened = open(&dir.join("opened by the child"), libc::O_CREAT | libc::O_RDWR);
        // SAFETY: the number is not used any more.
        unsafe { libc::close(closed) };
        mark(dir, "common", &[own(), parent()]);
        // Its own from here on.
        // SAFETY: the call takes numbers only.
        done(unsafe { libc::unshare(libc::CLONE_FILES) });
        desk.look(open(&dir.join("not common"), libc::O_CREAT | libc::O_RDWR), true);
        mark(dir, "not common any more", &[own(), parent()]);
        opened
    });
    desk.look(opened, true);
    mark(dir, "after the child", &[own()]);
    let opened = child(libc::CLONE_FILES, || {
        // SAFETY: the call takes numbers only: what is closed is the child's.
        done(unsafe { libc::syscall(libc::SYS_close_range, opened, opened, libc::CLOSE_RANGE_UNSHARE) } as i32);
        mark(dir, "parted by close_range", &[own(), parent()]);
        opened
    });
    desk.look(opened, true);
    // An exec parts, too.
    let exe = CString::new(std::env::current_exe().unwrap().into_os_string().into_encoded_bytes()).unwrap();
    let argument = CString::new(dir.as_os_str().as_encoded_bytes()).unwrap();
    child(libc::CLONE_FILES, || {
        execute(&exe, &[c"mark", &argument, c"parted by exec"]);
    });
    desk.look(opened, true);
}

/// Executes; returns where that fails.
fn execute(exe: &CString, words: &[&std::ffi::CStr]) -> ! {
    let mut argv = vec![exe.as_ptr()];
    argv.extend(words.iter().map(|word| word.as_ptr()));
    argv.push(std::ptr::null());
    // SAFETY: the words live, and the list ends with a null.
    unsafe {
        libc::execv(exe.as_ptr(), argv.as_ptr());
        libc::_exit(99)
    }
}

/// A thread with a table of its own: the same number is another file.
fn table_of_a_thread(dir: &Path, desk: &Desk) {
    let opened = |name: &str| open(&dir.join(name), libc::O_CREAT | libc::O_RDWR);
    let (to, from) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            // SAFETY: the call takes numbers only.
            done(unsafe { libc::unshare(libc::CLONE_FILES) });
            let fd = opened("of the thread");
            to.send(fd).unwrap();
            desk.look(fd, true);
        });
        let expected = from.recv().unwrap();
        let fd = opened("of the first thread");
        assert_eq!(fd, expected);
        thread.join().unwrap();
        desk.look(fd, true);
    });
    mark(dir, "after the thread", &[own()]);
}

/// Processes with one directory.
fn common_directory(dir: &Path, desk: &Desk) {
    std::env::set_current_dir(dir).unwrap();
    let here = open(dir, libc::O_DIRECTORY);
    let result = child(libc::CLONE_FS, || {
        std::env::set_current_dir("inner").unwrap();
        desk.look(here, true);
        0
    });
    assert_eq!(result, 0);
    desk.look(here, true);
    desk.look(open_at(libc::AT_FDCWD, "relative", libc::O_CREAT | libc::O_RDWR), true);
    child(libc::CLONE_FS, || {
        // SAFETY: the call takes numbers only.
        done(unsafe { libc::unshare(libc::CLONE_FS) });
        std::env::set_current_dir(dir.join("other")).unwrap();
        desk.look(here, true);
        0
    });
    desk.look(here, true);
    // Where a link leads to, and where a descriptor is.
    std::os::unix::fs::symlink(dir.join("other"), dir.join("link")).unwrap();
    std::env::set_current_dir(dir.join("link")).unwrap();
    desk.look(here, true);
    // SAFETY: the call takes a number.
    done(unsafe { libc::fchdir(here) });
    desk.look(here, true);
}

/// Other roots and mounts.
fn roots(dir: &Path, desk: &Desk) {
    let outside = open(&dir.join("other"), libc::O_DIRECTORY);
    let inside = open(&dir.join("root/sub"), libc::O_DIRECTORY);
    let root = CString::new(dir.join("root").into_os_string().into_encoded_bytes()).unwrap();
    let result = child(0, || {
        // SAFETY: the path ends with NUL.
        done(unsafe { libc::chroot(root.as_ptr()) });
        for at in [inside, outside] {
            desk.look(open_at(at, "file", libc::O_CREAT | libc::O_RDWR), true);
        }
        std::env::set_current_dir("/sub").unwrap();
        desk.look(open_at(libc::AT_FDCWD, "relative", libc::O_CREAT | libc::O_RDWR), true);
        0
    });
    assert_eq!(result, 0);
    let mounted = CString::new(dir.join("mounted").into_os_string().into_encoded_bytes()).unwrap();
    let result = child(0, || {
        // SAFETY: names and paths end with NUL.
        unsafe {
            done(libc::unshare(libc::CLONE_NEWNS));
            let none = std::ptr::null();
            done(libc::mount(
                none,
                c"/".as_ptr(),
                none,
                libc::MS_REC | libc::MS_PRIVATE,
                none.cast(),
            ));
            done(libc::mount(
                c"none".as_ptr(),
                mounted.as_ptr(),
                c"tmpfs".as_ptr(),
                0,
                none.cast(),
            ));
        }
        let at = open(&dir.join("mounted"), libc::O_DIRECTORY);
        desk.look(open_at(at, "file", libc::O_CREAT | libc::O_RDWR), true);
        desk.look(open_at(outside, "file", libc::O_CREAT | libc::O_RDWR), true);
        0
    });
    assert_eq!(result, 0);
}

/// What an exec closes, whatever told it to.
fn close_on_exec(dir: &Path) {
    let exe = CString::new(std::env::current_exe().unwrap().into_os_string().into_encoded_bytes()).unwrap();
    let argument = CString::new(dir.as_os_str().as_encoded_bytes()).unwrap();
    child(0, || {
        // SAFETY: the calls take numbers and names; the numbers are this process's.
        unsafe {
            let marked = open(&dir.join("marked by ioctl"), libc::O_CREAT | libc::O_RDWR);
            done(libc::ioctl(marked, libc::FIOCLEX));
            let unmarked = open(
                &dir.join("unmarked by ioctl"),
                libc::O_CREAT | libc::O_RDWR | libc::O_CLOEXEC,
            );
            done(libc::ioctl(unmarked, libc::FIONCLEX));
            done(libc::memfd_create(c"closed".as_ptr(), libc::MFD_CLOEXEC));
            done(libc::memfd_create(c"kept".as_ptr(), 0));
            done(libc::eventfd(0, libc::EFD_CLOEXEC));
            done(libc::syscall(libc::SYS_pidfd_open, own(), 0) as i32);
            done(libc::socket(libc::AF_UNIX, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0));
        }
        mark(dir, "before the exec", &[own()]);
        execute(&exe, &[c"mark", &argument, c"executed after ioctl"]);
    });
}

/// A descriptor that nothing tells of.
fn by_ioctl(desk: &Desk) {
    const SIOCGSKNS: libc::c_ulong = 0x894c;
    let [one, _] = pair();
    // SAFETY: the call takes numbers; what it returns is closed once.
    unsafe {
        let namespace = done(libc::ioctl(one, SIOCGSKNS));
        desk.look(namespace, false);
        drop(File::from_raw_fd(namespace));
    }
}
