//! Keys made by the programs that people have, signatures made with them, and messages about keys that do not fit.

mod skip;
mod world;

use afterimage_format::evidence::{Identity, PrivateKey, PublicKey, Recipient};
use afterimage_format::file::*;
use std::path::Path;
use std::process::Command;
use world::*;

/// Runs a program; false, said aloud, where this machine does not have it.
fn run(program: &str, args: &[&str]) -> Option<String> {
    match Command::new(program).args(args).output() {
        Ok(out) => {
            assert!(
                out.status.success(),
                "{program} {args:?}: {}",
                String::from_utf8_lossy(&out.stderr)
            );
            Some(String::from_utf8(out.stdout).unwrap())
        }
        Err(error) => {
            // Each test has a thread of its name.
            let name = std::thread::current().name().unwrap_or_default().to_owned();
            skip::skip(&name, &format!("{program} cannot be run here ({error})"));
            None
        }
    }
}

fn signed_and_verified(private: &Path, public: &Path, dir: &Path) {
    let path = dir.join("signed.scap");
    let key = PrivateKey::read(private).unwrap();
    let keys = PublicKey::read_all(public).unwrap();
    assert_eq!(keys[0].bytes(), key.public().bytes());
    let options = WriterOptions {
        force: true,
        sign_key: Some(key),
        ..WriterOptions::default()
    };
    let mut writer = TraceWriter::create(&path, &header(), options).unwrap();
    fill(&mut writer, &segments(2, 3)).unwrap();
    writer.seal(&summary()).unwrap();
    let verdict = verify(&path, &keys).unwrap();
    assert!(verdict.is_trusted(), "{verdict:?}");
    assert_eq!(verdict.signatures.len(), 1);
    assert_eq!(verdict.signatures[0].fingerprint, keys[0].fingerprint());
    assert_eq!(verdict.capture_id, Some([7; 16]));
    let untrusted = verify(&path, &[]).unwrap();
    assert!(untrusted.is_intact() && untrusted.signatures[0].valid && !untrusted.is_trusted());
    assert!(Trace::open(&path).unwrap().signatures()[0].valid);
}

#[test]
fn keys_of_ssh_keygen_sign_and_verify() {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    let name = key.to_str().unwrap();
    let make = ["-q", "-t", "ed25519", "-N", "", "-C", "me@here", "-f", name];
    if run("ssh-keygen", &make).is_none() {
        return;
    }
    let public = key.with_extension("pub");
    signed_and_verified(&key, &public, dir.path());
    let listed = run("ssh-keygen", &["-lf", public.to_str().unwrap()]).unwrap();
    let mine = PublicKey::read_all(&public).unwrap();
    assert_eq!(
        listed.split_whitespace().nth(1),
        Some(mine[0].fingerprint().as_str()),
        "{listed}"
    );
    assert_eq!(mine[0].comment(), "me@here");
    // As authorized_keys: comments, another type, options before the key.
    let line = std::fs::read_to_string(&public).unwrap();
    let list = format!("# mine\n\nssh-rsa AAAA x\nno-pty,command=\"a b\" {line}{line}");
    assert_eq!(
        PublicKey::parse_all(list.as_bytes(), "list").unwrap(),
        [mine[0].clone(), mine[0].clone()]
    );

    let locked = dir.path().join("locked");
    let make = ["-q", "-t", "ed25519", "-N", "secret", "-f", locked.to_str().unwrap()];
    run("ssh-keygen", &make);
    check_refused(&locked, &["passphrase", "ssh-keygen -p"]);
    let ecdsa = dir.path().join("ecdsa");
    let make = ["-q", "-t", "ecdsa", "-N", "", "-f", ecdsa.to_str().unwrap()];
    run("ssh-keygen", &make);
    check_refused(&ecdsa, &["ssh-keygen -t ed25519"]);
    let none = PublicKey::read_all(&ecdsa.with_extension("pub"))
        .unwrap_err()
        .to_string();
    assert!(none.contains("no Ed25519 public key"), "{none}");
    let rsa = dir.path().join("rsa");
    run(
        "ssh-keygen",
        &["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", rsa.to_str().unwrap()],
    );
    check_refused(&rsa, &["not Ed25519"]);
    check_refused(&public, &["public key"]);
    let swapped = PublicKey::read_all(&key).unwrap_err().to_string();
    assert!(swapped.contains("private key"), "{swapped}");
}

#[test]
fn keys_of_openssl_sign_and_verify() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (key, public) = (file("key.pem"), file("pub.pem"));
    if run("openssl", &["genpkey", "-algorithm", "ed25519", "-out", &key]).is_none() {
        return;
    }
    run("openssl", &["pkey", "-in", &key, "-pubout", "-out", &public]);
    signed_and_verified(Path::new(&key), Path::new(&public), dir.path());
    let locked = file("locked.pem");
    run(
        "openssl",
        &["pkey", "-in", &key, "-aes256", "-passout", "pass:x", "-out", &locked],
    );
    check_refused(Path::new(&locked), &["passphrase", "openssl pkey"]);
    let rsa = file("rsa.pem");
    run("openssl", &["genpkey", "-quiet", "-algorithm", "rsa", "-out", &rsa]);
    check_refused(Path::new(&rsa), &["no Ed25519 key"]);
    check_refused(Path::new(&public), &["public key"]);
}

