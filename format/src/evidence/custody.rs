//! Filling in an entry of the custody log.

use crate::model::CustodyEntry;
use std::time::{SystemTime, UNIX_EPOCH};

impl CustodyEntry {
    /// An entry for something that is done now, by the user and on the host of this process.
    pub fn now(action: &str, tool: &str) -> CustodyEntry {
        let time = SystemTime::now().duration_since(UNIX_EPOCH);
        CustodyEntry {
            time: time.map_or(0, |t| t.as_nanos() as u64),
            action: action.to_owned(),
            tool: tool.to_owned(),
            user: user(),
            host: host(),
            ..CustodyEntry::default()
        }
    }
}

/// Name of the effective user, or `uid N` where it has none in /etc/passwd.
fn user() -> String {
    // SAFETY: geteuid has no arguments and cannot fail.
    let uid = unsafe { libc::geteuid() };
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| format!("uid {uid}"))
}

fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::action;

    #[test]
    fn an_entry_says_who_where_and_when() {
        let entry = CustodyEntry::now(action::CREATED, "capture 1.2");
        assert_eq!((entry.action.as_str(), entry.tool.as_str()), ("created", "capture 1.2"));
        assert!(entry.time > 1_700_000_000_000_000_000 && !entry.user.is_empty() && !entry.host.is_empty());
    }
}
