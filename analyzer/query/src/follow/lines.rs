//! Captured bytes as lines for people: text made harmless, or hexadecimal.

use crate::output::escaped;

/// Bytes of one line of [`hex_line`].
pub const HEX_LINE: usize = 16;

/// Lines as they are but for what could harm a terminal. No data are one empty line.
pub fn text_lines(data: &[u8]) -> impl Iterator<Item = String> + '_ {
    let data = data.strip_suffix(b"\n").unwrap_or(data);
    data.split(|byte| *byte == b'\n')
        .map(|line| escaped(line.strip_suffix(b"\r").unwrap_or(line)))
}

/// A line of up to [`HEX_LINE`] bytes, the first of which is number `offset`: number, bytes, characters, in columns.
pub fn hex_line(offset: usize, bytes: &[u8]) -> String {
    let shown = |byte: &u8| {
        if byte.is_ascii_graphic() || *byte == b' ' {
            char::from(*byte)
        } else {
            '.'
        }
    };
    let text: String = bytes.iter().map(shown).collect();
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{offset:06x}  {:<47}  {text}", bytes.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_lines_are_aligned() {
        let data = b"0123456789abcdef\x1b[2J";
        let lines: Vec<String> = data
            .chunks(HEX_LINE)
            .enumerate()
            .map(|(at, line)| hex_line(at * HEX_LINE, line))
            .collect();
        assert_eq!(
            lines,
            [
                "000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef",
                "000010  1b 5b 32 4a                                      .[2J"
            ]
        );
    }

    #[test]
    fn text_is_harmless() {
        let lines: Vec<String> = text_lines(b"a\r\nb\x1b[2J\n\nc\n").collect();
        assert_eq!(lines, ["a", "b\\x1b[2J", "", "c"]);
        assert_eq!(text_lines(b"").count(), 1);
    }
}
