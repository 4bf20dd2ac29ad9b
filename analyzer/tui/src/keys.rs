//! The one table of key bindings. Dispatch, the hint bar and the help are made from it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What takes the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Context {
    /// The table of events.
    Events,
    /// The selected event.
    Detail,
    /// The list of containers.
    Containers,
    /// A filter is being typed.
    Input,
    /// The help.
    Help,
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// One line up.
    Up,
    /// One line down.
    Down,
    /// One screen up.
    PageUp,
    /// One screen down.
    PageDown,
    /// Half a screen up.
    HalfUp,
    /// Half a screen down.
    HalfDown,
    /// To the first line.
    Home,
    /// To the last line.
    End,
    /// Opens or closes the detail.
    ToggleDetail,
    /// To the other pane.
    NextPane,
    /// Opens or closes the list of containers.
    Containers,
    /// Filters by the selected container.
    DrillDown,
    /// Opens the filter line.
    Filter,
    /// Takes the typed filter.
    Accept,
    /// Removes the last piece of the filter.
    Back,
    /// Ends the scan.
    StopScan,
    /// Closes what is open.
    Leave,
    /// Opens or closes the help.
    Help,
    /// Leaves the program.
    Quit,
    /// Editing: the cursor goes left.
    CursorLeft,
    /// Editing: the cursor goes right.
    CursorRight,
    /// Editing: the cursor goes to the start.
    CursorHome,
    /// Editing: the cursor goes to the end.
    CursorEnd,
    /// Editing: removes the character before the cursor.
    EraseBefore,
    /// Editing: removes the character at the cursor.
    EraseAt,
    /// Editing: removes everything before the cursor.
    EraseLine,
}

/// A key with its modifiers. Shift is part of a character, not a modifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(KeyCode, KeyModifiers);

/// Keys that do something, and where.
pub(crate) struct Binding {
    /// The keys.
    pub(crate) keys: &'static [Key],
    /// Where they do it.
    pub(crate) contexts: &'static [Context],
    /// What they do.
    pub(crate) action: Action,
    /// A word for the hint bar; empty where it needs no hint.
    pub(crate) hint: &'static str,
    /// A few words for the help.
    pub(crate) help: &'static str,
}

const fn plain(code: KeyCode) -> Key {
    Key(code, KeyModifiers::NONE)
}

const fn char(c: char) -> Key {
    plain(KeyCode::Char(c))
}

const fn ctrl(c: char) -> Key {
    Key(KeyCode::Char(c), KeyModifiers::CONTROL)
}

const fn bind(
    keys: &'static [Key],
    contexts: &'static [Context],
    action: Action,
    hint: &'static str,
    help: &'static str,
) -> Binding {
    Binding {
        keys,
        contexts,
        action,
        hint,
        help,
    }
}

use Context::{Containers, Detail, Events, Help, Input};
const LISTS: &[Context] = &[Events, Detail, Containers, Help];
const PANES: &[Context] = &[Events, Detail, Containers];
const BOTH: &[Context] = &[Events, Detail];

/// Every binding, in the order of the help and of the hint bar.
// One binding a line: it is a table.
#[rustfmt::skip]
pub(crate) static BINDINGS: &[Binding] = &[
    bind(&[plain(KeyCode::Up), char('k')], LISTS, Action::Up, "", "one line up"),
    bind(&[plain(KeyCode::Down), char('j')], LISTS, Action::Down, "", "one line down"),
    bind(&[plain(KeyCode::PageUp), ctrl('b')], LISTS, Action::PageUp, "", "one screen up"),
    bind(&[plain(KeyCode::PageDown), ctrl('f')], LISTS, Action::PageDown, "", "one screen down"),
    bind(&[ctrl('u')], LISTS, Action::HalfUp, "", "half a screen up"),
    bind(&[ctrl('d')], LISTS, Action::HalfDown, "", "half a screen down"),
    bind(&[plain(KeyCode::Home), char('g')], LISTS, Action::Home, "", "to the first line"),
    bind(&[plain(KeyCode::End), char('G')], LISTS, Action::End, "", "to the last line"),
    bind(&[plain(KeyCode::Enter)], BOTH, Action::ToggleDetail, "detail", "open or close the detail"),
    bind(&[plain(KeyCode::Enter)], &[Containers], Action::DrillDown, "its events", "only events of this container"),
    bind(&[plain(KeyCode::Tab)], BOTH, Action::NextPane, "pane", "to the other pane"),
    bind(&[char('/')], PANES, Action::Filter, "filter", "type or change a filter"),
    bind(&[plain(KeyCode::Backspace)], BOTH, Action::Back, "back", "remove the last piece of the filter"),
    bind(&[char('c')], PANES, Action::Containers, "containers", "open or close the list of containers"),
    bind(&[plain(KeyCode::Esc)], &[Events], Action::StopScan, "", "stop the search, keep what it found"),
    bind(&[plain(KeyCode::Esc)], &[Detail, Containers], Action::Leave, "close", "close this pane"),
    bind(&[char('?'), plain(KeyCode::F(1))], PANES, Action::Help, "help", "this help"),
    bind(&[char('q'), plain(KeyCode::F(10))], PANES, Action::Quit, "quit", "quit"),
    bind(&[plain(KeyCode::Enter)], &[Input], Action::Accept, "take it", "filter line: keep the filter"),
    bind(&[plain(KeyCode::Esc)], &[Input], Action::Leave, "leave", "filter line: leave it, back to the filter before"),
    bind(&[ctrl('u')], &[Input], Action::EraseLine, "clear", "filter line: remove what is before the cursor"),
    bind(&[plain(KeyCode::Left)], &[Input], Action::CursorLeft, "", "filter line: cursor to the left"),
    bind(&[plain(KeyCode::Right)], &[Input], Action::CursorRight, "", "filter line: cursor to the right"),
    bind(&[plain(KeyCode::Home), ctrl('a')], &[Input], Action::CursorHome, "", "filter line: cursor to the start"),
    bind(&[plain(KeyCode::End), ctrl('e')], &[Input], Action::CursorEnd, "", "filter line: cursor to the end"),
    bind(&[plain(KeyCode::Backspace)], &[Input], Action::EraseBefore, "", "filter line: erase before the cursor"),
    bind(&[plain(KeyCode::Delete)], &[Input], Action::EraseAt, "", "filter line: erase at the cursor"),
    bind(&[plain(KeyCode::Esc), char('q'), char('?'), plain(KeyCode::F(1)), plain(KeyCode::Enter)], &[Help], Action::Leave, "close", "help: close it"),
    bind(&[ctrl('c')], &[Events, Detail, Containers, Input, Help], Action::Quit, "", "quit, whatever is open"),
];

