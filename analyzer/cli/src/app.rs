//! The command line.

use crate::commands::{
    attachments, audit, completions, config, connections, containers, convert, fields, files, filter, follow, info,
    open, ps, query, recover, sessions, timeline, top, verify, why,
};
use crate::input;
use crate::status::{FAILED, Status, USAGE, Usage};
use clap::{CommandFactory as _, Parser, Subcommand};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;

/// Opens traces of the Afterimage recorder: what happened in containers that may be long gone.
#[derive(Parser)]
#[command(
    name = "analyze",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Exit status:\n  \
        0  done\n  \
        1  could not be done\n  \
        2  the command line is wrong (a filter, a time, an unknown name)\n  \
        3  done, but damage or losses while recording touch the answer\n\n\
        Examples:\n  \
        analyze incident.scap                       look around in a terminal\n  \
        analyze --follow web.scap                   look on while it is being recorded\n  \
        analyze timeline incident.scap              the story, container by container\n  \
        analyze query incident.scap -f 'proc.name = wget and evt.type = connect'\n  \
        analyze ps incident.scap --at 10:00:05      who was alive then\n  \
        analyze commands incident.scap              who ran what\n  \
        analyze top incident.scap files --by bytes  what was read and written most\n  \
        analyze verify incident.scap                unaltered, and signed by whom?\n  \
        analyze files incident.scap --at 10:00:05   which files were open then\n  \
        analyze ./info                              a file that is called like a command"
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    /// Trace to open in the terminal interface (when the output is no terminal: as `analyze info`)
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// Keep up with a trace that is still being recorded
    #[arg(long, requires = "file")]
    follow: bool,

    /// age identity file that opens an encrypted trace. May be given several times
    #[arg(long, value_name = "FILE", global = true)]
    identity: Vec<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    Info(info::Args),
    Timeline(timeline::Args),
    Why(why::Args),
    Query(Box<query::Args>),
    Top(top::Args),
    Commands(audit::Args),
    Follow(follow::Args),
    Sessions(sessions::Args),
    Ps(ps::Args),
    Files(files::Args),
    Connections(connections::Args),
    Containers(containers::Args),
    Filter(filter::Args),
    Fields(fields::Args),
    Attachments(attachments::Args),
    Verify(verify::Args),
    Convert(convert::Args),
    Recover(recover::Args),
    Config(config::Args),
    Completions(completions::CompletionArgs),
    Man(completions::ManArgs),
}

/// Does what the command line asks for and returns the exit status.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let done = input::read_identities(&cli.identity).and_then(|()| match cli.command {
        Some(Command::Info(args)) => info::run(&args),
        Some(Command::Timeline(args)) => timeline::run(&args),
        Some(Command::Why(args)) => why::run(&args),
        Some(Command::Query(args)) => query::run(&args),
        Some(Command::Top(args)) => top::run(&args),
        Some(Command::Commands(args)) => audit::run(&args),
        Some(Command::Follow(args)) => follow::run(&args),
        Some(Command::Sessions(args)) => sessions::run(&args),
        Some(Command::Ps(args)) => ps::run(&args),
        Some(Command::Files(args)) => files::run(&args),
        Some(Command::Connections(args)) => connections::run(&args),
        Some(Command::Containers(args)) => containers::run(&args),
        Some(Command::Filter(args)) => filter::run(&args),
        Some(Command::Fields(args)) => fields::run(&args),
        Some(Command::Attachments(args)) => attachments::run(&args),
        Some(Command::Verify(args)) => verify::run(&args),
        Some(Command::Convert(args)) => convert::run(&args),
        Some(Command::Recover(args)) => recover::run(&args),
        Some(Command::Config(args)) => config::run(&args),
        Some(Command::Completions(args)) => completions::complete(&args, &mut Cli::command()),
        Some(Command::Man(args)) => completions::man(&args, Cli::command()),
        None => match cli.file {
            Some(file) => open::run(&file, cli.follow),
            None => {
                eprint!("{}", Cli::command().render_help());
                Ok(Status::NothingAsked)
            }
        },
    });
    match done {
        Ok(status) => ExitCode::from(status as u8),
        // Whoever read the output has seen enough.
        Err(error) if is_closed_pipe(&error) => ExitCode::from(Status::Done as u8),
        Err(error) => {
            eprintln!("analyze: {error:#}");
            ExitCode::from(if error.is::<Usage>() { USAGE } else { FAILED })
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>());
    io.is_some_and(|io| io.kind() == ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
