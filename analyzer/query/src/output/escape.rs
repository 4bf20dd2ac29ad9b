//! Captured bytes made harmless.

/// The bytes as text that moves no cursor, rings no bell and turns no writing direction: control characters and bytes
/// that are not UTF-8 as `\n`, `\t`, `\r`, `\xHH` or `\u{…}`. Backslashes stay as they are.
pub fn escaped(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    // Most of what is captured is plain.
    if bytes.iter().all(|byte| (0x20..0x7f).contains(byte)) {
        out.push_str(std::str::from_utf8(bytes).unwrap_or_default());
        return out;
    }
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                '\r' => out.push_str("\\r"),
                c if c.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
                c if unsafe_to_show(c) => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
                c => out.push(c),
            }
        }
        chunk
            .invalid()
            .iter()
            .for_each(|byte| out.push_str(&format!("\\x{byte:02x}")));
    }
    out
}

/// The same, behind what stands in `out` already. Always true, for who asks whether something was written.
pub(super) fn escape_into(bytes: &[u8], out: &mut Vec<u8>) -> bool {
    let mut rest = bytes;
    while !rest.is_empty() {
        let plain = plain(rest);
        let (now, behind) = rest.split_at(plain);
        out.extend_from_slice(now);
        // What is not plain ends at the latest where ASCII begins again: no character goes on there.
        let other = behind.iter().take_while(|byte| !(0x20..0x7f).contains(*byte)).count();
        let (odd, behind) = behind.split_at(other);
        if !odd.is_empty() {
            out.extend_from_slice(escaped(odd).as_bytes());
        }
        rest = behind;
    }
    true
}

/// How many bytes a text begins with that show themselves.
pub(super) fn plain(text: &[u8]) -> usize {
    // All of a piece at once: that takes no branch for each byte.
    let all = |piece: &&[u8]| !piece.iter().fold(false, |odd, byte| odd | !(0x20..0x7f).contains(byte));
    let whole: usize = text.chunks(16).take_while(all).map(<[u8]>::len).sum();
    let rest = text[whole..].iter().take_while(|byte| (0x20..0x7f).contains(*byte));
    whole + rest.count()
}

/// Control characters, line separators, and marks that change the direction of what follows or cannot be seen.
pub fn unsafe_to_show(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::{escape_into, escaped};

    #[test]
    fn nothing_captured_reaches_the_terminal_raw() {
        for (bytes, expected) in [
            (&b"/etc/passwd"[..], "/etc/passwd"),
            ("ä€".as_bytes(), "ä€"),
            (b"a\nb\tc\rd", "a\\nb\\tc\\rd"),
            (b"\x1b[2J\x07\x7f\0", "\\x1b[2J\\x07\\x7f\\x00"),
            (b"\xff\xc3", "\\xff\\xc3"),
            (
                "\u{9b}31m\u{202e}\u{2066}\u{feff}".as_bytes(),
                "\\u{9b}31m\\u{202e}\\u{2066}\\u{feff}",
            ),
        ] {
            assert_eq!(escaped(bytes), expected);
            let mut out = b"x".to_vec();
            escape_into(bytes, &mut out);
            assert_eq!(out, [b"x", expected.as_bytes()].concat());
        }
    }
}
