//! `thread`.

use super::define::class;

class! {
    /// The thread of the event.
    ThreadField, Thread, "thread";
    Tid = "thread.tid" Int, "Thread id on the host.", "thread.tid = 4711";
    Vtid = "thread.vtid" Int, "Thread id as the container sees it.", "thread.vtid = 1";
    IsMain = "thread.ismain" Bool, "Whether it is the first thread of its process.", "thread.ismain = true";
    Cgroups = "thread.cgroups" Str, "All control groups, as `controller=path` separated by spaces.", "thread.cgroups contains kubepods";
    Cgroup = "thread.cgroup" Str [Key], "The control group of one controller; `thread.cgroup[unified]` for version 2.", "thread.cgroup[unified] contains kubepods";
}
