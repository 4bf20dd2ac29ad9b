//! Cross-cutting work on Afterimage: `cargo xtask demo`, `test`, `fuzz`, `tidy`, `probe`, `vm`, `format`, `bench`, `deb`
//! and `samples`.

mod apt;
mod bench;
mod deb;
mod demo;
mod docs;
mod ended;
mod format;
mod fuzz;
mod interrupt;
mod packages;
mod probe;
mod process;
mod recorder;
mod samples;
mod terminal;
mod test;
mod tidy;
mod vm;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Cross-cutting work on Afterimage.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Record an attack on a real container, delete the container, and tell what happened from the file
    Demo(demo::Options),
    /// Run every check and test; those that this machine does not allow are reported as skipped
    Test,
    /// Feed made-up bytes to the readers of the trace format, for a bounded time
    Fuzz(fuzz::Options),
    /// Check the rules that no compiler checks
    Tidy,
    /// Build or check the committed kernel object
    #[command(subcommand)]
    Probe(probe::Action),
    /// Run the live tests on other kernels, in virtual machines
    #[command(subcommand)]
    Vm(vm::Action),
    /// Record that the trace format's description was compared with its sources
    #[command(subcommand)]
    Format(format::Action),
    /// Write the documents that are made from the sources
    #[command(subcommand)]
    Docs(docs::Action),
    /// Draw the pictures of the terminal interface anew: the same as `docs screenshots`
    Screenshots,
    /// Measure what recording and reading cost, and the size of traces
    #[command(subcommand)]
    Bench(bench::Action),
    /// Build a Debian package of both programs
    Deb {
        /// Of the programs that `cargo build --release` has built before
        #[arg(long)]
        built: bool,
    },
    /// Record the traces in samples/ anew
    Samples {
        /// Which
        #[arg(value_enum, default_value = "incident")]
        set: samples::Set,
    },
    /// The work that `bench` measures, as a process of its own
    #[command(hide = true)]
    Workload(bench::workload::Options),
    /// The load of `bench soak` and `bench ring`, one process of it
    #[command(hide = true)]
    Load(bench::soak::load::Options),
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<ExitCode> {
    let root = workspace::root()?;
    match task {
        Task::Test => return test::run(&root),
        Task::Demo(options) => demo::run(&root, &options)?,
        Task::Fuzz(options) => fuzz::run(&root, &options)?,
        Task::Tidy => tidy::run(&root)?,
        Task::Probe(action) => probe::run(&root, &action)?,
        Task::Vm(action) => vm::run(&root, &action)?,
        Task::Format(action) => format::run(&root, &action)?,
        Task::Docs(action) => docs::run(&root, &action)?,
        Task::Screenshots => docs::run(&root, &docs::Action::Screenshots)?,
        Task::Bench(action) => bench::run(&root, &action)?,
        Task::Deb { built } => deb::run(&root, built)?,
        Task::Samples { set } => samples::run(&root, set)?,
        Task::Workload(options) => bench::workload::run(&options)?,
        Task::Load(options) => bench::soak::load::run(&options)?,
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
