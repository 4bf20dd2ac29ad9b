//! Users by name.

use std::ffi::CString;

/// The id of a user: a number, or a name that this host knows.
///
/// # Errors
/// Says that there is no such user.
pub(crate) fn user(text: &str) -> Result<u32, String> {
    if let Ok(uid) = text.parse() {
        return Ok(uid);
    }
    let name = CString::new(text).map_err(|_| "a NUL byte in the name".to_owned())?;
    // SAFETY: `name` is a string; the result is used before any other call could change it, while this process has one
    // thread.
    let entry = unsafe { libc::getpwnam(name.as_ptr()).as_ref() };
    entry
        .map(|entry| entry.pw_uid)
        .ok_or_else(|| format!("this host knows no user `{text}`; users of containers go by their number"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn by_name_and_number() {
        assert_eq!(super::user("root"), Ok(0));
        assert_eq!(super::user("65534"), Ok(65534));
        assert!(super::user("no-such-user").unwrap_err().contains("no-such-user"));
    }
}
