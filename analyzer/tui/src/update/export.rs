//! Exports of what is selected, one at a time.

use super::prompt;
use crate::message::Effect;
use crate::state::{Aside, Body, Cursor, Export, Exported, Form, Menu, MenuKind, Overlay, PromptKind, State};
use afterimage_query::output::escaped;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// Opens the list of forms.
pub(super) fn open(state: &mut State) {
    if state.trace.is_none() {
        return;
    }
    if state.export.is_some() {
        return state.complain("an export goes on; Esc ends it");
    }
    let items = Form::ALL.iter().map(|form| {
        let (name, about) = form.about();
        (name.to_owned(), about.to_owned())
    });
    state.overlay = Some(Overlay::Menu(Menu {
        kind: MenuKind::Export,
        items: items.collect(),
        cursor: Cursor::default(),
    }));
}

/// Asks for the name of the file.
pub(super) fn chosen(state: &mut State, at: usize) {
    let Some(form) = Form::ALL.get(at) else { return };
    let stem = Path::new(&state.file)
        .file_stem()
        .map_or("trace".into(), |stem| stem.to_string_lossy());
    let name = format!("{stem}.{}", form.ending());
    prompt::open(state, PromptKind::Export(*form), name);
}

/// Begins to write to the file with this name.
pub(super) fn accept(state: &mut State, form: Form, name: &str, effects: &mut Vec<Effect>) {
    if name.is_empty() {
        return state.complain("without a name nothing is written");
    }
    let screen = state.screen();
    let condition = match &screen.body {
        Body::Groups(groups) => groups.view.condition,
        Body::Events(events) => events.condition,
        Body::Spectrum(spectrum) => spectrum.condition,
        Body::Overview(_) | Body::Follow(_) | Body::Lines(_) | Body::Notes(_) | Body::Replay(_) => "",
    };
    let export = Export {
        form,
        filter: screen.selection.filter_and(condition),
        span: screen.selection.span,
        path: PathBuf::from(name),
        replace: false,
        marks: match form {
            Form::Report => state.notes.marks.clone(),
            _ => Vec::new(),
        },
    };
    begin(state, export, effects);
}

fn begin(state: &mut State, export: Export, effects: &mut Vec<Effect>) {
    state.generation += 1;
    let generation = state.generation;
    effects.push(Effect::Export {
        generation,
        export: export.clone(),
    });
    state.export = Some(Aside {
        generation,
        task: export,
        done: (0, 0),
    });
}

/// Takes how far an export is, or how it ended.
pub(super) fn answer(state: &mut State, generation: u64, done: (u64, u64), end: Option<Exported>) {
    let Some(aside) = state.export.as_mut().filter(|aside| aside.generation == generation) else {
        return;
    };
    aside.done = done;
    let Some(end) = end else { return };
    let Some(aside) = state.export.take() else { return };
    match end {
        Exported::Done(text, false) => state.say(text),
        Exported::Done(text, true) | Exported::Failed(text) => state.complain(text),
        Exported::Exists => ask(state, aside.task),
    }
}

/// Asks whether a file may be replaced. Whatever else is open is not disturbed: then the answer is no.
fn ask(state: &mut State, export: Export) {
    let name = escaped(export.path.as_os_str().as_bytes());
    if state.overlay.is_some() {
        return state.complain(format!("{name} is there already; nothing was written"));
    }
    let items = [
        ("Keep it", format!("{name} is there already; nothing is written")),
        ("Replace it", format!("what is in {name} is lost")),
    ];
    state.overlay = Some(Overlay::Menu(Menu {
        kind: MenuKind::Replace,
        items: items.map(|(name, about)| (name.to_owned(), about)).into(),
        cursor: Cursor::default(),
    }));
    state.to_replace = Some(export);
}

/// Takes the answer to that.
pub(super) fn answered(state: &mut State, at: usize, effects: &mut Vec<Effect>) {
    if let Some(export) = state.to_replace.take().filter(|_| at == 1) {
        let replace = true;
        begin(state, Export { replace, ..export }, effects);
    }
}

/// Ends the export; whether there was one.
pub(super) fn stop(state: &mut State, effects: &mut Vec<Effect>) -> bool {
    let running = state.export.take().is_some();
    if running {
        effects.push(Effect::EndExport);
        state.say("export ended; nothing was written");
    }
    running
}
