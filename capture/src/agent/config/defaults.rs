//! What holds where a configuration says nothing: the same as in `default.toml`, which a test compares.

use super::{
    Captures, Fallback, Log, LogFormat, Mode, Recording, Retention, Rights, Ring, Scope, Signals, Size, Socket, Time,
};
use std::num::NonZeroUsize;
use std::time::Duration;
use toml::Spanned;

fn time(seconds: u64) -> Time {
    Time(Duration::from_secs(seconds))
}

fn anywhere<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}

pub(super) fn cooldown() -> Time {
    time(600)
}

impl Default for Recording {
    fn default() -> Recording {
        Recording {
            mode: Mode::Flight,
            profile: anywhere("forensic".into()),
            snaplen: None,
            latency: false,
            kernel_ring: anywhere("4MiB".into()),
            runtimes: Vec::new(),
            redact: Vec::new(),
            cpu_limit: 0,
            nice: -10,
            scope: Scope::default(),
        }
    }
}

impl Default for Ring {
    fn default() -> Ring {
        Ring {
            memory: Size(64 << 20),
            time: time(300),
            disk: None,
        }
    }
}

impl Default for Socket {
    fn default() -> Socket {
        Socket {
            path: super::SOCKET.into(),
            mode: Rights(0o660),
            group: anywhere(String::new()),
        }
    }
}

impl Default for Signals {
    fn default() -> Signals {
        Signals { usr1: true }
    }
}

impl Default for Captures {
    fn default() -> Captures {
        Captures {
            folder: "/var/lib/afterimage/captures".into(),
            pre: anywhere(time(60)),
            post: time(30),
            max_extension: time(600),
            max_size: Size(1 << 30),
            at_once: const { NonZeroUsize::new(16).unwrap() },
            node_names: Vec::new(),
            fallback: Fallback::Refuse,
            sign_key: anywhere("".into()),
            encrypt_to: Vec::new(),
        }
    }
}

impl Default for Retention {
    fn default() -> Retention {
        Retention {
            total: Size(10 << 30),
            files: 1000,
            age: time(0),
            min_free: Size(500 << 20),
        }
    }
}

impl Default for Log {
    fn default() -> Log {
        Log {
            format: LogFormat::Text,
        }
    }
}
