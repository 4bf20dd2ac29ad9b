//! JSON of whole structures: one object a line, harmless for a terminal.

use afterimage_query::output::unsafe_to_show;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};
use std::io::{self, Write};

/// Writes `value` and a newline.
pub(crate) fn write_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    value
        .serialize(&mut Serializer::with_formatter(&mut *out, Harmless))
        .map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// Captured bytes as text for a field: what is not UTF-8 becomes the four characters `\xHH`.
pub(crate) fn text(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        chunk
            .invalid()
            .iter()
            .for_each(|byte| out.push_str(&format!("\\x{byte:02x}")));
    }
    out
}

/// Writes as `\uXXXX` what could move a cursor or turn the direction of writing.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| unsafe_to_show(*c)) {
            CompactFormatter.write_string_fragment(writer, &rest[..at])?;
            write!(writer, "\\u{:04x}", u32::from(c))?;
            rest = &rest[at + c.len_utf8()..];
        }
        CompactFormatter.write_string_fragment(writer, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_come_back_and_are_harmless() {
        for original in ["plain", "a\"b\\c\n", "\u{1b}[2J\u{7f}\u{9b}", "\u{202e}ä\u{2066}"] {
            let mut out = Vec::new();
            write_line(&mut out, &original).expect("memory");
            let line = String::from_utf8(out).expect("UTF-8");
            assert!(line.trim_end().chars().all(|c| !unsafe_to_show(c)), "{line}");
            assert_eq!(serde_json::from_str::<String>(&line).expect("JSON"), original);
        }
        assert_eq!(text(b"a\xff\xc3\xa4"), "a\\xffä");
    }
}
