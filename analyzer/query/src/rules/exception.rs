//! Exceptions of a rule: what it does not tell of, as fields, how they are compared, and values.

use super::RulesError;
use super::yaml::{Data, Node};
use crate::error::Span;
use crate::lang::{self, Expr, Op, escape};

/// What a rule does not tell of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exception {
    pub(super) name: String,
    fields: Fields,
    values: Vec<Values>,
}

/// One field, compared with all values at once, or several, each compared with its own value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fields {
    One { field: String, comp: String },
    Several(Vec<(String, String)>),
}

/// What stands for one field.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Values {
    One(String),
    Several(Vec<Values>),
}

/// The exceptions that an item names. `known` are those of the rule that it adds to: they get more values.
pub(super) fn add(known: &mut Vec<Exception>, node: &Node, rule: &str) -> Result<(), RulesError> {
    let Some(items) = node.list() else {
        return match node.is_null() {
            true => Ok(()),
            false => Err(RulesError::at(
                node.line,
                format!("the exceptions of the rule `{rule}` are no list"),
            )),
        };
    };
    for item in items {
        let Some(name) = item.get("name").and_then(Node::text) else {
            return Err(RulesError::at(
                item.line,
                format!("an exception of the rule `{rule}` has no name"),
            ));
        };
        let wrong = |node: &Node, what: &str| {
            RulesError::at(
                node.line,
                format!("the exception `{name}` of the rule `{rule}`: {what}"),
            )
        };
        let values = match item.get("values") {
            None => Vec::new(),
            Some(node) if node.is_null() => Vec::new(),
            Some(node) => {
                let values = node.list().ok_or_else(|| wrong(node, "its values are no list"))?;
                values
                    .iter()
                    .map(self::values)
                    .collect::<Option<_>>()
                    .ok_or_else(|| wrong(node, "its values are lists of texts"))?
            }
        };
        let at = match known.iter().position(|known| known.name == name) {
            Some(at) => {
                if let Some(node) = item.get("fields").or_else(|| item.get("comps")) {
                    return Err(wrong(
                        node,
                        "the rule has it already: only values can be added to it, not fields or comps",
                    ));
                }
                at
            }
            None => {
                let fields = item.get("fields").ok_or_else(|| wrong(item, "it has no fields"))?;
                let fields = Fields::of(fields, item.get("comps")).map_err(|what| wrong(fields, &what))?;
                known.push(Exception {
                    name: name.to_owned(),
                    fields,
                    values: Vec::new(),
                });
                known.len() - 1
            }
        };
        let exception = &mut known[at];
        for value in values {
            exception.fields.take(&value).map_err(|what| wrong(item, what))?;
            exception.values.push(value);
        }
    }
    Ok(())
}

fn values(node: &Node) -> Option<Values> {
    Some(match &node.data {
        Data::Text(text) => Values::One(text.clone()),
        Data::List(items) => Values::Several(items.iter().map(values).collect::<Option<_>>()?),
        _ => return None,
    })
}

impl Fields {
    fn of(fields: &Node, comps: Option<&Node>) -> Result<Fields, String> {
        let comps = comps.filter(|comps| !comps.is_null());
        let known = |comp: &str| match Op::from_word(comp) {
            Some(_) => Ok(comp.to_owned()),
            None => Err(format!("`{comp}` is no operator")),
        };
        let Some(list) = fields.list() else {
            let field = fields.text().ok_or("its fields are no texts")?.to_owned();
            let comp = match comps {
                None => "in",
                Some(comps) => comps.text().ok_or("`comps` is a list, and `fields` is none")?,
            };
            let comp = known(comp)?;
            return match takes_list(&comp) {
                true => Ok(Fields::One { field, comp }),
                false => Err("`comps` of one field is `in`, `pmatch` or `intersects`".into()),
            };
        };
        let names = list.iter().map(|node| node.text().map(str::to_owned));
        let names: Vec<String> = names.collect::<Option<_>>().ok_or("its fields are no texts")?;
        let comps = match comps {
            None => vec!["=".to_owned(); names.len()],
            Some(comps) => {
                let list = comps.list().ok_or("`fields` is a list, and `comps` is none")?;
                let comp = |node: &Node| known(node.text().unwrap_or_default());
                list.iter().map(comp).collect::<Result<_, _>>()?
            }
        };
        if names.is_empty() {
            return Err("it has no fields".into());
        }
        if comps.len() != names.len() {
            return Err(format!("it has {} fields and {} comps", names.len(), comps.len()));
        }
        Ok(Fields::Several(names.into_iter().zip(comps).collect()))
    }

