//! What recording may cost.

use super::budget::Goal;
use super::observer::Observer;
use super::report::{baseline, seconds_per_operation};
use super::run::{Measured, Recording};
use super::statistics::Summary;
use super::workload::Workload;

/// Something that was measured of a recording.
type Figure = fn(&Recording) -> f64;

/// Added nanoseconds for a call, by who looks on.
const ADDED: [(Observer, &str, f64); 3] = [
    (Observer::Capture, "a recorded call", 48.0),
    (Observer::OtherCalls, "a call that is not selected", 24.0),
    (Observer::Elsewhere, "a call of a container that is not selected", 28.0),
];
/// Added percent of the time.
const SLOWDOWN: [(Workload, f64); 3] = [(Workload::Files, 14.0), (Workload::Http, 20.0), (Workload::Exec, 5.0)];
/// Microseconds of the recorder's processor time for an event.
const RECORDER_CPU: f64 = 0.22;
/// Resident bytes, rings included.
const MEMORY: f64 = 48e6;
/// Milliseconds from start to the first event, and from the request to the sealed file.
const START_AND_STOP: f64 = 300.0;

/// The goals of all that was measured.
pub(super) fn of(measured: &[Measured]) -> Vec<Goal> {
    let added = measured.iter().filter(|one| one.workload == Workload::Getpid);
    let added = added.filter_map(|one| {
        let (_, what, most) = ADDED.iter().find(|(observer, ..)| *observer == one.observer)?;
        let added = seconds_per_operation(&one.runs)? - baseline(measured, one.workload)?;
        Some(Goal::new(format!("added to {what}"), *most, added * 1e9, "ns"))
    });
    let captures = || measured.iter().filter(|one| one.observer == Observer::Capture);
    let slower = captures().filter_map(|one| {
        let (workload, most) = SLOWDOWN.iter().find(|(workload, _)| *workload == one.workload)?;
        let slower = seconds_per_operation(&one.runs)? / baseline(measured, one.workload)? - 1.0;
        Some(Goal::new(
            format!("{}: slowdown", workload.name()),
            *most,
            slower * 100.0,
            "%",
        ))
    });
    let each = captures().flat_map(|one| {
        let goal = |what: &str, most: f64, unit, value: Figure| {
            let median = Summary::of(recordings(one).map(value))?.median;
            Some(Goal::new(
                format!("{}: {what}", one.workload.name()),
                most,
                median,
                unit,
            ))
        };
        [
            goal("lost events", 0.0, "", |recording| recording.lost as f64),
            goal("recorder CPU for an event", RECORDER_CPU, "us", |recording| {
                recording.cpu.as_secs_f64() * 1e6 / recording.events.max(1) as f64
            }),
            goal("peak memory", MEMORY / 1e6, "MB", |recording| {
                recording.peak_memory as f64 / 1e6
            }),
        ]
    });
    let all = || captures().flat_map(recordings);
    let times: [(_, Figure); 2] = [
        ("start to ready", |recording| recording.start.as_secs_f64()),
        ("stop to sealed file", |recording| recording.stop.as_secs_f64()),
    ];
    let times = times.into_iter().filter_map(|(what, value)| {
        let median = Summary::of(all().map(value))?.median;
        Some(Goal::new(what, START_AND_STOP, median * 1e3, "ms"))
    });
    added.chain(slower).chain(each.flatten()).chain(times).collect()
}

fn recordings(one: &Measured) -> impl Iterator<Item = &Recording> {
    one.runs.iter().filter_map(|run| run.recording.as_ref())
}
