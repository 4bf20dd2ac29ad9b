//! The calls that are raced, each with the question what it really did.

use super::Shared;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::Ordering;

/// Runs `rounds` of a call; returns a letter each.
pub(crate) fn run(shared: &Shared, dir: &Path, call: &str, rounds: u32) -> String {
    let one: fn(&Shared, &Path, u32) -> char = match call {
        "open" => open,
        "unlink" => unlink,
        "rename" => rename,
        "chmod" => chmod,
        "bind" => bind,
        "connect" => connect,
        "accept" => return accept(shared, rounds),
        "execve" => execve,
        other => panic!("unknown call {other}"),
    };
    prepare(dir, call);
    (0..rounds).map(|round| one(shared, dir, round)).collect()
}

fn prepare(dir: &Path, call: &str) {
    for name in ["a", "b"] {
        let path = dir.join(name);
        match call {
            "bind" => {}
            "execve" => {
                std::fs::copy(std::env::current_exe().unwrap(), path).unwrap();
            }
            "connect" => std::mem::forget(std::os::unix::net::UnixDatagram::bind(path).unwrap()),
            _ => std::fs::write(path, name).unwrap(),
        }
    }
}

/// `DIR/a`; for a racer that waits `DIR/link/././…/a`, which takes the kernel long to walk, and a link that was not
/// walked yet.
fn name(shared: &Shared, dir: &Path, long: bool) -> Vec<u8> {
    let mut name = dir.as_os_str().as_bytes().to_vec();
    if shared.waits.load(Ordering::Relaxed) {
        let times = [
            libc::timespec { tv_sec: 0, tv_nsec: 0 },
            libc::timespec {
                tv_sec: 0,
                tv_nsec: libc::UTIME_OMIT,
            },
        ];
        let link = raw(&dir.join("link"));
        // SAFETY: a valid name and two times.
        let reset =
            unsafe { libc::utimensat(libc::AT_FDCWD, link.as_ptr(), times.as_ptr(), libc::AT_SYMLINK_NOFOLLOW) };
        assert_eq!(reset, 0);
        name.extend_from_slice(b"/link");
        while long && name.len() < 3800 {
            name.extend_from_slice(b"/.");
        }
    }
    name.extend_from_slice(b"/a");
    name
}

/// A name in the shared text; where its last byte is.
fn text(shared: &Shared, dir: &Path) -> usize {
    let name = name(shared, dir, true);
    shared.fill(&shared.text, &name);
    name.len() - 1
}

fn raw(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).unwrap()
}

/// Calls with the shared text and two more arguments, raced; the kernel's result.
fn raced(shared: &Shared, dir: &Path, nr: i64, second: i64, third: i64) -> i64 {
    let last = text(shared, dir);
    shared.begin(&shared.text, last);
    // SAFETY: the name ends with a NUL inside of the text.
    let result = unsafe { libc::syscall(nr, shared.text.as_ptr(), second, third) };
    shared.end();
    result
}

fn letter(is_a: bool) -> char {
    if is_a { 'a' } else { 'b' }
}

fn open(shared: &Shared, dir: &Path, _: u32) -> char {
    let fd = raced(shared, dir, libc::SYS_open, 0, 0) as i32;
    assert!(fd >= 0);
    let mut byte = 0u8;
    // SAFETY: `byte` has room for one; the descriptor is this function's own.
    unsafe {
        assert_eq!(libc::read(fd, (&raw mut byte).cast(), 1), 1);
        libc::close(fd);
    }
    char::from(byte)
}

fn unlink(shared: &Shared, dir: &Path, _: u32) -> char {
    assert_eq!(raced(shared, dir, libc::SYS_unlink, 0, 0), 0);
    let is_a = !dir.join("a").exists();
    std::fs::write(dir.join(if is_a { "a" } else { "b" }), "").unwrap();
    letter(is_a)
}

fn rename(shared: &Shared, dir: &Path, _: u32) -> char {
    let away = raw(&dir.join("c"));
    assert_eq!(raced(shared, dir, libc::SYS_rename, away.as_ptr() as i64, 0), 0);
    let is_a = !dir.join("a").exists();
    // By another call, so that those that are raced can be told from it.
    let back = raw(&dir.join(if is_a { "a" } else { "b" }));
    // SAFETY: both names are valid.
    unsafe {
        libc::syscall(
            libc::SYS_renameat,
            libc::AT_FDCWD,
            away.as_ptr(),
            libc::AT_FDCWD,
            back.as_ptr(),
        )
    };
    letter(is_a)
}

