//! Everything that is shown.

mod columns;
mod content;
mod events;
mod export;
mod follow;
mod groups;
mod input;
mod job;
mod lines;
mod notes;
mod overlay;
mod overview;
mod position;
mod replay;
mod selection;
mod spectrum;

pub(crate) use columns::{Chooser, Columns, table_id};
pub(crate) use content::{ContainerLine, DetailItem, EventDetail, EventRowText, SegmentInfo, TraceInfo};
pub(crate) use events::{Events, Listing, Place};
pub(crate) use export::{Aside, Copy, Export, Exported, Form};
pub(crate) use follow::{Anchor, Chunk, Follow};
pub(crate) use groups::{GroupRow, Groups};
pub(crate) use input::Input;
pub(crate) use job::{Job, Progress};
pub(crate) use lines::{Line, Lines, LinesKind};
pub(crate) use notes::{About, Alert, Mark, NoteLine, NoteList, Notes, TraceKey};
pub(crate) use overlay::{Menu, MenuKind, Overlay, Prompt, PromptKind};
pub(crate) use overview::{Finding, Focus, Histogram, Overview};
pub(crate) use position::{Part, Position, RowSet};
pub(crate) use replay::{Frame, Replay};
pub(crate) use selection::{Crumb, Selection};
pub(crate) use spectrum::{BUCKETS, Spectrum, bucket, least};

use crate::config::Config;
use std::path::PathBuf;
use std::sync::Arc;

/// The state of the interface.
#[derive(Debug)]
pub(crate) struct State {
    /// Columns and lines of the terminal.
    pub(crate) size: (u16, u16),
    /// Name of the file, escaped.
    pub(crate) file: String,
    /// The file as it was given to the program.
    pub(crate) given: PathBuf,
    /// The trace; nothing while it is being opened.
    pub(crate) trace: Option<Arc<TraceInfo>>,
    /// The screens, each opened from the one before it. There is always one; the last one is shown.
    pub(crate) screens: Vec<Screen>,
    /// What lies over the screen.
    pub(crate) overlay: Option<Overlay>,
    /// What the last key came to, where that is not seen otherwise.
    pub(crate) notice: Option<Notice>,
    /// Filters that were taken, the newest last.
    pub(crate) filters: Vec<String>,
    /// What was looked for last.
    pub(crate) search: String,
    /// Bookmarks, notes and alerts.
    pub(crate) notes: Notes,
    /// The export that goes on.
    pub(crate) export: Option<Aside<Export>>,
    /// An export that found a file with its name.
    pub(crate) to_replace: Option<Export>,
    /// The search among events that goes on: the generation of its table, and whether it goes to later rows.
    pub(crate) find: Option<Aside<(u64, bool)>>,
    /// What the open menu of copies has.
    pub(crate) copies: Vec<Copy>,
    /// What a person configured, and the columns chosen since.
    pub(crate) config: Config,
    /// The bar of the histogram at which the mouse was pressed.
    pub(crate) pressed: Option<usize>,
    /// Counts jobs.
    pub(crate) generation: u64,
    /// Whether the trace grows.
    pub(crate) live: Live,
    /// Whether the screen stays as it is although it does.
    pub(crate) paused: bool,
    /// What has come meanwhile.
    pub(crate) pending: Option<Arc<TraceInfo>>,
    /// Whether the screen shows less than there is.
    pub(crate) stale: bool,
    /// The last damage met while reading.
    pub(crate) damage: Option<String>,
}

/// A screen.
#[derive(Debug)]
pub(crate) struct Screen {
    /// What it is about.
    pub(crate) selection: Selection,
    /// The work for it.
    pub(crate) job: Option<Job>,
    /// How many events the trace had when that began.
    pub(crate) of: u64,
    /// What is on it.
    pub(crate) body: Body,
}

/// What is on a screen.
#[derive(Debug)]
pub(crate) enum Body {
    /// The overview.
    Overview(Overview),
    /// Events put together.
    Groups(Groups),
    /// Events.
    Events(Box<Events>),
    /// Bytes.
    Follow(Follow),
    /// A terminal session.
    Replay(Box<Replay>),
    /// How long calls took.
    Spectrum(Box<Spectrum>),
    /// A list of lines.
    Lines(Lines),
    /// Bookmarks, notes and alerts.
    Notes(NoteList),
}

/// A line that tells what a key came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    /// The text, escaped.
    pub(crate) text: String,
    /// Whether something went wrong.
    pub(crate) failed: bool,
}

/// Whether the trace grows while it is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Live {
    /// It does not.
    Whole,
    /// It is being recorded, or written.
    Growing,
    /// It is being made of a capture; so much of a hundred is read.
    Importing(u64),
    /// It came to its end meanwhile.
    Ended,
    /// No more will come, for this reason.
    Broken(String),
}

/// A selected line and the first one shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Index of the selected line.
    pub(crate) selected: u64,
    /// Index of the first line on the screen.
    pub(crate) top: u64,
}

impl State {
    /// Whether time has to be told as it passes.
    pub(crate) fn wants_time(&self) -> bool {
        matches!(&self.screen().body, Body::Replay(replay) if replay.playing)
    }

    /// The state before the trace is open. `file` must be escaped.
    pub(crate) fn new(file: String, size: (u16, u16)) -> State {
        State {
            size,
            given: PathBuf::from(&file),
            file,
            trace: None,
            screens: vec![Screen::new(Selection::default(), Body::Overview(Overview::default()))],
            overlay: None,
            notice: None,
            filters: Vec::new(),
            search: String::new(),
            notes: Notes::default(),
            export: None,
            to_replace: None,
            find: None,
            copies: Vec::new(),
            pressed: None,
            config: Config::default(),
            generation: 0,
            live: Live::Whole,
            paused: false,
            pending: None,
            stale: false,
            damage: None,
        }
    }

    /// The screen that is shown.
    pub(crate) fn screen(&self) -> &Screen {
        // There is always one.
        &self.screens[self.screens.len() - 1]
    }

    /// The same, to change it.
    pub(crate) fn screen_mut(&mut self) -> &mut Screen {
        let last = self.screens.len() - 1;
        &mut self.screens[last]
    }

    /// Says what a key came to.
    pub(crate) fn say(&mut self, text: impl Into<String>) {
        let text = text.into();
        self.notice = Some(Notice { text, failed: false });
    }

    /// Says why a key came to nothing.
    pub(crate) fn complain(&mut self, text: impl Into<String>) {
        let text = text.into();
        self.notice = Some(Notice { text, failed: true });
    }

    /// The prompt, if one is open.
    pub(crate) fn prompt(&self) -> Option<&Prompt> {
        match &self.overlay {
            Some(Overlay::Prompt(prompt)) => Some(prompt),
            _ => None,
        }
    }
}

impl Screen {
    /// A screen for which no work was done yet.
    pub(crate) fn new(selection: Selection, body: Body) -> Screen {
        Screen {
            selection,
            job: None,
            of: 0,
            body,
        }
    }

    /// The table of events, if that is what is on it.
    pub(crate) fn events(&self) -> Option<&Events> {
        match &self.body {
            Body::Events(events) => Some(events),
            _ => None,
        }
    }
}
