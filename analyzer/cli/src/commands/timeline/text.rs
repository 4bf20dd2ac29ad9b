//! The story for people.

use crate::commands::info::shown_loss;
use crate::input::Input;
use crate::output::{Look, counted, shown_path, shown_time, zone_name};
use afterimage_query::check::TimeZone;
use afterimage_query::output::{escaped, time};
use afterimage_query::reconstruct::{Chapter, Entry, Note, Phrases, ProcessId, Story, What, duration};
use std::collections::HashMap;
use std::io::{self, Write};

/// Deepest level of indentation: deeper processes stand there, too.
const MAX_DEPTH: usize = 10;
/// Widest column of processes; a longer one pushes its own line to the right.
const MAX_PROCESS: usize = 44;
const VERB: usize = 8;
/// Longest object, in characters; JSON has it whole.
const MAX_OBJECT: usize = 600;

pub(super) fn write(out: &mut impl Write, story: &Story, input: &Input, look: Look) -> io::Result<()> {
    let page = Page {
        phrases: Phrases {
            story,
            zone: input.context.zone(),
        },
        input,
        look,
    };
    page.heading(out)?;
    for chapter in &story.chapters {
        writeln!(out)?;
        page.chapter(out, chapter)?;
    }
    if story.chapters.is_empty() {
        writeln!(out, "\nNothing happened in that span.")?;
    }
    Ok(())
}

struct Page<'p> {
    phrases: Phrases<'p>,
    input: &'p Input,
    look: Look,
}

