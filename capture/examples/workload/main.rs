//! Known work for the live tests: does exactly what its arguments say, and nothing else of that kind.
//!
//! `workload count DIR OPENS CONNECTS EXECS` | `workload calls DIR` | `workload write BYTES FILE` | `workload wait` |
//! `workload descriptors DIR wait|slow` | `workload passing DIR` | `workload memfd` | `workload steady DIR RATE`

mod crowd;
mod descriptors;
mod passing;
mod steady;

use std::ffi::CString;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["count", dir, opens, connects, execs] => {
            count(
                Path::new(dir),
                opens.parse().unwrap(),
                connects.parse().unwrap(),
                execs.parse().unwrap(),
            );
        }
        ["calls", dir] => calls(Path::new(dir)),
        ["write", bytes, file] => {
            let mut file = std::fs::File::create(file).unwrap();
            // Noise (xorshift), so that recorded payloads do not compress.
            let mut state = 88_172_645_463_325_252u64;
            for _ in 0..bytes.parse::<usize>().unwrap() / 4096 {
                let mut next = || {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    state.to_le_bytes()
                };
                let block: Vec<u8> = (0..512).flat_map(|_| next()).collect();
                file.write_all(&block).unwrap();
            }
        }
        ["wait"] => {
            // Until standard input ends.
            let _ = std::io::stdin().read(&mut [0]);
        }
        ["nothing"] => {}
        ["memfd"] => memfd(),
        other => assert!(
            crowd::run(other) || descriptors::run(other) || passing::run(other) || steady::run(other),
            "unknown work {args:?}"
        ),
    }
}

/// Executes a copy of this program that has no file.
fn memfd() {
    let program = std::fs::read("/proc/self/exe").unwrap();
    let argv = [c"workload".as_ptr(), c"nothing".as_ptr(), std::ptr::null()];
    // SAFETY: names and arguments are valid, the buffer is as long as it says.
    unsafe {
        let fd = libc::memfd_create(c"secret".as_ptr(), 0);
        assert_eq!(
            libc::write(fd, program.as_ptr().cast(), program.len()),
            program.len() as isize
        );
        let flags = libc::AT_EMPTY_PATH;
        libc::syscall(
            libc::SYS_execveat,
            fd,
            c"".as_ptr(),
            argv.as_ptr(),
            &raw const argv[2],
            flags,
        );
    }
    panic!("{}", std::io::Error::last_os_error());
}

fn count(dir: &Path, opens: u32, connects: u32, execs: u32) {
    for at in 0..opens {
        drop(std::fs::File::create(dir.join(format!("opened-{at}"))).unwrap());
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        for _ in 0..connects {
            drop(listener.accept().unwrap());
        }
    });
    for _ in 0..connects {
        drop(TcpStream::connect(address).unwrap());
    }
    server.join().unwrap();
    for _ in 0..execs {
        assert!(
            Command::new("/proc/self/exe")
                .arg("nothing")
                .status()
                .unwrap()
                .success()
        );
    }
}

