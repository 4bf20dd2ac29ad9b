//! `analyze verify`

use crate::json;
use crate::output::{counted, hex, shown_path, stdout};
use crate::status::Status;
use afterimage_format::evidence::PublicKey;
use afterimage_format::file::{Integrity, Verdict, verify};
use afterimage_query::output::escaped;
use anyhow::{Result, anyhow};
use serde::Serialize;
use std::io::Write as _;
use std::path::PathBuf;

/// Check whether a trace is as it was written, and who signed it
#[derive(clap::Args)]
#[command(
    after_help = "Reads the whole file and changes nothing. An encrypted trace needs no identity for this.\n\n\
    Exit status: 0 intact (with --key: and signed by one of these keys); 3 not so; 1 could not be read.\n\n\
    Examples:\n  \
    analyze verify t.scap                     whole and unaltered?\n  \
    analyze verify t.scap --key signer.pub    and sealed by whom it should be?"
)]
pub(crate) struct Args {
    /// Trace
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// File with Ed25519 public keys (OpenSSH or PEM) of which one must have signed the trace. May be given several times
    #[arg(long, value_name = "PUB")]
    key: Vec<PathBuf>,
    /// A JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Object {
    verdict: &'static str,
    intact: bool,
    /// Where it is not intact, what was found.
    what: Option<String>,
    offset: Option<u64>,
    block: Option<u64>,
    segment: Option<u64>,
    segments: u64,
    bytes: u64,
    encrypted: bool,
    root: Option<String>,
    signatures: Vec<Signer>,
    /// Whether one of the keys asked for signed it; null where none was asked for.
    trusted: Option<bool>,
}

#[derive(Serialize)]
struct Signer {
    fingerprint: String,
    comment: String,
    valid: bool,
    trusted: bool,
}

pub(crate) fn run(args: &Args) -> Result<Status> {
    let said = |error: afterimage_format::Error| anyhow!(escaped(error.to_string().as_bytes()));
    let mut keys = Vec::new();
    for path in &args.key {
        keys.extend(PublicKey::read_all(path).map_err(said)?);
    }
    let verdict = verify(&args.file, &keys).map_err(said)?;
    let asked = !args.key.is_empty();
    let mut out = stdout();
    if args.json {
        json::write_line(&mut out, &object(&verdict, asked))?;
    } else {
        for line in lines(&verdict, asked) {
            writeln!(out, "{}: {line}", shown_path(&args.file))?;
        }
    }
    out.flush()?;
    let good = if asked {
        verdict.is_trusted()
    } else {
        verdict.is_intact()
    };
    Ok(Status::incomplete(!good))
}

fn lines(verdict: &Verdict, asked: bool) -> Vec<String> {
    let mut lines = match &verdict.integrity {
        Integrity::Intact => vec![format!(
            "intact: {} in {} bytes",
            counted(verdict.segments, "segment"),
            verdict.bytes
        )],
        other => vec![loud(&escaped(other.to_string().as_bytes()))],
    };
    if let Some(root) = &verdict.root {
        lines.push(format!("root {}", hex(root)));
    }
    if verdict.encrypted {
        lines.push("encrypted".to_string());
    }
    for signer in &verdict.signatures {
        let name = escaped(signer.comment.as_bytes());
        let name = if name.is_empty() { "no comment" } else { &name };
        let worth = match (signer.valid, signer.trusted) {
            (false, _) => "NOT VALID",
            (true, true) => "valid, by a key that was given",
            (true, false) if asked => "valid, but by NONE OF THE KEYS that were given",
            (true, false) => "valid; whether it is the right key, only --key can tell",
        };
        lines.push(format!("signature of {} ({name}): {worth}", signer.fingerprint));
    }
    if verdict.signatures.is_empty() {
        let missing = if asked {
            "NOT SIGNED, although a key was given"
        } else {
            "not signed"
        };
        lines.push(missing.to_string());
    }
    lines
}

fn object(verdict: &Verdict, asked: bool) -> Object {
    let (name, place) = match &verdict.integrity {
        Integrity::Intact => ("intact", None),
        Integrity::Truncated { .. } => ("truncated", None),
        Integrity::Altered(place) => ("altered", Some(place)),
    };
    let signer = |check: &afterimage_format::file::SignatureCheck| Signer {
        fingerprint: check.fingerprint.clone(),
        comment: check.comment.clone(),
        valid: check.valid,
        trusted: check.trusted,
    };
    Object {
        verdict: name,
        intact: verdict.is_intact(),
        what: (!verdict.is_intact()).then(|| verdict.integrity.to_string()),
        offset: place.map(|place| place.offset),
        block: place.and_then(|place| place.block),
        segment: place.and_then(|place| place.segment),
        segments: verdict.segments,
        bytes: verdict.bytes,
        encrypted: verdict.encrypted,
        root: verdict.root.as_ref().map(|root| hex(root)),
        signatures: verdict.signatures.iter().map(signer).collect(),
        trusted: asked.then(|| verdict.is_trusted()),
    }
}

/// The first word in capitals: bad news must not be overlooked.
fn loud(text: &str) -> String {
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    word.to_ascii_uppercase() + rest
}
