//! Fields and transformers, and the types of their values.

use crate::error::{FilterError, Span};
use crate::eval::{Apply, Source};
use crate::fields::{self, ArgRule, FieldArg, FieldDef, FieldType};
use crate::lang::{Call, FieldRef, Operand, Text, Transformer, escape};
use crate::nearest::nearest;

/// A source of values, their type, and whether they are a list.
pub(super) struct Typed {
    pub(super) source: Source,
    pub(super) ty: FieldType,
}

/// The definition and argument that a field reference means.
///
/// # Errors
/// The name is unknown (the nearest one is suggested), or the argument is missing, superfluous or of the wrong kind.
pub fn resolve_field(field: &FieldRef) -> Result<(&'static FieldDef, FieldArg), FilterError> {
    let Some((def, dotted)) = fields::lookup(&field.name) else {
        let name_span = Span::new(
            field.span.start,
            field.span.end.min(field.span.start + field.name.len()),
        );
        return Err(FilterError::new(name_span, format!("unknown field `{}`", field.name))
            .suggest(nearest(&field.name, fields::all().map(|def| def.name))));
    };
    let arg = argument(def, dotted, field.arg.as_ref(), field.span)?;
    Ok((def, arg))
}

fn argument(
    def: &FieldDef,
    dotted: Option<&str>,
    bracketed: Option<&Text>,
    span: Span,
) -> Result<FieldArg, FilterError> {
    let name = def.name;
    let index = |text: &Text| std::str::from_utf8(&text.bytes).ok()?.parse().ok().map(FieldArg::Index);
    let key = |text: &Text| String::from_utf8(text.bytes.clone()).ok().map(FieldArg::Name);
    let wrong = |text: &Text, expected: &str| {
        FilterError::new(text.span, format!("{} is no argument of `{name}`", escape(&text.bytes))).expected(expected)
    };
    let missing = |example: &str| FilterError::new(span, format!("`{name}` needs an argument")).expected(example);
    match (def.arg, dotted, bracketed) {
        (ArgRule::None, _, Some(text)) => Err(FilterError::new(text.span, format!("`{name}` takes no argument"))),
        (ArgRule::None | ArgRule::MayIndex | ArgRule::MayKey, _, None) => Ok(FieldArg::None),
        (ArgRule::MayIndex, _, Some(text)) => index(text).ok_or_else(|| wrong(text, "a number from 0 on")),
        (ArgRule::Key, _, None) => Err(missing(&format!("`{name}[key]`"))),
        (ArgRule::Key | ArgRule::MayKey, _, Some(text)) => key(text).ok_or_else(|| wrong(text, "a name")),
        (ArgRule::NameOrIndex, Some(dotted), None) => Ok(FieldArg::Name(dotted.to_string())),
        (ArgRule::NameOrIndex, Some(_), Some(text)) => Err(wrong(text, "nothing: the name is the argument")),
        (ArgRule::NameOrIndex, None, None) => Err(missing(&format!("`{name}.path` or `{name}[0]`"))),
        (ArgRule::NameOrIndex, None, Some(text)) => index(text)
            .or_else(|| key(text))
            .ok_or_else(|| wrong(text, "a name or a number from 0 on")),
    }
}

/// Resolves an operand.
pub(super) fn operand(operand: &Operand) -> Result<Typed, FilterError> {
    Ok(match operand {
        Operand::Field(field) => {
            let (def, arg) = resolve_field(field)?;
            Typed {
                source: Source::Field { def, arg },
                ty: def.ty,
            }
        }
        Operand::Text(text) => Typed {
            source: Source::Text(text.bytes.clone()),
            ty: FieldType::Str,
        },
        Operand::List { items, .. } => {
            let items: Result<_, FilterError> = items.iter().map(|item| Ok(self::operand(item)?.source)).collect();
            Typed {
                source: Source::List(items?),
                ty: FieldType::Str,
            }
        }
        Operand::Call(call) => self::call(call)?,
    })
}

fn call(call: &Call) -> Result<Typed, FilterError> {
    let name = call.transformer.name();
    let mut key = None;
    if let Some(arg) = &call.arg {
        if call.transformer != Transformer::Getopt {
            return Err(FilterError::new(
                arg.span,
                format!("`{name}` takes no argument in brackets"),
            ));
        }
        key = String::from_utf8(arg.bytes.clone()).ok();
    }
    let string = |inner: fn(Source) -> Apply| Ok((inner(one(call)?), FieldType::Str));
    let (apply, ty) = match call.transformer {
        Transformer::ToLower => string(Apply::ToLower)?,
        Transformer::ToUpper => string(Apply::ToUpper)?,
        Transformer::Base64 => string(Apply::Base64)?,
        Transformer::Basename => string(Apply::Basename)?,
        Transformer::Len => (Apply::Len(one(call)?), FieldType::Uint),
        Transformer::Join => {
            let [separator, values] = two(call, "`join(\", \", (field, …))`")?;
            if !values.is_list() {
                return Err(list_needed(call, 1));
            }
            (Apply::Join { separator, values }, FieldType::Str)
        }
        Transformer::Concat => {
            let parts: Result<_, FilterError> = call.args.iter().map(|arg| Ok(operand(arg)?.source)).collect();
            (Apply::Concat(parts?), FieldType::Str)
        }
        Transformer::Getopt => {
            let [args, options] = two(call, "`getopt((argument, …), \"options\")`")?;
            if !args.is_list() {
                return Err(list_needed(call, 0));
            }
            (Apply::Getopt { args, options, key }, FieldType::Str)
        }
    };
    Ok(Typed {
        source: Source::Apply(Box::new(apply)),
        ty,
    })
}

/// The only argument of a transformer on strings.
fn one(call: &Call) -> Result<Source, FilterError> {
    let name = call.transformer.name();
    let [arg] = call.args.as_slice() else {
        return Err(FilterError::new(
            call.span,
            format!("`{name}` takes one argument, not {}", call.args.len()),
        ));
    };
    let typed = operand(arg)?;
    let fits = matches!(typed.ty, FieldType::Str)
        || typed.ty == FieldType::Bytes && matches!(call.transformer, Transformer::Len | Transformer::Base64);
    let list = matches!(arg, Operand::List { .. }) && call.transformer != Transformer::Len;
    if !fits || list {
        let what = if list { "list".to_string() } else { typed.ty.to_string() };
        return Err(FilterError::new(arg.span(), format!("`{name}` does not work on a {what}")).expected("a string"));
    }
    Ok(typed.source)
}

fn two(call: &Call, form: &str) -> Result<[Source; 2], FilterError> {
    let [first, second] = call.args.as_slice() else {
        let message = format!(
            "`{}` takes two arguments, not {}",
            call.transformer.name(),
            call.args.len()
        );
        return Err(FilterError::new(call.span, message).expected(form));
    };
    Ok([operand(first)?.source, operand(second)?.source])
}

fn list_needed(call: &Call, at: usize) -> FilterError {
    let span = call.args.get(at).map_or(call.span, Operand::span);
    FilterError::new(span, format!("`{}` needs a list here", call.transformer.name())).expected("`(value, …)`")
}
