//! What is known of the recorded machine while its events pass by: threads, descriptors, addresses, users, containers.

mod accounts;
mod address;
mod containers;
mod effects;
mod fd;
mod files;
mod path;
mod processes;
mod sockets;
mod start;
mod thread;
mod versions;
mod world;

pub(crate) use address::{sockaddr, socktuple};
pub(crate) use fd::Fd;
pub(crate) use world::{FdChange, Seen, World};
