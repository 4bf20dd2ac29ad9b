//! Which compiler for the kernel's machine is here: Debian's, or a rustup nightly that builds `core` itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::linker::{self, Llvm};
use super::manifest::Identity;
use crate::packages::{self, Need};
use crate::{process, workspace};

/// The machine that the kernel's virtual machine is called in Rust.
pub(crate) const TARGET: &str = "bpfel-unknown-none";

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_LLVM: &str = "/usr/lib/llvm-22";

/// Debian's rustc with a prebuilt `core` for [`TARGET`], and the LLVM that bpf-linker is built against.
const DEBIAN_PACKAGES: [Need; 5] = [
    Need::package("rustc-web"),
    Need::package("libstd-rust-web-dev-bpf"),
    Need::package("llvm-22-dev"),
    Need::package("libpolly-22-dev"),
    Need::package("llvm-22-linker-tools"),
];

const WHAT_IS_NEEDED: &str = "no compiler for the kernel program is here. Either, on Debian 12 as root: \
    `apt-get install --no-install-recommends rustc-web libstd-rust-web-dev-bpf llvm-22-dev libpolly-22-dev \
    llvm-22-linker-tools`; or, with rustup: `rustup toolchain install nightly --component rust-src,llvm-tools` and \
    LLVM's development files of the version that `rustc +nightly -vV` names. Only whoever changes the kernel program \
    needs this: the built object is under version control";

/// A compiler and its tools, ready to use.
pub(crate) struct Toolchain {
    /// Where `core` for the target comes from.
    pub(crate) compiler: Compiler,
    /// Folder of bpf-linker, put first on PATH.
    pub(crate) linker_folder: PathBuf,
    /// llvm-strip.
    pub(crate) strip: PathBuf,
    /// The versions that go into the manifest.
    pub(crate) identity: Identity,
}

/// The two ways to compile for [`TARGET`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compiler {
    /// This cargo driving Debian's rustc, which has `core` for the target.
    Debian,
    /// rustup's nightly, which compiles `core` from the rust-src component.
    Nightly,
}

impl Compiler {
    /// A cargo that compiles with it.
    pub(crate) fn cargo(self) -> Command {
        match self {
            Compiler::Debian => {
                let mut cargo = workspace::cargo();
                // Bootstrap mode permits the unstable features that eBPF programs need on a stable compiler.
                cargo.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
                cargo
            }
            Compiler::Nightly => rustup_nightly("cargo"),
        }
    }

    fn rustc(self) -> Command {
        match self {
            Compiler::Debian => Command::new(DEBIAN_RUSTC),
            Compiler::Nightly => rustup_nightly("rustc"),
        }
    }

    fn sysroot(self) -> Result<PathBuf> {
        Ok(PathBuf::from(
            process::output(self.rustc().args(["--print", "sysroot"]))?.trim(),
        ))
    }

    /// Whether it can compile for [`TARGET`] on this machine.
    fn is_usable(self) -> bool {
        let core = match self {
            Compiler::Debian => format!("lib/rustlib/{TARGET}"),
            Compiler::Nightly => "lib/rustlib/src/rust/library/core".to_owned(),
        };
        self.sysroot().is_ok_and(|sysroot| sysroot.join(core).is_dir())
    }
}

fn rustup_nightly(program: &str) -> Command {
    let mut rustup = Command::new("rustup");
    rustup.args(["run", "nightly", program]);
    rustup
}

/// The toolchain that is here; on Debian as root it is installed first where none is.
pub(crate) fn find_or_install(root: &Path) -> Result<Toolchain> {
    let compiler = match [Compiler::Debian, Compiler::Nightly]
        .into_iter()
        .find(|compiler| compiler.is_usable())
    {
        Some(compiler) => compiler,
        None => install_debian()?,
    };
    if compiler == Compiler::Debian {
        packages::ensure(&DEBIAN_PACKAGES, "building the kernel program")?;
    }
    describe(root, compiler)
}

fn install_debian() -> Result<Compiler> {
    if !process::is_root() || process::find("apt-get").is_none() {
        bail!("{WHAT_IS_NEEDED}");
    }
    packages::ensure(&DEBIAN_PACKAGES, "building the kernel program").context(WHAT_IS_NEEDED)?;
    if !Compiler::Debian.is_usable() {
        bail!("Debian's packages are installed, but {DEBIAN_RUSTC} still has no {TARGET}");
    }
    Ok(Compiler::Debian)
}

fn describe(root: &Path, compiler: Compiler) -> Result<Toolchain> {
    let verbose = process::output(compiler.rustc().arg("-vV"))?;
    let rustc_llvm = field(&verbose, "LLVM version")
        .context("rustc does not name its LLVM")?
        .to_owned();
    let major = rustc_llvm.split('.').next().unwrap_or_default();
    let prefix = match compiler {
        Compiler::Debian => PathBuf::from(DEBIAN_LLVM),
        Compiler::Nightly => PathBuf::from(format!("/usr/lib/llvm-{major}")),
    };
    let prefix = prefix.is_dir().then_some(prefix);
    let linker_folder = linker::find_or_build(
        root,
        &Llvm {
            major,
            prefix: prefix.as_deref(),
        },
    )?;
    Ok(Toolchain {
        compiler,
        strip: find_strip(compiler, prefix.as_deref(), field(&verbose, "host").unwrap_or_default())?,
        identity: Identity {
            rustc: verbose.lines().next().unwrap_or_default().to_owned(),
            rustc_llvm: rustc_llvm.clone(),
            cargo: process::output(compiler.cargo().arg("--version"))?.trim().to_owned(),
            bpf_linker: linker::version(&linker_folder.join("bpf-linker"))?,
            linker_llvm: prefix
                .as_deref()
                .and_then(llvm_version)
                .unwrap_or_else(|| "unknown".to_owned()),
        },
        linker_folder,
    })
}

fn field<'a>(verbose: &'a str, name: &str) -> Option<&'a str> {
    verbose
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn llvm_version(prefix: &Path) -> Option<String> {
    let version = process::output(Command::new(prefix.join("bin/llvm-config")).arg("--version")).ok()?;
    Some(version.trim().to_owned())
}

fn find_strip(compiler: Compiler, prefix: Option<&Path>, host: &str) -> Result<PathBuf> {
    let beside_llvm = prefix.map(|prefix| prefix.join("bin/llvm-strip"));
    let in_sysroot = compiler
        .sysroot()?
        .join("lib/rustlib")
        .join(host)
        .join("bin/llvm-strip");
    beside_llvm
        .into_iter()
        .chain([in_sysroot])
        .find(|file| file.is_file())
        .or_else(|| process::find("llvm-strip"))
        .context("llvm-strip is missing: it is in Debian's package llvm-22 and in rustup's component llvm-tools")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_rustc_says() {
        let said = "rustc 1.96.0 (ac68faa20 2026-05-25)\nhost: x86_64-unknown-linux-gnu\nrelease: 1.96.0\nLLVM version: 22.1.8\n";
        assert_eq!(field(said, "LLVM version"), Some("22.1.8"));
        assert_eq!(field(said, "host"), Some("x86_64-unknown-linux-gnu"));
        assert_eq!(field(said, "commit-hash"), None);
    }
}
