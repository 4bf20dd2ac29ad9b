//! `analyze fields`

use crate::json;
use crate::output::stdout;
use crate::status::{Status, Usage};
use crate::table::aligned;
use afterimage_query::fields::{ArgRule, CLASSES, FieldDef, lookup, suggest};
use afterimage_query::output::escaped;
use anyhow::Result;
use serde::Serialize;
use std::io::Write;

/// List the fields that filters and formats name
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  analyze fields\n  analyze fields proc\n  analyze fields fd.rip")]
pub(crate) struct Args {
    /// Only this field, or this class of fields
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// As the document docs/fields.md has them
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
}

#[derive(Serialize)]
struct Line {
    name: &'static str,
    class: &'static str,
    r#type: &'static str,
    argument: Option<&'static str>,
    description: &'static str,
    example: &'static str,
}

pub(crate) fn run(args: &Args) -> Result<Status> {
    let single = args
        .name
        .as_deref()
        .and_then(|name| lookup(name).map(|(def, _)| def.name));
    let mut chosen: Vec<(&'static str, &'static str, Vec<&'static FieldDef>)> = Vec::new();
    for class in &CLASSES {
        let wanted = |def: &&FieldDef| match (&args.name, single) {
            (None, _) => true,
            (Some(_), Some(single)) => def.name == single,
            (Some(name), None) => class.name == name,
        };
        let fields: Vec<&'static FieldDef> = class.fields.iter().filter(wanted).collect();
        if !fields.is_empty() {
            chosen.push((class.name, class.description, fields));
        }
    }
    if let (true, Some(name)) = (chosen.is_empty(), &args.name) {
        let hint = suggest(name).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        let name = escaped(name.as_bytes());
        return Err(Usage(format!(
            "there is no field and no class of fields called `{name}`{hint}"
        ))
        .into());
    }
    let mut out = stdout();
    if args.markdown {
        write_markdown(&mut out, &chosen)?;
    } else if args.json {
        for (class, _, fields) in &chosen {
            fields
                .iter()
                .try_for_each(|def| json::write_line(&mut out, &line(class, def)))?;
        }
    } else if let (Some(_), [(_, _, fields)]) = (single, chosen.as_slice()) {
        fields.iter().try_for_each(|def| page(&mut out, def))?;
    } else {
        write_classes(&mut out, &chosen)?;
    }
    out.flush()?;
    Ok(Status::Done)
}

fn argument(def: &FieldDef) -> Option<&'static str> {
    match def.arg {
        ArgRule::None => None,
        ArgRule::MayIndex => Some("[n] may follow"),
        ArgRule::Key => Some("[key] must follow"),
        ArgRule::MayKey => Some("[key] may follow"),
        ArgRule::NameOrIndex => Some(".name or [n] must follow"),
    }
}

fn line(class: &'static str, def: &FieldDef) -> Line {
    Line {
        name: def.name,
        class,
        r#type: def.ty.name(),
        argument: argument(def),
        description: def.description,
        example: def.example,
    }
}

fn page(out: &mut impl Write, def: &FieldDef) -> std::io::Result<()> {
    writeln!(out, "{} ({})", def.name, def.ty.name())?;
    writeln!(out, "  {}", def.description)?;
    if let Some(argument) = argument(def) {
        writeln!(out, "  argument: {argument}")?;
    }
    writeln!(out, "  example:  {}", def.example)
}

fn write_classes(out: &mut impl Write, classes: &[(&str, &str, Vec<&FieldDef>)]) -> std::io::Result<()> {
    for (at, (name, description, fields)) in classes.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{name}: {description}")?;
        let row = |def: &&FieldDef| {
            vec![
                format!("  {}", def.name),
                def.ty.to_string(),
                def.description.to_string(),
            ]
        };
        for line in aligned(&fields.iter().map(row).collect::<Vec<_>>(), &[]) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// A section for each class, a row for each field.
fn write_markdown(out: &mut impl Write, classes: &[(&str, &str, Vec<&FieldDef>)]) -> std::io::Result<()> {
    writeln!(
        out,
        "# Fields\n\nWhat filters and formats can name. Written by `cargo xtask docs fields` from the definitions in \
         analyzer/query/src/fields; `analyze fields NAME` shows one. A value that is missing passes no test."
    )?;
    for (name, description, fields) in classes {
        writeln!(out, "\n## {name}\n\n{description}\n")?;
        writeln!(out, "| field | type | what it is | example |\n|---|---|---|---|")?;
        for def in fields {
            let argument = match def.arg {
                ArgRule::None => "",
                ArgRule::MayIndex => "`[n]`, may be left out",
                ArgRule::Key => "`[key]`",
                ArgRule::MayKey => "`[key]`, may be left out",
                ArgRule::NameOrIndex => "`.name` or `[n]`",
            };
            let argument = if argument.is_empty() {
                String::new()
            } else {
                format!("; {argument}")
            };
            // A bar would end the cell.
            let cell = |text: &str| text.replace('|', "\\|");
            writeln!(
                out,
                "| `{}`{argument} | {} | {} | `{}` |",
                def.name,
                def.ty,
                cell(def.description),
                cell(def.example)
            )?;
        }
    }
    Ok(())
}
