//! `analyze recover`

use crate::input;
use crate::json;
use crate::output::{counted, shown_path, stdout};
use crate::status::Status;
use crate::table::aligned;
use afterimage_format::evidence::{PrivateKey, Recipient};
use afterimage_format::file::{RecoverOptions, Recovery, recover};
use afterimage_query::output::escaped;
use anyhow::{Result, anyhow};
use serde::Serialize;
use std::io::Write as _;
use std::path::PathBuf;

/// Save what survived in a damaged trace into a new, complete one
#[derive(clap::Args)]
#[command(
    after_help = "The input is only read. The new file keeps its capture id and custody log, and tells where it comes from.\n\n\
    Exit status: 0 nothing was lost; 3 something was, see the counts; 1 could not be done.\n\n\
    Example:\n  \
    analyze recover torn.scap -o whole.scap"
)]
pub(crate) struct Args {
    /// Damaged trace
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// File to write
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Replace OUT if it exists
    #[arg(long)]
    force: bool,
    /// Sign the new file with this Ed25519 key (OpenSSH or PKCS#8 PEM, without passphrase)
    #[arg(long, value_name = "KEY")]
    sign_key: Option<PathBuf>,
    /// Encrypt the new file to this age recipient. May be given several times. Without it, the new file is not encrypted
    #[arg(long, value_name = "RECIPIENT")]
    encrypt_to: Vec<String>,
    /// A JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Object<'r> {
    verdict: String,
    events_saved: u64,
    events_lost: u64,
    events_lost_of_unknown_kind: u64,
    segments_saved: u64,
    segments_lost: u64,
    attachments_saved: u64,
    attachments_lost: u64,
    loss_records_saved: u64,
    loss_records_lost: u64,
    containers: u64,
    header_lost: bool,
    garbage_bytes: u64,
    kinds: Vec<Kind<'r>>,
    damage: Vec<String>,
    bytes: u64,
}

#[derive(Serialize)]
struct Kind<'r> {
    name: &'r str,
    saved: u64,
    lost: u64,
}

pub(crate) fn run(args: &Args) -> Result<Status> {
    let said = |error: afterimage_format::Error| anyhow!(escaped(error.to_string().as_bytes()));
    let recipients = args.encrypt_to.iter().map(|text| text.parse::<Recipient>());
    let options = RecoverOptions {
        identities: input::identities().to_vec(),
        recipients: recipients.collect::<Result<_, _>>().map_err(said)?,
        sign_key: args
            .sign_key
            .as_deref()
            .map(PrivateKey::read)
            .transpose()
            .map_err(said)?,
        force: args.force,
        tool: concat!("afterimage analyze ", env!("CARGO_PKG_VERSION")).to_string(),
    };
    let recovery = recover(&args.file, &args.output, &options).map_err(said)?;
    let mut out = stdout();
    if args.json {
        json::write_line(&mut out, &object(&recovery))?;
    } else {
        write_page(&mut out, args, &recovery)?;
    }
    out.flush()?;
    Ok(Status::incomplete(lost_something(&recovery)))
}

fn lost_something(recovery: &Recovery) -> bool {
    let lost = recovery.events_lost + recovery.segments_lost + recovery.attachments_lost + recovery.loss_records_lost;
    lost > 0 || recovery.header_lost || !recovery.verdict.is_intact()
}

fn write_page(out: &mut impl std::io::Write, args: &Args, recovery: &Recovery) -> std::io::Result<()> {
    writeln!(
        out,
        "{}: {}",
        shown_path(&args.file),
        escaped(recovery.verdict.integrity.to_string().as_bytes())
    )?;
    let total = |name: &str, saved: u64, lost: u64| [name.to_string(), saved.to_string(), lost.to_string()].to_vec();
    let mut rows = vec![
        ["", "SAVED", "LOST"].map(str::to_string).to_vec(),
        total("segments", recovery.segments_saved, recovery.segments_lost),
        total("attachments", recovery.attachments_saved, recovery.attachments_lost),
        total("loss records", recovery.loss_records_saved, recovery.loss_records_lost),
        total("events", recovery.events_saved, recovery.events_lost),
    ];
    for kind in &recovery.kinds {
        rows.push(total(
            &format!("  {}", escaped(kind.name.as_bytes())),
            kind.saved,
            kind.lost,
        ));
    }
    if recovery.events_lost_of_unknown_kind > 0 {
        rows.push(total("  of unknown kind", 0, recovery.events_lost_of_unknown_kind));
    }
    for line in aligned(&rows, &[1, 2]) {
        writeln!(out, "{line}")?;
    }
    if recovery.header_lost {
        writeln!(out, "the header was lost: host, scope and tags are not known any more")?;
    }
    if !recovery.verdict.is_intact() && recovery.verdict.root.is_none() {
        writeln!(
            out,
            "what came behind the last event may be missing, and nothing tells how much"
        )?;
    }
    for damage in recovery.damage.iter().take(8) {
        writeln!(out, "{}", escaped(damage.to_string().as_bytes()))?;
    }
    if recovery.damage.len() > 8 {
        writeln!(out, "and {} more damaged places", recovery.damage.len() - 8)?;
    }
    writeln!(
        out,
        "{}: {} in {} bytes",
        shown_path(&args.output),
        counted(recovery.events_saved, "event"),
        recovery.sealed.bytes
    )
}

fn object(recovery: &Recovery) -> Object<'_> {
    Object {
        verdict: recovery.verdict.integrity.to_string(),
        events_saved: recovery.events_saved,
        events_lost: recovery.events_lost,
        events_lost_of_unknown_kind: recovery.events_lost_of_unknown_kind,
        segments_saved: recovery.segments_saved,
        segments_lost: recovery.segments_lost,
        attachments_saved: recovery.attachments_saved,
        attachments_lost: recovery.attachments_lost,
        loss_records_saved: recovery.loss_records_saved,
        loss_records_lost: recovery.loss_records_lost,
        containers: recovery.containers,
        header_lost: recovery.header_lost,
        garbage_bytes: recovery.garbage,
        kinds: recovery
            .kinds
            .iter()
            .map(|kind| Kind {
                name: &kind.name,
                saved: kind.saved,
                lost: kind.lost,
            })
            .collect(),
        damage: recovery.damage.iter().map(ToString::to_string).collect(),
        bytes: recovery.sealed.bytes,
    }
}
