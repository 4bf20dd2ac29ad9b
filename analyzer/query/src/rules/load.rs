//! Items of a rules file: what is defined, added to and replaced, in the order of the file.

use super::exception;
use super::yaml::{Data, Node, documents};
use super::{Rule, Rules, RulesError, SYSCALL};

/// What an item does with what is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// It takes the place of all of it.
    Define,
    /// A part is added to.
    Append,
    /// A part is replaced.
    Replace,
}

/// An item that is a macro, a list or a rule.
struct Item<'n> {
    node: &'n Node,
    kind: &'static str,
    name: &'n str,
}

pub(super) fn add(rules: &mut Rules, text: &str) -> Result<(), RulesError> {
    if text.len() > Rules::MAX_FILE {
        return Err(RulesError(format!(
            "a rules file of more than {} bytes",
            Rules::MAX_FILE
        )));
    }
    for document in documents(text)? {
        let items = match &document.data {
            Data::Null => continue,
            Data::List(items) => items,
            _ => {
                let what = "this is no list of rules, macros and lists";
                return Err(RulesError::at(document.line, what));
            }
        };
        for node in items {
            rules.item(node)?;
        }
    }
    Ok(())
}

impl Rules {
    fn item(&mut self, node: &Node) -> Result<(), RulesError> {
        if !matches!(node.data, Data::Map(_)) {
            return Err(RulesError::at(node.line, "this item is no rule, macro or list"));
        }
        if let Some(version) = node.get("required_engine_version") {
            return engine_version(version);
        }
        let kinds = ["list", "macro", "rule"];
        // What is something else is for somebody else.
        let Some((kind, name)) = kinds.into_iter().find_map(|kind| Some((kind, node.get(kind)?))) else {
            return Ok(());
        };
        let name = name.text().filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| RulesError::at(node.line, format!("a {kind} has no name")))?;
        let item = Item { node, kind, name };
        match kind {
            "list" => self.list_item(&item),
            "macro" => self.macro_item(&item),
            _ => self.rule_item(&item),
        }
    }

    fn list_item(&mut self, item: &Item<'_>) -> Result<(), RulesError> {
        let values = match item.node.get("items") {
            Some(node) => node.list().ok_or_else(|| item.wrong(node, "its items are no list"))?,
            None => return Err(item.wrong(item.node, "it has no items")),
        };
        let values: Option<Vec<String>> = values.iter().map(|value| Some(value.text()?.to_owned())).collect();
        let values = values.ok_or_else(|| item.wrong(item.node, "its items are not all texts"))?;
        match (item.how("items", &["items"])?, self.lists.get_mut(item.name)) {
            (How::Append, Some(known)) => known.extend(values),
            (How::Append | How::Replace, None) => return Err(item.not_there()),
            _ => drop(self.lists.insert(item.name.to_owned(), values)),
        }
        Ok(())
    }

    fn macro_item(&mut self, item: &Item<'_>) -> Result<(), RulesError> {
        let condition = item
            .condition()?
            .ok_or_else(|| item.wrong(item.node, "it has no condition"))?;
        match (item.how("condition", &["condition"])?, self.macros.get_mut(item.name)) {
            (How::Append, Some(known)) => add_text(known, condition),
            (How::Append | How::Replace, None) => return Err(item.not_there()),
            _ => drop(self.macros.insert(item.name.to_owned(), condition.to_owned())),
        }
        Ok(())
    }

    fn rule_item(&mut self, item: &Item<'_>) -> Result<(), RulesError> {
        let node = item.node;
        let condition = item.condition()?;
        let enabled = item.truth("enabled")?;
        let changes = item.truth("append")? == Some(true) || node.get("override").is_some();
        let known = self.by_name.get(item.name).map(|at| &mut self.rules[*at]);
        let parts = ["condition", "exceptions", "enabled", "tags"];
        match known {
            None if changes => Err(item.not_there()),
            Some(rule) if changes => {
                if node.get("override").is_none() && condition.is_none() && node.get("exceptions").is_none() {
                    return Err(item.wrong(node, "it appends neither a condition nor exceptions"));
                }
                if let Some(condition) = condition {
                    match item.how("condition", &parts)? {
                        How::Append => add_text(&mut rule.condition, condition),
                        _ => condition.clone_into(&mut rule.condition),
                    }
                }
                if let Some(exceptions) = node.get("exceptions") {
                    if item.how("exceptions", &parts)? != How::Append {
                        rule.exceptions.clear();
                    }
                    exception::add(&mut rule.exceptions, exceptions, item.name)?;
                }
                if let Some(tags) = node.get("tags") {
                    if item.how("tags", &parts)? != How::Append {
                        rule.tags.clear();
                    }
                    rule.tags.extend(item.tags(tags)?);
                }
                rule.enabled = enabled.unwrap_or(rule.enabled);
                Ok(())
            }
            Some(rule) if condition.is_none() && node.get("exceptions").is_none() => match enabled {
                // Only switched on or off.
                Some(enabled) => {
                    rule.enabled = enabled;
                    Ok(())
                }
                None => Err(item.wrong(node, "it has no condition")),
            },
            known => {
                let mut rule = Rule {
                    name: item.name.to_owned(),
                    condition: condition
                        .ok_or_else(|| item.wrong(node, "it has no condition"))?
                        .to_owned(),
                    source: node.get("source").and_then(Node::text).unwrap_or(SYSCALL).to_owned(),
                    enabled: enabled.unwrap_or(true),
                    ..Rule::default()
                };
                if let Some(tags) = node.get("tags") {
                    rule.tags = item.tags(tags)?;
                }
                if let Some(exceptions) = node.get("exceptions") {
                    exception::add(&mut rule.exceptions, exceptions, item.name)?;
                }
                match known {
                    Some(known) if known.source != rule.source => {
                        let what = format!("its source was `{}` before, and is `{}` now", known.source, rule.source);
                        return Err(item.wrong(node, what));
                    }
                    Some(known) => *known = rule,
                    None => {
                        self.by_name.insert(rule.name.clone(), self.rules.len());
                        self.rules.push(rule);
                    }
                }
                Ok(())
            }
        }
    }
}

