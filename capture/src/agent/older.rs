//! What a capture wants from before the ring in memory, out of the ring on disk.

use super::capture::Capture;
use super::ring::{Piece, SharedRing};
use afterimage_format::file::Trace;
use afterimage_format::model::{Loss, LossCause};
use afterimage_format::segment::Segment;
use afterimage_query::TraceContext;
use afterimage_query::row::SegmentRows;
use std::collections::VecDeque;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Segments on disk that are still to be taken, the oldest first.
pub(crate) struct Older {
    folder: PathBuf,
    name: String,
    files: VecDeque<PathBuf>,
    open: Option<(Trace, VecDeque<usize>)>,
    from: u64,
    /// Begin with what was alive before.
    with_state: bool,
    /// Numbers of the first event that is wanted, and of the first one that is in memory.
    nums: Range<u64>,
    /// The number behind the last event that was taken, 0 before the first, and its time.
    pub(crate) reached: (u64, u64),
}

/// Files of the ring on disk begin so.
pub(crate) fn name(capture_id: &[u8; 16]) -> String {
    format!("ring-{}", super::sidecar::hex(&capture_id[..4]))
}

/// Files of the recording that writes files called `name`, the oldest first.
fn files(folder: &Path, name: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let ours = entries.map(|entry| entry.path()).filter(|path| {
        let file = path.file_name().and_then(|file| file.to_str()).unwrap_or_default();
        file.starts_with(name) && file.ends_with(".scap")
    });
    let mut files: Vec<PathBuf> = ours.collect();
    // Beyond 9999 numbers get longer.
    files.sort_by(|a, b| (a.as_os_str().len(), a).cmp(&(b.as_os_str().len(), b)));
    files
}

/// From when on events are on disk; 0: none are.
pub(crate) fn since(folder: &Path, name: &str) -> u64 {
    let traces = files(folder, name)
        .into_iter()
        .filter_map(|file| Trace::open(&file).ok());
    let mut times = traces
        .filter(|trace| trace.totals().events > 0)
        .map(|trace| trace.totals().time_min);
    times.next().unwrap_or(0)
}

/// Deletes files of earlier recordings, the oldest first, as long as all together have more than this. The one called `name`
/// sees to its own.
pub(crate) fn make_room(folder: &Path, name: &str, size: u64) -> usize {
    let mut all: Vec<_> = files(folder, "ring-")
        .into_iter()
        .filter_map(|file| {
            let about = file.metadata().ok()?;
            Some((about.modified().ok()?, about.len(), file))
        })
        .collect();
    all.sort();
    let mut bytes: u64 = all.iter().map(|(_, bytes, _)| bytes).sum();
    let own = files(folder, name);
    let mut deleted = 0;
    for (_, of, file) in all.iter().filter(|(.., file)| !own.contains(file)) {
        if bytes > size && std::fs::remove_file(file).is_ok() {
            bytes -= of;
            deleted += 1;
        }
    }
    deleted
}

impl Older {
    /// Those since `from` of the recording that writes files called `name`, up to the event number `before`, which is in
    /// memory; `with_state`: from the keyframe before.
    pub(crate) fn new(folder: &Path, name: &str, from: u64, before: u64, with_state: bool) -> Older {
        Older {
            folder: folder.to_owned(),
            name: name.to_owned(),
            files: files(folder, name).into(),
            open: None,
            from,
            with_state,
            nums: 0..before,
            reached: (0, from),
        }
    }

    /// What has left the memory since: nothing where the disk did not have what came before either.
    pub(crate) fn rest(&self, nums: Range<u64>) -> Option<Older> {
        let goes_on = self.nums.start == 0 || self.reached.0 > self.nums.start;
        (goes_on && !nums.is_empty()).then(|| Older {
            reached: (nums.start, self.reached.1),
            nums,
            ..Older::new(&self.folder, &self.name, self.from, 0, false)
        })
    }

