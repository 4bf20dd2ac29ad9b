//! Sockets and directories that are not conventional, from the command lines of the processes around a container.

use super::Hints;
use super::read::is_name;
use crate::settings::{Kind, Roots, Socket, usual};
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Generations above the container's process that are looked at.
const GENERATIONS: usize = 8;
/// Bytes of a command line: those of Podman's conmon are long.
const COMMAND_MAX: u64 = 64 << 10;
/// Processes that are looked at in search of daemons.
const PROCESSES_MAX: usize = 65_536;

/// What the ancestors of `pid` say about container `id`.
pub(super) fn hints(proc: &Path, pid: u32, id: &str) -> Hints {
    let mut hints = Hints::default();
    let mut at = pid;
    for _ in 0..GENERATIONS {
        let folder = proc.join(at.to_string());
        // The container's own processes may say what they like, and make whoever reads their command line wait.
        if is_outside(&folder, id) {
            let before = hints.sockets.len();
            apply(&mut hints, &command(&folder), &folder, id);
            if !is_roots(&folder) {
                // Files of other users are read for what they are; a socket of theirs could speak for any container.
                hints.sockets.truncate(before);
            }
        }
        match parent(&folder) {
            Some(above) if above > 1 => at = above,
            _ => break,
        }
    }
    hints
}

/// Daemons that run here: their sockets and directories. Only root's processes that see the host's files count.
pub(crate) fn daemons(proc: &Path) -> (Vec<Socket>, Roots) {
    let mut hints = Hints::default();
    let ours = std::fs::read_link(proc.join("self/ns/mnt")).ok();
    let processes = std::fs::read_dir(proc).into_iter().flatten().flatten();
    for process in processes.take(PROCESSES_MAX) {
        let folder = process.path();
        let name = text(&folder.join("comm"), 64).unwrap_or_default();
        if !matches!(name.trim_end(), "dockerd" | "containerd" | "crio" | "podman") {
            continue;
        }
        if is_roots(&folder) && ours.is_some() && std::fs::read_link(folder.join("ns/mnt")).ok() == ours {
            of_daemon(&mut hints, &command(&folder));
        }
    }
    (hints.sockets, hints.roots)
}

/// Whether a process is not in the container's cgroup.
fn is_outside(folder: &Path, id: &str) -> bool {
    text(&folder.join("cgroup"), COMMAND_MAX).is_some_and(|groups| !is_in(&groups, id))
}

/// Whether a path of these control groups leads through the container's: `…/ID`, `…/docker-ID.scope`, `…/prefix:ID`. Ids of
/// bare runtimes are short, and may be a part of any other name.
fn is_in(groups: &str, id: &str) -> bool {
    groups.split(['/', '\n']).any(|part| {
        let part = part.strip_suffix(".scope").unwrap_or(part);
        let before = part.strip_suffix(id);
        before.is_some_and(|before| before.is_empty() || before.ends_with(['-', ':']))
    })
}

