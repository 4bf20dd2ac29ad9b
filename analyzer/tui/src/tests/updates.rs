//! What keys and answers change, and what they ask for.

use super::harness::{Ui, story, trace};
use super::sample;
use crate::keys::Context;
use crate::message::{Answer, Effect, Job, Message};
use crate::state::{Body, Live, Part, Progress};
use crate::update::{context, update};

/// The numbers of the events on the screen.
fn nums(ui: &Ui<'_>) -> Vec<u64> {
    let screen = ui.screen();
    let first = |line: &str| line.split_whitespace().next().and_then(|num| num.parse().ok());
    screen
        .lines()
        .skip(4)
        .skip_while(|line| first(line).is_none())
        .map_while(first)
        .collect()
}

fn selected(ui: &Ui<'_>) -> u64 {
    ui.events().listing.cursor.selected
}

#[test]
fn keys_move_the_selection() {
    let opened = trace(|path| sample::long(path, 3, 100));
    // 20 rows are on the screen.
    for (keys, expected) in [
        (&["Down", "j", "Up"][..], 1),
        (&["k"], 0),
        (&["PgDn"], 19),
        (&["PgDn", "PgDn", "PgUp"], 19),
        (&["Ctrl-d", "Ctrl-d", "Ctrl-u"], 9),
        (&["End"], 299),
        (&["G", "Down", "PgDn"], 299),
        (&["G", "g"], 0),
        (&["End", "Home"], 0),
    ] {
        let mut ui = Ui::with_events(&opened, 80, 24);
        ui.press(keys);
        assert_eq!(selected(&ui), expected, "{keys:?}");
        let row = nums(&ui);
        assert!(row.contains(&(expected + 1)), "{keys:?}: {row:?}");
    }
}

#[test]
fn only_rows_around_the_screen_are_read() {
    let opened = trace(|path| sample::long(path, 10, 1000));
    let mut ui = Ui::with_events(&opened, 80, 24);
    ui.press(&["End"]);
    for effect in &ui.effects {
        if let Effect::Load { positions, .. } = effect {
            assert!(positions.len() <= 3 * 19, "{}", positions.len());
        }
    }
    assert_eq!(nums(&ui).last(), Some(&10_000));
    // The next page was read ahead: one more line asks for nothing.
    ui.press(&["Home"]);
    let before = ui.effects.len();
    ui.press(&["PgDn", "Down"]);
    assert_eq!(ui.effects.len(), before);
}

#[test]
fn a_filter_is_applied_while_it_is_typed() {
    let opened = story();
    let mut ui = Ui::with_events(&opened, 80, 24);
    ui.press(&["/", "evt.type = read"]);
    assert_eq!(ui.filter(), "evt.type = read");
    ui.press(&["Enter"]);
    assert_eq!(nums(&ui), [2, 5]);
    assert!(ui.state.prompt().is_none());
    // `/` opens it again to be changed.
    ui.press(&["/", "Ctrl-u", "evt.num = 3", "Enter"]);
    assert_eq!((nums(&ui), ui.state.screen().selection.crumbs.len()), (vec![3], 1));
    // An empty one is none.
    ui.press(&["/", "Ctrl-u", "Enter"]);
    assert_eq!((nums(&ui).len(), ui.state.screen().selection.crumbs.len()), (7, 0));
}

#[test]
fn a_wrong_filter_keeps_the_last_good_result() {
    let opened = story();
    let mut ui = Ui::with_events(&opened, 80, 24);
    ui.press(&["/", "evt.type = read"]).press(&[" and", "Enter"]);
    assert!(
        ui.state.prompt().is_some_and(|prompt| prompt.input.error.is_some()),
        "still open"
    );
    assert_eq!(ui.filter(), "evt.type = read");
    assert!(
        ui.line(6).contains("read") && ui.line(7).contains("read"),
        "{}",
        ui.screen()
    );
    ui.press(&["Esc"]);
    assert_eq!(
        (ui.filter().as_str(), nums(&ui).len()),
        ("", 7),
        "back to the filter before"
    );
}

