//! File modes by name.

const NAMES: [(i64, &str); 12] = [
    (0o001, "S_IXOTH"),
    (0o002, "S_IWOTH"),
    (0o004, "S_IROTH"),
    (0o010, "S_IXGRP"),
    (0o020, "S_IWGRP"),
    (0o040, "S_IRGRP"),
    (0o100, "S_IXUSR"),
    (0o200, "S_IWUSR"),
    (0o400, "S_IRUSR"),
    (0o1000, "S_ISVTX"),
    (0o2000, "S_ISGID"),
    (0o4000, "S_ISUID"),
];

/// The permission bits of a mode, joined with `|`; empty for none.
pub(super) fn names(mode: i64) -> String {
    let names: Vec<&str> = NAMES
        .iter()
        .filter(|(bit, _)| mode & bit != 0)
        .map(|(_, name)| *name)
        .collect();
    names.join("|")
}
