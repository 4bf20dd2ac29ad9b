//! moto, which speaks S3: `pip install 'moto[server]'`.

use super::http;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) struct Moto {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Moto {
    /// A port that is free now.
    pub(crate) fn port() -> u16 {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port()
    }

    /// Starts it with a bucket `captures`; `None`: it is not installed.
    pub(crate) fn start(port: u16) -> Option<Moto> {
        let program = std::env::var("AFTERIMAGE_MOTO").unwrap_or_else(|_| "moto_server".to_owned());
        let mut child = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let address = (Ipv4Addr::LOCALHOST, port).into();
        let until = Instant::now() + Duration::from_secs(30);
        while Instant::now() < until {
            // A name without what it stands for ends at once.
            if child.try_wait().ok()?.is_some() {
                return None;
            }
            if let Ok(response) = http::try_request(address, "PUT", "/captures", &[], b"") {
                assert_eq!(response.status, 200, "{response:?}");
                return Some(Moto { child, address });
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = child.kill();
        let _ = child.wait();
        None
    }

    /// What it has under a name.
    pub(crate) fn object(&self, name: &str) -> http::Bytes {
        http::get_bytes(self.address, &format!("/captures/{name}"))
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
