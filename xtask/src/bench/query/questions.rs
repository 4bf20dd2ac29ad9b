//! What is asked, of us and of sysdig.

use std::path::Path;

/// A question.
pub(super) struct Question {
    /// What it is.
    pub(super) what: &'static str,
    /// Behind `analyze query FILE`.
    pub(super) ours: Vec<String>,
    /// Behind `sysdig -r FILE`; nothing where it has no such question.
    pub(super) sysdig: Option<Vec<String>>,
    /// Milliseconds that it may take.
    pub(super) most: f64,
    /// How many times as fast as sysdig it has to be.
    pub(super) ratio: Option<f64>,
}

/// Every kind of column is looked at; nothing passes.
const EVERY_COLUMN: &str = "evt.arg[0] = z or evt.arg[1] = z or evt.arg[2] = z or evt.arg[3] = z or evt.arg[4] = z or \
    evt.arg[5] = z or proc.name = z or fd.name = z or evt.rawres = 123456789 or evt.latency = 1 or evt.cpu > 99";

/// All of them; `window` is a second near the end, `copy` a file that may be written.
pub(super) fn all(window: &[String; 2], copy: &Path) -> Vec<Question> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let filter = |what, text: &str, sysdig: &str, most| Question {
        what,
        ours: words(&["-f", text, "--count"]),
        sysdig: Some(words(&[sysdig])),
        most,
        ratio: Some(50.0),
    };
    let path = "evt.type=openat and fd.name contains passwd";
    vec![
        filter("a path", path, path, 15.0),
        filter("a number", "evt.rawres < 0", "evt.rawres < 0", 15.0),
        filter("a time", "evt.latency > 10ms", "evt.latency > 10000000", 30.0),
        filter(
            "every column",
            EVERY_COLUMN,
            "evt.arg[0]=z or evt.arg[1]=z or evt.arg[2]=z or proc.name=z or fd.name=z",
            150.0,
        ),
        Question {
            what: "one second near the end",
            ours: words(&["--from", &window[0], "--to", &window[1], "--count"]),
            // A second that is not there takes as long as one that is: all is read.
            sysdig: Some(words(&["evt.rawtime.s=1"])),
            most: 15.0,
            ratio: Some(50.0),
        },
        Question {
            what: "all, counted",
            ours: words(&["--count"]),
            sysdig: None,
            most: 5.0,
            ratio: None,
        },
        Question {
            what: "top files by bytes",
            ours: words(&[
                "-f",
                "fd.type = file",
                "--by",
                "fd.name",
                "--sum",
                "evt.buflen",
                "--top",
                "10",
            ]),
            sysdig: Some(words(&["-c", "topfiles_bytes"])),
            most: 60.0,
            ratio: None,
        },
        Question {
            what: "a million lines",
            ours: words(&["-n", "1000000"]),
            sysdig: Some(words(&["-n", "1000000"])),
            most: 200.0,
            ratio: Some(9.0),
        },
        Question {
            what: "a filtered copy",
            ours: words(&["-f", "evt.failed = true", "-o", &copy.to_string_lossy(), "--force"]),
            sysdig: Some(words(&[
                "-w",
                &copy.with_extension("sysdig").to_string_lossy(),
                "evt.failed = true",
            ])),
            most: 200.0,
            ratio: None,
        },
    ]
}