/// What a key does in a context.
pub(crate) fn action(context: Context, event: &KeyEvent) -> Option<Action> {
    let modifiers = event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT);
    // Terminals send ^H for Backspace or for Ctrl-Backspace; both mean the same here.
    let key = match (event.code, modifiers) {
        (KeyCode::Char('h'), KeyModifiers::CONTROL) => plain(KeyCode::Backspace),
        (code, modifiers) => Key(code, modifiers),
    };
    BINDINGS
        .iter()
        .find(|binding| binding.contexts.contains(&context) && binding.keys.contains(&key))
        .map(|binding| binding.action)
}

/// The character that a key types.
pub(crate) fn typed(event: &KeyEvent) -> Option<char> {
    let modified = event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match event.code {
        KeyCode::Char(c) if !modified => Some(c),
        _ => None,
    }
}

impl Key {
    /// The key as it is written for a person.
    pub(crate) fn name(self) -> String {
        let Key(code, modifiers) = self;
        let name = match code {
            KeyCode::Char(c) => c.to_string(),
            KeyCode::F(number) => format!("F{number}"),
            KeyCode::PageUp => "PgUp".into(),
            KeyCode::PageDown => "PgDn".into(),
            code => format!("{code:?}"),
        };
        if modifiers.contains(KeyModifiers::CONTROL) {
            format!("Ctrl-{name}")
        } else {
            name
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_has_two_meanings_in_one_context() {
        for context in [Events, Detail, Containers, Input, Help] {
            let mut seen: Vec<Key> = Vec::new();
            for binding in BINDINGS.iter().filter(|binding| binding.contexts.contains(&context)) {
                for key in binding.keys {
                    assert!(!seen.contains(key), "{} twice in {context:?}", key.name());
                    seen.push(*key);
                }
            }
        }
    }

    #[test]
    fn keys_are_found() {
        let (none, shift, ctrl) = (KeyModifiers::NONE, KeyModifiers::SHIFT, KeyModifiers::CONTROL);
        for (context, code, modifiers, expected) in [
            (Events, KeyCode::Char('G'), shift, Some(Action::End)),
            (Events, KeyCode::Char('d'), ctrl, Some(Action::HalfDown)),
            (Events, KeyCode::Char('d'), none, None),
            (Input, KeyCode::Char('q'), none, None),
            (Input, KeyCode::Char('c'), ctrl, Some(Action::Quit)),
            (Input, KeyCode::Char('h'), ctrl, Some(Action::EraseBefore)),
            (Help, KeyCode::Char('q'), none, Some(Action::Leave)),
            (Containers, KeyCode::Enter, none, Some(Action::DrillDown)),
        ] {
            assert_eq!(action(context, &KeyEvent::new(code, modifiers)), expected, "{code:?}");
        }
    }

    #[test]
    fn names_are_those_on_the_keyboard() {
        for (key, expected) in [
            (char('/'), "/"),
            (ctrl('d'), "Ctrl-d"),
            (plain(KeyCode::F(10)), "F10"),
            (plain(KeyCode::PageDown), "PgDn"),
            (plain(KeyCode::Enter), "Enter"),
        ] {
            assert_eq!(key.name(), expected);
        }
    }
}
