//! Makes the system calls of one group, each for real, and prints what a recording has to say of them: the lines of
//! `%evt.type %evt.args`, in the order of the calls.
//!
//! `syscalls GROUP DIR` | `syscalls every native|compat FIRST LAST`

mod compat;
mod every;
mod files;
mod ipc;
mod kernel;
mod memory;
mod memory_limit;
mod mounts;
mod network;
mod processes;
mod signals;
mod transfer;
mod uring;
mod waiting;

use afterimage_format::constants::errno_name;
use std::ffi::CString;

/// What was done so far.
#[derive(Default)]
struct Done(Vec<String>);

impl Done {
    fn say(&mut self, line: impl Into<String>) {
        self.0.push(line.into());
    }
}

/// A system call as it is; the result is that of the kernel, negative errors included.
fn call(nr: i64, args: &[i64]) -> i64 {
    let at = |n: usize| args.get(n).copied().unwrap_or(0);
    // SAFETY: every pointer that the groups pass belongs to a value that lives until the call has returned.
    let result = unsafe { libc::syscall(nr, at(0), at(1), at(2), at(3), at(4), at(5)) };
    if result == -1 {
        -i64::from(std::io::Error::last_os_error().raw_os_error().unwrap_or(0))
    } else {
        result
    }
}

/// A result as it is shown.
fn shown(result: i64) -> String {
    match errno_name(-result) {
        Some(name) if result < 0 => format!("{result}({name})"),
        _ => result.to_string(),
    }
}

/// A text for the kernel.
fn c(text: &str) -> CString {
    CString::new(text).unwrap()
}

/// Its address.
fn p(text: &CString) -> i64 {
    text.as_ptr() as i64
}

/// A descriptor as an event shows it, by what /proc says that it is.
fn open(fd: i64) -> String {
    let Ok(link) = std::fs::read_link(format!("/proc/self/fd/{fd}")) else {
        return shown(fd);
    };
    let link = link.display().to_string();
    let meaning = match link.strip_prefix("anon_inode:") {
        Some("inotify" | "[fanotify]") => "<i>".to_owned(),
        Some(_) => format!("<o>{link}"),
        None if link.starts_with("pipe:") => format!("<p>{link}"),
        None => format!("<f>{link}"),
    };
    format!("{fd}({meaning})")
}

/// The address of any value.
fn at<T: ?Sized>(value: &T) -> i64 {
    std::ptr::from_ref(value).cast::<u8>() as i64
}

/// The address of a value that the kernel fills.
fn to<T: ?Sized>(value: &mut T) -> i64 {
    std::ptr::from_mut(value).cast::<u8>() as i64
}

const CWD: i64 = libc::AT_FDCWD as i64;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut done = Done::default();
    if let ["every", table, first, last] = words.as_slice() {
        return every::run(table, first.parse().unwrap(), last.parse().unwrap());
    }
    let [group, dir] = words.as_slice() else {
        panic!("unknown work {args:?}")
    };
    std::env::set_current_dir(dir).unwrap();
    let out = &mut done;
    match *group {
        "files" => files::run(out, dir),
        "attributes" => files::attributes(out, dir),
        "mounts" => mounts::run(out, dir),
        "transfer" => transfer::run(out, dir),
        "network" => network::run(out),
        "memory" => memory::run(out, dir),
        "processes" => processes::run(out),
        "kernel" => kernel::run(out, dir),
        "signals" => signals::run(out),
        "waiting" => waiting::run(out),
        "ipc" => ipc::run(out),
        "compat" => compat::run(out, dir),
        "memory_limit" => memory_limit::run(out),
        "uring" => uring::run(out, dir),
        other => panic!("unknown group {other}"),
    }
    println!("{}", done.0.join("\n"));
}

/// A set of capabilities by name.
fn capabilities(bits: u64) -> String {
    use afterimage_format::{constants::name, model::ParamType};
    name(ParamType::Capabilities, bits as i64).unwrap()
}

/// Features of io_uring by name.
fn ring_features(bits: u32) -> String {
    use afterimage_format::{constants::name, model::ParamType};
    name(ParamType::IoUringFeatures, i64::from(bits)).unwrap()
}
