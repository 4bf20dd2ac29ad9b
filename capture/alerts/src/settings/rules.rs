//! What holds over settings that could be read: names once, one way to show who one is, nothing open to strangers.

use super::{Auth, Kind, Settings, Source};
use crate::protocol::PAYLOAD_MAX;
use std::borrow::Cow;
use std::collections::HashSet;
use std::net::SocketAddr;
use url::Url;

/// A step on the way to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Of a table.
    Name(Cow<'static, str>),
    /// Of a list.
    At(usize),
}

/// The way to a key.
pub(crate) type Key = Vec<Part>;

/// As one writes it: `source[1].path`.
pub(crate) fn written(key: &[Part]) -> String {
    let mut text = String::new();
    for part in key {
        match part {
            Part::Name(name) if text.is_empty() => text.push_str(name),
            Part::Name(name) => text.extend([".", name]),
            Part::At(at) => text.push_str(&format!("[{at}]")),
        }
    }
    text
}

fn key(names: &[&'static str]) -> Key {
    names.iter().map(|name| Part::Name(Cow::Borrowed(*name))).collect()
}

fn of(list: &'static str, at: usize, names: &[&'static str]) -> Key {
    let mut all = key(&[list]);
    all.push(Part::At(at));
    all.extend(key(names));
    all
}

/// What does not hold.
pub(crate) fn broken(settings: &Settings) -> Vec<(Key, String)> {
    let mut wrong = Vec::new();
    http(settings, &mut wrong);
    let loopback = only_loopback(&settings.http.listen);
    let mut names = HashSet::new();
    let mut paths = HashSet::new();
    for (at, source) in settings.source.iter().enumerate() {
        source_rules(settings, at, source, loopback, &mut wrong);
        if !names.insert(&source.name) {
            let name = &source.name;
            wrong.push((
                of("source", at, &["name"]),
                format!("there are two sources '{name}': give them names"),
            ));
        }
        if !paths.insert(&source.path) {
            let path = &source.path;
            wrong.push((of("source", at, &["path"]), format!("two sources have the path {path}")));
        }
    }
    deliveries(settings, &mut wrong);
    wrong
}

fn http(settings: &Settings, wrong: &mut Vec<(Key, String)>) {
    let http = &settings.http;
    for (at, address) in http.listen.iter().enumerate() {
        if address.parse::<SocketAddr>().is_err() {
            let mut key = key(&["http", "listen"]);
            key.push(Part::At(at));
            wrong.push((
                key,
                format!("'{address}' is no address with a port: write 127.0.0.1:8765 or [::]:8765"),
            ));
        }
    }
    if http.listen.is_empty() && !settings.source.is_empty() {
        wrong.push((
            key(&["source"]),
            "sources need [http] with listen = [\"127.0.0.1:8765\"]".to_owned(),
        ));
    }
    let mut limit = |name: &'static str, good: bool, expected: &str| {
        if !good {
            wrong.push((key(&["http", "limits", name]), format!("expected {expected}")));
        }
    };
    let limits = &http.limits;
    let body = 1024..=PAYLOAD_MAX;
    limit("body_bytes", body.contains(&limits.body_bytes), "1024 to 1048576 bytes");
    let bodies = limits.body_bytes.min(PAYLOAD_MAX)..=1 << 30;
    limit(
        "bodies_bytes",
        bodies.contains(&limits.bodies_bytes),
        "at least body_bytes, at most 1 GiB",
    );
    limit(
        "per_source",
        (1..=100_000).contains(&limits.per_source),
        "1 to 100000 requests a second",
    );
    limit(
        "per_peer",
        (1..=100_000).contains(&limits.per_peer),
        "1 to 100000 requests a second",
    );
    limit("connections", (1..=65_536).contains(&limits.connections), "1 to 65536");
    let peer = 1..=limits.connections;
    limit(
        "connections_per_peer",
        peer.contains(&limits.connections_per_peer),
        "1 to connections",
    );
    limit(
        "header_ms",
        (100..=120_000).contains(&limits.header_ms),
        "100 to 120000 ms",
    );
    limit(
        "request_ms",
        (100..=600_000).contains(&limits.request_ms),
        "100 to 600000 ms",
    );
    limit("repeat_ms", limits.repeat_ms <= 600_000, "at most 600000 ms");
    limit("alerts", (1..=1024).contains(&limits.alerts), "1 to 1024");
    if http.metrics_token_file.is_some() && http.metrics_token_env.is_some() {
        wrong.push((
            key(&["http", "metrics_token_env"]),
            "file and variable: one of them".to_owned(),
        ));
    }
}

/// Whether nobody outside this machine can come.
pub(crate) fn only_loopback(listen: &[String]) -> bool {
    let mut addresses = listen.iter();
    addresses.all(|address| {
        address
            .parse::<SocketAddr>()
            .is_ok_and(|address| address.ip().is_loopback())
    })
}

/// Words for severities.
pub(crate) const SEVERITIES: [&str; 5] = ["critical", "high", "medium", "low", "info"];