impl Page<'_> {
    fn zone(&self) -> TimeZone {
        self.phrases.zone
    }

    fn heading(&self, out: &mut impl Write) -> io::Result<()> {
        let header = self.input.trace.header();
        let host = escaped(header.host.hostname.as_bytes());
        let scope = shortened(escaped(header.scope.as_bytes()), 200);
        writeln!(out, "{}: {scope} on {host}", shown_path(&self.input.path))?;
        writeln!(out, "Process ids are the host's; ! marks what deserves a look first.")?;
        let losses = &self.phrases.story.losses;
        if !losses.is_empty() {
            let events: u64 = losses.iter().map(|loss| loss.events).sum();
            writeln!(
                out,
                "{}",
                self.alarm(&format!(
                    "EVENTS WERE LOST while recording ({events}); lines marked LOST say when"
                ))
            )?;
        }
        Ok(())
    }

    fn chapter(&self, out: &mut impl Write, chapter: &Chapter) -> io::Result<()> {
        writeln!(out, "{}", self.strong(&self.title(chapter)))?;
        let entries = &chapter.entries;
        let names: Vec<String> = entries.iter().map(|entry| self.process(entry)).collect();
        let widest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let column = widest.clamp(7, MAX_PROCESS);
        let mut known = HashMap::new();
        let mut losses = self.phrases.story.losses.iter().peekable();
        for (entry, name) in entries.iter().zip(&names) {
            while let Some(loss) = losses.next_if(|loss| loss.from <= entry.time) {
                self.loss(out, loss)?;
            }
            self.line(out, entry, &self.notes(entry, &mut known), name, column)?;
        }
        for loss in losses {
            self.loss(out, loss)?;
        }
        if chapter.folded > 0 {
            writeln!(
                out,
                "  {} of {} events folded as noise (libraries, locale, /proc, ...); --all shows them",
                chapter.folded, chapter.events
            )?;
        }
        Ok(())
    }

    fn title(&self, chapter: &Chapter) -> String {
        let (first, last) = (
            shown_time(chapter.first, self.zone()),
            shown_time(chapter.last, self.zone()),
        );
        let span = duration(chapter.last.saturating_sub(chapter.first));
        let what = match &chapter.container {
            None => format!(
                "Outside of containers, host {}",
                escaped(self.input.trace.header().host.hostname.as_bytes())
            ),
            Some(container) => {
                let mut out = format!("Container {}", escaped(container.short_id().as_bytes()));
                for part in [&container.name, &container.image].into_iter().flatten() {
                    out.push_str(&format!(", {}", escaped(part.as_bytes())));
                }
                if let Some((namespace, pod, _)) = container.pod.as_ref().filter(|(_, pod, _)| !pod.is_empty()) {
                    out.push_str(&format!(
                        ", pod {}/{}",
                        escaped(namespace.as_bytes()),
                        escaped(pod.as_bytes())
                    ));
                }
                format!("{out} ({})", container.runtime.name())
            }
        };
        let events = counted(chapter.events, "event");
        format!(
            "{what}: {events} from {first} to {last} {} ({span})",
            zone_name(self.zone())
        )
    }

    /// The notes. What a process had read before it wrote is not said again at the next file unless it has changed.
    fn notes(&self, entry: &Entry, known: &mut HashMap<ProcessId, Note>) -> Vec<String> {
        let after = entry.notes.iter().find(|note| matches!(note, Note::After(_)));
        if let (What::File(_), Some(who), Some(after)) = (&entry.what, &entry.who, after)
            && known.insert(who.process, after.clone()).as_ref() == Some(after)
        {
            let mut entry = entry.clone();
            entry.notes.retain(|note| !matches!(note, Note::After(_)));
            return self.phrases.notes(&entry);
        }
        self.phrases.notes(entry)
    }

    /// Indented by depth: `wget(1305) <- sh(1304)`.
    fn process(&self, entry: &Entry) -> String {
        let Some(who) = &entry.who else { return "-".to_string() };
        let depth = self.phrases.story.process(who.process).depth.min(MAX_DEPTH);
        let parent = self
            .phrases
            .parent(who.process)
            .map_or(String::new(), |parent| format!(" <- {parent}"));
        format!("{}{}{parent}", "  ".repeat(depth), self.phrases.who(who))
    }

    fn line(&self, out: &mut impl Write, entry: &Entry, notes: &[String], name: &str, column: usize) -> io::Result<()> {
        let mark = if entry.notable { "!" } else { " " };
        let clock = time::short_clock(i64::try_from(entry.time).unwrap_or(i64::MAX), self.zone());
        let verb = self.phrases.verb(entry);
        let object = shortened(self.phrases.object(entry), MAX_OBJECT);
        let head = format!("{mark} {clock}  {name:<column$}  {verb:<VERB$} {object}");
        let notes = notes.join("; ");
        let indent = 4 + clock.len() + column + 2 + VERB + 1;
        let inline = if notes.is_empty() {
            head.clone()
        } else {
            format!("{head}  [{notes}]")
        };
        let fits = self
            .look
            .width
            .is_none_or(|width| inline.chars().count() <= width || width < indent + 24);
        let text = match fits || notes.is_empty() {
            true => inline,
            false => {
                let width = self.look.width.unwrap_or(usize::MAX) - indent;
                let notes = wrapped(&format!("[{notes}]"), width);
                let lines = notes.iter().map(|line| format!("\n{}{line}", " ".repeat(indent)));
                std::iter::once(head).chain(lines).collect()
            }
        };
        writeln!(out, "{}", if entry.notable { self.notable(&text) } else { text })
    }

    fn loss(&self, out: &mut impl Write, loss: &afterimage_format::model::Loss) -> io::Result<()> {
        writeln!(
            out,
            "{}",
            self.alarm(&format!("! LOST: {}", shown_loss(loss, self.input)))
        )
    }

    fn alarm(&self, text: &str) -> String {
        self.coloured("1;31", text)
    }

    fn notable(&self, text: &str) -> String {
        self.coloured("33", text)
    }

    fn strong(&self, text: &str) -> String {
        self.coloured("1", text)
    }

    fn coloured(&self, code: &str, text: &str) -> String {
        if self.look.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_string()
        }
    }
}

/// The beginning of a text that is too long, and how much is missing.
fn shortened(text: String, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!(
            "{}... ({} more characters; --json shows all)",
            &text[..at],
            text[at..].chars().count()
        ),
        None => text,
    }
}

/// The text in lines of at most so many characters, broken at spaces where there are any.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let fits = |line: &String| line.is_empty() || line.chars().count() + 1 + word.chars().count() <= width;
        match lines.last_mut() {
            Some(line) if fits(line) => {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrapped("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrapped("aaaaaaaa b", 3), ["aaaaaaaa", "b"]);
        assert_eq!(wrapped("", 3), [""]);
    }
}
