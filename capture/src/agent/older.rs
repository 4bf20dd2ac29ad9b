//! What a capture wants from before the ring in memory, out of the ring on disk.

use super::ring::Piece;
use afterimage_format::file::Trace;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// Segments on disk that are still to be taken, the oldest first.
pub(crate) struct Older {
    files: VecDeque<PathBuf>,
    open: Option<(Trace, VecDeque<usize>)>,
    from: u64,
    /// The number of the first event in memory.
    before: u64,
}

/// Files of the ring on disk begin so.
pub(crate) fn name(capture_id: &[u8; 16]) -> String {
    format!("ring-{}", super::sidecar::hex(&capture_id[..4]))
}

impl Older {
    /// Those since `from` of the recording that writes files called `name`.
    pub(crate) fn new(folder: &Path, name: &str, from: u64, before: u64) -> Older {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let ours = entries.map(|entry| entry.path()).filter(|path| {
            let file = path.file_name().and_then(|file| file.to_str()).unwrap_or_default();
            file.starts_with(name) && file.ends_with(".scap")
        });
        let mut files: Vec<PathBuf> = ours.collect();
        files.sort();
        Older {
            files: files.into(),
            open: None,
            from,
            before,
        }
    }

    /// The next one. What cannot be read any more is left out: the oldest file may have been deleted meanwhile.
    pub(crate) fn next(&mut self) -> Option<Piece> {
        loop {
            if let Some((trace, segments)) = &mut self.open {
                while let Some(at) = segments.pop_front() {
                    let Ok(segment) = trace.encoded(at) else { continue };
                    let (from, to) = (segment.zone.time_min, segment.zone.time_max);
                    return Some(Piece {
                        seq: 0,
                        segment,
                        from,
                        to,
                    });
                }
            }
            let file = self.files.pop_front()?;
            self.open = Trace::open(&file).ok().map(|trace| {
                let wanted = trace.entries_between(self.from, u64::MAX).filter_map(|(at, entry)| {
                    let entry = entry.ok()?;
                    (entry.zone.first_num < self.before).then_some(at)
                });
                let wanted = wanted.collect();
                (trace, wanted)
            });
        }
    }
}
