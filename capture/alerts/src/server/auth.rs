//! Who is it? Compared in constant time; nothing of what was shown is ever repeated.

use super::refusal::Refusal;
use crate::settings::{Auth, Secret, SecretError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HOST, ORIGIN};
use ring::hmac;
use std::net::IpAddr;

/// What a source wants to see, with the secrets read.
pub(super) enum Proof {
    /// A token in a header; `None`: `Authorization`.
    Token { secret: Secret, header: Option<String> },
    /// HMAC-SHA256 of the body.
    Hmac { key: hmac::Key, header: String },
    /// The signature of SNS, with one of these topics.
    Sns { topics: Vec<String> },
    /// A token of Google's for an account.
    Google { audience: String, account: String },
    /// A certificate that TLS has checked.
    Certificate,
    /// To be on this machine.
    Loopback,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker {
    pub(super) peer: IpAddr,
    /// TLS has seen a client certificate of `client_ca`.
    pub(super) certified: bool,
}

impl Proof {
    /// Reads the secrets.
    pub(super) fn read(auth: &Auth) -> Result<Proof, SecretError> {
        if let Some(place) = auth.token() {
            let secret = place.read()?;
            let header = auth
                .header
                .clone()
                .filter(|name| !name.eq_ignore_ascii_case("authorization"));
            return Ok(Proof::Token { secret, header });
        }
        if let Some(place) = auth.hmac() {
            let key = hmac::Key::new(hmac::HMAC_SHA256, place.read()?.reveal().as_bytes());
            let header = auth.header.clone().unwrap_or_else(|| "x-signature-256".to_owned());
            return Ok(Proof::Hmac { key, header });
        }
        if !auth.sns_topics.is_empty() {
            return Ok(Proof::Sns {
                topics: auth.sns_topics.clone(),
            });
        }
        if let (Some(audience), Some(account)) = (auth.google_audience.clone(), auth.google_account.clone()) {
            return Ok(Proof::Google { audience, account });
        }
        if auth.client_certificate {
            return Ok(Proof::Certificate);
        }
        // Whoever has no other way was checked to be one of these; if not, nobody can come from outside anyway.
        Ok(Proof::Loopback)
    }

    /// Whether it can be known before the body is read.
    pub(super) fn is_in_header(&self) -> bool {
        !matches!(self, Proof::Hmac { .. } | Proof::Sns { .. })
    }

    /// What can be said before the body is read.
    pub(super) fn check_header(&self, headers: &HeaderMap, asker: Asker) -> Result<(), Refusal> {
        match self {
            Proof::Token { secret, header } => check_token(headers, header.as_deref(), secret),
            Proof::Hmac { header, .. } => hmac_of(headers, header).map(|_| ()),
            // Both are checked where they can be waited for.
            Proof::Sns { .. } | Proof::Google { .. } => Ok(()),
            Proof::Certificate if asker.certified => Ok(()),
            Proof::Certificate => {
                let hint = "connect over TLS with a client certificate";
                Err(Refusal::unauthorized("there is no client certificate", hint))
            }
            Proof::Loopback => check_loopback(headers, asker.peer),
        }
    }

    /// What can only be said with the body. (Messages of SNS open themselves.)
    pub(super) fn check_body(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
        let Proof::Hmac { key, header } = self else {
            return Ok(());
        };
        let tag = hmac_of(headers, header)?;
        hmac::verify(key, body, &tag).map_err(|_| {
            let hint = "the header must be the HMAC-SHA256 of the very bytes of the body";
            Refusal::unauthorized("the signature is not of this body", hint)
        })
    }
}

/// A token: `Bearer TOKEN`, `Basic` with it as the password, or the bare token in another header.
pub(super) fn check_token(headers: &HeaderMap, header: Option<&str>, secret: &Secret) -> Result<(), Refusal> {
    let hint = match header {
        None => "send Authorization: Bearer with the token of this source",
        Some(_) => "send the token of this source in the configured header",
    };
    let mut values = match header {
        None => headers.get_all(AUTHORIZATION).iter(),
        Some(name) => headers.get_all(name).iter(),
    };
    let value = values.next().filter(|_| values.next().is_none());
    let shown = value
        .ok_or_else(|| Refusal::unauthorized("there are no credentials", hint))?
        .as_bytes();
    let right = match (header, scheme(shown)) {
        (Some(_), _) => secret.is(shown),
        (None, Some((name, rest))) if name.eq_ignore_ascii_case(b"bearer") => secret.is(rest),
        (None, Some((name, rest))) if name.eq_ignore_ascii_case(b"basic") => {
            let decoded = STANDARD.decode(rest).unwrap_or_default();
            let mut parts = decoded.splitn(2, |byte| *byte == b':');
            parts.nth(1).is_some_and(|password| secret.is(password))
        }
        _ => false,
    };
    match right {
        true => Ok(()),
        false => Err(Refusal::unauthorized("the credentials are not right", hint)),
    }
}

/// The token of `Authorization: Bearer`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (name, rest) = scheme(headers.get(AUTHORIZATION)?.as_bytes())?;
    let named = name.eq_ignore_ascii_case(b"bearer");
    named.then(|| str::from_utf8(rest).ok()).flatten()
}

