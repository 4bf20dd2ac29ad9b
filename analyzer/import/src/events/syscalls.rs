//! System calls by the number that sysdig gives them, for events that have no code of their own.

use super::table::category;
use afterimage_format::model::Category;
use std::sync::LazyLock;

/// A system call.
#[derive(Debug, Clone, Copy)]
pub struct Syscall {
    /// Its name.
    pub name: &'static str,
    /// What it is about.
    pub category: Category,
    /// Its number on x86-64, where it has one.
    pub native: Option<u16>,
}

static TABLE: LazyLock<Vec<Option<Syscall>>> = LazyLock::new(|| {
    let mut table = Vec::new();
    let lines = include_str!("../../data/syscalls.tsv").lines();
    for line in lines.filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        let mut column = || columns.next().unwrap_or_default();
        let (Ok(number), name, about, native) = (column().parse::<usize>(), column(), column(), column()) else {
            continue;
        };
        if table.len() <= number {
            table.resize(number + 1, None);
        }
        table[number] = Some(Syscall {
            name,
            category: category(about),
            native: native.parse().ok(),
        });
    }
    table
});

/// The call with this number.
pub fn syscall(number: u16) -> Option<Syscall> {
    TABLE.get(usize::from(number)).copied().flatten()
}

/// The number on x86-64 of the call with this name.
pub(super) fn native_number(name: &str) -> Option<u16> {
    let name = match name {
        "pread" => "pread64",
        "pwrite" => "pwrite64",
        "prlimit" => "prlimit64",
        "umount" => "umount2",
        "send" => "sendto",
        "recv" => "recvfrom",
        "llseek" => "lseek",
        "mmap2" => "mmap",
        "stat64" => "stat",
        "lstat64" => "lstat",
        "fstat64" => "fstat",
        name => name,
    };
    TABLE.iter().flatten().find(|call| call.name == name)?.native
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_have_their_names_and_numbers() {
        let of = |number| syscall(number).map(|call| (call.name, call.native));
        assert_eq!(of(0), Some(("<unknown>", None)));
        assert_eq!(of(3), Some(("read", Some(0))));
        assert_eq!(of(324), Some(("execve", Some(59))));
        assert_eq!(of(60_000), None);
    }
}
