//! `cargo xtask demo`: a real incident in a real container, recorded, and told from the file after the container is gone.

mod attack;
mod attacker;
mod bundle;
mod container;
mod http;
mod network;
pub(crate) mod script;
pub(crate) mod session;
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::ended::DONE_WITH_LOSSES;
use crate::recorder::Recorder;
use crate::workspace::{self, Profile, Programs};
use crate::{interrupt, process};
use attacker::WebServer;
use container::Container;
use network::Network;

/// Id of the demo's container.
pub(crate) const CONTAINER: &str = "afterimage-demo-web";

/// How the demo is run.
#[derive(Args)]
pub(crate) struct Options {
    /// Only play the incident, without recording it (for work on the demo itself)
    #[arg(long, hide = true)]
    without_recorder: bool,
}

/// Records and tells the incident, or tells the recorded one where this machine does not allow it.
pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    if options.without_recorder {
        return play(None);
    }
    if let Some(obstacle) = support::obstacle() {
        println!("No live recording here: {obstacle}.");
        println!("This is the incident that this demo recorded elsewhere, told from samples/incident.scap:\n");
        let sample = root.join("samples/incident.scap");
        if !sample.is_file() {
            bail!("{} is missing", sample.display());
        }
        return tell(&workspace::build_analyze(root, Profile::Dev)?, &sample);
    }
    let programs = workspace::build_programs(root, Profile::Dev)?;
    let folder = workspace::target_dir(root).join("demo");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let trace = folder.join("incident.scap");
    play(Some((&programs, &trace)))?;
    tell(&programs.analyze, &trace)?;
    println!(
        "\nLook around yourself: {} {}",
        programs.analyze.display(),
        trace.display()
    );
    Ok(())
}

/// Records the incident into `trace`; an error where this machine does not allow it.
pub(crate) fn record(programs: &Programs, trace: &Path) -> Result<()> {
    if let Some(obstacle) = support::obstacle() {
        bail!("no live recording here: {obstacle}");
    }
    play(Some((programs, trace)))
}

/// Plays the incident; what was set up is taken down again when this returns, whatever went wrong.
fn play(recording: Option<(&Programs, &Path)>) -> Result<()> {
    interrupt::watch();
    let folder = tempfile::Builder::new()
        .prefix("afterimage-demo-")
        .tempdir()
        .context("no temporary folder")?;
    let network = Network::create()?;
    let bundle = folder.path().join("bundle");
    fs::create_dir(&bundle)?;
    bundle::create(&bundle, &network.victim.path(), CONTAINER)?;
    let _server = WebServer::start(&network.attacker, folder.path())?;

    let recorder = match recording {
        Some((programs, trace)) => {
            println!("Recording container {CONTAINER}, which does not exist yet.");
            Some(Recorder::start(
                &programs.capture,
                trace,
                folder.path(),
                &["--container", CONTAINER],
            )?)
        }
        None => None,
    };
    interrupt::check()?;
    println!("Starting the container: a web page that checks whether a host answers.");
    let container = Container::start(folder.path(), &bundle, CONTAINER)?;
    network.attacker.inside(|| {
        attacker::wait_for_server(&attack::victim())?;
        attack::run()
    })?;
    container.delete()?;
    println!("The container is deleted, and everything in it is gone.");
    if let Some(recorder) = recorder {
        recorder.seal()?.check("the recorder")?;
        println!("The recording is sealed.");
    }
    Ok(())
}

/// The story and the summary, from the file alone.
fn tell(analyze: &Path, trace: &Path) -> Result<()> {
    for question in ["timeline", "info"] {
        println!("\n$ analyze {question} {}", trace.display());
        let mut analyze = Command::new(analyze);
        analyze.arg(question).arg(trace);
        let status = analyze
            .status()
            .with_context(|| format!("cannot start `{}`", process::describe(&analyze)))?;
        if !matches!(status.code(), Some(0 | DONE_WITH_LOSSES)) {
            bail!("`{}` failed: {status}", process::describe(&analyze));
        }
    }
    Ok(())
}
