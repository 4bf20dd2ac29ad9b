//! Configurations: what is good, and what is said about what is not, with its line.

use afterimage_alerts::settings::{Secret, SecretPlace, Settings, check, check_beside};

const GOOD: &str = r#"
[http]
listen = ["0.0.0.0:8765", "[::1]:8765"]
metrics_token_env = "METRICS_TOKEN"

[http.tls]
cert = "/etc/afterimage/tls.crt"
key = "/etc/afterimage/tls.key"
client_ca = "/etc/afterimage/clients.crt"

[http.limits]
body_bytes = 65536
per_peer = 20

[[source]]
kind = "falco"
auth = { token_file = "/etc/afterimage/falco.token" }
min_severity = "medium"
severity = { Notice = "medium" }

[[source]]
name = "prod"
kind = "alertmanager"
path = "/alerts"
auth = { hmac_env = "HMAC", header = "X-Hub-Signature-256" }
pre_ms = 60000

[[source]]
kind = "guardduty"
auth = { sns_topics = ["arn:aws:sns:us-east-1:123456789012:guardduty"] }

[[source]]
kind = "scc"
auth = { google_audience = "https://node.example/v1/scc", google_account = "push@p.iam.gserviceaccount.com" }

[[source]]
name = "scc-proxy"
kind = "scc"
auth = { client_certificate = true }

[[source]]
name = "siem"
kind = "generic"
auth = { token_env = "SIEM_TOKEN", header = "X-Api-Key" }
[source.mapping]
title = "/rule"
container_id = "/container/id"

[deliver]
state = "/var/lib/afterimage/outbox"

[[webhook]]
name = "chat"
url_file = "/etc/afterimage/chat.url"

[[command]]
name = "ticket"
argv = ["/usr/local/bin/ticket", "--file"]

[[upload]]
name = "bucket"
url = "s3://captures/prod"
options = { region = "eu-central-1", access_key_id = "AKIA", web_identity_token_file = "/run/token" }
secrets = { secret_access_key = { file = "/etc/afterimage/s3" } }
"#;

#[test]
fn a_whole_configuration() {
    let settings = check(GOOD).unwrap_or_else(|problems| panic!("{problems:?}"));
    let names: Vec<_> = settings
        .source
        .iter()
        .map(|source| (&*source.name, &*source.path))
        .collect();
    let expected = [
        ("falco", "/v1/falco"),
        ("prod", "/alerts"),
        ("guardduty", "/v1/guardduty"),
        ("scc", "/v1/scc"),
        ("scc-proxy", "/v1/scc-proxy"),
        ("siem", "/v1/siem"),
    ];
    assert_eq!(names, expected);
    assert_eq!(settings.http.limits.body_bytes, 65536);
    assert_eq!(settings.http.limits.header_ms, 5000);
    assert_eq!(settings.webhook[0].retries, 8);
    // The way to the helper and back.
    let line = serde_json::to_string(&settings).unwrap();
    let back: Settings = serde_json::from_str(&line).unwrap();
    assert_eq!(back.checked().unwrap(), settings);
    assert_eq!(check("").unwrap(), Settings::default());
}

/// `text` has these problems: line, column, key, and how the message begins.
fn bad(text: &str, expected: &[(usize, usize, &str, &str)]) {
    let problems = check(text).expect_err(text);
    let seen: Vec<_> = problems.iter().map(|p| (p.line, p.column, &*p.key)).collect();
    let wanted: Vec<_> = expected
        .iter()
        .map(|(line, column, key, _)| (*line, *column, *key))
        .collect();
    assert_eq!(seen, wanted, "{problems:#?}");
    for (problem, (.., message)) in problems.iter().zip(expected) {
        assert!(problem.message.starts_with(message), "{problem}");
    }
}

