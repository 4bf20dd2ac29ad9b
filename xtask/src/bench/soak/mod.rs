//! `cargo xtask bench soak`: an agent in flight under a steady load, for as long as one likes.

mod agent;
mod counts;
mod kernel;
mod kind;
pub(crate) mod load;
mod report;
pub(super) mod ring;
mod watch;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::document::Part;
use super::setup;
use crate::interrupt;
use crate::process;
use crate::workspace::{self, Profile};
use kind::Kind;
use watch::Watch;

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// How long: 90s, 10m, 1h. Ctrl-C ends it earlier, with a report of what there is
    #[arg(long, default_value = "1h", value_parser = time)]
    time: Duration,
    /// System calls a second that the profile records; the load makes others beside them, which it leaves out
    #[arg(long, default_value_t = 200_000.0)]
    rate: f64,
    /// What the load does
    #[arg(long, value_enum, default_value_t = Kind::Mixed)]
    kind: Kind,
    /// Memory of the ring, in MiB
    #[arg(long, default_value_t = 64)]
    memory: u64,
    /// A recorder to measure instead of building this one
    #[arg(long, value_name = "FILE", conflicts_with = "save")]
    recorder: Option<PathBuf>,
    /// Keep the results in docs/benchmarks.md
    #[arg(long)]
    save: bool,
}

/// Measures, prints, and keeps the results where that is asked for.
pub(super) fn run(root: &Path, options: &Options) -> Result<()> {
    let scratch = setup::scratch()?;
    let capture = prepare(root, options.recorder.as_deref(), scratch.path())?;
    let watch = Watch {
        kind: options.kind,
        rate: options.rate,
        memory: options.memory << 20,
        time: options.time,
    };
    let seen = watch.run(&capture, &scratch.path().join("soak"))?;
    Part::SOAK.publish(root, &report::render(&watch, &seen), options.save)
}

/// The recorder, built where none is given, and copied: what is built while this runs shall not take its place.
fn prepare(root: &Path, given: Option<&Path>, scratch: &Path) -> Result<PathBuf> {
    if !process::is_root() {
        bail!("recording needs root: try `sudo -E cargo xtask bench …`");
    }
    interrupt::watch();
    let built = match given {
        Some(file) => file.to_owned(),
        None => workspace::build_capture(root, Profile::Release)?,
    };
    let copy = scratch.join("capture");
    fs::copy(&built, &copy).with_context(|| format!("cannot copy {}", built.display()))?;
    Ok(copy)
}

/// A number with `s`, `m` or `h`.
fn time(text: &str) -> Result<Duration, String> {
    let unit = |unit: char, seconds: u64| Some(text.strip_suffix(unit)?.parse::<u64>().ok()?.saturating_mul(seconds));
    let seconds = unit('s', 1).or_else(|| unit('m', 60)).or_else(|| unit('h', 3600));
    match seconds {
        Some(seconds @ 1..) => Ok(Duration::from_secs(seconds)),
        _ => Err("a time is a number with s, m or h, such as 90s".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(time("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(time("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(time("1h"), Ok(Duration::from_secs(3600)));
        for wrong in ["", "90", "h", "0s", "-1s", "1d"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