    /// Whether a value fits.
    fn take(&self, value: &Values) -> Result<(), &'static str> {
        match (self, value) {
            (Fields::One { .. }, Values::One(_)) => Ok(()),
            (Fields::One { .. }, Values::Several(_)) => Err("it has one field, so its values are texts, not lists"),
            (Fields::Several(fields), Values::Several(values)) if values.len() == fields.len() => Ok(()),
            _ => Err("each of its values must be a list with as many values as it has fields"),
        }
    }
}

impl Exception {
    /// The fields as they are written.
    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        let (one, several) = match &self.fields {
            Fields::One { field, .. } => (Some(field.as_str()), [].as_slice()),
            Fields::Several(fields) => (None, fields.as_slice()),
        };
        one.into_iter().chain(several.iter().map(|(field, _)| field.as_str()))
    }

    /// The condition for what the rule does not tell of; nothing where there are no values.
    ///
    /// # Errors
    /// What does not parse.
    pub(super) fn condition(&self) -> Result<Option<Expr>, String> {
        match &self.fields {
            _ if self.values.is_empty() => Ok(None),
            Fields::One { field, comp } => {
                let values = Values::Several(self.values.clone());
                test(field, comp, &values).map(Some)
            }
            Fields::Several(fields) => {
                let all = self.values.iter().map(|values| match values {
                    Values::Several(values) => {
                        let tests = fields.iter().zip(values);
                        let tests = tests.map(|((field, comp), value)| test(field, comp, value));
                        Ok(and(tests.collect::<Result<_, _>>()?))
                    }
                    Values::One(_) => Err("each of its values must be a list".to_owned()),
                });
                Ok(Some(or(all.collect::<Result<_, _>>()?)))
            }
        }
    }
}

/// One test, made of its parts; what is no test by itself does not pass for more.
fn test(field: &str, comp: &str, values: &Values) -> Result<Expr, String> {
    let takes_list = takes_list(comp);
    let right = match values {
        Values::Several(values) => {
            let words = values.iter().map(|value| match value {
                Values::One(text) => Ok(word(text)),
                Values::Several(_) => Err("lists in lists in its values".to_owned()),
            });
            format!("({})", words.collect::<Result<Vec<_>, _>>()?.join(", "))
        }
        Values::One(text) if takes_list && text.starts_with('(') => text.clone(),
        Values::One(text) if takes_list => format!("({})", word(text)),
        Values::One(text) => word(text),
    };
    let text = format!("{field} {comp} {right}");
    match lang::parse(&text) {
        Ok(expr @ Expr::Compare { .. }) => Ok(expr),
        Ok(_) => Err(format!("`{text}` is no test of a field")),
        Err(error) => Err(format!("in `{text}`: {}", error.message)),
    }
}

fn takes_list(comp: &str) -> bool {
    Op::from_word(comp).is_some_and(Op::takes_list)
}

/// A value as a filter takes it: in quotes, unless it is there already or may be the name of a list.
fn word(text: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '(' | ')' | '"' | '\'' | '=' | ',');
    if !text.is_empty() && text.chars().all(plain) || lang::quoted(text).is_some() {
        text.to_owned()
    } else {
        escape(text.as_bytes())
    }
}

pub(super) fn and(terms: Vec<Expr>) -> Expr {
    joined(terms, |terms, span| Expr::And { terms, span })
}

fn or(terms: Vec<Expr>) -> Expr {
    joined(terms, |terms, span| Expr::Or { terms, span })
}

fn joined(mut terms: Vec<Expr>, join: fn(Vec<Expr>, Span) -> Expr) -> Expr {
    match terms.pop() {
        Some(only) if terms.is_empty() => only,
        last => {
            terms.extend(last);
            join(terms, Span::default())
        }
    }
}
