//! The query of a request's URI.

/// Parameters whose values let somebody in.
const SECRET: [&str; 4] = ["token", "access_token", "id_token", "password"];

/// Every `key=value` of the query, decoded, in order.
pub(super) fn query(uri: &str) -> impl Iterator<Item = (String, String)> {
    let query = uri.split_once('?').map_or("", |(_, query)| query);
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(key), decoded(value))
    })
}

/// The URI without values that let somebody in, and whether there were any.
pub(super) fn cleaned(uri: &str) -> (String, bool) {
    let Some((path, query)) = uri.split_once('?') else {
        return (uri.to_owned(), false);
    };
    let mut found = false;
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((key, _)) if SECRET.contains(&decoded(key).to_ascii_lowercase().as_str()) => {
            found = true;
            format!("{key}={}", super::clean::MARK)
        }
        _ => pair.to_owned(),
    });
    let query: Vec<String> = pairs.collect();
    (format!("{path}?{}", query.join("&")), found)
}

/// `%41` is `A`, `+` a space. What is no code stays as it is; what is no UTF-8 is marked.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let code = bytes.get(at + 1..at + 3).filter(|_| *byte == b'%');
        let code = code.and_then(|code| {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            Some((digit(code[0])? * 16 + digit(code[1])?) as u8)
        });
        match code {
            Some(code) => {
                out.push(code);
                at += 3;
            }
            None => {
                out.push(if *byte == b'+' { b' ' } else { *byte });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        let check = |uri: &str, expected: &[(&str, &str)]| {
            let found: Vec<_> = query(uri).collect();
            let expected: Vec<_> = expected.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
            assert_eq!(found, expected, "{uri}");
        };
        check("/healthz", &[]);
        check(
            "/x?command=a%20b&command=c+d&tty=true",
            &[("command", "a b"), ("command", "c d"), ("tty", "true")],
        );
        check(
            "/x?a=%zz%4&b&=c&&%C3%BC=%FF",
            &[("a", "%zz%4"), ("b", ""), ("", "c"), ("ü", "\u{fffd}")],
        );
    }

    #[test]
    fn tokens_are_not_kept() {
        assert_eq!(cleaned("/x?a=b&Token=s3cret"), ("/x?a=b&Token=[redacted]".into(), true));
        assert_eq!(cleaned("/x?a=b"), ("/x?a=b".into(), false));
    }
}
