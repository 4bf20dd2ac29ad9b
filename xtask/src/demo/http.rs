//! Just enough of an HTTP client for the attack: one GET a connection, the whole answer as text.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

const PATIENCE: Duration = Duration::from_secs(10);

/// The body that a GET of `path` brings; anything but status 200 is an error.
pub(super) fn get(server: SocketAddr, path: &str) -> Result<String> {
    let answer = exchange(server, path).with_context(|| format!("GET {path} from {server}"))?;
    let text = String::from_utf8_lossy(&answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        bail!("GET {path}: no complete answer: {text:?}")
    };
    let status = head.lines().next().unwrap_or_default();
    if status.split_whitespace().nth(1) != Some("200") {
        bail!("GET {path}: {status}");
    }
    Ok(body.to_owned())
}

fn exchange(server: SocketAddr, path: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // In one piece: a server may answer, and close, after the first.
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", server.ip()).as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

/// Percent-encodes everything but letters and digits (RFC 3986).
pub(super) fn encode(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    fn get_from_a_server_that_answers(answer: &'static str) -> Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            assert!(stream.read(&mut request).unwrap() > 0);
            stream.write_all(answer.as_bytes()).unwrap();
        });
        get(address, "/x")
    }

    #[test]
    fn the_body_is_returned_and_other_answers_are_errors() {
        assert_eq!(
            get_from_a_server_that_answers("HTTP/1.0 200 OK\r\nA: b\r\n\r\nuid=0").unwrap(),
            "uid=0"
        );
        for (answer, expected) in [
            ("HTTP/1.1 404 Not Found\r\n\r\nno", "404 Not Found"),
            ("HTTP/1.1 200", "no complete answer"),
        ] {
            let error = get_from_a_server_that_answers(answer).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_command_survives_the_address_line() {
        assert_eq!(encode("x;/bin/id a"), "x%3B%2Fbin%2Fid%20a");
    }
}
