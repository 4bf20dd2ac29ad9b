//! Acts on other processes and on the container itself: signals, tracing, mounts and calls that give power.

use super::builder::Builder;
use super::happening::Happening;
use super::state::Same;
use super::story::{Kind, Target, What, Who};

use afterimage_format::model::ParamType;

const S_IFMT: i64 = 0o170000;
const S_IFCHR: i64 = 0o020000;
const S_IFBLK: i64 = 0o060000;
const PTRACE_TRACEME: i64 = 0;
const PTRACE_ATTACH: i64 = 16;
const PTRACE_SEIZE: i64 = 0x4206;
/// Requests that write into the other process: POKETEXT, POKEDATA, POKEUSR, SETREGS, SETREGSET.
const PTRACE_WRITES: [i64; 5] = [4, 5, 6, 13, 0x4205];

impl Builder<'_> {
    /// kill, tkill, tgkill.
    pub(super) fn signal(&mut self, at: &Happening<'_>, thread: bool) {
        let signal = at.int("sig").unwrap_or(0);
        let to = at.int("pid").or_else(|| at.int("tid")).unwrap_or(0);
        let itself = to == i64::from(at.thread.vpid) || to == i64::from(at.thread.pid) || at.int("pid").is_none();
        // Signal 0 only asks whether somebody is there; runtimes of languages signal their own threads all the time.
        if (signal == 0 || thread && itself) && !self.options.all {
            return;
        }
        let error = at.error();
        let same = Same::Signal {
            signal,
            to,
            error: error.unwrap_or(0),
        };
        let target = self.target(at, to);
        let (draft, _) = self.line(at, Some(same), Kind::Signal, || What::Signal { signal, target }, false);
        self.one_more(draft, b"");
        self.failed(draft, error);
    }

    /// ptrace. The many requests of a debugger at work are one line for each kind that matters.
    pub(super) fn trace(&mut self, at: &Happening<'_>) {
        let request = at.int("request").unwrap_or(-1);
        let tells =
            matches!(request, PTRACE_TRACEME | PTRACE_ATTACH | PTRACE_SEIZE) || PTRACE_WRITES.contains(&request);
        if !tells && !self.options.all {
            return self.fold(at);
        }
        let of = at.int("pid").unwrap_or(0);
        let error = at.error();
        let same = Same::Trace {
            request,
            of,
            error: error.unwrap_or(0),
        };
        let target = self.target(at, of);
        let (draft, _) = self.line(at, Some(same), Kind::Other, || What::Trace { request, target }, true);
        self.failed(draft, error);
    }

    /// Who a process means by a process id.
    fn target(&mut self, at: &Happening<'_>, pid: i64) -> Target {
        match self.registry.by_vpid(at.thread.container, pid) {
            Some(process) => {
                let name = self.registry.process(process).name.clone();
                Target::Known(Who { process, name })
            }
            None => Target::Number(pid),
        }
    }

    /// mount.
    pub(super) fn mount(&mut self, at: &Happening<'_>) {
        let target = match at.row.kind().and_then(|kind| kind.param("dir")) {
            Some(dir) => self.resolve(at, dir),
            None => Vec::new(),
        };
        let what = What::Mount {
            source: at.bytes("dev").to_vec(),
            target,
            fstype: at.bytes("type").to_vec(),
            flags: at.int("flags").unwrap_or(0),
        };
        let (draft, _) = self.line(at, None, Kind::Other, || what, true);
        self.failed(draft, at.error());
    }

    /// A call that is told as it was recorded.
    pub(super) fn call(&mut self, at: &Happening<'_>) {
        let Some(kind) = at.row.kind() else { return };
        // Pipes and sockets are files like others; devices give access to what they stand for.
        let is_device = at
            .int("mode")
            .is_none_or(|mode| matches!(mode & S_IFMT, S_IFBLK | S_IFCHR));
        if kind.name.starts_with("mknod") && !is_device && !self.options.all {
            return;
        }
        let (name, args) = (kind.name.clone(), at.arguments());
        let same = Same::Call {
            name: name.clone(),
            args: args.clone(),
        };
        let returns_descriptor = kind.params.first().is_some_and(|first| first.ty == ParamType::Fd);
        if let (true, None, Some(descriptor)) = (returns_descriptor, at.error(), at.descriptor()) {
            self.has_opened(at, at.result(), descriptor, false);
        }
        let (draft, _) = self.line(at, Some(same), Kind::Other, || What::Call { name, args }, true);
        self.failed(draft, at.error());
    }
}