fn check_refused(key: &Path, expected: &[&str]) {
    let error = PrivateKey::read(key).map(|_| ()).unwrap_err().to_string();
    assert!(expected.iter().all(|e| error.contains(e)), "{error}");
}

const KEY: &[u8] = b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";

#[test]
fn a_signature_fits_no_other_file() {
    let key = PrivateKey::parse(KEY, "key").unwrap();
    let options = || WriterOptions {
        sign_key: Some(key.clone()),
        ..WriterOptions::default()
    };
    let (_first, one) = sample(options(), &segments(1, 3));
    let (_second, two) = sample(options(), &segments(2, 3));
    let split = |path: &Path| {
        let bytes = std::fs::read(path).unwrap();
        let at = bytes.len() - 56;
        let sign = bytes.windows(4).rposition(|w| w == b"SIGN").unwrap();
        (bytes[..sign].to_vec(), bytes[sign..at].to_vec(), bytes[at..].to_vec())
    };
    let (a, b) = (split(&one), split(&two));
    // The other file's signature, with a header that fits this one.
    let mut foreign = a.1.clone();
    foreign[64..].copy_from_slice(&b.1[64..]);
    let crc = crc32fast::hash(&foreign[64..]).to_le_bytes();
    foreign[56..60].copy_from_slice(&crc);
    let crc = crc32fast::hash(&foreign[..60]).to_le_bytes();
    foreign[60..64].copy_from_slice(&crc);
    std::fs::write(&one, [a.0.as_slice(), &foreign, &a.2].concat()).unwrap();
    let verdict = verify(&one, &[key.public()]).unwrap();
    assert!(!verdict.is_trusted() && !verdict.signatures[0].valid);
    let Integrity::Altered(place) = verdict.integrity else {
        panic!("a foreign signature passes")
    };
    assert_eq!(place.tag, "SIGN");
    assert!(place.what.contains("does not fit"), "{}", place.what);
    // Without its signature the file is intact, and trusted by nobody.
    std::fs::write(&one, [a.0.as_slice(), &a.2].concat()).unwrap();
    let verdict = verify(&one, &[key.public()]).unwrap();
    assert!(verdict.is_intact() && !verdict.is_trusted() && verdict.signatures.is_empty());
}

#[test]
fn an_altered_file_still_says_who_signed_it() {
    let key = PrivateKey::parse(KEY, "key").unwrap();
    let options = WriterOptions {
        sign_key: Some(key.clone()),
        recipients: vec![Identity::generate().recipient()],
        ..WriterOptions::default()
    };
    let (_dir, path) = sample(options, &segments(2, 3));
    assert!(
        verify(&path, &[key.public()]).unwrap().is_trusted(),
        "without the identity"
    );
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(4).position(|w| w == b"SEGM").unwrap() + 80;
    bytes[at] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let verdict = verify(&path, &[key.public()]).unwrap();
    assert!(!verdict.is_intact() && !verdict.is_trusted());
    assert_eq!(verdict.signatures[0].fingerprint, key.public().fingerprint());
}

#[test]
fn texts_that_are_no_keys_are_refused_with_advice() {
    let private = |text: &str| {
        PrivateKey::parse(text.as_bytes(), "f")
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    let public = |text: &str| {
        PublicKey::parse_all(text.as_bytes(), "f")
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    let identity = |text: &str| {
        Identity::parse_all(text.as_bytes(), "f")
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    let recipient = |text: &str| text.parse::<Recipient>().map(|_| ()).unwrap_err().to_string();
    let check = |found: String, expected: &str| assert!(found.contains(expected), "{found}");
    check(private(""), "no private key");
    check(
        private("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"),
        "damaged",
    );
    check(private("-----BEGIN RSA PRIVATE KEY-----\n"), "not an Ed25519 key");
    check(public(""), "no Ed25519 public key");
    check(public("ssh-ed25519 AAAA x"), "damaged");
    check(
        public("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
        "no Ed25519 public key",
    );
    check(identity("# nothing\n\n"), "age-keygen");
    check(identity("# x\nage1qqqq\n"), "line 2 is a recipient");
    check(identity("-----BEGIN AGE ENCRYPTED FILE-----\n"), "passphrase");
    check(recipient("ssh-ed25519 AAAA"), "age-keygen");
    check(recipient("age1nonsense"), "age-keygen -y");
    let secret = "AGE-SECRET-KEY-1QQQQQQ";
    check(recipient(secret), "secret key");
    assert!(!recipient(secret).contains("QQQQ") && !identity(&format!("{secret}\n")).contains("QQQQ"));
}

/// A file as `age-keygen` writes it, with comments.
#[test]
fn identity_files_of_age_are_read() {
    use age::secrecy::ExposeSecret;
    let pair = age::x25519::Identity::generate();
    let (recipient, secret) = (pair.to_public().to_string(), pair.to_string());
    let file = format!(
        "# created: 2026-11-21T10:00:00Z\n# public key: {recipient}\n{}\n",
        secret.expose_secret()
    );
    let identities = Identity::parse_all(file.as_bytes(), "f").unwrap();
    assert_eq!(identities.len(), 1);
    let options = WriterOptions {
        recipients: vec![recipient.parse().unwrap()],
        ..WriterOptions::default()
    };
    let (_dir, path) = sample(options, &segments(1, 1));
    assert!(Trace::open_with(&path, &OpenOptions { identities }).is_ok());
}
