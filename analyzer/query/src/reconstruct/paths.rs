//! Which files are noise, and which matter to whoever looks for an intrusion. Nothing here is taken from one incident:
//! both lists name what every Linux system has.

/// How a path is recognised.
enum Rule {
    /// The whole path.
    Is(&'static str),
    /// It lies below this directory, or has this beginning.
    Below(&'static str),
    /// It has this in it.
    Has(&'static str),
    /// It ends so.
    Ends(&'static str),
    /// The name behind the last slash.
    Name(&'static str),
}

use Rule::{Below, Ends, Has, Is, Name};

impl Rule {
    fn fits(&self, path: &[u8]) -> bool {
        match self {
            Is(text) => path == text.as_bytes(),
            Below(text) => path.starts_with(text.as_bytes()),
            Has(text) => memchr::memmem::find(path, text.as_bytes()).is_some(),
            Ends(text) => path.ends_with(text.as_bytes()),
            Name(text) => name(path) == text.as_bytes(),
        }
    }
}

/// The name behind the last slash.
pub(super) fn name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

/// The directory that a path is in, without a slash at the end.
pub(super) fn directory(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(0) | None => b"",
        Some(at) => &path[..at],
    }
}

#[rustfmt::skip]
const NOISE: &[Rule] = &[
    Below("/proc/"), Is("/proc"), Below("/sys/"), Is("/sys"),
    Is("/dev/null"), Is("/dev/zero"), Is("/dev/full"), Is("/dev/random"), Is("/dev/urandom"), Is("/dev/tty"),
    Is("/dev/ptmx"), Is("/dev/console"), Below("/dev/pts/"), Below("/dev/fd/"),
    Below("/etc/ld.so."), Below("/etc/ld-musl-"), Is("/etc/nsswitch.conf"), Is("/etc/localtime"), Is("/etc/timezone"),
    Is("/etc/host.conf"), Is("/etc/gai.conf"), Is("/etc/resolv.conf"), Is("/etc/hosts"), Is("/etc/services"),
    Is("/etc/protocols"), Is("/etc/locale.alias"), Is("/etc/inputrc"), Below("/etc/terminfo/"), Is("/etc/ssl/openssl.cnf"),
    Below("/usr/share/locale"), Below("/usr/lib/locale"), Below("/usr/share/zoneinfo"), Below("/usr/share/terminfo/"),
    Below("/lib/terminfo/"), Below("/usr/lib/terminfo/"), Has("/gconv/"), Has("/gconv-modules"), Has("/LC_MESSAGES/"),
    Below("/var/run/nscd/"), Below("/run/nscd/"),
    Below("/etc/ssl/certs/"), Below("/usr/share/ca-certificates/"), Name("ca-certificates.crt"), Name("cacert.pem"),
    Below("/etc/pam.d/"), Is("/etc/pam.conf"), Below("/etc/security/"), Is("/etc/login.defs"), Is("/etc/environment"),
    Below("/etc/default/locale"), Ends(".so"), Ends(".pyc"), Ends(".pth"), Name("pyvenv.cfg"), Name("openssl.cnf"),
];

/// Whether reading a file says nothing about what a program is up to.
pub(super) fn is_noise(path: &[u8]) -> bool {
    path.is_empty() || NOISE.iter().any(|rule| rule.fits(path)) || is_versioned_library(path)
}

/// `libc.so.6`, `libssl.so.1.1`.
fn is_versioned_library(path: &[u8]) -> bool {
    let name = name(path);
    memchr::memmem::find(name, b".so.")
        .is_some_and(|at| name[at + 4..].iter().all(|b| b.is_ascii_digit() || *b == b'.'))
}

/// Devices that take anything and keep nothing: writing to them is noise, to all other files it is not.
pub(super) fn is_sink(path: &[u8]) -> bool {
    path.is_empty()
        || path == b"/dev/null"
        || path == b"/dev/tty"
        || path.starts_with(b"/dev/pts/")
        || path == b"/dev/console"
}

/// Files that matter when they are read, with the reason.
#[rustfmt::skip]
const READ: &[(Rule, &str)] = &[
    (Is("/etc/shadow"), "password hashes"), (Is("/etc/shadow-"), "password hashes"), (Is("/etc/gshadow"), "password hashes"),
    (Is("/etc/master.passwd"), "password hashes"), (Is("/etc/security/opasswd"), "password hashes"),
    (Is("/etc/sudoers"), "rules of sudo"), (Below("/etc/sudoers.d/"), "rules of sudo"),
    (Name("id_rsa"), "private key"), (Name("id_dsa"), "private key"), (Name("id_ecdsa"), "private key"),
    (Name("id_ed25519"), "private key"), (Below("/etc/ssl/private/"), "private key"), (Below("/etc/ssh/ssh_host_"), "host key"),
    (Ends(".key"), "key"), (Ends(".pem"), "key or certificate"), (Ends(".p12"), "key"), (Ends(".pfx"), "key"),
    (Ends(".jks"), "key"), (Ends(".kdbx"), "passwords"), (Ends(".keytab"), "Kerberos keys"), (Ends(".gpg"), "key"),
    (Has("/.gnupg/"), "keys"), (Has("/.ssh/"), "SSH configuration"), (Name("authorized_keys"), "SSH keys"),
    (Has("/.aws/"), "cloud credentials"), (Has("/.azure/"), "cloud credentials"), (Has("/gcloud/"), "cloud credentials"),
    (Has("/.kube/"), "cluster credentials"), (Has("/.docker/config.json"), "registry credentials"),
    (Below("/var/run/secrets/"), "mounted secrets"), (Below("/run/secrets/"), "mounted secrets"),
    (Has("/serviceaccount/"), "service account"), (Has("/.vault-token"), "credentials"),
    (Name(".netrc"), "credentials"), (Name(".git-credentials"), "credentials"), (Name(".pgpass"), "credentials"),
    (Name(".my.cnf"), "credentials"), (Name(".npmrc"), "credentials"), (Name(".pypirc"), "credentials"),
    (Name(".env"), "credentials"), (Name(".htpasswd"), "password hashes"), (Name("wp-config.php"), "credentials"),
    (Ends("_history"), "history of commands"),
    (Is("/proc/kcore"), "memory of the kernel"), (Is("/dev/mem"), "memory"), (Is("/dev/kmem"), "memory of the kernel"),
    (Is("/proc/kallsyms"), "addresses of the kernel"), (Has("/proc/1/root"), "file system of another process"),
    (Below("/dev/sd"), "disk"), (Below("/dev/vd"), "disk"), (Below("/dev/xvd"), "disk"), (Below("/dev/nvme"), "disk"),
    (Below("/dev/dm-"), "disk"), (Below("/dev/mapper/"), "disk"),
];

/// Files that matter when they are written, with the reason.
#[rustfmt::skip]
const WRITTEN: &[(Rule, &str)] = &[
    (Is("/etc/passwd"), "users"), (Is("/etc/group"), "groups"), (Is("/etc/ld.so.preload"), "is loaded into every program"),
    (Below("/etc/ld.so.conf"), "where libraries are looked for"), (Has("/cron"), "runs at set times"),
    (Is("/etc/anacrontab"), "runs at set times"), (Below("/etc/systemd/"), "runs at boot"), (Below("/etc/init"), "runs at boot"),
    (Is("/etc/rc.local"), "runs at boot"), (Is("/etc/inittab"), "runs at boot"), (Below("/etc/profile"), "runs at login"),
    (Is("/etc/bash.bashrc"), "runs at login"), (Name(".bashrc"), "runs at login"), (Name(".profile"), "runs at login"),
    (Name(".bash_profile"), "runs at login"), (Name(".zshrc"), "runs at login"), (Below("/etc/pam"), "decides who may log in"),
    (Below("/etc/ssh/"), "SSH configuration"), (Is("/etc/hosts"), "names of hosts"), (Is("/etc/resolv.conf"), "names of hosts"),
    (Is("/proc/sys/kernel/core_pattern"), "is run by the kernel"), (Name("release_agent"), "is run by the kernel"),
    (Is("/proc/sys/kernel/modprobe"), "is run by the kernel"),
    (Below("/proc/sys/"), "settings of the kernel"), (Is("/proc/sysrq-trigger"), "commands to the kernel"),
    (Below("/bin/"), "program of the system"), (Below("/sbin/"), "program of the system"),
    (Below("/usr/bin/"), "program of the system"), (Below("/usr/sbin/"), "program of the system"),
    (Below("/lib/"), "library of the system"), (Below("/lib64/"), "library of the system"),
    (Below("/usr/lib/"), "library of the system"), (Below("/boot/"), "starts the system"),
];

/// Why a file matters when it is read, if it does.
pub(super) fn sensitive_to_read(path: &[u8]) -> Option<&'static str> {
    let found = READ.iter().find(|(rule, _)| rule.fits(path));
    match found {
        // Certificates of authorities are public, and every program that speaks TLS reads them.
        Some((Ends(_), _)) if is_noise(path) => None,
        Some((_, why)) => Some(why),
        None => of_another_process(path),
    }
}

/// Why a file matters when it is changed, if it does.
pub(super) fn sensitive_to_write(path: &[u8]) -> Option<&'static str> {
    let found = WRITTEN.iter().find(|(rule, _)| rule.fits(path));
    found.map(|(_, why)| *why).or_else(|| sensitive_to_read(path))
}

/// `/proc/PID/environ` and `/proc/PID/mem`.
fn of_another_process(path: &[u8]) -> Option<&'static str> {
    let rest = path.strip_prefix(b"/proc/")?;
    let (pid, file) = rest.split_at(rest.iter().position(|byte| *byte == b'/')?);
    match file {
        _ if !pid.iter().all(u8::is_ascii_digit) => None,
        b"/environ" => Some("environment of a process"),
        b"/mem" => Some("memory of a process"),
        _ => None,
    }
}

/// Why a Unix socket or an address matters, if it does.
pub(super) fn sensitive_to_connect(path: &[u8]) -> Option<&'static str> {
    const RUNTIMES: [&[u8]; 5] = [
        b"docker.sock",
        b"containerd.sock",
        b"crio.sock",
        b"podman.sock",
        b"dockershim.sock",
    ];
    RUNTIMES
        .contains(&name(path))
        .then_some("controls the container runtime")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise() {
        for (path, expected) in [
            ("/lib/x86_64-linux-gnu/libc.so.6", true),
            ("/usr/lib/libssl.so", true),
            ("/etc/ld.so.cache", true),
            ("/usr/lib/locale/C.utf8/LC_CTYPE", true),
            ("/proc/self/status", true),
            ("/dev/null", true),
            ("/etc/ssl/certs/ca-certificates.crt", true),
            ("", true),
            ("/etc/passwd", false),
            ("/srv/orders.csv", false),
            ("/tmp/.so.x", false),
            ("/home/a/.ssh/id_rsa", false),
            ("/procfile", false),
        ] {
            assert_eq!(is_noise(path.as_bytes()), expected, "{path}");
        }
    }

