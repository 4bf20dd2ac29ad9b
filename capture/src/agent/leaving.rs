//! The end of a recording on demand: nobody who has asked goes without an answer, and whoever asks from then on is answered by
//! the next process of the agent, at sockets that the first one holds open (`held.rs`).

use super::config::Mode;
use super::desk::Desk;
use afterimage_alerts::protocol::Told;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long an agent on demand goes on recording when there is nothing to capture.
const IDLE: Duration = Duration::from_secs(2);
/// The same where captures are still to be delivered: its helper ends with it, and goes on where it was with the next.
const DELIVERED: Duration = Duration::from_secs(600);

/// How long the helper may take for answers before recording ends.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

/// An agent on demand that is about to end: whoever asks from now on is to be answered by the next one.
#[derive(Default)]
pub(crate) struct Leaving {
    /// The round of closing that goes on; 0: none does.
    round: u64,
    rounds: u64,
    since: Option<Instant>,
    /// The last round that the socket has heard of.
    closed: u64,
    helper_told: bool,
    helper_stopped: bool,
}

impl Leaving {
    /// Whether nobody new is let in.
    pub(crate) fn goes_on(&self) -> bool {
        self.round != 0
    }

    /// The socket has been left alone.
    pub(crate) fn closed(&mut self, round: u64) {
        self.closed = round;
    }
}

impl Desk {
    /// Ends the recording where nothing is left to do, or does not after all.
    pub(crate) fn leave_or_stay(&mut self) {
        let on_demand = self.config.recording.mode == Mode::OnDemand && self.recording;
        let delivered = self.unsettled.is_empty() || self.leaving.helper_stopped || self.busy.elapsed() >= DELIVERED;
        if on_demand && delivered && self.busy.elapsed() >= IDLE {
            self.leave();
            return;
        }
        if std::mem::take(&mut self.leaving.round) != 0 {
            // Somebody has come after all.
            self.shared.closing.store(0, Ordering::Release);
        }
        if on_demand && !self.stopping && self.leaving.helper_stopped {
            self.leaving.helper_stopped = false;
            self.leaving.helper_told = false;
            self.tell_settings();
        }
    }

    /// Ends the recording once everybody who has asked is answered. Those who come now wait at sockets that the first process
    /// of the agent holds open.
    fn leave(&mut self) {
        let leaving = &mut self.leaving;
        if leaving.round == 0 {
            leaving.rounds += 1;
            leaving.round = leaving.rounds;
            leaving.since = Some(Instant::now());
            self.shared.closing.store(leaving.round, Ordering::Release);
        }
        let socket = self.config.trigger.socket.path.as_os_str().is_empty() || leaving.closed == leaving.round;
        // Not before: who is at the socket may keep the recording going, and the doors over HTTP with it.
        if socket && !std::mem::replace(&mut leaving.helper_told, true) {
            self.link.tell(Told::Stop { within_ms: 2_000 });
        }
        let late = leaving.since.is_some_and(|since| since.elapsed() >= LAST_ANSWERS);
        if socket && (leaving.helper_stopped || late || !self.link.is_there()) {
            self.shared.idle.store(true, Ordering::Relaxed);
        }
    }

    /// The helper takes nothing more.
    pub(crate) fn helper_stopped(&mut self) {
        self.leaving.helper_stopped = true;
    }
}
