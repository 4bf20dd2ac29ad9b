//! `cargo xtask vm`: the live tests on other kernels, in virtual machines without acceleration.
//!
//! A machine has no disk and no network: kernel of the distribution, and an initial file system with the programs of this
//! workspace, the tests of `capture` that ran or could run here, and what they start. What is said on its serial console
//! is the result.

mod console;
mod kernel;
mod machine;
mod root;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};

use crate::packages::{self, Need};
use crate::{process, workspace};
pub(crate) use console::Outcome;
use console::Result as Test;
use kernel::{KERNELS, Kernel};

/// The emulator, and what the tests inside start.
const PACKAGES: [Need; 3] = [
    Need::program(machine::QEMU, "qemu-system-x86"),
    Need::program("busybox", "busybox-static"),
    Need::program("runc", "runc"),
];

/// Test files of `capture` that tell whether a kernel suits. The others take minutes; `--only` runs them.
const TESTS: [&str; 3] = ["kernels", "decoding", "descriptors"];

/// The package whose tests these are.
const PACKAGE: &str = "afterimage-capture";

/// The part that only loads, records `true` and verifies the file: enough to see what a verifier says.
const LOAD: &str = "load";

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// Run the live tests on other kernels
    Test(Options),
}

/// Which kernels and tests.
#[derive(Args)]
pub(crate) struct Options {
    /// One kernel alone
    #[arg(long, value_name = "VERSION", value_parser = KERNELS.map(|k| k.name))]
    kernel: Option<String>,
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
    let chosen = KERNELS
        .iter()
        .filter(|k| options.kernel.as_deref().is_none_or(|name| name == k.name));
    let parts: BTreeSet<String> = if options.only.is_empty() {
        TESTS.map(str::to_owned).into()
    } else {
        options.only.iter().cloned().collect()
    };
    if let Err(reason) = missing()? {
        bail!("{reason}");
    }
    let root_fs = prepare(root, &parts)?;
    let mut failed = Vec::new();
    for kernel in chosen {
        let image = kernel.fetch(root)?;
        let limit = Duration::from_secs(options.limit);
        for test in boot(kernel, &image, &root_fs, limit, options.console)? {
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

/// A part of `cargo xtask test`: what each kernel said to each test, or why none can be asked here.
pub(crate) fn check(root: &Path) -> Result<std::result::Result<Vec<Test>, String>> {
    if let Err(reason) = missing()? {
        return Ok(Err(reason));
    }
    let mut images = Vec::new();
    for kernel in KERNELS {
        match kernel.fetch(root) {
            Ok(image) => images.push((kernel, image)),
            Err(error) => return Ok(Err(format!("no kernel {}: {error:#}", kernel.name))),
        }
    }
    let root_fs = prepare(root, &TESTS.map(str::to_owned).into())?;
    let mut all = Vec::new();
    for (kernel, image) in images {
        all.extend(boot(&kernel, &image, &root_fs, LIMIT, false)?);
    }
    Ok(Ok(all))
}

/// Names of the kernels, for those who report that none was asked.
pub(crate) fn kernels() -> impl Iterator<Item = &'static str> {
    KERNELS.iter().map(|kernel| kernel.name)
}

/// Installs what is missing; the inner error says why no machine can run here.
fn missing() -> Result<std::result::Result<(), String>> {
    if std::env::consts::ARCH != "x86_64" {
        return Ok(Err("virtual machines are set up for x86_64 alone".to_owned()));
    }
    let Some(_) = process::find("apt-get") else {
        return Ok(Err(
            "the kernels come from Debian, and there is no apt-get here".to_owned()
        ));
    };
    Ok(packages::ensure(&PACKAGES, "tests on other kernels").map_err(|error| format!("{error:#}")))
}

/// Builds everything and packs the initial file system.
fn prepare(root: &Path, parts: &BTreeSet<String>) -> Result<PathBuf> {
    let programs = workspace::build_programs(root, workspace::Profile::Dev)?;
    let names: Vec<&String> = parts.iter().filter(|part| *part != LOAD).collect();
    // Without a name cargo would build all tests.
    let tests = match names.as_slice() {
        [] => Vec::new(),
        names => workspace::build_tests(root, PACKAGE, names)?,
    };
    let examples = workspace::build_examples(root, PACKAGE)?;
    let folder = workspace::target_dir(root).join("vm");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    root::pack(&folder, &programs, &tests, &examples)
}

fn boot(kernel: &Kernel, image: &Path, root_fs: &Path, limit: Duration, whole: bool) -> Result<Vec<Test>> {
    println!("\nxtask: kernel {} ({})", kernel.name, image.display());
    let said = machine::run(image, root_fs, limit, whole)?;
    let results = console::read(kernel.name, &said);
    for test in &results {
        println!("{test}");
    }
    Ok(results)
}