#[test]
fn editing_follows_characters() {
    let opened = story();
    let mut ui = Ui::with_events(&opened, 80, 24);
    ui.press(&["/", "añ日", "Left", "Backspace", "x", "Home", "Delete", "<", "End", ">"]);
    assert_eq!(
        ui.state.prompt().map(|prompt| prompt.input.text.as_str()),
        Some("<x日>")
    );
    ui.tell(Message::Paste("a\n\u{1b}[2Jb".into()));
    assert_eq!(
        ui.state.prompt().map(|prompt| prompt.input.text.as_str()),
        Some("<x日>a [2Jb")
    );
    ui.press(&["Right", "Left", "Ctrl-u"]);
    assert_eq!(
        ui.state
            .prompt()
            .map(|prompt| (prompt.input.text.as_str(), prompt.input.cursor)),
        Some(("b", 0))
    );
    ui.press(&["Backspace", "Left"]);
    assert_eq!(ui.state.prompt().map(|prompt| prompt.input.cursor), Some(0));
}

#[test]
fn drilling_down_and_back_returns_to_the_same_place() {
    let opened = trace(|path| sample::long(path, 3, 100));
    let mut ui = Ui::new(&opened, 80, 24);
    ui.press(&["F2", "c", "Enter"]);
    assert!(ui.line(2).starts_with("Containers"), "{}", ui.screen());
    ui.press(&["Down", "F6"]);
    assert_eq!(ui.filter(), "container.id = \"host\"");
    assert_eq!(nums(&ui)[..3], [10, 20, 30]);
    ui.press(&["Down", "Down", "/", "evt.num > 15", "Enter"]);
    assert_eq!(ui.filter(), "(container.id = \"host\") and (evt.num > 15)");
    assert_eq!(nums(&ui)[..2], [20, 30]);
    ui.press(&["Backspace"]);
    let Body::Groups(groups) = &ui.state.screen().body else {
        panic!("back at the containers");
    };
    assert_eq!(groups.cursor.selected, 1, "the same one is selected");
    ui.press(&["Backspace", "Backspace", "Backspace"]);
    assert_eq!(ui.state.screens.len(), 1);
    assert!(ui.screen().contains("first screen"), "{}", ui.screen());
}

#[test]
fn a_view_counts_what_is_selected() {
    let opened = trace(|path| sample::long(path, 3, 100));
    let mut ui = Ui::new(&opened, 120, 24);
    ui.press(&["F2", "s", "s", "s", "Enter"]);
    let screen = ui.screen();
    assert!(screen.contains("\nSystem calls"), "{screen}");
    let line = |name: &str| {
        let line = screen.lines().find(|line| line.trim_start().starts_with(name));
        line.map(|line| line.split_whitespace().nth(1).map(str::to_owned))
    };
    assert_eq!(line("openat"), Some(Some("270".into())), "{screen}");
    assert_eq!(line("read"), Some(Some("30".into())), "{screen}");
    // The order turns around; a drill-down narrows the next view.
    ui.press(&["2"]);
    assert!(ui.line(4).contains("read"), "{}", ui.screen());
    ui.press(&["Enter"]);
    assert_eq!(ui.filter(), "evt.type = \"read\"");
}

#[test]
fn a_span_of_time_is_chosen_on_the_histogram() {
    let opened = story();
    let mut ui = Ui::new(&opened, 80, 24);
    let bar = |ui: &Ui<'_>| match &ui.state.screen().body {
        Body::Overview(overview) => overview.bar,
        _ => usize::MAX,
    };
    ui.press(&["Tab", "Enter", "PgDn", "PgDn", "PgDn"]);
    assert_eq!(bar(&ui), 30);
    ui.press(&["Enter"]);
    assert!(ui.state.screen().selection.span.is_some());
    ui.press(&["E"]);
    assert_eq!(nums(&ui), [1], "one of seven events, a second apart");
    ui.press(&["Backspace", "z", "E"]);
    assert_eq!(nums(&ui).len(), 7);
}

