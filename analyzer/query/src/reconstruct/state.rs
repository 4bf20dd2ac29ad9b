//! What is known of a process while it lives.

use super::descriptors::Descriptors;
use super::story::Kind;
use hashbrown::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;

/// Number of a line that is being put together.
pub(super) type DraftId = usize;

/// A living process.
#[derive(Default)]
pub(super) struct State {
    /// Descriptors that were opened before the eyes of the trace.
    pub(super) fds: Descriptors,
    /// Lines that further events of the same kind are added to.
    pub(super) same: HashMap<Same, DraftId>,
    /// How many lines of each kind there are (those that matter apart), and the one that counts what is beyond the limit.
    pub(super) many: HashMap<(Kind, bool), (u64, Option<DraftId>)>,
    /// What the program has taken in. Shared with the lines that tell of it.
    pub(super) taken_in: Rc<Vec<TakenIn>>,
    /// Time of the last execution that was noticed.
    pub(super) exec_time: u64,
    /// The line of the runtime's work that this process took part in.
    pub(super) set_up: Option<DraftId>,
    /// The line of the last execution.
    pub(super) executed: Option<DraftId>,
    /// Effective user and group when last seen.
    pub(super) credentials: Option<(u32, u32)>,
}

/// What makes two events the same line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Same {
    /// The file is read (or written).
    File { write: bool, path: Vec<u8> },
    /// The file is refused.
    Refused { path: Vec<u8>, error: i64 },
    /// Connections to this address.
    Connect { to: SocketAddr, error: i64 },
    /// Connections to this Unix socket.
    Unix { path: Vec<u8>, error: i64 },
    /// Listening here.
    Listen { at: Option<SocketAddr>, path: Vec<u8> },
    /// A signal to this process.
    Signal { signal: i64, to: i64, error: i64 },
    /// Tracing this process.
    Trace { request: i64, of: i64, error: i64 },
    /// Another call.
    Call { name: String, args: Vec<u8> },
}

/// Something that a program has taken in: the line that tells how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TakenIn(pub(super) DraftId);

/// A program's intake is followed up to this many files and connections.
const MAX_TAKEN_IN: usize = 64;

impl State {
    /// The program has read from what the line tells of.
    pub(super) fn take_in(&mut self, line: DraftId) {
        if self.taken_in.len() < MAX_TAKEN_IN && !self.taken_in.contains(&TakenIn(line)) {
            Rc::make_mut(&mut self.taken_in).push(TakenIn(line));
        }
    }

    /// Another program begins: its memory is empty, and descriptors that were marked are closed.
    pub(super) fn execute(&mut self) {
        self.taken_in = Rc::default();
        self.fds.execute();
    }

    /// The process ended: what it had open and which lines it would have added to are not needed any more.
    pub(super) fn release(&mut self) {
        self.fds = Descriptors::default();
        self.same = HashMap::new();
        self.taken_in = Rc::default();
    }
}
