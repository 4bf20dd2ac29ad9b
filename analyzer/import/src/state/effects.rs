//! Which effect an event has. A call that failed changes nothing.

use super::fd::Fd;
use super::thread::set;
use super::world::{Context, World};
use crate::events::{Event, info};
use crate::fields::{signed, until_nul};
use crate::lists::Account;
use afterimage_format::model::DescriptorType as T;

/// What is new in a user namespace: all capabilities that there are.
const ALL_CAPABILITIES: u64 = (1 << 41) - 1;
/// `CLONE_NEWUSER` as sysdig numbers it.
const NEWUSER: i64 = 1 << 20;

impl World {
    /// Lets an event change what is known.
    pub(super) fn apply(&mut self, event: &Event<'_>, context: &mut Context) {
        match event.code {
            3 | 59 | 103 | 307 | 327 | 337 => self.open_ends(event, context),
            4 => self.close_begins(event),
            5 => self.close_ends(event, context),
            13 | 155 | 173 | 215 | 231 | 283 | 289 | 293 | 331 => self.exec(event, context),
            15 | 157 | 183 | 185 | 217 | 219 | 221 | 223 | 225 | 227 | 335 => self.clone_ends(event, context),
            16 | 186 => self.ended = context.tid,
            19 => self.socket(event, context),
            21 => self.bind(event, context),
            22 => self.connect_begins(event, context),
            23 => self.connect_ends(event, context),
            27 | 57 | 247 | 249 | 389 => self.accept(event, context),
            30 => self.sendto_begins(event, context),
            35 => self.received(event, context, "tuple"),
            53 => self.received(event, context, "tuple"),
            31 | 49 => self.sent(event, context),
            43 => self.socketpair(event, context),
            47 => self.getsockopt(event, context),
            61 | 393 => self.pipe(event, context),
            63 | 397 => self.made(event, context, T::Event),
            127 | 399 => self.made(event, context, T::Signalfd),
            137 => self.made(event, context, T::Timerfd),
            139 | 395 => self.made(event, context, T::Inotify),
            321 => self.made(event, context, T::Userfaultfd),
            339 => self.made(event, context, T::IoUring),
            369 => self.made(event, context, T::Bpf),
            375 | 377 => self.made(event, context, T::Eventpoll),
            405 => self.made(event, context, T::Memfd),
            409 => self.made(event, context, T::Pidfd),
            125 | 363 | 365 | 367 => self.dup(event, context),
            151 => self.fcntl(event, context),
            93 | 95 => self.directory_by_path(event, context),
            97 => self.directory_by_fd(event, context),
            193 => self.user(event, context, "euid"),
            427 => self.user(event, context, "euid"),
            199 => self.user(event, context, "uid"),
            195 => self.group(event, context, "egid"),
            429 => self.group(event, context, "egid"),
            201 => self.group(event, context, "gid"),
            275 => self.session(event, context),
            353 => self.capabilities(event, context),
            241 => self.namespace(event, context, "nstype"),
            285 => self.namespace(event, context, "flags"),
            228 => self.container(event),
            272 | 324 => {
                let json = event.raw(0).map(until_nul).unwrap_or_default();
                context.container = self.containers.describe_json(json);
            }
            260 => self
                .containers
                .describe_pods(event.raw(0).map(until_nul).unwrap_or_default()),
            354 | 358 => self.account(event),
            _ => {}
        }
    }

    /// A parameter of the event that began the call which this one ends.
    pub(super) fn begun(&self, event: &Event<'_>, context: &Context, name: &str) -> Option<&[u8]> {
        if !context.matched {
            return None;
        }
        let begun = &self.threads.get(&context.tid?)?.begun;
        if !begun.kept || begun.code.wrapping_add(1) != event.code {
            return None;
        }
        let (start, end) = *begun.ranges.get(info(begun.code)?.param(name)?)?;
        begun.bytes.get(start as usize..end as usize)
    }

    /// An integer of the call: as it began, or as the end says it.
    pub(super) fn argument(&self, event: &Event<'_>, context: &Context, name: &str) -> Option<i64> {
        match self.begun(event, context, name) {
            Some(bytes) => signed(bytes),
            None => event.int(name),
        }
    }

    fn user(&mut self, event: &Event<'_>, context: &Context, name: &str) {
        let uid = self.argument(event, context, name).map_or(u32::MAX, |uid| uid as u32);
        if succeeded(event) && uid != u32::MAX {
            self.change(context, |thread| thread.uid = uid);
        }
    }

