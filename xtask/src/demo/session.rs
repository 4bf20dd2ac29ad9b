//! Somebody with a shell in the container changes an order by hand: what was typed and shown is in the trace.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::container::Container;
use super::network::Network;
use super::{CONTAINER, bundle};
use crate::recorder::Recorder;
use crate::terminal::Terminal;
use crate::workspace::Programs;

/// Columns and rows of the terminal.
const SIZE: (u16, u16) = (80, 24);

/// Between two keys.
const KEY: Duration = Duration::from_millis(60);

/// What is typed, and what the screen shows then.
const LINES: [(&str, &str); 8] = [
    ("id\r", "uid=0(root)"),
    ("ls -l /srv\r", "orders.csv"),
    ("cat /srv/orders.csv\r", "Ada Example,12.50"),
    ("vi /srv/orders.csv\r", "~"),
    (":%s/99.00/9.90/\r", "Grace Example,9.90"),
    (":wq\r", "#"),
    ("rm /root/.ash_history\r", "No such file"),
    ("exit\r", "exit"),
];

/// Records the session, with the time that calls took, and enough of what is read and written for a screen.
pub(crate) fn record(programs: &Programs, trace: &Path) -> Result<()> {
    let folder = tempfile::Builder::new()
        .prefix("afterimage-session-")
        .tempdir()
        .context("no temporary folder")?;
    let network = Network::create()?;
    let bundle = folder.path().join("bundle");
    fs::create_dir(&bundle)?;
    bundle::create(&bundle, &network.victim.path(), CONTAINER)?;
    // Before the recorder: what runc reads of the host's mounts when it starts a container is nobody's business.
    let container = Container::start(folder.path(), &bundle, CONTAINER)?;
    let scope = ["--container", CONTAINER, "--latency", "--snaplen", "512"];
    let recorder = Recorder::start(&programs.capture, trace, folder.path(), &scope)?;
    let mut terminal = Terminal::start(container.enter("/bin/sh"), SIZE)?;
    terminal.shows("the prompt", |screen| screen.contains('#'))?;
    for (line, shown) in LINES {
        for key in line.chars() {
            terminal.press(&key.to_string(), "a key", |_| true)?;
            std::thread::sleep(KEY);
        }
        terminal.shows(line.trim(), |screen| screen.contains(shown))?;
        std::thread::sleep(10 * KEY);
    }
    drop(terminal);
    container.delete()?;
    recorder.seal()?.check("capture")
}
