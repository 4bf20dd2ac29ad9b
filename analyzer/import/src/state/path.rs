//! Paths made absolute.

/// `path` relative to `directory`, which ends with a slash, without `.`, `..` and empty parts.
pub(crate) fn joined(directory: &[u8], path: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(directory.len() + path.len() + 1);
    if path.first() != Some(&b'/') {
        out.extend_from_slice(directory);
    } else {
        out.push(b'/');
    }
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                // The slash at the end, then up to the one before.
                out.pop();
                let keep = out.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
                out.truncate(keep);
                if out.is_empty() {
                    out.push(b'/');
                }
            }
            part => {
                // Control characters cannot be told from a terminal's own.
                out.extend(
                    part.iter()
                        .map(|byte| if byte.is_ascii_control() { b'.' } else { *byte }),
                );
                out.push(b'/');
            }
        }
    }
    if out.len() > 1 && out.last() == Some(&b'/') {
        out.pop();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn paths_are_joined() {
        for (directory, path, expected) in [
            ("/", "/etc/passwd", "/etc/passwd"),
            ("/home/a/", "b/../c", "/home/a/c"),
            ("/home/a/", "../../..", "/"),
            ("/home/a/", "./x//y/", "/home/a/x/y"),
            ("/home/a/", ".", "/home/a"),
            ("", "x", "x"),
            ("/", "", "/"),
            ("/tmp/", "x", "/tmp/x"),
        ] {
            assert_eq!(
                String::from_utf8(joined(directory.as_bytes(), path.as_bytes())).unwrap(),
                expected
            );
        }
    }
}
