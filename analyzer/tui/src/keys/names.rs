//! Names of actions and keys in the configuration.

use super::{Action as A, Key, ctrl, plain};
use crossterm::event::{KeyCode, KeyModifiers};

/// The name of each action. Names stay what they are: configuration files have them.
// One action a line: it is a table.
#[rustfmt::skip]
pub(crate) static NAMES: &[(&str, A)] = &[
    ("up", A::Up),
    ("down", A::Down),
    ("page-up", A::PageUp),
    ("page-down", A::PageDown),
    ("half-up", A::HalfUp),
    ("half-down", A::HalfDown),
    ("home", A::Home),
    ("end", A::End),
    ("left", A::Left),
    ("right", A::Right),
    ("open", A::Open),
    ("events", A::Dig),
    ("all-events", A::AllEvents),
    ("detail", A::ToggleDetail),
    ("pane", A::NextPane),
    ("back", A::Back),
    ("views", A::Views),
    ("sort", A::Sort),
    ("sort-1", A::SortBy(0)),
    ("sort-2", A::SortBy(1)),
    ("sort-3", A::SortBy(2)),
    ("sort-4", A::SortBy(3)),
    ("sort-5", A::SortBy(4)),
    ("sort-6", A::SortBy(5)),
    ("sort-7", A::SortBy(6)),
    ("sort-8", A::SortBy(7)),
    ("sort-9", A::SortBy(8)),
    ("columns", A::Columns),
    ("columns-toggle", A::ToggleColumn),
    ("columns-save", A::SaveColumns),
    ("columns-reset", A::ResetColumns),
    ("follow", A::Follow),
    ("hex", A::Hex),
    ("tree", A::Tree),
    ("why", A::Why),
    ("sessions", A::Sessions),
    ("pause", A::Pause),
    ("play", A::Play),
    ("faster", A::Faster),
    ("slower", A::Slower),
    ("step", A::Step),
    ("step-back", A::StepBack),
    ("filter", A::Filter),
    ("search", A::Search),
    ("search-next", A::SearchNext),
    ("search-back", A::SearchBack),
    ("go-to", A::Goto),
    ("mark-span", A::Mark),
    ("clear-span", A::ClearSpan),
    ("bookmark", A::Bookmark),
    ("note", A::Note),
    ("notes", A::Notes),
    ("bookmark-next", A::MarkNext),
    ("bookmark-back", A::MarkBack),
    ("copy", A::Copy),
    ("export", A::Export),
    ("accept", A::Accept),
    ("complete", A::Complete),
    ("older", A::Older),
    ("newer", A::Newer),
    ("stop", A::Stop),
    ("close", A::Leave),
    ("help", A::Help),
    ("quit", A::Quit),
    ("cursor-left", A::CursorLeft),
    ("cursor-right", A::CursorRight),
    ("cursor-home", A::CursorHome),
    ("cursor-end", A::CursorEnd),
    ("erase-before", A::EraseBefore),
    ("erase-at", A::EraseAt),
    ("erase-word", A::EraseWord),
    ("erase-line", A::EraseLine),
];

/// The action with this name.
pub(crate) fn named(name: &str) -> Option<A> {
    let found = NAMES.iter().find(|(known, _)| *known == name);
    found.map(|(_, action)| *action)
}

/// The name of an action.
pub(crate) fn name_of(action: A) -> &'static str {
    let found = NAMES.iter().find(|(_, known)| *known == action);
    found.map_or("", |(name, _)| name)
}

/// Keys that are no characters.
const KEYS: &[(&str, KeyCode)] = &[
    ("Space", KeyCode::Char(' ')),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("BackTab", KeyCode::BackTab),
    ("Backspace", KeyCode::Backspace),
    ("Delete", KeyCode::Delete),
    ("Insert", KeyCode::Insert),
];

impl Key {
    /// The key as it is written for a person.
    pub(crate) fn name(self) -> String {
        let Key(code, modifiers) = self;
        let known = KEYS.iter().find(|(_, known)| *known == code);
        let name = match (known, code) {
            (Some((name, _)), _) => (*name).to_owned(),
            (None, KeyCode::Char(c)) => c.to_string(),
            (None, KeyCode::F(number)) => format!("F{number}"),
            (None, code) => format!("{code:?}"),
        };
        match modifiers {
            KeyModifiers::CONTROL => format!("Ctrl-{name}"),
            KeyModifiers::ALT => format!("Alt-{name}"),
            _ => name,
        }
    }

    /// The key that is written so.
    pub(crate) fn parse(name: &str) -> Option<Key> {
        if let Some(name) = name.strip_prefix("Ctrl-").filter(|name| !name.is_empty()) {
            let mut chars = name.chars();
            let c = chars.next().filter(|c| !c.is_control())?;
            // Terminals tell no difference between Ctrl-F and Ctrl-f.
            return chars.next().is_none().then(|| ctrl(c.to_ascii_lowercase()));
        }
        if let Some(name) = name.strip_prefix("Alt-").filter(|name| !name.is_empty()) {
            return Key::parse(name).map(|Key(code, _)| Key(code, KeyModifiers::ALT));
        }
        let ignoring_case = |(known, _): &&(&str, KeyCode)| known.eq_ignore_ascii_case(name);
        if let Some((_, code)) = KEYS.iter().find(ignoring_case) {
            return Some(plain(*code));
        }
        let mut chars = name.chars();
        match (chars.next(), chars.as_str()) {
            (Some(c), "") if !c.is_control() => Some(plain(KeyCode::Char(c))),
            (Some('F'), number) => {
                let number: u8 = number.parse().ok()?;
                (1..=24).contains(&number).then(|| plain(KeyCode::F(number)))
            }
            _ => None,
        }
    }

    /// Whether it types a character.
    pub(crate) fn types(self) -> bool {
        matches!(self, Key(KeyCode::Char(_), KeyModifiers::NONE))
    }
}

#[cfg(test)]
mod tests {
    use super::super::BINDINGS;
    use super::*;

    #[test]
    fn every_action_has_one_name() {
        for binding in BINDINGS {
            assert_ne!(name_of(binding.action), "", "{:?}", binding.action);
        }
        let mut names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), NAMES.len());
    }

    #[test]
    fn keys_are_read_as_they_are_written() {
        for key in BINDINGS.iter().flat_map(|binding| binding.keys) {
            assert_eq!(Key::parse(&key.name()), Some(*key), "{}", key.name());
        }
        for (name, expected) in [
            ("Alt-x", Some("Alt-x")),
            ("Ctrl-F", Some("Ctrl-f")),
            ("esc", Some("Esc")),
            ("F0", None),
            ("F25", None),
            ("", None),
            ("Ctrl-", None),
            ("two", None),
            ("\u{1b}", None),
            ("-", Some("-")),
        ] {
            assert_eq!(Key::parse(name).map(Key::name).as_deref(), expected, "{name}");
        }
    }
}
