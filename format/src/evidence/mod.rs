//! What makes a trace evidence: the chain of its blocks, signatures, encryption and the custody log.

pub(crate) mod chain;
mod custody;
mod identity;
mod key;
mod private;
pub(crate) mod seal;
pub(crate) mod signature;

pub use identity::{Identity, Recipient};
pub use key::PublicKey;
pub(crate) use key::fingerprint;
pub use private::PrivateKey;
pub use signature::Algorithm;
