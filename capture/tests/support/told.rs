//! What container runtimes told, as a trace has it.

use super::{Recording, count};
use afterimage_format::file::Trace;
use afterimage_format::model::Container;
use std::path::Path;

/// Records the whole host, with rings that hold what other tests do while a busy machine keeps the recorder from them.
pub(crate) fn record_host(dir: &Path, trace: &Path, args: &[&str]) -> Recording {
    let args: Vec<&str> = args.iter().copied().chain(["--ring-size", "64MiB"]).collect();
    Recording::start(dir, trace, &args)
}

/// The container with this name.
pub(crate) fn named(trace: &Trace, name: &str) -> Container {
    let all = trace.containers();
    let found = all.iter().find(|container| container.name.as_deref() == Some(name));
    found.unwrap_or_else(|| panic!("no {name} in {all:#?}")).clone()
}

/// Every event in a cgroup is one of the container of that cgroup, and each has what the runtime told.
#[track_caller]
pub(crate) fn check_all_events(trace: &Trace, container: &Container, fields: &[(&str, &str)]) {
    // A path that may be anything is a container's once its runtime moves into it, which is after its birth.
    let is_certain = container.full_id.len() == 64;
    let rest = if is_certain {
        ""
    } else {
        " and evt.type != cgroup_mkdir"
    };
    let cgroup = format!("thread.cgroup[unified] = '{}'{rest}", container.cgroup);
    let there = count(trace, &cgroup);
    assert!(there > 0);
    assert_eq!(there as u64, container.events, "{container:?}");
    let mut filter = format!("{cgroup} and container.full_id = {}", container.full_id);
    for (field, value) in fields {
        filter.push_str(&format!(" and {field} = '{value}'"));
    }
    assert_eq!(count(trace, &filter), there, "{filter}");
}