fn source_rules(settings: &Settings, at: usize, source: &Source, loopback: bool, wrong: &mut Vec<(Key, String)>) {
    let mut say = |names: &[&'static str], message: String| wrong.push((of("source", at, names), message));
    if !is_name(&source.name) {
        say(
            &["name"],
            format!(
                "'{}': letters, digits, '-', '_' and '.', at most 64",
                source.name.escape_debug()
            ),
        );
    }
    let path = &source.path;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
    if !path.starts_with('/') || !path.chars().all(plain) || path.len() > 256 {
        say(&["path"], format!("'{}': a path like /v1/falco", path.escape_debug()));
    } else if ["/healthz", "/readyz", "/metrics"].contains(&path.as_str()) {
        say(&["path"], format!("{path} is taken"));
    }
    if !source.min_severity.is_empty() && !SEVERITIES.contains(&source.min_severity.as_str()) {
        say(&["min_severity"], format!("expected one of {}", SEVERITIES.join(", ")));
    }
    for (word, severity) in &source.severity {
        if !SEVERITIES.contains(&severity.as_str()) {
            let mut key = of("source", at, &["severity"]);
            key.push(Part::Name(Cow::Owned(word.clone())));
            wrong.push((key, format!("expected one of {}", SEVERITIES.join(", "))));
        }
    }
    let mut say = |names: &[&'static str], message: String| wrong.push((of("source", at, names), message));
    match (&source.mapping, source.kind) {
        (None, Kind::Generic) => say(
            &[],
            "a generic source needs [source.mapping] with at least title".to_owned(),
        ),
        (Some(mapping), Kind::Generic) => {
            if mapping.title.is_empty() {
                say(
                    &["mapping", "title"],
                    "must be there: a JSON pointer like /rule/name".to_owned(),
                );
            }
            for (name, pointer) in mapping.pointers() {
                if !pointer.is_empty() && !pointer.starts_with('/') {
                    say(
                        &["mapping", name],
                        format!("'{}' is no JSON pointer: write /a/b", pointer.escape_debug()),
                    );
                }
            }
            if mapping.only_if.is_empty() != mapping.equals.is_empty() {
                say(&["mapping"], "only_if and equals belong together".to_owned());
            }
        }
        (Some(_), kind) => say(
            &["mapping"],
            format!("only generic sources have one; this is {}", kind.name()),
        ),
        (None, _) => {}
    }
    auth(settings, &source.auth, loopback, &mut say);
}

fn auth(settings: &Settings, auth: &Auth, loopback: bool, say: &mut dyn FnMut(&[&'static str], String)) {
    let ways = auth.ways();
    let count = ways.iter().filter(|(_, on)| *on).count();
    let names = ways.map(|(name, _)| name).join(", ");
    if count == 0 {
        say(&["auth"], format!("nothing works without credentials; one of {names}"));
    } else if count > 1 {
        let both: Vec<&str> = ways.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect();
        say(
            &["auth"],
            format!("one way is enough: {} exclude each other", both.join(" and ")),
        );
    }
    if auth.loopback_only && !loopback {
        let listen = settings.http.listen.join(", ");
        say(
            &["auth", "loopback_only"],
            format!(
                "others than this machine can come to {listen}: give the source a token, or listen on 127.0.0.1 only"
            ),
        );
    }
    if auth.client_certificate && settings.http.tls.as_ref().is_none_or(|tls| tls.client_ca.is_none()) {
        say(
            &["auth", "client_certificate"],
            "needs [http.tls] with client_ca".to_owned(),
        );
    }
    if let Some(header) = &auth.header {
        let token = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        if header.is_empty() || header.len() > 64 || !header.chars().all(token) {
            say(
                &["auth", "header"],
                format!("'{}' is no name of a header", header.escape_debug()),
            );
        }
    }
    if auth.google_audience.is_some() != auth.google_account.is_some() {
        say(
            &["auth"],
            "google_audience and google_account belong together".to_owned(),
        );
    }
    for topic in &auth.sns_topics {
        let parts: Vec<&str> = topic.split(':').collect();
        let arn = matches!(parts[..], ["arn", partition, "sns", region, account, name]
            if partition.starts_with("aws") && !region.is_empty() && !account.is_empty() && !name.is_empty());
        if !arn {
            let topic = topic.escape_debug();
            say(
                &["auth", "sns_topics"],
                format!("'{topic}' is no topic: arn:aws:sns:REGION:ACCOUNT:NAME"),
            );
        }
    }
}

fn deliveries(settings: &Settings, wrong: &mut Vec<(Key, String)>) {
    let any = !settings.webhook.is_empty() || !settings.command.is_empty() || !settings.upload.is_empty();
    if any && !settings.deliver.state.is_absolute() {
        let message = "needed: state = \"/var/lib/…\", an absolute path, for what is still to be delivered";
        wrong.push((key(&["deliver", "state"]), message.to_owned()));
    }
    let lists: [(&'static str, Vec<&String>); 3] = [
        ("webhook", settings.webhook.iter().map(|one| &one.name).collect()),
        ("command", settings.command.iter().map(|one| &one.name).collect()),
        ("upload", settings.upload.iter().map(|one| &one.name).collect()),
    ];
    for (list, names) in lists {
        let mut seen = HashSet::new();
        for (at, name) in names.into_iter().enumerate() {
            if !is_name(name) {
                wrong.push((
                    of(list, at, &["name"]),
                    "letters, digits, '-', '_' and '.', at most 64".to_owned(),
                ));
            } else if !seen.insert(name) {
                wrong.push((of(list, at, &["name"]), format!("there are two '{name}'")));
            }
        }
    }
    for (at, webhook) in settings.webhook.iter().enumerate() {
        let mut say = |name: &'static str, message: String| wrong.push((of("webhook", at, &[name]), message));
        let places = [
            !webhook.url.is_empty(),
            webhook.url_file.is_some(),
            webhook.url_env.is_some(),
        ];
        if places.iter().filter(|set| **set).count() != 1 {
            say("url", "one of url, url_file, url_env".to_owned());
        } else if !webhook.url.is_empty()
            && let Err(why) = webhook_url(&webhook.url, webhook.token().is_some())
        {
            say("url", why);
        }
        if webhook.token_file.is_some() && webhook.token_env.is_some() {
            say("token_env", "file and variable: one of them".to_owned());
        }
        if webhook.retries > 100 {
            say("retries", "at most 100".to_owned());
        }
        if !(100..=600_000).contains(&webhook.timeout_ms) {
            say("timeout_ms", "expected 100 to 600000 ms".to_owned());
        }
    }
    for (at, command) in settings.command.iter().enumerate() {
        let mut say = |name: &'static str, message: String| wrong.push((of("command", at, &[name]), message));
        if !command.argv.first().is_some_and(|program| program.starts_with('/')) {
            say(
                "argv",
                "expected [\"/absolute/path/of/program\", …]; no shell is involved".to_owned(),
            );
        }
        if command.retries > 100 {
            say("retries", "at most 100".to_owned());
        }
        if !(100..=3_600_000).contains(&command.timeout_ms) {
            say("timeout_ms", "expected 100 to 3600000 ms".to_owned());
        }
    }
    for (at, upload) in settings.upload.iter().enumerate() {
        let mut say = |names: &[&'static str], message: String| wrong.push((of("upload", at, names), message));
        match Url::parse(&upload.url) {
            Ok(url) if !["s3", "gs", "az", "file"].contains(&url.scheme()) => {
                say(
                    &["url"],
                    "expected s3://bucket/…, gs://bucket/…, az://container/… or file:///…".to_owned(),
                );
            }
            Ok(url) if url.password().is_some() || !url.username().is_empty() || url.query().is_some() => {
                say(
                    &["url"],
                    "no user, password or query here: secrets = { … = { file = \"…\" } }".to_owned(),
                );
            }
            Ok(_) => {}
            Err(error) => say(&["url"], format!("no URL: {error}")),
        }
        for name in upload.options.keys() {
            // A secret in the settings would be printed with them.
            let name_is = name.to_ascii_lowercase();
            let is_none = NO_SECRETS.iter().any(|end| name_is.ends_with(end));
            if SECRET_WORDS.iter().any(|word| name_is.contains(word)) && !is_none {
                let secrets = format!("secrets = {{ {name} = {{ file = \"…\" }} }}");
                let mut key = of("upload", at, &["options"]);
                key.push(Part::Name(Cow::Owned(name.clone())));
                wrong.push((
                    key,
                    format!("is a secret, and comes from a file or the environment: {secrets}"),
                ));
            }
        }
        let mut say = |names: &[&'static str], message: String| wrong.push((of("upload", at, names), message));
        // S3's smallest part, and what fits into memory.
        if !(5 << 20..=64 << 20).contains(&upload.part_bytes) {
            say(&["part_bytes"], "expected 5242880 to 67108864 bytes".to_owned());
        }
        if upload.retry_s > 90 * 24 * 3600 {
            say(&["retry_s"], "at most 90 days".to_owned());
        }
    }
}

/// Whether a webhook can have this URL. The reason does not repeat it.
pub(crate) fn webhook_url(text: &str, token: bool) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("no URL: {error}"))?;
    if !["http", "https"].contains(&url.scheme()) || url.host_str().is_none() {
        return Err("expected http:// or https://".to_owned());
    }
    if url.password().is_some() || !url.username().is_empty() {
        return Err("no user or password here: use token_file or token_env".to_owned());
    }
    if url.scheme() == "http" && token && !is_loopback(&url) {
        return Err("the token would be sent in the clear: use https://".to_owned());
    }
    Ok(url)
}

/// Parts of the names of options that are secrets.
const SECRET_WORDS: [&str; 8] = [
    "secret",
    "token",
    "password",
    "account_key",
    "access_key",
    "sas",
    "service_account_key",
    "credential",
];

/// How options end that only sound like it: the id of a key, and paths of files.
const NO_SECRETS: [&str; 3] = ["access_key_id", "_file", "application_credentials"];

fn is_name(name: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && name.len() <= 64 && name.chars().all(good)
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
