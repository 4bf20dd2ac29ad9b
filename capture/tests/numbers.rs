//! Every system call number has its name, in both tables of the machine: each is really called, and the event that was
//! recorded of it is looked at. What they are called is asked of the headers of this machine.

#![cfg(target_arch = "x86_64")]

mod support;

use afterimage_format::file::Trace;
use afterimage_format::model::EventFlags;
use std::collections::HashMap;
use support::{can_record, capture, lost, select, skip, workload};

/// Of the newest Linux that the recorder knows; from 424 on both tables have the same numbers.
const LAST: u64 = 469;

#[test]
fn every_number_of_the_machine_has_its_name() {
    check("every_number_of_the_machine_has_its_name", "native", "unistd_64.h");
}

#[test]
fn every_number_of_the_32_bit_table_has_its_name() {
    check("every_number_of_the_32_bit_table_has_its_name", "compat", "unistd_32.h");
}

/// Names by number, as the header of the C library's package has them.
fn header(name: &str) -> Option<HashMap<u64, String>> {
    let text = std::fs::read_to_string(format!("/usr/include/x86_64-linux-gnu/asm/{name}")).ok()?;
    let definitions = text.lines().filter_map(|line| line.strip_prefix("#define __NR_"));
    Some(
        definitions
            .filter_map(|line| line.split_once(' '))
            .filter_map(|(name, number)| Some((number.trim().parse().ok()?, name.to_owned())))
            .collect(),
    )
}

fn check(test: &str, table: &str, file: &str) {
    if !can_record(test) {
        return;
    }
    let Some(names) = header(file) else {
        skip(test, "the headers of Linux are not installed (linux-libc-dev)");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let mut command = capture();
    command.args(["record", "--profile", "full", "-o"]).arg(&path).arg("--");
    command.arg(workload().with_file_name("syscalls"));
    let output = command.args(["every", table, "0", &LAST.to_string()]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let trace = Trace::open(&path).unwrap();
    assert_eq!(lost(&trace), 0);

    // What each child did right after its alarm.
    let mut calls: HashMap<u32, Vec<(String, bool)>> = HashMap::new();
    select(&trace, "evt.dir=<", |row| {
        let name = row.kind().unwrap().name.clone();
        let compat = row.flags().0 & EventFlags::COMPAT != 0;
        calls.entry(row.thread().unwrap().pid).or_default().push((name, compat));
    });
    let mut wrong = Vec::new();
    let said = String::from_utf8(output.stdout).unwrap();
    for (child, nr) in said.lines().filter_map(|line| line.split_once(' ')) {
        let (child, nr): (u32, u64) = (child.parse().unwrap(), nr.parse().unwrap());
        let done = calls.get(&child).map(Vec::as_slice).unwrap_or_default();
        let after = done.iter().position(|(name, _)| name == "alarm").map_or(0, |at| at + 1);
        let found = done.get(after).map(|(name, compat)| (name.as_str(), *compat));
        let unnamed = if table == "compat" { "syscall32" } else { "unknown" };
        let right = match names.get(&nr) {
            Some(name) => found == Some((name, table == "compat")),
            // A hole, or a call that is newer than the headers.
            None => nr <= 424 || found.is_some_and(|(name, _)| name != unnamed),
        };
        if !right {
            wrong.push(format!("{nr} is {:?} and was recorded as {found:?}", names.get(&nr)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(said.lines().count() > 400, "{said}");
}
