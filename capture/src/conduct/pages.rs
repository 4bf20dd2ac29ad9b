//! Memory that only starting took.

/// Where the program's own file is mapped: what is still needed of it comes back from the file when it is. Of some 21 MB of text,
/// most of it for runtimes, Kubernetes and configuration, a recorder under load needs 4 (`Referenced` of /proc/PID/smaps).
///
/// Only what is mapped to be read or executed and never written to: text, and the constants before it. What the loader has
/// relocated is behind the text, and would be lost.
pub(crate) struct OwnPages(Vec<(usize, usize)>);

impl OwnPages {
    /// To be found before the recorder confines itself: then it cannot look at its mappings.
    pub(crate) fn find() -> OwnPages {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
        let program = std::fs::read_link("/proc/self/exe").unwrap_or_default();
        let own = maps.lines().filter_map(Mapping::parse);
        let own = own.filter(|mapping| std::path::Path::new(mapping.file) == program && mapping.is_constant());
        OwnPages(own.map(|mapping| (mapping.from, mapping.to)).collect())
    }

    /// Lets go of them.
    pub(crate) fn forget(&self) {
        for (from, to) in &self.0 {
            // SAFETY: a private mapping of a file that nobody writes to: its pages have the file's content again.
            unsafe { libc::madvise(*from as *mut libc::c_void, to - from, libc::MADV_DONTNEED) };
        }
    }
}

/// A line of /proc/PID/maps.
struct Mapping<'a> {
    from: usize,
    to: usize,
    rights: &'a str,
    offset: u64,
    file: &'a str,
}

impl<'a> Mapping<'a> {
    fn parse(line: &'a str) -> Option<Mapping<'a>> {
        let mut words = line.split_ascii_whitespace();
        let (from, to) = words.next()?.split_once('-')?;
        let hex = |text| usize::from_str_radix(text, 16).ok();
        Some(Mapping {
            from: hex(from)?,
            to: hex(to)?,
            rights: words.next()?,
            offset: u64::from_str_radix(words.next()?, 16).ok()?,
            // Behind device and inode; a name with spaces is not found, and its pages stay.
            file: words.nth(2)?,
        })
    }

    fn is_constant(&self) -> bool {
        self.rights == "r-xp" || (self.rights == "r--p" && self.offset == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_loader_has_written_to_stays() {
        let constant = |line| Mapping::parse(line).map(|mapping| mapping.is_constant());
        for (line, expected) in [
            ("1000-2000 r--p 00000000 fe:00 7 /usr/bin/capture", Some(true)),
            ("2000-9000 r-xp 00001000 fe:00 7 /usr/bin/capture", Some(true)),
            ("9000-a000 r--p 00008000 fe:00 7 /usr/bin/capture", Some(false)),
            ("a000-b000 rw-p 00009000 fe:00 7 /usr/bin/capture", Some(false)),
            ("b000-c000 rw-p 00000000 00:00 0", None),
        ] {
            assert_eq!(constant(line), expected, "{line}");
        }
    }

    #[test]
    fn the_program_goes_on() {
        let pages = OwnPages::find();
        assert!(!pages.0.is_empty());
        pages.forget();
        assert_eq!(format!("{:?}", [1.5, 2.0]), "[1.5, 2.0]");
    }
}
