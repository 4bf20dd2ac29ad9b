//! Fifty alerts of five sources within a second, for ten containers that all work.

mod support;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};
use support::doors::{Doors, Wanted, falco, now, rfc3339};
use support::{Bundle, Running, can_run_containers, count, holds, lost};

const CONTAINERS: usize = 10;
/// Files that each container reads with a program of its own.
const READS: usize = 40;
const OPENS: usize = 2000;

struct Tenant {
    id: String,
    mark: String,
    bundle: Bundle,
}

impl Tenant {
    /// Its own program, file and directory have its mark in their names; it begins when `/data/go` is there.
    fn new(dir: &std::path::Path, at: usize) -> Tenant {
        let mark = format!("tenant{at}x");
        let id = format!("{:08x}{at:04x}{:052x}", std::process::id(), 0x57_0412);
        let script = format!(
            "until [ -e /data/go ]; do sleep 0.05; done\n\
             for i in $(/usr/bin/seq {READS}); do /data/{mark} /data/{mark}-file; done\n\
             exec /workload count /data/{mark}-work {OPENS} 0 0"
        );
        let bundle = Bundle::new(dir, &id, &["/bin/sh", "-c", &script]);
        std::fs::copy("/usr/bin/cat", bundle.data().join(&mark)).unwrap();
        std::fs::write(bundle.data().join(format!("{mark}-file")), &mark).unwrap();
        std::fs::create_dir(bundle.data().join(format!("{mark}-work"))).unwrap();
        Tenant { id, mark, bundle }
    }

    /// An alert about it, in the words of a source.
    fn alert(&self, source: &str) -> Value {
        let (id, mark) = (&self.id, &self.mark);
        let time = rfc3339(now());
        match source {
            "falco" => falco(&format!("falco-{mark}"), &id[..12], Some(now())),
            "alertmanager" => {
                json!({"version": "4", "status": "firing", "groupLabels": {}, "commonLabels": {}, "alerts": [{
                "status": "firing", "labels": {"alertname": "Odd", "container_id": id}, "startsAt": time, "fingerprint": mark}]})
            }
            "guardduty" => {
                json!({"detail-type": "GuardDuty Finding", "detail": {"id": mark, "type": "Execution:Runtime/X",
                "severity": 8, "updatedAt": time, "service": {"eventLastSeen": time},
                "resource": {"containerDetails": {"id": format!("containerd://{id}"), "name": "task-web"}}}})
            }
            _ => json!({"what": "Odd", "name": mark, "cid": id}),
        }
    }
}

