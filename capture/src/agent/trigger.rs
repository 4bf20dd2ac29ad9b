//! What becomes of an alert: a capture of its own, a part of one that is under way, or a refusal. The answer says which.

use super::alert::{Selector, Trigger};
use super::capture::{Capture, Limits, New};
use super::config::Fallback;
use super::cut::Span;
use super::desk::Desk;
use super::folder::{self, Files};
use super::members::Members;
use super::older::{self, Older};
use super::select::{self, Meant, World};
use serde_json::{Value, json};
use std::time::Duration;

/// Longest time before and after that an alert can ask for.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// What SIGUSR1 means.
pub(super) fn of_signal() -> Trigger {
    Trigger {
        source: "signal".into(),
        title: "SIGUSR1".into(),
        selectors: vec![Selector {
            node: "*".into(),
            ..Selector::default()
        }],
        ..Trigger::default()
    }
}

impl Desk {
    /// Answers an alert. `status` is that of HTTP.
    pub(crate) fn trigger(&mut self, trigger: &Trigger) -> Value {
        let answer = self.decide(trigger);
        let result = answer["result"].as_str().unwrap_or_default().to_owned();
        self.metrics.triggered(&trigger.source, &result);
        let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
        let (capture, error) = (text("capture"), text("error"));
        let fields = [
            ("source", trigger.source.as_str()),
            ("title", &trigger.title),
            ("result", &result),
            ("capture", &capture),
            ("error", &error),
        ];
        match answer["ok"] == true {
            true => self.log.info("a trigger", &fields),
            false => self.log.warn("a trigger was refused", &fields),
        }
        answer
    }

    fn decide(&mut self, trigger: &Trigger) -> Value {
        if self.stopping {
            return ending();
        }
        if let Err(error) = self.record() {
            return refusal(503, &error, "see the agent's log, and `capture doctor`");
        }
        let time = |asked: Option<u64>, usual: Duration| asked.map_or(usual, Duration::from_millis).min(LONGEST);
        let pre = time(trigger.pre, self.config.captures.pre.get_ref().0);
        let post = time(trigger.post, self.config.captures.post.0);
        let end = self.end_of(post);
        if let Some(capture) = self.captures.iter_mut().find(|capture| capture.knows(trigger)) {
            capture.join(trigger, end, &self.world);
            return accepted(capture, true, "", &self.world);
        }
        let same = |(source, id, _): &&(String, String, String)| *source == trigger.source && *id == trigger.id;
        if !trigger.id.is_empty()
            && let Some((_, _, capture)) = self.remembered.iter().find(same)
        {
            return json!({"ok": true, "status": 200, "result": "repeated", "capture": capture, "captures": [capture],
                "joined": true, "note": "this alert has led to a capture that is finished"});
        }
        if let Some(capture) = self.surely_in(trigger, pre) {
            let capture = &mut self.captures[capture];
            capture.join(trigger, end, &self.world);
            return accepted(capture, true, "", &self.world);
        }
        let (members, note) = match self.members(trigger, pre) {
            Ok(found) => found,
            // Who is meant might have been known a moment ago.
            Err(_) if self.stopping => return ending(),
            Err(answer) => return answer,
        };
        if let Some(capture) = self.captures.iter_mut().find(|capture| capture.members.same(&members)) {
            capture.join(trigger, end, &self.world);
            return accepted(capture, true, &note, &self.world);
        }
        self.begin(trigger, members, Span { from: 0, to: end }, pre, note)
    }

    /// The capture that already has what ids name: of those more need not be known, so that the recorder is not asked. Where
    /// there are many alerts it is busy.
    fn surely_in(&self, trigger: &Trigger, pre: Duration) -> Option<usize> {
        let all_ids = trigger.selectors.iter().all(select::names_by_id);
        if self.captures.is_empty() || !all_ids {
            return None;
        }
        let since = self.begins(trigger, pre);
        match select::resolve(&trigger.selectors, &self.world, since, &[], Vec::new) {
            Meant::These(members @ Members::Containers { .. }) => {
                self.captures.iter().position(|capture| capture.members.same(&members))
            }
            _ => None,
        }
    }

