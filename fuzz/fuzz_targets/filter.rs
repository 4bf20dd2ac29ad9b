//! Parses and checks filters, as they are and as far as they can be understood, and rules files.
#![no_main]

use afterimage_query::lang::{parse, parse_lenient};
use afterimage_query::{Filter, Rules, Settings};
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let lenient = parse_lenient(text);
    if parse(text).is_ok() {
        assert!(lenient.errors.is_empty() && lenient.expr.is_some());
    }
    match Filter::compile(text, &Settings::default()) {
        Ok(_) => {}
        // An error can be shown at its place.
        Err(error) => drop(error.render(text)),
    }
    let mut rules = Rules::default();
    if rules.add(text).is_ok() {
        let rules = Arc::new(rules);
        let settings = Settings::default().with_rules(&rules);
        for rule in rules.rules() {
            let _ = Filter::compile(&rule.condition, &settings);
        }
    }
});
