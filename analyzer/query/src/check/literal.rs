//! Constants that are more than strings.

use super::{Settings, time};
use crate::eval::Net;
use crate::fields::FieldType;
use std::net::IpAddr;

/// Why a constant cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LiteralError {
    /// It is something else than this.
    Expected(&'static str),
    /// It has the right form, but cannot be used.
    Wrong(String),
}

type Parsed<T> = Result<T, LiteralError>;

/// A number, size, truth value, duration or time, whichever the type asks for.
pub(super) fn number(ty: FieldType, text: &str, settings: &Settings) -> Parsed<i128> {
    match ty {
        FieldType::Bool => boolean(text),
        FieldType::Duration => with_units(text, &DURATIONS).ok_or(LiteralError::Expected(
            "nanoseconds or a duration such as `10ms`, `1.5s`, `5m`",
        )),
        FieldType::Time => match with_units(text, &[]) {
            Some(nanoseconds) => Ok(nanoseconds),
            None => time::point(text, settings),
        },
        _ => with_units(text, &SIZES).ok_or(LiteralError::Expected(
            "a whole number, `0x…`, or a size such as `1MiB`",
        )),
    }
}

const SIZES: [(&str, i128); 8] = [
    ("k", 1000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

pub(super) const DURATIONS: [(&str, i128); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// A length of time such as `10ms` or `1.5h` in nanoseconds.
pub fn parse_duration(text: &str) -> Option<i64> {
    let length = with_units(text.trim(), &DURATIONS)?;
    i64::try_from(length).ok().filter(|length| *length >= 0)
}

/// A number with one of the units behind it, or without any. A fraction must come out whole.
pub(super) fn with_units(text: &str, units: &[(&str, i128)]) -> Option<i128> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let number = match unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
        Some(digits) if digits.starts_with(|c: char| c.is_ascii_hexdigit()) => {
            i128::from(u64::from_str_radix(digits, 16).ok()?)
        }
        _ => {
            let end = unsigned
                .find(|c: char| !c.is_ascii_digit() && c != '.')
                .unwrap_or(unsigned.len());
            let (digits, unit) = unsigned.split_at(end);
            let factor = match unit {
                "" => 1,
                unit => units.iter().find(|(name, _)| *name == unit)?.1,
            };
            scaled(digits, factor)?
        }
    };
    Some(if negative { -number } else { number })
}

/// `digits` may have a fraction; its product with the factor must be whole.
fn scaled(digits: &str, factor: i128) -> Option<i128> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    if whole.is_empty() || whole.len() > 20 || fraction.len() > 12 || fraction.contains('.') {
        return None;
    }
    let ten = 10i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let fraction: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let product = fraction * factor;
    (product % ten == 0).then_some(whole.parse::<i128>().ok()? * factor + product / ten)
}

fn boolean(text: &str) -> Parsed<i128> {
    match text {
        "true" | "1" => Ok(1),
        "false" | "0" => Ok(0),
        _ => Err(LiteralError::Expected("`true` or `false`")),
    }
}

/// An address, or a network such as `10.0.0.0/8`.
pub(super) fn net(text: &str) -> Parsed<Net> {
    let error = || LiteralError::Expected("an address such as `10.0.0.1`, or a network such as `10.0.0.0/8`");
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| error())?;
    match bits {
        None => Ok(Net::host(address)),
        Some(bits) => {
            let digits = bits.len() <= 3 && bits.bytes().all(|byte| byte.is_ascii_digit());
            let bits = if digits { bits.parse().ok() } else { None };
            bits.and_then(|bits| Net::new(address, bits)).ok_or_else(error)
        }
    }
}

/// Bytes in hexadecimal.
pub(super) fn hex(text: &str) -> Parsed<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    match digits {
        Some(digits) if !digits.is_empty() && digits.len() % 2 == 0 => {
            Ok(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
        }
        _ => Err(LiteralError::Expected(
            "bytes in hexadecimal, two digits each, such as `7f454c46`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ty: FieldType, text: &str, expected: Option<i128>) {
        assert_eq!(number(ty, text, &Settings::default()).ok(), expected, "{text}");
    }

    #[test]
    fn numbers_and_sizes() {
        check(FieldType::Int, "-12", Some(-12));
        check(FieldType::Int, "+12", Some(12));
        check(FieldType::Uint, "0x1F", Some(31));
        check(FieldType::Uint, "1MiB", Some(1 << 20));
        check(FieldType::Uint, "1.5KiB", Some(1536));
        check(FieldType::Uint, "18446744073709551615", Some(i128::from(u64::MAX)));
        for wrong in [
            "",
            "-",
            "1.5",
            "0x",
            "0xg",
            "1 MiB",
            "1QB",
            "--1",
            "1.2.3",
            "99999999999999999999999",
        ] {
            check(FieldType::Uint, wrong, None);
        }
    }

    #[test]
    fn durations_and_truth() {
        check(FieldType::Duration, "10ms", Some(10_000_000));
        check(FieldType::Duration, "1.5s", Some(1_500_000_000));
        check(FieldType::Duration, "7", Some(7));
        check(FieldType::Duration, "1y", None);
        check(FieldType::Bool, "true", Some(1));
        check(FieldType::Bool, "0", Some(0));
        check(FieldType::Bool, "yes", None);
    }

    #[test]
    fn bytes_and_networks() {
        assert_eq!(hex("656c6C"), Ok(b"ell".to_vec()));
        for wrong in ["", "6", "2g", "abc_1"] {
            assert!(hex(wrong).is_err(), "{wrong}");
        }
        for right in ["1.2.3.4", "::1", "10.0.0.0/8", "2001::0/16", "0.0.0.0/0"] {
            assert!(net(right).is_ok(), "{right}");
        }
        for wrong in [
            "",
            "1.2.3",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "host",
            "10.0.0.0/8/8",
        ] {
            assert!(net(wrong).is_err(), "{wrong}");
        }
    }
}
