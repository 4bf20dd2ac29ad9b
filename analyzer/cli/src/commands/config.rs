//! `analyze config`

use crate::output::stdout;
use crate::status::Status;
use anyhow::Result;
use std::io::Write as _;

/// Print what can be configured of the terminal interface: keys, colours, columns
#[derive(clap::Args)]
#[command(
    after_help = "The file is $XDG_CONFIG_HOME/afterimage/analyze.toml (~/.config/afterimage/analyze.toml). What is printed\n\
    changes nothing until a `#` is taken away.\n\n\
    Example:\n  \
    analyze config > ~/.config/afterimage/analyze.toml"
)]
pub(crate) struct Args {}

pub(crate) fn run(Args {}: &Args) -> Result<Status> {
    let mut out = stdout();
    out.write_all(afterimage_tui::default_configuration().as_bytes())?;
    out.flush()?;
    Ok(Status::Done)
}