    #[test]
    fn what_matters() {
        for (path, read, written) in [
            ("/etc/shadow", Some("password hashes"), Some("password hashes")),
            ("/etc/passwd", None, Some("users")),
            ("/root/.ssh/id_ed25519", Some("private key"), Some("private key")),
            (
                "/proc/1/environ",
                Some("environment of a process"),
                Some("environment of a process"),
            ),
            ("/proc/self/environ", None, None),
            ("/etc/ssl/certs/x.pem", None, None),
            ("/srv/tls.pem", Some("key or certificate"), Some("key or certificate")),
            ("/usr/bin/ls", None, Some("program of the system")),
            ("/tmp/x", None, None),
        ] {
            assert_eq!(sensitive_to_read(path.as_bytes()), read, "{path}");
            assert_eq!(sensitive_to_write(path.as_bytes()), written, "{path}");
        }
        assert!(sensitive_to_connect(b"/var/run/docker.sock").is_some());
    }

    #[test]
    fn paths_come_apart() {
        for (path, dir, file) in [("/a/b", "/a", "b"), ("/a", "", "a"), ("a", "", "a"), ("/a/", "/a", "")] {
            assert_eq!(
                (directory(path.as_bytes()), name(path.as_bytes())),
                (dir.as_bytes(), file.as_bytes())
            );
        }
    }
}
