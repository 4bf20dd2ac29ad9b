//! The same command again and again: health checks, loops of shells. Told once, with how often.

use super::builder::Draft;
use super::state::DraftId;
use super::story::{Note, Process, ProcessId, What};
use hashbrown::{HashMap, HashSet};

/// So many are told one by one before the rest is counted.
const TOLD: usize = 3;

/// Merges executions of the same program with the same arguments by the same parent that ended the same way, had no
/// children and did nothing else that is told.
pub(super) fn merge(drafts: &mut [Draft], processes: &[Process]) {
    let mut lines: HashMap<ProcessId, usize> = HashMap::new();
    for draft in drafts.iter().filter(|draft| !draft.hidden) {
        if let Some(who) = &draft.entry.who {
            *lines.entry(who.process).or_default() += 1;
        }
    }
    let parents: HashSet<ProcessId> = lines.keys().filter_map(|id| processes[id.0].parent).collect();
    let mut same: HashMap<Command, Vec<DraftId>> = HashMap::new();
    for (id, draft) in drafts.iter().enumerate() {
        let (What::Executed(program), Some(who)) = (&draft.entry.what, &draft.entry.who) else {
            continue;
        };
        let alone = lines.get(&who.process) == Some(&1) && !parents.contains(&who.process);
        if !alone || draft.hidden || !draft.wanted || draft.entry.notable {
            continue;
        }
        let process = &processes[who.process.0];
        let command = Command {
            parent: process.parent.map_or((None, process.ppid), |parent| (Some(parent), 0)),
            container: draft.container,
            uid: draft.entry.uid,
            path: program.path.clone(),
            argv: program.argv.clone(),
            status: process.end.map(|end| end.status),
        };
        same.entry(command).or_default().push(id);
    }
    for ids in same.into_values().filter(|ids| ids.len() > TOLD + 1) {
        let (told, rest) = ids.split_at(TOLD);
        let last = rest.iter().map(|id| drafts[*id].entry.time).max().unwrap_or(0);
        rest.iter().for_each(|id| drafts[*id].hidden = true);
        if let Some(id) = told.last() {
            let entry = &mut drafts[*id].entry;
            entry.notes.push(Note::Repeated(rest.len() as u64, last));
            entry.until = entry.until.max(last);
        }
    }
}

#[derive(PartialEq, Eq, Hash)]
struct Command {
    parent: (Option<ProcessId>, u32),
    container: u64,
    uid: u32,
    path: Vec<u8>,
    argv: Vec<Vec<u8>>,
    status: Option<i64>,
}
