//! The provider's certificate, and whether a signature is its own.
//!
//! Its chain is not in the file that SNS serves. That it is the provider's is known from where it came: over TLS, from a host
//! whose own certificate was checked (`address`, `outside`). Its name and its dates are checked here; the date that counts is
//! the message's, which in turn must be recent (`mod`).

use super::address::is_signers_name;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

/// What is kept of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    /// RSA key, PKCS#1.
    key: Vec<u8>,
    /// Nanoseconds since 1970.
    from: i64,
    to: i64,
}

impl Certificate {
    /// Of a PEM file; the first certificate counts.
    pub(super) fn read(pem: &[u8]) -> Result<Certificate, String> {
        let der = CertificateDer::from_pem_slice(pem).map_err(|_| "the signing certificate is no PEM".to_owned())?;
        let (_, parsed) = parse_x509_certificate(&der).map_err(|_| "the signing certificate is none".to_owned())?;
        let names = parsed.subject_alternative_name().ok().flatten();
        let mut names = names.iter().flat_map(|names| &names.value.general_names);
        let own = |name: &GeneralName<'_>| matches!(name, GeneralName::DNSName(name) if is_signers_name(name));
        if !names.any(own) {
            return Err("the signing certificate is not one of sns.amazonaws.com".to_owned());
        }
        let seconds = |time: i64| time.saturating_mul(1_000_000_000);
        Ok(Certificate {
            key: parsed.public_key().subject_public_key.data.to_vec(),
            from: seconds(parsed.validity().not_before.timestamp()),
            to: seconds(parsed.validity().not_after.timestamp()),
        })
    }

    /// Whether `signature` (base64) is this certificate's of `text`, made at `at`.
    pub(super) fn verify(&self, version: &str, text: &str, signature: &str, at: i64) -> Result<(), String> {
        if !(self.from..=self.to).contains(&at) {
            return Err("the signing certificate was not valid at the message's Timestamp".to_owned());
        }
        let algorithm = match version {
            "1" => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            "2" => &RSA_PKCS1_2048_8192_SHA256,
            _ => return Err("SignatureVersion: expected 1 or 2".to_owned()),
        };
        let signature = STANDARD
            .decode(signature)
            .map_err(|_| "Signature: is no base64".to_owned())?;
        let key = UnparsedPublicKey::new(algorithm, &self.key);
        let good = key.verify(text.as_bytes(), &signature);
        good.map_err(|_| "the signature is not of this message".to_owned())
    }
}
