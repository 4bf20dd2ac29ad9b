//! The sub-commands.

pub(crate) mod attachments;
pub(crate) mod audit;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod connections;
pub(crate) mod containers;
pub(crate) mod convert;
pub(crate) mod custody;
mod descriptors;
pub(crate) mod fields;
pub(crate) mod files;
pub(crate) mod filter;
pub(crate) mod follow;
pub(crate) mod info;
mod moment;
pub(crate) mod open;
pub(crate) mod ps;
pub(crate) mod query;
pub(crate) mod recover;
pub(crate) mod sessions;
pub(crate) mod timeline;
pub(crate) mod top;
pub(crate) mod verify;
pub(crate) mod why;
