//! `capture agent` with its helper: alerts over HTTP, captures delivered; what becomes of it when the helper dies.

mod support;

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;
use support::agent::Agent;
use support::doors::{free_port, helpers};
use support::{Bundle, can_run_containers, count, wait_for};

const TOKEN: &str = "a-token-that-nobody-else-knows";

fn request(port: u16, head: &str, body: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(
        stream,
        "{head}\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0);
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok((status, body.to_owned()))
}

fn post(port: u16, token: &str, alert: &Value) -> std::io::Result<(u16, String)> {
    let head = format!("POST /v1/falco HTTP/1.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json");
    request(port, &head, &alert.to_string())
}

fn falco(uuid: &str, container: &str) -> Value {
    json!({
        "uuid": uuid, "hostname": "node", "output": "A shell was spawned", "priority": "Warning", "rule": "Terminal shell in container",
        "source": "syscall", "tags": ["container"], "time": "2026-01-01T00:00:00Z",
        "output_fields": {"container.id": container, "proc.pid": null, "k8s.ns.name": null},
    })
}

#[test]
fn falco_posts_and_a_command_gets_the_capture() {
    let name = "falco_posts_and_a_command_gets_the_capture";
    if !can_run_containers(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (port, token) = (free_port(), dir.path().join("token"));
    std::fs::write(&token, TOKEN).unwrap();
    let got = dir.path().join("got");
    let script = dir.path().join("script");
    std::fs::write(&script, format!("#!/bin/sh\necho \"$1\" >> {}\n", got.display())).unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let doors = format!(
        "[http]\nlisten = ['127.0.0.1:{port}']\n[[source]]\nkind = 'falco'\nauth = {{ token_file = '{}' }}\n\
         [deliver]\nstate = '{}'\n[[command]]\nname = 'script'\nargv = ['{}']\n",
        token.display(),
        dir.path().join("state").display(),
        script.display()
    );
    // What other tests do at the same time must fit, too.
    let config =
        format!("kernel_ring = '64MiB'\n{doors}[captures]\npre = '60s'\npost = '500ms'\n[retention]\nmin_free = '0'\n");
    let mut agent = Agent::start(dir.path(), &config);
    wait_for("the door", || agent.log().contains("alerts are taken"));
    let id = format!("afterimage-falco-{}", std::process::id());
    let bundle = Bundle::new(dir.path(), &id, &["/bin/sh", "-c", "cat /proc/version"]);
    assert!(bundle.run(&id).status.success());
    std::thread::sleep(Duration::from_millis(1500));

    assert_eq!(post(port, "another", &falco("u0", &id)).unwrap().0, 401);
    let (status, body) = post(port, TOKEN, &falco("u1", &id)).unwrap();
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 202, "{body}");
    let capture = answer["capture"]
        .as_str()
        .unwrap_or_else(|| panic!("{body}"))
        .to_owned();
    let summary = agent.ended(&capture);
    assert_eq!(
        summary["alerts"][0]["title"], "Terminal shell in container",
        "{summary}"
    );
    let trace = agent.trace(&capture);
    assert!(count(&trace, "evt.type = execve and evt.dir = < and proc.name = cat") == 1);
    assert_eq!(count(&trace, &format!("not container.id = {id}")), 0);
    let alert = trace.attachment(&trace.attachments()[0]).unwrap();
    assert_eq!(
        alert,
        falco("u1", &id).to_string().as_bytes(),
        "the alert is there as it came"
    );
    wait_for("the command", || {
        std::fs::read_to_string(&got)
            .unwrap_or_default()
            .contains(&format!("{capture}.scap"))
    });
    let settled = || -> Value {
        serde_json::from_slice(&std::fs::read(agent.folder().join(format!("{capture}.json"))).unwrap()).unwrap()
    };
    wait_for("the side-car to say so", || settled()["delivery"] == "done");
    assert_eq!(
        settled()["deliveries"]["command script"]["result"],
        "done",
        "{}",
        settled()
    );

    let (status, metrics) = request(port, "GET /metrics HTTP/1.1", "").unwrap();
    assert!(
        status == 200 && metrics.contains("afterimage_triggers_total{source=\"falco\",result=\"captured\"} 1"),
        "{metrics}"
    );
    assert_eq!(request(port, "GET /readyz HTTP/1.1", "").unwrap().0, 200);
    wait_for("the refusal to be counted", || {
        agent.metric("requests_without_trigger_total{source=\"falco\",result=\"refused 401\"}") == 1.0
    });

    let keeper = helpers("capture-keeper", agent.pid());
    assert_eq!(keeper.len(), 1);
    let helper = helpers("capture-alerts", keeper[0]);
    assert_eq!(helper.len(), 1);
    // Nothing of the helper's is recorded, nor the token anywhere else.
    let node = agent.trigger(&["--node"]);
    let _ = post(port, TOKEN, &falco("u2", "no-such-container-here"));
    let node = node["capture"].as_str().unwrap().to_owned();
    agent.ended(&node);
    let trace = agent.trace(&node);
    // Other agents may be at work beside: by number, not by name.
    let own = format!("proc.pid in ({}, {})", keeper[0], helper[0]);
    assert_eq!(count(&trace, &own), 0);
    assert!(!agent.log().contains(TOKEN));

    // A change that only the helper finds wrong is not in force, nor for the helper after it.
    support::agent::write_config(dir.path(), &config.replace("/token'", "/no-token'"));
    agent.signal(libc::SIGHUP);
    wait_for("the complaint", || agent.log().contains("the settings cannot be used"));
    assert!(agent.log().contains("no-token"), "{}", agent.log());
    // It dies, and is there again; recording has not noticed.
    // SAFETY: kill has no memory effects; the process is the agent's.
    assert_eq!(unsafe { libc::kill(helper[0] as i32, libc::SIGKILL) }, 0);
    assert!(Command::new("true").stdout(Stdio::null()).status().unwrap().success());
    wait_for("the door again", || {
        post(port, TOKEN, &falco("u3", &id)).is_ok_and(|(status, _)| status == 202)
    });
    assert!(agent.log().contains("it is started again"), "{}", agent.log());
    assert_eq!(agent.metric("events_lost_total"), 0.0);
    assert_eq!(agent.stop(), Some(0), "{}", agent.log());
    assert!(
        helpers("capture-alerts", keeper[0]).is_empty()
            && !std::path::Path::new(&format!("/proc/{}", keeper[0])).exists()
    );
}
