//! What can end the helper. What a runtime does wrong cannot: that becomes the reason of an answer.

/// Why the helper ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A thread or the event loop could not be started.
    #[error("cannot start to ask container runtimes: {0}")]
    Start(std::io::Error),
    /// Nobody takes the answers any more.
    #[error("cannot write an answer about a container: {0}")]
    Write(std::io::Error),
    /// `--runtime` was given something else than `kind=unix:///path`.
    #[error("'{0}' is no runtime socket: write docker=unix:///run/docker.sock (or podman, containerd, cri, cri-o)")]
    Socket(String),
}
