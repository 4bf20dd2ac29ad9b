//! The frozen files of each version of the format open for ever, and say what they said when they were made.
//!
//! `AFTERIMAGE_BLESS=1` writes the expectations of a version that has none yet; those that are there are never changed.

use afterimage_format::evidence::{Identity, PublicKey};
use afterimage_format::file::{OpenOptions, Trace, verify};
use afterimage_format::model::Value;
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn samples(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples").join(version)
}

/// Everything that can be read of a trace, as text; only what has a meaning, so that it stays the same when types grow.
fn told(trace: &Trace) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} {:?}", trace.header().scope, trace.header().tags);
    for at in 0..trace.segment_count() {
        if let Err(error) = rows(trace, at, &mut out) {
            let _ = writeln!(out, "segment {at}: {error}");
        }
    }
    for entry in trace.attachments() {
        let content = trace
            .attachment(entry)
            .map(|content| String::from_utf8_lossy(&content).into_owned());
        let _ = writeln!(out, "attached {} {content:?}", entry.name);
    }
    for entry in trace.custody() {
        let _ = writeln!(out, "custody {} {} {}", entry.time, entry.action, entry.tool);
    }
    for container in trace.containers() {
        let _ = writeln!(
            out,
            "container {} {} {}",
            container.key, container.full_id, container.events
        );
    }
    out
}

fn rows(trace: &Trace, at: usize, out: &mut String) -> afterimage_format::Result<()> {
    let segment = trace.segment(at)?;
    for row in 0..segment.rows() {
        let kind = segment.kind(row)?;
        let thread = segment
            .thread(row)?
            .map(|t| (t.id, t.tid, t.vtid, t.parent, t.comm.clone(), t.args.clone()));
        let descriptor = segment.descriptor(row)?.map(|d| (d.id, d.ty.names().0, d.name.clone()));
        let (time, cpu, flags) = (segment.times()?[row], segment.cpus()?[row], segment.flags(row)?.0);
        let _ = write!(out, "{} {time} {cpu} {} {flags}", segment.num(row), kind.name);
        let _ = write!(out, " {:?} {thread:?} {descriptor:?}", segment.result(row)?);
        for (at, param) in kind.params.iter().enumerate() {
            let _ = match segment.arg(row, at)? {
                Value::Missing => write!(out, " {}=?", param.name),
                Value::Int(value) => write!(out, " {}={value}", param.name),
                Value::Bytes(value) => write!(out, " {}={value:?}", param.name),
            };
        }
        out.push('\n');
    }
    let live: Vec<u64> = segment.live()?.iter().map(|t| t.id).collect();
    let _ = writeln!(out, "live {live:?}");
    for change in segment.fd_changes()? {
        let _ = writeln!(
            out,
            "{:?} {} {} {:?}",
            change.row, change.process, change.fd, change.state
        );
    }
    for loss in segment.losses()? {
        let _ = writeln!(
            out,
            "lost {} {:?} {} {} {}",
            loss.cause.name(),
            loss.cpu,
            loss.events,
            loss.from,
            loss.to
        );
    }
    Ok(())
}

/// One line about a file.
fn line(path: &Path, options: &OpenOptions, keys: &[PublicKey]) -> String {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let verdict = verify(path, keys).unwrap();
    let integrity = verdict.integrity.to_string();
    let integrity = integrity.split([':', ' ']).next().unwrap();
    let signed = match verdict.signatures.as_slice() {
        [] => "unsigned",
        [one] if one.trusted => "signed",
        _ => "signature does not fit",
    };
    let open = match Trace::open_with(path, options) {
        Ok(trace) => format!(
            "{} events, {} segments, {} lost, {} damaged places, content {}",
            trace.totals().events,
            trace.segment_count(),
            trace.totals().loss_events,
            trace.damage().len(),
            &blake3::hash(told(&trace).as_bytes()).to_hex()[..32]
        ),
        Err(error) => format!(
            "does not open: {}",
            error.to_string().replace(&*path.to_string_lossy(), &name)
        ),
    };
    format!("{name}: {integrity}, {signed}; {open}\n")
}

#[test]
fn version_1() {
    let folder = samples("v1");
    let keys = PublicKey::read_all(&folder.join("signer.pub")).unwrap();
    let options = OpenOptions {
        identities: Identity::read_all(&folder.join("reader.txt")).unwrap(),
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "scap"));
    files.sort();
    let told: String = files.iter().map(|path| line(path, &options, &keys)).collect();
    let expected = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/frozen/v1.txt");
    if std::env::var_os("AFTERIMAGE_BLESS").is_some() && !expected.exists() {
        std::fs::create_dir_all(expected.parent().unwrap()).unwrap();
        std::fs::write(&expected, &told).unwrap();
    }
    assert_eq!(told, std::fs::read_to_string(&expected).unwrap());
    // Without the identity an encrypted file says so, and is still verified.
    let encrypted = folder.join("encrypted.scap");
    assert!(
        Trace::open(&encrypted)
            .map(|_| ())
            .unwrap_err()
            .to_string()
            .contains("--identity")
    );
}