fn scheme(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = value.iter().position(|byte| *byte == b' ')?;
    Some((&value[..space], value[space..].trim_ascii()))
}

/// The bytes of `sha256=HEX` or `HEX`.
fn hmac_of(headers: &HeaderMap, header: &str) -> Result<Vec<u8>, Refusal> {
    let hint = "send the HMAC-SHA256 of the body in the configured header, hexadecimal";
    let missing = || Refusal::unauthorized("there is no signature", hint);
    let value = headers
        .get(header)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(missing)?;
    let digits = value.trim().strip_prefix("sha256=").unwrap_or(value.trim()).as_bytes();
    let nibble = |digit: u8| char::from(digit).to_digit(16);
    let byte = |pair: &[u8]| Some((nibble(pair[0])? * 16 + nibble(pair[1])?) as u8);
    let bytes: Option<Vec<u8>> = match digits.len() {
        64 => digits.chunks_exact(2).map(byte).collect(),
        _ => None,
    };
    bytes.ok_or_else(|| Refusal::unauthorized("the signature is no SHA-256 in hexadecimal", hint))
}

/// On this machine, and no web page in somebody's browser: those say where they come from, or ask for a name of theirs.
pub(super) fn check_loopback(headers: &HeaderMap, peer: IpAddr) -> Result<(), Refusal> {
    let forbidden = |error: &'static str| {
        Err(Refusal::new(
            403,
            "loopback",
            error,
            "this is for programs on this machine",
        ))
    };
    if !peer.to_canonical().is_loopback() {
        return forbidden("you are not on this machine");
    }
    if headers.contains_key(ORIGIN) {
        return forbidden("requests of web pages are not taken");
    }
    let host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let own = name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match own || host.is_empty() {
        true => Ok(()),
        false => forbidden("Host names something else than this machine"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in all {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    #[test]
    fn tokens() {
        let secret = Secret::new("s3cret".to_owned());
        let check = |header: Option<&str>, shown: &[(&'static str, &str)], good: bool| {
            let result = check_token(&headers(shown), header, &secret);
            assert_eq!(result.is_ok(), good, "{shown:?}");
            assert!(!format!("{result:?}").contains("s3cret"));
        };
        check(None, &[("authorization", "Bearer s3cret")], true);
        check(None, &[("authorization", "bearer  s3cret ")], true);
        check(None, &[("authorization", "Basic YW55b25lOnMzY3JldA==")], true);
        check(None, &[("authorization", "Basic czNjcmV0")], false);
        check(None, &[("authorization", "Bearer s3cre")], false);
        check(None, &[("authorization", "Bearer s3crett")], false);
        check(None, &[("authorization", "Bearer ")], false);
        check(None, &[("authorization", "Bearer")], false);
        check(None, &[("authorization", "s3cret")], false);
        check(
            None,
            &[("authorization", "Bearer x"), ("authorization", "Bearer s3cret")],
            false,
        );
        check(None, &[], false);
        check(Some("x-api-key"), &[("x-api-key", "s3cret")], true);
        check(Some("x-api-key"), &[("authorization", "Bearer s3cret")], false);
    }

    #[test]
    fn hmac_is_of_the_bytes() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"key");
        let proof = Proof::Hmac {
            key,
            header: "x-signature-256".to_owned(),
        };
        // From RFC-style public examples: HMAC_SHA256("key", "The quick brown fox jumps over the lazy dog").
        let hex = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8";
        let body = b"The quick brown fox jumps over the lazy dog";
        let with = |value: &str| headers(&[("x-signature-256", value)]);
        assert!(proof.check_body(&with(hex), body).is_ok());
        assert!(
            proof
                .check_body(&with(&format!("sha256={}", hex.to_uppercase())), body)
                .is_ok()
        );
        assert!(
            proof
                .check_body(&with(hex), b"the quick brown fox jumps over the lazy dog")
                .is_err()
        );
        assert!(proof.check_header(&with("zz"), asker()).is_err());
        assert!(proof.check_header(&headers(&[]), asker()).is_err());
    }

    fn asker() -> Asker {
        Asker {
            peer: Ipv4Addr::LOCALHOST.into(),
            certified: false,
        }
    }

    #[test]
    fn loopback_is_for_programs_of_this_machine() {
        let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let check = |shown: &[(&'static str, &str)], peer: IpAddr, good: bool| {
            assert_eq!(check_loopback(&headers(shown), peer).is_ok(), good, "{shown:?} {peer}");
        };
        check(&[("host", "127.0.0.1:8765")], local, true);
        check(&[("host", "[::1]:8765")], "::ffff:127.0.0.1".parse().unwrap(), true);
        check(&[("host", "localhost")], local, true);
        check(&[("host", "evil.example:8765")], local, false);
        check(
            &[("host", "127.0.0.1"), ("origin", "https://evil.example")],
            local,
            false,
        );
        check(&[("host", "127.0.0.1")], "10.0.0.7".parse().unwrap(), false);
    }
}
