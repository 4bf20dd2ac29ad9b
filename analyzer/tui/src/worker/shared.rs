//! The open trace, which all workers read, and which another one may take the place of when its file has grown.

use super::Opened;
use std::sync::{Arc, PoisonError, RwLock};

/// The trace as it is now; nothing until it is open.
#[derive(Default)]
pub(super) struct Shared(RwLock<Option<Arc<Opened>>>);

impl Shared {
    /// The trace.
    pub(super) fn get(&self) -> Option<Arc<Opened>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another one, or none that can be read any more.
    pub(super) fn put(&self, opened: Option<Arc<Opened>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = opened;
    }
}
