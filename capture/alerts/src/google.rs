//! Tokens with which Google's Pub/Sub signs in at a push endpoint: a JWT of the service account that the subscription names,
//! signed with keys that Google publishes at one address. Nothing in a token says where to look.

use crate::outside::{Client, Clock};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

/// Where Google publishes the keys of its accounts ("Authenticate push subscriptions" in the documentation of Pub/Sub).
const KEYS: &str = "https://www.googleapis.com/oauth2/v3/certs";
/// Bytes of that document.
const KEYS_MAX: usize = 256 << 10;
/// How long keys are kept; Google changes them every few days.
const KEYS_AGE: Duration = Duration::from_secs(3600);
/// For a key that is not among them, they are not fetched again within this time.
const FETCH_PAUSE: Duration = Duration::from_secs(10);
/// Time for a fetch.
const FETCH_WITHIN: Duration = Duration::from_secs(5);
/// How far clocks may be apart, in seconds.
const LEEWAY: i64 = 60;
/// Bytes of a token.
const TOKEN_MAX: usize = 8 << 10;

/// Why a token is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is none, not for us, or not Google's.
    Forbidden(&'static str),
    /// Whether it is cannot be said now.
    Unknown(String),
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    email: String,
    #[serde(default)]
    email_verified: bool,
    iat: i64,
    exp: i64,
}

#[derive(Deserialize, Default)]
struct Keys {
    keys: Vec<Key>,
}

#[derive(Deserialize, Clone)]
struct Key {
    kid: String,
    n: String,
    e: String,
}

/// Checks tokens; keeps the keys.
pub(crate) struct Google {
    client: Client,
    clock: Clock,
    kept: Mutex<(Keys, Option<Instant>)>,
}

impl Google {
    pub(crate) fn new(client: Client, clock: Clock) -> Google {
        Google {
            client,
            clock,
            kept: Mutex::default(),
        }
    }

    /// Whether a token is Google's, for `audience`, of `account`, and of now.
    pub(crate) async fn check(&self, token: &str, audience: &str, account: &str) -> Result<(), Refusal> {
        let forbidden = Refusal::Forbidden;
        let none = || forbidden("the token is no signed JWT");
        if token.len() > TOKEN_MAX {
            return Err(none());
        }
        let (signed, signature) = token.rsplit_once('.').ok_or_else(none)?;
        let (header, claims) = signed.split_once('.').ok_or_else(none)?;
        let header: Header = part(header).ok_or_else(none)?;
        let claims: Claims = part(claims).ok_or_else(none)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| none())?;
        // What costs nothing comes first; nothing is fetched for a token that would not be taken anyway.
        if header.alg != "RS256" {
            return Err(forbidden("the token is not signed with RS256"));
        }
        if !["https://accounts.google.com", "accounts.google.com"].contains(&&*claims.iss) {
            return Err(forbidden("the token is not one of Google's"));
        }
        if claims.aud != audience {
            return Err(forbidden("the token is for another audience"));
        }
        if claims.email != account || !claims.email_verified {
            return Err(forbidden("the token is of another account"));
        }
        let now = (self.clock)() / 1_000_000_000;
        if claims.exp < now.saturating_sub(LEEWAY) || claims.iat > now.saturating_add(LEEWAY) {
            return Err(forbidden("the token is not of now"));
        }
        let key = self.key(&header.kid).await?;
        let number = |text: &str| {
            URL_SAFE_NO_PAD
                .decode(text)
                .map_err(|_| Refusal::Unknown("a key is broken".to_owned()))
        };
        let key = RsaPublicKeyComponents {
            n: number(&key.n)?,
            e: number(&key.e)?,
        };
        let good = key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature);
        good.map_err(|_| forbidden("the signature is not of this token"))
    }

    async fn key(&self, kid: &str) -> Result<Key, Refusal> {
        let mut kept = self.kept.lock().await;
        let age = kept.1.map(|at| at.elapsed());
        let known = kept.0.keys.iter().find(|key| key.kid == kid);
        if let Some(key) = known.filter(|_| age.is_some_and(|age| age < KEYS_AGE)) {
            return Ok(key.clone());
        }
        if age.is_none_or(|age| age >= FETCH_PAUSE) {
            kept.1 = Some(Instant::now());
            let why = |error: &dyn std::fmt::Display| Refusal::Unknown(format!("cannot fetch Google's keys: {error}"));
            let url = Url::parse(KEYS).map_err(|error| why(&error))?;
            let fetched = self
                .client
                .get(&url, KEYS_MAX, FETCH_WITHIN)
                .await
                .map_err(|error| why(&error))?;
            kept.0 = serde_json::from_slice(&fetched).map_err(|error| why(&error))?;
        }
        let key = kept.0.keys.iter().find(|key| key.kid == kid);
        key.cloned().ok_or(Refusal::Forbidden(
            "the token is signed with a key that is not one of Google's",
        ))
    }
}

