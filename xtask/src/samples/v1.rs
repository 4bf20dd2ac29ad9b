//! `cargo xtask samples v1`: the frozen set of format version 1. It was made once; making it anew would unfreeze it, so
//! this refuses where it is there already.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use afterimage_format::evidence::Identity;
use afterimage_format::file::Trace;
use anyhow::{Context, Result, bail};
use chrono::Utc;

use crate::demo::script::{End, record};
use crate::process;
use crate::workspace::{self, Profile};

/// Name of the container of all samples.
const CONTAINER: &str = "afterimage-sample";

/// Some of everything: files, pipes, programs that fail, an attempt to connect.
const SHORT: &str = "cat /etc/passwd >/dev/null; cat /nowhere; echo made up > /tmp/note; ls /srv | cat; \
    chmod 600 /tmp/note; rm /tmp/note; wget -q -T 1 -O /dev/null http://192.0.2.7/; true";

/// The same over some seconds, so that there are several segments.
const LONG: &str = "for i in 1 2 3 4; do cat /etc/passwd /srv/orders.csv >/dev/null; id >/dev/null; sleep 1.1; done";

/// More than the rings hold while nobody empties them.
const MUCH: &str = "cat /dev/zero | head -c 2000000000 >/dev/null; yes";

/// Makes samples/v1.
pub(super) fn run(root: &Path) -> Result<()> {
    let folder = root.join("samples/v1");
    if folder.exists() {
        bail!(
            "{} is frozen: later formats get a folder of their own",
            folder.display()
        );
    }
    let programs = workspace::build_programs(root, Profile::Dev)?;
    super::leave_this_hosts_name_behind(&workspace::target_dir(root))?;
    let scratch = tempfile::Builder::new().prefix("afterimage-v1-").tempdir()?;
    let at = |name: &str| scratch.path().join(name);

    let key = at("signer");
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "afterimage sample key", "-f"]);
    process::run_quietly(keygen.arg(&key)).context("ssh-keygen is needed (package openssh-client)")?;
    let identity = Identity::generate();
    fs::write(at("reader.txt"), identity_file(&identity))?;
    let note = at("note.txt");
    fs::write(&note, "An attachment of a sample.\n")?;

    let (key, recipient) = (key.to_string_lossy().into_owned(), identity.recipient().to_string());
    let note = note.to_string_lossy().into_owned();
    let take = |name: &str, script: &str, arguments: &[&str], pause, end| {
        println!("xtask: {name}");
        record(&programs, &at(name), (CONTAINER, script), arguments, pause, end)
            .with_context(|| format!("cannot record {name}"))
    };
    take(
        "plain.scap",
        SHORT,
        &["--attach", &note, "--tag", "sample=plain"],
        None,
        End::Sealed,
    )?;
    take("signed.scap", SHORT, &["--sign-key", &key], None, End::Sealed)?;
    let both = ["--sign-key", &key, "--encrypt-to", &recipient, "--attach", &note];
    take("encrypted.scap", SHORT, &both, None, End::Sealed)?;
    take("rotated.scap", LONG, &["--rotate", "1KiB"], None, End::Sealed)?;
    let pause = Some(Duration::from_secs(3));
    take("losses.scap", MUCH, &["--snaplen", "16"], pause, End::Sealed)?;
    take("killed.scap", LONG, &[], None, End::Killed)?;
    cut(&at("signed.scap"), &at("torn.scap"))?;
    alter(&at("signed.scap"), scratch.path())?;

    fs::create_dir_all(&folder)?;
    for file in files(scratch.path())? {
        let name = file.file_name().unwrap_or_default();
        fs::copy(&file, folder.join(name)).with_context(|| format!("cannot write {}", folder.display()))?;
    }
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let document = document(&folder, kernel.trim())?;
    fs::write(folder.join("README.md"), document)?;
    println!("xtask: {}; now bless format/tests/frozen", folder.display());
    Ok(())
}

/// As `age-keygen` writes it.
fn identity_file(identity: &Identity) -> String {
    format!("# public key: {}\n{}\n", identity.recipient(), *identity.secret())
}

/// Files that belong into the set, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".scap") || ["signer", "signer.pub", "reader.txt"].contains(&name.as_str()) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A sealed file that was cut inside its index.
fn cut(source: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(source)?;
    let keep = bytes.len().saturating_sub(200);
    Ok(fs::write(to, &bytes[..keep])?)
}

/// One file for each part of a trace, with one bit of that part turned over.
fn alter(source: &Path, folder: &Path) -> Result<()> {
    let bytes = fs::read(source)?;
    let segment = Trace::open(source)?.entry(0)?;
    let (start, length) = (segment.offset as usize, segment.length as usize);
    let find = |tag: &[u8]| {
        let found = bytes.windows(tag.len()).position(|window| window == tag);
        found.with_context(|| format!("{} has no {}", source.display(), String::from_utf8_lossy(tag)))
    };
    let places = [
        ("header", find(b"HEAD")? + 64 + 20),
        ("custody", find(b"CUST")? + 64 + 10),
        ("block-header", start + 8),
        ("directory", start + 64 + 12 + 30),
        ("column", start + length - 5),
        ("leaf", find(b"LEAF")? + 64 + 8),
        ("index", find(b"INDX")? + 64 + 8),
        ("signature", find(b"SIGN")? + 64 + 60),
        ("footer", bytes.len() - 40),
    ];
    for (part, at) in places {
        let mut altered = bytes.clone();
        altered[at] ^= 0x04;
        fs::write(folder.join(format!("altered-{part}.scap")), altered)?;
    }
    Ok(())
}

fn document(folder: &Path, kernel: &str) -> Result<String> {
    let date = Utc::now().format("%Y-%m-%d");
    let mut text = format!(
        "# The frozen set of format version 1\n\n\
         Every later reader opens these files; `format/tests/frozen.rs` holds what must come out of them. They are never made anew.\n\n\
         Made {date} by `cargo xtask samples v1` (`xtask/src/samples/v1.rs`) on Linux {kernel}, {arch}, with runc. Each is a real \
         recording of the container `{CONTAINER}` alone, which ran a script of its own: no process of the host is in it, and \
         everything in the container was made up. The keys were made for these files and protect nothing.\n\n\
         | file | bytes | what |\n|---|---|---|\n",
        arch = std::env::consts::ARCH
    );
    for file in files(folder)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let what = match name.as_str() {
            "plain.scap" => "a tag and an attachment",
            "signed.scap" => "signed with `signer`",
            "encrypted.scap" => "encrypted to `reader.txt` and signed, with an attachment",
            "losses.scap" => "the recorder stood still while the container went on",
            "killed.scap" => "the recorder was killed: not sealed",
            "torn.scap" => "`signed.scap` without its last 200 bytes",
            "signer" => "private key of the signature (OpenSSH)",
            "signer.pub" => "its public key",
            "reader.txt" => "age identity of the encrypted file",
            name if name.starts_with("rotated") => "a part of one recording in several files",
            _ => "`signed.scap` with one bit turned over in the part that it is called after",
        };
        text += &format!("| `{name}` | {} | {what} |\n", fs::metadata(&file)?.len());
    }
    Ok(text)
}
