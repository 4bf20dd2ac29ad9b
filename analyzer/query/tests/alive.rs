//! Who was alive at a time.

mod incident;

use afterimage_format::file::Trace;
use afterimage_query::reconstruct::alive_at;
use incident::{Recorder, START};

#[test]
fn processes_are_alive_from_birth_to_end() {
    let mut r = Recorder::new();
    r.container(5, "web")
        .at(1)
        .attach(1001, "httpd", 5)
        .at(10)
        .fork(1001, 1002)
        .at(20)
        .exec(1002, "/bin/sh", &["sh"]);
    r.at(30).segment();
    // Two segments later only the keyframe knows of the silent httpd.
    r.at(40)
        .call(1002, "getpid", 1, &[])
        .segment()
        .at(50)
        .exit(1002, 0)
        .at(60)
        .fork(1001, 1003);
    let recorded = r.seal();
    let trace = Trace::open(&recorded.path).expect("the trace opens");
    let check = |milliseconds: u64, expected: &[(u32, &str)]| {
        let alive = alive_at(&trace, START + milliseconds * 1_000_000);
        assert!(alive.damage.is_empty());
        let found: Vec<(u32, String)> = alive
            .processes
            .iter()
            .map(|thread| (thread.pid, String::from_utf8_lossy(&thread.comm).into_owned()))
            .collect();
        let expected: Vec<(u32, String)> = expected.iter().map(|(pid, name)| (*pid, name.to_string())).collect();
        assert_eq!(found, expected, "after {milliseconds} ms");
        assert_eq!(alive.threads, vec![1; found.len()]);
    };
    check(0, &[]);
    check(1, &[(1001, "httpd")]);
    check(10, &[(1001, "httpd"), (1002, "httpd")]);
    check(20, &[(1001, "httpd"), (1002, "sh")]);
    check(35, &[(1001, "httpd"), (1002, "sh")]);
    check(49, &[(1001, "httpd"), (1002, "sh")]);
    check(50, &[(1001, "httpd")]);
    check(60, &[(1001, "httpd"), (1003, "httpd")]);
    check(1_000_000, &[(1001, "httpd"), (1003, "httpd")]);
}
