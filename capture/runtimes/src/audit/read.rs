//! JSON becomes events: one (a line of the log), or a list of them (what is posted). They are taken one at a time, so that
//! a hostile text costs no more memory than its largest event.

use super::Entry;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Bytes of one event: an object of Kubernetes has 1.5 MiB at most, and an event two of them.
pub(super) const EVENT_MAX: usize = 4 << 20;

/// What is no event, or no list of events.
#[derive(Debug, thiserror::Error)]
#[error("this is no audit event and no list of them: {0}")]
pub struct Unreadable(#[from] serde_json::Error);

/// Gives every event in a text to `each`; returns how many could not be read.
///
/// # Errors
/// The text is no JSON. What came before the place where it ends to be is given nevertheless.
pub fn read(text: &[u8], mut each: impl FnMut(Entry)) -> Result<u64, Unreadable> {
    let mut bad = 0;
    let mut one = |raw: &str| {
        let parsed = Some(raw).filter(|raw| raw.len() <= EVENT_MAX).map(serde_json::from_str);
        match parsed.and_then(Result::ok).and_then(|mut event| Entry::of(&mut event)) {
            Some(entry) => each(entry),
            None => bad += 1,
        }
    };
    let mut json = serde_json::Deserializer::from_slice(text);
    let is_list = json.deserialize_any(Top(&mut one))?;
    json.end()?;
    if !is_list {
        one(std::str::from_utf8(text).unwrap_or_default());
    }
    Ok(bad)
}

struct Top<'f, F>(&'f mut F);

impl<'de, F: FnMut(&str)> Visitor<'de> for Top<'_, F> {
    /// Whether it is a list.
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event or a list of events")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut is_list = false;
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if key == "items" {
                is_list = true;
                map.next_value_seed(Items(&mut *self.0))?;
            } else {
                map.next_value::<serde::de::IgnoredAny>()?;
            }
        }
        Ok(is_list)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        while let Some(raw) = seq.next_element::<&RawValue>()? {
            (self.0)(raw.get());
        }
        Ok(true)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        // `"items": null` is an empty list.
        Ok(true)
    }
}

struct Items<'f, F>(&'f mut F);

impl<'de, F: FnMut(&str)> DeserializeSeed<'de> for Items<'_, F> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        from.deserialize_any(Top(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"a1","stage":"ResponseStarted",
        "requestURI":"/api/v1/namespaces/shop/pods/web-0/exec?command=sh&command=-c&command=id%20-u&container=app&token=t0p",
        "verb":"create","user":{"username":"alice","groups":["dev","system:authenticated"]},"sourceIPs":["10.0.0.7"],
        "objectRef":{"resource":"pods","namespace":"shop","name":"web-0","subresource":"exec"},
        "responseStatus":{"code":101},"requestReceivedTimestamp":"1970-01-01T00:00:01.000000Z",
        "stageTimestamp":"1970-01-01T00:00:02Z","annotations":{"authorization.k8s.io/decision":"allow"}}"#;

    fn all(text: &str) -> (Vec<Entry>, Option<u64>) {
        let mut found = Vec::new();
        let bad = read(text.as_bytes(), |entry| found.push(entry)).ok();
        (found, bad)
    }

    #[test]
    fn an_exec_says_who_and_what() {
        let (found, bad) = all(EVENT);
        assert_eq!((found.len(), bad), (1, Some(0)));
        let entry = &found[0];
        assert_eq!((entry.user.as_str(), entry.container.as_str()), ("alice", "app"));
        assert_eq!(entry.command, ["sh", "-c", "id -u"]);
        assert_eq!((entry.requested, entry.time), (1_000_000_000, 2_000_000_000));
        assert!(
            entry.is_exec() && entry.redacted && !entry.uri.contains("t0p"),
            "{entry:?}"
        );
        assert_eq!(entry.decision, "allow");
        let refused = Entry {
            code: Some(403),
            ..entry.clone()
        };
        let received = Entry {
            stage: "RequestReceived".into(),
            ..entry.clone()
        };
        assert!(!refused.is_exec() && !received.is_exec());
    }

    #[test]
    fn lists_and_what_is_none() {
        let list = format!(r#"{{"kind":"EventList","items":[{EVENT},{{"x":1}},7,{EVENT}],"metadata":{{}}}}"#);
        let (found, bad) = all(&list);
        assert_eq!((found.len(), bad), (2, Some(2)));
        assert_eq!(all(&format!("[{EVENT}]")).0.len(), 1);
        assert_eq!(all(r#"{"kind":"EventList","items":null}"#), (vec![], Some(0)));
        assert_eq!(all("{}"), (vec![], Some(1)));
        for text in ["", "7", "nonsense", "{\"items\":[", "\u{0}", &"[".repeat(100_000)] {
            assert_eq!(all(text), (vec![], None), "{text:.20}");
        }
        assert_eq!(all(&format!("{EVENT} {EVENT}")), (vec![], None));
        let large = format!(r#"[{{"auditID":"a","stage":"s","x":"{}"}}]"#, "y".repeat(EVENT_MAX));
        assert_eq!(all(&large), (vec![], Some(1)));
    }
}
