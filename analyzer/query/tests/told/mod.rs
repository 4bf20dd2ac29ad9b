//! What a story tells, as lines to compare.

#![allow(dead_code, reason = "every test crate that includes this uses another part")]

use crate::incident::{Recorded, Recorder};
use afterimage_format::file::Trace;
use afterimage_query::TraceContext;
use afterimage_query::check::TimeZone;
use afterimage_query::reconstruct::{Options, Phrases, Story, reconstruct};

pub(crate) const WEB: u64 = 5;

/// A container with a web server (pid 1001) that listens and has a shell (pid 1002) as child.
pub(crate) fn web() -> Recorder {
    let mut r = Recorder::new();
    r.container(WEB, "web").at(1).attach(1001, "httpd", WEB);
    r.at(2).exec(1001, "/bin/httpd", &["httpd", "-f"]);
    r.at(5).fork(1001, 1002).at(6).exec(1002, "/bin/sh", &["sh", "-c", "x"]);
    r
}

pub(crate) fn story(recorded: &Recorded, options: &Options<'_>) -> Story {
    let trace = Trace::open(&recorded.path).expect("the trace opens");
    let story = reconstruct(&trace, &TraceContext::new(&trace, TimeZone::Utc), options);
    assert!(story.damage.is_empty(), "{:?}", story.damage);
    story
}

/// The lines of a story: `! ` where notable, process, verb, object, `[notes]`.
pub(crate) fn lines(recorded: &Recorded, options: &Options<'_>) -> Vec<String> {
    let story = story(recorded, options);
    let phrases = Phrases {
        story: &story,
        zone: TimeZone::Utc,
    };
    let entries = story.chapters.iter().flat_map(|chapter| &chapter.entries);
    let line = |entry| {
        let entry: &afterimage_query::reconstruct::Entry = entry;
        let who = entry.who.as_ref().map_or("-".to_string(), |who| phrases.who(who));
        let notes = phrases.notes(entry).join("; ");
        let notes = if notes.is_empty() { notes } else { format!(" [{notes}]") };
        let mark = if entry.notable { "! " } else { "" };
        format!("{mark}{who} {} {}{notes}", phrases.verb(entry), phrases.object(entry))
    };
    entries.map(line).collect()
}

/// What a shell in the container does is told like this. The lines of the container's own beginning are left out.
#[track_caller]
pub(crate) fn check(does: impl FnOnce(&mut Recorder), expected: &[&str]) {
    check_with(&Options::default(), does, expected);
}

#[track_caller]
pub(crate) fn check_with(options: &Options<'_>, does: impl FnOnce(&mut Recorder), expected: &[&str]) {
    let mut recorder = web();
    recorder.at(10);
    does(&mut recorder);
    let told = lines(&recorder.seal(), options);
    let begin = [
        "- created",
        "httpd(1001) start",
        "httpd(1001) exec",
        "sh(1002) exec /bin/sh -c x",
    ];
    let told: Vec<&str> = told
        .iter()
        .map(String::as_str)
        .filter(|line| !begin.iter().any(|begin| line.starts_with(begin)))
        .collect();
    assert_eq!(told, expected, "{told:#?}");
}
