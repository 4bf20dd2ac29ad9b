//! Lists to choose from.

use super::{copy, export, notes, screens};
use crate::message::Effect;
use crate::state::{Body, Cursor, Menu, MenuKind, Overlay, State};
use crate::views;

/// Opens the list of views.
pub(super) fn open_views(state: &mut State) {
    let items = views::all().map(|view| (view.name.to_owned(), view.about.to_owned()));
    let items = items.chain([(
        "Alerts and notes".to_owned(),
        "Bookmarks, notes, and alerts that the trace carries.".to_owned(),
    )]);
    let shown = match &state.screen().body {
        Body::Groups(groups) => views::all().position(|view| view.id == groups.view.id),
        Body::Notes(_) => Some(views::all().count()),
        _ => None,
    };
    let cursor = Cursor {
        selected: shown.unwrap_or(0) as u64,
        top: 0,
    };
    state.overlay = Some(Overlay::Menu(Menu {
        kind: MenuKind::Views,
        items: items.collect(),
        cursor,
    }));
}

/// Opens the list of columns that can decide the order.
pub(super) fn open_sort(state: &mut State) {
    let Body::Groups(groups) = &state.screen().body else {
        return;
    };
    let (sorted, down) = groups.sort;
    let items = groups.view.columns.iter().enumerate().map(|(at, column)| {
        let about = match (at == sorted, down) {
            (false, _) => "",
            (true, true) => "largest first; choose it again for the smallest first",
            (true, false) => "smallest first; choose it again for the largest first",
        };
        (column.title.to_owned(), about.to_owned())
    });
    let menu = Menu {
        kind: MenuKind::Sort,
        items: items.collect(),
        cursor: Cursor {
            selected: sorted as u64,
            top: 0,
        },
    };
    state.overlay = Some(Overlay::Menu(menu));
}

/// Goes to the next choice that begins with a letter.
pub(super) fn typed(state: &mut State, c: char) {
    let Some(Overlay::Menu(menu)) = &mut state.overlay else {
        return;
    };
    let len = menu.items.len();
    let begins = |at: &usize| {
        let name = menu.items.get(*at).and_then(|(name, _)| name.chars().next());
        name.is_some_and(|first| first.eq_ignore_ascii_case(&c))
    };
    let from = usize::try_from(menu.cursor.selected).unwrap_or(0);
    let next = (1..=len).map(|step| (from + step) % len.max(1)).find(begins);
    if let Some(at) = next {
        menu.cursor.selected = at as u64;
    }
}

/// Takes what is selected.
pub(super) fn accept(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Overlay::Menu(menu)) = state.overlay.take() else {
        return;
    };
    let at = usize::try_from(menu.cursor.selected).unwrap_or(usize::MAX);
    match menu.kind {
        MenuKind::Views => match views::all().nth(at) {
            Some(view) => {
                let selection = state.screen().selection.clone();
                screens::push_view(state, selection, view, effects);
            }
            None => notes::open_list(state, effects),
        },
        MenuKind::Copy => copy::chosen(state, at, effects),
        MenuKind::Export => export::chosen(state, at),
        MenuKind::Replace => export::answered(state, at, effects),
        MenuKind::Sort => {
            if let Body::Groups(groups) = &mut state.screen_mut().body {
                groups.sort_by(at);
            }
        }
    }
}
