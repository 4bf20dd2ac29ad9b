//! What every recording begins with: the kernel program, who is in scope, what runs already.

use super::command::Command;
use super::session::Options;
use crate::catalogue::Catalogue;
use crate::conduct;
use crate::containers::Helper;
use crate::events::{Chosen, Tracker};
use crate::filter::Live;
use crate::probe::{Probe, Settings};
use crate::scope::{self, Scope};
use crate::{clock, host, signals};
use afterimage_abi::condition;
use afterimage_format::model::Header;
use anyhow::{Result, bail};
use std::collections::BTreeSet;
use std::time::Duration;

/// Longest time that the snapshot takes before events are taken; the rest of it comes between them.
const SNAPSHOT: Duration = Duration::from_millis(150);

/// How long runtimes are waited for that know which of the containers here are asked for; what they tell later counts from
/// then on.
const FIRST_ANSWERS: Duration = Duration::from_millis(500);
const WITHOUT_RUNTIMES: &str = "names, images and labels of containers are not known";

/// A recording that has begun: its events are in the rings, and nothing has taken them yet.
pub(crate) struct Begun {
    pub(crate) probe: Probe,
    pub(crate) tracker: Tracker,
    pub(crate) header: Header,
    /// The command, which waits.
    pub(super) command: Option<Command>,
}

/// Loads, attaches and looks at what runs already. `others` are processes of the recorder's own beside the helper: they,
/// and what they start, are not recorded either.
pub(crate) fn begin(options: &mut Options, others: &[u32]) -> Result<Begun> {
    let (redactor, filter) = (std::mem::take(&mut options.redactor), options.filter.take());
    let catalogue = match &filter {
        Some(filter) => {
            let mut catalogue = Catalogue::new();
            filter.choose(&mut catalogue, |kind| options.profile.takes(kind));
            if !filter.leaves_something(&catalogue) {
                bail!(
                    "profile {} and filter `{}`: nothing is left to record",
                    options.profile.name,
                    filter.text
                );
            }
            catalogue
        }
        None => options.catalogue(),
    };
    let mut scope = options.scope.clone();
    if let Some(filter) = &filter {
        filter.narrow(&mut scope);
    }
    scope.check()?;
    // The fork comes before everything that starts threads or holds the kernel's resources.
    let command = match scope.command.as_slice() {
        [] => None,
        argv => Some(Command::prepare(argv)?),
    };
    signals::install()?;
    if let Some(level) = options.nice {
        conduct::set_nice(level)?;
    }
    let clock = clock::anchor();
    let mut header = Header {
        capture_id: *uuid::Uuid::new_v4().as_bytes(),
        host: host::describe(),
        clock,
        recorder: concat!("afterimage capture ", env!("CARGO_PKG_VERSION")).to_owned(),
        scope: options.scope.text(),
        snaplen: options.snaplen,
        tags: options.tags.clone(),
        degraded: degraded(),
        profile: options.profile.name.clone(),
        filter: filter.as_ref().map(|f| f.text.clone()).unwrap_or_default(),
        redactions: redactor.describe(),
        // A capture of containers holds nothing of the host's, and their users are others.
        accounts: match options.scope.selectors.is_empty() {
            true => host::accounts(),
            false => Default::default(),
        },
        ..Header::default()
    };
    let failures = filter.as_ref().is_some_and(|f| f.has_failures_only(&catalogue));
    let asked = std::mem::take(&mut options.asked);
    let helper = match asked.is_nobody() {
        true => None,
        false => match Helper::start(&asked) {
            Ok(helper) => Some(helper),
            Err(error) => {
                header.degraded.push(format!("{WITHOUT_RUNTIMES}: {error:#}"));
                None
            }
        },
    };
    let settings = Settings {
        helper: helper.as_ref().map_or(0, Helper::pid),
        scope: scope.condition() | if failures { condition::FAILED } else { 0 },
        snaplen: options.snaplen,
        latency: options.latency,
        way: options.way,
        specs: catalogue.specs.clone(),
        entries: catalogue.entries.clone(),
        compat_specs: catalogue.compat_specs.clone(),
    };
    let chosen = Chosen {
        filter: filter.map(|filter| Live::new(filter, header.clone())),
        redactor,
    };
    let mut tracker = Tracker::new(&scope, catalogue, chosen, clock);
    let own: Vec<u32> = std::iter::once(std::process::id())
        .chain(helper.as_ref().map(Helper::pid))
        .chain(others.iter().copied())
        .collect();
    tracker.leave_out(others);
    if let Some(helper) = helper {
        tracker.cgroups.ask_through(helper, &asked);
        tracker.read_audit(asked.reads_audit());
    }
    // The helper alone listens at what it was given.
    drop(asked);
    let mut probe = Probe::load(&settings).map_err(crate::doctor::explain)?;
    let members = put_in_scope(&mut probe, &scope, command.as_ref())?;
    header.degraded.extend(probe.degraded());
    let mut in_scope = Vec::new();
    tracker.find_cgroups(|id| in_scope.push(id));
    if tracker.cgroups.depend_on_runtimes() {
        tracker.hear(FIRST_ANSWERS, |id| in_scope.push(id));
        tracker.cgroups.be_patient();
    }
    for id in in_scope {
        probe.add_cgroup(id)?;
    }
    let own: Vec<u32> = own.into_iter().chain(probe.helper()).collect();
    tracker.begin_snapshot(&members, &own, SNAPSHOT);
    if let Some(command) = &command {
        tracker.expect(command.pid());
    }
    Ok(Begun {
        probe,
        tracker,
        header,
        command,
    })
}

/// Attaches, and tells the kernel who is in scope; returns the processes that are in its table.
fn put_in_scope(probe: &mut Probe, scope: &Scope, command: Option<&Command>) -> Result<BTreeSet<u32>> {
    if let Some(command) = command {
        probe.add_command(command.pid())?;
    }
    for uid in &scope.users {
        probe.add_user(*uid)?;
    }
    for pid in &scope.alone {
        probe.add_alone(*pid)?;
    }
    for pid in &scope.trees {
        probe.add_tree(*pid)?;
    }
    probe.attach().map_err(crate::doctor::explain)?;
    // From here on the kernel adds what members fork. What they had forked before is in /proc, and what a process forked
    // before it became a member itself is found in the next round.
    let mut members = scope.trees.clone();
    while !scope.trees.is_empty() {
        let found = scope::descendants(&members);
        if found.len() == members.len() {
            break;
        }
        for pid in found.difference(&members) {
            probe.add_tree(*pid)?;
        }
        members = found;
    }
    members.extend(&scope.alone);
    Ok(members)
}

/// What this host does not offer, for the header.
fn degraded() -> Vec<String> {
    let mut out = Vec::new();
    if crate::snapshot::cgroup_root().is_none() {
        out.push("no cgroups are mounted: containers are not told apart".to_owned());
    }
    out
}
