//! Rules files as far as the tests need them: lists, macros and rules of their own simple YAML, put into one condition.

use std::collections::BTreeMap;

/// Lists, macros and rules; what comes later replaces or extends what came before.
#[derive(Default)]
pub(crate) struct Rules {
    lists: BTreeMap<String, Vec<String>>,
    macros: BTreeMap<String, String>,
    pub(crate) rules: BTreeMap<String, String>,
}

impl Rules {
    pub(crate) fn add(&mut self, text: &str) {
        let mut lines = text
            .lines()
            .map(|line| line.split(" #").next().unwrap_or_default())
            .peekable();
        let (mut kind, mut name, mut append) = (String::new(), String::new(), false);
        let mut body: BTreeMap<String, String> = BTreeMap::new();
        let mut done = false;
        while !done {
            let line = lines.next();
            done = line.is_none();
            let line = line.unwrap_or("- end: x");
            let bare = line.trim_start();
            if bare.starts_with('#') || bare.is_empty() {
                continue;
            }
            let indent = line.len() - bare.len();
            let entry = bare.trim_start_matches("- ");
            let Some((key, value)) = entry.split_once(':') else {
                continue;
            };
            if bare.starts_with("- ") && ["macro", "list", "rule", "end", "required_engine_version"].contains(&key) {
                self.put(&kind, &name, append, &body);
                (kind, name, append) = (key.to_owned(), value.trim().to_owned(), false);
                body.clear();
                continue;
            }
            let mut value = value.trim().trim_start_matches(['>', '|']).to_owned();
            while let Some(next) = lines.next_if(|next| {
                let inner = next.trim_start();
                inner.starts_with('#') || !inner.is_empty() && next.len() - inner.len() > indent
            }) {
                if !next.trim_start().starts_with('#') {
                    let next = next.trim();
                    // An item of a list.
                    let item = next.strip_prefix("- ").filter(|_| key == "items");
                    value.push(if item.is_some() { ',' } else { ' ' });
                    value.push_str(item.unwrap_or(next));
                }
            }
            append |= key == "append" && value == "true";
            body.insert(key.to_owned(), value.trim().to_owned());
        }
    }

    fn put(&mut self, kind: &str, name: &str, append: bool, body: &BTreeMap<String, String>) {
        let condition = body.get("condition").cloned().unwrap_or_default();
        match kind {
            "list" => {
                let items = body.get("items").map_or("", String::as_str);
                let items = items.trim_start_matches('[').trim_end_matches(']').split(',');
                let items = items.map(|item| item.trim().to_owned()).filter(|item| !item.is_empty());
                let list = self.lists.entry(name.to_owned()).or_default();
                if !append {
                    list.clear();
                }
                list.extend(items);
            }
            "macro" => _ = self.macros.insert(name.to_owned(), condition),
            "rule" => _ = self.rules.insert(name.to_owned(), condition),
            _ => {}
        }
    }

    fn items(&self, name: &str, into: &mut Vec<String>) {
        for item in &self.lists[name] {
            match self.lists.contains_key(item) {
                true => self.items(item, into),
                false => into.push(item.clone()),
            }
        }
    }

    /// A condition without names of macros and lists.
    pub(crate) fn expanded(&self, condition: &str) -> String {
        let mut out = String::new();
        let mut word = String::new();
        let mut quote = None;
        for c in condition.chars().chain([' ']) {
            let in_word = c.is_ascii_alphanumeric() || "_.[]/~*-".contains(c);
            if quote.is_none() && in_word {
                word.push(c);
                continue;
            }
            if let Some(inner) = self.macros.get(&word) {
                out.push_str(&format!("({})", self.expanded(inner)));
            } else if self.lists.contains_key(&word) {
                let mut items = Vec::new();
                self.items(&word, &mut items);
                out.push_str(&items.join(", "));
            } else {
                out.push_str(&word);
            }
            word.clear();
            quote = match quote {
                None if c == '"' || c == '\'' => Some(c),
                Some(open) if open == c => None,
                other => other,
            };
            out.push(c);
        }
        out
    }
}
