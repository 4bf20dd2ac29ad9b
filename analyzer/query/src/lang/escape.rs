//! Quoted strings.

/// Resolves the escapes of a string that stood between `quote` characters.
///
/// Known: `\b \f \n \r \t \\ \/`, the quote itself, `\xHH` (any byte), and `\ ` for a lone backslash.
/// An unknown escape gives its place in `body` and what is wrong.
pub fn unescape(body: &str, quote: u8) -> Result<Vec<u8>, (usize, String)> {
    let bytes = body.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte != b'\\' {
            out.push(byte);
            at += 1;
            continue;
        }
        let escape = bytes.get(at + 1).copied().unwrap_or(0);
        out.push(match escape {
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'/' => b'/',
            // Rules in use write a backslash before a space where they mean the backslash.
            b'\\' | b' ' => b'\\',
            b'x' => {
                let byte =
                    hex_byte(bytes.get(at + 2..at + 4)).ok_or((at, "`\\x` needs two hexadecimal digits".into()))?;
                at += 2;
                byte
            }
            other if other == quote => quote,
            _ => {
                let shown = body[at + 1..]
                    .chars()
                    .next()
                    .map_or(String::new(), |c| c.escape_debug().to_string());
                return Err((at, format!("unknown escape `\\{shown}`")));
            }
        });
        at += 2;
    }
    Ok(out)
}

/// The value of two hexadecimal digits.
fn hex_byte(digits: Option<&[u8]>) -> Option<u8> {
    let &[high, low] = digits? else { return None };
    let digit = |c: u8| (c as char).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// Writes bytes as a double-quoted string that [`unescape`] turns back into the same bytes.
pub fn escape(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                // As \x5c: a quote after a backslash never ends a string, not even after two of them.
                '\\' => out.push_str("\\x5c"),
                '"' => out.push_str("\\\""),
                c if c.is_control() => c
                    .to_string()
                    .bytes()
                    .for_each(|byte| out.push_str(&format!("\\x{byte:02x}"))),
                c => out.push(c),
            }
        }
        chunk
            .invalid()
            .iter()
            .for_each(|byte| out.push_str(&format!("\\x{byte:02x}")));
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: Result<&[u8], usize>) {
        let got = unescape(body, b'"').map_err(|(at, _)| at);
        assert_eq!(got, expected.map(<[u8]>::to_vec), "{body}");
    }

    #[test]
    fn escapes() {
        check("plain ä", Ok("plain ä".as_bytes()));
        check("\\x41\\x7f\\x01\\xff\\xAb\\x00", Ok(b"\x41\x7f\x01\xff\xab\0"));
        check("a\\x00b", Ok(b"a\0b"));
        check("\\b\\f\\n\\r\\t\\\\\\/\\\"\\ ", Ok(b"\x08\x0c\n\r\t\\/\"\\"));
        check("\\x", Err(0));
        check("\\xf", Err(0));
        check("a\\xf", Err(1));
        check("a\\xfg", Err(1));
        check("it\\'s", Err(2));
        check("\\ä", Err(0));
        check("\\", Err(0));
    }

    #[test]
    fn what_is_escaped_comes_back() {
        for bytes in [
            &b"plain"[..],
            b"some \"quoted string\"",
            b"\\",
            b"a\\\"b",
            b"\x1b[2J\n\0\xff\xc3\xa4",
            b"",
        ] {
            let quoted = escape(bytes);
            assert!(!quoted.contains('\u{1b}'));
            assert_eq!(unescape(&quoted[1..quoted.len() - 1], b'"').as_deref(), Ok(bytes));
        }
    }
}