/// One call of each decoded kind, through `syscall` so that the library cannot choose another one.
fn calls(dir: &Path) {
    std::env::set_current_dir(dir).unwrap();
    let c = |text: &str| CString::new(text).unwrap();
    let call = |nr: i64, args: [i64; 6]| -> i64 {
        // SAFETY: every pointer below belongs to a value that lives until the end of its statement or longer.
        unsafe { libc::syscall(nr, args[0], args[1], args[2], args[3], args[4], args[5]) }
    };
    let p = |text: &CString| text.as_ptr() as i64;
    let cwd = i64::from(libc::AT_FDCWD);
    let (a, b, d, missing) = (c("file-a"), c("file-b"), c("dir-d"), c("missing"));

    let fd = call(libc::SYS_creat, [p(&a), 0o640, 0, 0, 0, 0]);
    assert!(fd >= 0);
    assert_eq!(
        call(libc::SYS_write, [fd, c("written bytes").as_ptr() as i64, 13, 0, 0, 0]),
        13
    );
    assert_eq!(call(libc::SYS_close, [fd, 0, 0, 0, 0, 0]), 0);
    let fd = call(libc::SYS_open, [p(&a), i64::from(libc::O_RDONLY), 0, 0, 0, 0]);
    let mut buffer = [0u8; 64];
    assert_eq!(call(libc::SYS_read, [fd, buffer.as_mut_ptr() as i64, 64, 0, 0, 0]), 13);
    let copy = call(libc::SYS_dup, [fd, 0, 0, 0, 0, 0]);
    assert_eq!(
        call(libc::SYS_pread64, [copy, buffer.as_mut_ptr() as i64, 4, 2, 0, 0]),
        4
    );
    let how = [0u64, 0, 0];
    let fd2 = call(libc::SYS_openat2, [cwd, p(&a), how.as_ptr() as i64, 24, 0, 0]);
    assert!(fd2 >= 0);
    assert_eq!(call(libc::SYS_openat, [cwd, p(&missing), 0, 0, 0, 0]), -1);
    assert_eq!(call(libc::SYS_mkdir, [p(&d), 0o755, 0, 0, 0, 0]), 0);
    let dir_fd = call(libc::SYS_openat, [cwd, p(&d), i64::from(libc::O_DIRECTORY), 0, 0, 0]);
    let inner = call(
        libc::SYS_openat,
        [dir_fd, p(&b), i64::from(libc::O_CREAT | libc::O_WRONLY), 0o600, 0, 0],
    );
    assert!(inner >= 0);
    assert_eq!(call(libc::SYS_fchdir, [dir_fd, 0, 0, 0, 0, 0]), 0);
    assert_eq!(call(libc::SYS_rename, [p(&b), p(&a), 0, 0, 0, 0]), 0);
    assert_eq!(call(libc::SYS_chdir, [p(&c("..")), 0, 0, 0, 0, 0]), 0);
    assert_eq!(call(libc::SYS_link, [p(&a), p(&b), 0, 0, 0, 0]), 0);
    assert_eq!(call(libc::SYS_symlink, [p(&a), p(&c("soft")), 0, 0, 0, 0]), 0);
    assert_eq!(call(libc::SYS_chmod, [p(&a), 0o755, 0, 0, 0, 0]), 0);
    assert_eq!(call(libc::SYS_chown, [p(&a), 1234, 4321, 0, 0, 0]), 0);
    assert_eq!(call(libc::SYS_unlink, [p(&b), 0, 0, 0, 0, 0]), 0);
    assert_eq!(call(libc::SYS_unlinkat, [cwd, p(&missing), 0, 0, 0, 0]), -1);

    let mut pair = [0i32; 2];
    assert_eq!(
        call(
            libc::SYS_pipe2,
            [pair.as_mut_ptr() as i64, i64::from(libc::O_CLOEXEC), 0, 0, 0, 0]
        ),
        0
    );
    assert_eq!(
        call(
            libc::SYS_write,
            [pair[1].into(), c("through a pipe").as_ptr() as i64, 14, 0, 0, 0]
        ),
        14
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    client.write_all(b"over the wire").unwrap();
    let _ = server.read(&mut buffer).unwrap();
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.send_to(b"datagram", "127.0.0.9:99").unwrap();
    messages(&udp);

    message(&client);

    // A directory is the process's, whichever thread changes it.
    std::thread::spawn(|| std::env::set_current_dir("dir-d").unwrap())
        .join()
        .unwrap();
    assert!(
        call(
            libc::SYS_open,
            [p(&c("in-d")), i64::from(libc::O_CREAT | libc::O_WRONLY), 0o600, 0, 0, 0]
        ) >= 0
    );

    let pid = i64::from(std::process::id());
    assert_eq!(call(libc::SYS_kill, [pid, 0, 0, 0, 0, 0]), 0);
    assert_eq!(
        call(
            libc::SYS_ptrace,
            [i64::from(libc::PTRACE_ATTACH), 0x7fff_fff0, 0, 0, 0, 0]
        ),
        -1
    );
    let tmpfs = c("tmpfs");
    assert_eq!(
        call(
            libc::SYS_mount,
            [p(&c("none")), p(&c("nowhere")), p(&tmpfs), libc::MS_RDONLY as i64, 0, 0]
        ),
        -1
    );
    assert_eq!(
        call(
            libc::SYS_prctl,
            [libc::PR_SET_NAME.into(), p(&c("renamed")), 0, 0, 0, 0]
        ),
        0
    );
    assert_eq!(call(libc::SYS_getpriority, [0, 0, 0, 0, 0, 0]), 20);
    assert_eq!(call(libc::SYS_setresgid, [-1, 4321, -1, 0, 0, 0]), 0);
    assert_eq!(call(libc::SYS_setuid, [1234, 0, 0, 0, 0, 0]), 0);
}

/// sendmsg over TCP, with data that look like the address of a Unix socket.
fn message(stream: &TcpStream) {
    use std::os::fd::AsRawFd;
    let mut data = *b"\x01\x00/not/an/address\0";
    let mut iov = libc::iovec {
        iov_base: data.as_mut_ptr().cast(),
        iov_len: data.len(),
    };
    // SAFETY: zeros are a valid msghdr; the iovec and its bytes live until the call returns.
    let sent = unsafe {
        let mut header: libc::msghdr = std::mem::zeroed();
        (header.msg_iov, header.msg_iovlen) = (&mut iov, 1);
        libc::sendmsg(stream.as_raw_fd(), &header, 0)
    };
    assert_eq!(sent, data.len() as isize);
}

/// Two datagrams in one call, as resolvers send their questions.
fn messages(udp: &std::net::UdpSocket) {
    use std::os::fd::AsRawFd;
    let mut data = [*b"question A", *b"question B"];
    let mut iovs = data.each_mut().map(|d| libc::iovec {
        iov_base: d.as_mut_ptr().cast(),
        iov_len: d.len(),
    });
    // SAFETY: zeros are valid for these structures; all that they point to lives until the call returns.
    let sent = unsafe {
        let mut address: libc::sockaddr_in = std::mem::zeroed();
        address.sin_family = libc::AF_INET as libc::sa_family_t;
        address.sin_port = 53u16.to_be();
        address.sin_addr.s_addr = u32::from_be_bytes([127, 0, 0, 53]).to_be();
        let mut headers: [libc::mmsghdr; 2] = std::mem::zeroed();
        for (header, iov) in headers.iter_mut().zip(&mut iovs) {
            header.msg_hdr.msg_name = (&raw mut address).cast();
            header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in>() as u32;
            (header.msg_hdr.msg_iov, header.msg_hdr.msg_iovlen) = (iov, 1);
        }
        libc::sendmmsg(udp.as_raw_fd(), headers.as_mut_ptr(), 2, 0)
    };
    assert_eq!(sent, 2);
}