fn chmod(shared: &Shared, dir: &Path, round: u32) -> char {
    let mode = 0o600 + (round & 0o77);
    for name in ["a", "b"] {
        let path = raw(&dir.join(name));
        // SAFETY: a valid name.
        unsafe { libc::syscall(libc::SYS_fchmodat, libc::AT_FDCWD, path.as_ptr(), 0o700) };
    }
    assert_eq!(raced(shared, dir, libc::SYS_chmod, i64::from(mode), 0), 0);
    letter(dir.join("a").metadata().unwrap().mode() & 0o7777 == mode)
}

/// A Unix address in the shared memory; its length and where its last byte is.
fn unix_address(shared: &Shared, dir: &Path) -> (i64, usize) {
    let mut address = vec![1, 0];
    address.extend(name(shared, dir, false));
    shared.fill(&shared.address, &address);
    (address.len() as i64 + 1, address.len() - 1)
}

fn raced_address(shared: &Shared, dir: &Path, nr: i64) -> i32 {
    // SAFETY: no pointers.
    let fd = unsafe { libc::socket(libc::AF_UNIX, libc::SOCK_DGRAM, 0) };
    let (len, last) = unix_address(shared, dir);
    shared.begin(&shared.address, last);
    // SAFETY: the address is in bounds.
    let result = unsafe { libc::syscall(nr, fd, shared.address.as_ptr(), len) };
    shared.end();
    assert_eq!(result, 0);
    fd
}

fn bind(shared: &Shared, dir: &Path, _: u32) -> char {
    let fd = raced_address(shared, dir, libc::SYS_bind);
    // SAFETY: the descriptor is this function's own.
    unsafe { libc::close(fd) };
    let is_a = dir.join("a").exists();
    std::fs::remove_file(dir.join(if is_a { "a" } else { "b" })).unwrap();
    letter(is_a)
}

fn connect(shared: &Shared, dir: &Path, _: u32) -> char {
    let fd = raced_address(shared, dir, libc::SYS_connect);
    // SAFETY: all zeros is a valid address; the length says how much room there is; the descriptor is its own.
    let (address, len) = unsafe {
        let mut address: libc::sockaddr_un = std::mem::zeroed();
        let mut len = size_of_val(&address) as u32;
        assert_eq!(libc::getpeername(fd, (&raw mut address).cast(), &mut len), 0);
        libc::close(fd);
        (address, len as usize)
    };
    let path = &address.sun_path[..len - 2];
    let end = path.iter().position(|c| *c == 0).unwrap_or(path.len());
    char::from(path[end - 1] as u8)
}

/// Here the kernel writes the address, and the racer changes what it wrote. The letter is that of the peer's port: odd or
/// even.
fn accept(shared: &Shared, rounds: u32) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let one = |_| {
        let client = std::net::TcpStream::connect(address).unwrap();
        let len = 16u32;
        // The lower byte of the port.
        shared.begin(&shared.address, 3);
        // SAFETY: the address has room for more than `len` bytes.
        let fd = unsafe {
            use std::os::fd::AsRawFd;
            libc::syscall(
                libc::SYS_accept,
                listener.as_raw_fd(),
                shared.address.as_ptr(),
                &raw const len,
            )
        };
        shared.end();
        assert!(fd >= 0);
        // SAFETY: the descriptor is this function's own.
        unsafe { libc::close(fd as i32) };
        letter(client.local_addr().unwrap().port() & 1 == 1)
    };
    (0..rounds).map(one).collect()
}

fn execve(shared: &Shared, dir: &Path, _: u32) -> char {
    let last = text(shared, dir);
    let argv = [c"raced".as_ptr(), std::ptr::null()];
    shared.begin(&shared.text, last);
    // SAFETY: the child makes only system calls; the name and the arguments are valid in it.
    let status = unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::syscall(
                libc::SYS_execve,
                shared.text.as_ptr(),
                argv.as_ptr(),
                &raw const argv[1],
            );
            libc::_exit(1);
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(child, &mut status, 0), child);
        status
    };
    shared.end();
    char::from(libc::WEXITSTATUS(status) as u8)
}
