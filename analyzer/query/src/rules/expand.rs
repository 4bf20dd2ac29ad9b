//! Lists and macros in place of their names, within bounds: a few that name each other twice would come to any number.

use super::Rules;
use crate::error::{FilterError, Span};
use crate::lang::{self, List, Right, Text};
use std::borrow::Cow;

/// Macros and lists that name each other so deep are taken for a circle; of a filter, macros and the conditions in each
/// other count together, for the tree is walked recursively.
const MAX_DEPTH: usize = 200;

/// What a filter may still come to, or several together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    /// How much deeper.
    depth: usize,
    /// Macros, and bytes of text in them and in values.
    macros: usize,
    text: usize,
    /// Values of lists.
    values: usize,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget {
            depth: MAX_DEPTH,
            macros: 10_000,
            text: 4 << 20,
            values: 250_000,
        }
    }
}

impl Budget {
    /// For the rules of a trace, all together: real ones need a hundredth of it.
    pub(crate) fn of_all_rules() -> Budget {
        Budget {
            depth: MAX_DEPTH,
            macros: 100_000,
            text: 32 << 20,
            values: 2_000_000,
        }
    }

    /// What one filter may come to of it.
    pub(crate) fn of_one(self) -> Budget {
        let one = Budget::default();
        Budget {
            depth: MAX_DEPTH,
            macros: one.macros.min(self.macros),
            text: one.text.min(self.text),
            values: one.values.min(self.values),
        }
    }

    /// Takes off what a filter came to that had `before` and has `after` left.
    pub(crate) fn take(&mut self, before: Budget, after: Budget) {
        self.macros -= (before.macros - after.macros).min(self.macros);
        self.text -= (before.text - after.text).min(self.text);
        self.values -= (before.values - after.values).min(self.values);
    }

    /// Begins to put in a macro; [`Budget::end`] says that it is done.
    pub(crate) fn begin(&mut self, text: &str, span: Span) -> Result<(), FilterError> {
        self.deeper(span)?;
        let left = (self.macros.checked_sub(1), self.text.checked_sub(text.len()));
        let (Some(macros), Some(text)) = left else {
            return Err(FilterError::new(
                span,
                "macros in macros come to more than a filter may have",
            ));
        };
        (self.macros, self.text) = (macros, text);
        Ok(())
    }

    /// Begins conditions in a condition.
    pub(crate) fn deeper(&mut self, span: Span) -> Result<(), FilterError> {
        let message = || format!("conditions and macros in each other: more than {MAX_DEPTH} deep");
        self.depth = self
            .depth
            .checked_sub(1)
            .ok_or_else(|| FilterError::new(span, message()).expected("macros that do not stand for themselves"))?;
        Ok(())
    }

    pub(crate) fn end(&mut self) {
        self.depth += 1;
    }
}

impl Rules {
    /// The right-hand side with the values of the lists that it names.
    pub(crate) fn expand<'r>(&self, right: &'r Right, budget: &mut Budget) -> Result<Cow<'r, Right>, FilterError> {
        match right {
            Right::ListName { name, span } if self.lists.contains_key(name) => {
                let named = bare(name, *span);
                let items = self.all(&[named], *span, budget)?;
                Ok(Cow::Owned(Right::List(List { items, span: *span })))
            }
            Right::List(list) if list.items.iter().any(|item| self.list(item).is_some()) => {
                let span = list.span;
                let items = self.all(&list.items, span, budget)?;
                Ok(Cow::Owned(Right::List(List { items, span })))
            }
            // As in rules files: the name of a list is its values, wherever it stands.
            Right::Text(text) if self.list(text).is_some() => {
                let mut items = self.all(std::slice::from_ref(text), text.span, budget)?;
                match items.pop() {
                    Some(only) if items.is_empty() => Ok(Cow::Owned(Right::Text(only))),
                    last => {
                        let (name, count) = (String::from_utf8_lossy(&text.bytes), items.len() + last.iter().len());
                        let message = format!("`{name}` is a list of {count} values");
                        Err(FilterError::new(text.span, message)
                            .expected("`in` before it, or the name in quotes where no list is meant"))
                    }
                }
            }
            _ => Ok(Cow::Borrowed(right)),
        }
    }

    fn all(&self, names: &[Text], span: Span, budget: &mut Budget) -> Result<Vec<Text>, FilterError> {
        let mut items = Vec::new();
        for name in names {
            self.values(name, span, &mut items, (MAX_DEPTH, budget))?;
        }
        Ok(items)
    }

    /// The list that an item of a list names.
    fn list(&self, item: &Text) -> Option<&Vec<String>> {
        if item.quoted {
            return None;
        }
        self.lists.get(std::str::from_utf8(&item.bytes).ok()?)
    }

    fn values(
        &self,
        item: &Text,
        span: Span,
        out: &mut Vec<Text>,
        (depth, budget): (usize, &mut Budget),
    ) -> Result<(), FilterError> {
        let wrong = |message: String| FilterError::new(span, message).expected("lists that do not name themselves");
        let Some(depth) = depth.checked_sub(1) else {
            return Err(wrong(format!("lists in lists: more than {MAX_DEPTH} deep")));
        };
        let left = (budget.values.checked_sub(1), budget.text.checked_sub(item.bytes.len()));
        let (Some(values), Some(text)) = left else {
            return Err(wrong(
                "lists in lists come to more values than a filter may have".to_owned(),
            ));
        };
        (budget.values, budget.text) = (values, text);
        let Some(list) = self.list(item) else {
            out.push(Text { span, ..item.clone() });
            return Ok(());
        };
        for value in list {
            // A value that has quotes around it in the file is what stands between them, and no list.
            let value = match lang::quoted(value) {
                Some(text) => Text { span, ..text },
                None => bare(value, span),
            };
            self.values(&value, span, out, (depth, budget))?;
        }
        Ok(())
    }
}

fn bare(text: &str, span: Span) -> Text {
    Text {
        bytes: text.as_bytes().to_vec(),
        quoted: false,
        span,
    }
}
