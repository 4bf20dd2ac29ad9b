//! What can end the helper. What strangers send cannot.

/// Why the helper ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A thread or the event loop could not be started.
    #[error("cannot start to take alerts: {0}")]
    Start(std::io::Error),
    /// The first line was not settings, or there was none.
    #[error("the recorder said no settings: {0}")]
    Settings(String),
    /// The settings at the start cannot be used.
    #[error("{}", .0.join("; "))]
    Unusable(Vec<String>),
    /// Nobody takes what is said any more.
    #[error("cannot write to the recorder: {0}")]
    Write(std::io::Error),
}
