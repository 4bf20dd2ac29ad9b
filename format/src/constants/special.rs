//! Values that are made of more than constants of one kind.

use super::flags::{joined, signal_name};
use super::{file, ipc, network, one};

/// A command of quotactl and the kind of quota.
pub(super) fn quota(value: i64) -> String {
    let command = (value as u32) >> 8;
    let name = one(file::QUOTA, i64::from(command)).map_or_else(|| format!("{command:#x}"), str::to_owned);
    match value & 0xff {
        0 => format!("{name}|USRQUOTA"),
        1 => format!("{name}|GRPQUOTA"),
        2 => format!("{name}|PRJQUOTA"),
        other => format!("{name}|{other:#x}"),
    }
}

/// A futex operation and its flags.
pub(super) fn futex(value: i64) -> String {
    let name = one(ipc::FUTEX, value & 0x7f);
    let mut names: Vec<String> = vec![name.map_or_else(|| (value & 0x7f).to_string(), str::to_owned)];
    let rest = value as u32 & !0x7f;
    if rest != 0 {
        names.push(joined(
            &[(128, "FUTEX_PRIVATE_FLAG"), (256, "FUTEX_CLOCK_REALTIME")],
            u64::from(rest),
        ));
    }
    names.join("|")
}

/// Flags of System V IPC, and the mode of what they make.
pub(super) fn ipc_flags(names: &[(i64, &str)], value: i64) -> String {
    let value = u64::from(value as u32);
    let (mode, flags) = (value & 0o777, value & !0o777);
    match (flags, mode) {
        (0, mode) => format!("{mode:04o}"),
        (flags, 0) => joined(names, flags),
        (flags, mode) => format!("{}|{mode:04o}", joined(names, flags)),
    }
}

/// The option in the lower half of a value whose upper half is its level.
pub(super) fn socket_option(value: i64) -> Option<&'static str> {
    let names = match value >> 32 {
        0 => network::IP,
        1 => network::SOCKET,
        6 => network::TCP,
        17 | 136 => network::UDP,
        41 => network::IPV6,
        263 => network::PACKET,
        270 => network::NETLINK,
        _ => return None,
    };
    one(names, i64::from(value as u32))
}

/// Nanoseconds in the largest unit that leaves no rest worth telling.
pub(super) fn duration(value: i64) -> String {
    let (unit, name) = match value.unsigned_abs() {
        1_000_000_000.. => (1_000_000_000, "s"),
        1_000_000.. => (1_000_000, "ms"),
        1_000.. => (1_000, "us"),
        _ => (1, "ns"),
    };
    match (value / unit, (value % unit).unsigned_abs()) {
        (whole, 0) => format!("{whole}{name}"),
        (_, _) => format!("{}{name}", value as f64 / unit as f64),
    }
}

/// The signals of a set.
pub(super) fn signals(value: i64) -> String {
    let names: Vec<String> = (1..=64)
        .filter(|signal| value as u64 >> (signal - 1) & 1 != 0)
        .filter_map(signal_name)
        .collect();
    if names.is_empty() {
        "0".to_owned()
    } else {
        names.join("|")
    }
}

/// A device number as system calls take it (include/linux/kdev_t.h).
pub(super) fn device(value: i64) -> String {
    let value = value as u32;
    format!("{}:{}", value >> 8 & 0xfff, value & 0xff | value >> 12 & 0xf_ff00)
}

/// Constants whose bits are set.
pub(super) fn bits(names: &[(i64, &str)], value: i64) -> String {
    let flags: Vec<(i64, &str)> = names.iter().map(|(bit, name)| (1 << bit, *name)).collect();
    joined(&flags, value as u64)
}