#[test]
fn times_and_numbers_are_gone_to() {
    let opened = trace(|path| sample::long(path, 3, 100));
    let mut ui = Ui::with_events(&opened, 80, 24);
    for (typed, expected) in [("150", 149), ("1", 0), ("-0s", 299)] {
        ui.press(&[":", typed, "Enter"]);
        assert_eq!(selected(&ui), expected, "{typed}");
    }
    for (typed, expected) in [("301", "no event with the number"), ("x", "neither the number")] {
        ui.press(&[":", typed, "Enter"]);
        assert!(ui.screen().contains(expected), "{}", ui.screen());
    }
}

#[test]
fn panes_open_close_and_take_the_keys() {
    let opened = story();
    let mut ui = Ui::with_events(&opened, 80, 24);
    for (key, takes, detail) in [
        ("Enter", Context::Events, true),
        ("Tab", Context::Detail, true),
        ("Tab", Context::Events, true),
        ("Enter", Context::Events, false),
        ("Tab", Context::Detail, true),
        ("Esc", Context::Events, false),
        ("Tab", Context::Detail, true),
    ] {
        ui.press(&[key]);
        assert_eq!((context(&ui.state), ui.events().detail.open), (takes, detail), "{key}");
    }
    ui.press(&["Down", "Down"]);
    assert_eq!(
        (selected(&ui), ui.events().detail.scroll),
        (0, 2),
        "the detail scrolls, the table does not"
    );
    ui.press(&["End", "Down"]);
    let bottom = ui.events().detail.scroll;
    ui.press(&["Up", "Down", "Down"]);
    assert_eq!(ui.events().detail.scroll, bottom, "the end is the end");
}

#[test]
fn every_way_to_quit_quits() {
    let opened = story();
    for (keys, quits) in [
        (&["q"][..], true),
        (&["F10"], true),
        (&["Ctrl-c"], true),
        (&["/", "Ctrl-c"], true),
        (&["?", "Ctrl-c"], true),
        (&["/", "q"], false),
        (&["?", "q"], false),
        (&["?", "q", "q"], true),
    ] {
        let mut ui = Ui::with_events(&opened, 80, 24);
        ui.press(keys);
        assert_eq!(ui.effects.contains(&Effect::Quit), quits, "{keys:?}");
    }
}

#[test]
fn before_the_trace_is_open_keys_do_no_harm() {
    let opened = story();
    let mut ui = Ui::with_events(&opened, 80, 24);
    ui.state = crate::state::State::new("sample.scap".into(), (80, 24));
    ui.effects.clear();
    ui.press(&[
        "/",
        "evt.num = 1",
        "Enter",
        "F2",
        "Enter",
        "Tab",
        "Enter",
        "Backspace",
        "End",
        "Enter",
        "Tab",
        "Esc",
    ]);
    assert_eq!(ui.effects, []);
    assert!(ui.line(0).contains("opening"));
}

/// A message of a job that found the first `count` events.
fn found(generation: u64, count: u32, ended: bool) -> Message {
    Message::Job {
        generation,
        answer: Answer::Events(Part::all(0, count)),
        done: (4, 7),
        damage: None,
        ended,
    }
}

/// Begins a search past the harness, which would answer at once; gives its generation.
fn searching(ui: &mut Ui<'_>) -> u64 {
    ui.press(&["/"]);
    let effects = update(&mut ui.state, Message::Paste("evt.num > 0".into()));
    let generation = ui.state.generation;
    let begun = Effect::Start {
        generation,
        filter: "evt.num > 0".into(),
        span: None,
        job: Job::Events,
    };
    assert_eq!(effects, [begun]);
    ui.press(&["Enter"]);
    generation
}

#[test]
fn a_search_shows_its_first_results_at_once_and_how_far_it_is() {
    let opened = story();
    let mut ui = Ui::with_events(&opened, 80, 24);
    let generation = searching(&mut ui);
    assert_eq!(nums(&ui).len(), 7, "the rows before stay until there is an answer");
    ui.tell(found(generation, 2, false));
    assert_eq!(nums(&ui), [1, 2]);
    assert!(ui.line(2).ends_with("1/2 reading 57%"), "{}", ui.line(2));
    ui.tell(found(generation, 1, true));
    assert!(ui.line(2).ends_with(" 1/3"), "{}", ui.line(2));
}

