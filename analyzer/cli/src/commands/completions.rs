//! `analyze completions` and `analyze man`: made of the command line itself.

use crate::output::{shown_path, stdout};
use crate::status::Status;
use anyhow::{Context as _, Result};
use clap_complete::Shell;
use std::io::Write as _;
use std::path::PathBuf;

/// Print what makes a shell complete options and commands
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    analyze completions bash > /usr/share/bash-completion/completions/analyze\n  \
    analyze completions zsh > ~/.zfunc/_analyze")]
pub(crate) struct CompletionArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Print the manual page, or write the pages of all commands to a folder
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    analyze man | man -l -\n  \
    analyze man --output /usr/share/man/man1")]
pub(crate) struct ManArgs {
    /// Folder to write analyze.1, analyze-query.1 and so on to
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

pub(crate) fn complete(args: &CompletionArgs, command: &mut clap::Command) -> Result<Status> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, command, "analyze", &mut text);
    let mut out = stdout();
    out.write_all(&text)?;
    out.flush()?;
    Ok(Status::Done)
}

pub(crate) fn man(args: &ManArgs, command: clap::Command) -> Result<Status> {
    if let Some(folder) = &args.output {
        let failed = || format!("cannot write manual pages to {}", shown_path(folder));
        std::fs::create_dir_all(folder).with_context(failed)?;
        clap_mangen::generate_to(command, folder).with_context(failed)?;
        return Ok(Status::Done);
    }
    let mut out = stdout();
    clap_mangen::Man::new(command).render(&mut out)?;
    out.flush()?;
    Ok(Status::Done)
}