    fn group(&mut self, event: &Event<'_>, context: &Context, name: &str) {
        let gid = self.argument(event, context, name).map_or(u32::MAX, |gid| gid as u32);
        if succeeded(event) && gid != u32::MAX {
            self.change(context, |thread| thread.gid = gid);
        }
    }

    fn session(&mut self, event: &Event<'_>, context: &Context) {
        if let Some(sid) = event.int("res").filter(|sid| *sid >= 0) {
            self.change(context, |thread| thread.sid = sid);
        }
    }

    fn capabilities(&mut self, event: &Event<'_>, context: &Context) {
        let set = |name| event.uint(name);
        if succeeded(event)
            && let (Some(i), Some(p), Some(e)) = (set("cap_inheritable"), set("cap_permitted"), set("cap_effective"))
        {
            self.change(context, |thread| thread.capabilities = Some([i, p, e]));
        }
    }

    fn namespace(&mut self, event: &Event<'_>, context: &Context, name: &str) {
        let flags = self.argument(event, context, name).unwrap_or(0);
        if succeeded(event) && flags & NEWUSER != 0 {
            self.change(context, |thread| thread.capabilities = Some([ALL_CAPABILITIES; 3]));
        }
    }

    fn directory_by_path(&mut self, event: &Event<'_>, context: &Context) {
        if succeeded(event)
            && let (Some(tid), Some(path)) = (context.tid, event.text("path"))
        {
            self.set_cwd(tid, path);
        }
    }

    fn directory_by_fd(&mut self, event: &Event<'_>, context: &Context) {
        if succeeded(event)
            && let (Some(tid), Some(fd)) = (context.tid, context.fd.clone())
        {
            self.set_cwd(tid, &fd.shown.name);
        }
    }

    /// Changes the directory of a thread's process.
    pub(super) fn set_cwd(&mut self, tid: i64, path: &[u8]) {
        let Some(main) = self.main(tid) else { return };
        if let Some(thread) = self.threads.get_mut(&main) {
            let mut cwd = super::path::joined(&thread.cwd, path);
            if cwd.last() != Some(&b'/') {
                cwd.push(b'/');
            }
            set(&mut thread.cwd, &cwd);
            self.epoch += 1;
        }
    }

    fn container(&mut self, event: &Event<'_>) {
        let text = |name| String::from_utf8_lossy(event.text(name).unwrap_or_default()).into_owned();
        let ty = event.uint("type").unwrap_or(0);
        self.containers.describe(&text("id"), ty, &text("name"), &text("image"));
    }

    fn account(&mut self, event: &Event<'_>) {
        let text = |name| event.text(name).unwrap_or_default().to_vec();
        let gid = event.uint("gid").unwrap_or(0) as u32;
        let account = match event.uint("uid") {
            Some(uid) => Account::User {
                uid: uid as u32,
                gid,
                name: text("name"),
                home: text("home"),
                shell: text("shell"),
            },
            None => Account::Group {
                gid,
                name: text("name"),
            },
        };
        let container = String::from_utf8_lossy(event.text("container_id").unwrap_or_default()).into_owned();
        let container = self.containers.of_id(&container);
        self.accounts.add(container, account);
    }

    /// Changes something of the event's thread that rows show.
    pub(super) fn change(&mut self, context: &Context, change: impl FnOnce(&mut super::thread::Thread)) {
        if let Some(thread) = context.tid.and_then(|tid| self.threads.get_mut(&tid)) {
            change(thread);
            thread.dirty = true;
            self.epoch += 1;
        }
    }

    /// A descriptor that the call returned.
    fn made(&mut self, event: &Event<'_>, context: &mut Context, ty: T) {
        let number = event.int("res").or_else(|| event.int("fd"));
        let name = event.text("name").unwrap_or_default();
        let fd = Fd::named(ty, name);
        if let Some(number) = number {
            self.add(context, number, fd);
        }
    }

    /// Lets a number of the event's thread refer to something new, which is what the event's row shows.
    pub(super) fn add(&mut self, context: &mut Context, number: i64, fd: Fd) {
        if let Some(tid) = context.tid.filter(|_| number >= 0) {
            let fd = self.intern(fd);
            self.put(tid, number, fd.clone());
            self.set_last_fd(tid, number);
            context.fd = Some(fd);
        }
    }
}

/// Whether the event says that the call succeeded.
pub(super) fn succeeded(event: &Event<'_>) -> bool {
    event.int("res").is_some_and(|result| result >= 0)
}
