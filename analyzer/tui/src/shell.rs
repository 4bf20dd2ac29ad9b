//! Commands for a shell.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;

/// An argument such that a shell takes it as one, whatever is in it: as it is, in quotes, or with bytes that are not
/// printable written as escapes (`$'…'`, which POSIX has since 2024 and every usual shell had before).
pub(crate) fn quoted(argument: &OsStr) -> String {
    let bytes = argument.as_bytes();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./=,:+@%".contains(byte);
    let text = std::str::from_utf8(bytes).ok().filter(|text| {
        let mut chars = text.chars();
        !chars.any(afterimage_query::output::unsafe_to_show)
    });
    match text {
        Some(text) if !text.is_empty() && bytes.iter().all(plain) => text.to_owned(),
        Some(text) => format!("'{}'", text.replace('\'', "'\\''")),
        None => {
            let mut out = String::from("$'");
            for byte in bytes {
                let _ = match byte {
                    b'\'' | b'\\' => write!(out, "\\{}", char::from(*byte)),
                    b' '..=b'~' => write!(out, "{}", char::from(*byte)),
                    // Octal, because it ends by itself after three digits.
                    byte => write!(out, "\\{byte:03o}"),
                };
            }
            out.push('\'');
            out
        }
    }
}

/// The name of a file as an argument: never an option.
pub(crate) fn quoted_file(name: &OsStr) -> String {
    match name.as_bytes().first() {
        Some(b'-') => {
            let mut path = std::ffi::OsString::from("./");
            path.push(name);
            quoted(&path)
        }
        _ => quoted(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_shell_gives_back_what_was_quoted() {
        for argument in [
            &b"plain-1.scap"[..],
            b"",
            b"a b",
            b"it's",
            b"$(reboot) `x` \"y\" \\ !",
            b"a\nb\x1b[2J'\\",
            b"\xff\xfe7",
            "日本 \u{202e}".as_bytes(),
            b"*?[x]~",
        ] {
            let argument = OsStr::from_bytes(argument);
            let quoted = quoted(argument);
            assert!(!quoted.contains(|c: char| c.is_control()), "{quoted}");
            let output = Command::new("bash")
                .arg("-c")
                .arg(format!("printf %s {quoted}"))
                .output()
                .expect("bash runs");
            assert_eq!(output.stdout, argument.as_bytes(), "{quoted}");
        }
        assert_eq!(quoted_file(OsStr::new("-f")), "./-f");
    }
}
