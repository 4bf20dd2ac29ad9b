//! Users and groups by name: events have numbers only.

use crate::meta::record;

/// A user of the host, or of a container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct User {
    /// User id.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its name.
    pub name: String,
    /// Home directory; empty: not known.
    pub home: String,
    /// Shell; empty: not known.
    pub shell: String,
    /// [`crate::model::Container::key`] of the container in which it has this name; 0: the host.
    pub container: u64,
}
record!(User {
    uid,
    gid,
    name,
    home,
    shell,
    container
});

/// A group of the host, or of a container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// Group id.
    pub gid: u32,
    /// Its name.
    pub name: String,
    /// [`crate::model::Container::key`] of the container in which it has this name; 0: the host.
    pub container: u64,
}
record!(Group { gid, name, container });

/// Names of users and groups, as a header or a summary has them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accounts {
    /// Users.
    pub users: Vec<User>,
    /// Groups.
    pub groups: Vec<Group>,
}
record!(Accounts { users, groups });
