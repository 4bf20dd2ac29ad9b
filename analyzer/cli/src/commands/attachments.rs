//! `analyze attachments`

use crate::input::{Input, Zone};
use crate::json;
use crate::output::{hex, stdout};
use crate::status::Status;
use crate::table::aligned;
use afterimage_format::model::AttachmentEntry;
use afterimage_query::output::escaped;
use anyhow::{Context as _, Result};
use serde::Serialize;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// List the files that a trace carries, or write them to a folder
#[derive(clap::Args)]
#[command(
    after_help = "Names come from the trace and are hostile: extracted files are called HASH-NAME, with everything in NAME\n\
    replaced that is no letter, digit, dot, dash or underscore. They are created with mode 0600 and never replace anything.\n\n\
    Example:\n  \
    analyze attachments t.scap --extract evidence/"
)]
pub(crate) struct Args {
    /// Trace
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Write them to this folder, which is made where there is none
    #[arg(long, value_name = "DIR")]
    extract: Option<PathBuf>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    zone: Zone,
}

#[derive(Serialize)]
struct Object<'a> {
    name: &'a str,
    media_type: &'a str,
    size: u64,
    blake3: String,
    extracted: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<Status> {
    let input = Input::open(&args.file, args.zone.get())?;
    let mut damage = Vec::new();
    let mut rows = vec![["BLAKE3", "SIZE", "TYPE", "NAME"].map(str::to_string).to_vec()];
    let mut out = stdout();
    for entry in input.trace.attachments() {
        let extracted = match &args.extract {
            None => None,
            Some(folder) => match input.trace.attachment(entry) {
                Ok(content) => Some(extract(folder, entry, &content)?),
                Err(error) => {
                    damage.push(error);
                    None
                }
            },
        };
        if args.json {
            let object = Object {
                name: &entry.name,
                media_type: &entry.media_type,
                size: entry.size,
                blake3: hex(&entry.hash),
                extracted: extracted.map(|path| path.to_string_lossy().into_owned()),
            };
            json::write_line(&mut out, &object)?;
        } else {
            let media_type = if entry.media_type.is_empty() {
                "-"
            } else {
                &entry.media_type
            };
            rows.push(vec![
                hex(&entry.hash[..8]),
                entry.size.to_string(),
                escaped(media_type.as_bytes()),
                escaped(entry.name.as_bytes()),
            ]);
        }
    }
    if !args.json {
        if rows.len() == 1 {
            writeln!(out, "no attachments")?;
        } else {
            for line in aligned(&rows, &[1]) {
                writeln!(out, "{line}")?;
            }
        }
    }
    out.flush()?;
    Ok(input.warn(&[], &damage))
}

/// Writes one file; returns where.
fn extract(folder: &Path, entry: &AttachmentEntry, content: &[u8]) -> Result<PathBuf> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let path = folder.join(safe_name(entry));
    let mut open = OpenOptions::new();
    // `create_new` follows no link and replaces nothing.
    let file = open.write(true).create_new(true).mode(0o600).open(&path);
    let mut file = match file {
        // The same content under the same name is there already, from this trace or an earlier run.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && is_there(&path, content) => return Ok(path),
        file => file.with_context(|| format!("cannot create {}", path.display()))?,
    };
    file.write_all(content)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn is_there(path: &Path, content: &[u8]) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_file())
        && std::fs::read(path).is_ok_and(|it| it == content)
}

/// Part of a name that is kept.
const LONGEST: usize = 100;

/// A name for a file that leads nowhere else and hides nothing.
fn safe_name(entry: &AttachmentEntry) -> String {
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || "._-".contains(c) {
            c
        } else {
            '_'
        }
    };
    let base = entry.name.rsplit('/').next().unwrap_or_default();
    let name: String = base.chars().take(LONGEST).map(safe).collect();
    let hash = hex(&entry.hash[..8]);
    if name.is_empty() {
        hash
    } else {
        format!("{hash}-{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extracted_names_lead_nowhere_else() {
        for (name, expected) in [
            ("alert.json", "0000000000000000-alert.json"),
            ("../../etc/passwd", "0000000000000000-passwd"),
            ("..", "0000000000000000-.."),
            ("a\u{1b}[2Jb\n", "0000000000000000-a__2Jb_"),
            ("", "0000000000000000"),
            ("/", "0000000000000000"),
        ] {
            let entry = AttachmentEntry {
                name: name.into(),
                ..AttachmentEntry::default()
            };
            assert_eq!(safe_name(&entry), expected, "{name:?}");
        }
    }
}
