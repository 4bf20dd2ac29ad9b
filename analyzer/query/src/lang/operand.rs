//! What stands on either side of an operator.

use super::ast::{Call, FieldRef, List, Operand, Right, Text, Transformer};
use super::parse::Parser;
use crate::error::FilterError;

const VALUE: &str = "a value, `val(field)` or a transformer";
const LIST: &str = "a list such as `(a, b)` or the name of one";

impl Parser<'_> {
    /// A field or a transformer, or nothing.
    pub(super) fn field_or_call(&mut self) -> Result<Option<Operand>, FilterError> {
        if let Some(call) = self.call()? {
            return Ok(Some(Operand::Call(call)));
        }
        Ok(self.field()?.map(Operand::Field))
    }

    fn field(&mut self) -> Result<Option<FieldRef>, FilterError> {
        let start = self.cursor.at();
        let Some(name) = self.cursor.field_name() else {
            return Ok(None);
        };
        let name = name.to_string();
        let arg = self.argument()?;
        Ok(Some(FieldRef {
            name,
            arg,
            span: self.cursor.since(start),
        }))
    }

    /// `[argument]`, or nothing.
    fn argument(&mut self) -> Result<Option<Text>, FilterError> {
        if !self.cursor.take(b'[') {
            return Ok(None);
        }
        let arg = match self.cursor.quoted()? {
            Some(text) => text,
            None => self
                .cursor
                .bare_argument()
                .ok_or_else(|| self.unexpected("an argument such as `[2]` or `[\"name\"]`"))?,
        };
        match self.cursor.take(b']') {
            true => Ok(Some(arg)),
            false => Err(self.unexpected("`]`")),
        }
    }

    /// `name(…)`, or nothing. No white space may stand before the parenthesis: it would begin a list.
    fn call(&mut self) -> Result<Option<Call>, FilterError> {
        let start = self.cursor.at();
        let word = self.cursor.peek_word();
        let Some(transformer) = Transformer::from_name(word) else {
            return Ok(None);
        };
        if !self.cursor.rest()[word.len()..].starts_with('(') {
            return Ok(None);
        }
        self.cursor.skip(word.len() + 1);
        let args = self.nested(|parser| parser.operands(true))?;
        let arg = self.argument()?;
        Ok(Some(Call {
            transformer,
            args,
            arg,
            span: self.cursor.since(start),
        }))
    }

    /// Operands separated by commas, and the closing parenthesis.
    fn operands(&mut self, lists_allowed: bool) -> Result<Vec<Operand>, FilterError> {
        let mut operands = Vec::new();
        loop {
            self.cursor.blank();
            operands.push(self.operand(lists_allowed)?);
            self.cursor.blank();
            if self.cursor.take(b')') {
                return Ok(operands);
            }
            if !self.cursor.take(b',') {
                return Err(self.unexpected("`,` or `)`"));
            }
        }
    }

    /// One operand inside a transformer.
    fn operand(&mut self, lists_allowed: bool) -> Result<Operand, FilterError> {
        let start = self.cursor.at();
        if lists_allowed && self.cursor.take(b'(') {
            self.cursor.blank();
            let empty = self.cursor.take(b')');
            let items = if empty {
                Vec::new()
            } else {
                self.nested(|parser| parser.operands(false))?
            };
            return Ok(Operand::List {
                items,
                span: self.cursor.since(start),
            });
        }
        if let Some(text) = self.cursor.quoted()? {
            return Ok(Operand::Text(text));
        }
        if let Some(operand) = self.field_or_call()? {
            return Ok(operand);
        }
        if self.cursor.number_follows()
            && let Some(text) = self.cursor.bare()
        {
            return Ok(Operand::Text(text));
        }
        Err(self.unexpected("a field, a transformer, a quoted string or a number"))
    }

    /// `val(field)` or a transformer, or nothing.
    fn other_value(&mut self) -> Result<Option<Right>, FilterError> {
        if let Some(call) = self.call()? {
            return Ok(Some(Right::Operand(Operand::Call(call))));
        }
        if !self.cursor.rest().starts_with("val(") {
            return Ok(None);
        }
        let start = self.cursor.at();
        self.cursor.skip("val(".len());
        self.cursor.blank();
        let mut field = self.field()?.ok_or_else(|| self.unexpected("a field"))?;
        self.cursor.blank();
        if !self.cursor.take(b')') {
            return Err(self.unexpected("`)`"));
        }
        if self.cursor.peek() == b'[' {
            return Err(self.unexpected("the argument behind the field, inside the parentheses of `val`"));
        }
        field.span = self.cursor.since(start);
        Ok(Some(Right::Operand(Operand::Field(field))))
    }

    /// A number, time, duration or size. What it must be exactly depends on the field.
    pub(super) fn number(&mut self) -> Result<Right, FilterError> {
        self.cursor.blank();
        if let Some(other) = self.other_value()? {
            return Ok(other);
        }
        let text = match self.cursor.quoted()? {
            Some(text) => Some(text),
            None if self.cursor.number_follows() => self.cursor.bare(),
            None => None,
        };
        text.map(Right::Text)
            .ok_or_else(|| self.unexpected("a number, a quoted time, `val(field)` or a transformer"))
    }

    /// A string, or anything written as one.
    pub(super) fn text_or_call(&mut self) -> Result<Right, FilterError> {
        self.cursor.blank();
        match self.other_value()? {
            Some(other) => Ok(other),
            None => Ok(Right::Text(self.text(VALUE)?)),
        }
    }

    fn text(&mut self, expected: &str) -> Result<Text, FilterError> {
        match self.cursor.quoted()? {
            Some(text) => Ok(text),
            None => self.cursor.bare().ok_or_else(|| self.unexpected(expected)),
        }
    }

    /// `(a, b)` or the name of a list.
    pub(super) fn list(&mut self) -> Result<Right, FilterError> {
        self.cursor.blank();
        let start = self.cursor.at();
        if self.cursor.take(b'(') {
            return Ok(Right::List(List {
                items: self.items()?,
                span: self.cursor.since(start),
            }));
        }
        let name = self.cursor.peek_word();
        if name.is_empty() {
            return Err(self.unexpected(LIST));
        }
        self.cursor.skip(name.len());
        Ok(Right::ListName {
            name: name.to_string(),
            span: self.cursor.since(start),
        })
    }

    /// What an operator on lists takes.
    pub(super) fn list_or_call(&mut self) -> Result<Right, FilterError> {
        self.cursor.blank();
        match self.other_value()? {
            Some(other) => Ok(other),
            None => self.list(),
        }
    }

    /// Values separated by commas, and the closing parenthesis.
    fn items(&mut self) -> Result<Vec<Text>, FilterError> {
        let mut items = Vec::new();
        self.cursor.blank();
        if self.cursor.take(b')') {
            return Ok(items);
        }
        loop {
            self.cursor.blank();
            items.push(self.text("a value")?);
            self.cursor.blank();
            if self.cursor.take(b')') {
                return Ok(items);
            }
            if !self.cursor.take(b',') {
                return Err(self.unexpected("`,` or `)`"));
            }
        }
    }
}
