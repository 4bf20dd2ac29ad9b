//! File descriptors of the recorded processes.

use afterimage_abi::KernelSocket;
use afterimage_format::model::{Descriptor, DescriptorType, L4Proto, Role, Tuple};
use hashbrown::{Equivalent, HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::rc::Rc;

/// One place of a process's descriptor table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FdEntry {
    /// [`Descriptor::id`].
    pub(crate) descriptor: u64,
    /// Closed by exec.
    pub(crate) cloexec: bool,
}

type Table = HashMap<i32, FdEntry>;

/// The tables of all processes, and the descriptors they refer to.
pub(crate) struct Descriptors {
    /// By process id; shared until one side of a fork changes its own.
    tables: HashMap<u32, Rc<Table>>,
    store: HashMap<u64, Descriptor>,
    /// Descriptors (with id 0) to their ids, so that equal ones are stored once.
    index: HashMap<Content, u64>,
    next: u64,
}

impl Descriptors {
    pub(crate) fn new() -> Descriptors {
        Descriptors {
            tables: HashMap::new(),
            store: HashMap::new(),
            index: HashMap::new(),
            next: 1,
        }
    }

    /// The descriptor with this id.
    pub(crate) fn descriptor(&self, id: u64) -> Option<&Descriptor> {
        self.store.get(&id)
    }
    /// The id of a descriptor with this content.
    pub(crate) fn intern(&mut self, descriptor: Descriptor) -> u64 {
        let content = Content(descriptor);
        if let Some(id) = self.index.get(&content) {
            return *id;
        }
        let id = self.next;
        self.next += 1;
        self.store.insert(
            id,
            Descriptor {
                id,
                ..content.0.clone()
            },
        );
        self.index.insert(content, id);
        id
    }

    /// As [`Descriptors::intern`] of a descriptor that is known by type and name; allocates only when it is new.
    pub(crate) fn intern_named(&mut self, ty: DescriptorType, name: &[u8]) -> u64 {
        match self.index.get(&Named { ty, name }) {
            Some(id) => *id,
            None => self.intern(named(ty, name.to_vec())),
        }
    }

    /// What `fd` of process `pid` refers to.
    pub(crate) fn get(&self, pid: u32, fd: i32) -> Option<FdEntry> {
        self.tables.get(&pid)?.get(&fd).copied()
    }

    /// Sets what `fd` refers to.
    pub(crate) fn set(&mut self, pid: u32, fd: i32, entry: FdEntry) {
        Rc::make_mut(self.tables.entry(pid).or_default()).insert(fd, entry);
    }

    /// Closes `fd`.
    pub(crate) fn close(&mut self, pid: u32, fd: i32) {
        if let Some(table) = self.tables.get_mut(&pid)
            && table.contains_key(&fd)
        {
            Rc::make_mut(table).remove(&fd);
        }
    }

    /// Closes the descriptors from `first` to `last`, or marks them close-on-exec.
    pub(crate) fn close_range(&mut self, pid: u32, first: u32, last: u32, only_mark: bool) {
        let Some(table) = self.tables.get_mut(&pid) else { return };
        let inside = |fd: i32| (first..=last).contains(&(fd as u32));
        if only_mark {
            Rc::make_mut(table)
                .iter_mut()
                .filter(|(fd, _)| inside(**fd))
                .for_each(|(_, e)| e.cloexec = true);
        } else {
            Rc::make_mut(table).retain(|fd, _| !inside(*fd));
        }
    }

    /// A child begins with its parent's descriptors.
    pub(crate) fn fork(&mut self, parent: u32, child: u32) {
        if let Some(table) = self.tables.get(&parent) {
            let table = Rc::clone(table);
            self.tables.insert(child, table);
        }
    }

    /// Exec closes what is marked.
    pub(crate) fn exec(&mut self, pid: u32) {
        if let Some(table) = self.tables.get_mut(&pid)
            && table.values().any(|e| e.cloexec)
        {
            Rc::make_mut(table).retain(|_, e| !e.cloexec);
        }
    }

    /// A process ended.
    pub(crate) fn remove(&mut self, pid: u32) {
        self.tables.remove(&pid);
    }

    /// Forgets descriptors that no process has open. To be called when no segment refers to older ones any more.
    pub(crate) fn sweep(&mut self) {
        if self.store.len() < 4096 {
            return;
        }
        let open: HashSet<u64> = self
            .tables
            .values()
            .flat_map(|t| t.values())
            .map(|e| e.descriptor)
            .collect();
        if self.store.len() < 2 * open.len() {
            return;
        }
        self.store.retain(|id, _| open.contains(id));
        self.index.retain(|_, id| open.contains(id));
    }
}

/// A descriptor as a key. Its hash is that of [`Named`], so that one can be looked up by the other.
#[derive(PartialEq, Eq)]
struct Content(Descriptor);

/// Type and name of a descriptor of which nothing else is known.
struct Named<'a> {
    ty: DescriptorType,
    name: &'a [u8],
}

impl Hash for Named<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.ty.hash(state);
        self.name.hash(state);
    }
}

impl Hash for Content {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Named {
            ty: self.0.ty,
            name: &self.0.name,
        }
        .hash(state);
    }
}

impl Equivalent<Content> for Named<'_> {
    fn equivalent(&self, key: &Content) -> bool {
        let Descriptor {
            id: _,
            ty,
            l4,
            role,
            ref name,
            tuple,
            dev,
            ino,
        } = key.0;
        (ty, name.as_slice()) == (self.ty, self.name)
            && (l4, role, tuple, dev, ino) == (L4Proto::Unknown, Role::Unknown, None, 0, 0)
    }
}

