//! `fs`.

use super::define::class;

class! {
    /// The paths that an event names, made absolute.
    FsField, Fs, "fs";
    PathName = "fs.path.name" Str, "The one file that a successful event works on; missing where there are two.", "fs.path.name startswith /etc";
    PathNameRaw = "fs.path.nameraw" Str, "The same as the caller gave it.", "fs.path.nameraw contains ..";
    PathSource = "fs.path.source" Str, "The first of two paths: the old name of a rename, the new name of a link, the device of a mount.", "fs.path.source startswith /tmp";
    PathSourceRaw = "fs.path.sourceraw" Str, "The same as the caller gave it.", "fs.path.sourceraw startswith ./";
    PathTarget = "fs.path.target" Str, "The second of two paths: the new name of a rename, what a link leads to, the directory of a mount.", "fs.path.target startswith /usr/bin";
    PathTargetRaw = "fs.path.targetraw" Str, "The same as the caller gave it.", "fs.path.targetraw startswith ./";
}
