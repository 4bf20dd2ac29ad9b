//! Where the running kernel keeps what the program reads. The loader fills this from the kernel's BTF and the verifier
//! sees constants.

/// Machines whose registers the program knows: values of its `MACHINE` global.
pub mod machine {
    /// x86-64.
    pub const X86_64: u32 = 0;
    /// arm64.
    pub const ARM64: u32 = 1;
}

/// The offset of a field that the running kernel does not have.
pub const MISSING: u32 = u32::MAX;

/// Byte offsets in kernel structures: `<struct>_<field>`. All are in bytes from the start of the structure.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "every name is the kernel's own structure and field")]
pub struct Offsets {
    /// The word in thread_info that has the mark of 32-bit calls: `status` on x86, `flags` on arm64.
    pub task_struct_compat: u32,
    pub task_struct_tgid: u32,
    pub task_struct_pid: u32,
    pub task_struct_comm: u32,
    pub task_struct_real_parent: u32,
    pub task_struct_group_leader: u32,
    pub task_struct_thread_pid: u32,
    pub task_struct_cred: u32,
    pub task_struct_exit_code: u32,
    pub task_struct_mm: u32,
    pub task_struct_files: u32,
    pub task_struct_cgroups: u32,
    pub cred_uid: u32,
    pub cred_euid: u32,
    pub cred_egid: u32,
    pub pid_level: u32,
    pub pid_numbers: u32,
    pub upid_size: u32,
    pub mm_struct_arg_start: u32,
    pub mm_struct_arg_end: u32,
    pub linux_binprm_filename: u32,
    pub linux_binprm_file: u32,
    pub files_struct_fdt: u32,
    pub fdtable_max_fds: u32,
    pub fdtable_fd: u32,
    pub fdtable_open_fds: u32,
    pub file_f_inode: u32,
    pub file_private_data: u32,
    pub inode_i_mode: u32,
    pub inode_i_ino: u32,
    pub inode_i_sb: u32,
    pub super_block_s_dev: u32,
    pub socket_sk: u32,
    pub sock_sk_type: u32,
    pub sock_sk_protocol: u32,
    pub sock_common_skc_family: u32,
    pub sock_common_skc_num: u32,
    pub sock_common_skc_dport: u32,
    pub sock_common_skc_rcv_saddr: u32,
    pub sock_common_skc_daddr: u32,
    pub sock_common_skc_v6_rcv_saddr: u32,
    pub sock_common_skc_v6_daddr: u32,
    pub css_set_dfl_cgrp: u32,
    /// Of the controller whose hierarchy counts; [`MISSING`]: version 2 does.
    pub css_set_subsys: u32,
    pub cgroup_kn: u32,
    pub cgroup_root: u32,
    pub cgroup_self_parent: u32,
    pub cgroup_subsys_state_cgroup: u32,
    pub cgroup_root_hierarchy_id: u32,
    pub kernfs_node_id: u32,
    pub task_struct_fs: u32,
    pub fs_struct_root_mnt: u32,
    pub fs_struct_root_dentry: u32,
    pub fs_struct_pwd_mnt: u32,
    /// Where a window of 64 bytes begins that has the next three: they are relative to it.
    pub file_window: u32,
    pub file_window_inode: u32,
    pub file_window_mnt: u32,
    pub file_window_dentry: u32,
    pub dentry_d_hash_pprev: u32,
    pub dentry_d_iname: u32,
    pub mount_mnt: u32,
    pub mount_mnt_parent: u32,
    pub vfsmount_mnt_root: u32,
    pub unix_sock_addr: u32,
    pub unix_sock_peer: u32,
    pub unix_address_len: u32,
    pub unix_address_name: u32,
    pub io_kiocb_opcode: u32,
    pub io_kiocb_flags: u32,
    pub io_kiocb_cqe_user_data: u32,
    pub io_kiocb_cqe_fd: u32,
    pub io_open_dfd: u32,
    pub io_open_file_slot: u32,
    pub io_open_filename: u32,
    pub io_close_fd: u32,
    pub io_close_file_slot: u32,
    pub io_accept_file_slot: u32,
    pub io_socket_file_slot: u32,
    pub io_unlink_dfd: u32,
    pub io_unlink_filename: u32,
    pub io_mkdir_dfd: u32,
    pub io_mkdir_filename: u32,
    pub io_rename_old_dfd: u32,
    pub io_rename_oldpath: u32,
    pub io_rename_newpath: u32,
    pub io_link_old_dfd: u32,
    pub io_link_oldpath: u32,
    pub io_link_newpath: u32,
    pub mm_struct_env_start: u32,
    pub mm_struct_env_end: u32,
    pub linux_binprm_interp: u32,
    pub cred_cap_inheritable: u32,
    pub inode_i_uid: u32,
    pub inode_i_gid: u32,
    pub inode_i_nlink: u32,
    pub inode_i_size: u32,
    pub inode_mtime_sec: u32,
    pub inode_mtime_nsec: u32,
    pub inode_ctime_sec: u32,
    pub inode_ctime_nsec: u32,
    pub super_block_s_magic: u32,
    pub vfsmount_mnt_sb: u32,
    /// From an overlay's inode to where its upper dentry stands.
    pub overlay_upper: u32,
}

impl Offsets {
    /// The fields in order, as the loader hands them over.
    pub fn words(&self) -> &[u32] {
        // SAFETY: the structure is repr(C) and has u32 fields only, so it is an array of them without padding.
        unsafe { core::slice::from_raw_parts((&raw const *self).cast(), size_of::<Self>() / size_of::<u32>()) }
    }
}
