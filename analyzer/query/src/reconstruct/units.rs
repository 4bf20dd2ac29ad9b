//! Command lines, sizes and lengths of time for people.

use super::paths;
use super::story::Program;
use crate::output::escaped;

/// A program's path with its arguments, quoted as for a shell and escaped. Where it was called by another name than its
/// own (a script by its interpreter), `argv` stands behind it.
pub fn command_line(program: &Program) -> String {
    let file_name = |path: &[u8]| paths::name(path).to_vec();
    let (called, args) = program
        .argv
        .split_first()
        .map_or((&[][..], &[][..]), |(first, rest)| (first.as_slice(), rest));
    let own_name = called.is_empty() || file_name(called) == file_name(&program.path);
    let mut out = match (program.path.is_empty(), own_name) {
        (true, _) => quoted(called),
        (false, true) => quoted(&program.path),
        (false, false) => format!("{} as {}", quoted(&program.path), quoted(called)),
    };
    for arg in args {
        out.push(' ');
        out.push_str(&quoted(arg));
    }
    if program.cut {
        out.push_str(" ... (cut)");
    }
    out
}

fn quoted(arg: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_@%+=:,./-~[]^".contains(byte) || *byte >= 0x80;
    let text = escaped(arg);
    if !arg.is_empty() && arg.iter().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// A number of bytes for people: `0 B`, `1.5 KiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A length of time in nanoseconds for people: `2.1 ms`, `61 s`.
pub fn duration(nanoseconds: u64) -> String {
    let value = nanoseconds as f64;
    match nanoseconds {
        0..1_000 => format!("{nanoseconds} ns"),
        1_000..1_000_000 => format!("{:.0} us", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} ms", value / 1e6),
        1_000_000_000..60_000_000_000 => format!("{:.2} s", value / 1e9),
        60_000_000_000..3_600_000_000_000 => format!("{:.1} min", value / 6e10),
        _ => format!("{:.1} h", value / 3.6e12),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations() {
        for (bytes, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            ((1 << 20) - 1, "1.0 MiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
        for (nanoseconds, expected) in [
            (999, "999 ns"),
            (2_100, "2 us"),
            (2_100_000, "2.1 ms"),
            (2_150_000_000, "2.15 s"),
            (90_000_000_000, "1.5 min"),
            (7_200_000_000_000, "2.0 h"),
        ] {
            assert_eq!(duration(nanoseconds), expected);
        }
    }

    #[test]
    fn command_lines_are_quoted_and_harmless() {
        for (path, argv, expected) in [
            (
                "/bin/sh",
                &["sh", "-c", "id; echo 'x'"][..],
                "/bin/sh -c 'id; echo '\\''x'\\'''",
            ),
            ("/tmp/x", &["/bin/sh", "/tmp/x"], "/tmp/x as /bin/sh /tmp/x"),
            ("/bin/ls", &["/bin/ls", ""], "/bin/ls ''"),
            ("/bin/ls", &["ls", "\u{1b}[2J"], "/bin/ls '\\x1b[2J'"),
            ("", &["sh"], "sh"),
            ("/bin/bash", &["-bash"], "/bin/bash as -bash"),
        ] {
            let argv = argv.iter().map(|arg| arg.as_bytes().to_vec()).collect();
            assert_eq!(
                command_line(&Program {
                    path: path.into(),
                    argv,
                    cut: false
                }),
                expected
            );
        }
    }
}
