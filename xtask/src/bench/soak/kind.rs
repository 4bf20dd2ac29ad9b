//! The calls of a load, counted as they are made.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use super::counts::Done;

/// Files with names and contents of their own.
const FILES: usize = 2000;
/// Bytes of each of them.
const CONTENT: usize = 600;
/// Requests of one connection.
const REQUESTS: u64 = 100;
/// A program that ends at once.
pub(super) const PROGRAM: &str = "/bin/true";

/// What the load does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Files, numbers, pipes, datagrams, connections, and now and then a program
    Mixed,
    /// Files read as find and cat do
    Files,
    /// Small files served over connections that are kept
    Http,
    /// Programs started one after another
    Exec,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Mixed => "mixed",
            Kind::Files => "files",
            Kind::Http => "http",
            Kind::Exec => "exec",
        }
    }

    pub(super) fn starts_programs(self) -> bool {
        matches!(self, Kind::Mixed | Kind::Exec)
    }
}

/// Makes the files, once for all threads.
pub(super) fn make_files(folder: &Path) -> Result<()> {
    let mut noise = Noise(0x2545_f491_4f6c_dd1d);
    for at in 0..FILES {
        let path = file(folder, at);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        let mut content = format!("<!doctype html><title>page {at}</title>\n").into_bytes();
        while content.len() < CONTENT {
            content.extend_from_slice(format!("<p id={:016x}>", noise.next()).as_bytes());
        }
        fs::write(&path, &content[..CONTENT])?;
    }
    Ok(())
}

fn file(folder: &Path, at: usize) -> PathBuf {
    folder
        .join(format!("site-{}", at / 100))
        .join(format!("page-{at}.html"))
}

/// One call: dropping it, a debug build asks first whether it is open.
fn close(file: impl IntoRawFd) {
    // SAFETY: nobody else owns the descriptor any more.
    unsafe { libc::close(file.into_raw_fd()) };
}

/// xorshift: payload that does not compress.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// One thread's work.
pub(super) struct Caller {
    kind: Kind,
    files: Vec<PathBuf>,
    missing: PathBuf,
    own: File,
    null: File,
    pipe: (std::io::PipeReader, std::io::PipeWriter),
    datagrams: (UnixDatagram, UnixDatagram),
    listener: TcpListener,
    connection: Option<(TcpStream, TcpStream)>,
    requests: u64,
    rounds: u64,
    noise: Noise,
    done: Done,
}

impl Caller {
    /// Opens what it works on.
    pub(super) fn new(kind: Kind, folder: &Path, thread: usize) -> Result<Self> {
        let own = File::options();
        let path = folder.join(format!("own-{thread}"));
        let own = own
            .clone()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        own.set_len(1 << 16)?;
        Ok(Self {
            kind,
            files: (0..FILES).map(|at| file(folder, at)).collect(),
            missing: folder.join("not-there"),
            own,
            null: File::options().write(true).open("/dev/null")?,
            pipe: std::io::pipe()?,
            datagrams: UnixDatagram::pair()?,
            listener: TcpListener::bind(("127.0.0.1", 0))?,
            connection: None,
            requests: 0,
            rounds: 0,
            noise: Noise(0x9e37_79b9_7f4a_7c15 ^ (thread as u64 + 1)),
            done: Done::default(),
        })
    }

    /// A round, and a program where there are some, that are not counted.
    pub(super) fn warm_up(&mut self) -> Result<()> {
        self.round()?;
        if self.kind.starts_programs() {
            self.program()?;
        }
        self.done = Done::default();
        Ok(())
    }

    /// What it has done since it was made.
    pub(super) fn done(&self) -> Done {
        self.done
    }

    /// Some calls, the same kinds in every round.
    pub(super) fn round(&mut self) -> Result<()> {
        self.rounds += 1;
        match self.kind {
            Kind::Mixed => self.mixed(),
            Kind::Files => (0..10).try_for_each(|_| self.cat()),
            Kind::Http => (0..5).try_for_each(|_| self.request()),
            Kind::Exec => self.program(),
        }
    }

    /// Sleeps; it is a call as well.
    pub(super) fn sleep(&mut self, time: std::time::Duration) {
        std::thread::sleep(time);
        self.asked(1);
    }

    fn selected(&mut self, calls: u64) {
        self.done.made += calls;
        self.done.selected += calls;
    }

    /// Calls that the profile forensic leaves out.
    fn asked(&mut self, calls: u64) {
        self.done.made += calls;
    }

