//! The index in two levels: leaves with the entries of up to 256 segments stand between the segments, and the root says
//! what each leaf's segments hold together. So opening reads the root alone, whatever the file's length.

mod group;
mod leaf;
mod names;
mod root;
mod totals;

pub use group::Group;
pub use leaf::IndexEntry;
pub(crate) use leaf::{Leaf, weight};
pub(crate) use names::Names;
pub(crate) use root::Root;
pub use root::Summary;
pub use totals::{ContainerTotal, KindTotal, Totals};
