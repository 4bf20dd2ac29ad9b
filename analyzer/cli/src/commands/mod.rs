//! The sub-commands.

pub(crate) mod connections;
pub(crate) mod containers;
mod descriptors;
pub(crate) mod fields;
pub(crate) mod files;
pub(crate) mod filter;
pub(crate) mod info;
mod moment;
pub(crate) mod open;
pub(crate) mod ps;
pub(crate) mod query;
pub(crate) mod timeline;
