//! The back door: what becomes of a finished capture. Webhooks, commands and uploads are kept on disk until they are done or
//! given up, so that a restart goes on where it was.

mod backoff;
mod command;
mod connector;
mod job;
mod progress;
mod queue;
mod store;
mod target;
mod upload;
mod webhook;

pub(crate) use queue::{Order, Queue};
pub(crate) use target::Targets;