/// Field 4 of `stat`; the name before it may contain anything.
fn parent(folder: &Path) -> Option<u32> {
    let stat = text(&folder.join("stat"), 4096)?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn command(folder: &Path) -> Vec<String> {
    let text = text(&folder.join("cmdline"), COMMAND_MAX).unwrap_or_default();
    text.split_terminator('\0').map(str::to_owned).collect()
}

fn text(path: &Path, max: u64) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(max).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn is_roots(folder: &Path) -> bool {
    std::fs::metadata(folder).is_ok_and(|m| m.uid() == 0)
}

/// What one command line says.
fn apply(hints: &mut Hints, command: &[String], folder: &Path, id: &str) {
    let Some(program) = command.first().and_then(|p| Path::new(p).file_name()?.to_str()) else {
        return;
    };
    let option = |names: &[&str]| option(command, names);
    match program {
        shim if shim.starts_with("containerd-shim") => {
            hints.namespace = option(&["-namespace", "--namespace"]).filter(|n| is_name(n));
            if let Some(path) = absolute(option(&["-address", "--address"])) {
                hints.sockets.push(Socket::new(Kind::Containerd, usual(&path)));
                hints.sockets.push(Socket::new(Kind::Cri, usual(&path)));
            }
            // The shim works in the bundle of the container it was started for: beside it are those of its pod.
            let here = std::fs::read_link(folder.join("cwd")).ok();
            hints
                .roots
                .tasks
                .extend(here.and_then(|bundle| Some(bundle.parent()?.to_owned())));
        }
        "conmon" if option(&["-c", "--cid"]).as_deref() == Some(id) => {
            if let Some(bundle) = absolute(option(&["-b", "--bundle"])) {
                // `<storage>/<id>/userdata`
                hints
                    .roots
                    .storage
                    .extend(bundle.ancestors().nth(2).map(Path::to_owned));
                hints.bundles.push(bundle);
            }
            // Podman's own root, where the list of containers lies, is among the arguments for its clean-up.
            let arguments = exit_arguments(command);
            for root in arguments.windows(2).filter(|pair| pair[0] == "--root") {
                hints.roots.storage.push(Path::new(root[1]).join("overlay-containers"));
                hints.roots.storage.push(Path::new(root[1]).join("vfs-containers"));
            }
        }
        "runc" | "crun" if command.last().is_some_and(|last| last == id) => {
            let into = if program == "runc" {
                &mut hints.roots.runc
            } else {
                &mut hints.roots.crun
            };
            into.extend(absolute(option(&["--root", "-root"])));
            let bundle = option(&["--bundle", "-b", "-bundle"]);
            let here = std::fs::read_link(folder.join("cwd")).ok();
            // Without the option, the bundle is where it was called.
            let bundle = match (here, bundle) {
                (Some(here), Some(bundle)) => Some(here.join(bundle)),
                (here, bundle) => here.or_else(|| absolute(bundle)),
            };
            hints.bundles.extend(bundle);
        }
        _ => (),
    }
}

/// What a daemon's command line says.
fn of_daemon(hints: &mut Hints, command: &[String]) {
    let Some(program) = command.first().and_then(|p| Path::new(p).file_name()?.to_str()) else {
        return;
    };
    let mut add = |kind: Kind, path: Option<PathBuf>| {
        hints.sockets.extend(path.map(|path| Socket::new(kind, usual(&path))));
    };
    let unix = |url: Option<String>| absolute(url.map(|u| u.trim_start_matches("unix://").to_owned()));
    match program {
        "dockerd" => {
            add(Kind::Docker, unix(option(command, &["-H", "--host"])));
            let root = absolute(option(command, &["-g", "--data-root", "--graph"]));
            hints.roots.docker.extend(root.map(|root| root.join("containers")));
        }
        "containerd" => {
            let path = unix(option(command, &["-a", "--address"]));
            add(Kind::Containerd, path.clone());
            add(Kind::Cri, path);
        }
        "crio" => add(Kind::CriO, unix(option(command, &["--listen"]))),
        "podman" if command.iter().any(|a| a == "service") => {
            let url = command.iter().find(|a| a.starts_with("unix:"));
            let path = url.map(|u| u.trim_start_matches("unix:").trim_start_matches("//").to_owned());
            add(Kind::Podman, absolute(path));
        }
        _ => (),
    }
}

/// The value of `--name value` or `--name=value`.
fn option(command: &[String], names: &[&str]) -> Option<String> {
    command.iter().enumerate().find_map(|(at, argument)| {
        names.iter().find_map(|name| match argument.strip_prefix(name)? {
            "" => command.get(at + 1).cloned(),
            rest => rest.strip_prefix('=').map(str::to_owned),
        })
    })
}

fn absolute(path: Option<String>) -> Option<PathBuf> {
    path.map(PathBuf::from).filter(|p| p.is_absolute())
}

/// conmon takes the arguments of the command it runs at the end one by one: `--exit-command-arg X`.
fn exit_arguments(command: &[String]) -> Vec<&str> {
    command
        .windows(2)
        .filter(|pair| pair[0] == "--exit-command-arg")
        .map(|pair| pair[1].as_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_short_id_is_no_part_of_another_name() {
        for (groups, expected) in [
            ("8:pids:/c1\n0::/other\n", true),
            ("0::/system.slice/docker-c1.scope\n", true),
            ("0::/default/nerdctl:c1/init\n", true),
            ("8:pids:/abc1\n0::/c1x/c12\n", false),
        ] {
            assert_eq!(is_in(groups, "c1"), expected, "{groups}");
        }
    }

    #[test]
    fn a_shim_names_socket_and_namespace() {
        let mut hints = Hints::default();
        let line = words("/usr/bin/containerd-shim-runc-v2 -namespace moby -id 12 -address /var/run/x/containerd.sock");
        apply(&mut hints, &line, Path::new("/nowhere"), "12");
        assert_eq!(hints.namespace.as_deref(), Some("moby"));
        assert_eq!(
            hints.sockets[0],
            Socket::new(Kind::Containerd, "/run/x/containerd.sock")
        );
    }

    #[test]
    fn conmon_names_its_bundle_and_podmans_root() {
        let mut hints = Hints::default();
        let line = words(
            "/usr/bin/conmon --api-version 1 -c c1 -b /r/overlay-containers/c1/userdata --exit-command-arg --root \
             --exit-command-arg /s",
        );
        apply(&mut hints, &line, Path::new("/nowhere"), "other");
        assert_eq!(hints, Hints::default());
        apply(&mut hints, &line, Path::new("/nowhere"), "c1");
        assert_eq!(hints.bundles, [Path::new("/r/overlay-containers/c1/userdata")]);
        assert_eq!(hints.roots.storage[0], Path::new("/r/overlay-containers"));
        assert_eq!(hints.roots.storage[1], Path::new("/s/overlay-containers"));
    }

    #[test]
    fn runc_with_a_root_of_its_own() {
        let mut hints = Hints::default();
        let line = words("runc --root=/r --log /l run --bundle /b c1");
        apply(&mut hints, &line, Path::new("/nowhere"), "c1");
        assert_eq!(hints.roots.runc, [Path::new("/r")]);
        assert_eq!(hints.bundles, [Path::new("/b")]);
    }

    #[test]
    fn daemons_name_their_sockets() {
        let check = |line: &str, expected: Socket| {
            let mut hints = Hints::default();
            of_daemon(&mut hints, &words(line));
            assert_eq!(hints.sockets[0], expected, "{line}");
        };
        check("dockerd -H unix:///t/d.sock", Socket::new(Kind::Docker, "/t/d.sock"));
        check(
            "/usr/bin/containerd --address /t/c.sock",
            Socket::new(Kind::Containerd, "/t/c.sock"),
        );
        check("crio --listen=/t/crio.sock", Socket::new(Kind::CriO, "/t/crio.sock"));
        check(
            "podman system service -t 0 unix:///t/p.sock",
            Socket::new(Kind::Podman, "/t/p.sock"),
        );
        check(
            "podman system service unix:/t/p.sock",
            Socket::new(Kind::Podman, "/t/p.sock"),
        );
    }

    #[test]
    fn a_name_with_brackets_does_not_hide_the_parent() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("stat"), "12 (a) b) S 7 12 12 0").unwrap();
        assert_eq!(parent(dir.path()), Some(7));
    }
}