#[test]
fn answers_that_come_too_late_are_dropped() {
    let opened = story();
    let mut ui = Ui::with_events(&opened, 80, 24);
    let before = ui.events().listing.generation;
    let generation = searching(&mut ui);
    ui.tell(found(generation - 1, 3, true));
    assert_eq!(ui.events().listing.generation, before, "of a search before");
    let rows = |generation| Message::Rows {
        generation,
        first: 0,
        rows: vec![],
        damage: None,
    };
    ui.tell(rows(generation - 1));
    ui.tell(found(generation, 2, false));
    ui.tell(rows(before));
    assert_eq!(nums(&ui), [1, 2], "rows of the listing before");
    ui.press(&["/", "Ctrl-u", "Enter"]);
    ui.tell(found(generation, 2, true));
    assert_eq!(nums(&ui).len(), 7, "of a search that is wanted no more");
}

#[test]
fn a_search_can_be_stopped_and_keeps_what_it_found() {
    let opened = story();
    let mut ui = Ui::with_events(&opened, 80, 24);
    let generation = searching(&mut ui);
    ui.tell(found(generation, 2, false));
    ui.press(&["Esc"]);
    assert_eq!(ui.effects.last(), Some(&Effect::Stop));
    ui.tell(found(generation, 2, true));
    assert_eq!(nums(&ui), [1, 2]);
    assert_eq!(ui.state.screen().job.map(|job| job.progress), Some(Progress::Stopped));
    assert!(ui.line(2).ends_with("1/2 stopped at 57%"), "{}", ui.line(2));
    ui.press(&["/", "Enter"]);
    assert_eq!(nums(&ui).len(), 7, "taking the filter again begins the search anew");
}

#[test]
fn a_session_is_played_as_time_passes() {
    let opened = trace(sample::session);
    let mut ui = Ui::new(&opened, 80, 24);
    ui.press(&["r", "Enter"]);
    assert!(ui.state.wants_time() && ui.screen().contains("web$"), "{}", ui.screen());
    assert!(!ui.screen().contains("red"));
    ui.tell(Message::Time(3_000_000_000));
    assert!(ui.screen().contains("red and plain"), "{}", ui.screen());
    assert!(ui.screen().contains("typed: cat notes\\n"), "{}", ui.screen());
    ui.press(&["Left"]);
    assert!(!ui.screen().contains("red"), "{}", ui.screen());
    ui.press(&["Space", "+", "+"]);
    assert!(!ui.state.wants_time());
    ui.tell(Message::Time(3_000_000_000));
    assert!(!ui.screen().contains("red"), "paused");
    ui.press(&["End", "Enter"]);
    assert!(ui.state.screen().events().is_some(), "the event at that moment");
}

#[test]
fn a_growing_trace_is_followed_unless_it_is_paused() {
    let (short, long) = (
        trace(|path| sample::long(path, 1, 100)),
        trace(|path| sample::long(path, 2, 100)),
    );
    let grown = || std::sync::Arc::new(long.info());
    let mut ui = Ui::with_events(&short, 80, 24);
    ui.tell(Message::Live(Live::Growing));
    assert!(ui.line(0).contains("being recorded"));
    ui.press(&["Down"]);
    ui.tell(Message::Grown(grown()));
    assert!(ui.line(2).ends_with(" 2/200"), "the cursor stays: {}", ui.line(2));
    ui.press(&["Backspace"]);
    assert!(ui.line(1).contains("200 events"), "{}", ui.line(1));

    let mut ui = Ui::with_events(&short, 80, 24);
    ui.tell(Message::Live(Live::Growing));
    ui.press(&["End", "p"]);
    ui.tell(Message::Grown(grown()));
    assert!(
        ui.line(0).contains("PAUSED") && ui.line(2).ends_with("100/100"),
        "{}",
        ui.screen()
    );
    ui.press(&["p"]);
    assert!(
        ui.line(2).ends_with("200/200"),
        "who is at the end stays there: {}",
        ui.line(2)
    );
    ui.tell(Message::Live(Live::Broken("the file was deleted".into())));
    assert!(ui.line(1).contains("the file was deleted"));
}
