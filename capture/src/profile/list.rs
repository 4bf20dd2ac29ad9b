//! `capture profiles`: what there is, and what each records.

use super::{Profile, Take, builtin};
use crate::catalogue::Catalogue;
use anyhow::Result;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The profiles, or what one of them (by name or file) records.
///
/// # Errors
/// As [`Profile::find`].
pub(crate) fn list(name: Option<&str>) -> Result<String> {
    let mut out = String::new();
    let Some(name) = name else {
        for profile in builtin::ALL {
            let default = if profile.name == builtin::ALL[0].name {
                " (default)"
            } else {
                ""
            };
            let _ = writeln!(out, "{:10}{}{default}", profile.name, profile.about);
        }
        return Ok(out);
    };
    let profile = Profile::find(name)?;
    let mut catalogue = Catalogue::new();
    catalogue.choose(|kind| profile.takes(kind));
    let _ = writeln!(out, "{}: {}", profile.name, profile.about);
    let mut groups: BTreeMap<(u8, &str), Vec<&str>> = BTreeMap::new();
    let mut followed = Vec::new();
    for (call, kind) in catalogue.calls() {
        let rank = match call.take {
            Take::Always => 0,
            Take::Sockets => 1,
            Take::Others => 2,
            Take::Never if call.is_followed() => {
                followed.push(kind.name.as_str());
                continue;
            }
            Take::Never => 3,
        };
        groups.entry((rank, kind.category.name())).or_default().push(&kind.name);
    }
    for ((rank, category), names) in groups {
        let when = ["", " on sockets", " on what is no socket", " (not recorded)"][usize::from(rank)];
        paragraph(&mut out, &format!("{category}{when}"), &names);
    }
    if !followed.is_empty() {
        paragraph(&mut out, "followed for the state, not written", &followed);
    }
    Ok(out)
}

fn paragraph(out: &mut String, title: &str, names: &[&str]) {
    let _ = write!(out, "\n{title}:\n ");
    let mut width = 1;
    for name in names {
        if width + 1 + name.len() > 100 {
            out.push_str("\n ");
            width = 1;
        }
        out.push(' ');
        out.push_str(name);
        width += 1 + name.len();
    }
    out.push('\n');
}
