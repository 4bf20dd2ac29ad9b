//! Files as the kernel program found them: what a descriptor or an executable really is.

use super::Raw;
use afterimage_abi::{KernelPath, item, walk};
use afterimage_format::model::DescriptorType;

const S_IFMT: u16 = 0o170000;
const S_IFDIR: u16 = 0o040000;
const S_IFIFO: u16 = 0o010000;
const S_IFSOCK: u16 = 0o140000;

/// What the kernel adds to the path of an unlinked file (`d_path`, fs/d_path.c).
const DELETED: &[u8] = b" (deleted)";

/// A [`KernelPath`] with its names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct File<'a> {
    /// Descriptor number; -1: none.
    pub(crate) fd: i32,
    /// Inode number; 0: not asked for.
    pub(crate) ino: u64,
    mode: u16,
    marks: u16,
    names: &'a [u8],
}

impl<'a> File<'a> {
    /// The file in the bytes of an [`item::PATH`].
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<File<'a>> {
        let (head, names) = bytes.split_at_checked(size_of::<KernelPath>())?;
        Some(File {
            ino: u64::from_le_bytes(*head.first_chunk()?),
            fd: i32::from_le_bytes(*head.get(8..)?.first_chunk()?),
            mode: u16::from_le_bytes(*head.get(12..)?.first_chunk()?),
            marks: u16::from_le_bytes(*head.get(14..)?.first_chunk()?),
            names: names.strip_suffix(b"\0").unwrap_or(names),
        })
    }

    /// Whether the file had been unlinked.
    pub(crate) fn is_deleted(&self) -> bool {
        self.marks & walk::DELETED != 0
    }

    /// Whether it is a memfd: a regular file in no tree.
    pub(crate) fn is_memfd(&self) -> bool {
        self.marks & walk::NO_TREE != 0 && self.names.starts_with(b"memfd:")
    }

    /// Makes `out` the path as the task sees it. Above a path that is cut stands `...`; one outside the task's root begins
    /// with `(unreachable)`, as in /proc.
    pub(crate) fn path_into(&self, out: &mut Vec<u8>) {
        out.clear();
        if self.marks & walk::UNREACHABLE != 0 {
            out.extend_from_slice(b"(unreachable)");
        }
        if self.marks & walk::TOO_DEEP != 0 {
            out.extend_from_slice(b"...");
        }
        let above = out.len();
        for name in self
            .names
            .rsplit(|b| *b == 0)
            .filter(|name| !matches!(name, [] | [b'/']))
        {
            out.push(b'/');
            out.extend_from_slice(name);
        }
        if out.len() == above {
            out.push(b'/');
        }
        if self.is_deleted() {
            out.extend_from_slice(DELETED);
        }
    }

    /// Makes `out` the name of a descriptor of this file; returns its type and, for what has no name of its own, its
    /// inode.
    pub(crate) fn describe(&self, out: &mut Vec<u8>) -> (DescriptorType, u64) {
        let in_tree = self.marks & walk::NO_TREE == 0;
        let ty = match self.mode & S_IFMT {
            S_IFDIR => DescriptorType::Directory,
            S_IFIFO => DescriptorType::Pipe,
            S_IFSOCK if !in_tree => DescriptorType::Socket,
            _ if in_tree => DescriptorType::File,
            _ => match self.names {
                b"[eventfd]" => DescriptorType::Event,
                b"[eventpoll]" => DescriptorType::Eventpoll,
                b"[signalfd]" => DescriptorType::Signalfd,
                b"[timerfd]" => DescriptorType::Timerfd,
                b"[pidfd]" => DescriptorType::Pidfd,
                b"[io_uring]" => DescriptorType::IoUring,
                b"[userfaultfd]" => DescriptorType::Userfaultfd,
                b"inotify" | b"[fanotify]" => DescriptorType::Inotify,
                _ if self.is_memfd() => DescriptorType::Memfd,
                names if names.starts_with(b"bpf") => DescriptorType::Bpf,
                _ => DescriptorType::Unknown,
            },
        };
        if in_tree {
            self.path_into(out);
            // A FIFO has a name; its number tells which it is when that is used again.
            return (ty, if ty == DescriptorType::Pipe { self.ino } else { 0 });
        }
        out.clear();
        match ty {
            DescriptorType::Pipe => {
                out.extend_from_slice(format!("pipe:[{}]", self.ino).as_bytes());
                return (ty, self.ino);
            }
            DescriptorType::Socket => return (ty, self.ino),
            DescriptorType::Memfd => out.extend_from_slice(self.names),
            // As /proc names it: only its name tells what it is.
            DescriptorType::Unknown if self.names.starts_with(b"[") => {
                out.extend_from_slice(b"anon_inode:");
                out.extend_from_slice(self.names);
            }
            _ => {}
        }
        (ty, 0)
    }
}

impl<'a> Raw<'a> {
    /// The file of the descriptor that the call returned, or of the executable.
    pub(crate) fn file(&self) -> Option<File<'a>> {
        File::parse(self.bytes(item::PATH)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mode: u16, marks: u16, names: &str, ty: DescriptorType, name: &str) {
        let mut bytes = 77u64.to_le_bytes().to_vec();
        bytes.extend_from_slice(&3i32.to_le_bytes());
        bytes.extend_from_slice(&mode.to_le_bytes());
        bytes.extend_from_slice(&marks.to_le_bytes());
        bytes.extend_from_slice(names.as_bytes());
        let mut out = b"old".to_vec();
        let found = File::parse(&bytes).unwrap().describe(&mut out).0;
        assert_eq!((found, out.as_slice()), (ty, name.as_bytes()), "{names:?}");
    }

    #[test]
    fn paths_are_put_together_from_the_file_upwards() {
        let (file, directory) = (0o100644, 0o040755);
        check(file, 0, "passwd\0etc\0", DescriptorType::File, "/etc/passwd");
        check(directory, 0, "", DescriptorType::Directory, "/");
        check(
            directory,
            walk::UNREACHABLE,
            "/\0",
            DescriptorType::Directory,
            "(unreachable)/",
        );
        check(
            file,
            walk::DELETED,
            "x\0tmp\0",
            DescriptorType::File,
            "/tmp/x (deleted)",
        );
        check(file, walk::UNREACHABLE, "x\0", DescriptorType::File, "(unreachable)/x");
        check(
            file,
            walk::UNREACHABLE,
            "x\0/\0",
            DescriptorType::File,
            "(unreachable)/x",
        );
        check(file, walk::TOO_DEEP, "x\0y\0", DescriptorType::File, ".../y/x");
    }

    #[test]
    fn what_is_in_no_tree_is_told_by_its_kind() {
        check(0o010600, walk::NO_TREE, "\0", DescriptorType::Pipe, "pipe:[77]");
        check(0o140777, walk::NO_TREE, "\0", DescriptorType::Socket, "");
        check(0o100777, walk::NO_TREE, "memfd:x\0", DescriptorType::Memfd, "memfd:x");
        check(0o000600, walk::NO_TREE, "[eventfd]\0", DescriptorType::Event, "");
        check(
            0o000600,
            walk::NO_TREE,
            "[new]\0",
            DescriptorType::Unknown,
            "anon_inode:[new]",
        );
        assert_eq!(File::parse(b"short"), None);
    }
}
