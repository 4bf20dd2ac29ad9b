//! Objects in the audit log, without what must not be kept: data of secrets, tokens, values of environment variables.

use serde_json::Value;

/// What stands where a secret stood.
pub(super) const MARK: &str = "[redacted]";
/// Bytes of one object.
const OBJECT_MAX: usize = 16 << 10;
/// The annotation in which kubectl keeps the whole object as text once more.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Kinds that consist of secrets.
const SECRET_KINDS: [&str; 5] = ["Secret", "SecretList", "TokenRequest", "TokenReview", "TokenReviewList"];
/// What of them is none.
const HARMLESS: [&str; 12] = [
    "kind",
    "apiVersion",
    "type",
    "name",
    "generateName",
    "namespace",
    "uid",
    "resourceVersion",
    "op",
    "path",
    "status",
    "reason",
];
/// Keys whose values let somebody in, wherever they are.
const SECRET_KEYS: [&str; 5] = ["token", "bearertoken", "clientsecret", "password", "stringdata"];

/// An object as text.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Cleaned {
    /// JSON; empty: there is no object. Where it was cut, it is none any more.
    pub(super) text: String,
    /// Something was replaced.
    pub(super) redacted: bool,
    /// Something was left out for its size.
    pub(super) truncated: bool,
}

/// Cleans an object; `secret`: the request is about secrets or tokens.
pub(super) fn cleaned(object: Option<&mut Value>, secret: bool) -> Cleaned {
    let Some(object) = object.filter(|object| !object.is_null()) else {
        return Cleaned::default();
    };
    let redacted = clean(object, secret);
    let mut text = object.to_string();
    let mut truncated = false;
    // What a server notes for itself goes first.
    for bulk in ["managedFields", "status", "annotations"] {
        if text.len() <= OBJECT_MAX {
            break;
        }
        for holder in ["", "/metadata"] {
            if let Some(Value::Object(map)) = object.pointer_mut(holder) {
                truncated |= map.remove(bulk).is_some();
            }
        }
        text = object.to_string();
    }
    if text.len() > OBJECT_MAX {
        text.truncate(text.floor_char_boundary(OBJECT_MAX));
        truncated = true;
    }
    Cleaned {
        text,
        redacted,
        truncated,
    }
}

/// Whether anything was replaced.
fn clean(value: &mut Value, secret: bool) -> bool {
    match value {
        Value::Array(items) => items.iter_mut().fold(false, |was, item| clean(item, secret) | was),
        Value::Object(map) => {
            let secret = secret
                || map
                    .get("kind")
                    .and_then(Value::as_str)
                    .is_some_and(|kind| SECRET_KINDS.contains(&kind));
            let mut was = false;
            for (key, inner) in map.iter_mut() {
                was |= if key == LAST_APPLIED || SECRET_KEYS.contains(&key.to_ascii_lowercase().as_str()) {
                    blank(inner)
                } else if key == "env" {
                    variables(inner)
                } else if secret && (inner.is_string() || inner.is_number()) {
                    !HARMLESS.contains(&key.as_str()) && blank(inner)
                } else {
                    clean(inner, secret)
                };
            }
            was
        }
        // An element of a list, or the whole object.
        Value::String(_) if secret => blank(value),
        _ => false,
    }
}

/// `env` of a container: names stay.
fn variables(env: &mut Value) -> bool {
    let Value::Array(variables) = env else {
        return blank(env);
    };
    variables
        .iter_mut()
        .fold(false, |was, variable| match variable.get_mut("value") {
            Some(value) => blank(value) | was,
            None => was,
        })
}

/// Replaces every scalar; whether there was one.
fn blank(value: &mut Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => items.iter_mut().fold(false, |was, item| blank(item) | was),
        Value::Object(map) => map.values_mut().fold(false, |was, item| blank(item) | was),
        scalar => {
            *scalar = Value::from(MARK);
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(mut object: Value, secret: bool, expected: Value) {
        let redacted = object != expected;
        let found = cleaned(Some(&mut object), secret);
        assert_eq!(serde_json::from_str::<Value>(&found.text).unwrap(), expected);
        assert_eq!((found.redacted, found.truncated), (redacted, false));
    }

    #[test]
    fn secrets_are_not_kept() {
        check(
            json!({"kind": "Secret", "type": "Opaque", "metadata": {"name": "db", "annotations": {LAST_APPLIED: "{…}"}},
                "data": {"password": "aHVudGVyMg=="}, "stringData": {"x": "y"}}),
            false,
            json!({"kind": "Secret", "type": "Opaque", "metadata": {"name": "db", "annotations": {LAST_APPLIED: MARK}},
                "data": {"password": MARK}, "stringData": {"x": MARK}}),
        );
        // A patch says no kind; a list says it once.
        check(
            json!([{"op": "add", "path": "/data/x", "value": "aHVudGVyMg=="}]),
            true,
            json!([{"op": "add", "path": "/data/x", "value": MARK}]),
        );
        check(
            json!({"kind": "SecretList", "items": [{"metadata": {"name": "a"}, "data": {"k": "v"}}]}),
            false,
            json!({"kind": "SecretList", "items": [{"metadata": {"name": "a"}, "data": {"k": MARK}}]}),
        );
        check(
            json!({"kind": "TokenReview", "spec": {"token": "t"}, "status": {"authenticated": true}}),
            false,
            json!({"kind": "TokenReview", "spec": {"token": MARK}, "status": {"authenticated": true}}),
        );
    }

    #[test]
    fn variables_have_names_only() {
        let pod = |value: &str| {
            json!({"kind": "Pod", "spec": {"containers": [{"image": "nginx:1", "env": [
                {"name": "A", "value": value}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}]}]}})
        };
        check(pod("hunter2"), false, pod(MARK));
        let map = json!({"kind": "ConfigMap", "data": {"aws_access_key_id": "AKIA"}});
        check(map.clone(), false, map);
    }

    #[test]
    fn large_objects_lose_what_counts_least_first() {
        let mut object = json!({"metadata": {"name": "x", "managedFields": ["m".repeat(20_000)]}, "spec": {"a": 1}});
        let found = cleaned(Some(&mut object), false);
        assert!(found.truncated && serde_json::from_str::<Value>(&found.text).unwrap()["spec"]["a"] == 1);
        let mut object = json!({"spec": "ü".repeat(20_000)});
        let found = cleaned(Some(&mut object), false);
        assert!(found.truncated && found.text.len() <= OBJECT_MAX);
        assert_eq!(cleaned(None, true), Cleaned::default());
    }
}
