//! Frames at the usual sizes.

use super::harness::{FULL, Ui, story, text};
use crate::view::{Look, view};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};

#[track_caller]
fn check(ui: &Ui<'_>, expected: &str) {
    let (shown, expected) = (ui.screen(), expected.trim_start_matches('\n'));
    assert_eq!(shown, expected, "shown:\n{shown}\nexpected:\n{expected}");
}

#[test]
fn table_at_80x24() {
    let opened = story();
    check(
        &Ui::new(&opened, 80, 24),
        r"
sample.scap  node-1                                               sealed  7 LOST
2026-11-21 10:00:00 +6.000 s  7 events
filter none                                                                  1/7
 num time         container    process          d type       info
   1 10:00:00.000 web          sh(1002)         < openat     fd=3(<f>/etc/shado…
   2 10:00:01.000 web          sh(1002)         < read       res=32 data=root:x…
   3 10:00:02.000 web          sh(1002)         < openat     fd=-13(EACCES) nam…
   4 10:00:03.000 web          sh(1002)         < execve     res=0 filename=/us…
   5 10:00:04.000 db-1         データベ…(1003)  < read       res=-11(EAGAIN) da…
   6 10:00:05.000 db-1         データベ…(1003)  < openat     fd=4 name=/var/デ…
   7 10:00:06.000 host         cron\x1b[…(1004) < openat     fd=3 name=/etc/cro…












Enter detail  Tab pane  / filter  Backspace back  c containers  ? help  q quit
",
    );
}

#[test]
fn detail_at_80x24() {
    let opened = story();
    check(
        Ui::new(&opened, 80, 24).press(&["Down", "Enter", "Tab", "Ctrl-d"]),
        r"
sample.scap  node-1                                               sealed  7 LOST
2026-11-21 10:00:00 +6.000 s  7 events
filter none                                                                  2/7
 num time         container    process          d type       info
   1 10:00:00.000 web          sh(1002)         < openat     fd=3(<f>/etc/shado…
   2 10:00:01.000 web          sh(1002)         < read       res=32 data=root:x…
   3 10:00:02.000 web          sh(1002)         < openat     fd=-13(EACCES) nam…
   4 10:00:03.000 web          sh(1002)         < execve     res=0 filename=/us…
   5 10:00:04.000 db-1         データベ…(1003)  < read       res=-11(EAGAIN) da…
   6 10:00:05.000 db-1         データベ…(1003)  < openat     fd=4 name=/var/デ…
   7 10:00:06.000 host         cron\x1b[…(1004) < openat     fd=3 name=/etc/cro…



── event 2 < read ──────────────────────────────────────────────────────────────
fd                          3 (<f>/etc/shadow)
size                        4096
data as text
root:x:0:0:root
\x1b[31mred\x07
\xff\x00end
data in hex
000000  72 6f 6f 74 3a 78 3a 30  3a 30 3a 72 6f 6f 74 0a  root:x:0:0:root.
Enter detail  Tab pane  / filter  Backspace back  c containers  Esc close
",
    );
}

#[test]
fn wrong_filter_at_80x24() {
    let opened = story();
    check(
        Ui::new(&opened, 80, 24).press(&["/", "evt.type = openat and proc.nam = x"]),
        r"
sample.scap  node-1                                               sealed  7 LOST
2026-11-21 10:00:00 +6.000 s  7 events
/ evt.type = openat and proc.nam = x                                         1/4
                        ^^^^^^^^
unknown field `proc.nam`; did you mean `proc.name`?
 num time         container    process          d type       info
   1 10:00:00.000 web          sh(1002)         < openat     fd=3(<f>/etc/shado…
   3 10:00:02.000 web          sh(1002)         < openat     fd=-13(EACCES) nam…
   6 10:00:05.000 db-1         データベ…(1003)  < openat     fd=4 name=/var/デ…
   7 10:00:06.000 host         cron\x1b[…(1004) < openat     fd=3 name=/etc/cro…













Enter take it  Esc leave  Ctrl-u clear
",
    );
}

#[test]
fn containers_at_80x24() {
    let opened = story();
    check(
        Ui::new(&opened, 80, 24).press(&["c", "Down"]),
        r"
sample.scap  node-1                                               sealed  7 LOST
2026-11-21 10:00:00 +6.000 s  7 events
filter none                                                                  1/7
container    events     runtime  name            life
3ad7b26ded6d 4          docker   web             09:59:50 to 10:00:30, gone
db-1         2          runc     -               09:59:50, alive
host         1          -        -               -
















Enter its events  / filter  c containers  Esc close  ? help  q quit
",
    );
}

#[test]
fn help_at_80x24() {
    let opened = story();
    check(
        Ui::new(&opened, 80, 24).press(&["?"]),
        r"
keys                  what they do
Up k                  one line up
Down j                one line down
PgUp Ctrl-b           one screen up
PgDn Ctrl-f           one screen down
Ctrl-u                half a screen up
Ctrl-d                half a screen down
Home g                to the first line
End G                 to the last line
Enter                 open or close the detail
Enter                 only events of this container
Tab                   to the other pane
/                     type or change a filter
Backspace             remove the last piece of the filter
c                     open or close the list of containers
Esc                   stop the search, keep what it found
Esc                   close this pane
? F1                  this help
q F10                 quit
Enter                 filter line: keep the filter
Esc                   filter line: leave it, back to the filter before
Ctrl-u                filter line: remove what is before the cursor
8 more
Esc close
",
    );
}

#[test]
fn table_and_detail_at_120x40() {
    let opened = story();
    check(
        Ui::new(&opened, 120, 40).press(&["Down", "Enter"]),
        r"
sample.scap  node-1                                                                                       sealed  7 LOST
2026-11-21 10:00:00 +6.000 s  7 events
filter none                                                                                                          2/7
 num time               cpu container    process                d type           info
   1 10:00:00.000000000   1 web          sh(1002)               < openat         fd=3(<f>/etc/shadow) name=../etc/shado…
   2 10:00:01.000000000   1 web          sh(1002)               < read           res=32 data=root:x:0:0:root\n\x1b[31mr…
   3 10:00:02.000000000   1 web          sh(1002)               < openat         fd=-13(EACCES) name=/tmp/日本語/\u{202…
   4 10:00:03.000000000   1 web          sh(1002)               < execve         res=0 filename=/usr/bin/id args=id -u
   5 10:00:04.000000000   1 db-1         データベース(1003)     < read           res=-11(EAGAIN) data=<NA> fd=5 size=10
   6 10:00:05.000000000   1 db-1         データベース(1003)     < openat         fd=4 name=/var/データ flags=0(O_RDONLY)
   7 10:00:06.000000000   1 host         cron\x1b[2J(1004)      < openat         fd=3 name=/etc/crontab flags=0(O_RDONL…











── event 2 < read ──────────────────────────────────────────────────────────────────────────────────────────────────────
Parameters
result                      32 (SUCCESS)
res                         32
data                        32 bytes recorded
fd                          3 (<f>/etc/shadow)
size                        4096
data as text
root:x:0:0:root
\x1b[31mred\x07
\xff\x00end
data in hex
000000  72 6f 6f 74 3a 78 3a 30  3a 30 3a 72 6f 6f 74 0a  root:x:0:0:root.
000010  1b 5b 33 31 6d 72 65 64  07 0a ff 00 65 6e 64 0a  .[31mred....end.
evt
evt.num                     2
evt.time                    10:00:01.000000000
Enter detail  Tab pane  / filter  Backspace back  c containers  ? help  q quit
",
    );
}

#[test]
fn tiny_terminals_say_what_is_missing() {
    let opened = story();
    for (width, height, expected) in [
        (39, 24, "too small: needs 40x10"),
        (80, 9, "too small: needs 40x10"),
        (10, 2, "too small:"),
        (1, 1, "t"),
    ] {
        let ui = Ui::new(&opened, width, height);
        assert_eq!(ui.line(0), expected, "{width}x{height}");
        assert!(ui.effects.is_empty(), "nothing is read that is not shown");
    }
    check(
        Ui::new(&opened, 40, 10).press(&["/", "evt.num > 100"]),
        r"
sample.scap  node-1       sealed  7 LOST
2026-11-21 10:00:00 +6.000 s  7 events
/ evt.num > 100                      0/0


 num time         process          d ty…
no event passes the filter


Enter take it  Esc leave  Ctrl-u clear
",
    );
}

#[test]
fn any_size_with_anything_open_is_drawn() {
    let opened = story();
    for keys in [
        &["Enter"][..],
        &["c"],
        &["?"],
        &["/", "a = \u{65e5}\u{672c}\u{8a9e} x"],
        &["Enter", "Tab", "End"],
    ] {
        let mut ui = Ui::new(&opened, 80, 24);
        ui.press(keys);
        for width in (1..130).step_by(3) {
            for height in 1..30 {
                ui.tell(crate::message::Message::Resize(width, height));
                let lines = ui.screen();
                assert_eq!(lines.lines().count(), usize::from(height));
                assert!(!lines.chars().any(|c| c.is_control() && c != '\n'));
            }
        }
    }
}

#[test]
fn a_frame_of_another_size_stays_empty() {
    let opened = story();
    let ui = Ui::new(&opened, 80, 24);
    for (width, height) in [(79, 24), (80, 23), (1, 1), (200, 50)] {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
        terminal.draw(|frame| view(&ui.state, FULL, frame)).expect("a frame");
        assert_eq!(text(terminal.backend().buffer()).trim(), "", "{width}x{height}");
    }
}

#[test]
fn a_long_filter_moves_along_with_its_cursor() {
    let opened = story();
    let mut ui = Ui::new(&opened, 40, 10);
    ui.press(&["/", "proc.name = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa or proc.nam = b"]);
    assert_eq!(ui.line(2), "/ aaaaaaaaaaaaaaaa or proc.nam = b   0/0");
    assert_eq!(ui.line(3), "                      ^^^^^^^^");
    ui.press(&["Home"]);
    assert_eq!(ui.line(2), "/ proc.name = aaaaaaaaaaaaaaaaaaaaa  0/0");
}

#[test]
fn losses_are_red_and_nothing_is_with_no_color() {
    let opened = story();
    let ui = Ui::new(&opened, 80, 24);
    let (color, plain) = (ui.cells(FULL), ui.cells(Look { color: false, ..FULL }));
    let at = (76, 0);
    assert_eq!((color[at].symbol(), color[at].fg), ("L", Color::Red));
    assert!(plain[at].modifier.contains(Modifier::BOLD), "still stands out");
    assert!(
        plain
            .content
            .iter()
            .all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset)
    );
    assert!(
        plain[(0, 4)].modifier.contains(Modifier::REVERSED),
        "the selection is seen"
    );
}

#[test]
fn without_unicode_everything_is_ascii() {
    let opened = story();
    let mut ui = Ui::new(&opened, 80, 24);
    let screen = text(&ui.press(&["Enter"]).cells(Look { unicode: false, ..FULL }));
    assert!(screen.is_ascii(), "{screen}");
    assert!(screen.contains("-- event 1 < openat ---"), "{screen}");
}

#[test]
fn nothing_captured_reaches_the_screen_raw() {
    let opened = story();
    let mut ui = Ui::new(&opened, 120, 40);
    ui.press(&["Down", "Down", "Enter"]);
    for (place, expected) in [
        ("table", "cron\\x1b[2J(1004)"),
        ("payload in the table", "\\n\\x1b[31mr"),
        ("detail", "/tmp/日本語/\\u{202e}gpj.exe\\n"),
    ] {
        assert!(ui.screen().contains(expected), "{place}:\n{}", ui.screen());
    }
}

#[test]
fn wide_names_keep_the_columns_aligned() {
    let opened = story();
    let cells = Ui::new(&opened, 80, 24).cells(FULL);
    let column: String = (4..11).map(|y| cells[(48, y)].symbol()).collect();
    assert_eq!(column, "<<<<<<<");
}