    /// The next one, and what is missing before it. What cannot be read any more is left out: the oldest file may have been
    /// deleted meanwhile.
    pub(crate) fn next(&mut self) -> Option<(Piece, Option<Loss>)> {
        loop {
            if let Some((trace, segments)) = &mut self.open {
                while let Some(at) = segments.pop_front() {
                    let Ok(segment) = trace.encoded(at) else { continue };
                    let zone = &segment.zone;
                    let (from, to) = (zone.time_min, zone.time_max);
                    let mut missing = None;
                    // State alone comes from before what is wanted, and not everything between.
                    if to >= self.from {
                        missing = gap(self.reached, zone.first_num, from);
                        self.reached = (zone.first_num + u64::from(zone.rows), to);
                    }
                    self.with_state = false;
                    let piece = Piece {
                        seq: 0,
                        segment,
                        from,
                        to,
                    };
                    return Some((piece, missing));
                }
            }
            let file = self.files.pop_front()?;
            let trace = Trace::open(&file).ok();
            self.open = trace.map(|trace| {
                let wanted = self.wanted(&trace);
                (trace, wanted)
            });
        }
    }

    fn wanted(&self, trace: &Trace) -> VecDeque<usize> {
        let mut keyframe = None;
        let mut wanted = VecDeque::new();
        for (at, entry) in trace.entries_between(0, u64::MAX) {
            let Ok(entry) = entry else { continue };
            let zone = &entry.zone;
            if zone.time_max < self.from {
                keyframe = zone.keyframe.then_some(at).or(keyframe);
            } else if self.nums.contains(&zone.first_num) {
                let state = keyframe
                    .take()
                    .filter(|_| self.with_state && !zone.keyframe && wanted.is_empty());
                wanted.extend(state.into_iter().chain([at]));
            }
        }
        wanted
    }
}

/// The events between the last that was taken and number `next`, which is of this time. The disk could not be written then; how
/// many of them would have been wanted is not known.
pub(crate) fn gap((reached, since): (u64, u64), next: u64, time: u64) -> Option<Loss> {
    (reached != 0 && next > reached).then(|| Loss {
        cause: LossCause::Write,
        cpu: None,
        events: next - reached,
        from: since,
        to: time,
    })
}

/// Gives a capture the next segment from before the ring in memory.
pub(crate) fn take(capture: &mut Capture, context: &TraceContext, ring: &SharedRing) {
    if capture.failed.is_some() {
        capture.older = None;
        return;
    }
    match capture.older.as_mut().and_then(Older::next) {
        Some((piece, missing)) => {
            if let Some(missing) = missing {
                capture.lose(missing);
            }
            if let Ok(segment) = Segment::parse(piece.segment.body.as_slice(), 0) {
                capture.take_piece(&piece, &SegmentRows::new(context, segment));
            }
        }
        None => {
            let next = ring.lock().at(capture.next);
            capture.end_older(next.as_deref());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_earlier_recordings_leave_first() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            std::fs::write(dir.path().join(name), [0; 100]).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(20));
        };
        for name in [
            "ring-aa.0001.scap",
            "ring-aa.0002.scap",
            "other.scap",
            "ring-bb.9999.scap",
            "ring-bb.10000.scap",
        ] {
            write(name);
        }
        assert_eq!(make_room(dir.path(), "ring-bb", 400), 0);
        assert_eq!(make_room(dir.path(), "ring-bb", 350), 1);
        assert!(!dir.path().join("ring-aa.0001.scap").exists() && dir.path().join("ring-aa.0002.scap").exists());
        assert_eq!(make_room(dir.path(), "ring-bb", 10), 1);
        let left = files(dir.path(), "ring-bb");
        assert_eq!(
            left,
            ["ring-bb.9999.scap", "ring-bb.10000.scap"].map(|name| dir.path().join(name))
        );
        assert!(dir.path().join("other.scap").exists());
    }
}
