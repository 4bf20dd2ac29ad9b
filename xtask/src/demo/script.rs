//! A container that runs a script of its own and ends, recorded: what samples are made of.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::bundle;
use super::container::Container;
use super::network::Network;
use crate::process;
use crate::recorder::Recorder;
use crate::workspace::Programs;

/// How the recorder ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// As with Ctrl-C.
    Sealed,
    /// With SIGKILL.
    Killed,
}

/// Records a container called `id` that runs `script`. With `pause` the recorder stands still that long while the script
/// runs, so that events are lost.
pub(crate) fn record(
    programs: &Programs,
    trace: &Path,
    (id, script): (&str, &str),
    arguments: &[&str],
    pause: Option<Duration>,
    end: End,
) -> Result<()> {
    let folder = tempfile::Builder::new()
        .prefix("afterimage-sample-")
        .tempdir()
        .context("no temporary folder")?;
    let network = Network::create()?;
    let bundle = folder.path().join("bundle");
    fs::create_dir(&bundle)?;
    bundle::create(&bundle, &network.victim.path(), id)?;
    let config = bundle.join("config.json");
    let mut value: Value = serde_json::from_slice(&fs::read(&config)?)?;
    value["process"]["args"] = json!(["/bin/sh", "-c", script]);
    fs::write(&config, serde_json::to_vec_pretty(&value)?)?;

    let scope = [&["--container", id], arguments].concat();
    let recorder = Recorder::start(&programs.capture, trace, folder.path(), &scope)?;
    if let Some(pause) = pause {
        process::signal(recorder.pid(), libc::SIGSTOP)?;
        let container = Container::start(folder.path(), &bundle, id)?;
        std::thread::sleep(pause);
        process::signal(recorder.pid(), libc::SIGCONT)?;
        container.delete()?;
    } else {
        let container = Container::start(folder.path(), &bundle, id)?;
        if !process::wait_until(Duration::from_secs(60), || Ok(container.status()? == "stopped"))? {
            bail!("the script of container {id} does not end");
        }
        container.delete()?;
    }
    match end {
        End::Sealed => recorder.seal()?.check("capture"),
        End::Killed => {
            // The last second may not be on its way yet.
            std::thread::sleep(Duration::from_millis(1500));
            drop(recorder);
            Ok(())
        }
    }
}
