//! From lines being put together to the story: what later events say about earlier lines, what is left out, order.

use super::builder::{Builder, Draft};
use super::files::Written;
use super::lines::entry;
use super::paths;
use super::repeat;
use super::state::{DraftId, TakenIn};
use super::story::{Chapter, Entry, FileOp, NetOp, Note, ProcessId, Source, Sources, Story, What, Who};
use hashbrown::{HashMap, HashSet};

/// How far back the way of data is followed: the file that was sent, the files its writer had read, and theirs.
const MAX_STEPS: usize = 3;
/// So many sources of data are listed, and so many of each of those further back.
const LISTED: usize = 16;
/// See `LISTED`.
const LISTED_BEFORE: usize = 4;

impl Builder<'_> {
    /// The story.
    pub(super) fn finish(mut self) -> Story {
        let context = self.context;
        self.find_images();
        for id in 0..self.drafts.len() {
            let notes = self.notes(id);
            let notable = self.is_notable(id, &notes);
            let entry = &mut self.drafts[id].entry;
            entry.notes.extend(notes);
            entry.notable |= notable;
        }
        self.hide_births();
        repeat::merge(&mut self.drafts, &self.registry.processes);
        self.lives_of_containers();
        let mut chapters: Vec<Chapter> = Vec::new();
        let mut entries: HashMap<u64, Vec<Entry>> = HashMap::new();
        for draft in self.drafts.into_iter().filter(|draft| draft.wanted && !draft.hidden) {
            entries.entry(draft.container).or_default().push(draft.entry);
        }
        for (key, count) in self.counts {
            let mut entries = entries.remove(&key).unwrap_or_default();
            entries.sort_by_key(|entry| (entry.time, entry.what != What::ContainerStarted));
            chapters.push(Chapter {
                container: context.container(key).cloned(),
                first: count.first,
                last: count.last,
                events: count.events,
                folded: count.folded,
                entries,
            });
        }
        chapters.sort_by_key(|chapter| (chapter.first, chapter.container.as_ref().map(|c| c.key)));
        Story {
            chapters,
            processes: self.registry.processes,
            losses: Vec::new(),
            damage: self.damage,
        }
    }

    /// Begin and end of the containers, as known in the end.
    fn lives_of_containers(&mut self) {
        let context = self.context;
        let wanted = self.options.filter.is_none();
        let to = self
            .options
            .to
            .and_then(|to| u64::try_from(to).ok())
            .unwrap_or(u64::MAX);
        let mut keys: Vec<u64> = self.counts.keys().copied().collect();
        keys.sort_unstable();
        for key in keys {
            let Some(container) = context.container(key) else {
                continue;
            };
            for (time, what) in [
                (container.birth, What::ContainerStarted),
                (container.death, What::ContainerEnded),
            ] {
                if time != 0 && time >= self.first() && time <= to {
                    self.add(entry(time, what), key, wanted);
                }
            }
        }
    }

    /// What is known in the end about a line.
    fn notes(&mut self, id: DraftId) -> Vec<Note> {
        let mut notes = Vec::new();
        let draft = &self.drafts[id];
        match &draft.entry.what {
            What::Executed(_) | What::Started => {
                self.file_notes(draft, &mut notes);
                notes.extend(self.ending(id));
            }
            What::Ended => notes.extend(self.ending(id)),
            What::File(file) => {
                let why = match file.op {
                    FileOp::Open | FileOp::Read => paths::sensitive_to_read(&file.path),
                    _ => paths::sensitive_to_write(&file.path).or_else(|| paths::sensitive_to_write(&file.to)),
                };
                notes.extend(why.map(Note::Sensitive));
                if matches!(file.op, FileOp::Write { .. }) {
                    notes.extend(self.after(id, false));
                }
                self.file_notes(draft, &mut notes);
            }
            What::Net(net) => {
                notes.extend(paths::sensitive_to_connect(&net.path).map(Note::Sensitive));
                if net.sent > 0 {
                    // What a server had received over other connections says nothing about this one.
                    notes.extend(self.after(id, true));
                }
                notes.extend(self.net_notes(id));
            }
            _ => {}
        }
        notes
    }

    fn net_notes(&self, id: DraftId) -> impl Iterator<Item = Note> + use<> {
        let line = self.first_lines.get(&id).filter(|(_, text)| is_text(text));
        let line = line.map(|(from_remote, text)| Note::FirstLine {
            from_remote: *from_remote,
            text: text.clone(),
        });
        let names = self.lookups.get(&id).map(|names| Note::LookedUp(names.clone()));
        let users = self.users.get(&id).map(|users| Note::UsedBy(users.clone()));
        [line, names, users].into_iter().flatten()
    }

    fn ending(&self, id: DraftId) -> Option<Note> {
        let entry = &self.drafts[id].entry;
        let process = entry.who.as_ref()?.process;
        let end = self.registry.processes[process.0].end?;
        // Where another program was executed later, the end is that one's.
        let last = self.images.get(&process).map(|images| images.1);
        let belongs = matches!(entry.what, What::Ended) || last.is_none_or(|last| last == id);
        belongs.then(|| Note::Ended(end, end.time.saturating_sub(entry.time)))
    }

    /// What happened to the file before and after.
    fn file_notes(&self, draft: &Draft, notes: &mut Vec<Note>) {
        let Some(history) = draft.file.map(|file| &self.files.histories[file]) else {
            return;
        };
        let entry = &draft.entry;
        let op = match &entry.what {
            What::File(file) => Some(file.op),
            _ => None,
        };
        let own = |who: &Who| entry.who.as_ref().is_some_and(|own| own.process == who.process);
        let is_write = matches!(op, Some(FileOp::Write { .. }));
        if let Some(Written {
            who, time, taken_in, ..
        }) = &history.written
            && !is_write
            && !(own(who) && op.is_some())
            && *time <= entry.until
        {
            notes.push(Note::WrittenBy(
                who.clone(),
                *time,
                self.sources(taken_in, None, MAX_STEPS),
            ));
        }
        if let Some((who, time)) = &history.executable
            && !matches!(op, Some(FileOp::Mode(_) | FileOp::Read | FileOp::Open | FileOp::Delete))
            && (op.is_some() || *time <= entry.time)
        {
            notes.push(Note::MadeExecutable(who.clone(), *time));
        }
        if let Some((from, to, time)) = &history.renamed
            && op != Some(FileOp::Rename)
        {
            notes.push(if *time <= entry.time {
                Note::RenamedFrom(from.clone(), *time)
            } else {
                Note::RenamedTo(to.clone(), *time)
            });
        }
        if let Some((who, time)) = &history.executed
            && op.is_some()
        {
            notes.push(Note::ExecutedBy(who.clone(), *time));
        }
        if let Some((who, time)) = &history.deleted
            && op != Some(FileOp::Delete)
            && *time >= entry.time
        {
            notes.push(Note::DeletedBy(who.clone(), *time));
        }
    }

    /// What the program had taken in before it wrote, or (`files_only`) sent.
    fn after(&self, id: DraftId, files_only: bool) -> Option<Note> {
        let draft = &self.drafts[id];
        let tells =
            |from: &TakenIn| from.0 != id && (!files_only || matches!(self.drafts[from.0].entry.what, What::File(_)));
        let taken_in: Vec<TakenIn> = draft.taken_in.iter().copied().filter(tells).collect();
        let sources = self.sources(&taken_in, None, MAX_STEPS);
        (!sources.list.is_empty()).then_some(Note::After(sources))
    }

    /// Where data came from: what matters first, then the latest. Fewer are listed the further back they are.
    fn sources(&self, taken_in: &[TakenIn], but: Option<DraftId>, steps: usize) -> Sources {
        let mut lines: Vec<DraftId> = taken_in
            .iter()
            .map(|from| from.0)
            .filter(|id| Some(*id) != but)
            .collect();
        let sensitive = |id: &DraftId| match &self.drafts[*id].entry.what {
            What::File(file) => paths::sensitive_to_read(&file.path).is_some(),
            _ => false,
        };
        lines.sort_by_key(|id| (!sensitive(id), std::cmp::Reverse(self.drafts[*id].entry.until)));
        let most = if steps == MAX_STEPS { LISTED } else { LISTED_BEFORE };
        let list: Vec<Source> = lines
            .iter()
            .filter_map(|id| self.source(*id, steps))
            .take(most)
            .collect();
        let more = lines.len() - list.len();
        Sources { list, more }
    }

    fn source(&self, id: DraftId, steps: usize) -> Option<Source> {
        let draft = &self.drafts[id];
        match &draft.entry.what {
            What::File(file) => {
                let history = draft.file.map(|file| &self.files.histories[file]);
                let written = history.and_then(|history| history.written.as_ref());
                let before = written
                    .filter(|_| steps > 1)
                    .map(|written| self.sources(&written.taken_in, Some(id), steps - 1));
                Some(Source::File(file.path.clone(), file.bytes, before.unwrap_or_default()))
            }
            What::Net(net) => Some(Source::Remote(net.remote?, net.received)),
            _ => None,
        }
    }

    fn is_notable(&self, id: DraftId, notes: &[Note]) -> bool {
        let entry = &self.drafts[id].entry;
        let dropped = notes.iter().any(|note| matches!(note, Note::WrittenBy(..)));
        let executed = notes.iter().any(|note| matches!(note, Note::ExecutedBy(..)));
        let sends_secrets = notes
            .iter()
            .any(|note| matches!(note, Note::After(sources) if sources.list.iter().any(is_secret)));
        match &entry.what {
            What::Executed(_) => dropped || entry.notes.contains(&Note::Entered),
            What::File(_) => executed,
            What::Net(net) => {
                sends_secrets
                    || net.op == NetOp::Connect && net.sent > 0 && net.remote.is_some_and(|r| !r.ip().is_loopback())
            }
            What::Ended => false,
            _ => false,
        }
    }

    /// A birth is told only where the process did something as a copy of its parent: else its execution tells, or
    /// nothing happened.
    fn hide_births(&mut self) {
        let mut told: HashSet<ProcessId> = HashSet::new();
        let mut told_before_image: HashSet<ProcessId> = HashSet::new();
        for draft in self
            .drafts
            .iter()
            .filter(|draft| draft.wanted && !matches!(draft.entry.what, What::Started))
        {
            let Some(who) = &draft.entry.who else { continue };
            let image = self
                .images
                .get(&who.process)
                .map(|images| self.drafts[images.0].entry.time);
            if image.is_some_and(|image| draft.entry.time < image) {
                told_before_image.insert(who.process);
            }
            let mut at = Some(who.process);
            while let Some(id) = at.filter(|id| told.insert(*id)) {
                at = self.registry.processes[id.0].parent;
            }
        }
        for draft in self.drafts.iter_mut().filter(|_| !self.options.all) {
            if let (What::Started, Some(who)) = (&draft.entry.what, &draft.entry.who) {
                let tells = if self.images.contains_key(&who.process) {
                    &told_before_image
                } else {
                    &told
                };
                draft.hidden = !tells.contains(&who.process);
            }
        }
    }

    /// First and last execution of each process.
    fn find_images(&mut self) {
        for (id, draft) in self.drafts.iter().enumerate() {
            if let (What::Executed(_), Some(who), None) = (&draft.entry.what, &draft.entry.who, draft.entry.error) {
                self.images.entry(who.process).or_insert((id, id)).1 = id;
            }
        }
    }
}

fn is_secret(source: &Source) -> bool {
    match source {
        Source::File(path, _, before) => paths::sensitive_to_read(path).is_some() || before.list.iter().any(is_secret),
        Source::Remote(..) => false,
    }
}

/// Whether a first line can be shown: encrypted and binary protocols say nothing to a person.
fn is_text(line: &[u8]) -> bool {
    line.len() >= 3 && line.iter().all(|byte| (b' '..0x7f).contains(byte))
}
