//! What builds the fuzz targets: cargo-fuzz, and a compiler with the runtime of AddressSanitizer.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{process, workspace};

/// The version that is built where there is none.
const VERSION: &str = "0.13.1";

/// A compiler and cargo-fuzz, ready to use.
pub(crate) struct Toolchain {
    compiler: Compiler,
    cargo_fuzz: PathBuf,
    /// Machine that it builds for, as rustc names it.
    pub(crate) host: String,
}

/// The two compilers that can instrument code for fuzzing.
#[derive(Clone, Copy)]
enum Compiler {
    /// rustup's nightly.
    Nightly,
    /// This one, with its unstable options permitted.
    Bootstrapped,
}

impl Compiler {
    /// A command that runs `program` with this compiler in its environment.
    fn command(self, program: &Path) -> Command {
        match self {
            Compiler::Nightly => {
                let mut rustup = Command::new("rustup");
                // What the cargo that runs this program says of itself would lead back to it.
                rustup
                    .env_remove("CARGO")
                    .env_remove("RUSTC")
                    .env_remove("RUSTUP_TOOLCHAIN");
                rustup.args(["run", "nightly"]).arg(program);
                rustup
            }
            Compiler::Bootstrapped => {
                let mut command = Command::new(program);
                command.env("RUSTC_BOOTSTRAP", "1");
                command
            }
        }
    }

    /// Its machine, where it has the sanitizer's runtime for it.
    fn host(self) -> Option<String> {
        let rustc = |argument: &[&str]| process::output(self.command(Path::new("rustc")).args(argument)).ok();
        let verbose = rustc(&["-vV"])?;
        let host = verbose.lines().find_map(|line| line.strip_prefix("host: "))?;
        let libraries = Path::new(rustc(&["--print", "sysroot"])?.trim())
            .join("lib/rustlib")
            .join(host)
            .join("lib");
        let names = fs::read_dir(libraries).ok()?.flatten().map(|entry| entry.file_name());
        names
            .into_iter()
            .any(|name| name.to_string_lossy().ends_with("rt.asan.a"))
            .then(|| host.to_owned())
    }
}

/// What this machine has; the inner error says which part is missing.
pub(crate) fn find(root: &Path) -> Result<Result<Toolchain, String>> {
    let compilers = [Compiler::Nightly, Compiler::Bootstrapped];
    let found = compilers
        .into_iter()
        .find_map(|compiler| Some((compiler, compiler.host()?)));
    let Some((compiler, host)) = found else {
        return Ok(Err(
            "no compiler here has the runtime of AddressSanitizer (`rustup toolchain install nightly` does)".to_owned(),
        ));
    };
    if process::find("c++").is_none() {
        return Ok(Err("libFuzzer needs a C++ compiler (Debian's package g++)".to_owned()));
    }
    Ok(match cargo_fuzz(root) {
        Ok(cargo_fuzz) => Ok(Toolchain {
            compiler,
            cargo_fuzz,
            host,
        }),
        Err(error) => Err(format!("cargo-fuzz {VERSION} could not be built: {error:#}")),
    })
}

/// cargo-fuzz: the one on PATH, or one in the build folder, built (about a minute) where there is none.
fn cargo_fuzz(root: &Path) -> Result<PathBuf> {
    let tools = workspace::target_dir(root).join("tools");
    let own = tools.join("bin/cargo-fuzz");
    if own.is_file() {
        return Ok(own);
    }
    if let Some(found) = process::find("cargo-fuzz") {
        return Ok(found);
    }
    println!("xtask: building cargo-fuzz {VERSION} into {}", tools.display());
    let mut install = workspace::cargo();
    install.args([
        "install",
        "cargo-fuzz",
        "--version",
        VERSION,
        "--locked",
        "--quiet",
        "--root",
    ]);
    process::run_quietly(install.arg(&tools))?;
    Ok(own)
}

impl Toolchain {
    /// What to call it.
    pub(crate) fn name(&self) -> &'static str {
        match self.compiler {
            Compiler::Nightly => "rustup's nightly",
            Compiler::Bootstrapped => "this compiler, its unstable options permitted",
        }
    }

    /// Builds all targets into `folder`.
    pub(crate) fn build(&self, root: &Path, folder: &Path) -> Result<()> {
        let mut build = self.compiler.command(&self.cargo_fuzz);
        build
            .current_dir(root)
            .args(["fuzz", "build", "--fuzz-dir", "fuzz", "--target-dir"]);
        process::run(build.arg(folder)).context("the fuzz targets could not be built")
    }
}
