//! Values as they are written in a configuration: times, sizes, rights.

use crate::units;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::time::Duration;

/// `30s`
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(crate) struct Time(pub(crate) Duration);

/// `64MiB`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

/// `0660`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rights(pub(crate) u32);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Time, D::Error> {
        let text = String::deserialize(from)?;
        let time = units::duration(&text);
        time.map(Time)
            .map_err(|error| D::Error::custom(format!("{error}; expected a time such as \"30s\" or \"5m\"")))
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Size, D::Error> {
        let text = String::deserialize(from)?;
        let size = units::size(&text);
        size.map(Size)
            .map_err(|error| D::Error::custom(format!("{error}; expected a size such as \"64MiB\"")))
    }
}

/// A size of which 0 would make nothing work.
pub(super) fn more_than_nothing<'de, D: Deserializer<'de>>(from: D) -> Result<Size, D::Error> {
    let size = Size::deserialize(from)?;
    match size.0 {
        0 => Err(D::Error::custom("expected more than nothing, such as \"64MiB\"")),
        _ => Ok(size),
    }
}

impl<'de> Deserialize<'de> for Rights {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Rights, D::Error> {
        let text = String::deserialize(from)?;
        let rights = u32::from_str_radix(&text, 8).ok().filter(|mode| *mode <= 0o777);
        rights
            .map(Rights)
            .ok_or_else(|| D::Error::custom("expected rights in octal such as \"0660\""))
    }
}