#[test]
fn fifty_alerts_in_a_second_are_ten_captures_and_nothing_is_lost() {
    let name = "fifty_alerts_in_a_second_are_ten_captures_and_nothing_is_lost";
    if !can_run_containers(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let more = format!(
        "[[source]]\nkind = 'generic'\nauth = {{ token_file = '{}' }}\n[source.mapping]\ntitle = '/what'\nid = '/name'\n\
         container_id = '/cid'\n",
        dir.path().join("token").display()
    );
    let doors = Doors::start(
        dir.path(),
        &Wanted {
            // What other tests do at the same time must fit, too.
            recording: "kernel_ring = '64MiB'",
            sources: &["falco", "alertmanager", "guardduty"],
            more: &more,
            captures: "pre = '60s'\npost = '4s'",
            ..Wanted::default()
        },
    );
    let tenants: Vec<Tenant> = (0..CONTAINERS).map(|at| Tenant::new(dir.path(), at)).collect();
    let mut running: Vec<Running<'_>> = tenants.iter().map(|tenant| tenant.bundle.start(&tenant.id)).collect();
    running.iter().for_each(Running::wait_until_it_runs);
    // From the moment on that all work.
    for tenant in &tenants {
        std::fs::write(tenant.bundle.data().join("go"), "").unwrap();
    }
    let sources = ["falco", "alertmanager", "guardduty", "generic", "socket"];
    let start = Arc::new(Barrier::new(CONTAINERS * sources.len()));
    let mut answers: Vec<(usize, &str, u16, Value, Duration, Duration)> = Vec::new();
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..CONTAINERS)
            .flat_map(|at| sources.map(|source| (at, source)))
            .map(|(at, source)| {
                let (start, doors, tenant) = (Arc::clone(&start), &doors, &tenants[at]);
                scope.spawn(move || {
                    let body = tenant.alert(source).to_string();
                    start.wait();
                    let sent = Instant::now();
                    let (status, answer) = match source {
                        "socket" => {
                            let answer = doors
                                .agent
                                .trigger(&["--container", &tenant.id, "--reason", &tenant.mark]);
                            (answer["status"].as_u64().unwrap() as u16, answer)
                        }
                        _ => {
                            let response = doors.post(source, &body);
                            (response.status, response.json())
                        }
                    };
                    (at, source, status, answer, sent, sent.elapsed())
                })
            })
            .collect();
        let first = Instant::now();
        for one in asking {
            let (at, source, status, answer, sent, took) = one.join().unwrap();
            answers.push((at, source, status, answer, sent.saturating_duration_since(first), took));
        }
    });
    let spread = answers.iter().map(|one| one.4).max().unwrap();
    let slowest = answers.iter().map(|one| one.5).max().unwrap();
    println!("50 alerts within {spread:?}; the slowest answer after {slowest:?}");
    // All are let go at once; on a machine that is busy with other things some get going later.
    assert!(spread < Duration::from_secs(5), "{spread:?}");

    let mut captures: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (at, source, status, answer, ..) in &answers {
        assert_eq!(*status, 202, "{source}: {answer}");
        assert!(
            ["captured", "joined"].contains(&answer["result"].as_str().unwrap_or_default()),
            "{source}: {answer}"
        );
        captures
            .entry(*at)
            .or_default()
            .push(answer["capture"].as_str().unwrap().to_owned());
    }
    running.iter_mut().for_each(Running::wait);
    let mut all = Vec::new();
    for (at, mut ids) in captures {
        ids.dedup();
        assert_eq!(ids.len(), 1, "{at}: {ids:?}");
        all.push((&tenants[at], ids.remove(0)));
    }
    let ids: std::collections::BTreeSet<&String> = all.iter().map(|(_, id)| id).collect();
    assert_eq!(ids.len(), CONTAINERS);
    for (tenant, capture) in &all {
        let summary = doors.agent.ended(capture);
        assert_eq!(
            (summary["result"].as_str(), summary["joined"].as_u64()),
            (Some("complete"), Some(4)),
            "{summary}"
        );
        let trace = doors.agent.trace(capture);
        assert_eq!(
            (lost(&trace), &summary["losses"]["events"]),
            (0, &0.into()),
            "{summary}"
        );
        let mark = &tenant.mark;
        let check =
            |what: &str, filter: &str, expected: usize| assert_eq!(count(&trace, filter), expected, "{mark}: {what}");
        check(
            "reads",
            &format!("evt.type = read and fd.name = /data/{mark}-file and evt.rawres > 0"),
            READS,
        );
        let programs = format!("evt.type = execve and evt.dir = < and evt.rawres = 0 and proc.name = {mark}");
        check("programs", &programs, READS);
        let opens = format!("evt.type = openat and fd.name startswith /data/{mark}-work/opened- and evt.rawres >= 0");
        check("opens", &opens, OPENS);
        check("strangers", &format!("not container.full_id = {}", tenant.id), 0);
        for other in tenants.iter().filter(|other| other.id != tenant.id) {
            assert!(
                !holds(&trace, &other.mark) && !holds(&trace, &other.id),
                "{mark} has something of {}",
                other.mark
            );
        }
        // Each alert is in it, as it came.
        let attached = trace.attachments().to_vec();
        let texts: Vec<String> = attached
            .iter()
            .map(|one| String::from_utf8(trace.attachment(one).unwrap()).unwrap())
            .collect();
        assert!(
            texts.len() == 5
                && texts
                    .iter()
                    .all(|text| text.contains(mark.as_str()) || text.contains(&tenant.id[..12]))
        );
        let mut from: Vec<&str> = summary["alerts"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|a| a["source"].as_str())
            .collect();
        from.sort_unstable();
        assert_eq!(from, ["alertmanager", "falco", "generic", "guardduty", "socket"]);
    }
    assert_eq!(doors.agent.metric("captures_begun_total"), CONTAINERS as f64);
    assert_eq!(doors.agent.metric("events_lost_total"), 0.0);
}
