//! Metadata (header, index, directories of segments, custody): the only place that knows bincode. Event columns are not
//! metadata. bincode is unmaintained (RUSTSEC-2025-0141); docs/decisions/bincode.md says why it is here and how it can
//! leave.
//!
//! Structures are *records*: their length, then their fields. A reader takes fields that a record lacks as their default
//! and ignores what stands behind those it knows, so that fields can be added without a new version of the format.
//! Enumerations are *codes*: a number that a reader does not know becomes the enumeration's catch-all.

use bincode::config::{self, Config};
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};
use std::cell::Cell;
use std::sync::Arc;

/// No metadata section may ask for more memory than this.
pub(crate) const LIMIT: usize = 64 << 20;

fn config() -> impl Config {
    config::standard()
        .with_little_endian()
        .with_variable_int_encoding()
        .with_limit::<LIMIT>()
}

/// Encodes a metadata value.
pub(crate) fn encode<T: Encode>(value: &T) -> Vec<u8> {
    // Encoding into a Vec fails only on the size limit, which an own value does not reach; an empty section then reads
    // as damage rather than as wrong data.
    bincode::encode_to_vec(value, config()).unwrap_or_default()
}

/// Decodes a metadata value; the error text says what bincode found.
pub(crate) fn decode<T: Field>(bytes: &[u8]) -> Result<T, String> {
    BUDGET.set(LIMIT);
    spend(T::elements(bytes)).map_err(|e| e.to_string())?;
    match bincode::decode_from_slice(bytes, config()) {
        Ok((value, used)) if used == bytes.len() => Ok(value),
        Ok((_, used)) => Err(format!("{} bytes left over", bytes.len() - used)),
        Err(e) => Err(e.to_string()),
    }
}

thread_local! {
    /// Bytes that the lists of the value being decoded may still take. bincode's own limit starts anew with each
    /// field of a record, and an element of one byte may stand for hundreds in memory.
    static BUDGET: Cell<usize> = const { Cell::new(LIMIT) };
}

/// A type of a field.
pub(crate) trait Field: Decode<()> {
    /// Bytes that the elements of the list at the beginning of `bytes` take in memory; 0 where it is no list.
    fn elements(_bytes: &[u8]) -> usize {
        0
    }
}

impl<T: Decode<()> + 'static> Field for Vec<T> {
    fn elements(bytes: &[u8]) -> usize {
        let count = bincode::decode_from_slice::<u64, _>(bytes, config()).map_or(0, |(count, _)| count);
        usize::try_from(count)
            .unwrap_or(usize::MAX)
            .saturating_mul(size_of::<T>())
    }
}

impl<T: Decode<()>> Field for Option<T> {}
impl<const N: usize> Field for [u8; N] {}
impl Field for bool {}
impl Field for u16 {}
impl Field for u32 {}
impl Field for u64 {}
impl Field for String {}
impl Field for Arc<str> {}

/// Takes a list's size from what one value may take in memory.
fn spend(bytes: usize) -> Result<(), DecodeError> {
    let left = BUDGET.get().checked_sub(bytes).ok_or(DecodeError::LimitExceeded)?;
    BUDGET.set(left);
    Ok(())
}

/// Adds a field to the body of a record.
pub(crate) fn put<T: Encode>(field: &T, body: &mut Vec<u8>) -> Result<(), EncodeError> {
    bincode::encode_into_std_write(field, body, config()).map(|_| ())
}

/// Takes the next field of a record's body; its default where the body has ended.
pub(crate) fn take<T: Field + Default>(body: &mut &[u8]) -> Result<T, DecodeError> {
    if body.is_empty() {
        return Ok(T::default());
    }
    spend(T::elements(body))?;
    let (field, used) = bincode::decode_from_slice(body, config())?;
    *body = &body[used..];
    Ok(field)
}

/// The fields of a record that is all of `bytes`.
pub(crate) fn body(bytes: &[u8]) -> Result<&[u8], String> {
    let (length, used) = bincode::decode_from_slice::<u64, _>(bytes, config()).map_err(|e| e.to_string())?;
    let body = &bytes[used..];
    match usize::try_from(length) {
        Ok(length) if length == body.len() => Ok(body),
        _ => Err(format!("a record of {length} bytes has {}", body.len())),
    }
}

