//! What the desk does now and then: what is too much is deleted, and what could not be written is tried again.

use super::super::config::{self, Retention};
use super::super::{older, retention, sidecar};
use super::{Desk, TIDY, TIDY_BUSY};
use std::time::{Duration, Instant};

impl Desk {
    /// Deletes what is too much, and looks at the disk.
    pub(super) fn tidy(&mut self) {
        let idle = self.captures.is_empty() && self.unwritten.is_empty();
        let often = if idle { TIDY } else { TIDY_BUSY };
        if self.tidied.elapsed() >= often {
            self.tidied = Instant::now();
            self.make_room();
            self.write_the_rest();
            self.tidy_ring();
            if std::mem::take(&mut self.untold) {
                self.deliver_what_is_left();
            }
        }
    }

    /// Side-cars that could not be written when their capture ended.
    pub(super) fn write_the_rest(&mut self) {
        for (files, summary) in std::mem::take(&mut self.unwritten) {
            if !files.trace().exists() && !files.part().exists() {
                // Deleted meanwhile.
                continue;
            }
            match sidecar::write(&files.sidecar(), &summary) {
                Ok(()) => self.deliver(&files, &summary),
                Err(_) => self.unwritten.push((files, summary)),
            }
        }
    }

    /// The ring on disk: what is left of earlier recordings goes, and how far it reaches is looked up.
    fn tidy_ring(&mut self) {
        let Some(disk) = self.config.ring.disk.as_ref().filter(|_| self.recording) else {
            return;
        };
        let name = older::name(&self.header.capture_id);
        older::make_room(&disk.folder, &name, disk.size.0);
        self.on_disk_since = older::since(&disk.folder, &name);
    }

    /// Deletes the oldest captures that are too much. What is being written is never among them.
    pub(crate) fn make_room(&mut self) {
        let running: Vec<String> = self.captures.iter().map(|capture| capture.files.id.clone()).collect();
        let busy: Vec<String> = running.iter().chain(&self.unsettled).cloned().collect();
        let limits = &self.config.retention;
        // What is still to be delivered leaves last, and not for its age, which does not end when others leave.
        let whatever_age = Retention {
            age: config::Time(Duration::ZERO),
            ..*limits
        };
        let folder = &self.config.captures.folder;
        let mut gone = retention::apply(folder, limits, &busy, self.now());
        gone.extend(retention::apply(folder, &whatever_age, &running, self.now()));
        for (files, why) in gone {
            self.metrics.deleted += 1;
            self.log
                .info("an old capture was deleted", &[("capture", &files.id), ("reason", why)]);
        }
    }
}