    /// Who is meant, or the answer that nobody is.
    fn members(&mut self, trigger: &Trigger, pre: Duration) -> Result<(Members, String), Value> {
        let pids = trigger.selectors.iter().filter_map(|selector| selector.pid).collect();
        let current = self.ask_world(pids);
        let since = self.begins(trigger, pre);
        let mut node = vec![self.header.host.hostname.clone(), self.node.clone()];
        node.extend_from_slice(&self.config.captures.node_names);
        node.dedup();
        let ring = self.ring.clone();
        let meant = select::resolve(&trigger.selectors, &self.world, since, &node, || ring.lock().newest());
        let stale = if current {
            ""
        } else {
            " (the recorder is busy; this is what was known before)"
        };
        match meant {
            Meant::These(members) => Ok((members, String::new())),
            Meant::Nobody(why) => {
                let why = match select::untold(&trigger.selectors, &self.world) {
                    Some(untold) => format!("{why} ({untold})"),
                    None => why,
                };
                match self.config.captures.fallback {
                    Fallback::Node => Ok((Members::Node, format!("{why}{stale}; so the whole node is captured"))),
                    Fallback::Refuse => Err(refusal(
                        404,
                        &format!("{why}{stale}"),
                        "name a container, pod or process of this node, or set `fallback = \"node\"` in [captures]",
                    )),
                }
            }
        }
    }

    /// When a capture for this alert begins: before the alert, as far as there is anything.
    fn begins(&self, trigger: &Trigger, pre: Duration) -> u64 {
        let now = self.now();
        let happened = trigger
            .time
            .and_then(|time| u64::try_from(time).ok())
            .unwrap_or(now)
            .min(now);
        happened.saturating_sub(u64::try_from(pre.as_nanos()).unwrap_or(u64::MAX))
    }

    fn begin(&mut self, trigger: &Trigger, members: Members, span: Span, pre: Duration, note: String) -> Value {
        if self.captures.len() >= self.config.captures.at_once.get() {
            return refusal(
                503,
                &format!("{} captures are being written already", self.captures.len()),
                "try again when one has ended, or raise `at_once` in [captures]",
            );
        }
        self.make_room();
        let from = self.begins(trigger, pre);
        let (first, first_num) = {
            let ring = self.ring.lock();
            let first = ring.first_since(from, members == Members::Node);
            (first, ring.at(first).map_or(0, |piece| piece.segment.zone.first_num))
        };
        let disk = self
            .config
            .ring
            .disk
            .as_ref()
            .filter(|_| from < self.ring.lock().since());
        let name = older::name(&self.header.capture_id);
        let with_state = members == Members::Node;
        let older = disk.map(|disk| Older::new(&disk.folder, &name, from, first_num, with_state));
        let uuid = *uuid::Uuid::new_v4().as_bytes();
        let files = Files::new(&self.config.captures.folder, &folder::new_id(self.now(), &uuid));
        let mut header = self.header.clone();
        header.capture_id = uuid;
        let new = New {
            files,
            members,
            span: Span { from, ..span },
            first,
            first_num,
            header,
            options: self.writing.options(self.config.retention.min_free.0),
            limits: Limits {
                max_extension: self.config.captures.max_extension.0,
                max_size: self.config.captures.max_size.0,
            },
            world: &self.world,
            note: note.clone(),
            older,
        };
        match Capture::begin(new, trigger) {
            Ok(capture) => {
                let answer = accepted(&capture, false, &note, &self.world);
                self.captures.push(capture);
                self.metrics.begun += 1;
                answer
            }
            Err(error) => {
                let (status, hint) = match error.is_no_space() {
                    true => (507, "make room, or lower `min_free` or `total` in [retention]"),
                    false => (
                        500,
                        "see the folder of [captures]: the agent must be able to write there",
                    ),
                };
                refusal(status, &error.to_string(), hint)
            }
        }
    }
}

fn accepted(capture: &Capture, joined: bool, note: &str, world: &World) -> Value {
    let id = &capture.files.id;
    json!({
        "ok": true,
        "status": 202,
        "result": if joined { "joined" } else { "captured" },
        "capture": id,
        "captures": [id],
        "joined": joined,
        "scope": capture.members.text(&world.containers),
        "note": note,
    })
}

fn ending() -> Value {
    refusal(503, "the agent is ending", "try again when it has started")
}

fn refusal(status: u16, error: &str, hint: &str) -> Value {
    json!({"ok": false, "status": status, "result": "refused", "error": error, "hint": hint})
}
