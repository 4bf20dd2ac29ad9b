//! Containers that runtimes told of before anybody asked: those that are gone within milliseconds are known by nothing
//! else.

use crate::api::{Notice, What};
use crate::limits;
use crate::protocol::Metadata;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// How many.
const MAX: usize = 1024;
/// For how long.
const KEPT: Duration = Duration::from_secs(60);
/// Bytes of all of them.
const HELD_MAX: usize = 16 << 20;

/// One of them.
pub(super) struct Told {
    id: String,
    at: Instant,
    pub(super) metadata: Metadata,
    pub(super) ended: bool,
}

/// All of them, the oldest first.
#[derive(Default)]
pub(super) struct Announced {
    all: VecDeque<Told>,
    held: usize,
}

impl Announced {
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Notes what a runtime told.
    pub(super) fn notice(&mut self, notice: Notice) {
        let known = self.all.iter().position(|t| t.id == notice.id);
        let mut told = match (known, &notice.what) {
            (Some(at), _) => self.remove(at),
            (None, What::Begun(_)) => Told {
                id: notice.id,
                at: Instant::now(),
                metadata: Metadata::default(),
                ended: false,
            },
            // How something ended that nobody knows is of no use.
            (None, _) => return,
        };
        match notice.what {
            What::Begun(metadata) => {
                told.metadata.overlay(*metadata);
                told.ended = false;
            }
            What::Changed(metadata) => told.metadata.overlay(*metadata),
            What::Ended(metadata) => {
                told.metadata.overlay(*metadata);
                told.ended = true;
            }
            What::Removed => told.ended = true,
        }
        limits::bound(&mut told.metadata);
        self.held += limits::size(&told.metadata);
        self.all.push_back(told);
        while self.all.len() > MAX || self.held > HELD_MAX {
            self.remove(0);
        }
    }

    /// What was told of a container that is asked about now.
    pub(super) fn take(&mut self, id: &str) -> Option<Told> {
        let at = self.all.iter().position(|t| t.id == id)?;
        Some(self.remove(at))
    }

    /// What nobody asked about in time.
    pub(super) fn forget_old(&mut self, now: Instant) {
        while let Some(first) = self.all.front()
            && now.saturating_duration_since(first.at) > KEPT
        {
            self.remove(0);
        }
    }

    fn remove(&mut self, at: usize) -> Told {
        let told = self.all.remove(at).expect("a position that was just found");
        self.held -= limits::size(&told.metadata);
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(id: usize, image: &str) -> Notice {
        Notice {
            id: id.to_string(),
            what: What::Begun(Box::new(Metadata {
                image: image.into(),
                ..Metadata::default()
            })),
        }
    }

    #[test]
    fn what_it_was_and_how_it_ended() {
        let mut announced = Announced::default();
        announced.notice(begun(1, "shop"));
        let ended = Metadata {
            exit_code: Some(3),
            ..Metadata::default()
        };
        announced.notice(Notice {
            id: "1".into(),
            what: What::Ended(Box::new(ended)),
        });
        let told = announced.take("1").unwrap();
        assert_eq!(
            (told.metadata.image.as_str(), told.metadata.exit_code),
            ("shop", Some(3))
        );
        assert!(told.ended && announced.is_empty() && announced.held == 0);
    }

    #[test]
    fn the_oldest_go_first() {
        let mut announced = Announced::default();
        (0..MAX + 5).for_each(|id| announced.notice(begun(id, "x")));
        assert!(announced.take("4").is_none());
        assert!(announced.take("5").is_some());
        announced.forget_old(Instant::now() + KEPT + KEPT);
        assert!(announced.is_empty());
    }
}
