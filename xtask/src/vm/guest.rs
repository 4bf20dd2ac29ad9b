//! What runs in the machines: built once for each kind of machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::machine::Machine;
use super::root::{self, Contents};
use crate::{process, workspace};

/// The package whose tests run there.
const PACKAGE: &str = "afterimage-capture";

/// The part that loads the program, records a little, counts and verifies: enough to see what a verifier says. It always
/// runs, so it is the name of nothing else.
const LOAD: &str = "load";

/// Rust's name of arm64 with a static library, and what compiles C for it.
const ARM_TARGET: &str = "aarch64-unknown-linux-musl";
const ARM_COMPILER: &str = "aarch64-linux-gnu-gcc";

/// Initial file systems by architecture.
pub(crate) struct Guests<'a> {
    root: &'a Path,
    tests: Vec<String>,
    packed: BTreeMap<&'static str, PathBuf>,
}

impl<'a> Guests<'a> {
    /// For the repository in `root` with these test files.
    pub(crate) fn new(root: &'a Path, tests: Vec<String>) -> Guests<'a> {
        Guests {
            root,
            tests: tests.into_iter().filter(|name| name != LOAD).collect(),
            packed: BTreeMap::new(),
        }
    }

    /// The archive for a machine.
    pub(crate) fn root_of(&mut self, machine: &Machine) -> Result<PathBuf> {
        if let Some(packed) = self.packed.get(machine.architecture) {
            return Ok(packed.clone());
        }
        let folder = workspace::target_dir(self.root).join("vm");
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let contents = if machine.is_native {
            self.native()?
        } else {
            self.foreign(machine, &folder)?
        };
        let archive = folder.join(format!("root-{}.cpio", machine.architecture));
        root::pack(&contents, &archive)?;
        self.packed.insert(machine.architecture, archive.clone());
        Ok(archive)
    }

    fn native(&self) -> Result<Contents> {
        Ok(Contents {
            busybox: process::find("busybox").context("busybox is missing (package busybox-static)")?,
            programs: workspace::build_programs(self.root, workspace::Profile::Dev)?,
            // Without a name cargo would build all tests.
            tests: match self.tests.as_slice() {
                [] => Vec::new(),
                names => workspace::build_tests(self.root, PACKAGE, names)?,
            },
            examples: workspace::build_examples(self.root, PACKAGE)?,
            strip: "strip",
            is_native: true,
        })
    }

    fn foreign(&self, machine: &Machine, folder: &Path) -> Result<Contents> {
        let busybox = folder.join(format!("busybox-{}", machine.architecture));
        if !busybox.is_file() {
            let unpacked = tempfile::tempdir_in(folder)?;
            machine.apt(self.root)?.download("busybox-static", unpacked.path())?;
            fs::rename(unpacked.path().join("bin/busybox"), &busybox).context("busybox-static has no busybox")?;
        }
        let mut library = Command::new("rustc");
        library.current_dir(self.root);
        let library = process::output(library.args(["--print", "target-libdir", "--target", ARM_TARGET]))?;
        if !Path::new(library.trim()).is_dir() {
            bail!("the compiler has no library for arm64; with rustup: rustup target add {ARM_TARGET}");
        }
        Ok(Contents {
            busybox,
            programs: workspace::build_programs_for(self.root, ARM_TARGET, ARM_COMPILER)?,
            tests: Vec::new(),
            examples: Vec::new(),
            strip: "aarch64-linux-gnu-strip",
            is_native: false,
        })
    }
}
