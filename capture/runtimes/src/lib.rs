//! What container runtimes and Kubernetes know about containers, told asynchronously and never in the way of the recorder.
//!
//! The recorder talks to a helper process over pipes: one [`Question`] a line, one [`Said`] a line. Start reading at
//! `protocol` (what is said), `run` (the threads) and `desk` (who is asked, and what is answered when). `kube` asks the API
//! server who owns the pods, `audit` reads its audit log.

mod api;
pub mod audit;
mod desk;
mod error;
mod files;
pub mod kube;
mod limits;
mod out;
mod protocol;
mod run;
mod settings;
mod survey;
mod time;

pub use error::Error;
pub use protocol::{Answer, Cluster, Metadata, Mount, Owner, Pod, PodOwners, Question, Said};
pub use run::run;
pub use settings::{Kind, Roots, Settings, Socket};
pub use survey::{Finding, survey};
