//! Users and groups of the host and of containers.

use crate::limits::MAX_ACCOUNTS;
use crate::lists::Account;
use afterimage_format::model::{Accounts, Group, User};
use hashbrown::HashMap;

/// All that were told.
#[derive(Default)]
pub(crate) struct Known {
    users: HashMap<(u64, u32), User>,
    groups: HashMap<(u64, u32), Group>,
    /// More than is kept.
    pub(crate) left_out: u64,
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Known {
    /// Adds one of a container; 0: of the host.
    pub(crate) fn add(&mut self, container: u64, account: Account) {
        if self.users.len().max(self.groups.len()) >= MAX_ACCOUNTS {
            self.left_out += 1;
            return;
        }
        match account {
            Account::User {
                uid,
                gid,
                name,
                home,
                shell,
            } => {
                let user = User {
                    uid,
                    gid,
                    name: text(&name),
                    home: text(&home),
                    shell: text(&shell),
                    container,
                };
                self.users.insert((container, uid), user);
            }
            Account::Group { gid, name } => {
                let group = Group {
                    gid,
                    name: text(&name),
                    container,
                };
                self.groups.insert((container, gid), group);
            }
        }
    }

    /// What the trace says.
    pub(crate) fn accounts(&self) -> Accounts {
        let mut accounts = Accounts {
            users: self.users.values().cloned().collect(),
            groups: self.groups.values().cloned().collect(),
        };
        accounts.users.sort_by_key(|user| (user.container, user.uid));
        accounts.groups.sort_by_key(|group| (group.container, group.gid));
        accounts
    }
}
