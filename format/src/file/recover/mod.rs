//! Recovery: a new, complete file out of what survived in a damaged one.

mod copy;
mod ranges;
mod report;

pub use report::{KindRecovery, Recovery};

use super::reader::map::Map;
use super::verify::{Verdict, verify_map};
use super::{OpenOptions, Summary, Trace, TraceWriter, WriterOptions};
use crate::evidence::{Identity, PrivateKey, Recipient};
use crate::model::{CustodyEntry, Loss, LossCause, Source, action};
use crate::{Error, Result};
use copy::Copy;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// How to recover.
#[derive(Debug, Clone, Default)]
pub struct RecoverOptions {
    /// Identities that may open an encrypted input.
    pub identities: Vec<Identity>,
    /// Encrypt the output to these; empty: it is not encrypted, even where the input is.
    pub recipients: Vec<Recipient>,
    /// Sign the output with this key.
    pub sign_key: Option<PrivateKey>,
    /// Replace an existing output.
    pub force: bool,
    /// Program and version, for the custody log.
    pub tool: String,
}

/// Copies what survived in `input` to `output` and counts what was saved and lost. The input is only read.
///
/// # Errors
/// [`Error::SameFile`]; those of opening the input, where nothing at all can be read from it; those of writing the
/// output, which then does not stay behind.
pub fn recover(input: &Path, output: &Path, options: &RecoverOptions) -> Result<Recovery> {
    refuse_same(input, output)?;
    let map = Map::open(input)?;
    let verdict = verify_map(&map, input, &[])?;
    let file = map.hash();
    let open = OpenOptions {
        identities: options.identities.clone(),
    };
    let trace = Trace::open_map(map, input, &open, true)?;
    let mut header = trace.header().clone();
    if trace.header_lost() {
        header.capture_id = verdict.capture_id.unwrap_or_default();
        header.degraded.push("the header of the recovered file was lost".into());
    }
    let writing = WriterOptions {
        force: options.force,
        sign_key: options.sign_key.clone(),
        recipients: options.recipients.clone(),
        ..WriterOptions::default()
    };
    let writer = TraceWriter::create(output, &header, writing)?;
    let entry = CustodyEntry {
        source: Some(source(input, &verdict, file)),
        ..CustodyEntry::now(action::RECOVERED, &options.tool)
    };
    write(&trace, writer, &entry, verdict).inspect_err(|_| {
        // Half of what was saved is worse than none: it would pass for all of it.
        let _ = std::fs::remove_file(output);
    })
}

fn write(trace: &Trace, mut writer: TraceWriter, entry: &CustodyEntry, verdict: Verdict) -> Result<Recovery> {
    for old in trace.custody() {
        writer.add_custody(old)?;
    }
    let mut copy = Copy::new(trace, &mut writer);
    copy.segments()?;
    copy.attachments()?;
    let mut recovery = copy.finish(verdict);
    writer.add_custody(entry)?;
    let mut summary = trace.summary().cloned().unwrap_or_else(|| Summary {
        end: trace.totals().time_max,
        reason: "recovered from a file that was not sealed".into(),
        ..Summary::default()
    });
    summary.containers = trace.containers();
    recovery.containers = summary.containers.len() as u64;
    if recovery.events_lost > 0 {
        summary.losses.push(Loss {
            cause: LossCause::Damage,
            cpu: None,
            events: recovery.events_lost,
            from: trace.totals().time_min,
            to: trace.totals().time_max,
        });
    }
    recovery.sealed = writer.seal(&summary)?;
    recovery.damage.extend(trace.damage());
    Ok(recovery)
}

/// What the custody log of a new file says of the file that it was made from.
///
/// # Errors
/// Where `path` cannot be read.
pub fn custody_source(path: &Path, verdict: &Verdict) -> Result<Source> {
    Ok(source(path, verdict, Map::open(path)?.hash()))
}

fn source(path: &Path, verdict: &Verdict, file: [u8; 32]) -> Source {
    let name = path.file_name().unwrap_or_default();
    Source {
        capture_id: verdict.capture_id.unwrap_or_default(),
        root: verdict.root.unwrap_or_default(),
        file,
        name: name.to_string_lossy().into_owned(),
        verdict: verdict.integrity.to_string(),
    }
}

fn refuse_same(input: &Path, output: &Path) -> Result<()> {
    let id = |path: &Path| std::fs::metadata(path).map(|m| (m.dev(), m.ino())).ok();
    match (id(input), id(output)) {
        (Some(a), Some(b)) if a == b => Err(Error::SameFile(output.to_owned())),
        _ => Ok(()),
    }
}
