//! Names of kinds, which every entry repeats, once in memory.

use crate::segment::Zone;
use hashbrown::HashSet;
use std::sync::Arc;

/// A crafted file can have any number of names; so many are shared.
const MAX_NAMES: usize = 4096;
/// Longer names are not shared.
const MAX_NAME: usize = 256;

/// The names seen so far.
#[derive(Default)]
pub(crate) struct Names(HashSet<Arc<str>>);

impl Names {
    /// Replaces the names of a zone by those seen before.
    pub(crate) fn share(&mut self, zone: &mut Zone) {
        for kind in &mut zone.kinds {
            match self.0.get(&kind.name) {
                Some(known) => kind.name = Arc::clone(known),
                None if self.0.len() < MAX_NAMES && kind.name.len() <= MAX_NAME => {
                    self.0.insert(Arc::clone(&kind.name));
                }
                None => {}
            }
        }
    }
}
