//! The interface without threads and terminal: effects are done at once, frames are text.

use super::sample;
use crate::config::Config;
use crate::message::{Effect, Message};
use crate::state::{Events, State};
use crate::update::update;
use crate::view::{Look, THEMES, view};
use crate::worker::{Desk, Opened, Places, Reader, Sources, Task, alerts, export, find, perform};
use afterimage_format::file::OpenOptions;
use afterimage_query::check::TimeZone;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

pub(super) const FULL: Look = Look {
    color: true,
    unicode: true,
    theme: &THEMES[0],
};

/// A trace that `write` wrote.
pub(super) fn trace(write: impl FnOnce(&Path)) -> Opened {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sample.scap");
    write(&path);
    // The open map outlives the name of the file.
    Opened::open(&path, &OpenOptions::default(), TimeZone::Utc).expect("the sample opens")
}

pub(super) fn story() -> Opened {
    trace(sample::story)
}

/// The interface on an open trace.
pub(super) struct Ui<'t> {
    pub(super) state: State,
    /// All effects so far.
    pub(super) effects: Vec<Effect>,
    opened: &'t Opened,
    reader: Reader<'t>,
    desk: Desk,
    /// Where files are kept: notes beside `sample.scap`, and what else is written.
    pub(super) folder: Arc<TempDir>,
}

impl<'t> Ui<'t> {
    pub(super) fn new(opened: &'t Opened, width: u16, height: u16) -> Ui<'t> {
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        Ui::inside(&folder, opened, width, height)
    }

    /// The same, in a folder that may have files already.
    pub(super) fn inside(folder: &Arc<TempDir>, opened: &'t Opened, width: u16, height: u16) -> Ui<'t> {
        Ui::open(folder, Config::default(), opened, (width, height))
    }

    /// The same with a configuration.
    pub(super) fn configured(config: Config, opened: &'t Opened, width: u16, height: u16) -> Ui<'t> {
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        Ui::open(&folder, config, opened, (width, height))
    }

    fn open(folder: &Arc<TempDir>, config: Config, opened: &'t Opened, size: (u16, u16)) -> Ui<'t> {
        let places = Places {
            runtime: Some(folder.path().to_owned()),
            config: Some(folder.path().join("config/analyze.toml")),
            ..Places::default()
        };
        let mut ui = Ui {
            state: State::new("sample.scap".into(), size),
            effects: Vec::new(),
            opened,
            reader: Reader::new(opened),
            desk: Desk::new(&folder.path().join("sample.scap"), places),
            folder: Arc::clone(folder),
        };
        ui.state.config = config;
        ui.tell(Message::Opened(Arc::new(opened.info())));
        let (alerts, damage) = alerts(opened);
        ui.tell(Message::Alerts(alerts, damage));
        ui
    }

    /// A message, all that it asks for, and the answers.
    pub(super) fn tell(&mut self, message: Message) {
        for effect in update(&mut self.state, message) {
            self.effects.push(effect.clone());
            let mut answers = Vec::new();
            match effect {
                Effect::Load {
                    generation,
                    first,
                    positions,
                    columns,
                } => answers.push(self.reader.rows(generation, first, &positions, &columns)),
                Effect::Detail { position } => answers.push(self.reader.detail(position)),
                Effect::Start {
                    generation,
                    filter,
                    span,
                    job,
                } => {
                    let task = Task {
                        generation,
                        filter,
                        span,
                        job,
                    };
                    perform(self.opened, &task, &|| false, &mut |answer| answers.push(answer));
                }
                Effect::Tell { position, want } => answers.push(self.reader.tell(position, want)),
                Effect::Export {
                    generation,
                    export: task,
                } => {
                    let file = self.folder.path().join("sample.scap");
                    let sources = Sources {
                        trace: file.clone(),
                        given: file,
                    };
                    let mut send = |answer| answers.push(answer);
                    export(self.opened, (generation, &task), &sources, &|| false, &mut send);
                }
                Effect::Find { generation, find: task } => {
                    find(self.opened, (generation, &task), &|| false, &mut |answer| {
                        answers.push(answer)
                    });
                }
                Effect::EndExport | Effect::EndFind | Effect::Copy(_) => {}
                Effect::Chore(chore) => answers.extend(self.desk.perform(chore)),
                Effect::Stop | Effect::Quit => {}
            }
            answers.into_iter().for_each(|answer| self.tell(answer));
        }
    }

    /// The same, with all events on the screen.
    pub(super) fn with_events(opened: &'t Opened, width: u16, height: u16) -> Ui<'t> {
        let mut ui = Ui::new(opened, width, height);
        ui.press(&["E"]);
        ui
    }

    /// The table of events on the screen.
    #[track_caller]
    pub(super) fn events(&self) -> &Events {
        self.state.screen().events().expect("events are on the screen")
    }

    /// The filter of the screen.
    pub(super) fn filter(&self) -> String {
        self.state.screen().selection.filter()
    }

    /// Presses keys: names such as `Enter` and `Ctrl-d`, or text that is typed.
    pub(super) fn press(&mut self, keys: &[&str]) -> &mut Ui<'t> {
        for name in keys {
            match key(name) {
                Some(key) => self.tell(Message::Key(key)),
                None => name.chars().for_each(|c| {
                    self.tell(Message::Key(KeyEvent::from(KeyCode::Char(c))));
                }),
            }
        }
        self
    }

    /// The cells of the screen.
    pub(super) fn cells(&self, look: Look) -> Buffer {
        let (width, height) = self.state.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
        terminal.draw(|frame| view(&self.state, look, frame)).expect("a frame");
        terminal.backend().buffer().clone()
    }

    /// The screen as text, lines without the space at their ends.
    pub(super) fn screen(&self) -> String {
        text(&self.cells(FULL))
    }

    /// One line of the screen.
    pub(super) fn line(&self, at: usize) -> String {
        self.screen().lines().nth(at).unwrap_or_default().to_string()
    }
}

/// The screen as text: what a wide character covers is left out, as on a terminal.
pub(super) fn text(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width).max(1);
    let mut out = String::new();
    for cells in buffer.content.chunks(width) {
        let mut line = String::new();
        let mut covered = 0;
        for cell in cells {
            if covered == 0 {
                line.push_str(cell.symbol());
                covered = ratatui::text::Span::raw(cell.symbol()).width();
            }
            covered = covered.saturating_sub(1);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn key(name: &str) -> Option<KeyEvent> {
    if let Some(c) = name.strip_prefix("Ctrl-").and_then(|rest| rest.chars().next()) {
        return Some(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL));
    }
    let code = match name {
        "Space" => KeyCode::Char(' '),
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "PgUp" => KeyCode::PageUp,
        "PgDn" => KeyCode::PageDown,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "Backspace" => KeyCode::Backspace,
        "Delete" => KeyCode::Delete,
        _ => {
            let number = name.strip_prefix('F')?.parse().ok()?;
            KeyCode::F(number)
        }
    };
    Some(KeyEvent::from(code))
}

/// The repository.
pub(super) fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
