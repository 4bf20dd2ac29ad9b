//! Names in DNS queries (RFC 1035, section 4.1).

const HEADER: usize = 12;
const MAX_NAME: usize = 255;

/// The name that a DNS message asks for; nothing where the bytes are no query, or were cut before the name ends.
pub(super) fn question(message: &[u8]) -> Option<Vec<u8>> {
    // Over TCP two bytes of length stand before the message.
    let with_length = message
        .first_chunk::<2>()
        .is_some_and(|len| usize::from(u16::from_be_bytes(*len)) == message.len() - 2);
    let message = if with_length { message.get(2..)? } else { message };
    let header = message.get(..HEADER)?;
    let (is_answer, opcode) = (header[2] & 0x80 != 0, header[2] >> 3 & 0xf);
    if is_answer || opcode != 0 || header[4..6] != [0, 1] {
        return None;
    }
    let mut rest = message.get(HEADER..)?;
    let mut name = Vec::new();
    loop {
        let (len, tail) = rest.split_first()?;
        match usize::from(*len) {
            0 => return (!name.is_empty()).then_some(name),
            // A pointer has no place in a question.
            64.. => return None,
            len => {
                let (label, tail) = tail.split_at_checked(len)?;
                if !name.is_empty() {
                    name.push(b'.');
                }
                name.extend_from_slice(label);
                rest = tail;
            }
        }
        if name.len() > MAX_NAME {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::question;

    #[test]
    fn names_are_read_from_queries_only() {
        let query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example\x00\x00\x01\x00\x01";
        assert_eq!(question(query), Some(b"www.example".to_vec()));
        let over_tcp = [&(query.len() as u16).to_be_bytes(), query.as_slice()].concat();
        assert_eq!(question(&over_tcp), Some(b"www.example".to_vec()));
        for cut in 0..query.len() - 4 {
            assert_eq!(question(&query[..cut]), None, "cut at {cut}");
        }
        let mut answer = query.to_vec();
        answer[2] |= 0x80;
        assert_eq!(question(&answer), None);
        assert_eq!(question(b"GET / HTTP/1.1\r\n\r\n"), None);
    }
}
