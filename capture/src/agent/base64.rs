//! Payloads that are no text come as base64.

use super::alert::Trigger;

/// The payload as it was sent.
pub(crate) fn payload(trigger: &Trigger) -> Vec<u8> {
    let bytes = trigger.payload.as_bytes();
    match trigger.payload_base64 {
        // What is no base64 is kept as it came.
        true => decode(bytes).unwrap_or_else(|| bytes.to_vec()),
        false => bytes.to_vec(),
    }
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let text = text
        .strip_suffix(b"==")
        .or_else(|| text.strip_suffix(b"="))
        .unwrap_or(text);
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    for four in text.chunks(4) {
        if four.len() == 1 {
            return None;
        }
        let mut word = 0u32;
        for byte in four {
            word = word << 6 | u32::from(digit(*byte)?);
        }
        let bytes = (word << (6 * (4 - four.len()))).to_be_bytes();
        out.extend_from_slice(bytes.get(1..four.len())?);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_rfc_4648() {
        for (text, bytes) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYmE=", "fooba"),
            ("Zm9vYmFy", "foobar"),
        ] {
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(bytes.as_bytes()), "{text}");
        }
        assert_eq!(decode(b"/+8="), Some(vec![0xff, 0xef]));
        for text in ["Z", "Zg=a", "Z-==", "é"] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }
}
