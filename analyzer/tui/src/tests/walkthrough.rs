//! docs/investigate.md, step by step: the keys that it says are pressed, and what it says is seen is there.
//!
//! A step is a block of keys (```` ```keys ````) and a block of pieces of the screen (```` ```screen ````), each line of which
//! must be seen, in this order. Words of a line may be further apart on the screen.

use super::harness::{Ui, root};
use super::pictures::incident;

#[test]
fn the_walkthrough_is_true() {
    let text = std::fs::read_to_string(root().join("docs/investigate.md")).expect("the document is there");
    let opened = incident();
    let mut ui = Ui::new(&opened, 120, 40);
    let (mut kind, mut steps) = ("", 0);
    let mut seen = 0;
    for (number, line) in text.lines().enumerate() {
        match line {
            "```keys" => kind = "keys",
            "```screen" => (kind, seen) = ("screen", 0),
            "```" => kind = "",
            keys if kind == "keys" => {
                steps += 1;
                for key in keys.split("  ") {
                    ui.press(&[key.trim()]);
                }
            }
            wanted if kind == "screen" => {
                let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
                let screen = ui.screen();
                let lines: Vec<String> = screen.lines().map(squeeze).collect();
                let found = lines.iter().skip(seen).position(|line| line.contains(&squeeze(wanted)));
                match found {
                    Some(at) => seen += at,
                    None => panic!(
                        "docs/investigate.md:{}: `{wanted}` is not on the screen:\n{screen}",
                        number + 1
                    ),
                }
            }
            _ => {}
        }
    }
    assert!(steps >= 10, "a walkthrough has steps: {steps}");
}
