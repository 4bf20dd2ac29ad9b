//! The event model: one model serves recording, reading, live view and import.

mod account;
mod address;
mod attachment;
mod container;
mod custody;
mod descriptor;
mod event;
mod executable;
mod header;
mod kind;
mod loss;
mod param_type;
mod thread;

pub use account::{Accounts, Group, User};
pub use address::{SockAddr, parse_sockaddr};
pub use attachment::AttachmentEntry;
pub use container::{Container, Kube, KubeExec, Mount, Owner, Runtime, Told};
pub use custody::{CustodyEntry, Source, action};
pub use descriptor::{Descriptor, DescriptorType, L4Proto, Role, Tuple};
pub use event::{Direction, Event, EventFlags, Value};
pub use executable::{Credentials, Executable};
pub use header::{ClockAnchor, Header, Host, Series};
pub use kind::{Category, Kind, Param};
pub use loss::{Loss, LossCause};
pub use param_type::ParamType;
pub use thread::{Text, Thread, is_container_runtime_name};