/// As [`take`], of a list of integers: most are one byte, which takes no decoder.
pub(crate) fn take_ints<T: Decode<()> + From<u8> + 'static>(body: &mut &[u8]) -> Result<Vec<T>, DecodeError> {
    if body.is_empty() {
        return Ok(Vec::new());
    }
    spend(Vec::<T>::elements(body))?;
    let (count, used) = bincode::decode_from_slice::<u64, _>(body, config())?;
    let mut rest = &body[used..];
    let mut out = Vec::with_capacity(usize::try_from(count).unwrap_or(usize::MAX).min(rest.len()));
    for _ in 0..count {
        match rest.split_first() {
            Some((byte @ ..251, behind)) => {
                out.push(T::from(*byte));
                rest = behind;
            }
            _ => {
                let (value, used) = bincode::decode_from_slice(rest, config())?;
                out.push(value);
                rest = &rest[used..];
            }
        }
    }
    *body = rest;
    Ok(out)
}

/// Gives a value all that one may take in memory, for who takes its fields one by one.
pub(crate) fn begin() {
    BUDGET.set(LIMIT);
}

/// Encodes a structure as a record. The order of the fields is the format's; new ones are added at the end.
macro_rules! record {
    ($ty:ty { $($field:ident),* $(,)? }) => {
        impl bincode::Encode for $ty {
            fn encode<E: bincode::enc::Encoder>(&self, to: &mut E) -> Result<(), bincode::error::EncodeError> {
                let mut body = Vec::new();
                $( $crate::meta::put(&self.$field, &mut body)?; )*
                bincode::Encode::encode(&body, to)
            }
        }

        impl<C> bincode::Decode<C> for $ty {
            fn decode<D: bincode::de::Decoder<Context = C>>(from: &mut D) -> Result<Self, bincode::error::DecodeError> {
                let body: Vec<u8> = bincode::Decode::decode(from)?;
                let mut rest = body.as_slice();
                let value = Self { $( $field: $crate::meta::take(&mut rest)?, )* };
                Ok(value)
            }
        }
        bincode::impl_borrow_decode!($ty);
        impl $crate::meta::Field for $ty {}
    };
}
pub(crate) use record;

/// Encodes an enumeration as a code. A code that is not listed decodes to what `else` says; codes are never reused.
macro_rules! codes {
    ($ty:ident { $($variant:ident = $code:literal),* $(,)? } else $unknown:expr) => {
        impl $ty {
            /// The number that stands for it in a file.
            #[allow(dead_code, reason = "not every enumeration stands in a column")]
            pub(crate) fn code(self) -> u32 {
                match self { $( $ty::$variant => $code, )* }
            }

            /// The other way round.
            pub(crate) fn of_code(code: u32) -> $ty {
                match code { $( $code => $ty::$variant, )* _ => ($unknown)(code) }
            }
        }

        impl bincode::Encode for $ty {
            fn encode<E: bincode::enc::Encoder>(&self, to: &mut E) -> Result<(), bincode::error::EncodeError> {
                bincode::Encode::encode(&self.code(), to)
            }
        }

        impl<C> bincode::Decode<C> for $ty {
            fn decode<D: bincode::de::Decoder<Context = C>>(from: &mut D) -> Result<Self, bincode::error::DecodeError> {
                let code: u32 = bincode::Decode::decode(from)?;
                Ok($ty::of_code(code))
            }
        }
        bincode::impl_borrow_decode!($ty);
        impl $crate::meta::Field for $ty {}
    };
}
pub(crate) use codes;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Default)]
    struct Old {
        a: u32,
    }
    record!(Old { a });

    #[derive(Debug, PartialEq, Default)]
    struct New {
        a: u32,
        b: String,
    }
    record!(New { a, b });

    #[derive(Debug, PartialEq, Clone, Copy)]
    enum Colour {
        Unknown,
        Red,
    }
    codes!(Colour { Unknown = 0, Red = 4 } else |_| Colour::Unknown);

    #[test]
    fn records_grow_and_shrink() {
        let new = New { a: 7, b: "x".into() };
        assert_eq!(encode(&new), [3, 7, 1, b'x']);
        assert_eq!(decode::<New>(&encode(&new)), Ok(new));
        assert_eq!(decode::<Old>(&[3, 7, 1, b'x']), Ok(Old { a: 7 }));
        assert_eq!(
            decode::<Vec<New>>(&[2, 1, 7, 0]),
            Ok(vec![New { a: 7, b: String::new() }, New::default()])
        );
        assert!(decode::<New>(&[2, 7]).is_err() && decode::<New>(&[1, 7, 0]).is_err());
    }

    #[test]
    fn empty_records_cannot_take_all_memory() {
        let mut many = encode(&(LIMIT as u64 / 8));
        many.resize(many.len() + LIMIT / 8, 0);
        assert!(decode::<Vec<New>>(&many).is_err());
    }

    #[test]
    fn unknown_codes_are_caught() {
        assert_eq!(encode(&Colour::Red), [4]);
        assert_eq!(decode::<Colour>(&[4]), Ok(Colour::Red));
        assert_eq!(decode::<Colour>(&[9]), Ok(Colour::Unknown));
    }
}
