//! nginx and ab with everything of theirs in a private folder, on the loopback interface.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::apt::Apt;
use crate::packages::{self, Need};
use crate::{process, workspace};

/// Keep-alive connections at a time.
const CLIENTS: &str = "8";

/// Where the server and its client are.
#[derive(Clone, Debug)]
pub(crate) struct ServerPrograms {
    /// nginx.
    pub(crate) nginx: PathBuf,
    /// ab, ApacheBench.
    pub(crate) ab: PathBuf,
}

/// Finds both, or gets them from the distribution.
pub(crate) fn programs(root: &Path) -> Result<ServerPrograms> {
    packages::ensure(&[Need::program("ab", "apache2-utils")], "the web workload")?;
    let nginx = match process::find("nginx") {
        Some(nginx) => nginx,
        None => unpack_nginx(&workspace::target_dir(root).join("tools/nginx"))?,
    };
    Ok(ServerPrograms {
        nginx,
        ab: process::find("ab").context("ab is missing (package apache2-utils)")?,
    })
}

/// Unpacks Debian's nginx instead of installing it: installing starts a web server for the whole network.
fn unpack_nginx(folder: &Path) -> Result<PathBuf> {
    let nginx = folder.join("usr/sbin/nginx");
    if nginx.is_file() {
        return Ok(nginx);
    }
    println!("xtask: unpacking nginx into {} (it is not installed)", folder.display());
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Apt::native().download("nginx", folder)?;
    if !nginx.is_file() {
        bail!("Debian's package nginx has no usr/sbin/nginx");
    }
    Ok(nginx)
}

/// A running web server, ended when dropped.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts nginx on a free port of the loopback interface.
    pub(crate) fn start(nginx: &Path, folder: &Path) -> Result<Self> {
        let folder = folder.join("nginx");
        fs::create_dir_all(folder.join("pages"))?;
        fs::write(folder.join("pages/index.html"), "<h1>Afterimage</h1>\n".repeat(30))?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let file = folder.join("nginx.conf");
        fs::write(&file, configuration(&folder, address))?;
        let mut command = Command::new(nginx);
        command
            .arg("-p")
            .arg(&folder)
            .arg("-c")
            .arg(&file)
            .arg("-e")
            .arg(folder.join("error.log"));
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", nginx.display()))?;
        let server = Self { child, address };
        let answers = || Ok(TcpStream::connect(address).is_ok());
        if !process::wait_until(Duration::from_secs(10), answers)? {
            bail!(
                "nginx does not answer at {address}: {}",
                fs::read_to_string(folder.join("error.log")).unwrap_or_default()
            );
        }
        Ok(server)
    }

    /// Asks for the page so many times, and checks that every answer came.
    pub(crate) fn requests(&self, ab: &Path, times: u64) -> Result<()> {
        let mut client = Command::new(ab);
        client.args(["-q", "-k", "-c", CLIENTS, "-n", &times.to_string()]);
        let said = process::output(client.arg(format!("http://{}/index.html", self.address)))?;
        let failed = said.lines().find_map(|line| line.strip_prefix("Failed requests:"));
        match failed.map(str::trim) {
            Some("0") => Ok(()),
            _ => bail!("ab did not get every answer:\n{said}"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The master ends its workers on SIGTERM; killed, it would leave them.
        let _ = process::signal(self.child.id(), libc::SIGTERM);
        let _ = self.child.wait();
    }
}

fn configuration(folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        "daemon off;\nuser root;\nworker_processes 1;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\n\
         events {{ worker_connections 64; }}\n\
         http {{\n\
         access_log off;\nkeepalive_requests 100000000;\n\
         client_body_temp_path {folder}/body;\nproxy_temp_path {folder}/proxy;\nfastcgi_temp_path {folder}/fastcgi;\n\
         uwsgi_temp_path {folder}/uwsgi;\nscgi_temp_path {folder}/scgi;\n\
         server {{ listen {address}; location / {{ root {folder}/pages; }} }}\n\
         }}\n"
    )
}
