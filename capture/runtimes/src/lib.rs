//! What container runtimes know about containers, told asynchronously and never in the way of the recorder.
//!
//! The recorder talks to a helper process over pipes: one [`Question`] a line, one [`Answer`] a line. Start reading at
//! `protocol` (what is said), `run` (the threads) and `desk` (who is asked, and what is answered when).

mod api;
mod desk;
mod error;
mod files;
mod limits;
mod protocol;
mod run;
mod settings;
mod survey;
mod time;

pub use error::Error;
pub use protocol::{Answer, Metadata, Mount, Pod, Question};
pub use run::run;
pub use settings::{Kind, Roots, Settings, Socket};
pub use survey::{Finding, survey};
