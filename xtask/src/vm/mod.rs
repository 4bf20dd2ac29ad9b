//! `cargo xtask vm`: the live tests on other kernels, in virtual machines without acceleration.
//!
//! A machine has no disk and no network: kernel of the distribution, and an initial file system with the programs of this
//! workspace, the tests of `capture` that ran or could run here, and what they start. What is said on its serial console
//! is the result.

mod console;
mod guest;
mod kernel;
mod machine;
mod root;

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};

use crate::{packages, process};
pub(crate) use console::Outcome;
use console::Result as Test;
use guest::Guests;
use kernel::{KERNELS, Kernel};

/// Test files of `capture` that tell whether a kernel suits. The others take minutes; `--only` runs them.
const TESTS: [&str; 3] = ["kernels", "decoding", "descriptors"];

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// Run the live tests on other kernels
    Test(Options),
}

/// Which kernels and tests.
#[derive(Args)]
pub(crate) struct Options {
    /// These kernels; without it, those of x86-64. On arm64 only `load` runs, and the recorder is cross-compiled for it
    #[arg(long, value_name = "VERSION", value_parser = KERNELS.map(|k| k.name))]
    kernel: Vec<String>,
    /// Only these: `load` (does the kernel take the program?), or test files of `capture` by name
    #[arg(long, value_name = "PART")]
    only: Vec<String>,
    /// Print the whole console
    #[arg(long)]
    console: bool,
    /// Seconds that one kernel may take
    #[arg(long, value_name = "SECONDS", default_value_t = LIMIT.as_secs())]
    limit: u64,
}

/// Longer than the tests take on a machine that is busy with others.
const LIMIT: Duration = Duration::from_secs(420);

/// Does what is asked.
pub(crate) fn run(root: &Path, action: &Action) -> Result<()> {
    let Action::Test(options) = action;
    let parts = match options.only.as_slice() {
        [] => TESTS.map(str::to_owned).to_vec(),
        only => only.to_vec(),
    };
    let chosen = |kernel: &&Kernel| match options.kernel.as_slice() {
        [] => kernel.machine.is_native,
        names => names.iter().any(|name| name == kernel.name),
    };
    let mut guests = Guests::new(root, parts);
    let mut failed = Vec::new();
    for kernel in KERNELS.iter().filter(chosen) {
        if let Err(reason) = missing(kernel) {
            bail!("{reason}");
        }
        let limit = Duration::from_secs(options.limit);
        for test in boot(root, kernel, &mut guests, limit, options.console)? {
            if test.outcome == Outcome::Failed {
                failed.push(test.name);
            }
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

/// A part of `cargo xtask test`: what each kernel of x86-64 said to each test, or why none can be asked here.
pub(crate) fn check(root: &Path) -> Result<std::result::Result<Vec<Test>, String>> {
    let mut guests = Guests::new(root, TESTS.map(str::to_owned).to_vec());
    let mut all = Vec::new();
    for kernel in KERNELS.iter().filter(|kernel| kernel.machine.is_native) {
        if let Err(reason) = missing(kernel) {
            return Ok(Err(reason));
        }
        if let Err(error) = kernel.fetch(root) {
            return Ok(Err(format!("no kernel {}: {error:#}", kernel.name)));
        }
        all.extend(boot(root, kernel, &mut guests, LIMIT, false)?);
    }
    Ok(Ok(all))
}

/// Names of the kernels that [`check`] asks.
pub(crate) fn kernels() -> impl Iterator<Item = &'static str> {
    let native = KERNELS.iter().filter(|kernel| kernel.machine.is_native);
    native.map(|kernel| kernel.name)
}

/// Installs what is missing; the error says why this machine cannot run here.
fn missing(kernel: &Kernel) -> std::result::Result<(), String> {
    if std::env::consts::ARCH != "x86_64" {
        return Err("virtual machines are set up for x86_64 alone".to_owned());
    }
    if process::find("apt-get").is_none() {
        return Err("the kernels come from Debian, and there is no apt-get here".to_owned());
    }
    packages::ensure(kernel.machine.needs, "tests on other kernels").map_err(|error| format!("{error:#}"))
}

fn boot(root: &Path, kernel: &Kernel, guests: &mut Guests<'_>, limit: Duration, aloud: bool) -> Result<Vec<Test>> {
    let image = kernel.fetch(root)?;
    let root_fs = guests.root_of(kernel.machine)?;
    println!("\nxtask: kernel {} ({})", kernel.name, image.display());
    let said = kernel.machine.run(&image, &root_fs, limit, aloud)?;
    let results = console::read(kernel.name, &said);
    for test in &results {
        println!("{test}");
    }
    Ok(results)
}
