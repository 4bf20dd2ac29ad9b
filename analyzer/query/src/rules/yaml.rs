//! YAML as rules files need it: scalars stay as they are written, every node knows its line, and a small file cannot become
//! a large tree.

use super::RulesError;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};
use std::borrow::Cow;
use std::collections::HashMap;

/// Lists and mappings in each other.
const MAX_DEPTH: usize = 32;

/// Nodes in a file, those of aliases counted each time.
const MAX_NODES: usize = 1_000_000;

/// Bytes of text in a file, those of aliases counted each time.
const MAX_TEXT: usize = 64 << 20;

/// A value of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// Where it begins, from 1 on.
    pub(super) line: usize,
    pub(super) data: Data,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Data {
    /// Nothing, `null` or `~`.
    Null,
    /// A scalar as it is written, numbers and truth values too.
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The value of a key; the first one, where it is there twice.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        match &self.data {
            Data::Map(pairs) => pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn list(&self) -> Option<&[Node]> {
        match &self.data {
            Data::List(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        self.data == Data::Null
    }

    /// How many nodes it is, and how many bytes of text.
    fn size(&self) -> (usize, usize) {
        let of = |nodes: &mut dyn Iterator<Item = (usize, usize)>| {
            nodes.fold((1, 0), |all, one| (all.0 + one.0, all.1 + one.1))
        };
        match &self.data {
            Data::Null => (1, 0),
            Data::Text(text) => (1, text.len()),
            Data::List(items) => of(&mut items.iter().map(Node::size)),
            Data::Map(pairs) => of(&mut pairs.iter().map(|(key, value)| {
                let (nodes, bytes) = value.size();
                (nodes, bytes + key.len())
            })),
        }
    }
}

/// Bytes that are read again because of lines that had to be moved.
const MAX_AGAIN: usize = 64 << 20;

/// The documents of a file.
pub(super) fn documents(text: &str) -> Result<Vec<Node>, RulesError> {
    let mut text = Cow::Borrowed(text);
    let mut again = 0;
    loop {
        let (line, what) = match read(&text)? {
            Ok(documents) => return Ok(documents),
            Err(error) => (error.marker().line(), error.info().to_owned()),
        };
        // Rules in use close a list in the column of its key. The parser takes that for an error, others do not. Inside of
        // brackets, where alone it says so, blanks mean nothing.
        again += text.len();
        match moved(&text, line).filter(|_| what == "invalid indentation" && again < MAX_AGAIN) {
            Some(changed) => text = Cow::Owned(changed),
            None => return Err(RulesError::at(line, format!("this is no YAML: {what}"))),
        }
    }
}

/// The text with this line, from 1 on, further to the right.
fn moved(text: &str, line: usize) -> Option<String> {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.checked_sub(1)?)
        .map(str::len)
        .sum();
    let (before, rest) = text.split_at_checked(before)?;
    Some(format!("{before}{:MAX_DEPTH$}{rest}", ""))
}

fn read(text: &str) -> Result<Result<Vec<Node>, ScanError>, RulesError> {
    let mut reader = Reader::default();
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => reader.event(event, span.start.line())?,
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(reader.documents))
}

/// A list or mapping whose end was not met yet.
struct Open {
    line: usize,
    anchor: usize,
    data: Data,
    /// Of a mapping: the key whose value comes next.
    key: Option<String>,
}

#[derive(Default)]
struct Reader {
    documents: Vec<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    text: usize,
}

impl Reader {
    fn event(&mut self, event: Event<'_>, line: usize) -> Result<(), RulesError> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let data = if null {
                    Data::Null
                } else {
                    Data::Text(text.into_owned())
                };
                self.put(Node { line, data }, anchor)
            }
            Event::SequenceStart(anchor, _) => self.begin(Data::List(Vec::new()), anchor, line),
            Event::MappingStart(anchor, _) => self.begin(Data::Map(Vec::new()), anchor, line),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open { line, anchor, data, .. }) => self.put(Node { line, data }, anchor),
                None => Ok(()),
            },
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor) else {
                    return Err(RulesError::at(
                        line,
                        "an alias of something that does not end before it",
                    ));
                };
                let (size, node) = (node.size(), node.clone());
                self.charge(size, line)?;
                self.put(Node { line, ..node }, 0)
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
        }
    }

    fn begin(&mut self, data: Data, anchor: usize, line: usize) -> Result<(), RulesError> {
        if self.open.len() >= MAX_DEPTH {
            let what = format!("lists and mappings in each other, more than {MAX_DEPTH} deep");
            return Err(RulesError::at(line, what));
        }
        self.open.push(Open {
            line,
            anchor,
            data,
            key: None,
        });
        Ok(())
    }

    /// Puts a node where it belongs.
    fn put(&mut self, node: Node, anchor: usize) -> Result<(), RulesError> {
        let line = node.line;
        let own = match &node.data {
            Data::Text(text) => text.len(),
            _ => 0,
        };
        self.charge((1, own), line)?;
        if anchor != 0 {
            self.charge(node.size(), line)?;
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => self.documents.push(node),
            Some(Open {
                data: Data::List(items),
                ..
            }) => items.push(node),
            Some(open) => match open.key.take() {
                Some(key) => {
                    if let Data::Map(pairs) = &mut open.data {
                        pairs.push((key, node));
                    }
                }
                None => {
                    open.key = Some(match node.data {
                        Data::Text(text) => text,
                        Data::Null => String::new(),
                        _ => return Err(RulesError::at(line, "a key that is no text")),
                    });
                }
            },
        }
        Ok(())
    }

    fn charge(&mut self, (nodes, text): (usize, usize), line: usize) -> Result<(), RulesError> {
        self.nodes = self.nodes.saturating_add(nodes);
        self.text = self.text.saturating_add(text);
        if self.nodes > MAX_NODES || self.text > MAX_TEXT {
            let what = format!("more than {MAX_NODES} values or {MAX_TEXT} bytes of text in one file");
            return Err(RulesError::at(line, what));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_as_they_are_written() {
        let all = documents("- 010\n- '~'\n- ~\n- 1.10\n- yes\n- &a [x, y]\n- *a\n---\n- >\n  one\n  two\n").unwrap();
        let list = all[0].list().unwrap();
        let texts: Vec<Option<&str>> = list.iter().map(Node::text).collect();
        assert_eq!(
            texts[..5],
            [Some("010"), Some("~"), None, Some("1.10"), Some("yes")],
            "{all:?}"
        );
        assert_eq!(list[5].data, list[6].data);
        assert_eq!(list[3].line, 4);
        assert_eq!(all[1].list().unwrap()[0].text(), Some("one two\n"));
    }

    #[test]
    fn brackets_may_close_in_any_column() {
        let all = documents("- list: a\n  items: [\nx,\n y\n  ]\n- list: b\n").unwrap();
        let items = all[0].list().unwrap()[0].get("items").unwrap();
        assert_eq!(items.list().unwrap().len(), 2);
        assert_eq!(all[0].list().unwrap()[1].line, 6);
        let long = format!("- a: [{}", "\n1,".repeat(1 << 20));
        assert!(documents(&long).is_err());
    }

    #[test]
    fn a_small_file_is_no_large_tree() {
        let mut laughs = String::from("- &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
        for n in 1..30 {
            let before = vec![format!("*a{}", n - 1); 9].join(", ");
            laughs += &format!("- &a{n} [{before}]\n");
        }
        let long = format!("- &a {}\n", "x".repeat(1 << 20)) + &"- *a\n".repeat(100);
        for text in [
            laughs,
            long,
            "[".repeat(1 << 20),
            "- ".repeat(1 << 20),
            "- &a [*a]".into(),
        ] {
            assert!(documents(&text).is_err());
        }
    }
}