impl<'n> Item<'n> {
    fn wrong(&self, node: &Node, what: impl std::fmt::Display) -> RulesError {
        RulesError::at(node.line, format!("the {} `{}`: {what}", self.kind, self.name))
    }

    fn not_there(&self) -> RulesError {
        let what = format!("it changes a {} that no item before it defines", self.kind);
        self.wrong(self.node, what)
    }

    /// The condition, if there is one.
    fn condition(&self) -> Result<Option<&'n str>, RulesError> {
        match self.node.get("condition") {
            None => Ok(None),
            Some(node) => match node.text().map(str::trim).filter(|text| !text.is_empty()) {
                Some(text) => Ok(Some(text)),
                None => Err(self.wrong(node, "its condition is empty, or no text")),
            },
        }
    }

    fn tags(&self, node: &Node) -> Result<Vec<String>, RulesError> {
        match node.list() {
            None if node.is_null() => Ok(Vec::new()),
            None => Err(self.wrong(node, "its tags are no list")),
            Some(tags) => Ok(tags.iter().filter_map(|tag| Some(tag.text()?.to_owned())).collect()),
        }
    }

    fn truth(&self, key: &str) -> Result<Option<bool>, RulesError> {
        let Some(node) = self.node.get(key).filter(|node| !node.is_null()) else {
            return Ok(None);
        };
        match node.text().unwrap_or_default().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" => Ok(Some(true)),
            "false" | "no" | "off" | "n" => Ok(Some(false)),
            _ => Err(self.wrong(node, format!("`{key}` is neither true nor false"))),
        }
    }

    /// What the item does with this part: `append: true` is the old way to say it, `override` the new one, which names every
    /// part of `parts` that the item has.
    fn how(&self, part: &str, parts: &[&str]) -> Result<How, RulesError> {
        let Some(how) = self.node.get("override") else {
            return Ok(match self.truth("append")? {
                Some(true) => How::Append,
                _ => How::Define,
            });
        };
        let Data::Map(pairs) = &how.data else {
            return Err(self.wrong(how, "its `override` is no mapping"));
        };
        for (key, value) in pairs {
            if !matches!(value.text(), Some("append" | "replace")) {
                return Err(self.wrong(
                    value,
                    format!("its `override` of `{key}` is neither append nor replace"),
                ));
            }
            if self.node.get(key).is_none() {
                return Err(self.wrong(value, format!("its `override` names `{key}`, which it does not have")));
            }
        }
        if let Some(part) = parts
            .iter()
            .find(|part| self.node.get(part).is_some() && how.get(part).is_none())
        {
            return Err(self.wrong(how, format!("its `override` does not say what becomes of `{part}`")));
        }
        Ok(match how.get(part).and_then(Node::text) {
            Some("append") => How::Append,
            _ => How::Replace,
        })
    }
}

/// A condition with more of it behind.
fn add_text(known: &mut String, more: &str) {
    known.push(' ');
    known.push_str(more);
}

/// Which version of Falco's engine a file asks for: a number, or three. Whatever it is, the file is read.
fn engine_version(node: &Node) -> Result<(), RulesError> {
    let text = node.text().unwrap_or_default();
    let parts: Vec<&str> = text.split('.').collect();
    let numbers = parts.iter().all(|part| part.parse::<u64>().is_ok());
    if numbers && matches!(parts.len(), 1 | 3) {
        return Ok(());
    }
    let what = format!("required_engine_version is `{text}`, not a version such as 15 or 0.31.0");
    Err(RulesError::at(node.line, what))
}
