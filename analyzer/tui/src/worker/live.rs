//! A trace that is still being written: by a recorder, or by an import.

use super::shared::Shared;
use super::{Opened, Request};
use crate::message::Message;
use crate::state::Live;
use afterimage_format::file::Refreshed;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::time::Duration;

/// Time between two looks at the file.
const PAUSE: Duration = Duration::from_millis(500);

/// Whether a trace grows while it is open.
#[derive(Debug, Default)]
pub enum Growth {
    /// It does not.
    #[default]
    None,
    /// A recorder writes it.
    Recording,
    /// It is being made of a capture; who does that tells how far it is.
    Import(Receiver<Importing>),
}

/// How far an import is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Importing {
    /// So many bytes of so many are read.
    Read(u64, u64),
    /// It is done; what of the capture could not be read.
    Done(Option<String>),
    /// It ended with an error.
    Failed(String),
}

/// Looks at the file again and again, until it is sealed, gone, or nobody wants to know.
pub(super) fn watch(
    shared: &Shared,
    growth: &Growth,
    wanted: &Receiver<()>,
    reader: &Sender<Request>,
    send: impl Fn(Message),
) {
    let mut import = None;
    while let Err(RecvTimeoutError::Timeout) = wanted.recv_timeout(PAUSE) {
        if let Growth::Import(progress) = growth {
            match newest(progress) {
                Ok(Some(said)) => import = Some(said),
                Ok(None) => {}
                Err(()) if matches!(import, Some(Importing::Read(..)) | None) => {
                    import = Some(Importing::Failed("the import ended too early".into()));
                }
                Err(()) => {}
            }
        }
        let Some(opened) = shared.get() else { continue };
        let now = live(import.as_ref());
        match look(&opened, shared, reader, &send) {
            ControlFlow::Continue(sealed) => {
                let live = if sealed { ended(import.as_ref()) } else { now };
                let over = sealed || matches!(live, Live::Broken(_));
                send(Message::Live(live));
                if over {
                    return;
                }
            }
            ControlFlow::Break(why) => {
                send(Message::Live(Live::Broken(why)));
                return;
            }
        }
    }
}

/// What an import said last since it was asked; an error where it says no more.
fn newest(progress: &Receiver<Importing>) -> Result<Option<Importing>, ()> {
    let mut last = None;
    loop {
        match progress.try_recv() {
            Ok(said) => last = Some(said),
            Err(TryRecvError::Empty) => return Ok(last),
            Err(TryRecvError::Disconnected) => return last.map(Some).ok_or(()),
        }
    }
}

fn live(import: Option<&Importing>) -> Live {
    match import {
        None => Live::Growing,
        Some(Importing::Read(done, of)) => {
            Live::Importing(done.saturating_mul(100).checked_div(*of).unwrap_or(0).min(100))
        }
        Some(Importing::Done(_)) => Live::Growing,
        Some(Importing::Failed(why)) => Live::Broken(why.clone()),
    }
}

fn ended(import: Option<&Importing>) -> Live {
    match import {
        Some(Importing::Done(Some(damage))) => Live::Broken(damage.clone()),
        _ => Live::Ended,
    }
}

/// Looks once. Says whether the trace is sealed now, or why nothing more will come.
fn look(
    opened: &Opened,
    shared: &Shared,
    reader: &Sender<Request>,
    send: &impl Fn(Message),
) -> ControlFlow<String, bool> {
    let (trace, sealed) = match opened.trace().refresh() {
        Ok(Refreshed::Unchanged) => return ControlFlow::Continue(opened.trace().summary().is_some()),
        Ok(Refreshed::Grown(trace)) => (trace, false),
        Ok(Refreshed::Sealed(trace)) => (trace, true),
        Ok(Refreshed::Truncated) => {
            // What was mapped is not there any more: whoever reads it ends the program.
            shared.put(None);
            let _ = reader.send(Request::Again);
            return ControlFlow::Break("the file was cut while it was open: it cannot be read any more".into());
        }
        Ok(Refreshed::Replaced) => {
            return ControlFlow::Break("another file stands at its place: this is the one that was opened".into());
        }
        Ok(Refreshed::Deleted) => {
            return ControlFlow::Break("the file was deleted: this is what was in it".into());
        }
        Err(error) => return ControlFlow::Break(super::text::cut(error.to_string().as_bytes(), 512)),
    };
    let next = Arc::new(opened.grown(*trace));
    let info = Arc::new(next.info());
    shared.put(Some(next));
    let _ = reader.send(Request::Again);
    send(Message::Grown(info));
    ControlFlow::Continue(sealed)
}
