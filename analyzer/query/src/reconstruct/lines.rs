//! Lines: begun by one event, continued by others, counted where one process has too many of a kind.

use super::builder::{Builder, Draft};
use super::happening::Happening;
use super::paths;
use super::state::{DraftId, Same};
use super::story::{Entry, Kind, NetOp, NetUse, What, Who};
use afterimage_format::model::Descriptor;
use std::rc::Rc;

/// Lines of one kind that one process gets; what is beyond is counted in one more. Enough for a person's work at a
/// prompt, and short enough to be read where a program walks through a file system.
const LINES: u64 = 12;
/// The same for lines that matter.
const NOTABLE_LINES: u64 = 60;

impl Builder<'_> {
    /// Adds a line.
    pub(super) fn add(&mut self, entry: Entry, container: u64, wanted: bool) -> DraftId {
        let (hidden, file, taken_in) = (false, None, Rc::default());
        self.drafts.push(Draft {
            entry,
            container,
            wanted,
            hidden,
            file,
            taken_in,
        });
        self.drafts.len() - 1
    }

    /// A line that begins with this event.
    pub(super) fn new_line(&mut self, at: &Happening<'_>, what: What) -> DraftId {
        let who = Some(self.who(at));
        self.add(
            Entry {
                who,
                uid: at.thread.uid,
                ..entry(at.time, what)
            },
            at.thread.container,
            at.wanted,
        )
    }

    /// Another event of a line.
    pub(super) fn again(&mut self, draft: DraftId, at: &Happening<'_>) {
        let draft = &mut self.drafts[draft];
        draft.entry.events += 1;
        draft.entry.until = draft.entry.until.max(at.time);
        draft.wanted |= at.wanted;
    }

    /// The line that the event adds to, or a new one, unless the process has too many of its kind: then the line that
    /// counts those. The second value says whether it is a new line.
    pub(super) fn line(
        &mut self,
        at: &Happening<'_>,
        same: Option<Same>,
        of: Kind,
        what: impl FnOnce() -> What,
        notable: bool,
    ) -> (DraftId, bool) {
        if let Some(draft) = same
            .as_ref()
            .and_then(|same| self.registry.state(at.process).same.get(same))
            .copied()
        {
            self.again(draft, at);
            return (draft, false);
        }
        let all = self.options.all;
        let most = if notable { NOTABLE_LINES } else { LINES };
        let (count, more) = self.registry.state(at.process).many.entry((of, notable)).or_default();
        let (beyond, known) = (!all && *count >= most, *more);
        *count += 1;
        let draft = match (beyond, known) {
            (true, Some(draft)) => {
                self.again(draft, at);
                draft
            }
            (true, None) => {
                let more = What::More {
                    of,
                    count: 0,
                    read: 0,
                    written: 0,
                    below: Vec::new(),
                };
                let draft = self.new_line(at, more);
                self.drafts[draft].entry.notable = notable;
                self.registry
                    .state(at.process)
                    .many
                    .insert((of, notable), (most, Some(draft)));
                draft
            }
            (false, _) => {
                let draft = self.new_line(at, what());
                self.drafts[draft].entry.notable = notable;
                if let Some(same) = same {
                    self.registry.state(at.process).same.insert(same, draft);
                }
                return (draft, true);
            }
        };
        (draft, false)
    }

    /// If the line counts what is beyond the limit, it counts one more; `path` is where.
    pub(super) fn one_more(&mut self, draft: DraftId, path: &[u8]) {
        if let What::More { count, below, .. } = &mut self.drafts[draft].entry.what {
            let directory = paths::directory(path);
            if *count == 0 {
                *below = directory.to_vec();
            }
            *count += 1;
            let lies_in = |below: &[u8]| {
                directory
                    .strip_prefix(below)
                    .is_some_and(|rest| matches!(rest, [] | [b'/', ..]))
            };
            while !below.is_empty() && !lies_in(below) {
                below.truncate(paths::directory(below).len());
            }
        }
    }

    /// What a line tells of did not work. A line that counts tells of many things.
    pub(super) fn failed(&mut self, draft: DraftId, error: Option<i64>) {
        let entry = &mut self.drafts[draft].entry;
        if !matches!(entry.what, What::More { .. }) {
            entry.error = error;
        }
    }

    /// An event that no line tells of.
    pub(super) fn fold(&mut self, at: &Happening<'_>) {
        if let Some(count) = self.counts.get_mut(&at.thread.container) {
            count.folded += 1;
        }
    }

    /// The process of an event under its present name. Threads may have names of their own; the process's is told.
    pub(super) fn who(&mut self, at: &Happening<'_>) -> Who {
        let name = match at.thread.is_main() {
            true => at.thread.comm.to_vec(),
            false => self.registry.process(at.process).name.clone(),
        };
        Who {
            process: at.process,
            name,
        }
    }

    /// The connection that a line tells of.
    pub(super) fn net(&mut self, draft: DraftId) -> Option<&mut NetUse> {
        match &mut self.drafts[draft].entry.what {
            What::Net(net) => Some(net),
            _ => None,
        }
    }
}

/// A line of one event that nobody did.
pub(super) fn entry(time: u64, what: What) -> Entry {
    Entry {
        time,
        until: time,
        events: 1,
        who: None,
        uid: u32::MAX,
        what,
        error: None,
        notes: Vec::new(),
        notable: false,
    }
}

/// A use of a socket without traffic so far.
pub(super) fn net_use(op: NetOp, descriptor: &Descriptor) -> NetUse {
    let (local, remote) = super::network::ends(descriptor);
    NetUse {
        op,
        l4: descriptor.l4,
        local,
        remote,
        path: Vec::new(),
        sent: 0,
        received: 0,
        count: 1,
        pending: false,
    }
}