/// A descriptor that is known by type and name.
pub(crate) fn named(ty: DescriptorType, name: Vec<u8>) -> Descriptor {
    Descriptor {
        id: 0,
        ty,
        l4: L4Proto::Unknown,
        role: Role::Unknown,
        name,
        tuple: None,
        dev: 0,
        ino: 0,
    }
}

const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
const AF_NETLINK: u16 = 16;

/// A new socket as of its call's arguments: it has no addresses yet.
pub(crate) fn socket(domain: u16, ty: u16, protocol: u16) -> Descriptor {
    socket_of(
        &KernelSocket {
            family: domain,
            ty: ty & 0xf,
            protocol,
            ..KernelSocket::default()
        },
        Role::Unknown,
    )
}

/// A socket as the kernel knows it.
pub(crate) fn socket_of(socket: &KernelSocket, role: Role) -> Descriptor {
    let ty = match socket.family {
        AF_INET => DescriptorType::Ipv4,
        AF_INET6 => DescriptorType::Ipv6,
        AF_UNIX => DescriptorType::Unix,
        AF_NETLINK => DescriptorType::Netlink,
        _ => DescriptorType::Socket,
    };
    let mut out = named(ty, Vec::new());
    out.role = role;
    let address = |bytes: &[u8; 16]| -> IpAddr {
        if ty == DescriptorType::Ipv4 {
            Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3]).into()
        } else {
            // An IPv4 peer of an IPv6 socket is shown as what it is.
            Ipv6Addr::from(*bytes).to_canonical()
        }
    };
    if matches!(ty, DescriptorType::Ipv4 | DescriptorType::Ipv6) {
        out.l4 = l4(socket.ty, socket.protocol);
        let tuple = Tuple {
            local: (address(&socket.local), socket.local_port),
            remote: (address(&socket.remote), u16::from_be(socket.remote_port_be)),
        };
        return with_tuple(out, tuple, role);
    }
    out
}

/// The same socket with these addresses and the name that they make.
pub(crate) fn with_tuple(mut socket: Descriptor, tuple: Tuple, role: Role) -> Descriptor {
    socket.name = tuple_name(&tuple, role);
    socket.tuple = Some(tuple);
    socket
}

fn l4(ty: u16, protocol: u16) -> L4Proto {
    match (protocol, ty) {
        (6, _) | (0, 1) => L4Proto::Tcp,
        (17, _) | (0, 2) => L4Proto::Udp,
        (1 | 58, _) => L4Proto::Icmp,
        (_, 3) => L4Proto::Raw,
        _ => L4Proto::Unknown,
    }
}

/// `client->server`, as the field writes it; one side alone where the other is not known.
fn tuple_name(tuple: &Tuple, role: Role) -> Vec<u8> {
    let side = |(ip, port): (IpAddr, u16)| {
        if ip.is_ipv6() {
            format!("[{ip}]:{port}")
        } else {
            format!("{ip}:{port}")
        }
    };
    let unset = |(ip, port): (IpAddr, u16)| ip.is_unspecified() && port == 0;
    match (unset(tuple.local), unset(tuple.remote)) {
        (true, true) => Vec::new(),
        (false, true) => side(tuple.local).into_bytes(),
        (_, false) if role == Role::Server => format!("{}->{}", side(tuple.remote), side(tuple.local)).into_bytes(),
        (_, false) => format!("{}->{}", side(tuple.local), side(tuple.remote)).into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: Vec<u8>) -> Descriptor {
        named(DescriptorType::File, path)
    }

    #[test]
    fn tables_follow_fork_and_exec() {
        let mut all = Descriptors::new();
        let a = all.intern(file(b"/a".to_vec()));
        let b = all.intern(file(b"/b".to_vec()));
        assert_eq!(all.intern(file(b"/a".to_vec())), a);
        assert_eq!(all.intern_named(DescriptorType::File, b"/a"), a);
        assert_ne!(all.intern_named(DescriptorType::Directory, b"/a"), a);
        let with_inode = all.intern(Descriptor {
            ino: 7,
            ..file(b"/a".to_vec())
        });
        assert_eq!(all.intern_named(DescriptorType::File, b"/a"), a);
        assert_ne!(with_inode, a);
        all.set(
            1,
            3,
            FdEntry {
                descriptor: a,
                cloexec: false,
            },
        );
        all.set(
            1,
            4,
            FdEntry {
                descriptor: b,
                cloexec: true,
            },
        );
        all.fork(1, 2);
        all.close(2, 3);
        assert!(all.get(1, 3).is_some() && all.get(2, 3).is_none());
        all.exec(1);
        assert!(all.get(1, 3).is_some() && all.get(1, 4).is_none());
        assert!(all.get(2, 4).is_some());
        all.close_range(2, 4, u32::MAX, false);
        assert!(all.get(2, 4).is_none());
    }

    #[test]
    fn socket_names() {
        let mut socket = KernelSocket {
            family: AF_INET,
            ty: 1,
            ..KernelSocket::default()
        };
        assert_eq!(socket_of(&socket, Role::Unknown).name, b"");
        socket.local[..4].copy_from_slice(&[10, 0, 0, 1]);
        socket.local_port = 80;
        assert_eq!(socket_of(&socket, Role::Server).name, b"10.0.0.1:80");
        socket.remote[..4].copy_from_slice(&[10, 0, 0, 2]);
        socket.remote_port_be = 4242u16.to_be();
        assert_eq!(socket_of(&socket, Role::Server).name, b"10.0.0.2:4242->10.0.0.1:80");
        assert_eq!(socket_of(&socket, Role::Client).name, b"10.0.0.1:80->10.0.0.2:4242");
        assert_eq!(socket_of(&socket, Role::Client).l4, L4Proto::Tcp);
    }
}
