//! Paths as bytes.

/// [`join_into`] a new vector.
pub(crate) fn join(base: &[u8], path: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    join_into(&mut out, base, path);
    out
}

/// Makes `out` the path `path` seen from directory `base`; `.`, `..` and doubled slashes are resolved by text (symbolic
/// links are not followed). Empty where the base is needed and not known.
pub(crate) fn join_into(out: &mut Vec<u8>, base: &[u8], path: &[u8]) {
    out.clear();
    let absolute = path.first() == Some(&b'/');
    if !absolute && base.first() != Some(&b'/') {
        return;
    }
    let parts = (if absolute { &[][..] } else { base })
        .split(|b| *b == b'/')
        .chain(path.split(|b| *b == b'/'));
    for part in parts {
        match part {
            b"" | b"." => {}
            b".." => out.truncate(out.iter().rposition(|b| *b == b'/').unwrap_or(0)),
            _ => {
                out.push(b'/');
                out.extend_from_slice(part);
            }
        }
    }
    if out.is_empty() {
        out.push(b'/');
    }
}

/// A path for a message: control characters escaped.
pub(crate) fn show(path: &[u8]) -> String {
    String::from_utf8_lossy(path).escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_as_the_kernel_walks() {
        for (base, path, expected) in [
            ("/srv", "a/b", "/srv/a/b"),
            ("/srv", "/etc/./passwd", "/etc/passwd"),
            ("/srv/x", "../y", "/srv/y"),
            ("/", "../..", "/"),
            ("/srv", "", "/srv"),
            ("/", "tmp//x/", "/tmp/x"),
            ("", "relative", ""),
            ("", "/absolute", "/absolute"),
        ] {
            assert_eq!(
                join(base.as_bytes(), path.as_bytes()),
                expected.as_bytes(),
                "{base} {path}"
            );
        }
    }
}
