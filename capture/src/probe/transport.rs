//! Which transport a recording uses. Mapped rings cost the recorded programs least; they need a ring for every CPU that can
//! ever be online, as each has to be there when its CPU comes. The kernel's ring buffers can be shared by CPUs.

use super::buffers::Buffers;
use super::mapped::{self, Unmapped};
use super::rings::Rings;
use afterimage_abi::{RING_SIZE, RING_SIZE_MAX, RING_SIZE_MIN, Transport};
use anyhow::{Context, Result, bail};

/// Which transport is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Wanted {
    /// Mapped rings; ring buffers where these cannot be had.
    Auto,
    /// A ring in memory that is shared with the kernel, for each CPU that can be.
    Ring,
    /// One of the kernel's ring buffers for each CPU that is online.
    Ringbuf,
}

/// How records are to come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    /// Which transport.
    pub(crate) wanted: Wanted,
    /// Bytes of each ring, as of [`size`].
    pub(crate) size: u32,
}

impl Default for Way {
    fn default() -> Way {
        Way {
            wanted: Wanted::Auto,
            size: RING_SIZE,
        }
    }
}

/// Reads the size of a ring: `4MiB`.
pub(crate) fn size(text: &str) -> Result<u32, String> {
    let bytes = crate::units::size(text)?;
    u32::try_from(bytes)
        .ok()
        .filter(|bytes| bytes.is_power_of_two() && (RING_SIZE_MIN..=RING_SIZE_MAX).contains(bytes))
        .ok_or_else(|| {
            format!(
                "a ring has a power of two of bytes, from {} KiB to {} MiB",
                RING_SIZE_MIN >> 10,
                RING_SIZE_MAX >> 20
            )
        })
}

/// Mapped rings may take this part of the memory; beyond it, rings for CPUs that are not there are too dear.
const PART: u64 = 16;

/// Rings that the recorder does not read yet.
pub(super) enum Made {
    Mapped(Unmapped),
    Buffers(Buffers),
}

impl Made {
    /// What the program has to know.
    pub(super) fn transport(&self) -> Transport {
        match self {
            Made::Mapped(rings) => Transport {
                mask: rings.size() - 1,
                buffer: 0,
            },
            Made::Buffers(rings) => Transport {
                mask: 0,
                buffer: rings.size(),
            },
        }
    }

    /// Whether the programs write into memory that is shared with the recorder.
    pub(super) fn are_mapped(&self) -> bool {
        matches!(self, Made::Mapped(_))
    }

    /// Number of CPUs that write.
    pub(super) fn cpus(&self) -> usize {
        match self {
            Made::Mapped(rings) => rings.cpus(),
            Made::Buffers(rings) => rings.cpus(),
        }
    }

    /// Makes them readable.
    pub(super) fn open(self) -> Result<Rings> {
        Ok(match self {
            Made::Mapped(rings) => Rings::Mapped(rings.map()?),
            Made::Buffers(rings) => Rings::Buffers(rings),
        })
    }
}

/// Makes the rings. Where they are not those that are best, says why in words for a user.
pub(super) fn make(way: Way) -> Result<(Made, Option<String>)> {
    let (possible, online) = (cpus("possible")?, cpus("online")?);
    // Each needs a place, whatever its number.
    let possible = possible.last().map_or(1, |last| last + 1);
    let buffers = || Buffers::new(way.size, &online, possible).map(Made::Buffers);
    let refused = match way.wanted {
        Wanted::Ringbuf => return Ok((buffers()?, None)),
        Wanted::Ring => return Ok((Made::Mapped(Unmapped::new(way.size, possible)?), None)),
        Wanted::Auto => match affordable(way.size, possible, online.len(), memory()?)
            .and_then(|()| Unmapped::new(way.size, possible))
        {
            Ok(rings) => return Ok((Made::Mapped(rings), None)),
            Err(refused) => refused,
        },
    };
    let rings = buffers().with_context(|| format!("{refused:#}; and instead"))?;
    let reason =
        format!("recorded calls take longer, as the kernel's ring buffers stand in for mapped rings: {refused:#}");
    Ok((rings, Some(reason)))
}

/// Whether mapped rings are worth their memory, of which the machine has `memory` bytes.
fn affordable(size: u32, possible: usize, online: usize, memory: u64) -> Result<()> {
    let bytes = mapped::element(size) as u64 * possible as u64;
    if possible > online && bytes > memory / PART {
        bail!(
            "{possible} CPUs are possible and {online} online, and rings for all would take {} of {} MiB of memory",
            bytes >> 20,
            memory >> 20
        );
    }
    Ok(())
}

/// Bytes of memory of this machine.
fn memory() -> Result<u64> {
    let path = "/proc/meminfo";
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    let kib = text.lines().find_map(|line| {
        line.strip_prefix("MemTotal:")?
            .trim()
            .strip_suffix("kB")?
            .trim()
            .parse::<u64>()
            .ok()
    });
    Ok(kib.with_context(|| format!("{path} does not say how much memory there is"))? << 10)
}

/// Numbers of the CPUs that are `possible` or `online`, in order.
fn cpus(which: &str) -> Result<Vec<usize>> {
    let path = format!("/sys/devices/system/cpu/{which}");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    parse(text.trim()).with_context(|| format!("{path} says {text:?}"))
}

/// Reads a list of CPUs: `0-3,8`.
fn parse(text: &str) -> Option<Vec<usize>> {
    /// The kernel has never had more (`NR_CPUS` of x86-64).
    const MOST: usize = 8192;
    let mut out = Vec::new();
    for range in text.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        if last >= MOST {
            return None;
        }
        out.extend(first..=last);
    }
    (!out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_rings() {
        assert_eq!(size("512KiB"), Ok(512 << 10));
        assert_eq!(size("4MiB"), Ok(4 << 20));
        assert_eq!(size("256MiB"), Ok(256 << 20));
        for wrong in [
            "0",
            "1",
            "3MiB",
            "256KiB",
            "512MiB",
            "4GiB",
            "99999999GiB",
            "many",
            "-1",
            "",
        ] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
        assert!(size("3MiB").unwrap_err().contains("from 512 KiB to 256 MiB"));
    }

    #[test]
    fn lists_of_cpus() {
        for (text, expected) in [
            ("0", Some(vec![0])),
            ("0-3", Some(vec![0, 1, 2, 3])),
            ("0-1,4,6-7", Some(vec![0, 1, 4, 6, 7])),
            ("", None),
            ("all", None),
            ("0-99999999999", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn rings_for_cpus_that_are_not_there_are_not_to_eat_the_memory() {
        const GIB: u64 = 1 << 30;
        let check = |possible, online, memory, expected| {
            assert_eq!(
                affordable(RING_SIZE, possible, online, memory).is_ok(),
                expected,
                "{possible} possible, {online} online, {memory} bytes"
            );
        };
        check(2, 2, GIB / 4, true);
        // There is no cheaper way for CPUs that are there.
        check(64, 64, GIB, true);
        check(64, 4, 16 * GIB, true);
        check(240, 2, 2 * GIB, false);
    }
}
