//! Events counted and summed up by the values of fields: `--by proc.name --sum evt.buflen`.

mod group;
mod groups;
mod measure;
mod names;

pub use group::group;
pub use groups::Groups;
pub use measure::{Measure, Total};

use crate::fields::{FieldArg, FieldDef};

/// What events are put together by, and what is asked of each group.
#[derive(Debug)]
pub struct Grouping {
    /// Events with the same values of these fields are one group.
    pub keys: Vec<(&'static FieldDef, FieldArg)>,
    /// And of the same stretch of time, if one is given: so many nanoseconds, counted from 1970.
    pub every: Option<i64>,
    /// What is counted, summed up and so on. The first decides what is on top.
    pub measures: Vec<Measure>,
}

/// Groups that are kept; what more there are goes into one of its own, so that memory has a bound.
pub const MAX_GROUPS: usize = 1 << 18;

/// What a group has in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Begin of its stretch of time; 0 where none was asked for.
    pub time: i64,
    /// A value for each key as it is shown; nothing where it is missing.
    pub values: Box<[Option<Box<str>>]>,
}

/// A group: what it has in common, and a total for each measure.
pub type Found = (Key, Vec<Total>);
