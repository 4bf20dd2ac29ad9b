//! What the kernel itself knows of a socket: not what the caller's memory says.

use crate::kernel::{offset, read, read_known};
use crate::ring::{Memory, Record};
use afterimage_abi::{KernelSocket, item, status};
use aya_ebpf::helpers::generated::bpf_get_current_task;

const S_IFMT: u16 = 0o170000;
const S_IFSOCK: u16 = 0o140000;
const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
/// Bytes of `sun_path`.
const UNIX_PATH_MAX: u32 = 108;

/// A [`KernelSocket`] in words: an item stands on a multiple of 8, and so do its addresses.
const WORDS: usize = size_of::<KernelSocket>() / 8;
const _: () = assert!(core::mem::offset_of!(KernelSocket, local) % 8 == 0);
const _: () = assert!(core::mem::offset_of!(KernelSocket, remote) % 8 == 0);

/// Adds the socket behind descriptor `fd` of the current task, or its `names` alone where it is a Unix socket; nothing
/// where it is no socket.
#[inline(always)]
pub(crate) fn record(record: &mut Record, fd: u32, names: bool) {
    let Some(sock) = find(fd) else { return };
    let family: u16 = read(sock, offset!(sock_common_skc_family));
    if names {
        if family == AF_UNIX {
            name(record, item::UNIX_LOCAL, sock);
            name(record, item::UNIX_PEER, read(sock, offset!(unix_sock_peer)));
        }
        return;
    }
    let ty: u16 = read(sock, offset!(sock_sk_type));
    let protocol: u16 = read(sock, offset!(sock_sk_protocol));
    // Written where it stays: a copy on the stack would be taken apart into bytes, each with a place of its own.
    let to = record.body().cast::<KernelSocket>();
    unsafe {
        to.cast::<[u64; WORDS]>().write([0; WORDS]);
        ((*to).family, (*to).ty, (*to).protocol) = (family, ty, protocol);
    }
    if family == AF_INET || family == AF_INET6 {
        let port: u16 = read(sock, offset!(sock_common_skc_num));
        let remote_port: u16 = read(sock, offset!(sock_common_skc_dport));
        unsafe { ((*to).local_port, (*to).remote_port_be) = (port, remote_port) };
    }
    let (local, remote) = unsafe { (&raw mut (*to).local, &raw mut (*to).remote) };
    if family == AF_INET {
        let from: u32 = read(sock, offset!(sock_common_skc_rcv_saddr));
        unsafe { local.cast::<u32>().write(from) };
        let from: u32 = read(sock, offset!(sock_common_skc_daddr));
        unsafe { remote.cast::<u32>().write(from) };
    }
    if family == AF_INET6 {
        let from: [u64; 2] = read_known(sock, offset!(sock_common_skc_v6_rcv_saddr));
        unsafe { local.cast::<[u64; 2]>().write(from) };
        let from: [u64; 2] = read_known(sock, offset!(sock_common_skc_v6_daddr));
        unsafe { remote.cast::<[u64; 2]>().write(from) };
    }
    record.end_item(item::SOCKET, status::KERNEL, size_of::<KernelSocket>() as u32);
}

/// The path that a Unix socket is bound to; nothing where it is bound to none.
#[inline(always)]
fn name(record: &mut Record, arg: u8, sock: u64) {
    let address: u64 = if sock == 0 {
        0
    } else {
        read(sock, offset!(unix_sock_addr))
    };
    if address == 0 {
        return;
    }
    // Behind the family; the kernel's length counts the NUL of a path.
    let len: u32 = read(address, offset!(unix_address_len));
    let from = address.wrapping_add(offset!(unix_address_name) as u64 + 2);
    record.bytes(
        arg,
        Memory::Kernel,
        from,
        u64::from(len.saturating_sub(2)),
        UNIX_PATH_MAX,
    );
}

/// The `struct sock` behind a descriptor.
#[inline(always)]
fn find(fd: u32) -> Option<u64> {
    let task = unsafe { bpf_get_current_task() };
    let files: u64 = read(task, offset!(task_struct_files));
    let table: u64 = read(files, offset!(files_struct_fdt));
    if fd >= read(table, offset!(fdtable_max_fds)) {
        return None;
    }
    let descriptors: u64 = read(table, offset!(fdtable_fd));
    let file: u64 = read(descriptors, 8 * fd as usize);
    let inode: u64 = read(file, offset!(file_f_inode));
    let mode: u16 = read(inode, offset!(inode_i_mode));
    if file == 0 || mode & S_IFMT != S_IFSOCK {
        return None;
    }
    let socket: u64 = read(file, offset!(file_private_data));
    let sock: u64 = read(socket, offset!(socket_sk));
    (sock != 0).then_some(sock)
}
