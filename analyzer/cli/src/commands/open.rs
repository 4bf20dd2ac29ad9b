//! `analyze FILE`

use super::info;
use crate::capture;
use crate::input;
use crate::status::{Status, Usage};
use afterimage_format::file::OpenOptions;
use afterimage_import::{Importing as Import, Unnamed};
use afterimage_query::output::escaped;
use afterimage_tui::{Growth, Importing};
use anyhow::{Context as _, Result, anyhow};
use std::io::{IsTerminal as _, stdout};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// Opens the terminal interface; where there is no terminal, says what is in the file. `follow` keeps up with a trace that is
/// still being recorded.
pub(crate) fn run(file: &Path, follow: bool) -> Result<Status> {
    if !stdout().is_terminal() {
        if follow {
            return Err(Usage("--follow needs a terminal".into()).into());
        }
        return info::run(&info::Args::of(file));
    }
    let options = OpenOptions {
        identities: input::identities().to_vec(),
    };
    // The file without a name is there as long as this is.
    let mut _imported: Option<Unnamed> = None;
    let (path, growth) = if afterimage_import::is_capture(file) {
        let import = Import::new(file).map_err(|error| capture::said(file, &error))?;
        let trace = import.trace();
        let path = trace.path();
        _imported = Some(trace);
        (path, Growth::Import(begin(import)?))
    } else {
        let growth = if follow { Growth::Recording } else { Growth::None };
        (file.to_owned(), growth)
    };
    let shown = afterimage_tui::run_as(&path, file, &options, growth);
    shown.map_err(|error| anyhow!(escaped(error.to_string().as_bytes())))?;
    Ok(Status::Done)
}

/// Imports in a thread of its own, which ends when nobody takes what it says.
fn begin(import: Import) -> Result<Receiver<Importing>> {
    let (said, progress) = channel();
    thread::Builder::new()
        .name("import".into())
        .spawn(move || run_import(import, &said))
        .context("cannot start a thread")?;
    Ok(progress)
}

fn run_import(import: Import, said: &Sender<Importing>) {
    let total = import.total;
    let done = import.run(
        &mut |progress| match said.send(Importing::Read(progress.bytes, total)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        },
    );
    let _ = said.send(match done {
        Ok(imported) => {
            let damage = imported.report.damage.first();
            Importing::Done(damage.map(|damage| escaped(damage.to_string().as_bytes())))
        }
        Err(error) => Importing::Failed(escaped(error.to_string().as_bytes())),
    });
}
