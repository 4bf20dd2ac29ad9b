//! Whatever is made of real alerts: a reason or triggers, never a panic.

mod support;

use afterimage_alerts::settings::{Kind, Mapping, check};
use afterimage_alerts::sources::read;
use proptest::prelude::*;
use std::sync::LazyLock;
use support::corpus;
use support::payloads::{ALERTMANAGER, FALCO, GENERIC, GUARDDUTY, SCC};

const KINDS: [Kind; 5] = [
    Kind::Falco,
    Kind::Alertmanager,
    Kind::GuardDuty,
    Kind::Scc,
    Kind::Generic,
];

/// Our own, and every document of the corpus, if there is one.
static BODIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let own = [FALCO, ALERTMANAGER, GUARDDUTY, SCC, GENERIC];
    let mut all: Vec<Vec<u8>> = own.iter().map(|body| body.as_bytes().to_vec()).collect();
    let mut folders: Vec<_> = corpus("gcp-scc").into_iter().collect();
    folders.extend(corpus("sns-signed-messages.json").and_then(|file| file.parent().map(Into::into)));
    for folder in folders {
        for entry in std::fs::read_dir(folder)
            .unwrap()
            .flatten()
            .filter(|entry| entry.path().is_file())
        {
            let bytes = std::fs::read(entry.path()).unwrap();
            match serde_json::from_slice::<serde_json::Value>(&bytes) {
                Ok(serde_json::Value::Array(items)) => {
                    let inner = |item: &serde_json::Value| {
                        let names = ["event", "finding", "json"];
                        names
                            .iter()
                            .find_map(|name| item.get(name))
                            .unwrap_or(item)
                            .to_string()
                            .into_bytes()
                    };
                    all.extend(items.iter().map(inner));
                }
                _ => all.push(bytes),
            }
        }
    }
    all
});

fn mapping() -> Mapping {
    Mapping {
        title: "/rule".to_owned(),
        time: "/time".to_owned(),
        pid: "/output_fields/proc.pid".to_owned(),
        only_if: "/status".to_owned(),
        equals: "firing".to_owned(),
        ..Mapping::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn bytes_changed_cut_and_repeated(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 0..12),
    ) {
        let mut body = which.get(BODIES.as_slice()).clone();
        for (place, byte, how) in changes {
            if body.is_empty() {
                break;
            }
            let at = place.index(body.len());
            match how {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                2 => drop(body.drain(at..(at + usize::from(byte)).min(body.len()))),
                _ => body.extend_from_within(at..(at + usize::from(byte)).min(body.len())),
            }
        }
        for kind in KINDS {
            let _ = read(kind, Some(&mapping()), &body);
        }
    }

    /// Values of other types where something was: what gets through has no control characters and an id.
    #[test]
    fn values_replaced(
        which in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        value in prop_oneof![
            Just("null".to_owned()), Just("\"\"".to_owned()), Just("\"host\"".to_owned()), Just("[]".to_owned()),
            Just("{}".to_owned()), Just("-1".to_owned()), Just("1e999".to_owned()), Just("\"\\u001b[31m\\n\"".to_owned()),
            Just("18446744073709551615".to_owned()), Just("true".to_owned()), Just("[null,{\"a\":[]}]".to_owned()),
        ],
    ) {
        let body: &Vec<u8> = which.get(BODIES.as_slice());
        let body = String::from_utf8_lossy(body).into_owned();
        let colons: Vec<usize> = body.match_indices(':').map(|(at, _)| at).collect();
        if let Some(at) = (!colons.is_empty()).then(|| *place.get(&colons)) {
            let end = body[at..].find([',', '}']).map_or(body.len(), |end| at + end);
            let changed = format!("{}{value}{}", &body[..=at], &body[end..]);
            for kind in KINDS {
                if let Ok(found) = read(kind, Some(&mapping()), changed.as_bytes()) {
                    for trigger in found.triggers {
                        prop_assert!(!trigger.id.is_empty() && !trigger.title.is_empty());
                        let clean = !trigger.title.chars().any(char::is_control);
                        prop_assert!(clean);
                        prop_assert!(trigger.selectors.iter().all(|selector| !selector.is_empty()));
                    }
                }
            }
        }
    }

    #[test]
    fn configurations(text in "(\\[\\[?(http|source|webhook|upload)(\\.tls|\\.limits)?\\]\\]?\n|(name|kind|url|auth|listen) = ([\"\\[{}\\]a-z:/]{0,12})\n){0,8}") {
        if let Err(problems) = check(&text) {
            prop_assert!(!problems.is_empty());
        }
    }
}
