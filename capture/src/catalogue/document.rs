//! docs/syscalls.md: what is captured of each call, written from the tables themselves.

use super::compat::Compat;
use super::{Catalogue, compat};
use afterimage_format::model::Kind;
use std::fmt::Write;

const HEAD: &str = "# What is captured of each system call

Written by `cargo xtask docs syscalls` from capture/src/catalogue; a test fails where it is not up to date.

Every call has its name, time, duration where it was asked for, thread and result. A parameter is shown as *name* (*type*);
the types, and the constants that they stand for, are those of [format.md](format.md). What is not listed is not captured.
Parameters without a value are missing (`<NA>`): memory that could not be read, what a failed call left undone, pointers that
were NULL. `Path`, `Text`, `Bytes` and structures are read from memory when the call returns, up to 4,096 bytes of a path,
`--snaplen` bytes of payload and 128 bytes of a structure.

Which calls are recorded is up to the profile (`capture record --profile`).

## x86-64

| number | call | category | parameters |
|---|---|---|---|
";

const COMPAT: &str = "
## 32-bit calls on x86-64

They are marked (`EventFlags::COMPAT`) and have the numbers of their own table. Most are what a 64-bit call is; structures of
32-bit words are taken apart where their parameters are listed. Of `readv`, `sendmsg` and the like the bytes are not followed,
and `socketcall` has its arguments as numbers: after one, the descriptors and the directory of its process count as unknown.

| number | call | parameters |
|---|---|---|
";

const OWN: &str = "
## What is no call

| event | category | parameters |
|---|---|---|
";

const REST: &str = "
- `signaldeliver`: `spid` is the sender as the receiver's pid namespace has it, missing where the signal is not from a process.
  Of SIGKILL the kernel keeps neither sender nor code.
- `oom_kill`: `by` is the process that needed memory.
- `io_uring_op`: one event when an operation is submitted (`evt.dir` is `>`), one for each result. Payload and addresses are
  never visible: `data` and `addr` have no value. Descriptors that belong to the ring alone are missing, too.
- `syscall32` and `unknown` are calls whose number is in no table, with the number as `ID`. A 32-bit return from a signal
  handler has the ID -1: its number is lost when it returns, and so it is for a program that calls number -1.

Exit and exit_group never return: `procexit` tells of them.
";

fn params(kind: &Kind) -> String {
    let shown = kind
        .params
        .iter()
        .map(|param| format!("{} ({:?})", param.name, param.ty));
    shown.collect::<Vec<_>>().join(", ")
}

fn document() -> String {
    let catalogue = Catalogue::new();
    let mut out = HEAD.to_owned();
    for nr in 0..=u16::MAX {
        let Some(call) = catalogue.call(nr) else { continue };
        let kind = &catalogue.kinds[usize::from(call.kind)];
        let _ = writeln!(
            out,
            "| {nr} | {} | {} | {} |",
            kind.name,
            kind.category.name(),
            params(kind)
        );
    }
    out += COMPAT;
    for (nr, name, meaning) in compat::TABLE {
        let Some(call) = catalogue.compat_call(*nr) else {
            continue;
        };
        let what = match meaning {
            Compat::As(native) => {
                let like = catalogue.call(*native).map(|call| usize::from(call.kind));
                format!("as {}", like.map_or("", |kind| &catalogue.kinds[kind].name))
            }
            _ => params(&catalogue.kinds[usize::from(call.kind)]),
        };
        let _ = writeln!(out, "| {nr} | {name} | {what} |");
    }
    out += OWN;
    for kind in catalogue.kinds.iter().filter(|kind| kind.syscall.is_none()) {
        let _ = writeln!(out, "| {} | {} | {} |", kind.name, kind.category.name(), params(kind));
    }
    out + REST
}

/// `cargo xtask docs syscalls` sets this to have it written.
const WRITE: &str = "AFTERIMAGE_WRITE_DOCS";

#[test]
fn the_document_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/syscalls.md");
    let expected = document();
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == expected,
        "docs/syscalls.md is not up to date: cargo xtask docs syscalls"
    );
}
