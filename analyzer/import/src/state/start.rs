//! What was there before the first event.

use super::fd::{Fd, Net, fd_type, l4};
use super::thread::{Exe, Thread, elements, environment, flag};
use super::world::World;
use crate::limits::MAX_INTERFACES;
use crate::lists::{FdEntry, FdKind, Interface, ProcessEntry};
use afterimage_format::model::{DescriptorType, Role, Text};
use std::rc::Rc;

impl World {
    /// Adds an address of the machine.
    pub(crate) fn add_interface(&mut self, interface: Interface) {
        if self.interfaces.len() < MAX_INTERFACES {
            self.interfaces.push(interface);
        }
    }

    /// Adds a thread of a process list.
    pub(crate) fn add_process(&mut self, entry: ProcessEntry) {
        let is_main = entry.pid == entry.tid || entry.flags & flag::MAIN != 0;
        let main_only = |text: &[u8]| -> Text { if is_main { text.into() } else { Text::default() } };
        let mut cwd = super::path::joined(b"", &entry.cwd);
        if cwd.last() != Some(&b'/') {
            cwd.push(b'/');
        }
        let mut thread = Thread {
            pid: entry.pid,
            ptid: entry.ptid,
            sid: entry.sid,
            vtid: entry.vtid,
            vpid: entry.vpid,
            flags: entry.flags,
            uid: entry.uid,
            gid: entry.gid,
            loginuid: entry.loginuid,
            tty: entry.tty,
            comm: entry.comm.as_slice().into(),
            exe: entry.exe.as_slice().into(),
            exepath: entry.exepath.as_slice().into(),
            args: elements(&entry.args).into(),
            env: main_only(environment(&entry.env)),
            cwd: main_only(&cwd),
            exe_file: Exe {
                ino: entry.exe_ino,
                ctime: entry.exe_ctime,
                mtime: entry.exe_mtime,
                writable: entry.exe_writable,
                upper_layer: entry.exe_upper_layer,
                memfd: entry.exe_memfd,
            },
            capabilities: entry.capabilities,
            ..Thread::unknown(entry.tid)
        };
        self.set_cgroups(&mut thread, &entry.cgroups);
        if self.threads.contains_key(&entry.tid) {
            self.remove(entry.tid, true);
        }
        self.insert(thread);
    }

    /// Adds a descriptor of a list.
    pub(crate) fn add_descriptor(&mut self, tid: i64, entry: FdEntry) {
        let mut fd = match entry.kind {
            FdKind::Connection(source, destination, protocol) => {
                let (source, destination) = super::address::unmapped_pair(source, destination);
                let mut fd = Fd::socket(source.0.is_ipv6(), l4(protocol));
                fd.net = Net::Connection(source, destination);
                self.infer(&mut fd);
                let Net::Connection(source, destination) = fd.net else {
                    return;
                };
                fd.shown.name = super::fd::tuple_text(source, destination).into_bytes();
                fd
            }
            FdKind::Server(end, protocol) => {
                let mut fd = Fd::socket(end.0.is_ipv6(), l4(protocol));
                fd.net = Net::Server(end);
                fd.shown.name = super::fd::end_text(end).into_bytes();
                self.server_ports.insert(end.1);
                fd
            }
            FdKind::Unix(path) => {
                let mut fd = Fd::named(DescriptorType::Unix, &path);
                fd.role = if path.is_empty() { Role::Client } else { Role::Server };
                fd
            }
            FdKind::File(path, dev) => {
                let mut fd = Fd::named(DescriptorType::File, &path);
                fd.shown.dev = dev;
                fd
            }
            FdKind::Named(0, _) => return,
            FdKind::Named(ty, name) => Fd::named(fd_type(ty), &name),
        };
        fd.shown.ino = entry.ino;
        if self.threads.contains_key(&tid) {
            let fd = self.intern(fd);
            self.put_own(tid, entry.fd, fd);
        }
    }

    /// Lists go to the table of the very thread that they name.
    fn put_own(&mut self, tid: i64, number: i64, fd: Rc<Fd>) {
        let size = fd.size() + 32;
        if self.bytes + size > crate::limits::MAX_STATE {
            self.left_out += 1;
        } else if let Some(thread) = self.threads.get_mut(&tid) {
            thread.fds.insert(number, fd);
            thread.counted += size;
            self.bytes += size;
        }
    }

    /// Another capture begins: nothing that is known holds any more, but for numbers that were given away.
    pub(crate) fn restart(&mut self) {
        let (threads, fds, epoch) = (self.next_thread, self.next_fd, self.epoch);
        let containers = std::mem::take(&mut self.containers);
        let accounts = std::mem::take(&mut self.accounts);
        *self = World {
            next_thread: threads,
            next_fd: fds,
            epoch: epoch + 1,
            containers,
            accounts,
            left_out: self.left_out,
            ..World::new()
        };
    }

    /// After all lists: connections from before the capture get their roles.
    pub(crate) fn begin_events(&mut self) {
        let mut all: Vec<(i64, i64, Rc<Fd>)> = Vec::new();
        for (tid, thread) in &self.threads {
            let sockets = thread.fds.iter().filter(|(_, fd)| fd.is_ip());
            all.extend(sockets.map(|(number, fd)| (*tid, *number, fd.clone())));
        }
        for (tid, number, fd) in all {
            let mut fd = Fd::clone(&fd);
            if let Net::Connection(source, destination) = fd.net
                && fd.shown.ty == DescriptorType::Ipv4
            {
                if self.server_ports.contains(&source.1) {
                    fd.swap();
                    fd.shown.name = super::fd::tuple_text(destination, source).into_bytes();
                    fd.role = Role::Server;
                } else {
                    fd.role = Role::Client;
                }
            }
            let container = self.threads.get(&tid).map_or(0, |thread| thread.container);
            self.place(&mut fd, container);
            let fd = self.intern(fd);
            if let Some(thread) = self.threads.get_mut(&tid) {
                thread.fds.insert(number, fd);
            }
        }
        self.fd_changes.clear();
    }
}
