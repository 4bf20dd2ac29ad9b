use super::narrow::Narrowing;
use super::*;
use crate::profile::Profile;
use crate::scope::Scope;
use afterimage_abi::recorded;

fn filter(text: &str) -> Filter {
    Filter::parse(text).unwrap()
}

/// What the kernel does with a call under a filter: nothing, all, or failures.
#[track_caller]
fn check(text: &str, call: &str, expected: u8) {
    let profile = Profile::find("full").unwrap();
    let mut catalogue = Catalogue::new();
    filter(text).choose(&mut catalogue, |kind| profile.takes(kind));
    let found = catalogue.calls_with_specs().find(|((_, kind), _)| kind.name == call);
    assert_eq!(found.unwrap().1.recorded, expected, "{call} of {text}");
}

#[test]
fn what_the_kernel_decides_of_calls() {
    use recorded::{FAILED, NO, YES};
    check("evt.type = getppid", "getppid", YES);
    check("evt.type = getppid", "getuid", NO);
    // The state needs it.
    check("evt.type = getppid", "close", YES);
    check("evt.type in (getuid, getppid) and proc.name = x", "getppid", YES);
    check("evt.type = getuid or proc.name = x", "getppid", YES);
    check("not evt.type = getuid", "getuid", NO);
    check("not (evt.type = getuid and proc.name = x)", "getuid", YES);
    check("evt.category = net", "getuid", NO);
    check("evt.category = net", "getsockopt", YES);
    // Whether it is net depends on the descriptor.
    check("evt.category = net", "read", YES);
    check("syscall.type = getuid", "getppid", NO);
    for failed in [
        "evt.failed = true",
        "evt.rawres < 0",
        "evt.rawres in (-1, -13)",
        "evt.res != SUCCESS",
        "evt.rawres = -2",
    ] {
        check(failed, "getppid", FAILED);
        check(failed, "openat", YES);
    }
    check("evt.type = getppid and evt.failed = true", "getuid", NO);
    check("evt.type = getuid or evt.failed = true", "getppid", FAILED);
    check("evt.type = getuid or evt.failed = true", "getuid", YES);
    check("evt.rawres <= 0", "getppid", YES);
    check("evt.failed = false", "getppid", YES);
}

#[test]
fn what_narrows_the_scope() {
    use Narrowing::{Containers, Processes, Users};
    let id = "0123456789ab".to_owned();
    for (text, expected) in [
        ("proc.pid = 7", Some(Processes(vec![7]))),
        ("proc.pid in (9, 7)", Some(Processes(vec![7, 9]))),
        ("thread.tid = 1", Some(Processes(vec![1]))),
        ("thread.tid = 4294967294", None),
        ("user.uid = 33", Some(Users(vec![33]))),
        ("user.name = root", Some(Users(vec![0]))),
        ("user.name = bob", None),
        ("container.id = 0123456789ab", Some(Containers(vec![id]))),
        ("container.id = host", None),
        ("container.id = web", None),
        ("not proc.pid = 7", None),
        ("proc.pid > 7", None),
        ("proc.pid = 7 or proc.pid = 8", None),
        ("proc.pid = val(thread.tid)", None),
    ] {
        let filter = filter(text);
        assert_eq!(
            filter.narrowing(&filter.terms()[0], &Scope::default()),
            expected,
            "{text}"
        );
    }
    // Parents would be unknown.
    let asking = filter("proc.pid = 7 and proc.pname = sh");
    assert_eq!(asking.narrowing(&asking.terms()[0], &Scope::default()), None);
    // A tree that the user asked for stays what it is.
    let mut scope = Scope {
        trees: [7].into(),
        ..Scope::default()
    };
    filter("proc.pid = 7 and user.uid = 3").narrow(&mut scope);
    assert!(scope.alone.is_empty() && scope.users.contains(&3));
}

#[test]
fn wrong_filters_are_refused_with_their_place() {
    for (text, said) in [
        ("proc.nam = x", "proc.name"),
        ("proc.name =", "^"),
        ("evt.type = opennat", "no event can pass"),
        ("evt.type = open and evt.type = close", "no event can pass"),
    ] {
        let error = format!("{:#}", Filter::parse(text).unwrap_err());
        assert!(error.contains(said), "{text}: {error}");
    }
}

#[test]
fn it_says_where_each_condition_is_decided() {
    let profile = Profile::find("forensic").unwrap();
    let filter = filter("evt.type in (connect, getppid) and evt.failed = true and user.uid = 33 and fd.sport = 443");
    let mut catalogue = Catalogue::new();
    filter.choose(&mut catalogue, |kind| profile.takes(kind));
    let text = explain(&profile, &catalogue, &Scope::default(), Some(&filter));
    for line in [
        "evt.type in (connect, getppid)\n    kernel: ",
        "evt.failed = true\n    kernel: calls that succeed cannot pass",
        "user.uid = 33\n    kernel: narrowed to real or effective users 33; then user space",
        "fd.sport = 443\n    user space",
        "scope, decided by the kernel: everything on this host",
        "1 system calls recorded\n",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
}
