//! Every condition of the Falco rules in corpus/rules parses.

mod corpus;

use afterimage_query::lang::parse;

#[test]
fn conditions_of_rules_parse() {
    let Some(folder) = corpus::locate("rules") else { return };
    let mut counts = Vec::new();
    for part in ["current", "tagged", "archive"] {
        for entry in std::fs::read_dir(folder.join(part)).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            let text = std::fs::read_to_string(&path).expect("the rules can be read");
            let conditions = conditions(&text);
            for condition in &conditions {
                if let Err(error) = parse(condition) {
                    panic!("{}: {}", path.display(), error.render(condition));
                }
            }
            counts.push((
                path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                conditions.len(),
            ));
        }
    }
    // Macros and rules, as counted in rules/coverage.json: the extraction below must not lose any.
    for expected in [
        ("falco_rules.yaml", 112),
        ("falco-incubating_rules.yaml", 113),
        ("falco-sandbox_rules.yaml", 220),
    ] {
        assert!(
            counts.iter().any(|(name, count)| (name.as_str(), *count) == expected),
            "{expected:?} in {counts:?}"
        );
    }
}

/// The value of every `condition:` in a rules file: enough of YAML for how these files write them.
fn conditions(text: &str) -> Vec<String> {
    let mut conditions: Vec<String> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let key = line.trim_start().trim_start_matches("- ");
        let Some(value) = key.strip_prefix("condition:") else {
            continue;
        };
        let indent = line.len() - key.len();
        let value = value.trim();
        let block = value.starts_with(['>', '|']);
        let mut condition = if block {
            String::new()
        } else {
            uncommented(value).to_string()
        };
        while let Some(next) =
            lines.next_if(|next| next.trim().is_empty() || next.len() - next.trim_start().len() > indent)
        {
            condition.push('\n');
            condition.push_str(if block { next.trim() } else { uncommented(next.trim()) });
        }
        conditions.push(unquoted(condition.trim()).to_string());
    }
    conditions
}

fn uncommented(line: &str) -> &str {
    if line.starts_with('#') {
        ""
    } else {
        line.split(" #").next().unwrap_or_default()
    }
}

/// A condition that as a whole is a quoted YAML string.
fn unquoted(condition: &str) -> &str {
    let inner = condition.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner
        .or_else(|| condition.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')))
        .unwrap_or(condition)
}
