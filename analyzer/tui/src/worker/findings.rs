//! What a responder wants to see first: behaviour that is rare in containers that do their work, and common in those that
//! were taken over. Filters like any other; the techniques are ATT&CK's for containers and Linux (attack.mitre.org).

/// Something to look for.
pub(super) struct Rule {
    /// What it is.
    pub(super) name: &'static str,
    /// Techniques, separated by spaces.
    pub(super) technique: &'static str,
    /// How bad it is, 0 the worst.
    pub(super) rank: u8,
    /// The filter.
    pub(super) condition: &'static str,
    /// Fields of the first event that are shown.
    pub(super) shows: &'static [&'static str],
}

const COMMAND: &[&str] = &["proc.pname", "proc.cmdline"];
const FILE: &[&str] = &["proc.name", "fd.name"];
const PATH: &[&str] = &["proc.name", "evt.info"];

/// All of them.
pub(super) static RULES: &[Rule] = &[
    Rule {
        name: "program from memory",
        technique: "T1620",
        rank: 0,
        condition: "evt.type in (execve, execveat) and evt.dir = < and proc.is_exe_from_memfd = true",
        shows: COMMAND,
    },
    Rule {
        name: "program that is not in the image",
        technique: "T1105 T1204",
        rank: 0,
        condition: "evt.type in (execve, execveat) and evt.dir = < and evt.failed = false and \
                    (proc.is_exe_upper_layer = true or proc.exepath startswith /tmp/ or proc.exepath startswith /dev/shm/ or \
                    proc.exepath startswith /var/tmp/ or proc.exepath startswith /run/)",
        shows: COMMAND,
    },
    Rule {
        name: "shell started by a server",
        technique: "T1190 T1059.004",
        rank: 0,
        condition: "evt.type in (execve, execveat) and evt.dir = < and evt.failed = false and \
                    proc.name in (sh, bash, dash, ash, zsh, ksh, busybox) and \
                    proc.pname in (httpd, nginx, apache2, lighttpd, caddy, node, java, php, php-fpm, python, python3, ruby, \
                    gunicorn, uwsgi, tomcat, mysqld, postgres, redis-server, mongod)",
        shows: COMMAND,
    },
    Rule {
        name: "secrets read",
        technique: "T1003.008 T1552",
        rank: 0,
        condition: "evt.type in (open, openat, openat2) and evt.dir = < and evt.failed = false and \
                    (fd.name in (/etc/shadow, /etc/gshadow, /etc/sudoers, /etc/shadow-) or fd.name glob */.ssh/id_* or \
                    fd.name glob */.aws/credentials or fd.name glob */.docker/config.json or fd.name glob */.kube/config or \
                    fd.name startswith /var/run/secrets/kubernetes.io/ or fd.name startswith /run/secrets/)",
        shows: FILE,
    },
    Rule {
        name: "cloud credentials asked for",
        technique: "T1552.005",
        rank: 0,
        condition: "evt.type = connect and fd.sip in (169.254.169.254, 169.254.170.2, 100.100.100.200)",
        shows: FILE,
    },
    Rule {
        name: "escape from the container prepared",
        technique: "T1611",
        rank: 0,
        condition: "container.id != host and evt.dir = < and evt.failed = false and proc.name != runc and \
                    not proc.name startswith runc: and \
                    (evt.type in (init_module, finit_module, kexec_load) or \
                    evt.type in (open, openat, openat2) and evt.is_open_write = true and \
                    (fd.name glob /proc/sys/kernel/core_pattern or fd.name glob *release_agent or fd.name startswith /dev/sd or \
                    fd.name glob */docker.sock or fd.name glob */containerd.sock))",
        shows: PATH,
    },
    Rule {
        name: "memory of another process",
        technique: "T1055.008",
        rank: 1,
        condition: "evt.dir = < and evt.failed = false and evt.type in (ptrace, process_vm_writev)",
        shows: PATH,
    },
    Rule {
        name: "accounts or start of the system changed",
        technique: "T1136 T1053.003 T1543.002",
        rank: 1,
        condition: "evt.type in (open, openat, openat2) and evt.dir = < and evt.failed = false and evt.is_open_write = true and \
                    (fd.name in (/etc/passwd, /etc/shadow, /etc/sudoers, /etc/ld.so.preload, /etc/crontab, /etc/profile) or \
                    fd.name startswith /etc/cron. or fd.name startswith /var/spool/cron or fd.name startswith /etc/systemd/ or \
                    fd.name startswith /etc/sudoers.d/ or fd.name glob */.ssh/authorized_keys or fd.name glob */.bashrc)",
        shows: FILE,
    },
    Rule {
        name: "tool for data over the network",
        technique: "T1105 T1041",
        rank: 1,
        condition: "evt.type in (execve, execveat) and evt.dir = < and evt.failed = false and \
                    proc.name in (curl, wget, nc, ncat, netcat, socat, scp, sftp, ftp, tftp, rsync, telnet)",
        shows: COMMAND,
    },
    Rule {
        name: "scan or survey tool",
        technique: "T1046 T1082",
        rank: 2,
        condition: "evt.type in (execve, execveat) and evt.dir = < and evt.failed = false and \
                    proc.name in (nmap, masscan, zmap, tcpdump, whoami, id, uname, hostname, ifconfig, netstat, ss, capsh, amicontained)",
        shows: COMMAND,
    },
    Rule {
        name: "package manager or compiler",
        technique: "T1072 T1027.004",
        rank: 2,
        condition: "container.id != host and evt.type in (execve, execveat) and evt.dir = < and evt.failed = false and \
                    proc.name in (apt, apt-get, dpkg, yum, dnf, rpm, apk, pip, pip3, npm, gem, gcc, cc, g++, make, go, cargo)",
        shows: COMMAND,
    },
    Rule {
        name: "traces removed",
        technique: "T1070",
        rank: 1,
        condition: "evt.type in (unlink, unlinkat, rename, renameat, renameat2, truncate) and evt.dir = < and evt.failed = false and \
                    (fs.path.name glob */.*_history or fs.path.name startswith /var/log/ or fs.path.name startswith /tmp/.)",
        shows: PATH,
    },
    Rule {
        name: "became another user",
        technique: "T1548",
        rank: 2,
        condition: "evt.type in (execve, execveat) and evt.dir = < and evt.failed = false and \
                    (proc.is_exe_setuid = true or proc.name in (su, sudo, doas, pkexec))",
        shows: COMMAND,
    },
    Rule {
        name: "connection to an outside server",
        technique: "T1071 T1041",
        rank: 2,
        condition: "evt.type = connect and evt.dir = < and fd.type in (ipv4, ipv6) and \
                    not fd.snet in (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 127.0.0.0/8, 169.254.0.0/16, 0.0.0.0/8, \
                    100.64.0.0/10, \"::1\", \"fc00::/7\", \"fe80::/10\")",
        shows: FILE,
    },
    Rule {
        name: "entered by an exec",
        technique: "T1609",
        rank: 2,
        condition: "evt.type in (execve, execveat) and evt.dir = < and evt.failed = false and container.entry = exec and \
                    proc.tty > 0",
        shows: COMMAND,
    },
    Rule {
        name: "not allowed",
        technique: "T1068",
        rank: 3,
        condition: "evt.failed = true and evt.res in (EPERM, EACCES)",
        shows: PATH,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use afterimage_query::{Filter, Format, Settings};

    #[test]
    fn every_rule_compiles() {
        for rule in RULES {
            if let Err(error) = Filter::compile(rule.condition, &Settings::default()) {
                panic!("{}: {}", rule.name, error.render(rule.condition));
            }
            for field in rule.shows {
                assert!(Format::field(field).is_ok(), "{}: {field}", rule.name);
            }
        }
    }
}
