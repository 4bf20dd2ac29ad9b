//! The machine, for the header.

use afterimage_format::model::{Accounts, Group, Host, User};
use std::fs;

/// What this machine says about itself; what cannot be read is left empty.
pub(crate) fn describe() -> Host {
    let read = |path: &str| {
        fs::read_to_string(path)
            .map(|t| t.trim().to_owned())
            .unwrap_or_default()
    };
    Host {
        hostname: read("/proc/sys/kernel/hostname"),
        machine_id: read("/etc/machine-id"),
        boot_id: read("/proc/sys/kernel/random/boot_id"),
        kernel: read("/proc/sys/kernel/osrelease"),
        arch: std::env::consts::ARCH.to_owned(),
        cpus: std::thread::available_parallelism().map_or(0, |n| n.get() as u32),
    }
}

/// Users and groups that are kept at most, so that a header stays small.
const MAX_ACCOUNTS: usize = 10_000;

/// Names of this host's users and groups, for processes that run in no container: events have numbers.
pub(crate) fn accounts() -> Accounts {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    accounts_of(&read("/etc/passwd"), &read("/etc/group"))
}

/// From the text of passwd(5) and group(5); lines of another form are left out.
fn accounts_of(passwd: &str, group: &str) -> Accounts {
    let user = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        let (home, shell) = (fields.nth(1)?.to_owned(), fields.next()?.to_owned());
        Some(User {
            uid,
            gid,
            name,
            home,
            shell,
            container: 0,
        })
    };
    let group_of = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let gid = fields.nth(1)?.parse().ok()?;
        Some(Group {
            gid,
            name,
            container: 0,
        })
    };
    Accounts {
        users: passwd.lines().filter_map(user).take(MAX_ACCOUNTS).collect(),
        groups: group.lines().filter_map(group_of).take(MAX_ACCOUNTS).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_read_line_by_line() {
        let found = accounts_of(
            "root:x:0:0:root:/root:/bin/bash\n# no user\nweb:x:33:34:,,,:/var/www:/usr/sbin/nologin\nbad:x:y:0::/:/\n",
            "root:x:0:\nweb:x:34:root,web\n+\n",
        );
        let users: Vec<_> = found
            .users
            .iter()
            .map(|user| (user.uid, user.gid, &*user.name, &*user.home, &*user.shell))
            .collect();
        assert_eq!(
            users,
            [
                (0, 0, "root", "/root", "/bin/bash"),
                (33, 34, "web", "/var/www", "/usr/sbin/nologin")
            ]
        );
        let groups: Vec<_> = found.groups.iter().map(|group| (group.gid, &*group.name)).collect();
        assert_eq!(groups, [(0, "root"), (34, "web")]);
        assert!(accounts().users.iter().any(|user| user.uid == 0));
    }
}