    /// Of some hundred and twenty calls a fifth only asks.
    fn mixed(&mut self) -> Result<()> {
        for _ in 0..6 {
            self.cat()?;
        }
        let mut bytes = [0; 200];
        for _ in 0..10 {
            let at = self.noise.next();
            bytes[..8].copy_from_slice(&at.to_le_bytes());
            self.own.write_all_at(&bytes[..100], at % 60_000)?;
            self.own.read_exact_at(&mut bytes, at % 60_000)?;
        }
        for _ in 0..8 {
            self.pipe.1.write_all(&bytes[..40])?;
            self.pipe.0.read_exact(&mut bytes[..40])?;
            self.datagrams.0.send(&bytes[..120])?;
            self.datagrams.1.recv(&mut bytes)?;
        }
        self.selected(20 + 32);
        for _ in 0..2 {
            self.request()?;
        }
        ensure!(
            File::open(&self.missing).is_err(),
            "{} is there",
            self.missing.display()
        );
        self.selected(1);
        for _ in 0..12 {
            // SAFETY: getppid has no arguments and no effect.
            unsafe { libc::syscall(libc::SYS_getppid) };
        }
        for _ in 0..6 {
            let at = self.noise.next() as usize % FILES;
            fs::metadata(&self.files[at])?;
        }
        self.asked(12 + 6);
        Ok(())
    }

    /// A file from open to close.
    fn cat(&mut self) -> Result<()> {
        let mut bytes = [0; 1024];
        let at = self.noise.next() as usize % FILES;
        let mut file = File::open(&self.files[at])?;
        let about = file.metadata()?;
        let got = file.read(&mut bytes)?;
        ensure!(got as u64 == about.len(), "a file has changed");
        self.null.write_all(&bytes[..got])?;
        ensure!(file.read(&mut bytes)? == 0, "a file has grown");
        close(file);
        self.selected(5);
        self.asked(1);
        Ok(())
    }

    /// Both ends of a request that a file answers.
    fn request(&mut self) -> Result<()> {
        if self.requests.is_multiple_of(REQUESTS) {
            self.connect()?;
        }
        self.requests += 1;
        let at = self.noise.next() as usize % FILES;
        let Some((client, server)) = &mut self.connection else {
            return Ok(());
        };
        let mut bytes = [0; 1024];
        let path = self.files[at].file_name().unwrap_or_default().to_string_lossy();
        let question = format!(
            "GET /{path} HTTP/1.1\r\nHost: localhost\r\nX-Request: {:x}\r\n\r\n",
            self.requests
        );
        client.write_all(question.as_bytes())?;
        let got = server.read(&mut bytes)?;
        ensure!(got == question.len(), "half a request");
        let file = File::open(&self.files[at])?;
        let length = file.metadata()?.len();
        let head = format!("HTTP/1.1 200 OK\r\nServer: load\r\nContent-Length: {length}\r\n\r\n");
        server.write_all(head.as_bytes())?;
        // SAFETY: both descriptors are open; no offset is given.
        let sent = unsafe { libc::sendfile(server.as_raw_fd(), file.as_raw_fd(), std::ptr::null_mut(), CONTENT) };
        ensure!(sent == CONTENT as isize, "half an answer");
        close(file);
        let (mut left, mut reads) = (head.len() + CONTENT, 0);
        while left > 0 {
            let got = client.read(&mut bytes)?;
            ensure!(got > 0, "the answer ended early");
            left = left.saturating_sub(got);
            reads += 1;
        }
        self.null.write_all(question.as_bytes())?;
        self.selected(7 + reads);
        self.asked(1);
        Ok(())
    }

    fn connect(&mut self) -> Result<()> {
        if let Some((client, server)) = self.connection.take() {
            close(client);
            close(server);
            self.selected(2);
        }
        let client = TcpStream::connect(self.listener.local_addr()?)?;
        self.asked(1);
        let (server, _) = self.listener.accept()?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        self.selected(5);
        self.connection = Some((client, server));
        Ok(())
    }

    /// A program from its fork to its end. What it and this thread do for it is counted as a whole.
    pub(super) fn program(&mut self) -> Result<()> {
        let mut program = Command::new(PROGRAM);
        program.stdin(Stdio::inherit()).stdout(Stdio::inherit());
        let status = program.status().with_context(|| format!("cannot start {PROGRAM}"))?;
        ensure!(status.success(), "{PROGRAM} failed: {status}");
        self.done.programs += 1;
        Ok(())
    }
}
