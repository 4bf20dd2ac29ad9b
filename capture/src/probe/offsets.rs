//! Fills [`Offsets`] from BTF. A name is `<struct>_<field>`; what differs between kernels has its alternatives here.

use super::btf::Btf;
use afterimage_abi::{MISSING, Offsets};
use anyhow::{Result, ensure};

/// All offsets that the program uses (`controller`: of version 1, whose cgroups count; empty: version 2), and what a recording lacks on this kernel, a line each.
///
/// # Errors
/// Names the structure and field that this kernel lacks and that no recording can do without.
pub(crate) fn resolve(btf: &Btf, controller: &str) -> Result<(Offsets, Vec<String>)> {
    let mut degraded = Vec::new();
    let at = |structure: &str, field: &str| btf.offset(structure, field);
    // A field that a recording can do without; the program takes it for zero (`kernel::read_known`).
    let mut optional = |structure: &str, field: &str, without: &str| {
        at(structure, field).unwrap_or_else(|error| {
            degraded.push(format!("{without}: {error:#}"));
            MISSING
        })
    };
    let addresses = "IPv6 addresses of sockets are not recorded";
    let (v6_local, v6_remote) = (
        optional("sock_common", "skc_v6_rcv_saddr", addresses),
        optional("sock_common", "skc_v6_daddr", addresses),
    );
    let task = |field: &str| at("task_struct", field);
    // Kernels without io_uring have none of these; 0 tells the program that there is nothing to look up.
    let uring = |structure: &str, field: &str| at(structure, field).unwrap_or(0);
    let common = |field: &str| at("sock_common", field);
    let (inode, mnt, dentry) = (
        at("file", "f_inode")?,
        at("file", "f_path.mnt")?,
        at("file", "f_path.dentry")?,
    );
    let window = inode.min(mnt).min(dentry);
    // Since 6.15 short names have a union of their own.
    let name = at("dentry", "d_shortname").or_else(|_| at("dentry", "d_iname"))?;
    // The program reads these with one call each.
    within(
        window,
        &[
            (inode, "file.f_inode"),
            (mnt, "file.f_path.mnt"),
            (dentry, "file.f_path.dentry"),
        ],
        56,
    )?;
    exactly(mnt + 8, dentry, "file.f_path.dentry")?;
    exactly(
        at("fs_struct", "pwd.mnt")? + 8,
        at("fs_struct", "pwd.dentry")?,
        "fs_struct.pwd.dentry",
    )?;
    let linked = at("dentry", "d_hash.pprev")?;
    for (found, distance, field) in [
        (at("dentry", "d_parent")?, 8, "dentry.d_parent"),
        (at("dentry", "d_name.hash_len")?, 16, "dentry.d_name.hash_len"),
        (at("dentry", "d_name.name")?, 24, "dentry.d_name.name"),
        (name, 40, "dentry.d_iname"),
    ] {
        exactly(linked + distance, found, field)?;
    }
    exactly(
        at("mount", "mnt_parent")? + 8,
        at("mount", "mnt_mountpoint")?,
        "mount.mnt_mountpoint",
    )?;
    // The names of an inode's times have changed twice.
    let time = |name: &str, part: &str| {
        at("inode", &format!("i_{name}_{part}"))
            .or_else(|_| at("inode", &format!("__i_{name}.tv_{part}")))
            .or_else(|_| at("inode", &format!("i_{name}.tv_{part}")))
    };
    // Where overlay is a module its types are not in the kernel's own; there, too, the upper dentry follows the inode.
    let overlay = match (at("ovl_inode", "__upperdentry"), at("ovl_inode", "vfs_inode")) {
        (Ok(upper), Ok(inode)) if upper > inode => upper - inode,
        _ => btf.size("inode")?,
    };
    // Real, saved, effective and file system ids, and five sets of capabilities: each one after the other.
    exactly(at("cred", "uid")? + 16, at("cred", "euid")?, "cred.euid")?;
    exactly(
        at("cred", "cap_inheritable")? + 32,
        at("cred", "cap_ambient")?,
        "cred.cap_ambient",
    )?;
    let offsets = Offsets {
        task_struct_compat: task(if cfg!(target_arch = "aarch64") {
            "thread_info.flags"
        } else {
            "thread_info.status"
        })?,
        task_struct_tgid: task("tgid")?,
        task_struct_pid: task("pid")?,
        task_struct_comm: task("comm")?,
        task_struct_real_parent: task("real_parent")?,
        task_struct_group_leader: task("group_leader")?,
        task_struct_thread_pid: task("thread_pid")?,
        task_struct_cred: task("cred")?,
        task_struct_exit_code: task("exit_code")?,
        task_struct_mm: task("mm")?,
        task_struct_files: task("files")?,
        task_struct_cgroups: task("cgroups")?,
        cred_uid: at("cred", "uid")?,
        cred_euid: at("cred", "euid")?,
        cred_egid: at("cred", "egid")?,
        pid_level: at("pid", "level")?,
        pid_numbers: at("pid", "numbers")?,
        upid_size: btf.size("upid")?,
        mm_struct_arg_start: at("mm_struct", "arg_start")?,
        mm_struct_arg_end: at("mm_struct", "arg_end")?,
        linux_binprm_filename: at("linux_binprm", "filename")?,
        linux_binprm_file: at("linux_binprm", "file")?,
        files_struct_fdt: at("files_struct", "fdt")?,
        fdtable_max_fds: at("fdtable", "max_fds")?,
        fdtable_fd: at("fdtable", "fd")?,
        fdtable_open_fds: at("fdtable", "open_fds")?,
        file_f_inode: at("file", "f_inode")?,
        file_private_data: at("file", "private_data")?,
        inode_i_mode: at("inode", "i_mode")?,
        inode_i_ino: at("inode", "i_ino")?,
        inode_i_sb: at("inode", "i_sb")?,
        super_block_s_dev: at("super_block", "s_dev")?,
        socket_sk: at("socket", "sk")?,
        sock_sk_type: at("sock", "sk_type")?,
        sock_sk_protocol: at("sock", "sk_protocol")?,
        sock_common_skc_family: common("skc_family")?,
        sock_common_skc_num: common("skc_num")?,
        sock_common_skc_dport: common("skc_dport")?,
        sock_common_skc_rcv_saddr: common("skc_rcv_saddr")?,
        sock_common_skc_daddr: common("skc_daddr")?,
        sock_common_skc_v6_rcv_saddr: v6_local,
        sock_common_skc_v6_daddr: v6_remote,
        css_set_dfl_cgrp: at("css_set", "dfl_cgrp")?,
        css_set_subsys: match controller {
            "" => MISSING,
            // An array of pointers, by the number that the kernel was built with.
            name => at("css_set", "subsys")? + 8 * btf.enumerator("cgroup_subsys_id", &format!("{name}_cgrp_id"))?,
        },
        cgroup_kn: at("cgroup", "kn")?,
        cgroup_root: at("cgroup", "root")?,
        cgroup_self_parent: at("cgroup", "self.parent")?,
        cgroup_subsys_state_cgroup: at("cgroup_subsys_state", "cgroup")?,
        cgroup_root_hierarchy_id: at("cgroup_root", "hierarchy_id")?,
        kernfs_node_id: at("kernfs_node", "id")?,
        task_struct_fs: task("fs")?,
        fs_struct_root_mnt: at("fs_struct", "root.mnt")?,
        fs_struct_root_dentry: at("fs_struct", "root.dentry")?,
        fs_struct_pwd_mnt: at("fs_struct", "pwd.mnt")?,
        file_window: window,
        file_window_inode: inode - window,
        file_window_mnt: mnt - window,
        file_window_dentry: dentry - window,
        dentry_d_hash_pprev: linked,
        dentry_d_iname: name,
        mount_mnt: at("mount", "mnt")?,
        mount_mnt_parent: at("mount", "mnt_parent")?,
        vfsmount_mnt_root: at("vfsmount", "mnt_root")?,
        unix_sock_addr: at("unix_sock", "addr")?,
        unix_sock_peer: at("unix_sock", "peer")?,
        unix_address_len: at("unix_address", "len")?,
        unix_address_name: at("unix_address", "name")?,
        mm_struct_env_start: at("mm_struct", "env_start")?,
        mm_struct_env_end: at("mm_struct", "env_end")?,
        linux_binprm_interp: at("linux_binprm", "interp")?,
        cred_cap_inheritable: at("cred", "cap_inheritable")?,
        inode_i_uid: at("inode", "i_uid")?,
        inode_i_gid: at("inode", "i_gid")?,
        inode_i_nlink: at("inode", "i_nlink")?,
        inode_i_size: at("inode", "i_size")?,
        inode_mtime_sec: time("mtime", "sec")?,
        inode_mtime_nsec: time("mtime", "nsec")?,
        inode_ctime_sec: time("ctime", "sec")?,
        inode_ctime_nsec: time("ctime", "nsec")?,
        super_block_s_magic: at("super_block", "s_magic")?,
        vfsmount_mnt_sb: at("vfsmount", "mnt_sb")?,
        overlay_upper: overlay,
        io_kiocb_opcode: uring("io_kiocb", "opcode"),
        io_kiocb_flags: uring("io_kiocb", "flags"),
        io_kiocb_cqe_user_data: uring("io_kiocb", "cqe.user_data"),
        io_kiocb_cqe_fd: uring("io_kiocb", "cqe.fd"),
        io_open_dfd: uring("io_open", "dfd"),
        io_open_file_slot: uring("io_open", "file_slot"),
        io_open_filename: uring("io_open", "filename"),
        io_close_fd: uring("io_close", "fd"),
        io_close_file_slot: uring("io_close", "file_slot"),
        io_accept_file_slot: uring("io_accept", "file_slot"),
        io_socket_file_slot: uring("io_socket", "file_slot"),
        io_unlink_dfd: uring("io_unlink", "dfd"),
        io_unlink_filename: uring("io_unlink", "filename"),
        io_mkdir_dfd: uring("io_mkdir", "dfd"),
        io_mkdir_filename: uring("io_mkdir", "filename"),
        io_rename_old_dfd: uring("io_rename", "old_dfd"),
        io_rename_oldpath: uring("io_rename", "oldpath"),
        io_rename_newpath: uring("io_rename", "newpath"),
        io_link_old_dfd: uring("io_link", "old_dfd"),
        io_link_oldpath: uring("io_link", "oldpath"),
        io_link_newpath: uring("io_link", "newpath"),
    };
    Ok((offsets, degraded))
}

/// Refuses a kernel that has a field elsewhere.
fn exactly(expected: u32, found: u32, field: &str) -> Result<()> {
    ensure!(
        found == expected,
        "this kernel has {field} at {found}, and the program expects it at {expected}"
    );
    Ok(())
}

/// Refuses a kernel that has one of these fields further than `most` bytes behind `from`.
fn within(from: u32, fields: &[(u32, &str)], most: u32) -> Result<()> {
    for (found, field) in fields {
        ensure!(
            found - from <= most && (found - from).is_multiple_of(8),
            "this kernel has {field} at {found}, and the program expects it at most {most} behind {from}"
        );
    }
    Ok(())
}
