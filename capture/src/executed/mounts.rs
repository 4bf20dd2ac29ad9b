//! Where a file of a container lies on the host.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// One line of /proc/PID/mountinfo (proc_pid_mountinfo(5)).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mount {
    id: u64,
    device: Vec<u8>,
    root: Vec<u8>,
    place: Vec<u8>,
    overlay: Option<Layers>,
}

/// Directories of an overlay.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Layers {
    upper: Option<PathBuf>,
    lower: Vec<PathBuf>,
}

/// The path of an open file of process `pid` in the recorder's own mount namespace. `None`: it has none, or it cannot be told.
///
/// Nothing is remembered of a namespace: when one has gone, the next has its number, and the numbers of its mounts. That of
/// this file's mount nobody else has while the file is open.
pub(super) fn host_path(file: &File, pid: u32) -> Option<Vec<u8>> {
    let link = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).ok()?;
    let seen = link.as_os_str().as_bytes();
    let seen = seen.strip_suffix(b" (deleted)").unwrap_or(seen);
    let namespace = fs::read_link(format!("/proc/{pid}/ns/mnt")).ok()?;
    if namespace == fs::read_link("/proc/self/ns/mnt").ok()? {
        return seen.starts_with(b"/").then(|| seen.to_vec());
    }
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", file.as_raw_fd())).ok()?;
    let id = info.lines().find_map(|l| l.strip_prefix("mnt_id:"))?;
    let id: u64 = id.trim().parse().ok()?;
    let mounts = parse(&fs::read(format!("/proc/{pid}/mountinfo")).ok()?);
    let mount = mounts.into_iter().find(|mount| mount.id == id)?;
    let inside = below(seen, &mount.place)?;
    match &mount.overlay {
        Some(layers) => layers.find(&inside),
        None => on_host(&mount, &inside),
    }
}

/// What of a path is below a directory, with its slash.
fn below(path: &[u8], directory: &[u8]) -> Option<Vec<u8>> {
    let rest = path.strip_prefix(directory.strip_suffix(b"/").unwrap_or(directory))?;
    (rest.is_empty() || rest.starts_with(b"/")).then(|| rest.to_vec())
}

impl Layers {
    /// The layer that has a file, the upper one first. One that was deleted was in the upper one: in the others nothing
    /// can be deleted.
    fn find(&self, inside: &[u8]) -> Option<Vec<u8>> {
        let at = |layer: &PathBuf| [layer.as_os_str().as_bytes(), inside].concat();
        let exists = |path: &Vec<u8>| Path::new(std::ffi::OsStr::from_bytes(path)).symlink_metadata().is_ok();
        let mut layers = self.upper.iter().chain(&self.lower).map(at);
        layers.find(exists).or_else(|| self.upper.as_ref().map(at))
    }
}

/// The path of a file of another namespace's mount, where the host has the same device mounted.
fn on_host(mount: &Mount, inside: &[u8]) -> Option<Vec<u8>> {
    let in_device = [mount.root.strip_suffix(b"/").unwrap_or(&mount.root), inside].concat();
    let own = parse(&fs::read("/proc/self/mountinfo").ok()?);
    let mut places = own.iter().filter(|own| own.device == mount.device).filter_map(|own| {
        Some(
            [
                own.place.strip_suffix(b"/").unwrap_or(&own.place),
                &below(&in_device, &own.root)?,
            ]
            .concat(),
        )
    });
    places.next()
}

fn parse(text: &[u8]) -> Vec<Mount> {
    text.split(|b| *b == b'\n').filter_map(line).collect()
}

/// `36 35 98:0 /root /place rw,noatime shared:1 - ext4 /dev/root rw`
fn line(text: &[u8]) -> Option<Mount> {
    let fields: Vec<&[u8]> = text.split(|b| *b == b' ').collect();
    let dash = fields.iter().position(|f| *f == b"-")?;
    let kind = *fields.get(dash + 1)?;
    let options = *fields.get(dash + 3)?;
    let option = |name: &'static [u8]| {
        options
            .split(|b| *b == b',')
            .filter_map(move |o| o.strip_prefix(name))
            .map(unescape)
    };
    let path = |bytes: Vec<u8>| PathBuf::from(<std::ffi::OsStr as OsStrExt>::from_bytes(&bytes));
    let overlay = (kind == b"overlay").then(|| Layers {
        upper: option(b"upperdir=").next().map(path),
        // Since 6.5 each layer may have an option of its own.
        lower: option(b"lowerdir+=")
            .chain(
                option(b"lowerdir=").flat_map(|all| all.split(|b| *b == b':').map(<[u8]>::to_vec).collect::<Vec<_>>()),
            )
            .map(path)
            .collect(),
    });
    Some(Mount {
        id: std::str::from_utf8(fields.first()?).ok()?.parse().ok()?,
        device: fields.get(2)?.to_vec(),
        root: unescape(fields.get(3)?),
        place: unescape(fields.get(4)?),
        overlay,
    })
}

/// Spaces and the like stand as `\040`.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind
            .get(..3)
            .filter(|d| *first == b'\\' && d.iter().all(|d| (b'0'..b'8').contains(d)));
        match digits {
            Some(digits) => {
                out.push(
                    digits
                        .iter()
                        .fold(0u8, |value, d| value.wrapping_mul(8).wrapping_add(d - b'0')),
                );
                rest = behind.get(3..).unwrap_or_default();
            }
            None => {
                out.push(*first);
                rest = behind;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_mountinfo() {
        let text = b"36 35 98:0 /a\\040b /mnt/x rw shared:1 - ext4 /dev/root rw\n\
            40 36 0:51 / / rw - overlay overlay rw,lowerdir=/l/1:/l/2,upperdir=/u,workdir=/w\n\
            nonsense\n";
        let mounts = parse(text);
        assert_eq!(mounts.len(), 2);
        assert_eq!((mounts[0].id, mounts[0].root.as_slice()), (36, b"/a b".as_slice()));
        let layers = mounts[1].overlay.as_ref().unwrap();
        assert_eq!(layers.upper, Some(PathBuf::from("/u")));
        assert_eq!(layers.lower, [PathBuf::from("/l/1"), PathBuf::from("/l/2")]);
        assert_eq!(layers.find(b"/gone"), Some(b"/u/gone".to_vec()));
    }

    #[test]
    fn what_is_below_a_directory() {
        for (path, directory, expected) in [
            ("/usr/bin/x", "/usr", Some("/bin/x")),
            ("/usr/bin/x", "/", Some("/usr/bin/x")),
            ("/usrx", "/usr", None),
        ] {
            let found = below(path.as_bytes(), directory.as_bytes());
            assert_eq!(found.as_deref(), expected.map(str::as_bytes));
        }
    }

    #[test]
    fn a_file_of_the_recorders_own_namespace_is_where_it_is() {
        let file = File::open("/proc/self/exe").unwrap();
        let path = std::env::current_exe().unwrap();
        let found = host_path(&file, std::process::id());
        assert_eq!(found.as_deref(), Some(path.as_os_str().as_bytes()));
    }
}
