//! The one table of key bindings. Dispatch, the hint bar and the help are made from it.

mod bound;
mod names;

pub(crate) use bound::Bound;
pub(crate) use names::{NAMES, name_of, named};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What takes the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Context {
    /// The list of the overview.
    Overview,
    /// The histogram of the overview.
    Histogram,
    /// A table of groups.
    Groups,
    /// The table of events.
    Events,
    /// The selected event.
    Detail,
    /// Bytes.
    Follow,
    /// A list of lines: the tree of processes, why.
    Lines,
    /// Lengths of calls over time.
    Spectrum,
    /// A terminal session is played.
    Replay,
    /// The list of alerts and notes.
    Notes,
    /// A list to choose from.
    Menu,
    /// The list of columns.
    Columns,
    /// Something is being typed.
    Input,
    /// The help.
    Help,
}

impl Context {
    /// Whether a key types a character there.
    pub(crate) fn takes_as_text(self, key: Key) -> bool {
        match self {
            Input => key.types(),
            // No field has a blank in its name.
            Columns => key.types() && key != char(' '),
            _ => false,
        }
    }
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
    /// To the left: columns, stretches of time.
    Left,
    /// To the right.
    Right,
    /// Opens what is selected.
    Open,
    /// Opens the events of what is selected.
    Dig,
    /// Opens the events of the whole screen.
    AllEvents,
    /// Opens or closes the detail.
    ToggleDetail,
    /// Opens the bytes of what is selected.
    Follow,
    /// Bytes as text or in hexadecimal.
    Hex,
    /// Opens the tree of processes.
    Tree,
    /// Opens the list of terminal sessions.
    Sessions,
    /// Pauses what follows a trace that grows.
    Pause,
    /// Player: goes on, or pauses.
    Play,
    /// Player: faster.
    Faster,
    /// Player: slower.
    Slower,
    /// Player: to the next frame.
    Step,
    /// Player: to the frame before.
    StepBack,
    /// Asks what led to an event.
    Why,
    /// To the other pane.
    NextPane,
    /// Back to the screen before.
    Back,
    /// Opens the menu of views.
    Views,
    /// Opens the menu of columns that can decide the order.
    Sort,
    /// Puts the rows in order by the column with this number.
    SortBy(u8),
    /// Opens the list of columns.
    Columns,
    /// Shows the selected column or hides it.
    ToggleColumn,
    /// Writes the chosen columns to the configuration file.
    SaveColumns,
    /// Goes back to the columns that the table has by itself.
    ResetColumns,
    /// Opens the filter line.
    Filter,
    /// Opens the line for a text to look for.
    Search,
    /// To the next line with that text.
    SearchNext,
    /// To the one before.
    SearchBack,
    /// Opens the line for a time or number.
    Goto,
    /// Begins to choose a span of time, or takes it.
    Mark,
    /// Gives up the span.
    ClearSpan,
    /// Sets or removes a bookmark.
    Bookmark,
    /// Opens the line for a note.
    Note,
    /// Opens the list of alerts and notes.
    Notes,
    /// Opens the menu of exports.
    Export,
    /// Opens the menu of what can be copied.
    Copy,
    /// To the next bookmark.
    MarkNext,
    /// To the bookmark before.
    MarkBack,
    /// Takes what was typed or chosen.
    Accept,
    /// Completes the name of a field.
    Complete,
    /// To an older line of the history.
    Older,
    /// To a newer one.
    Newer,
    /// Ends the work that goes on.
    Stop,
    /// Closes what is open.
    Leave,
    /// Opens the help.
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
    /// Editing: removes the word before the cursor.
    EraseWord,
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

use Context::{
    Columns, Detail, Events, Follow, Groups, Help, Histogram, Input, Lines, Menu, Notes, Overview, Replay, Spectrum,
};
const SCREENS: &[Context] = &[
    Overview, Histogram, Groups, Events, Detail, Follow, Lines, Notes, Spectrum, Replay,
];
const LISTS: &[Context] = &[
    Overview, Histogram, Groups, Events, Detail, Follow, Lines, Notes, Spectrum, Replay, Menu, Help,
];
const TABLES: &[Context] = &[Groups, Events, Detail, Follow, Lines];
const EVENTS: &[Context] = &[Events, Detail];
const ANY: &[Context] = &[
    Overview, Histogram, Groups, Events, Detail, Follow, Lines, Notes, Spectrum, Replay, Menu, Columns, Input, Help,
];

/// Every binding, in the order of the help and of the hint bar.
// One binding a line: it is a table.
#[rustfmt::skip]
pub(crate) static BINDINGS: &[Binding] = &[
    bind(&[plain(KeyCode::Up), char('k')], LISTS, Action::Up, "", "one line up"),
    bind(&[plain(KeyCode::Down), char('j')], LISTS, Action::Down, "", "one line down"),
    bind(&[plain(KeyCode::PageUp), ctrl('b')], LISTS, Action::PageUp, "", "one screen up"),
    bind(&[plain(KeyCode::PageDown), char(' ')], &[Overview, Groups, Events, Detail, Follow, Lines, Notes, Menu, Help], Action::PageDown, "", "one screen down"),
    bind(&[plain(KeyCode::PageDown)], &[Histogram], Action::PageDown, "", "ten bars to the right"),
    bind(&[ctrl('u')], LISTS, Action::HalfUp, "", "half a screen up"),
    bind(&[ctrl('d')], LISTS, Action::HalfDown, "", "half a screen down"),
    bind(&[plain(KeyCode::Home), char('g')], LISTS, Action::Home, "", "to the first line"),
    bind(&[plain(KeyCode::End), char('G')], LISTS, Action::End, "", "to the last line"),
    bind(&[plain(KeyCode::Left), char('h')], &[Histogram], Action::Left, "", "histogram: one bar to the left"),
    bind(&[plain(KeyCode::Right), char('l')], &[Histogram], Action::Right, "", "histogram: one bar to the right"),
    bind(&[plain(KeyCode::Left), char('h')], &[Groups, Events, Lines, Spectrum, Replay], Action::Left, "", "show the columns further left; player: five seconds back"),
    bind(&[plain(KeyCode::Right), char('l')], &[Groups, Events, Lines, Spectrum, Replay], Action::Right, "", "show the columns further right; player: five seconds on"),
    bind(&[plain(KeyCode::Enter)], &[Overview, Groups, Follow, Lines, Notes, Spectrum, Replay], Action::Open, "open", "open what is selected: it becomes part of the filter"),
    bind(&[plain(KeyCode::Enter)], EVENTS, Action::ToggleDetail, "detail", "open or close the detail of the event"),
    bind(&[plain(KeyCode::Enter), char(' ')], &[Histogram], Action::Mark, "from/to", "histogram: begin a span of time here, then end it here"),
    bind(&[plain(KeyCode::Backspace)], SCREENS, Action::Back, "back", "back to where this was opened from"),
    bind(&[plain(KeyCode::F(2)), char('v')], SCREENS, Action::Views, "views", "choose a view: processes, files, connections, commands, …"),
    bind(&[char('/'), plain(KeyCode::F(4))], &[Overview, Histogram, Groups, Events, Detail], Action::Filter, "filter", "type or change a filter"),
    bind(&[plain(KeyCode::F(6)), char('d')], &[Overview, Histogram, Groups], Action::Dig, "events", "the events of what is selected"),
    bind(&[char('w')], &[Overview, Events, Detail, Follow, Lines, Replay], Action::Why, "why", "why did this happen: what led to the event, step by step"),
    bind(&[plain(KeyCode::F(5)), char('e')], &[Overview, Histogram, Groups, Events, Detail, Lines], Action::Follow, "follow", "the bytes that went through: both directions, text or hex"),
    bind(&[char('t')], SCREENS, Action::Tree, "", "the tree of processes at that time"),
    bind(&[plain(KeyCode::Tab)], &[Follow], Action::Hex, "text/hex", "bytes: as text or in hexadecimal"),
    bind(&[char('r')], SCREENS, Action::Sessions, "", "terminal sessions, to be replayed as their users saw them"),
    bind(&[char('p')], &[Overview, Histogram, Groups, Events, Detail, Follow, Lines, Notes, Spectrum], Action::Pause, "", "a trace that is being recorded: pause the screen, or go on"),
    bind(&[char(' '), char('p')], &[Replay], Action::Play, "play/pause", "player: play or pause"),
    bind(&[char('+'), char('>')], &[Replay], Action::Faster, "faster", "player: faster"),
    bind(&[char('-'), char('<')], &[Replay], Action::Slower, "slower", "player: slower"),
    bind(&[char('.')], &[Replay], Action::Step, "step", "player: to the next frame"),
    bind(&[char(',')], &[Replay], Action::StepBack, "", "player: to the frame before"),
    bind(&[char('E')], &[Overview, Histogram, Groups, Spectrum], Action::AllEvents, "", "all events of this screen, whatever is selected"),
    bind(&[plain(KeyCode::Tab)], &[Overview, Histogram, Events, Detail], Action::NextPane, "pane", "to the other pane"),
    bind(&[plain(KeyCode::F(9)), char('s'), char('>')], &[Groups], Action::Sort, "sort", "choose the column that decides the order"),
    bind(&[char('1')], &[Groups], Action::SortBy(0), "", "order by the first column; again: the other way"),
    bind(&[char('2')], &[Groups], Action::SortBy(1), "", "order by the second column, and so on up to 9"),
    bind(&[char('3')], &[Groups], Action::SortBy(2), "", ""),
    bind(&[char('4')], &[Groups], Action::SortBy(3), "", ""),
    bind(&[char('5')], &[Groups], Action::SortBy(4), "", ""),
    bind(&[char('6')], &[Groups], Action::SortBy(5), "", ""),
    bind(&[char('7')], &[Groups], Action::SortBy(6), "", ""),
    bind(&[char('8')], &[Groups], Action::SortBy(7), "", ""),
    bind(&[char('9')], &[Groups], Action::SortBy(8), "", ""),
    bind(&[char('o')], &[Groups, Events], Action::Columns, "columns", "choose the columns"),
    bind(&[ctrl('f'), plain(KeyCode::F(3))], TABLES, Action::Search, "", "look for words among the rows, whatever their case"),
    bind(&[char('n'), ctrl('g')], TABLES, Action::SearchNext, "", "to the next row with them"),
    bind(&[char('N')], TABLES, Action::SearchBack, "", "to the row before with them"),
    bind(&[char(':')], SCREENS, Action::Goto, "go to", "go to a time (10:00:03.5, -5m) or to the event with a number"),
    bind(&[char('b')], SCREENS, Action::Bookmark, "", "set a bookmark on what is selected, or remove it"),
    bind(&[char('B')], SCREENS, Action::Note, "note", "write a note about what is selected"),
    bind(&[char('m')], &[Overview, Histogram, Groups, Events, Detail, Follow, Lines, Spectrum, Replay], Action::Notes, "", "alerts, bookmarks and notes, in the order of time"),
    bind(&[char('y')], SCREENS, Action::Copy, "", "copy the row, the filter, the command for a shell, or the event as JSON"),
    bind(&[char('x')], SCREENS, Action::Export, "", "write the events of this screen to a file, or a report of all notes"),
    bind(&[char(']')], EVENTS, Action::MarkNext, "", "to the next bookmark"),
    bind(&[char('[')], EVENTS, Action::MarkBack, "", "to the bookmark before"),
    bind(&[char('z')], SCREENS, Action::ClearSpan, "", "give up the chosen span of time"),
    bind(&[plain(KeyCode::Esc)], &[Overview, Histogram, Groups, Events, Follow, Lines, Notes, Spectrum, Replay], Action::Stop, "", "stop the search, keep what it found; then a search for words or an export"),
    bind(&[plain(KeyCode::Esc)], &[Detail], Action::Leave, "close", "close this pane"),
    bind(&[char('?'), plain(KeyCode::F(1))], SCREENS, Action::Help, "help", "this help"),
    bind(&[char('q'), plain(KeyCode::F(10))], SCREENS, Action::Quit, "quit", "quit"),
    bind(&[plain(KeyCode::Enter)], &[Menu], Action::Accept, "choose", "list: choose"),
    bind(&[plain(KeyCode::Esc), plain(KeyCode::Backspace), char('q'), plain(KeyCode::F(2))], &[Menu], Action::Leave, "close", "list: close it"),
    bind(&[plain(KeyCode::Enter), plain(KeyCode::Char(' '))], &[Columns], Action::ToggleColumn, "show/hide", "columns: show or hide the selected one"),
    bind(&[plain(KeyCode::Left)], &[Columns], Action::Left, "left", "columns: move the selected one to the left"),
    bind(&[plain(KeyCode::Right)], &[Columns], Action::Right, "right", "columns: move the selected one to the right"),
    bind(&[ctrl('r')], &[Columns], Action::ResetColumns, "reset", "columns: those that the table has by itself"),
    bind(&[ctrl('s')], &[Columns], Action::SaveColumns, "save", "columns: save them in the configuration file"),
    bind(&[plain(KeyCode::Up), ctrl('p')], &[Columns], Action::Up, "", "columns: one line up; PgUp, Home and the like, too"),
    bind(&[plain(KeyCode::Down), ctrl('n')], &[Columns], Action::Down, "", "columns: one line down"),
    bind(&[plain(KeyCode::PageUp)], &[Columns], Action::PageUp, "", ""),
    bind(&[plain(KeyCode::PageDown)], &[Columns], Action::PageDown, "", ""),
    bind(&[plain(KeyCode::Home)], &[Columns], Action::Home, "", ""),
    bind(&[plain(KeyCode::End)], &[Columns], Action::End, "", ""),
    bind(&[plain(KeyCode::Backspace)], &[Columns], Action::EraseBefore, "", "columns: erase what was typed"),
    bind(&[ctrl('u')], &[Columns], Action::EraseLine, "", ""),
    bind(&[plain(KeyCode::Esc)], &[Columns], Action::Leave, "close", "columns: close the list"),
    bind(&[plain(KeyCode::Enter)], &[Input], Action::Accept, "take it", "line: take what was typed"),
    bind(&[plain(KeyCode::Esc)], &[Input], Action::Leave, "leave", "line: leave it; a filter is again what it was"),
    bind(&[plain(KeyCode::Tab)], &[Input], Action::Complete, "complete", "line: complete the name of a field"),
    bind(&[plain(KeyCode::Up), ctrl('p')], &[Input], Action::Older, "", "line: what was typed before"),
    bind(&[plain(KeyCode::Down), ctrl('n')], &[Input], Action::Newer, "", "line: what was typed after that"),
    bind(&[ctrl('u')], &[Input], Action::EraseLine, "clear", "line: remove what is before the cursor"),
    bind(&[ctrl('w')], &[Input], Action::EraseWord, "", "line: remove the word before the cursor"),
    bind(&[plain(KeyCode::Left)], &[Input], Action::CursorLeft, "", "line: cursor to the left"),
    bind(&[plain(KeyCode::Right)], &[Input], Action::CursorRight, "", "line: cursor to the right"),
    bind(&[plain(KeyCode::Home), ctrl('a')], &[Input], Action::CursorHome, "", "line: cursor to the start"),
    bind(&[plain(KeyCode::End), ctrl('e')], &[Input], Action::CursorEnd, "", "line: cursor to the end"),
    bind(&[plain(KeyCode::Backspace)], &[Input], Action::EraseBefore, "", "line: erase before the cursor"),
    bind(&[plain(KeyCode::Delete)], &[Input], Action::EraseAt, "", "line: erase at the cursor"),
    bind(&[plain(KeyCode::Esc), char('q'), char('?'), plain(KeyCode::F(1)), plain(KeyCode::Enter), plain(KeyCode::Backspace)], &[Help], Action::Leave, "close", "help: close it"),
    bind(&[ctrl('c')], ANY, Action::Quit, "", "quit, whatever is open"),
];

/// The character that a key types.
pub(crate) fn typed(event: &KeyEvent) -> Option<char> {
    let modified = event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match event.code {
        KeyCode::Char(c) if !modified => Some(c),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_has_two_meanings_in_one_context() {
        for context in ANY {
            let mut seen: Vec<Key> = Vec::new();
            for binding in BINDINGS.iter().filter(|binding| binding.contexts.contains(context)) {
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
            (Groups, KeyCode::Char('d'), none, Some(Action::Dig)),
            (Input, KeyCode::Char('q'), none, None),
            (Input, KeyCode::Char('c'), ctrl, Some(Action::Quit)),
            (Input, KeyCode::Char('h'), ctrl, Some(Action::EraseBefore)),
            (Help, KeyCode::Char('q'), none, Some(Action::Leave)),
            (Groups, KeyCode::Enter, none, Some(Action::Open)),
        ] {
            let event = KeyEvent::new(code, modifiers);
            assert_eq!(Bound::default().action(context, &event), expected, "{code:?}");
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
