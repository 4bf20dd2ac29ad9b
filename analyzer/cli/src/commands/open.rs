//! `analyze FILE`

use super::info;
use crate::capture;
use crate::input;
use crate::status::Status;
use afterimage_format::file::OpenOptions;
use afterimage_import::Imported;
use afterimage_query::output::escaped;
use anyhow::{Result, anyhow};
use std::io::{IsTerminal as _, stdout};
use std::path::Path;

/// Opens the terminal interface; where there is no terminal, says what is in the file.
pub(crate) fn run(file: &Path) -> Result<Status> {
    if !stdout().is_terminal() {
        return info::run(&info::Args::of(file));
    }
    let options = OpenOptions {
        identities: input::identities().to_vec(),
    };
    let imported = capture::import(file)?;
    let path = imported.as_ref().map_or_else(|| file.to_owned(), Imported::path);
    afterimage_tui::run_as(&path, file, &options).map_err(|error| anyhow!(escaped(error.to_string().as_bytes())))?;
    Ok(Status::Done)
}
