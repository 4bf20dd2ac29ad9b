//! An alert as it asks for a capture, wherever it came from.

pub(crate) use afterimage_alerts::protocol::{Selector, Trigger};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The payload as it was sent. What is no text came as base64; what is no base64 either is kept as it came.
pub(crate) fn payload(trigger: &Trigger) -> Vec<u8> {
    match trigger.payload_base64 {
        true => STANDARD
            .decode(&trigger.payload)
            .unwrap_or_else(|_| trigger.payload.clone().into_bytes()),
        false => trigger.payload.clone().into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_those_that_were_sent() {
        for (payload_base64, sent, expected) in [
            (false, "{}", &b"{}"[..]),
            (true, "/+8=", &[0xff, 0xef]),
            (true, "no base64!", b"no base64!"),
        ] {
            let trigger = Trigger {
                payload: sent.into(),
                payload_base64,
                ..Trigger::default()
            };
            assert_eq!(payload(&trigger), expected);
        }
    }
}
