//! `user` and `group`.

use super::define::class;

class! {
    /// The user that the process acts as.
    UserField, User, "user";
    Uid = "user.uid" Uint, "User id.", "user.uid = 0";
    Name = "user.name" Str, "User name.", "user.name = root";
    LoginUid = "user.loginuid" Int, "User id of the login; -1 if there was none.", "user.loginuid != -1";
    HomeDir = "user.homedir" Str, "Home directory.", "user.homedir = /root";
    Shell = "user.shell" Str, "Login shell.", "user.shell endswith nologin";
    LoginName = "user.loginname" Str, "Name of the user that logged in.", "user.loginname = alice";
}

class! {
    /// The group that the process acts as.
    GroupField, Group, "group";
    Gid = "group.gid" Uint, "Group id.", "group.gid = 0";
    Name = "group.name" Str, "Group name.", "group.name = docker";
}
