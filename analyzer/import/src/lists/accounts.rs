//! User lists: users and groups.

use super::reader::ListReader;
use crate::blocks::Broken;
use crate::source::Source;
use std::io::Read;

/// A user or a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Account {
    User {
        uid: u32,
        gid: u32,
        name: Vec<u8>,
        home: Vec<u8>,
        shell: Vec<u8>,
    },
    Group {
        gid: u32,
        name: Vec<u8>,
    },
}

/// Calls `each` with every entry of a list of `version` whose body has `length` bytes.
pub(crate) fn accounts<R: Read>(
    source: &mut Source<R>,
    length: u64,
    version: u8,
    mut each: impl FnMut(Account),
) -> Result<(), Broken> {
    let mut list = ListReader::new(source, length);
    while list.has_more() {
        list.begin(version >= 2, true)?;
        each(if list.u8()? == 0 {
            Account::User {
                uid: list.u32()?,
                gid: list.u32()?,
                name: list.text()?,
                home: list.text()?,
                shell: list.text()?,
            }
        } else {
            Account::Group {
                gid: list.u32()?,
                name: list.text()?,
            }
        });
        list.finish()?;
    }
    Ok(())
}
