//! One answer for a request, of the recorder's answers to its alerts.

use super::Answered;
use crate::dedup::Answer;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The answer to one alert.
pub(super) struct One {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) answer: Answer,
}

/// A single alert: the recorder's answer as it is. Several: `answers`, each with `id`, `title` and `status`. What caused
/// nothing is in `passed` by reason; what was too much in `left_out`.
pub(super) fn together(answers: Vec<One>, passed: &BTreeMap<&'static str, u64>, left_out: usize) -> Answered {
    let status = status(&answers);
    let body = match <[One; 1]>::try_from(answers) {
        Ok([one]) if passed.is_empty() && left_out == 0 => one.answer.body,
        Ok([one]) => several(vec![one], passed, left_out),
        Err(answers) => several(answers, passed, left_out),
    };
    Answered {
        status,
        content_type: "application/json".to_owned(),
        body: body.to_string(),
        close: false,
    }
}

fn several(answers: Vec<One>, passed: &BTreeMap<&'static str, u64>, left_out: usize) -> Value {
    let answers = answers.into_iter().map(|one| {
        let mut body = match one.answer.body {
            Value::Object(body) => body,
            Value::Null => serde_json::Map::new(),
            other => serde_json::Map::from_iter([("answer".to_owned(), other)]),
        };
        body.insert("id".to_owned(), one.id.into());
        body.insert("title".to_owned(), one.title.into());
        body.insert("status".to_owned(), one.answer.status.into());
        Value::Object(body)
    });
    let mut body = json!({ "answers": answers.collect::<Vec<_>>() });
    if !passed.is_empty() {
        body["passed"] = json!(passed);
    }
    if left_out > 0 {
        body["left_out"] = left_out.into();
    }
    body
}

/// "Try again" of any is that of all: what was accepted is known by its id. Otherwise one success is one.
fn status(answers: &[One]) -> u16 {
    let all = || answers.iter().map(|one| one.answer.status);
    let worst = all().max().unwrap_or(200);
    match all().find(|status| (200..300).contains(status)) {
        Some(good) if worst < 500 => good,
        _ => worst,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_status_for_several() {
        let check = |statuses: &[u16], expected: u16| {
            let one = |status: &u16| One {
                id: "1".to_owned(),
                title: "t".to_owned(),
                answer: Answer {
                    status: *status,
                    body: json!({ "capture": "c" }),
                },
            };
            let answered = together(
                statuses.iter().map(one).collect(),
                &BTreeMap::from([("resolved", 1)]),
                0,
            );
            assert_eq!(answered.status, expected, "{statuses:?}");
            let body: Value = serde_json::from_str(&answered.body).unwrap();
            assert_eq!(body["answers"].as_array().unwrap().len(), statuses.len());
            assert_eq!(body["passed"]["resolved"], 1);
        };
        check(&[], 200);
        check(&[202], 202);
        check(&[404], 404);
        check(&[202, 404], 202);
        check(&[202, 503], 503);
        check(&[404, 409], 409);
    }
}
