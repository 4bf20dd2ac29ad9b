//! The sub-commands.

pub(crate) mod containers;
pub(crate) mod fields;
pub(crate) mod filter;
pub(crate) mod info;
pub(crate) mod open;
pub(crate) mod ps;
pub(crate) mod query;
pub(crate) mod timeline;
