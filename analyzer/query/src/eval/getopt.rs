//! Options in a list of arguments.

use super::value::Value;

/// What POSIX getopt finds in `args`: for every option its letter, and its value if it takes one; with `key`, only
/// the value of the last option of that letter.
///
/// `?` stands for an unknown option. An option that lacks its value counts as one with an empty value, and leaves no
/// letter. Long options (`--name`) are skipped; the first argument that is no option ends the search, as `--` does.
pub(super) fn getopt(args: &[&[u8]], options: &[u8], key: Option<&str>) -> Value<'static> {
    let mut found: Vec<(u8, Option<Vec<u8>>)> = Vec::new();
    let mut args = args.iter();
    while let Some(&arg) = args.next() {
        match arg {
            b"--" => break,
            [b'-', b'-', ..] => continue,
            [b'-', letters @ ..] if !letters.is_empty() => {
                for (i, &letter) in letters.iter().enumerate() {
                    match takes_value(options, letter) {
                        None => found.push((b'?', None)),
                        Some(false) => found.push((letter, None)),
                        Some(true) => {
                            let rest = &letters[i + 1..];
                            let value = if rest.is_empty() {
                                args.next().copied().unwrap_or(b"")
                            } else {
                                rest
                            };
                            found.push((letter, Some(value.to_vec())));
                            break;
                        }
                    }
                }
            }
            _ => break,
        }
    }
    match key {
        Some(key) => match found.into_iter().rfind(|(letter, _)| key.as_bytes() == [*letter]) {
            Some((letter, value)) => Value::owned(value.unwrap_or_else(|| vec![letter])),
            None => Value::Missing,
        },
        None => Value::List(
            found
                .into_iter()
                .flat_map(|(letter, value)| elements(letter, value))
                .collect(),
        ),
    }
}

fn elements(letter: u8, value: Option<Vec<u8>>) -> Vec<Value<'static>> {
    let letter = Value::owned([letter]);
    match value {
        None => vec![letter],
        Some(value) if value.is_empty() => vec![Value::owned(value)],
        Some(value) => vec![letter, Value::owned(value)],
    }
}

/// Whether the option takes a value; nothing if there is no such option.
fn takes_value(options: &[u8], letter: u8) -> Option<bool> {
    if letter == b':' {
        return None;
    }
    let at = options.iter().position(|&option| option == letter)?;
    Some(options.get(at + 1) == Some(&b':'))
}