fn part<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_in::{Signer, StandIn, now, skip};
    use crate::time;
    use serde_json::{Value, json};
    use tokio_rustls::rustls::pki_types::CertificateDer;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use x509_parser::parse_x509_certificate;
    use x509_parser::public_key::PublicKey;

    const AUDIENCE: &str = "https://node.example/v1/scc";
    const ACCOUNT: &str = "push@project.iam.gserviceaccount.com";

    /// The document of keys with the signer's.
    fn keys(signer: &Signer) -> Vec<u8> {
        let der = CertificateDer::from_pem_slice(&signer.certificate()).unwrap();
        let (_, certificate) = parse_x509_certificate(&der).unwrap();
        let PublicKey::RSA(key) = certificate.public_key().parsed().unwrap() else {
            panic!("no RSA key");
        };
        let number =
            |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes.trim_ascii_start().strip_prefix(&[0]).unwrap_or(bytes));
        let key =
            json!({ "kid": "k1", "kty": "RSA", "alg": "RS256", "n": number(key.modulus), "e": number(key.exponent) });
        json!({ "keys": [key] }).to_string().into_bytes()
    }

    fn token(signer: &Signer, header: &Value, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = URL_SAFE_NO_PAD.encode(signer.sign(&signed, "-sha256"));
        format!("{signed}.{signature}")
    }

    #[test]
    fn tokens_of_the_account_for_this_endpoint_and_no_others() {
        let dir = tempfile::tempdir().unwrap();
        let Some(signer) = Signer::new(dir.path(), "example.com") else {
            return skip("tokens_of_the_account_for_this_endpoint_and_no_others", "no openssl");
        };
        let stand_in = StandIn::start("www.googleapis.com", keys(&signer), &now());
        let client = Client::new(&stand_in.outside, None).unwrap();
        let google = Google::new(client, stand_in.outside.clock.clone());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let check = |token: &str| runtime.block_on(google.check(token, AUDIENCE, ACCOUNT));
        let at = time::parse(&now()).unwrap() / 1_000_000_000;
        let header = json!({ "alg": "RS256", "kid": "k1", "typ": "JWT" });
        let claims = json!({ "iss": "https://accounts.google.com", "aud": AUDIENCE, "email": ACCOUNT,
            "email_verified": true, "iat": at, "exp": at + 3600, "sub": "1" });
        let good = token(&signer, &header, &claims);
        assert_eq!(check(&good), Ok(()));
        for (name, value) in [
            ("aud", json!("https://other.example/")),
            ("email", json!("other@project.iam.gserviceaccount.com")),
            ("email_verified", json!(false)),
            ("iss", json!("https://evil.example")),
            ("exp", json!(at - 3600)),
            ("iat", json!(at + 3600)),
        ] {
            let mut changed = claims.clone();
            changed[name] = value;
            assert!(
                matches!(check(&token(&signer, &header, &changed)), Err(Refusal::Forbidden(_))),
                "{name}"
            );
        }
        for (name, value) in [("alg", "none"), ("alg", "HS256"), ("kid", "k2")] {
            let mut changed = header.clone();
            changed[name] = value.into();
            assert!(
                matches!(check(&token(&signer, &changed, &claims)), Err(Refusal::Forbidden(_))),
                "{name}"
            );
        }
        // Every byte counts.
        for at in 0..good.len() {
            let mut bytes = good.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'Q' } else { b'A' };
            assert!(check(&String::from_utf8(bytes).unwrap()).is_err(), "{at}");
        }
        assert!(check("").is_err() && check("a.b").is_err() && check(&"x".repeat(100_000)).is_err());
        assert_eq!(stand_in.asked(), ["GET /oauth2/v3/certs HTTP/1.1"]);
    }
}
