//! Telling systemd how it goes, over the socket that it names (sd_notify(3)).

use std::os::unix::net::UnixDatagram;

/// The socket, connected while that may still be done; nothing where nobody wants to know.
pub(crate) struct Notify(Option<UnixDatagram>);

impl Notify {
    pub(crate) fn connect() -> Notify {
        let Some(path) = std::env::var_os("NOTIFY_SOCKET") else {
            return Notify(None);
        };
        let socket = UnixDatagram::unbound().ok();
        Notify(socket.filter(|socket| connect(socket, &path).is_ok()))
    }

    /// `READY=1`, `STOPPING=1`, …
    pub(crate) fn say(&self, what: &str) {
        if let Some(socket) = &self.0 {
            let fd = std::os::fd::AsRawFd::as_raw_fd(socket);
            // With write, which the recorder may still call when it has confined itself.
            // SAFETY: the descriptor is open and the bytes are there.
            unsafe { libc::write(fd, what.as_ptr().cast(), what.len()) };
        }
    }
}

fn connect(socket: &UnixDatagram, path: &std::ffi::OsStr) -> std::io::Result<()> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    match path.as_bytes().strip_prefix(b"@") {
        Some(name) => socket.connect_addr(&std::os::unix::net::SocketAddr::from_abstract_name(name)?),
        None => socket.connect(path),
    }
}
