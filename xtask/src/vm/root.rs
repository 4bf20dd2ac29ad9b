//! The initial file system: programs and tests at the paths where they were built, and what they start.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::{Built, Programs};

/// What the tests start, in the machine and in its containers. Those that are missing here skip or fail there.
const STARTED: [&str; 20] = [
    "bash", "cat", "chmod", "dd", "echo", "env", "kill", "ln", "ls", "mkdir", "mount", "rm", "runc", "setpriv", "sh",
    "sleep", "taskset", "true", "umount", "unshare",
];

const INIT: &str = include_str!("init.sh");

/// What a machine gets, all built for it.
pub(crate) struct Contents {
    /// A static one: the first process.
    pub(crate) busybox: PathBuf,
    /// Recorder and analyzer.
    pub(crate) programs: Programs,
    /// What runs there.
    pub(crate) tests: Vec<Built>,
    /// What the tests start.
    pub(crate) examples: Vec<Built>,
    /// The program that strips them.
    pub(crate) strip: &'static str,
    /// Whether programs of this machine run there; otherwise busybox stands for them.
    pub(crate) is_native: bool,
}

/// Writes the archive `archive`.
pub(crate) fn pack(contents: &Contents, archive: &Path) -> Result<()> {
    let staging = tempfile::tempdir_in(archive.parent().unwrap_or(Path::new(".")))?;
    let root = staging.path();
    lay_out(root)?;
    put(root, &contents.busybox, Path::new("/vm/busybox"))?;
    let Programs { capture, analyze } = &contents.programs;
    let init = INIT
        .replace("@CAPTURE@", &capture.to_string_lossy())
        .replace("@ANALYZE@", &analyze.to_string_lossy());
    write(root, "init", &init, 0o755)?;
    let list: String = contents
        .tests
        .iter()
        .map(|test| format!("{} {}\n", test.name, test.program.display()))
        .collect();
    write(root, "vm/tests", &list, 0o644)?;
    let built = contents.tests.iter().chain(&contents.examples);
    let mut libraries = BTreeSet::new();
    for binary in [capture, analyze].into_iter().chain(built.map(|built| &built.program)) {
        put(root, binary, binary)?;
        strip(contents.strip, &inside(root, binary))?;
        libraries.extend(libraries_of(binary)?);
    }
    for program in STARTED {
        let place = Path::new("/usr/bin").join(program);
        if !contents.is_native {
            symlink("/vm/busybox", inside(root, &place))?;
        } else if let Some(found) = process::find(program) {
            // Under the one name that containers have in their path.
            put(root, &found, &place)?;
            libraries.extend(libraries_of(&found)?);
        }
    }
    for library in libraries {
        put(root, &library, &library)?;
    }
    let busybox = process::find("busybox").context("busybox is missing (package busybox-static)")?;
    let output = File::create(archive).with_context(|| format!("cannot create {}", archive.display()))?;
    let pack = format!("find . | {} cpio -o -H newc 2>/dev/null", busybox.display());
    process::run(Command::new("sh").current_dir(root).args(["-c", &pack]).stdout(output))
}

/// The folders of a distribution.
fn lay_out(root: &Path) -> Result<()> {
    for folder in [
        "dev",
        "etc",
        "new",
        "proc",
        "run",
        "sys",
        "tmp",
        "usr/bin",
        "usr/lib",
        "usr/lib64",
        "usr/sbin",
        "vm",
    ] {
        fs::create_dir_all(root.join(folder))?;
    }
    for folder in ["bin", "lib", "lib64", "sbin"] {
        symlink(format!("usr/{folder}"), root.join(folder))?;
    }
    write(root, "etc/passwd", "root:x:0:0:root:/:/bin/sh\n", 0o644)?;
    write(root, "etc/group", "root:x:0:\n", 0o644)
}

/// Where an absolute path of the machine is while it is built.
fn inside(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn put(root: &Path, from: &Path, to: &Path) -> Result<()> {
    let to = inside(root, to);
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, &to)
        .map(drop)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

fn write(root: &Path, name: &str, text: &str, mode: u32) -> Result<()> {
    let file = root.join(name);
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(fs::set_permissions(&file, fs::Permissions::from_mode(mode))?)
}

/// Debug information is most of a program, and every byte is loaded into memory.
fn strip(program: &str, file: &Path) -> Result<()> {
    process::run_quietly(Command::new(program).arg("--strip-debug").arg(file))
}

/// The shared libraries of a program, its loader among them.
fn libraries_of(program: &Path) -> Result<Vec<PathBuf>> {
    // It fails on a static program, and on one of another machine.
    let said = process::output(Command::new("ldd").arg(program)).unwrap_or_default();
    Ok(libraries(&said).map(PathBuf::from).collect())
}

/// Reads `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x7f..)` and `/lib64/ld-linux-x86-64.so.2 (0x7f..)`.
fn libraries(said: &str) -> impl Iterator<Item = &str> {
    said.split_whitespace().filter(|word| word.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_read_from_what_ldd_says() {
        let said = "\tlinux-vdso.so.1 (0x00007ffd)\n\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)\n\
            \t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n";
        let found: Vec<&str> = libraries(said).collect();
        assert_eq!(
            found,
            ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"]
        );
    }
}