#[test]
fn every_problem_has_its_line() {
    bad("[http]\nlisten = \"x\"\n", &[(2, 10, "http", "invalid type: string")]);
    bad(
        "[http]\nlisten = [\"x\"]\n",
        &[(2, 11, "http.listen[0]", "'x' is no address")],
    );
    bad(
        "[htp]\n",
        &[(1, 2, "htp", "there is no such section; there are http, source")],
    );
    bad(
        "[http]\nlisten = []\nlissen = []\n",
        &[(3, 1, "http", "unknown field `lissen`, expected one of `listen`")],
    );
    bad("[http\n", &[(1, 6, "", "unclosed table")]);
    bad(
        "[source]\nkind = \"falco\"\n",
        &[(1, 1, "source", "expected [[source]]")],
    );
    let listen = "[http]\nlisten = [\"127.0.0.1:0\"]\n";
    let with = |rest: &str| format!("{listen}{rest}");
    bad(
        &with("[[source]]\nkind = \"falcon\"\n[[source]]\nauth = {}\n"),
        &[
            (4, 8, "source[0]", "unknown variant `falcon`, expected one of `falco`"),
            (5, 1, "source[1]", "missing field `kind`"),
        ],
    );
    bad(
        &with("[[source]]\nkind = \"falco\"\n"),
        &[(3, 1, "source[0].auth", "nothing works without credentials")],
    );
    bad(
        &with(
            "[[source]]\nkind = \"falco\"\nauth = { token_env = \"A\", hmac_env = \"B\" }\nmin_severity = \"worst\"\n",
        ),
        &[
            (5, 1, "source[0].auth", "one way is enough: token_env and hmac_env"),
            (6, 1, "source[0].min_severity", "expected one of critical"),
        ],
    );
    bad(
        &with("[[source]]\nkind = \"falco\"\nauth = { token = \"s3cret\" }\n"),
        &[(5, 10, "source[0]", "unknown field `token`")],
    );
    bad(
        "[http]\nlisten = [\"0.0.0.0:80\", \"127.0.0.1:80\"]\n[[source]]\nkind = \"falco\"\nauth = { loopback_only = true }\n",
        &[(
            5,
            10,
            "source[0].auth.loopback_only",
            "others than this machine can come to 0.0.0.0:80",
        )],
    );
    bad(
        &with("[[source]]\nkind = \"generic\"\nauth.loopback_only = true\n[source.mapping]\ntitle = \"a\"\n"),
        &[(7, 1, "source[0].mapping.title", "'a' is no JSON pointer")],
    );
    let twice = "[[source]]\nkind = \"falco\"\nauth.loopback_only = true\n".repeat(2);
    bad(
        &with(&twice),
        &[
            (6, 1, "source[1].name", "there are two sources"),
            (6, 1, "source[1].path", "two sources have the path"),
        ],
    );
    bad(
        "[[source]]\nkind = \"guardduty\"\nauth = { sns_topics = [\"topic\"] }\n",
        &[
            (1, 3, "source", "sources need [http]"),
            (3, 10, "source[0].auth.sns_topics", "'topic' is no topic"),
        ],
    );
    bad(
        "[[webhook]]\nname = \"a b\"\nurl = \"ftp://x\"\n[[upload]]\nname = \"u\"\nurl = \"s3://b\"\noptions = { secret_access_key = \"x\" }\n",
        &[
            (1, 3, "deliver.state", "needed: state"),
            (2, 1, "webhook[0].name", "letters, digits"),
            (3, 1, "webhook[0].url", "expected http"),
            (7, 13, "upload[0].options.secret_access_key", "is a secret"),
        ],
    );
    bad(
        "[http.limits]\nbody_bytes = 99999999\n",
        &[(2, 1, "http.limits.body_bytes", "expected 1024 to 1048576")],
    );
}

#[test]
fn sections_of_others_are_theirs() {
    let text = "[ring]\nseconds = 60\n[http]\nlisten = []\n";
    assert!(check_beside(text, &["ring"]).is_ok());
    assert_eq!(check_beside(text, &["rings"]).unwrap_err()[0].key, "ring");
}

#[test]
fn problems_do_not_repeat_secrets() {
    let text = "[[webhook]]\nname = \"a\"\nurl = \"https://user:s3cret@example.com\"\n[deliver]\nstate = \"/s\"\n";
    let problems = format!("{:?}", check(text).unwrap_err());
    assert!(
        problems.contains("no user or password") && !problems.contains("s3cret"),
        "{problems}"
    );
    let secret = Secret::new("s3cret".to_owned());
    assert!(!format!("{secret} {secret:?}").contains("s3cret"));
    assert!(secret.is(b"s3cret") && !secret.is(b"s3cre"));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "s3cret\n").unwrap();
    assert!(SecretPlace::File(file.clone()).read().unwrap().is(b"s3cret"));
    std::fs::write(&file, "\n").unwrap();
    assert!(
        SecretPlace::File(file)
            .read()
            .unwrap_err()
            .to_string()
            .ends_with("is empty")
    );
    assert!(SecretPlace::Env("AFTERIMAGE_NOT_SET".to_owned()).read().is_err());
}
